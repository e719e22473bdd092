/** The report page: from ticked boxes to a stored posting and twelve words. */

import { byId, field, guarded, hintList, holdTab, make, onClick, progress, reveal, say, show, showError } from "./dom.ts";
import { hintsIn } from "./hints.ts";
import {
  common, draw, eligible, groupsOf, keysOf, makePosting, newReceipt, PARTS_MAX, signEvent, stubOf, textRoom,
  toB64, toHex, utf8, weekOf, type Bytes, type Event, type Head, type JsonObject, type Reviewer, type Slot, type Tree, type Want,
} from "./index.ts";
import { fetchHead, fetchTree, sentenceFor, type Sealed } from "./net.ts";
import { FEWEST, fillReceivers, showReceivers } from "./receivers.ts";
import { clean, deliverAll, slotsFor, splitText } from "./sending.ts";

const NEEDED = ["about", "stage", "text", "danger", "basis", "known", "may", "selfcopy"];
const FREE_TEXT = { organisation_other: 200, raised: 2000, promise: 2000 };

const typed = (name: string): string => clean(field(name).value);
const checked = (name: string): string[] =>
  Array.from(document.querySelectorAll<HTMLInputElement>(`input[name="${name}"]:checked`), (input) => input.value);
const answer = (name: string): string => (document.getElementById(name) === null ? checked(name)[0] ?? "" : typed(name));
const abouts = (): string[] => [...new Set([answer("about"), ...checked("also")])];
const organisation = (): string => typed(typed("organisation") === "other" ? "organisation_other" : "organisation");
/** What is written under a question: of the last one, the published promise chosen from the list stands before the text. */
const written = (name: string): string =>
  name === "promise" ? [typed("commitment"), typed("promise")].filter(Boolean).join("\n") : typed(name);
const title = (name: string): string => byId(`q-${name}`).querySelector("legend, label, summary")?.textContent?.trim() ?? name;

interface Draft {
  readonly tree: Tree;
  readonly head: Head;
  readonly readers: readonly Reviewer[];
  readonly reserves: readonly Reviewer[];
}

type Link = { case: string; prev: string[]; parents: string[] };

const commonOf = ({ tree, head }: Draft, kind: string, link?: Link): JsonObject =>
  common(kind, weekOf(new Date()), [head.number, head.hash], tree.roster.version, "all", link);

function reportPayload(draft: Draft, find: string, open: string, text: string, parts: number): JsonObject {
  const answers = {
    about: abouts(), stage: answer("stage"), organisation: organisation(), danger: answer("danger"), basis: answer("basis"),
    known: answer("known"), raised: typed("raised"), may: answer("may"), promise: written("promise"),
  };
  const [readers, reserves] = [draft.readers, draft.reserves].map((drawn) => drawn.map(({ sign }) => sign)) as [string[], string[]];
  return { ...commonOf(draft, "report"), find, open, readers, reserves, answers, text, parts, selfcopy: answer("selfcopy") || "full" };
}

const partPayload = (draft: Draft, caseId: string, before: string, n: number, text: string): JsonObject =>
  ({ ...commonOf(draft, "part", { case: caseId, prev: [before], parents: [before] }), n, text });

/** The typed text in pieces, the first for the report itself; undefined if it is longer than all of them hold. */
function piecesOf(draft: Draft): string[] | undefined {
  const zeros = "0".repeat(64);
  const first = textRoom(reportPayload(draft, zeros, toB64(new Uint8Array(1216)), "", 0));
  const further = textRoom(partPayload(draft, zeros, zeros, 1, ""));
  return splitText(typed("text"), [first, ...Array.from({ length: PARTS_MAX }, () => further)]);
}

const wanted = (): Want =>
  ({ lab: organisation(), groups: groupsOf(abouts()), language: typed("language"), exclude: new Set(checked("exclude")) });
const candidates = (tree: Tree, want = wanted()): Reviewer[] => eligible(tree, want, new Date());

/** `shown` is the list that stood on the page: nobody is drawn whom the person did not see there. */
function drawReaders(tree: Tree, head: Head, shown: Tree): Draft | undefined {
  const drawn = draw(candidates(tree).filter(({ sign }) => shown.roster.reviewers.some((one) => one.sign === sign)));
  return drawn.readers.length < FEWEST ? undefined : { tree, head, ...drawn };
}

