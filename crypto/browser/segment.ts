/** Segments, blocks, the head file and the blocks a reporter asks for (PROTOCOL section 7). */

import { BLOCK_LETTERS, CLUE_BYTES, COVER_BLOCKS_MIN, LABELS, LETTER_BYTES } from "./constants.ts";
import { compare, equal, isWeek, readInt, toHex, u32, u64, utf8, weekNumber, type Bytes } from "./encoding.ts";
import { must } from "./errors.ts";
import { sha256 } from "./primitives.ts";
import { hex32, int, list, object, parseFile, type Of } from "./schema.ts";

export interface Segment {
  readonly programme: Bytes;
  readonly number: number;
  readonly week: string;
  readonly previous: Bytes;
  readonly clues: readonly Bytes[];
  readonly blockHashes: readonly Bytes[];
  readonly hash: Bytes;
}

/** Number of a segment and of a block in it. */
export type BlockRef = readonly [segment: number, block: number];

const HEAD = object({ v: int(), effort: int(), hash: hex32, number: int(), tick: int(), weeks: list(isWeek) });
export type Head = Omit<Of<typeof HEAD>, "v">;
const FIXED_BYTES = LABELS.segment.length + 32 + 8 + 8 + 32 + 4;

/** `/files/head.json`; Malformed, WrongVersion. */
export const parseHead = (bytes: Uint8Array): Head => parseFile(bytes, HEAD);

/** Equal pieces of `bytes`; the rest is left out. */
function pieces(bytes: Bytes, size: number): Bytes[] {
  return Array.from({ length: Math.floor(bytes.length / size) }, (_, i) => bytes.slice(i * size, (i + 1) * size));
}

const blocksOf = (count: number): number => Math.ceil(count / BLOCK_LETTERS);

/** One segment from the start of `bytes`, and its length. */
async function parseOne(bytes: Bytes, programme: Bytes): Promise<[Segment, number]> {
  must(bytes.length >= FIXED_BYTES, "Malformed", "a segment is cut off");
  let at = 0;
  const take = (length: number): Bytes => bytes.slice(at, at += length);
  must(equal(take(LABELS.segment.length), utf8(LABELS.segment)), "Malformed", "not a segment");
  const [id, numberBytes, weekBytes, previous, count] = [take(32), take(8), take(8), take(32), readInt(take(4))];
  must(bytes.length >= at + count * CLUE_BYTES + blocksOf(count) * 32, "Malformed", "a segment is cut off");
  must(equal(id, programme), "Mismatch", "a segment of another programme");
  const [number, week] = [readInt(numberBytes), String.fromCharCode(...weekBytes)];
  must(number >= 1 && count >= 1 && isWeek(week), "Malformed", "number, week or count of a segment");
  const clues = pieces(take(count * CLUE_BYTES), CLUE_BYTES);
  const blockHashes = pieces(take(blocksOf(count) * 32), 32);
  const ascending = clues.every((clue, i) => i === 0 || compare((clues[i - 1] ?? clue).subarray(0, 32), clue.subarray(0, 32)) < 0);
  must(ascending, "Malformed", "clues are not ascending");
  return [{ programme, number, week, previous, clues, blockHashes, hash: await sha256(bytes.subarray(0, at)) }, at];
}

/** Segments one after another, as in `/files/clues/WEEK`. Malformed, Mismatch. */
export async function parseSegments(bytes: Bytes, programme: Bytes): Promise<Segment[]> {
  const segments: Segment[] = [];
  for (let at = 0; at < bytes.length;) {
    const [segment, length] = await parseOne(bytes.subarray(at), programme);
    segments.push(segment);
    at += length;
  }
  return segments;
}

/** Mismatch unless each segment follows the one before it and, with a head, the newest is the head's. */
export function checkChain(segments: readonly Segment[], head?: Head): void {
  segments.forEach((segment, i) => {
    const before = segments[i - 1];
    const numbered = before === undefined || (segment.number === before.number + 1 && segment.week >= before.week);
    const previous = before?.hash ?? (segment.number === 1 ? new Uint8Array(32) : segment.previous);
    must(numbered && equal(segment.previous, previous), "Mismatch", `segment ${segment.number} does not follow`);
  });
  const newest = segments.at(-1);
  const [number, hash] = newest === undefined ? [0, "0".repeat(64)] : [newest.number, toHex(newest.hash)];
  must(head === undefined || (number === head.number && hash === head.hash), "Mismatch", "the newest segment is not the head's");
}

/** The letters of block `b`, after its hash and its clues were checked; Mismatch. The first is letter 16 b of the segment. */
export async function lettersOf(segment: Segment, b: number, block: Bytes): Promise<Bytes[]> {
  const hash = segment.blockHashes[b];
  must(hash !== undefined && equal(hash, await sha256(block)), "Mismatch", "a block has another hash");
  const letters = pieces(block, LETTER_BYTES);
  const clues = segment.clues.slice(b * BLOCK_LETTERS, (b + 1) * BLOCK_LETTERS);
  const same = clues.every((clue, i) => equal(clue, (letters[i] ?? clue).subarray(0, CLUE_BYTES)));
  must(same && block.length === clues.length * LETTER_BYTES, "Mismatch", "a block does not hold the letters of its clues");
  return letters;
}

/** Malformed for an event of a week more than one after that of the segment it came in: all that follows would be dated as late. */
export function checkDated(week: string, published: string): void {
  must(weekNumber(week) <= weekNumber(published) + 1, "Malformed", "an event is dated after its segment");
}

/** All blocks of some segments. */
export function blocksIn(segments: readonly Segment[]): BlockRef[] {
  return segments.flatMap((segment) => segment.blockHashes.map((_, b): BlockRef => [segment.number, b]));
}

/** The matched blocks and cover beside them, ascending: at least four and a power of two, as far as there are so many. */
export async function coverBlocks(cover: Bytes, all: readonly BlockRef[], matched: readonly BlockRef[]): Promise<BlockRef[]> {
  const wanted = new Set(matched.map(String));
  const others = all.filter((block) => !wanted.has(String(block)));
  const ranked = await Promise.all(others.map(async (block) => ({
    block,
    rank: await sha256(utf8(LABELS.cover), cover, u64(block[0]), u32(block[1])),
  })));
  ranked.sort((a, b) => compare(a.rank, b.rank));
  const chosen = all.filter((block) => wanted.has(String(block)));
  let size = COVER_BLOCKS_MIN;
  while (size < chosen.length) size *= 2;
  chosen.push(...ranked.slice(0, size - chosen.length).map(({ block }) => block));
  return chosen.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}
