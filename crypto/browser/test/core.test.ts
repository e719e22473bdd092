/** Round trips and refusals of the browser half, and the sealing vector that Python opens. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import * as core from "../index.ts";
import { _sealLetter } from "../letter.ts";
import { _assemble } from "../posting.ts";
import { pairOf, sign } from "../primitives.ts";
import wording from "../../wording.json" with { type: "json" };
import { fold as foldCase } from "../case.ts";
import { weekNumber } from "../encoding.ts";
import { WEEKS } from "../states.ts";
import { buildSegment } from "./build.ts";
import { openEvent } from "../return.ts";
import { conversation } from "../talk.ts";

type Bytes = core.Bytes;

const SEALING = new URL("../../vectors/sealing.json", import.meta.url);
const P = core.utf8("a programme id of thirty-two bytes");
const ZERO32 = "0".repeat(64);
const WEEK = "2026-W47";

/** `length` bytes that depend on the name alone. */
function fixed(name: string, length: number): Bytes {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, i) => Uint8Array.from(createHash("sha256").update(`${name} ${i}`).digest()));
  return core.concat(...blocks).slice(0, length);
}

const programme = P.slice(0, 32);
const keysNamed = (name: string): Promise<core.ReceiptKeys> => core.keysOf(fixed(name, 16), programme);
const refuses = (name: string, action: () => unknown): Promise<void> => assert.rejects(async () => action(), { name });

function reportPayload(keys: core.ReceiptKeys, readers: core.ReceiptKeys[]): core.JsonObject {
  return {
    ...core.common("report", WEEK, [0, ZERO32], 1, "all"),
    find: core.toHex(keys.find.public), open: core.toB64(keys.open.public),
    readers: readers.map((reader) => core.toHex(reader.sign.public)), reserves: [],
    answers: {
      about: ["A1-UNDISCLOSED"], stage: "L3-INTERNAL", organisation: "Example Lab", danger: "NOW", basis: "SAW", known: "K2",
      raised: "", may: "ASK", promise: "",
    },
    text: "They run it inside. Ünïcödé 🦊\n\"quoted\"", parts: 0, selfcopy: "full",
  };
}

test("receipts survive case, white space and cut words", async () => {
  const { words, entropy } = await core.newReceipt();
  assert.equal(words.split(" ").length, 12);
  const typed = ` ${words.split(" ").map((word) => word.slice(0, 4).toUpperCase()).join("\t\n ")} `;
  assert.deepEqual(await core.parseReceipt(typed), entropy);
  assert.equal(await core.wordsOf(new Uint8Array(16)), `${"abandon ".repeat(11)}about`);
  await refuses("BadWords", () => core.parseReceipt("abandon ".repeat(12)));
  await refuses("BadWords", () => core.parseReceipt("abandon ".repeat(11)));
  await refuses("BadWords", () => core.parseReceipt(`${"abandon ".repeat(11)}aboutt`));
  assert.deepEqual(core.completions("abou"), ["about"]);
  assert.deepEqual(core.completions(""), []);
});

test("a letter is found and opened by its keys only", async () => {
  const [ours, theirs] = [await keysNamed("ours"), await keysNamed("theirs")];
  const letter = await core.sealLetter(programme, ours.find.public, ours.open.public, core.utf8("hello"));
  const cover = await core.coverLetter(programme);
  assert.equal(letter.length, core.LETTER_BYTES);
  assert.equal(cover.length, core.LETTER_BYTES);
  const clues = [cover, letter].map((one) => one.slice(0, 40));
  assert.deepEqual(await core.findMatches(ours, clues, programme), [1]);
  assert.deepEqual(await core.findMatches(theirs, clues, programme), []);
  assert.equal(new TextDecoder().decode(await core.openLetter(letter, ours, programme)), "hello");
  await refuses("NotForUs", () => core.openLetter(letter, theirs, programme));
  await refuses("NotForUs", () => core.openLetter(letter, ours, fixed("another programme", 32)));
  await refuses("Malformed", () => core.openLetter(letter.slice(1), ours, programme));
  await refuses("TooLong", () => core.sealLetter(programme, ours.find.public, ours.open.public, new Uint8Array(core.EVENT_MAX + 1)));
  await refuses("BadPoint", () => core.sealLetter(programme, new Uint8Array(32), ours.open.public, new Uint8Array(0)));
  await refuses("BadKey", () => core.sealLetter(programme, ours.find.public, new Uint8Array(5), new Uint8Array(0)));
  const longest = fixed("longest", core.EVENT_MAX);
  const full = await core.sealLetter(programme, ours.find.public, ours.open.public, longest);
  assert.deepEqual(await core.openLetter(full, ours, programme), longest);
});

