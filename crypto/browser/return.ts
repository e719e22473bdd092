/** The return page: twelve words in, the conversation out. Looking sends nothing; every request is for a public file. */

import { attempt, byId, field, guarded, hintList, holdTab, make, onClick, progress, reveal, say, show, showError } from "./dom.ts";
import { hintsIn } from "./hints.ts";
import {
  blocksIn, BLOCK_LETTERS, checkDated, common, completions, coverBlocks, findMatches, fold, headsOf, keysOf, lettersOf, makePosting,
  openLetter, parseEvent, parseReceipt, PARTS_MAX, previousOf, ProtocolError, SCAN_WEEKS, signEvent, textRoom, toHex, weekOf,
  type BlockRef, type Bytes, type Case, type Event, type Head, type JsonObject, type ReceiptKeys, type Segment, type Tree,
} from "./index.ts";
import { fetchBlock, fetchHead, fetchSegments, fetchTree, sentenceFor, type Sealed } from "./net.ts";
import { clean, deliverAll, slotsFor, splitText } from "./sending.ts";
import { OWN_TARGETS, ownPacket, whereToFile } from "./packets.ts";
import { conversation, historyView, packetView, proposalsView, stateView } from "./talk.ts";

const WEEK_MS = 7 * 86_400_000;
const SHOWN = 8;

interface Session {
  readonly programme: Bytes;
  readonly keys: ReceiptKeys;
  readonly author: string;
  readonly events: Map<string, Event>;
  /** Own events sent from this tab and not yet seen in public, with the number of the newest segment at that time. */
  readonly waiting: Map<string, number>;
  readonly tree: Tree | undefined;
  head: Head;
  /** The number of the newest segment that was looked through. */
  looked: number;
  skipped: number;
  folded: Case | undefined;
  /** While messages go out nothing else can be sent: each names the one before. */
  sending: boolean;
}

let session: Session | undefined;

/** The words alone, as they may stand on paper: numbered, with commas, in capitals. */
export const wordsIn = (text: string): string[] =>
  text.normalize("NFKC").replace(/\p{Cf}/gu, "").toLowerCase().split(/[^\p{L}\p{M}]+/u).filter(Boolean);

const tooMany = (words: readonly string[]): string => `These are ${words.length} words; twelve are needed.`;

/** The first typed word that is not in the list, with its place. */
function unknownWord(words: readonly string[]): string | undefined {
  const place = words.findIndex((word) => !completions(word).some((known) => known === word || word.length >= 4));
  return place < 0 ? undefined : `“${words[place]}” (word number ${place + 1}) is not in the list of words. Look at your paper again.`;
}

function onWords(): void {
  const input = field("words");
  const words = wordsIn(input.value);
  // The last word may still be in the making.
  const last = /\s$/.test(input.value) ? "" : words.at(-1) ?? "";
  const offered = completions(last);
  const counted = words.length > 12 ? tooMany(words) : `${words.length} of 12 words`;
  say("words-hint", unknownWord(offered.length > 0 ? words.slice(0, -1) : words) ?? counted);
  const shown = last.length < 2 || offered.join() === last ? [] : offered.slice(0, SHOWN);
  byId("completions").replaceChildren(...shown.map((word) => {
    const button = make("button", "", word);
    button.type = "button";
    button.addEventListener("click", () => {
      input.value = `${[...words.slice(0, -1), word].join(" ")} `;
      input.focus();
      onWords();
    });
    return button;
  }));
}

/** The event in a letter of ours that stood in a segment of `week`; none in cover. */
export async function openEvent(letter: Bytes, week: string, keys: ReceiptKeys, programme: Bytes): Promise<Event[]> {
  const message = await openLetter(letter, keys, programme);
  if (message.length === 0) return [];
  const event = await parseEvent(message, programme);
  checkDated(String(event.payload["week"]), week);
  return [event];
}

/**
 * The blocks asked for, and then each letter of ours opened; what does not open or parse is counted and left. Opening takes time: between
 * two requests it would show which block holds a letter of ours.
 */
