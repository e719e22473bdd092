/** The return page: twelve words in, the conversation out. Looking sends nothing; every request is for a public file. */

import { byId, field, guarded, hintList, make, onClick, progress, reveal, say, show, showError } from "./dom.ts";
import { hintsIn } from "./hints.ts";
import {
  blocksIn, BLOCK_LETTERS, common, completions, coverBlocks, findMatches, fold, heads, keysOf, lettersOf, makePosting, openKey, openLetter,
  parseEvent, parseReceipt, previousOf, ProtocolError, SCAN_WEEKS, signEvent, textRoom, toHex, weekOf, idsOf,
  type BlockRef, type Bytes, type Case, type Event, type Head, type JsonObject, type ReceiptKeys, type Segment, type Slot, type Tree,
} from "./index.ts";
import { explain, fetchBlock, fetchHead, fetchSegments, fetchTree, payEffort, type Sealed } from "./net.ts";
import { clean, deliver } from "./report.ts";
import { conversation, stateView, type View } from "./talk.ts";

const WEEK_MS = 7 * 86_400_000;
const SHOWN = 8;

interface Session {
  readonly programme: Bytes;
  readonly keys: ReceiptKeys;
  readonly author: string;
  readonly events: Map<string, Event>;
  /** Own events sent from this tab and not yet seen in public, with the number of the newest segment at that time. */
  readonly waiting: Map<string, number>;
  tree: Tree | undefined;
  head: Head;
  skipped: number;
  folded: Case | undefined;
}

let session: Session | undefined;

/** The first typed word that is not in the list, with its place; the last may still be in the making. */
function unknownWord(words: readonly string[]): string | undefined {
  const place = words.findIndex((word) => !completions(word).some((known) => known === word || word.length >= 4));
  return place < 0 ? undefined : `“${words[place]}” (word number ${place + 1}) is not in the list of words.`;
}