/** What keeps the report from being sent: a field's name and a sentence. */
function problems(tree: Tree, head: Head): [string, string][] {
  const found: [string, string][] = NEEDED.filter((name) => answer(name) === "").map((name) => [name, "This needs an answer."]);
  if (abouts().length > 3) found.push(["also", "At most two more."]);
  for (const [name, most] of Object.entries(FREE_TEXT)) {
    const over = utf8(written(name)).length - most;
    if (over > 0) found.push([name, `This is about ${over} characters too long. The rest fits under question 4.`]);
  }
  const draft = drawReaders(tree, head, tree);
  if (draft === undefined) {
    found.push(["receivers", "Fewer than two reviewers can receive this. What you can do stands there."]);
  } else if (piecesOf(draft) === undefined) {
    found.push(["text", "This is longer than three letters hold. Please shorten it; you can write more later."]);
  }
  return found;
}

/** Until a person chooses, the language is English where enough reviewers read it, and any where they do not. */
let languageChosen = false;

function update(tree: Tree): void {
  if (!languageChosen) {
    const english = candidates(tree, { ...wanted(), language: "English" }).length >= FEWEST;
    field("language").value = english ? "English" : "";
  }
  showReceivers(tree, wanted(), groupsOf([answer("about")]));
}

function fillChoices(tree: Tree): void {
  const last = byId("organisation").lastElementChild;
  for (const lab of tree.programme.labs) byId("organisation").insertBefore(new Option(lab, lab), last);
  for (const { id, lab, title, since } of tree.programme.commitments) {
    const promise = `${id}: ${title} (${lab}, ${since})`;
    byId("commitment").append(new Option(promise, promise));
  }
  show("q-commitment", tree.programme.commitments.length > 0);
  fillReceivers(tree);
  show("stale", tree.stale);
  byId("language").addEventListener("change", () => (languageChosen = true));
  byId("questions").addEventListener("change", () => update(tree));
  update(tree);
}

function showCheck(tree: Tree, head: Head): void {
  const found = problems(tree, head);
  const links = found.map(([name, sentence]) => {
    const link = make("a", "", title(name));
    link.href = `#q-${name}`;
    return make("li", "", link, `: ${sentence}`);
  });
  byId("problems").replaceChildren(...(links.length === 0 ? [] : [make("h3", "", "Still to do"), make("ul", "", ...links)]));
  const hints = ["text", ...Object.keys(FREE_TEXT)].flatMap((name) => {
    const inField = hintsIn(typed(name));
    return inField.length === 0 ? [] : [make("p", "", title(name)), hintList(inField)];
  });
  byId("hints").replaceChildren(
    make("h3", "", hints.length > 0 ? "This could point to you" : "Nothing found that obviously points to you"),
    ...hints,
    make("p", "soft", "This check runs on your device and sees only the obvious. "
      + "Read your text once more as your employer would: who could have written it?"),
  );
  update(tree);
  show("ready", found.length === 0);
  reveal("check-step");
}

/** Receipt, events and sealed postings, all in memory before anything is sent. */
async function sealAll(programme: Bytes, draft: Draft): Promise<{ words: string; postings: Sealed[] }> {
  progress("Making your twelve words", 0);
  const { words, entropy } = await newReceipt();
  const keys = await keysOf(entropy, programme);
  const pieces = piecesOf(draft) ?? [];
  const postings: Sealed[] = [];
  const [find, open] = [toHex(keys.find.public), toB64(keys.open.public)];
  const report = await signEvent(reportPayload(draft, find, open, pieces[0] ?? "", pieces.length - 1), keys.sign, programme);
  // Whoever wants no text in their own copies keeps a stub in the place of the report, and nothing of its parts.
  const own = answer("selfcopy") === "dates" ? await signEvent(stubOf(report), keys.sign, programme) : undefined;
  let event: Event = report;
  for (const [n, text] of pieces.entries()) {
    progress(`Sealing letter ${n + 1} of ${pieces.length}`, n / pieces.length);
    if (n > 0) event = await signEvent(partPayload(draft, report.id, event.id, n, text), keys.sign, programme);
    const kept = own === undefined ? [event] : [own].slice(n);
    const self = kept.map(({ raw }): Slot => ({ find: keys.find.public, open: keys.open.public, raw }));
    postings.push({ body: await makePosting(programme, [...slotsFor(draft.tree, draft.readers.map(({ sign }) => sign), event), ...self]) });
  }
  return { words, postings };
}