export async function openMatches(
  current: Pick<Session, "keys" | "programme" | "skipped">, segments: readonly Segment[],
): Promise<Event[]> {
  const { keys, programme } = current;
  const places = segments.flatMap((segment) =>
    segment.clues.map((clue, i) => ({ clue, segment, block: Math.floor(i / BLOCK_LETTERS), at: i % BLOCK_LETTERS })));
  const count = (n: number): string => n.toLocaleString("en-GB");
  const matches = await findMatches(keys, places.map(({ clue }) => clue), programme, (done, total) =>
    progress(`Looking for your letters: ${count(done)} of ${count(total)}`, done / Math.max(1, total)));
  const ours = matches.flatMap((index) => places[index] ?? []);
  const asked = await coverBlocks(keys.cover, blocksIn(segments), ours.map(({ segment, block }): BlockRef => [segment.number, block]));
  const letters: { letter: Bytes; week: string }[] = [];
  for (const [done, ref] of asked.entries()) {
    progress(`Fetching letters, yours and others: ${done} of ${asked.length}`, done / asked.length);
    const segment = segments.find(({ number }) => number === ref[0]);
    if (segment === undefined) continue;
    const block = await lettersOf(segment, ref[1], await fetchBlock(ref));
    for (const { at } of ours.filter((place) => place.segment === segment && place.block === ref[1])) {
      letters.push({ letter: block[at] ?? new Uint8Array(0), week: segment.week });
    }
  }
  const found: Event[] = [];
  current.skipped = 0;
  for (const [done, { letter, week }] of letters.entries()) {
    progress(`Opening your letters: ${done} of ${letters.length}`, done / letters.length);
    try {
      found.push(...await openEvent(letter, week, keys, programme));
    } catch {
      current.skipped += 1;
    }
  }
  return found;
}

/** Fetches and scans the weeks. A tick between two requests looks like a mismatch once; twice it is one. */
async function scan(current: Session, everything: boolean, again = true): Promise<Event[]> {
  progress("Fetching the public list of letters", 0);
  current.head = await fetchHead();
  const since = weekOf(new Date(Date.now() - (SCAN_WEEKS - 1) * WEEK_MS));
  const weeks = current.head.weeks.filter((week) => everything || week >= since);
  try {
    return await openMatches(current, await fetchSegments(current.head, weeks, current.programme, (done) =>
      progress(`Fetching the public list of letters: week ${done + 1} of ${weeks.length}`, done / weeks.length)));
  } catch (error) {
    if (again && error instanceof ProtocolError && error.name === "Mismatch") return scan(current, everything, false);
    throw error;
  }
}

async function look(current: Session, everything: boolean): Promise<void> {
  show("nothing", false);
  for (const event of await scan(current, everything)) {
    // A stub proves nothing about a report, so only one's own counts.
    if (event.payload["kind"] !== "stub" || event.author === current.author) current.events.set(event.id, event);
    current.waiting.delete(event.id);
  }
  current.looked = current.head.number;
  show("progress", false);
  const root = [...current.events.values()].find(({ author, payload }) =>
    author === current.author && ["report", "stub"].includes(String(payload["kind"])));
  // A stub is never sealed again by others: it may lie in an older week than what they say.
  if (root === undefined && !everything && current.events.size > 0) return look(current, true);
  if (root === undefined) return reveal("nothing");
  current.folded = fold(current.events.values(), root.payload["kind"] === "stub" ? String(root.payload["case"]) : root.id);
  draw(current);
  show("words-step", false);
}

/** A code of a question in plain words, from the page's own lists. */
const label = (question: string, code: string): string =>
  Array.from(byId<HTMLSelectElement>(question).options).find(({ value }) => value === code)?.text ?? code;

const answerButtons = (): NodeListOf<HTMLButtonElement> => byId("proposals").querySelectorAll<HTMLButtonElement>("button[data-of]");

