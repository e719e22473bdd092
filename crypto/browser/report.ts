/** The report page: from ticked boxes to a stored posting and twelve words. */

import { byId, field, hintList, holdTab, make, offerAgain, onClick, progress, reveal, say, show, showError } from "./dom.ts";
import { hintsIn } from "./hints.ts";
import {
  common, draw, eligible, keysOf, newReceipt, openKey, makePosting, PARTS_MAX, signEvent, stubOf, textRoom, toB64, toHex, utf8, weekOf,
  type Bytes, type Event, type Head, type JsonObject, type ReceiptKeys, type Reviewer, type Slot, type Tree,
} from "./index.ts";
import { explain, fetchHead, fetchTree, payEffort, post, type Sealed } from "./net.ts";

const NEEDED = ["about", "stage", "text", "danger", "basis", "known", "may", "selfcopy"];
const FREE_TEXT = { organisation_other: 200, raised: 2000, promise: 2000 };
const CUT_BACK = 400;

const typed = (name: string): string => field(name).value;
const checked = (name: string): string[] =>
  Array.from(document.querySelectorAll<HTMLInputElement>(`input[name="${name}"]:checked`), (input) => input.value);
const answer = (name: string): string => (document.getElementById(name) === null || byId(name).matches("ul") ? checked(name)[0] : typed(name)) ?? "";
const title = (name: string): string => byId(`q-${name}`).querySelector("legend, label, summary")?.textContent?.trim() ?? name;

/** As the protocol can carry it: no U+0000, no half characters, one kind of line end. */
export const clean = (text: string): string => text.replace(/\r\n?/g, "\n").replaceAll("\0", "").replace(/\p{Cs}/gu, "\ufffd").trim();
const written = (text: string): number => utf8(JSON.stringify(text)).length - 2;

