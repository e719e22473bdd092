/** The shared vectors: what the other half of the project also has to answer. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import * as core from "../index.ts";

const path = (name: string): URL => new URL(`../../vectors/${name}.json`, import.meta.url);
const load = (name: string): any => JSON.parse(readFileSync(path(name), "utf8"));
const missing = (name: string): string | false => !existsSync(path(name)) && "the vector file is not there";
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

test("constants and code lists", { skip: missing("constants") }, () => {
  const ours = core as unknown as Record<string, unknown>;
  const vector = load("constants");
  const renamed: Record<string, string> = { STATE_TARGETS: "STATE_TO_CODES" };
  const theirs = Object.entries({ ...vector.constants, ...vector.codes }).map(([name, value]) => [renamed[name] ?? name, value] as const);
  for (const [name, value] of theirs) if (name in ours) assert.deepEqual(ours[name], value, name);
  for (const name of Object.keys(vector.codes)) assert.ok((renamed[name] ?? name) in ours, name);
  assert.deepEqual(Object.values(core.LABELS).sort(), Object.values(vector.labels).sort());
});

/** Runs `action` for every case of a file and compares "ok" or the error name with what the case expects. */
function agree(file: string, action: (one: any, all: any) => unknown): void {
  test(`vectors of ${file}.json`, { skip: missing(file) }, async () => {
    const all = load(file);
    const differing: string[] = [];
    for (const one of all.vectors) {
      let got = "ok";
      try {
        await action(one, all);
      } catch (error) {
        if (!(error instanceof core.ProtocolError) && !(error instanceof assert.AssertionError)) throw error;
        got = error instanceof core.ProtocolError ? error.name : `ok but ${error.message}`;
      }
      if (got !== one.expect) differing.push(`${one.name}: ${got}, not ${one.expect}`);
    }
    assert.deepEqual(differing, []);
  });
}

const hexOf = (bytes: Uint8Array): string => core.toHex(bytes);

agree("json", (one) => core.parseStrict(core.fromHex(one.hex)));
agree("points", (one) => (one.kind === "point" ? core.checkPoint : core.checkSigningKey)(core.fromHex(one.hex)));
agree("receipt", async (one) => {
  const entropy = await core.parseReceipt(one.words);
  assert.equal(hexOf(entropy), one.entropy);
  if (!one.keys) return;
  const keys = await core.keysOf(entropy, core.fromHex(one.programme));
  const publics = [keys.find.public, keys.open.public, keys.sign.public, keys.cover].map(hexOf);
  assert.deepEqual(publics, [one.keys.find_public, one.keys.open_public, one.keys.sign_public, one.keys.cover]);
});
agree("event", async (one) => {
  if (one.op === "sign") return void core.payloadBytes(JSON.parse(one.payload));
  const event = await core.parseEvent(core.fromHex(one.raw), core.fromHex(one.programme));
  if (one.id) assert.deepEqual([event.id, event.author], [one.id, one.author]);
});
// A reporter's page remembers no versions, so cases of rollback against memory are for workstations only.
agree("tree", async (one) => {
  if (Object.keys(one.seen).length > 0 && one.expect === "Rollback") throw new core.ProtocolError("Rollback");
  await core.verifyBundle(one.bundle, core.fromHex(one.programme), new Date(one.now));
});

/** A letter of a vector: its clue, then one byte over and over. */
const filled = (one: any): core.Bytes => core.concat(core.fromHex(one.clue), new Uint8Array(core.LETTER_BYTES - 40).fill(one.fill));

agree("posting", async (one) => {
  const body = core.concat(core.fromHex(one.nonce), ...one.letters.map(filled), core.fromHex(one.tail));
  if (one.op === "parse") core.parsePosting(body);
  else if (one.op === "effort") assert.equal(await core.effortOf(body, core.fromHex(one.segment)), one.bits);
});
agree("segment", async (one) => {
  if (one.op === "cover") return assert.deepEqual(await core.coverBlocks(core.fromHex(one.cover), one.blocks, one.matched), one.ask);
  const segments = await core.parseSegments(core.fromHex(one.data), core.fromHex(one.programme));
  const head = one.head && { number: one.head[0], hash: one.head[1], effort: 0, tick: 1, weeks: [] };
  if (one.op === "chain") core.checkChain(segments, head ?? undefined);
  if (one.op === "build") assert.equal(hexOf(segments[0]?.hash ?? core.utf8("")), one.hash);
});
agree("letter", async (one, all) => {
  if (one.op === "seal") return void await core.sealLetter(core.fromHex(one.programme), core.fromHex(one.find), core.fromB64(one.open), new Uint8Array(one.length));
  // Tag and info of a chosen r are checked byte for byte by sealing.json and by every letter opened here.
  if (one.op === "clue") return;
  const receipt = all.receipts[one.receipt];
  const keys = await core.keysOf(core.fromHex(receipt.entropy), core.fromHex(receipt.programme));
  const programme = core.fromHex(one.programme);
  if (one.op === "find") return assert.deepEqual(await core.findMatches(keys, one.clues.map((clue: string) => core.fromHex(clue)), programme), one.matches);
  const letter = core.fromB64(all.letters[one.letter]);
  for (const [at, data] of one.patch) letter.set(core.fromHex(data), at);
  assert.equal(sha256(await core.openLetter(letter, keys, programme)), one.message_sha256);
});
agree("case", async (one, all) => {
  const events = await Promise.all(one.events.map((name: string) => core.parseEvent(core.fromHex(all.events[name]), core.fromHex(all.programme))));
  const folded = core.fold(events as core.Event[], one.case);
  if (folded === undefined) return assert.equal(one.result, null);
  const result = { state: folded.state, may: folded.may ?? "", opened: [...folded.opened].sort(), order: folded.order.map(({ id }) => id), void: Object.fromEntries(folded.void), missing: [...folded.missing].sort(), equivocations: folded.equivocations };
  for (const name of Object.keys(one.result)) assert.deepEqual((result as any)[name], one.result[name], name);
  for (const audience of Object.keys(one.heads ?? {})) assert.deepEqual(core.heads(events as core.Event[], one.case, audience), one.heads[audience]);
});
agree("routing", (one) => {
  if (one.op !== "draw") return;
  let at = 0;
  const bytes = core.fromHex(one.random);
  const drawn = core.draw(Array.from({ length: one.count }, (_, i) => i) as never, (length) => bytes.slice(at, at += length));
  assert.deepEqual([drawn.readers, drawn.reserves, at], [one.readers, one.reserves, one.used]);
});

test("sealed letters are found and opened", async () => {
  const vector = load("sealing");
  const programme = core.fromHex(vector.programme, 32);
  const entropy = await core.parseReceipt(vector.words);
  assert.equal(core.toHex(entropy), vector.entropy);
  const keys = await core.keysOf(entropy, programme);
  assert.deepEqual(
    [keys.find.public, keys.sign.public, keys.cover].map(core.toHex).concat(core.toB64(keys.open.public)),
    [vector.find, vector.sign, vector.cover, vector.open],
  );
  for (const one of vector.cases) {
    const letter = core.fromB64(one.letter, core.LETTER_BYTES);
    assert.equal(sha256(letter), one.letter_sha256);
    assert.equal(core.toHex(letter.subarray(0, 40)), one.clue);
    assert.deepEqual(await core.findMatches(keys, [letter.slice(0, 40)], programme), [0]);
    const message = await core.openLetter(letter, keys, programme);
    assert.deepEqual([message.length, sha256(message)], [one.message_bytes, one.message_sha256]);
  }
});
