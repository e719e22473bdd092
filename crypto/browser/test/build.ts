/** Writers that only tests need. */

import { LABELS } from "../constants.ts";
import { compare, concat, u32, u64, utf8, type Bytes } from "../encoding.ts";
import { sha256 } from "../primitives.ts";

/** A segment and its blocks from letters in any order; the inverse of parseSegments. */
export async function buildSegment(
  programme: Bytes, number: number, week: string, previous: Bytes, letters: readonly Bytes[],
): Promise<{ bytes: Bytes; blocks: Bytes[] }> {
  const sorted = [...letters].sort(compare);
  const blocks = Array.from({ length: Math.ceil(sorted.length / 16) }, (_, b) => concat(...sorted.slice(b * 16, (b + 1) * 16)));
  const hashes = await Promise.all(blocks.map((block) => sha256(block)));
  const clues = sorted.map((letter) => letter.subarray(0, 40));
  const head = [utf8(LABELS.segment), programme, u64(number), utf8(week), previous, u32(sorted.length)];
  return { bytes: concat(...head, ...clues, ...hashes), blocks };
}