function draw(current: Session): void {
  const { folded, tree, events, waiting, skipped, looked, sending } = current;
  if (folded === undefined) return;
  const names = new Map(tree?.roster.reviewers.map(({ sign, name }) => [sign, name]));
  const lost = [...waiting.values()].some((sentAt) => looked >= sentAt + 2);
  const view = { folded, events, names, label, own: current.author, waiting, skipped, lost };
  byId("state").replaceChildren(...stateView(view));
  byId("proposals").replaceChildren(...proposalsView(view));
  byId("history").replaceChildren(historyView(view));
  byId("conversation").replaceChildren(...conversation(view));
  if (folded.may !== undefined) field("may").value = folded.may;
  const off = sending || tree === undefined || folded.state === "PURGED";
  const withdrawn = folded.kinds.has("withdraw");
  field("send-reply").disabled = off;
  for (const id of ["withdraw", "send-may"]) field(id).disabled = off || withdrawn;
  for (const button of answerButtons()) button.disabled = off || withdrawn;
  show("case");
}

interface Writable extends Session {
  readonly tree: Tree;
  folded: Case;
}

function writable(): Writable {
  if (session?.folded === undefined || session.tree === undefined) {
    throw new RangeError("The list of reviewers is not verified. Nothing has been sent.");
  }
  return session as Writable;
}

/** The payload of an event that follows `events`. */
function payloadAfter(current: Writable, events: ReadonlyMap<string, Event>, kind: string, extra: JsonObject): JsonObject {
  const { author, head, tree } = current;
  const folded = fold(events.values(), current.folded.id) ?? current.folded;
  const parents = headsOf(folded, "all", String(extra["of"] ?? ""));
  const link = { case: folded.id, prev: previousOf(folded, author), parents };
  // An event may not be older than what it answers, even if this device's clock is behind.
  const weeks = parents.map((id) => String((id === folded.id ? folded.root : events.get(id))?.payload["week"] ?? ""));
  const week = [weekOf(new Date()), ...weeks].sort().at(-1) ?? "";
  return { ...common(kind, week, [head.number, head.hash], tree.roster.version, "all", link), ...extra };
}

/** An event in letters to those who read the case now, by the newest roster, and to oneself: never to those who are gone. */
async function sealed({ programme, keys, folded, tree }: Writable, event: Event): Promise<Sealed> {
  const slots = slotsFor(tree, folded.readers, event);
  if (slots.length === 0) throw new RangeError("None of your readers can be written to at the moment. Nothing has been sent.");
  // A stub is kept alive by its writer alone.
  const own = [event, folded.root].slice(0, folded.root.payload["kind"] === "stub" ? 2 : 1);
  return { body: await makePosting(programme, [...slots, ...own.map(({ raw }) => ({ find: keys.find.public, open: keys.open.public, raw }))]) };
}

/** Seals events of one kind, each following the one before, and then delivers them. */
async function send(kind: string, extras: readonly JsonObject[]): Promise<void> {
  const current = writable();
  progress("Sealing");
  // The page may have stood open for hours: counted from a head that old, what waits for its tick would look held back.
  current.head = await fetchHead();
  const events = new Map(current.events);
  const made: Event[] = [];
  const postings: Sealed[] = [];
  for (const extra of extras) {
    const event = await signEvent(payloadAfter(current, events, kind, extra), current.keys.sign, current.programme);
    events.set(event.id, event);
    made.push(event);
    postings.push(await sealed(current, event));
  }
  const sending = (on: boolean): void => {
    current.sending = on;
    holdTab(on);
    draw(current);
  };
  sending(true);
  await deliverAll(postings, current.head, current.tree.programme.part_seconds, (left) => {
    const event = made[made.length - left - 1];
    if (event === undefined) return;
    current.events.set(event.id, event);
    current.waiting.set(event.id, current.head.number);
    current.folded = fold(current.events.values(), current.folded.id) ?? current.folded;
    draw(current);
    const more = `Stored. ${left} more ${left === 1 ? "goes" : "go"} out at random times. Keep this tab open.`;
    if (left > 0) progress(more, 1 - left / made.length);
  }).finally(() => sending(false));
  byId("state").scrollIntoView({ block: "center" });
}

/** The text that the person was warned about: sent when they press again. */
let warnedOf = "";

