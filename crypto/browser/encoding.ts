/** Bytes, integers, text encodings and the one spelling of JSON (PROTOCOL sections 1 and 6). */

import { DEPTH_MAX } from "./constants.ts";
import { must, ProtocolError } from "./errors.ts";

/** Bytes over a plain ArrayBuffer: the only kind WebCrypto takes. */
export type Bytes = Uint8Array<ArrayBuffer>;
export type Json = string | number | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

const encoder = new TextEncoder();

export const utf8 = (text: string): Bytes => encoder.encode(text);

export function concat(...parts: Uint8Array[]): Bytes {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Big-endian integers. */
export const u16 = (value: number): Bytes => fromHex(value.toString(16).padStart(4, "0"), 2);
export const u32 = (value: number): Bytes => fromHex(value.toString(16).padStart(8, "0"), 4);
export const u64 = (value: number): Bytes => fromHex(value.toString(16).padStart(16, "0"), 8);

/** Reads a big-endian integer; Malformed above 2^53 − 1. */
export function readInt(bytes: Uint8Array): number {
  let value = 0;
  for (const byte of bytes) value = value * 256 + byte;
  must(Number.isSafeInteger(value), "Malformed", "integer out of range");
  return value;
}

/** lp(x) = u16(length) ‖ x. */
export const lp = (bytes: Uint8Array): Bytes => concat(u16(bytes.length), bytes);

/** −1, 0 or 1: order of two byte strings. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return Math.sign(difference);
  }
  return Math.sign(a.length - b.length);
}

export const equal = (a: Uint8Array, b: Uint8Array): boolean => compare(a, b) === 0;

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Strict: lower case, even length, and `length` bytes when given; else Malformed. */
export function fromHex(text: string, length?: number): Bytes {
  must(/^(?:[0-9a-f]{2})*$/.test(text), "Malformed", "not lower-case hex");
  const out = Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  must(length === undefined || out.length === length, "Malformed", "hex of another length");
  return out;
}

/** RFC 4648 section 5 without padding. */
export function toB64(bytes: Uint8Array): string {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** Strict inverse of toB64: refuses (Malformed) whatever does not re-encode to the same text. */
export function fromB64(text: string, length?: number): Bytes {
  must(/^[A-Za-z0-9_-]*$/.test(text) && text.length % 4 !== 1, "Malformed", "not base64url");
  const out = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
  must(toB64(out) === text, "Malformed", "base64url with stray bits");
  must(length === undefined || out.length === length, "Malformed", "base64url of another length");
  return out;
}

/** A list is none. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function writeString(text: string): string {
  // With the u flag \p{Cs} matches only surrogates that are not part of a pair.
  must(!/\p{Cs}/u.test(text) && !text.includes("\0"), "Malformed", "lone surrogate or U+0000");
  return JSON.stringify(text);
}

function write(value: unknown, depth: number): string {
  if (typeof value === "string") return writeString(value);
  if (typeof value === "number") {
    must(Number.isSafeInteger(value) && value >= 0, "Malformed", "number that is not an integer of 0 to 2^53 - 1");
    return String(value);
  }
  must(depth < DEPTH_MAX, "Malformed", "too deep");
  if (Array.isArray(value)) return `[${value.map((item) => write(item, depth + 1)).join(",")}]`;
  must(isObject(value), "Malformed", "null or boolean");
  // The default sort compares UTF-16 code units, which is what RFC 8785 asks for.
  return `{${Object.keys(value).sort().map((name) => `${writeString(name)}:${write(value[name], depth + 1)}`).join(",")}}`;
}

/** The one spelling of a value (section 6); Malformed if it has none. An outermost object is at depth 1. */
export function canonical(value: unknown): Bytes {
  return utf8(write(value, 0));
}

/** JSON text of any spelling from UTF-8 bytes; Malformed otherwise. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw new ProtocolError("Malformed", "not JSON in UTF-8");
  }
}

/** An object in its one spelling: parsed, written again and compared, which also catches repeated names. */
export function parseStrict(bytes: Uint8Array): JsonObject {
  const value = parseJson(bytes);
  must(isObject(value), "Malformed", "not an object");
  must(equal(canonical(value), bytes), "Malformed", "not the canonical spelling");
  return value as JsonObject;
}

/** A week that the ISO calendar has, of the years 2000 to 2199, as `2026-W47`. Weeks compare as text. */
export function isWeek(text: unknown): text is string {
  if (typeof text !== "string" || !/^2[01]\d\d-W\d\d$/.test(text)) return false;
  const year = text.slice(0, 4);
  // 28 December is always in the last week of its year.
  return `${year}-W01` <= text && text <= weekOf(new Date(`${year}-12-28`));
}

/** Weeks as integers in a row. */
export function weekNumber(week: string): number {
  const years = Number(week.slice(0, 4)) - 1;
  // Days from Monday, 1 January of the year 1 to 4 January, which is always in W01.
  const days = 365 * years + Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400) + 3;
  return Math.floor(days / 7) + Number(week.slice(6)) - 1;
}

/** The ISO 8601 week of a moment, in UTC. */
export function weekOf(moment: Date): string {
  const day = new Date(Date.UTC(moment.getUTCFullYear(), moment.getUTCMonth(), moment.getUTCDate()));
  // The year of a week is the year of its Thursday.
  day.setUTCDate(day.getUTCDate() + 4 - (day.getUTCDay() || 7));
  const year = day.getUTCFullYear();
  const week = Math.floor((day.getTime() - Date.UTC(year, 0, 1)) / 604800000) + 1;
  return `${year}-W${String(week).padStart(2, "0")}`;
}