function onWords(): void {
  const input = field("words");
  const words = input.value.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const finished = /\s$/.test(input.value);
  const last = finished ? "" : words.at(-1) ?? "";
  const unknown = unknownWord(last === "" ? words : words.slice(0, -1)) ?? (last !== "" && completions(last).length === 0 ? unknownWord(words) : undefined);
  say("words-hint", unknown ?? (words.length > 12 ? `These are ${words.length} words; twelve are needed.` : `${words.length} of 12 words`));
  const offered = last.length < 2 ? [] : completions(last).slice(0, SHOWN);
  byId("completions").replaceChildren(...(offered.length === 1 && offered[0] === last ? [] : offered).map((word) => {
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

/** The blocks asked for, each letter of ours opened; what does not open or parse is counted and left. */
async function openMatches(current: Session, segments: readonly Segment[]): Promise<Event[]> {
  const { keys, programme } = current;
  const places = segments.flatMap((segment) => segment.clues.map((clue, i) => ({ segment, clue, i })));
  const count = (n: number): string => n.toLocaleString("en-GB");
  const matches = await findMatches(keys, places.map(({ clue }) => clue), programme, (done, total) =>
    progress(`Looking for your letters: ${count(done)} of ${count(total)}`, done / Math.max(1, total)));
  const ours = matches.flatMap((index) => places[index] ?? []);
  const refs = ours.map(({ segment, i }): BlockRef => [segment.number, Math.floor(i / BLOCK_LETTERS)]);
  const asked = await coverBlocks(keys.cover, blocksIn(segments), refs);
  const found: Event[] = [];
  for (const [done, ref] of asked.entries()) {
    progress(`Fetching letters, yours and others: ${done} of ${asked.length}`, done / asked.length);
    const segment = segments.find(({ number }) => number === ref[0]);
    if (segment === undefined) continue;
    const letters = await lettersOf(segment, ref[1], await fetchBlock(ref));
    for (const { i } of ours.filter((place) => place.segment === segment && Math.floor(place.i / BLOCK_LETTERS) === ref[1])) {
      try {
        const message = await openLetter(letters[i % BLOCK_LETTERS] ?? new Uint8Array(0), keys, programme);
        if (message.length > 0) found.push(await parseEvent(message, programme));
      } catch {
        current.skipped += 1;
      }
    }
  }
  return found;
}

/** Fetches, scans and folds. A tick between two requests looks like a mismatch once; twice it is one. */
async function look(current: Session, everything: boolean, again = true): Promise<void> {
  show("nothing", false);
  progress("Fetching the public list of letters", 0);
  current.head = await fetchHead();
  const since = weekOf(new Date(Date.now() - (SCAN_WEEKS - 1) * WEEK_MS));
  const weeks = current.head.weeks.filter((week) => everything || week >= since);
  let found: Event[];
  try {
    const segments = await fetchSegments(current.head, weeks, current.programme, (done) =>
      progress(`Fetching the public list of letters: week ${done + 1} of ${weeks.length}`, done / weeks.length));
    current.skipped = 0;
    found = await openMatches(current, segments);
  } catch (error) {
    if (again && error instanceof ProtocolError && error.name === "Mismatch") return look(current, everything, false);
    throw error;
  }
  for (const event of found) {
    // A stub proves nothing about a report, so only one's own counts.
    if (event.payload["kind"] !== "stub" || event.author === current.author) current.events.set(event.id, event);
    current.waiting.delete(event.id);
  }
  show("progress", false);
  const root = [...current.events.values()].find(({ author, payload }) => author === current.author && ["report", "stub"].includes(String(payload["kind"])));
  if (root === undefined) return reveal("nothing");
  current.folded = fold(current.events.values(), root.payload["kind"] === "stub" ? String(root.payload["case"]) : root.id);
  draw(current);
  show("words-step", false);
}

function draw(current: Session): void {
  const { folded, tree, events, waiting, skipped, head } = current;
  if (folded === undefined) return;
  const labels = new Map(Array.from(byId<HTMLSelectElement>("may").options, ({ value, text }) => [value, text]));
  const names = new Map(tree?.roster.reviewers.map(({ sign, name }) => [sign, name]));
  const lost = [...waiting.values()].some((sentAt) => head.number >= sentAt + 2);
  const view: View = { folded, events, names, may: labels, own: current.author, waiting, skipped, lost };
  byId("state").replaceChildren(...stateView(view));
  byId("conversation").replaceChildren(...conversation(view));
  if (folded.may !== undefined) byId<HTMLSelectElement>("may").value = folded.may;
  const over = folded.state === "WITHDRAWN";
  for (const id of ["withdraw", "send-may"]) field(id).disabled = over || tree === undefined;
  field("send-reply").disabled = tree === undefined;
  show("case");
}

/** A following event, signed, as a posting to the readers and to oneself. */
async function seal(current: Session, tree: Tree, folded: Case, kind: string, extra: JsonObject): Promise<[Event, Sealed]> {
  const parents = heads(current.events.values(), folded.id, "all").slice(0, 32);
  const link = { case: folded.id, prev: previousOf(folded, current.author), parents };
  // An event may not be older than what it answers, even if this device's clock is behind.
  const weeks = parents.map((id) => String((id === folded.id ? folded.root : current.events.get(id))?.payload["week"] ?? ""));
  const week = [weekOf(new Date()), ...weeks].sort().at(-1) ?? "";
  const payload: JsonObject = { ...common(kind, week, [current.head.number, current.head.hash], tree.roster.version, "all", link), ...extra };
  if (textRoom(payload) < 0) throw new RangeError(`This is about ${-textRoom(payload)} characters too long. Send it in two messages.`);
  const event = await signEvent(payload, current.keys.sign, current.programme);
  const readers = [...new Set([...idsOf(folded.root, "readers"), ...folded.opened])];
  const slots = readers.flatMap((sign): Slot[] => {
    const reviewer = tree.roster.reviewers.find((one) => one.sign === sign);
    const open = reviewer && openKey(reviewer, new Date());
    return reviewer && open ? [{ find: reviewer.find, open, raw: event.raw }] : [];
  }).slice(0, 5);
  if (slots.length === 0) throw new RangeError("None of your readers can be written to at the moment. Nothing has been sent.");
  const own = { find: current.keys.find.public, open: current.keys.open.public, raw: event.raw };
  return [event, { body: await makePosting(current.programme, [...slots, own]) }];
}

async function send(kind: string, extra: JsonObject): Promise<void> {
  const current = session;
  if (current?.folded === undefined || current.tree === undefined) throw new RangeError("The list of reviewers is not verified. Nothing has been sent.");
  progress("Sealing");
  const [event, sealed] = await seal(current, current.tree, current.folded, kind, extra);
  await payEffort(sealed, current.head, () => progress("The server is busy and asks this device for some work first"));
  await deliver(sealed, "It could not be sent yet.");
  current.events.set(event.id, event);
  current.waiting.set(event.id, current.head.number);
  current.folded = fold(current.events.values(), current.folded.id);
  show("progress", false);
  draw(current);
  byId("state").scrollIntoView({ block: "center" });
}

let hintedReply = "";

async function sendReply(): Promise<void> {
  const text = clean(field("reply").value);
  if (text === "") return;
  const hints = hintsIn(text);
  if (hints.length > 0 && hintedReply !== text) {
    hintedReply = text;
    byId("reply-hints").replaceChildren(make("h3", "", "This could point to you. Press again to send it as it is"), hintList(hints));
    return;
  }
  byId("reply-hints").replaceChildren();
  await send("reply", { text });
  field("reply").value = "";
}

async function open(programme: Bytes): Promise<void> {
  const typed = field("words").value;
  const unknown = unknownWord(typed.toLowerCase().split(/\s+/).filter((word) => word !== ""));
  if (unknown !== undefined) throw new RangeError(unknown);
  const keys = await keysOf(await parseReceipt(typed), programme);
  const tree = await fetchTree(programme).catch((error: unknown) => {
    showError(`${explain(error)} You can read, but not write, until the list of reviewers is in order.`);
    return undefined;
  });
  session = { programme, keys, author: toHex(keys.sign.public), events: new Map(), waiting: new Map(), tree, head: await fetchHead(), skipped: 0, folded: undefined };
  await look(session, false);
  if (session.folded === undefined) return;
  field("words").value = "";
  byId("case").focus();
}

export function startReturn(programme: Bytes): void {
  const why = (error: unknown): string => {
    show("progress", false);
    return error instanceof RangeError ? error.message : explain(error);
  };
  const again = (everything: boolean) => async (): Promise<void> => {
    if (session !== undefined) await look(session, everything);
  };
  field("words").addEventListener("input", onWords);
  guarded("open", () => open(programme), why);
  guarded("older", again(true), why);
  guarded("refresh", again(false), why);
  guarded("send-reply", sendReply, why);
  guarded("send-may", () => send("choice", { may: byId<HTMLSelectElement>("may").value }), why);
  onClick("withdraw", () => reveal("withdraw-step"));
  onClick("withdraw-cancel", () => show("withdraw-step", false));
  guarded("withdraw-confirm", async () => {
    if (!field("sure").checked) throw new RangeError("Tick the box first if you are sure.");
    await send("withdraw", {});
    show("withdraw-step", false);
  }, why);
}