test("bad points do not stop a batch, and progress reaches the end", async () => {
  const ours = await keysNamed("ours");
  const letter = await core.sealLetter(programme, ours.find.public, ours.open.public, new Uint8Array(0));
  const bad = [new Uint8Array(40), new Uint8Array(40).fill(255), core.fromHex(`01${"00".repeat(39)}`)];
  const clues = [...bad, ...Array.from({ length: 1300 }, (_, i) => fixed(`clue ${i}`, 40)), letter.slice(0, 40), ...bad];
  const seen: number[] = [];
  assert.deepEqual(await core.findMatches(ours, clues, programme, (done, total) => seen.push(done, total)), [1303]);
  assert.deepEqual(seen, [1024, 1307, 1307, 1307]);
});

test("points and keys of small order or another spelling are refused", async () => {
  const prime = `ed${"ff".repeat(30)}7f`;
  for (const hex of ["00".repeat(32), `01${"00".repeat(31)}`, prime, `ec${"ff".repeat(30)}7f`, `02${"00".repeat(30)}80`, "ff".repeat(32)]) {
    await refuses("BadPoint", () => core.checkPoint(core.fromHex(hex)));
  }
  for (const hex of ["00".repeat(32), `01${"00".repeat(30)}80`, prime, `ec${"ff".repeat(31)}`]) {
    await refuses("BadKey", () => core.checkSigningKey(core.fromHex(hex)));
  }
  core.checkPoint(core.fromHex(`09${"00".repeat(31)}`));
});

test("the one spelling of JSON", async () => {
  for (const text of ['{"a":1.0}', '{"a":1e2}', '{"a":-1}', '{"a":null}', '{"a":true}', '{"b":1,"a":1}', '{"a":1,"a":1}', '{ "a":1}', "[]", "1",
    '{"a":"\\u0041"}', '{"a":"\\ud800"}', '{"a":"\\u0000"}', '{"a":9007199254740992}', '{"a":-0}', '\ufeff{"a":1}', "{",
    `{"a":${"[".repeat(8)}${"]".repeat(8)}}`]) {
    await refuses("Malformed", () => core.parseStrict(core.utf8(text)));
  }
  await refuses("Malformed", () => core.parseStrict(core.concat(core.utf8('{"a":"'), Uint8Array.of(0xff), core.utf8('"}'))));
  for (const text of ['{"a":[[[[[[[]]]]]]],"b":"\\n\\u001f🦊é"}', "{}", '{"a":9007199254740991}', '{"__proto__":1}', '{"🦊":1,"\ufb33":2}']) {
    core.parseStrict(core.utf8(text));
  }
});

test("base64 and hex are strict", async () => {
  for (const text of ["QQ=", "QR", "Q", "+/AA", "QQ\n"]) await refuses("Malformed", () => core.fromB64(text));
  for (const text of ["AB", "a", "0g", "ab\n"]) await refuses("Malformed", () => core.fromHex(text));
  assert.deepEqual(core.fromB64(core.toB64(fixed("b64", 100))), fixed("b64", 100));
});