/** The text in pieces that fit the rooms (bytes as written in JSON), cut at white space where possible; undefined if it is too long. */
export function splitText(text: string, rooms: readonly number[]): string[] | undefined {
  const pieces: string[] = [];
  let rest = text;
  for (const room of rooms) {
    if (rest === "" && pieces.length > 0) break;
    let end = 0;
    let used = 0;
    for (const char of rest) {
      used += written(char);
      if (used > room) break;
      end += char.length;
    }
    if (end < rest.length) {
      const space = Math.max(rest.lastIndexOf(" ", end - 1), rest.lastIndexOf("\n", end - 1)) + 1;
      if (space > 0 && end - space < CUT_BACK) end = space;
    }
    pieces.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  return rest === "" ? pieces : undefined;
}

function answersTyped(): JsonObject {
  const organisation = typed("organisation") === "other" ? clean(typed("organisation_other")) : typed("organisation");
  return {
    about: [...new Set([answer("about"), ...checked("also")])], stage: answer("stage"), organisation, danger: answer("danger"), basis: answer("basis"),
    known: answer("known"), raised: clean(typed("raised")), may: answer("may"), promise: clean(typed("promise")),
  };
}

interface Draft {
  readonly tree: Tree;
  readonly head: Head;
  readonly readers: readonly Reviewer[];
  readonly reserves: readonly Reviewer[];
}

function reportPayload(draft: Draft, find: string, open: string, text: string, parts: number): JsonObject {
  const { tree, head, readers, reserves } = draft;
  const [selfcopy = "full"] = checked("selfcopy");
  return {
    ...common("report", weekOf(new Date()), [head.number, head.hash], tree.roster.version, "all"), find, open,
    readers: readers.map(({ sign }) => sign), reserves: reserves.map(({ sign }) => sign), answers: answersTyped(), text, parts, selfcopy,
  };
}

function partPayload(draft: Draft, caseId: string, before: string, n: number, text: string): JsonObject {
  const { tree, head } = draft;
  const link = { case: caseId, prev: [before], parents: [before] };
  return { ...common("part", weekOf(new Date()), [head.number, head.hash], tree.roster.version, "all", link), n, text };
}

/** The typed text in pieces, the first for the report itself; undefined if it is longer than all of them hold. */
function piecesOf(draft: Draft): string[] | undefined {
  const zeros = "0".repeat(64);
  const first = textRoom(reportPayload(draft, zeros, toB64(new Uint8Array(1216)), "", 0));
  const further = textRoom(partPayload(draft, zeros, zeros, 1, ""));
  return splitText(clean(typed("text")), [first, ...Array.from({ length: PARTS_MAX }, () => further)]);
}

function drawReaders(tree: Tree, head: Head): Draft | undefined {
  const organisation = String(answersTyped()["organisation"]);
  const drawn = draw(eligible(tree.roster, organisation, new Set(checked("exclude")), new Date()));
  return drawn.readers.length < 2 ? undefined : { tree, head, ...drawn };
}

/** What keeps the report from being sent: a question's name and a sentence. */
function problems(tree: Tree, head: Head): [string, string][] {
  const found: [string, string][] = NEEDED.filter((name) => clean(answer(name)) === "").map((name) => [name, "This needs an answer."]);
  if (new Set([answer("about"), ...checked("also")]).size > 3) found.push(["also", "At most two more, please."]);
  for (const [name, most] of Object.entries(FREE_TEXT)) {
    const over = utf8(clean(typed(name))).length - most;
    if (over > 0) found.push([name === "organisation_other" ? "organisation" : name, `This is about ${over} characters too long. The rest fits under question 4.`]);
  }
  const draft = drawReaders(tree, head);
  if (draft === undefined) found.push(["organisation", "Fewer than two reviewers are left without ties or exclusions. It cannot be sent like this."]);
  else if (piecesOf(draft) === undefined) found.push(["text", "This is longer than three letters hold. Please shorten it; you can write more later."]);
  return found;
}

function fillChoices(tree: Tree): void {
  const last = byId("organisation").lastElementChild;
  for (const lab of tree.programme.labs) byId("organisation").insertBefore(new Option(lab, lab), last);
  byId("reviewers").replaceChildren(...tree.roster.reviewers.map(({ name, affiliation, sign }) => {
    const box = make("input", "");
    Object.assign(box, { type: "checkbox", name: "exclude", value: sign, autocomplete: "off" });
    return make("label", "choice", box, make("span", "", affiliation === "" ? name : `${name}, ${affiliation}`));
  }));
}

function showCheck(tree: Tree, head: Head): void {
  const found = problems(tree, head);
  const links = found.map(([name, sentence]) => {
    const link = make("a", "", title(name));
    link.href = `#q-${name}`;
    return make("li", "", link, `: ${sentence}`);
  });
  byId("problems").replaceChildren(...(links.length === 0 ? [] : [make("h3", "", "Still to do"), make("ul", "", ...links)]));
  const hinted = ["text", "raised", "promise", "organisation_other"].map((name) => [name, hintsIn(typed(name))] as const).filter(([, hints]) => hints.length > 0);
  byId("hints").replaceChildren(
    make("h3", "", hinted.length > 0 ? "This could point to you" : "Nothing found that obviously points to you"),
    ...hinted.flatMap(([name, hints]) => [make("p", "", title(name === "organisation_other" ? "organisation" : name)), hintList(hints)]),
    make("p", "soft", "This check runs on your device and sees only the obvious. Read your text once more as your employer would: who could have written it?"),
  );
  const count = eligible(tree.roster, String(answersTyped()["organisation"]), new Set(checked("exclude")), new Date()).length;
  say("readers", `${count} reviewers have no ties to what you named and are not left out by you. ${Math.min(3, count)} of them are drawn by lot and will read it.`);
  show("ready", found.length === 0);
  reveal("check-step");
}

interface Outgoing {
  readonly words: string;
  readonly postings: readonly Sealed[];
}

async function postingOf(programme: Bytes, readers: readonly Reviewer[], event: Event, own: Slot | undefined): Promise<Sealed> {
  const slots = readers.flatMap((reviewer): Slot[] => {
    const open = openKey(reviewer, new Date());
    return open === undefined ? [] : [{ find: reviewer.find, open, raw: event.raw }];
  });
  return { body: await makePosting(programme, own === undefined ? slots : [...slots, own]) };
}

/** Receipt, events and sealed postings, all in memory before anything is sent. */
async function sealAll(programme: Bytes, draft: Draft): Promise<Outgoing> {
  progress("Making your twelve words", 0);
  const receipt = await newReceipt();
  const keys: ReceiptKeys = await keysOf(receipt.entropy, programme);
  const pieces = piecesOf(draft) ?? [];
  const full = checked("selfcopy")[0] !== "dates";
  const self = (event: Event): Slot => ({ find: keys.find.public, open: keys.open.public, raw: event.raw });
  const report = await signEvent(
    reportPayload(draft, toHex(keys.find.public), toB64(keys.open.public), pieces[0] ?? "", pieces.length - 1), keys.sign, programme);
  const postings: Sealed[] = [];
  let event = report;
  for (const [n, text] of pieces.entries()) {
    progress(pieces.length > 1 ? `Sealing letter ${n + 1} of ${pieces.length}` : "Sealing your letters", n / pieces.length);
    if (n > 0) event = await signEvent(partPayload(draft, report.id, event.id, n, text), keys.sign, programme);
    const own = full ? self(event) : n === 0 ? self(await signEvent(stubOf(report), keys.sign, programme)) : undefined;
    postings.push(await postingOf(programme, draft.readers, event, own));
  }
  return { words: receipt.words, postings };
}

const onSent = (share: number): void => progress(share < 1 ? "Sending" : "Sent. Waiting until the server has stored it safely", share);
const onEffort = (tried: number): void => progress(`The server is busy and asks this device for some work first (${tried} tries)`);

/** Delivers one posting and asks to try again for as long as that fails: the sealed letters stay in memory. */
export function deliver(sealed: Sealed, failed: string): Promise<void> {
  return post(sealed, onSent, onEffort).catch((error: unknown) => new Promise((resolve, reject) => {
    const reason = error instanceof Error ? error.message : "";
    offerAgain(`${failed} ${reason} It is sealed and kept in this tab: do not close it. Trying again sends exactly the same letters.`,
      () => void deliver(sealed, failed).then(resolve, reject));
  }));
}

function showReceipt(words: string): void {
  const list = words.split(" ");
  byId("receipt-words").replaceChildren(...list.flatMap((word) => [make("span", "", word), " "]));
  const [first = 0, second = 1] = [...list.keys()].sort(() => (crypto.getRandomValues(new Uint8Array(1))[0] ?? 0) - 128).slice(0, 2).sort((a, b) => a - b);
  const asked = [first, second];
  asked.forEach((position, i) => {
    const input = field(`receipt-check-${i + 1}`);
    input.dataset["word"] = String(position + 1);
    const label = document.querySelector(`label[for="${input.id}"]`);
    if (label !== null) label.textContent = `Word number ${position + 1}`;
  });
  reveal("receipt");
  onClick("receipt-done", () => {
    const wrong = asked.find((position, i) => field(`receipt-check-${i + 1}`).value.trim().toLowerCase() !== list[position]);
    if (wrong !== undefined) return say("exercise-result", `Word number ${wrong + 1} is not that. Please look at your paper again.`);
    for (const i of [1, 2]) field(`receipt-check-${i}`).value = "";
    byId("receipt-words").replaceChildren();
    show("receipt", false);
    reveal("finished");
    confirmed = true;
    holdTab(remaining > 0);
  });
}

let remaining = 0;
let confirmed = false;

function tellRemaining(): void {
  const some = `Your text is long. ${remaining} more ${remaining === 1 ? "part goes" : "parts go"} out at random times, so that they do not stand together. Keep this tab open.`;
  const all = "Everything is stored. The letters come out at the next tick, and reviewers should confirm within a week.";
  say("parts", remaining > 0 ? some : all);
  say("finished-text", remaining > 0 ? some : all);
}

async function sendAll(programme: Bytes, tree: Tree): Promise<void> {
  progress("Looking at the server’s state");
  const head = await fetchHead();
  const draft = drawReaders(tree, head);
  if (draft === undefined) throw new Error("too few reviewers");
  const { words, postings } = await sealAll(programme, draft);
  const [first, ...further] = postings;
  if (first === undefined) return;
  await payEffort(first, head, onEffort);
  await deliver(first, "It could not be sent yet, and nothing is lost.");
  show("progress", false);
  remaining = further.length;
  tellRemaining();
  showReceipt(words);
  const [least, most] = tree.programme.partSeconds;
  for (const sealed of further) {
    const share = (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32;
    await new Promise((resolve) => setTimeout(resolve, (least + share * (most - least)) * 1000));
    await payEffort(sealed, await fetchHead().catch(() => head), () => {});
    await deliver(sealed, "A further part of your text could not be sent yet.");
    show("progress", false);
    remaining -= 1;
    tellRemaining();
  }
  holdTab(!confirmed);
}

export function startReport(programme: Bytes): void {
  const load = (): Promise<[Tree, Head]> => Promise.all([fetchTree(programme), fetchHead()]);
  let loading = load();
  const filled = (): void => void loading.then(([tree]) => fillChoices(tree)).catch((error: unknown) => showError(explain(error)));
  filled();
  byId("organisation").addEventListener("change", () => show("other", typed("organisation") === "other"));
  byId("questions").addEventListener("input", () => show("check-step", false));
  onClick("check", () => {
    show("error", false);
    loading.then(([tree, head]) => showCheck(tree, head)).catch((error: unknown) => {
      showError(explain(error));
      loading = load();
      filled();
    });
  });
  onClick("back", () => {
    show("check-step", false);
    byId("q-about").scrollIntoView();
  });
  onClick("send", () => {
    const form = field("questions");
    form.disabled = true;
    show("check-step", false);
    show("report-form", false);
    show("error", false);
    holdTab(true);
    loading.then(([tree]) => sendAll(programme, tree)).catch((error: unknown) => {
      form.disabled = false;
      holdTab(false);
      show("report-form");
      show("progress", false);
      showError(explain(error));
    });
  });
}
