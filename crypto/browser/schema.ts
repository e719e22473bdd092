/** The names and types of every kind of event (PROTOCOL section 6). */

import {
  ABOUT_CODES, AUDIENCES, BASIS_CODES, CLOSE_REASONS, DANGER_CODES, KNOWN_CODES, MAY_CODES, NO_REASON, PARENTS_MAX, PARTS_MAX,
  READERS, RESERVES_MAX, SELFCOPY_CODES, STAGE_CODES, STATE_TO_CODES, STATES, TALK_MAX,
  TEXT_MAX, VERSION,
} from "./constants.ts";
import { fromB64, fromHex, isWeek, utf8, type JsonObject } from "./encoding.ts";
import { must } from "./errors.ts";

export type Check = (value: unknown) => boolean;
type Shape = Readonly<Record<string, Check>>;

/** Does a function that throws accept the string? */
const accepted = (read: (text: string) => unknown): Check => (value) => {
  try {
    return typeof value === "string" && read(value) !== undefined;
  } catch {
    return false;
  }
};
const code = (...codes: readonly string[]): Check => (value) => codes.includes(value as string);
const text = (max: number): Check => (value) => typeof value === "string" && utf8(value).length <= max;
export const int = (min = 0, max = Number.MAX_SAFE_INTEGER): Check => (value) => typeof value === "number" && value >= min && value <= max;
export const list = (item: Check, min = 0, max = Infinity): Check => (value) =>
  Array.isArray(value) && value.length >= min && value.length <= max && value.every((entry) => item(entry));
const distinct = (check: Check): Check => (value) => check(value) && new Set(value as string[]).size === (value as string[]).length;
const sorted = (check: Check): Check => (value) => check(value) && [...value as string[]].sort().join() === (value as string[]).join();
export const hex32 = accepted((value) => fromHex(value, 32));
export const b64 = (length: number): Check => accepted((value) => fromB64(value, length));
const seen: Check = (value) => Array.isArray(value) && value.length === 2 && int()(value[0]) && hex32(value[1]);

/** An object with exactly the names of `shape`, each passing its check. */
export const object = (shape: Shape): Check => (value) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const members = value as Record<string, unknown>;
  return Object.keys(members).sort().join() === Object.keys(shape).sort().join()
    && Object.entries(shape).every(([name, check]) => check(members[name]));
};

/** WrongVersion if `v` is another integer than 1; Malformed if the object has not the shape. */
export function checkObject(value: JsonObject, check: Check): void {
  must(typeof value["v"] !== "number" || value["v"] === VERSION, "WrongVersion", "another version of the protocol");
  must(check(value), "Malformed", "other names or types than it must have");
}

const longText = text(TEXT_MAX);

const ANSWERS: Shape = {
  about: distinct(list(code(...ABOUT_CODES), 1, 3)),
  stage: code(...STAGE_CODES),
  organisation: text(200),
  danger: code(...DANGER_CODES),
  basis: code(...BASIS_CODES),
  known: code(...KNOWN_CODES),
  raised: text(2000),
  may: code(...MAY_CODES),
  promise: text(2000),
};

const EVERY: Shape = { v: int(VERSION, VERSION), kind: text(20), week: isWeek, seen, roster: int(), audience: code(...AUDIENCES) };
const FOLLOWING: Shape = { ...EVERY, case: hex32, prev: list(hex32, 0, 1), parents: sorted(distinct(list(hex32, 1, PARENTS_MAX))) };
const OPENING: Shape = {
  ...EVERY,
  find: hex32,
  open: b64(1216),
  readers: list(hex32, 2, READERS),
  reserves: list(hex32, 0, RESERVES_MAX),
  selfcopy: code(...SELFCOPY_CODES),
};

const KINDS: Readonly<Record<string, Shape>> = {
  report: { ...OPENING, answers: object(ANSWERS), text: longText, parts: int(0, PARTS_MAX) },
  stub: { ...OPENING, case: hex32 },
  part: { ...FOLLOWING, n: int(1, PARTS_MAX), text: longText },
  reply: { ...FOLLOWING, text: longText },
  choice: { ...FOLLOWING, may: code(...MAY_CODES) },
  withdraw: FOLLOWING,
  received: FOLLOWING,
  answer: { ...FOLLOWING, text: longText },
  note: { ...FOLLOWING, text: longText },
  state: { ...FOLLOWING, to: code(...STATE_TO_CODES), reason: code(...CLOSE_REASONS, NO_REASON), text: text(4000) },
  summary: { ...FOLLOWING, state: code(...STATES), due: isWeek, talk: list(hex32, 0, TALK_MAX) },
};

/** Malformed or WrongVersion unless `payload` is exactly one of the kinds. */
export function checkPayload(payload: JsonObject): void {
  const kind = payload["kind"];
  checkObject(payload, typeof kind === "string" && Object.hasOwn(KINDS, kind) ? object(KINDS[kind] ?? {}) : () => false);
  if (kind === "state") must((payload["to"] === "CLOSED") === (payload["reason"] !== NO_REASON), "Malformed", "a reason is for closing");
}