test("events are signed, parsed and refused by name", async () => {
  const [ours, reader, other] = [await keysNamed("ours"), await keysNamed("reader"), await keysNamed("other")];
  const payload = reportPayload(ours, [reader, other]);
  const event = await core.signEvent(payload, ours.sign, programme);
  assert.deepEqual(await core.parseEvent(event.raw, programme), event);
  assert.equal(core.textRoom(payload), core.PAYLOAD_MAX - (event.raw.length - 96));
  await refuses("BadSignature", () => core.parseEvent(event.raw, fixed("another", 32)));
  await refuses("Malformed", () => core.parseEvent(event.raw.slice(0, 96), programme));
  const small = event.raw.slice();
  small.set(new Uint8Array(32), 64);
  await refuses("BadKey", () => core.parseEvent(small, programme));
  const unreduced = event.raw.slice();
  unreduced.fill(255, 32, 64);
  await refuses("BadSignature", () => core.parseEvent(unreduced, programme));
  await refuses("WrongVersion", () => core.signEvent({ ...payload, v: 2 }, ours.sign, programme));
  await refuses("Malformed", () => core.signEvent({ ...payload, extra: 1 }, ours.sign, programme));
  await refuses("Malformed", () => core.signEvent({ ...payload, kind: "toString" }, ours.sign, programme));
  await refuses("Malformed", () => core.signEvent({ ...payload, text: "x".repeat(15001) }, ours.sign, programme));
  await refuses("TooLong", () => core.signEvent({ ...payload, text: "x".repeat(15000) }, ours.sign, programme));
  const stub = await core.signEvent(core.stubOf({ ...event, payload: { ...payload, selfcopy: "dates" } }), ours.sign, programme);
  const folded = foldCase([stub], event.id);
  assert(folded);
  assert.equal(folded.state, "RECEIVED");
  assert.deepEqual(core.headsOf(folded, "all"), [event.id]);
  assert.equal(stub.payload["open"], core.toB64(ours.open.public));
});

test("a letter gives its event, unless that is dated more than a week ahead of its segment", async () => {
  const [ours, reader] = [await keysNamed("ours"), await keysNamed("reader")];
  const event = await core.signEvent(reportPayload(ours, [reader, ours]), ours.sign, programme);
  const letter = await core.sealLetter(programme, ours.find.public, ours.open.public, event.raw);
  assert.deepEqual(await openEvent(letter, "2026-W46", ours, programme), [event]);
  await refuses("Malformed", () => openEvent(letter, "2026-W45", ours, programme));
  assert.deepEqual(await openEvent(await core.sealLetter(programme, ours.find.public, ours.open.public, new Uint8Array(0)), WEEK, ours, programme), []);
});

test("whom a step names can neither turn the sentence it stands in nor seem to end it", async () => {
  const [ours, reader] = [await keysNamed("ours"), await keysNamed("reader")];
  const report = await core.signEvent(reportPayload(ours, [reader, ours]), ours.sign, programme);
  const link = { case: report.id, prev: [], parents: [report.id] };
  const step = { to: "REFERRED", reason: "NONE", text: "", until: "", whom: "Cal\u202e OES\u2069”). It has already happened (“", urgent: "NO" };
  const state = await core.signEvent({ ...core.common("state", WEEK, [0, ZERO32], 1, "all", link), ...step }, reader.sign, programme);
  const said: unknown[] = [];
  const element = { append: (...texts: unknown[]) => said.push(...texts), dataset: {} };
  Object.assign(globalThis, { document: { createElement: () => element } });
  const view = { events: new Map([[report.id, report], [state.id, state]]), names: new Map(), waiting: new Map() };
  const folded = core.fold([report, state], report.id);
  assert(folded);
  conversation({ ...view, folded, label: (_, code) => code, own: "", skipped: 0, lost: false });
  const marked = "pass it to an authority (“\u2068Cal OES’). It has already happened (’\u2069”)";
  assert(said.some((text) => typeof text === "string" && text.endsWith(marked)), String(said));
});

test("an evaluator's event is written only with the evaluator's signature for this case", async () => {
  const [ours, evaluator] = [await keysNamed("ours"), await keysNamed("evaluator")];
  const write = async (id: string): Promise<core.Event> => {
    const signature = core.toB64(await sign(evaluator.sign, core.concat(core.utf8(core.LABELS.evaluator), programme, core.fromHex(id))));
    const said = { evaluator: core.toHex(evaluator.sign.public), signature, method: "", access: "", steps: "", wishes: "" };
    const link = { case: "ab".repeat(32), prev: [], parents: ["ab".repeat(32)] };
    return core.signEvent({ ...core.common("evaluator", WEEK, [0, ZERO32], 1, "all", link), ...said }, ours.sign, programme);
  };
  assert.equal((await write("ab".repeat(32))).payload["kind"], "evaluator");
  await refuses("BadSignature", () => write("cd".repeat(32)));
});

