/** Runs the shared vectors: what the other half of the project also has to answer. The same in Node and in a browser. */

import { duesOf } from "../clocks.ts";
import * as core from "../index.ts";
import { dutiesOf } from "../legal.ts";
import { infoOf, tagOf } from "../letter.ts";
import { agree, pairOf, sha256 } from "../primitives.ts";
import { parseRoster, parseSuspensions } from "../roster.ts";
import { olpc } from "../tree.ts";
import { buildSegment } from "./build.ts";

export interface Outcome {
  readonly file: string;
  /** Why the file is not for a reporter's page; empty if it is. */
  readonly left: string;
  readonly ran: number;
  /** A sentence for every case that came out otherwise than the file says. */
  readonly differing: readonly string[];
}

class Differs extends Error {}

const { fromHex, fromB64, toHex } = core;
const hashOf = async (bytes: Uint8Array): Promise<string> => toHex(await sha256(bytes));

function same(got: unknown, expected: unknown, what = ""): void {
  if (olpc(got) !== olpc(expected)) throw new Differs(`${what} ${olpc(got)} is not ${olpc(expected)}`);
}

/** A letter of a vector: its clue, then one byte over and over. */
const filled = (one: any): core.Bytes => core.concat(fromHex(one.clue), new Uint8Array(core.LETTER_BYTES - 40).fill(one.fill));

const repeated = ([before, a, b, after, n]: [string, string, string, string, number]): string =>
  before + a.repeat(n) + b.repeat(n) + after;

function constants(all: any): void {
  const ours = core as unknown as Record<string, unknown>;
  for (const [name, value] of Object.entries({ ...all.constants, ...all.codes })) {
    // Every code list is needed here, but not every number.
    if (name in ours || name in all.codes) same(ours[name] ?? null, value, name);
  }
  // Requests are made and read at workstations only.
  const { LABEL_REQUEST: _, ...labels } = all.labels;
  same(Object.values(core.LABELS).sort(), Object.values(labels).sort(), "labels");
}

async function receipt(one: any): Promise<void> {
  const entropy = await core.parseReceipt(one.words);
  same(toHex(entropy), one.entropy);
  if (!one.keys) return;
  const keys = await core.keysOf(entropy, fromHex(one.programme));
  const publics = [keys.find.public, keys.open.public, keys.sign.public, keys.cover].map(toHex);
  same(publics, [one.keys.find_public, one.keys.open_public, one.keys.sign_public, one.keys.cover]);
}

async function event(one: any): Promise<void> {
  if (one.op === "sign") return void core.payloadBytes(JSON.parse(one.payload));
  const parsed = await core.parseEvent(fromHex(one.raw), fromHex(one.programme));
  if (one.id) same([parsed.id, parsed.author], [one.id, one.author]);
}

async function tree(one: any): Promise<void> {
  const found = await core.verifyBundle(one.bundle, fromHex(one.programme), new Date(one.now), one.seen);
  same([found.versions, found.stale], [one.versions, one.stale]);
}

async function posting(one: any): Promise<void> {
  const body = core.concat(fromHex(one.nonce), ...one.letters.map(filled), fromHex(one.tail));
  core.parsePosting(body);
  if (one.op === "effort") same(await core.effortOf(body, fromHex(one.segment)), one.bits);
}

async function segment(one: any): Promise<void> {
  if (one.op === "cover") return same(await core.coverBlocks(fromHex(one.cover), one.blocks, one.matched), one.ask);
  if (one.op === "dated") return core.checkDated(one.week, one.published);
  const programme = fromHex(one.programme);
  if (one.op === "build") {
    const built = await buildSegment(programme, one.number, one.week, fromHex(one.previous), one.letters.map(filled));
    same([toHex(built.bytes), await Promise.all(built.blocks.map(hashOf))], [one.data, one.blocks]);
  }
  const segments = await core.parseSegments(fromHex(one.data), programme);
  const head = one.head && { number: one.head[0], hash: one.head[1], effort: 0, tick: 1, weeks: [] };
  if (one.op === "chain") core.checkChain(segments, head ?? undefined);
  if (one.op === "build") same(toHex(segments[0]?.hash ?? programme), one.hash);
}