async function sendReply(): Promise<void> {
  const text = clean(field("reply").value);
  if (text === "") return;
  const current = writable();
  const room = textRoom(payloadAfter(current, current.events, "reply", { text: "" }));
  const pieces = splitText(text, Array.from({ length: PARTS_MAX + 1 }, () => room));
  if (pieces === undefined) throw new RangeError("This is longer than three letters hold. Send the rest later. Nothing has been sent.");
  const hints = hintsIn(text);
  const warnings = [
    ...hints.length === 0 ? [] : [make("h3", "", "This could point to you"), hintList(hints)],
    ...pieces.length === 1 ? [] : [make("p", "", `This is longer than one letter. It goes out as ${pieces.length} messages at `
      + "random times, so that they do not stand together. Keep this tab open until all are stored.")],
  ];
  if (warnings.length > 0 && warnedOf !== text) {
    warnedOf = text;
    return byId("reply-hints").replaceChildren(...warnings, make("p", "", make("strong", "", "Press again to send it as it is.")));
  }
  byId("reply-hints").replaceChildren();
  await send("reply", pieces.map((piece) => ({ text: piece })));
  field("reply").value = "";
}

/** The answer to a proposal. Where few could know, a yes takes the box that says the warning was read. */
async function answer({ of = "", agree = "", warned = "" }: DOMStringMap): Promise<void> {
  const box = document.getElementById(`warned-${of}`) as HTMLInputElement | null;
  if (agree === "YES" && box?.checked === false) throw new RangeError("Read the warning and tick its box first. Nothing has been sent.");
  await send("confirm", [{ of, agree, warned }]);
}

/** The packet for the chosen authority, which the reporter can file alone. */
function showOwnPacket(): void {
  if (session?.folded === undefined) return;
  const { root, kinds } = session.folded;
  const to = field("own-to").value;
  const parts = (kinds.get("part") ?? []).map(({ payload }) => String(payload["text"]));
  const text = ownPacket(to, root.payload, [String(root.payload["text"] ?? ""), ...parts].join(""), label);
  say("own-address", whereToFile(to));
  byId("own-packet").replaceChildren(...to === "" ? [] : [packetView("Yours alone: nothing of this is sent", text)]);
}

async function open(programme: Bytes): Promise<void> {
  const words = wordsIn(field("words").value);
  const wrong = unknownWord(words) ?? (words.length === 12 ? "" : tooMany(words));
  if (wrong !== "") throw new RangeError(wrong);
  const keys = await parseReceipt(words.join(" ")).then((entropy) => keysOf(entropy, programme), () => {
    throw new RangeError("These words do not fit together: one is wrong, or two have changed places. Compare each with your paper.");
  });
  const tree = await fetchTree(programme).catch((error: unknown) => {
    showError(`${sentenceFor(error)} You can read, but not write. To write, open the page again later.`);
    return undefined;
  });
  show("stale", tree?.stale ?? false);
  session = {
    programme, keys, author: toHex(keys.sign.public), events: new Map(), waiting: new Map(), tree, head: await fetchHead(),
    looked: 0, skipped: 0, folded: undefined, sending: false,
  };
  await look(session, false);
  if (session.folded === undefined) return;
  field("words").value = "";
  byId("case").focus();
}

export function startReturn(programme: Bytes): void {
  const again = async (everything: boolean): Promise<void> => {
    if (session !== undefined) await look(session, everything);
  };
  field("words").addEventListener("input", onWords);
  guarded("open", () => open(programme));
  for (const id of ["older", "everything"]) guarded(id, () => again(true));
  guarded("refresh", () => again(false));
  guarded("send-reply", sendReply);
  byId("proposals").addEventListener("click", ({ target }) => {
    if (!(target instanceof HTMLButtonElement) || target.dataset["of"] === undefined) return;
    const { dataset } = target;
    for (const button of answerButtons()) button.disabled = true;
    attempt(() => answer(dataset), () => session !== undefined && draw(session));
  });
  byId("own-to").append(...OWN_TARGETS.map(([to, title]) => new Option(title, to)));
  field("own-to").addEventListener("change", showOwnPacket);
  guarded("send-may", () => send("choice", [{ may: field("may").value }]));
  onClick("withdraw", () => reveal("withdraw-step"));
  onClick("withdraw-cancel", () => show("withdraw-step", false));
  guarded("withdraw-confirm", async () => {
    if (!field("sure").checked) throw new RangeError("Tick the box first if you are sure.");
    await send("withdraw", [{}]);
    show("withdraw-step", false);
  });
}