test("a case folds the same in any order", async () => {
  const [ours, reader, other, stranger] = await Promise.all(["ours", "reader", "other", "stranger"].map(keysNamed));
  assert(ours && reader && other && stranger);
  const report = await core.signEvent(reportPayload(ours, [reader, other]), ours.sign, programme);
  const events = [report];
  const add = async (kind: string, by: core.ReceiptKeys, more: core.JsonObject = {}, audience = "all"): Promise<core.Event> => {
    const folded = core.fold(events, report.id);
    assert(folded);
    const link = { case: report.id, prev: core.previousOf(folded, core.toHex(by.sign.public)), parents: core.headsOf(folded, audience) };
    const event = await core.signEvent({ ...core.common(kind, WEEK, [0, ZERO32], 1, audience, link), ...more }, by.sign, programme);
    events.push(event);
    return event;
  };
  await add("received", reader);
  await add("received", other);
  await add("note", reader, { text: "between us" }, "reviewers");
  const state = (by: core.ReceiptKeys, to: string, reason = "NONE"): Promise<core.Event> =>
    add("state", by, { to, reason, text: "", until: "", whom: "", urgent: "NO" });
  await state(reader, "ACKNOWLEDGED");
  await add("choice", ours, { may: "ADVISE" });
  const foreign = await add("answer", stranger, { text: "let me in" });
  await state(other, "ADVICE");
  const closing = await state(reader, "CLOSED", "ADVISED");
  const late = await state(other, "ADVICE");
  const folded = core.fold([...events].reverse().concat(events), report.id);
  assert(folded);
  assert.deepEqual([folded.state, folded.may, [...folded.missing]], ["CLOSED", "ADVISE", []]);
  assert.deepEqual(folded.void, new Map([[foreign.id, "author"], [late.id, "state"]]));
  assert.deepEqual(folded.opened, new Set([reader, other].map((each) => core.toHex(each.sign.public))));
  assert.deepEqual(folded.order, core.fold(events, report.id)?.order);
  await add("withdraw", ours);
  assert.equal(core.fold(events, report.id)?.state, "CLOSED");
  assert.equal(core.fold(events.filter((event) => event !== closing), report.id)?.state, "WITHDRAWN");
  assert.equal(core.fold(events.slice(1), report.id), undefined);
});

test("weeks are counted in a row, and the clocks that bind are those that are told", () => {
  const first = core.weekOf(new Date(0));
  for (let n = 0; n < 25_000; n++) assert.equal(weekNumber(core.weekOf(new Date(n * 604_800_000))), weekNumber(first) + n);
  assert.equal(weekNumber("2025-W53"), weekNumber("2026-W01"));
  assert.equal(weekNumber("0000-W01") + 52, weekNumber("0001-W01"));
  const days = (code: string): Record<string, any> => wording.clocks.find((each) => each.code === code) ?? {};
  const whole = (count: number): number => Math.floor(count / 7);
  const { urgency, most, days: embargo } = days("embargo");
  assert.deepEqual(WEEKS, {
    hold: whole(days("hold")["days"]), feedback: whole(days("feedback")["most"]), reopen: whole(days("reopen")["days"]),
    embargo: whole(embargo), U1: whole(urgency.U1), U0: whole(urgency.U0), most: whole(most),
    "no-reply": whole(days("no-reply")["days"] + 6) + 1,
  });
});

test("postings are sorted, covered and worked for", async () => {
  const ours = await keysNamed("ours");
  const body = await core.makePosting(programme, [{ find: ours.find.public, open: ours.open.public, raw: core.utf8("x") }]);
  assert.equal(body.length, core.POSTING_BYTES);
  const { letters } = core.parsePosting(body);
  assert.equal((await core.findMatches(ours, letters.map((letter) => letter.slice(0, 40)), programme)).length, 1);
  const worked = await core.withEffort(body, new Uint8Array(32), 3);
  assert.ok(await core.effortOf(worked, new Uint8Array(32)) >= 3);
  assert.deepEqual(worked.slice(8), body.slice(8));
  const [first, second, ...rest] = letters;
  assert(first && second);
  await refuses("Malformed", () => core.parsePosting(core.concat(fixed("nonce", 8), second, first, ...rest)));
  await refuses("Malformed", () => core.parsePosting(core.concat(fixed("nonce", 8), first, first, ...rest)));
  await refuses("BadPoint", () => core.parsePosting(_assemble([new Uint8Array(core.LETTER_BYTES), second, ...rest], fixed("nonce", 8))));
});