/** Postings still to go out, and whether the words were copied: until then the tab must not be closed by mistake. */
let left = 0;
let confirmed = false;

function tellLeft(): void {
  holdTab(left > 0 || !confirmed);
  const sentence = left > 0
    ? `Your text is long. ${left} more ${left === 1 ? "part goes" : "parts go"} out at random times. Keep this tab open.`
    : "Everything is stored. The letters come out at the next tick, and reviewers should confirm within a week.";
  say("parts", sentence);
  say("finished-text", sentence);
}

/** Shows the words once, and asks for one of the first six and one of the last. */
function showReceipt(words: string): void {
  const list = words.split(" ");
  byId("receipt-words").replaceChildren(...list.flatMap((word) => [make("span", "", word), " "]));
  const random = crypto.getRandomValues(new Uint8Array(2));
  const asked = Array.from(random, (byte, i) => ({ at: 6 * i + byte % 6, input: field(`receipt-check-${i + 1}`) }));
  for (const { at, input } of asked) input.labels?.[0]?.replaceChildren(`Word number ${at + 1}`);
  reveal("receipt");
  onClick("receipt-done", () => {
    const wrong = asked.find(({ at, input }) => input.value.trim().toLowerCase() !== list[at]);
    if (wrong !== undefined) return say("exercise-result", `Word number ${wrong.at + 1} is not that. Please look at your paper again.`);
    for (const { input } of asked) input.value = "";
    byId("receipt-words").replaceChildren();
    show("receipt", false);
    reveal("finished");
    confirmed = true;
    tellLeft();
  });
}

async function sendAll(programme: Bytes, shown: Tree): Promise<void> {
  progress("Looking at the server’s state");
  // The page may have stood open for days: who was suspended meanwhile must not be drawn, and a list too old must not be used.
  const [tree, head] = await Promise.all([fetchTree(programme), fetchHead()]);
  const draft = drawReaders(tree, head, shown);
  if (draft === undefined) throw new RangeError("Fewer than two reviewers can receive this. Nothing has been sent.");
  const { words, postings } = await sealAll(programme, draft);
  await deliverAll(postings, head, tree.programme.part_seconds, (still) => {
    left = still;
    tellLeft();
    if (still === postings.length - 1) showReceipt(words);
  }, ` If you must give up: it may have arrived all the same. Then its words are ${words}.`);
}

export function startReport(programme: Bytes): void {
  const fetched = async (): Promise<[Tree, Head]> => {
    say("count", "The list of reviewers is being fetched.");
    const [tree, head] = await Promise.all([fetchTree(programme), fetchHead()]);
    fillChoices(tree);
    return [tree, head];
  };
  let loading: Promise<[Tree, Head]> | undefined;
  const load = (): Promise<[Tree, Head]> => loading ??= fetched().catch((error: unknown) => {
    loading = undefined;
    say("count", "The list of reviewers could not be fetched and checked.");
    throw error;
  });
  load().catch((error: unknown) => showError(sentenceFor(error)));
  byId("organisation").addEventListener("change", () => show("q-organisation_other", typed("organisation") === "other"));
  byId("questions").addEventListener("input", () => show("check-step", false));
  guarded("check", async () => showCheck(...await load()));
  onClick("back", () => {
    show("check-step", false);
    byId("q-about").scrollIntoView();
  });
  const sending = (on: boolean): void => {
    field("questions").disabled = on;
    show("report-form", !on);
    holdTab(on);
  };
  guarded("send", async () => {
    sending(true);
    show("check-step", false);
    await load().then(([tree]) => sendAll(programme, tree)).catch((error: unknown) => {
      sending(false);
      throw error;
    });
  });
}
