/** What the return page says of the shared stories, written into elements that hold text and nothing else. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as core from "../index.ts";
import { conversation, proposalsView, stateView, type View } from "../talk.ts";

class Words {
  dataset = {};
  readonly said: (Words | string)[] = [];
  append(...children: (Words | string)[]): void { this.said.push(...children); }
  press = (): void => {};
  addEventListener(_: string, press: () => void): void { this.press = press; }
  replaceWith(...put: Words[]): void { this.said.splice(0, Infinity, ...put); }
  setAttribute(): void {}
  focus(): void {}
  get textContent(): string { return this.said.map((each) => (typeof each === "string" ? each : each.textContent)).join(""); }
}
Object.assign(globalThis, { document: { createElement: () => new Words() } });

const vectors = (name: string): any => JSON.parse(readFileSync(new URL(`../../vectors/${name}.json`, import.meta.url), "utf8"));
const parsed = async (file: any, bytes = core.fromHex): Promise<Map<string, core.Event>> => new Map(await Promise.all(Object
  .entries<string>(file.events).map(async ([name, raw]) => [name, await core.parseEvent(bytes(raw), core.fromHex(file.programme))] as const)));
const all = vectors("case");
const told = await parsed(all, core.fromB64);

/** The case of a vector as its reporter sees it. */
function viewOf({ case: id, events: names }: { case: string; events: string[] }, events = told): View | undefined {
  const held = names.flatMap((name) => events.get(name) ?? []);
  const folded = core.fold(held, id);
  return folded && {
    folded, events: new Map(held.map((event) => [event.id, event])), names: new Map(), label: (_, code) => code, own: folded.root.author,
    waiting: new Map(), skipped: 0, lost: false,
  };
}

test("of a long conversation the newest is shown, and all of it by a key", () => {
  const view = viewOf(all.vectors.find(({ events: names }: { events: string[] }) => names.length > 5));
  assert(view);
  const { folded: { root } } = view;
  const order = Array.from({ length: 4_000 }, (_, n) => ({ ...root, payload: { ...root.payload, kind: "answer", text: `no. ${n}.` } }));
  const [key, ...shown] = conversation({ ...view, folded: { ...view.folded, order: [root, ...order], void: new Map() } });
  assert.equal(key?.textContent, "Show all 4,001 messages");
  assert.ok(shown.length === 200 && shown[0]?.textContent.endsWith("no. 3800.") && shown.at(-1)?.textContent.endsWith("no. 3999."));
  (key as unknown as Words).press();
  assert.deepEqual([key?.textContent.slice(0, 12), key?.textContent.slice(-9)], ["You reported", "no. 3799."]);
});

const inWords = (elements: readonly HTMLElement[]): string => elements.map(({ textContent }) => textContent).join("\n");

test("why something is not counted is always said in words, and what waits says for what", () => {
  const reasons = new Set<string>(), waits = new Map<string, string>();
  for (const one of all.vectors) {
    const view = viewOf(one);
    if (view === undefined) continue;
    const said = inWords(conversation(view));
    for (const reason of view.folded.void.values()) {
      reasons.add(reason);
      assert.ok(!said.includes(`Not counted: ${reason}.`), `${one.name}: ${reason}`);
    }
    for (const { id, why } of view.folded.proposals) {
      const waiting = `${String(view.events.get(id)?.payload["to"])} ${why}`;
      waits.set(waiting, (waits.get(waiting) ?? "") + inWords(proposalsView(view)));
    }
    if (view.folded.knew) assert.match(inWords(stateView(view)), /When the company first knew: .* If that is wrong, please tell them\./);
  }
  for (const reason of ["unread", "triage", "legal", "consent", "correction", "reason", "date"]) assert.ok(reasons.has(reason), reason);
  assert.match(waits.get("DISCLOSED ") ?? "", /A text was made since: it goes with it only if you agree again/);
  assert.match(waits.get("COORDINATING consent") ?? "", /You agreed, but something has changed since/);
  assert.match(waits.get("DISCLOSED legal") ?? "", /waits until a lawyer has read the text/);
  assert.match(waits.get("PLAN consent") ?? "", /you chose that the reviewers only advise you/);
});

test("what is let go is said calmly and by whom; what is missing is a warning that says what to do", async () => {
  const file = vectors("summary");
  const events = await parsed(file);
  const shown = (name: string, more = (folded: core.Case): object => ({ ...folded })): HTMLElement[] => {
    const view = viewOf(file.vectors.find((one: { name: string }) => one.name === name), events);
    assert(view);
    const folded = { ...view.folded, ...more(view.folded) };
    return stateView({ ...view, folded, names: new Map(folded.order.map(({ author }) => [author, "Ada"])) });
  };
  const [calm, alarm] = ["long", "again"].map((name) => inWords(shown(name)));
  assert.match(calm ?? "", /Older messages that are not shown here: 2 or more\. .*so says Ada\./);
  assert.ok(!calm?.includes("have not reached you") && !alarm?.includes("Older messages"));
  assert.match(alarm ?? "", /have not reached you: 1\. .*Look through all kept weeks; if this stays, ask the reviewers for them\./);
  const stub = inWords(shown("again", ({ root }) => ({ root: { ...root, payload: { ...root.payload, kind: "stub" } } })));
  assert.ok(stub.includes("its further parts, of which you keep no copy") && !alarm?.includes("its further parts"));
  // One reviewer can write thousands of summaries, and the page must not stand still over them.
  const many = ({ kinds }: core.Case): object => ({ kinds: new Map([["summary", Array.from({ length: 400 }, (_, n) => {
    const ids = (what: string): string[] => Array.from({ length: 80 }, (_, k) => `${what} ${n} ${k}`);
    const [said] = kinds.get("summary") ?? [];
    return { ...said, payload: { ...said?.payload, again: ids("again"), older: ids(n % 2 === 0 ? "again" : "other") } };
  })]]) });
  const started = performance.now();
  assert.match(inWords(shown("long", many)), /not shown here: 16000 or more/);
  assert.ok(performance.now() - started < 1_000);
});
