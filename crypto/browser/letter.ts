/** Letters: sealing, finding and opening (PROTOCOL section 4). */

import { Aes256Gcm, CipherSuite, HkdfSha256 } from "@hpke/core";
import { XWing } from "@hpke/hybridkem-x-wing";
import { CLUE_BYTES, ENC_BYTES, EVENT_MAX, LABELS, LETTER_BYTES, PLAIN_BYTES, TAG_BYTES } from "./constants.ts";
import { concat, equal, lp, readInt, u32, utf8, type Bytes } from "./encoding.ts";
import { must, ProtocolError } from "./errors.ts";
import { checkPoint } from "./points.ts";
import { agree, breathe, pairOf, randomBytes, sha256, type KeyPair } from "./primitives.ts";

/** What a party needs to find and to open its letters. */
export interface ReceiveKeys {
  readonly find: KeyPair;
  readonly open: KeyPair;
}

/** Randomness of one letter, given only by tests: an X25519 private key and the 64 bytes of X-Wing's encapsulation. */
export interface LetterRandomness {
  readonly r: Bytes;
  readonly ekm?: Bytes;
}

const kem = new XWing();
const suite = new CipherSuite({ kem, kdf: new HkdfSha256(), aead: new Aes256Gcm() });
const SCAN_BATCH = 1024;
/** After the secret in the X9.63 KDF: its counter, 8 bytes need one round, and our label. */
const TAG_LABEL = concat(u32(1), utf8(LABELS.clue));

/** X-Wing pair from its 32-byte seed. */
export async function openPairOf(seed: Bytes): Promise<KeyPair> {
  const pair = await kem.generateKeyPairDerand(Uint8Array.from(seed));
  return { public: new Uint8Array(await kem.serializePublicKey(pair.publicKey)), private: pair.privateKey };
}

/** The eight bytes beside R by which its reader knows a letter. */
export async function tagOf(secret: Bytes, programme: Bytes, point: Bytes, find: Bytes): Promise<Bytes> {
  return (await sha256(secret, TAG_LABEL, programme, point, find)).slice(0, TAG_BYTES);
}

/** What HPKE binds a letter to. */
export function infoOf(programme: Bytes, point: Bytes, find: Bytes): Bytes {
  return concat(lp(utf8(LABELS.letter)), lp(programme), lp(point), lp(find));
}

/** Seals with the randomness given. For vectors; everything else calls sealLetter. */
export async function _sealLetter(
  programme: Bytes, find: Bytes, open: Bytes, message: Bytes, randomness: LetterRandomness,
): Promise<Bytes> {
  must(message.length <= EVENT_MAX, "TooLong", "an event has at most 15,204 bytes");
  const pair = await pairOf("X25519", randomness.r);
  checkPoint(pair.public);
  const tag = await tagOf(await agree(pair.private, find), programme, pair.public, find);
  const plain = new Uint8Array(PLAIN_BYTES);
  plain.set(u32(message.length));
  plain.set(message, 4);
  const info = infoOf(programme, pair.public, find);
  try {
    const recipientPublicKey = await kem.deserializePublicKey(open);
    const { enc, ct } = await suite.seal({ recipientPublicKey, info, ...(randomness.ekm && { ekm: randomness.ekm }) }, plain);
    return concat(pair.public, tag, new Uint8Array(enc), new Uint8Array(ct));
  } catch {
    throw new ProtocolError("BadKey", "not an open key");
  }
}

/** Seals `message` (0 to EVENT_MAX bytes) to a find and an open key: LETTER_BYTES. TooLong, BadPoint, BadKey. */
export function sealLetter(programme: Bytes, find: Bytes, open: Bytes, message: Bytes): Promise<Bytes> {
  return _sealLetter(programme, find, open, message, { r: randomBytes(32) });
}

/** A letter of zero length to keys that nobody holds. */
export async function coverLetter(programme: Bytes): Promise<Bytes> {
  const find = await pairOf("X25519", randomBytes(32));
  const open = await openPairOf(randomBytes(32));
  return sealLetter(programme, find.public, open.public, new Uint8Array(0));
}

async function isOurs(keys: Pick<ReceiveKeys, "find">, clue: Bytes, programme: Bytes): Promise<boolean> {
  const point = clue.slice(0, 32);
  try {
    return equal(await tagOf(await agree(keys.find.private, point), programme, point, keys.find.public), clue.subarray(32, CLUE_BYTES));
  } catch {
    // A bad point is nobody's letter and must not end the batch it stands in.
    return false;
  }
}

/** Indices of the clues (40 bytes each) that are for these keys, ascending. Works in batches and lets the page breathe between them. */
export async function findMatches(
  keys: Pick<ReceiveKeys, "find">, clues: readonly Bytes[], programme: Bytes, onProgress?: (done: number, total: number) => void,
): Promise<number[]> {
  const found: number[] = [];
  for (let from = 0; from < clues.length; from += SCAN_BATCH) {
    const batch = clues.slice(from, from + SCAN_BATCH);
    const ours = await Promise.all(batch.map((clue) => isOurs(keys, clue, programme)));
    ours.forEach((yes, i) => yes && found.push(from + i));
    onProgress?.(from + batch.length, clues.length);
    await breathe();
  }
  return found;
}

/** The message of a letter; zero length means cover. NotForUs, BadPadding, BadPoint, Malformed. */
export async function openLetter(letter: Bytes, keys: ReceiveKeys, programme: Bytes): Promise<Bytes> {
  must(letter.length === LETTER_BYTES, "Malformed", "a letter has 16,384 bytes");
  const point = letter.slice(0, 32);
  checkPoint(point);
  const info = infoOf(programme, point, keys.find.public);
  const enc = letter.slice(CLUE_BYTES, CLUE_BYTES + ENC_BYTES);
  let plain: Bytes;
  try {
    plain = new Uint8Array(await suite.open({ recipientKey: keys.open.private, enc, info }, letter.slice(CLUE_BYTES + ENC_BYTES)));
  } catch {
    throw new ProtocolError("NotForUs", "the letter does not open");
  }
  const length = readInt(plain.subarray(0, 4));
  must(length <= EVENT_MAX && plain.subarray(4 + length).every((byte) => byte === 0), "BadPadding", "padding is not zero");
  return plain.slice(4, 4 + length);
}