test("segments, chains and blocks", async () => {
  const letters = Array.from({ length: 18 }, (_, i) => fixed(`letter ${i}`, core.LETTER_BYTES));
  const first = await buildSegment(programme, 1, WEEK, new Uint8Array(32), letters);
  const [one] = await core.parseSegments(first.bytes, programme);
  assert(one);
  const second = await buildSegment(programme, 2, WEEK, one.hash, letters.slice(0, 6));
  const segments = await core.parseSegments(core.concat(first.bytes, second.bytes), programme);
  const head = { v: 1, effort: 0, hash: core.toHex(segments[1]?.hash ?? P), number: 2, tick: 60, weeks: [WEEK] };
  core.checkChain(segments, core.parseHead(core.canonical(head)));
  await refuses("Mismatch", () => core.checkChain(segments, { ...head, number: 3 }));
  await refuses("Mismatch", () => core.checkChain([...segments].reverse()));
  await refuses("Mismatch", () => core.parseSegments(first.bytes, fixed("another", 32)));
  await refuses("Malformed", () => core.parseSegments(first.bytes.slice(0, -1), programme));
  assert.equal((await core.lettersOf(one, 1, first.blocks[1] ?? P)).length, 2);
  await refuses("Mismatch", () => core.lettersOf(one, 0, first.blocks[1] ?? P));
  const all = Array.from({ length: 20 }, (_, b): core.BlockRef => [1, b]);
  assert.equal((await core.coverBlocks(fixed("cover", 32), all, [])).length, 4);
  const chosen = await core.coverBlocks(fixed("cover", 32), all, all.slice(3, 8));
  assert.equal(chosen.length, 8);
  assert.deepEqual(await core.coverBlocks(fixed("cover", 32), [...all].reverse(), all.slice(3, 8)), chosen);
  assert.equal((await core.coverBlocks(fixed("cover", 32), all, all.slice(0, 17))).length, 20);
});

/** Letters sealed with known randomness: any implementation must open them, and seal the same bytes if it can inject as much. */
async function sealingVector(): Promise<unknown> {
  const id = fixed("sealing programme", 32);
  const entropy = fixed("sealing receipt", 16);
  const keys = await core.keysOf(entropy, id);
  const cases = [];
  for (const [name, message] of [["cover", new Uint8Array(0)], ["short", core.utf8("They run it inside.")], ["longest", fixed("longest", core.EVENT_MAX)]] as const) {
    const [r, ekm] = [fixed(`r ${name}`, 32), fixed(`ekm ${name}`, 64)];
    const letter = await _sealLetter(id, keys.find.public, keys.open.public, message, { r, ekm });
    const sha256 = createHash("sha256").update(letter).digest("hex");
    cases.push({ name, r: core.toHex(r), ekm: core.toHex(ekm), message_sha256: createHash("sha256").update(message).digest("hex"),
      message_bytes: message.length, clue: core.toHex(letter.subarray(0, 40)), letter_sha256: sha256, letter: core.toB64(letter) });
  }
  return {
    programme: core.toHex(id), entropy: core.toHex(entropy), words: await core.wordsOf(entropy),
    find: core.toHex(keys.find.public), open: core.toB64(keys.open.public), sign: core.toHex(keys.sign.public), cover: core.toHex(keys.cover),
    cases,
  };
}

test("sealing with known randomness gives the bytes of the vector", async () => {
  const text = `${JSON.stringify(await sealingVector(), null, 1)}\n`;
  if (process.env["WRITE_VECTORS"] === "1") writeFileSync(SEALING, text);
  assert.equal(readFileSync(SEALING, "utf8"), text);
});

test("a private handle cannot be exported", async () => {
  const pair = await pairOf("Ed25519", fixed("seed", 32));
  assert.equal(pair.private.extractable, false);
});

/** Bytes in which every run is the same: SHA-256 of a seed and a counter. */
function seeded(seed: string): (length: number) => Bytes {
  let block = new Uint8Array(), used = 0, count = 0;
  return (length) => {
    if (used + length > block.length) [block, used] = [fixed(`${seed} ${count++}`, 4096), 0];
    return block.slice(used, used += length) as Bytes;
  };
}