async function letter(one: any, all: any): Promise<void> {
  const programme = fromHex(one.programme);
  if (one.op === "seal") return void await core.sealLetter(programme, fromHex(one.find), fromB64(one.open), new Uint8Array(one.length));
  if (one.op === "clue") {
    const [pair, find] = [await pairOf("X25519", fromHex(one.r)), fromHex(one.find)];
    const secret = await agree(pair.private, find);
    const tag = await tagOf(secret, programme, pair.public, find);
    return same([pair.public, secret, tag, infoOf(programme, pair.public, find)].map(toHex), [one.point, one.secret, one.tag, one.info]);
  }
  const { entropy, programme: of } = all.receipts[one.receipt];
  const keys = await core.keysOf(fromHex(entropy), fromHex(of));
  if (one.op === "find") return same(await core.findMatches(keys, one.clues.map((clue: string) => fromHex(clue)), programme), one.matches);
  const sealed = fromB64(all.letters[one.letter]);
  for (const [at, data] of one.patch) sealed.set(fromHex(data), at);
  same(await hashOf(await core.openLetter(sealed, keys, programme)), one.message_sha256);
}

async function summary(one: any, all: any): Promise<void> {
  const events = one.events.map((name: string) => core.parseEvent(fromHex(all.events[name]), fromHex(all.programme)));
  const folded = core.fold(await Promise.all(events), one.case);
  const { lost, letGo } = folded ? core.absent(folded) : { lost: [], letGo: [] };
  same([lost.sort(), letGo.sort()], [one.lost, one.let_go]);
}

/** Every event of the file, parsed once, and the names by which results call ids and keys. */
async function readCases(all: any): Promise<{ events: ReadonlyMap<string, core.Event>; names: ReadonlyMap<string, string> }> {
  const events = new Map(await Promise.all(Object.entries<string>(all.events).map(async ([name, raw]) =>
    [name, await core.parseEvent(fromB64(raw), fromHex(all.programme))] as const)));
  const people = Object.entries<string>(all.people).map(([name, key]): [string, string] => [key, name]);
  return { events, names: new Map([...people, ...[...events].map(([name, { id }]): [string, string] => [id, name])]) };
}

async function cases(one: any, all: any): Promise<void> {
  const { events: known, names } = await (all.read ??= readCases(all)) as Awaited<ReturnType<typeof readCases>>;
  const events = one.events.map((name: string) => known.get(name)) as core.Event[];
  const named = (value: unknown): unknown => JSON.parse(JSON.stringify(value).replace(/[0-9a-f]{64}/g, (id) => names.get(id) ?? id));
  for (const held of [events, [...events].reverse()]) {
    const folded = core.fold(held, one.case);
    same(folded === undefined ? null : named({
      state: folded.state, may: folded.may ?? "", opened: [...folded.opened].sort(), order: folded.order.map(({ id }) => id),
      void: Object.fromEntries(folded.void), missing: [...folded.missing].sort(), equivocations: folded.equivocations,
      readers: folded.readers, gone: Object.fromEntries(folded.gone), evaluator: folded.evaluator,
      since: folded.since, until: folded.until, whom: folded.whom, history: folded.history,
      proposals: folded.proposals.map(({ id, why }) => [id, why]), unsigned: folded.unsigned, extended: folded.extended,
      legal_hold: folded.legalHold, agreed: [...folded.agreed].sort(), triage: folded.triage?.id ?? "", knew: folded.knew?.id ?? "",
      corrections: Object.fromEntries(folded.corrections), lead: folded.lead, second: folded.second,
    }), one.result && { ...all.usual, ...one.result });
    same(folded === undefined ? null : duesOf(folded).map(({ code, week }) => `${code} ${week}`), one.dues ?? null, "dues");
  }
  const folded = core.fold(events, one.case);
  for (const audience of Object.keys(one.heads ?? {})) {
    const of = [...names].find(([, name]) => name === one.of)?.[0];
    same(named(folded ? core.headsOf(folded, audience, of) : []), one.heads[audience], "heads");
  }
}

