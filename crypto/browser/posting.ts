/** Postings of six letters, and the effort they may need (PROTOCOL section 5). */

import { EFFORT_ITERATIONS, LABELS, LETTER_BYTES, NONCE_BYTES, POSTING_BYTES, SLOTS } from "./constants.ts";
import { compare, concat, utf8, type Bytes } from "./encoding.ts";
import { must } from "./errors.ts";
import { coverLetter, sealLetter } from "./letter.ts";
import { checkPoint } from "./points.ts";
import { breathe, randomBytes, sha256 } from "./primitives.ts";

/** One real letter: public keys of the recipient and the event's bytes. */
export interface Slot {
  readonly find: Bytes;
  readonly open: Bytes;
  readonly raw: Bytes;
}

export interface Posting {
  readonly nonce: Bytes;
  readonly letters: readonly Bytes[];
}

const EFFORT_BATCH = 8;

/** A body from six letters in any order. */
export function _assemble(letters: readonly Bytes[], nonce: Bytes): Bytes {
  must(letters.length === SLOTS && nonce.length === NONCE_BYTES, "Malformed", "a posting has six letters");
  return concat(nonce, ...[...letters].sort(compare));
}

/** Seals up to six slots, fills with cover, sorts: POSTING_BYTES with a random nonce. TooLong if there are more than six. */
export async function makePosting(programme: Bytes, slots: readonly Slot[]): Promise<Bytes> {
  must(slots.length <= SLOTS, "TooLong", "a posting has six letters");
  const letters: Bytes[] = [];
  for (let i = 0; i < SLOTS; i++) {
    const slot = slots[i];
    letters.push(slot ? await sealLetter(programme, slot.find, slot.open, slot.raw) : await coverLetter(programme));
    await breathe();
  }
  return _assemble(letters, randomBytes(NONCE_BYTES));
}

/** Splits a body and makes the checks that need no state: Malformed, BadPoint. */
export function parsePosting(body: Bytes): Posting {
  must(body.length === POSTING_BYTES, "Malformed", "a posting has 98,312 bytes");
  const letters = Array.from({ length: SLOTS }, (_, i) => body.slice(NONCE_BYTES + i * LETTER_BYTES, NONCE_BYTES + (i + 1) * LETTER_BYTES));
  const points = letters.map((letter) => letter.subarray(0, 32));
  points.forEach(checkPoint);
  const ascending = points.every((point, i) => i === 0 || compare(points[i - 1] ?? point, point) < 0);
  must(ascending, "Malformed", "letters are not ascending");
  return { nonce: body.slice(0, NONCE_BYTES), letters };
}

function leadingZeroBits(bytes: Uint8Array): number {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("");
  const first = bits.indexOf("1");
  return first < 0 ? bits.length : first;
}

async function effort(nonce: Bytes, salt: Bytes): Promise<number> {
  const key = await crypto.subtle.importKey("raw", nonce, "PBKDF2", false, ["deriveBits"]);
  const parameters = { name: "PBKDF2", hash: "SHA-256", salt, iterations: EFFORT_ITERATIONS };
  return leadingZeroBits(new Uint8Array(await crypto.subtle.deriveBits(parameters, key, 256)));
}

async function saltOf(body: Bytes, segmentHash: Bytes): Promise<Bytes> {
  return concat(utf8(LABELS.effort), segmentHash, await sha256(body.subarray(NONCE_BYTES)));
}

/** Leading zero bits of a posting's effort against one segment hash (32 bytes; zeros when there is no segment). */
export async function effortOf(body: Bytes, segmentHash: Bytes): Promise<number> {
  return effort(body.slice(0, NONCE_BYTES), await saltOf(body, segmentHash));
}

/** The same letters with a nonce of at least `bits` effort; `onProgress` is told the number of nonces tried. */
export async function withEffort(
  body: Bytes, segmentHash: Bytes, bits: number, onProgress?: (tried: number) => void,
): Promise<Bytes> {
  must(body.length === POSTING_BYTES && segmentHash.length === 32, "Malformed", "not a posting or not a hash");
  if (bits <= 0) return body;
  const salt = await saltOf(body, segmentHash);
  for (let tried = 0; ; tried += EFFORT_BATCH) {
    const nonces = Array.from({ length: EFFORT_BATCH }, () => randomBytes(NONCE_BYTES));
    const efforts = await Promise.all(nonces.map((nonce) => effort(nonce, salt)));
    const good = nonces.find((_, i) => (efforts[i] ?? 0) >= bits);
    if (good !== undefined) return concat(good, body.subarray(NONCE_BYTES));
    onProgress?.(tried + EFFORT_BATCH);
    await breathe();
  }
}
