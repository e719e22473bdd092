/** What the server sees of a reporter who looks: which files, in which order, and nothing of what is in them (PROTOCOL section 7). */

import assert from "node:assert/strict";
import { test } from "node:test";
import * as core from "../index.ts";
import { attempt } from "../dom.ts";
import { fetchHead, sentenceFor } from "../net.ts";
import { openMatches, wordsIn } from "../return.ts";
import { buildSegment } from "./build.ts";

const P = core.utf8("thirty-two bytes of a programme.");
const field = {};
Object.assign(globalThis, { document: { getElementById: () => field } });

/** A segment of 64 letters, of them `ours` to the receipt. */
async function segmentOf(number: number, previous: core.Segment | undefined, keys: core.ReceiptKeys, ours: number) {
  const cover = Array.from({ length: 64 - ours }, () =>
    core.concat(crypto.getRandomValues(new Uint8Array(40)), new Uint8Array(core.LETTER_BYTES - 40)));
  const sealed = Array.from({ length: ours }, () => core.sealLetter(P, keys.find.public, keys.open.public, new Uint8Array(0)));
  const letters = [...cover, ...await Promise.all(sealed)];
  const { bytes, blocks } = await buildSegment(P, number, "2026-W47", previous?.hash ?? new Uint8Array(32), letters);
  const [segment] = await core.parseSegments(bytes, P);
  assert(segment);
  return { segment, blocks };
}

test("a look asks for all its blocks before it opens a letter, past every cache, and a second look asks for the same", async () => {
  const keys = await core.keysOf(new Uint8Array(16), P);
  const first = await segmentOf(1, undefined, keys, 3);
  const [second, same] = [await segmentOf(2, first.segment, keys, 1), await segmentOf(2, first.segment, keys, 0)];
  const current = { keys, programme: P, skipped: 0 };
  let log: string[] = [];
  const decrypt = crypto.subtle.decrypt.bind(crypto.subtle);
  crypto.subtle.decrypt = (...given) => { log.push("opened"); return decrypt(...given); };
  const look = async (...seen: (typeof first)[]): Promise<string[]> => {
    log = [];
    globalThis.fetch = async (path, init) => {
      assert.equal(init?.cache, "no-store");
      log.push(String(path));
      const [segment = 0, block = 0] = String(path).split("/").slice(-2).map(Number);
      return new Response(seen[segment - 1]?.blocks[block]);
    };
    await openMatches(current, seen.map(({ segment }) => segment));
    const opened = log.indexOf("opened");
    assert.ok(opened > 0 && log.slice(opened).every((each) => each === "opened"), log.join());
    return log.slice(0, opened);
  };
  const asked = await look(first);
  assert.ok(asked.length === 4 && asked.every((path) => path.startsWith("/files/letters/1/")), asked.join());
  assert.deepEqual(await look(first), asked);
  // With and without a new letter nothing but the blocks of section 7 differs.
  for (const more of [second, same]) {
    const ours = [first, more].map(({ segment }) => core.findMatches(keys, [...segment.clues], P));
    const matched = (await Promise.all(ours)).flatMap((at, i) => at.map((each): core.BlockRef => [i + 1, Math.floor(each / 16)]));
    const blocks = await core.coverBlocks(keys.cover, core.blocksIn([first.segment, more.segment]), matched);
    assert.deepEqual(await look(first, more), blocks.map(([segment, block]) => `/files/letters/${segment}/${block}`));
  }
});

test("twelve words are taken as they may stand on paper", () => {
  assert.deepEqual(wordsIn("1. Zoo,\r\n\t2) zone\u00a0–\ufeff „ＡＢＡＮＤＯＮ“\n"), ["zoo", "zone", "abandon"]);
});

test("one action at a time: a second does not begin, and takes nothing from the first", async () => {
  Object.assign(field, { focus() {}, scrollIntoView() {} });
  let [end, runs, told] = [(): void => {}, 0, 0];
  attempt(() => new Promise((resolve) => { end = resolve; }), () => (told += 1));
  attempt(async () => void (runs += 1), () => (told += 1));
  assert.deepEqual([runs, told], [0, 1]);
  end();
  await new Promise((resolve) => setTimeout(resolve));
  attempt(async () => void (runs += 1), () => {});
  assert.deepEqual([runs, told], [1, 2]);
});

test("a file that cannot be had is asked for four times, whatever the answer, and then it is said", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  for (const answer of [() => Promise.reject(new TypeError("no network")), async () => new Response("", { status: 503 })]) {
    let asked = 0;
    globalThis.fetch = () => { asked += 1; return answer(); };
    let end: unknown;
    fetchHead().catch((error: unknown) => { end = error; });
    for (let turn = 0; turn < 20; turn++) {
      for (let i = 0; i < 10; i++) await Promise.resolve();
      t.mock.timers.tick(10_000);
    }
    assert.deepEqual([asked, sentenceFor(end).slice(0, 33)], [4, "The server could not be reached. "]);
  }
});