test("draws are uniform: chi-square over the 60 ordered choices of three readers out of five", () => {
  // 59 degrees of freedom, 99.9 % below 98.3. The same of the reserves: the 20 ordered choices of the two who are left.
  const random = seeded("uniform"), draws = 12_000;
  const readers = new Map<string, number>(), reserves = new Map<string, number>();
  for (let n = 0; n < draws; n++) {
    const drawn = core.draw([0, 1, 2, 3, 4], random);
    for (const [counts, key] of [[readers, drawn.readers.join()], [reserves, drawn.reserves.join()]] as const) {
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  for (const [counts, cells, below] of [[readers, 60, 98.3], [reserves, 20, 43.8]] as const) {
    assert.equal(counts.size, cells);
    const chi = [...counts.values()].reduce((sum, seen) => sum + (seen - draws / cells) ** 2 / (draws / cells), 0);
    assert.ok(chi < below, `chi-square ${chi.toFixed(1)}`);
  }
});

/** PROTOCOL section 8 said again, without the code under test. */
test("over random rosters nobody is drawn who may not read, and whoever may is drawn or held in reserve", () => {
  const random = seeded("rosters");
  const below = (size: number): number => (random(1)[0] as number) % size;
  const oneOf = <T>(values: readonly T[]): T => values[below(values.length)] as T;
  const rarely = <T>(odd: () => T, plain: T): T => (below(6) === 0 ? odd() : plain);
  const today = new Date("2026-11-21T12:00:00Z"), key = core.toB64(new Uint8Array(1216));
  const near = (): string => `2026-11-${19 + below(5)}`;
  let sent = 0, left = 0;
  for (let round = 0; round < 400; round++) {
    const reviewers = Array.from({ length: below(9) }, (_, n) => ({
      name: `R${n}`, sign: `${n}`.repeat(64),
      from: rarely(near, "2026-01-01"), to: rarely(near, "2026-12-31"), ended: rarely(() => "RESIGNED", ""), paused: rarely(near, ""),
      open: [{ quarter: rarely(() => "2027-Q1", "2026-Q4"), key }],
      ties: rarely(() => [{
        lab: oneOf(["Lab", " lAB", "Other"]), category: oneOf(["EMPLOYMENT", "OFFER", "FRIEND", "COMPETITOR"]),
        until: oneOf(["", "2024-11-20", "2024-11-21", "2024-11-22", "2027-01-01"]),
      }], []),
      groups: rarely(() => ["A"], ["A", "B", "C", "D"]), languages: rarely(() => ["Chinese"], ["english "]),
    }));
    const suspensions = reviewers.slice(0, below(2)).map(({ sign }) => ({ sign, from: near(), until: near(), reason: "OTHER" }));
    const want = {
      lab: oneOf(["", "lab", "LAB "]), groups: oneOf([[], ["A"], ["A", "C"]]), language: oneOf(["", "English"]),
      exclude: new Set(reviewers.filter(() => below(10) === 0).map(({ sign }) => sign)),
    };
    const may = reviewers.filter((one) => !want.exclude.has(one.sign)
      && !suspensions.some(({ sign, from, until }) => sign === one.sign && from <= "2026-11-21" && until >= "2026-11-21")
      && one.from <= "2026-11-21" && one.to >= "2026-11-21" && one.paused < "2026-11-21" && one.open[0]?.quarter === "2026-Q4"
      && !(want.lab !== "" && one.ties.some(({ lab, category, until }) => lab !== "Other" && "EMPLOYMENT OFFER".includes(category)
        && (until === "" || until > "2024-11-21")))
      && want.groups.every((group) => one.groups.includes(group)) && (want.language === "" || one.languages[0] === "english "));
    const tree = { roster: { reviewers }, suspensions } as unknown as core.Tree;
    const { readers, reserves } = core.draw(core.eligible(tree, want, today), random);
    assert.equal(readers.length, Math.min(3, may.length));
    assert.deepEqual(new Set([...readers, ...reserves].map(({ name }) => name)), new Set(may.map(({ name }) => name)));
    if (may.length > 1) sent++;
    left += reviewers.length - may.length;
  }
  assert.ok(sent > 150 && left > 400, `${sent} rounds with a draw, ${left} left out`);
});