async function legal(one: any, all: any): Promise<void> {
  const events = await Promise.all(one.events.map((name: string) => core.parseEvent(fromHex(all.events[name]), fromHex(all.programme))));
  const folded = core.fold(events as core.Event[], one.case);
  const rows = folded && dutiesOf(folded).map(({ code, first, last, fits, sentence }) => [code, first, last, fits ? "YES" : "NO", sentence]);
  same(rows, one.rows);
}

function routing(one: any, all: any): void {
  if (one.op === "groups") return same(core.groupsOf(one.about), one.groups);
  if (one.op === "explain") {
    const files = { roster: parseRoster(core.canonical(all.roster), 1), suspensions: parseSuspensions(core.canonical(all.suspensions)) };
    const [want, now] = [{ ...one.want, exclude: new Set(one.want.exclude) }, new Date(one.day)];
    same(core.explain(files as unknown as core.Tree, want, now).map(([{ name }, code]) => [name, code]), one.codes);
    const names = one.codes.filter(([, code]: string[]) => code === "").map(([name]: string[]) => name);
    return same(core.eligible(files as unknown as core.Tree, want, now).map(({ name }) => name), names);
  }
  let used = 0;
  const bytes = fromHex(one.random);
  const drawn = core.draw(Array.from({ length: one.count }, (_, i) => i), (length) => bytes.slice(used, used += length));
  same([drawn.readers, drawn.reserves, used], [one.readers, one.reserves, one.used]);
}

/** Letters sealed with known randomness elsewhere. */
async function sealing(one: any, all: any): Promise<void> {
  const programme = fromHex(all.programme, 32);
  const entropy = await core.parseReceipt(all.words);
  const keys = await core.keysOf(entropy, programme);
  same([entropy, keys.find.public, keys.sign.public, keys.cover].map(toHex), [all.entropy, all.find, all.sign, all.cover]);
  same(core.toB64(keys.open.public), all.open);
  const sealed = fromB64(one.letter, core.LETTER_BYTES);
  same([await hashOf(sealed), toHex(sealed.subarray(0, 40))], [one.letter_sha256, one.clue]);
  same(await core.findMatches(keys, [sealed.slice(0, 40)], programme), [0]);
  const message = await core.openLetter(sealed, keys, programme);
  same([message.length, await hashOf(message)], [one.message_bytes, one.message_sha256]);
}

const FILES: Record<string, (one: any, all: any) => unknown> = {
  constants: (_, all) => constants(all),
  json: (one) => core.parseStrict(fromHex(one.repeat ? repeated(one.repeat) : one.hex)),
  points: (one) => (one.kind === "point" ? core.checkPoint : core.checkSigningKey)(fromHex(one.hex)),
  receipt, event, tree, posting, segment, letter, case: cases, legal, routing, sealing, summary,
};

const LEFT: Record<string, string> = { request: "made and read at workstations only" };

/** The operations that this runner knows: another in a file is an error, not a case left out. */
const OPERATIONS = new Set([
  undefined, "sign", "parse", "effort", "cover", "dated", "build", "chain", "seal", "clue", "find", "open", "explain", "groups", "draw",
]);

async function outcome(one: any, all: any, action: (one: any, all: any) => unknown): Promise<string> {
  if (!OPERATIONS.has(one.op)) return `operation ${one.op} is not known here`;
  try {
    await action(one, all);
    return "ok";
  } catch (error) {
    if (error instanceof core.ProtocolError) return error.name;
    return `ok but ${error instanceof Differs ? error.message : String(error)}`;
  }
}

/** Runs every case of every file; `load` gives the parsed file of a name. */
export async function runVectors(load: (name: string) => Promise<any>): Promise<Outcome[]> {
  const outcomes: Outcome[] = Object.entries(LEFT).map(([file, left]) => ({ file, left, ran: 0, differing: [] }));
  for (const [file, action] of Object.entries(FILES)) {
    const all = await load(file);
    const list: any[] = all.vectors ?? all.cases ?? [{ name: file }];
    const differing: string[] = [];
    for (const one of list) {
      const [got, expected] = [await outcome(one, all, action), one.expect ?? "ok"];
      if (got !== expected) differing.push(`${one.name}: ${got}, not ${expected}`);
    }
    outcomes.push({ file, left: "", ran: list.length, differing });
  }
  return outcomes;
}
