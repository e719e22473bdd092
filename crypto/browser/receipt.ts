/** The receipt: twelve words, and the keys that come from them (PROTOCOL section 3). */

import { wordlist } from "@scure/bip39/wordlists/english.js";
import { LABELS } from "./constants.ts";
import { utf8, type Bytes } from "./encoding.ts";
import { must } from "./errors.ts";
import { openPairOf, type ReceiveKeys } from "./letter.ts";
import { hkdf, pairOf, randomBytes, sha256, type KeyPair } from "./primitives.ts";

export interface ReceiptKeys extends ReceiveKeys {
  readonly sign: KeyPair;
  /** Key that chooses cover blocks (section 7). */
  readonly cover: Bytes;
}

const WORDS = 12;
const CUT = 4;

async function checksumOf(entropy: Bytes): Promise<string> {
  const [first = 0] = await sha256(entropy);
  return first.toString(2).padStart(8, "0").slice(0, 4);
}

/** Twelve words for sixteen bytes. */
export async function wordsOf(entropy: Bytes): Promise<string> {
  must(entropy.length === 16, "BadWords", "a receipt holds 16 bytes");
  const bits = Array.from(entropy, (byte) => byte.toString(2).padStart(8, "0")).join("") + await checksumOf(entropy);
  return (bits.match(/.{11}/g) ?? []).map((group) => wordlist[parseInt(group, 2)]).join(" ");
}

/** A fresh receipt. */
export async function newReceipt(): Promise<{ words: string; entropy: Bytes }> {
  const entropy = randomBytes(16);
  return { words: await wordsOf(entropy), entropy };
}

/** Index of a typed word; words may be cut to their first four letters or more. −1 if there is none. */
function indexOfWord(typed: string): number {
  const exact = wordlist.indexOf(typed);
  return exact >= 0 || typed.length < CUT ? exact : wordlist.findIndex((word) => word.startsWith(typed));
}

/** Words of the list that begin with `prefix`, for completion while typing. */
export function completions(prefix: string): string[] {
  const typed = prefix.trim().toLowerCase();
  return typed === "" ? [] : wordlist.filter((word) => word.startsWith(typed));
}

/** The sixteen bytes of typed words; BadWords if a word is unknown, missing or the checksum is wrong. */
export async function parseReceipt(words: string): Promise<Bytes> {
  const indices = words.trim().toLowerCase().split(/\s+/).map(indexOfWord);
  must(indices.length === WORDS, "BadWords", "a receipt has twelve words");
  must(indices.every((index) => index >= 0), "BadWords", "a word is not in the list");
  const bits = indices.map((index) => index.toString(2).padStart(11, "0")).join("");
  const entropy = Uint8Array.from(bits.slice(0, 128).match(/.{8}/g) ?? [], (group) => parseInt(group, 2));
  must(bits.slice(128) === await checksumOf(entropy), "BadWords", "the words do not fit together");
  return entropy;
}

/** The keys of a receipt within one programme. */
export async function keysOf(entropy: Bytes, programme: Bytes): Promise<ReceiptKeys> {
  const derive = (label: string): Promise<Bytes> => hkdf(entropy, programme, utf8(label), 32);
  return {
    find: await pairOf("X25519", await derive(LABELS.receiptFind)),
    open: await openPairOf(await derive(LABELS.receiptOpen)),
    sign: await pairOf("Ed25519", await derive(LABELS.receiptSign)),
    cover: await derive(LABELS.receiptCover),
  };
}
