/** Events: signed payloads and their exact shape (PROTOCOL section 6). */

import {
  ABOUT_CODES, AUDIENCES, BASIS_CODES, CLOSE_REASONS, DANGER_CODES, EVENT_MAX, KNOWN_CODES, LABELS, MAY_CODES, NO_REASON, PARENTS_MAX,
  PARTS_MAX, PAYLOAD_MAX, READERS, RESERVES_MAX, SELFCOPY_CODES, STAGE_CODES, STATE_TARGETS, STATES, TALK_MAX, TEXT_MAX, VERSION,
} from "./constants.ts";
import { canonical, concat, fromB64, fromHex, isWeek, parseStrict, toHex, utf8, type Bytes, type JsonObject } from "./encoding.ts";
import { must } from "./errors.ts";
import { sha256, sign, verify, type KeyPair } from "./primitives.ts";
import { b64, checkObject, code, distinct, hex32, int, list, object, text, type Shape } from "./schema.ts";

export interface Event {
  readonly id: string;
  /** Sign key of the author, hex. */
  readonly author: string;
  readonly payload: JsonObject;
  /** signature ‖ author ‖ payload. */
  readonly raw: Bytes;
}

const SIGNATURE_BYTES = 64;
const HEADER_BYTES = 96;

const seen = (value: unknown): value is readonly [number, string] =>
  Array.isArray(value) && value.length === 2 && int()(value[0]) && hex32(value[1]);
const parents = (value: unknown): value is readonly string[] =>
  distinct(list(hex32, 1, PARENTS_MAX))(value) && [...value].sort().join() === value.join();
const ANSWERS = object({
  about: distinct(list(code(...ABOUT_CODES), 1, 3)), stage: code(...STAGE_CODES), organisation: text(200), danger: code(...DANGER_CODES),
  basis: code(...BASIS_CODES), known: code(...KNOWN_CODES), raised: text(2000), may: code(...MAY_CODES), promise: text(2000),
});
const EVERY: Shape = { v: int(VERSION, VERSION), kind: text(20), week: isWeek, seen, roster: int(), audience: code(...AUDIENCES) };
const LATER: Shape = { ...EVERY, case: hex32, prev: list(hex32, 0, 1), parents };
const SAYING: Shape = { ...LATER, text: text(TEXT_MAX) };
const OPENING: Shape = {
  ...EVERY, find: hex32, open: b64(1216), readers: distinct(list(hex32, 2, READERS)), reserves: list(hex32, 0, RESERVES_MAX),
  selfcopy: code(...SELFCOPY_CODES),
};
const REPORTER: Readonly<Record<string, Shape>> = {
  report: { ...OPENING, answers: ANSWERS, text: text(TEXT_MAX), parts: int(0, PARTS_MAX) },
  stub: { ...OPENING, case: hex32 },
  part: { ...SAYING, n: int(1, PARTS_MAX) },
  reply: SAYING,
  choice: { ...LATER, may: code(...MAY_CODES) },
  withdraw: LATER,
  evaluator: {
    ...LATER, evaluator: hex32, signature: b64(64), method: text(4000), access: text(2000), steps: text(4000), wishes: text(1000),
  },
};
const REVIEWER: Readonly<Record<string, Shape>> = {
  received: LATER,
  answer: SAYING,
  note: SAYING,
  state: { ...LATER, to: code(...STATE_TARGETS), reason: code(...CLOSE_REASONS, NO_REASON), text: text(4000) },
  summary: { ...LATER, state: code(...STATES), due: isWeek, talk: list(hex32, 0, TALK_MAX) },
  recuse: LATER,
  handover: { ...LATER, to: hex32 },
  cutoff: { ...LATER, of: hex32 },
};
export const REVIEWER_KINDS = Object.keys(REVIEWER);

/** Malformed or WrongVersion unless `payload` is exactly one of the kinds. */
function checkPayload(payload: JsonObject): void {
  const { kind, to, reason } = payload;
  // No kind is without names, so what every object inherits is none.
  checkObject(payload, object({ ...REPORTER, ...REVIEWER }[String(kind)] ?? {}));
  must(kind !== "state" || (to === "CLOSED") === (reason !== NO_REASON), "Malformed", "closing, and only closing, has a reason");
}

/** BadKey or BadSignature if an `evaluator` payload lacks the evaluator's own signature for this case. */
async function checkEvaluator({ kind, evaluator, signature, case: id }: JsonObject, programme: Bytes): Promise<void> {
  if (kind !== "evaluator") return;
  const message = concat(utf8(LABELS.evaluator), programme, fromHex(String(id)));
  await verify(fromHex(String(evaluator)), fromB64(String(signature)), message);
}

/** The bytes of a payload after all checks: Malformed, WrongVersion, TooLong. */
export function payloadBytes(payload: JsonObject): Bytes {
  const bytes = canonical(payload);
  checkPayload(payload);
  must(bytes.length <= PAYLOAD_MAX, "TooLong", "the payload has more than 15,108 bytes");
  return bytes;
}

/** Id of an event (hex): H(label ‖ P ‖ author ‖ payload); the signature is not hashed. */
async function eventId(author: Bytes, payload: Bytes, programme: Bytes): Promise<string> {
  return toHex(await sha256(utf8(LABELS.eventId), programme, author, payload));
}

/** Signs a payload; Malformed, WrongVersion, TooLong, and BadKey or BadSignature of an evaluator. */
export async function signEvent(payload: JsonObject, keys: KeyPair, programme: Bytes): Promise<Event> {
  const bytes = payloadBytes(payload);
  await checkEvaluator(payload, programme);
  const signature = await sign(keys, concat(utf8(LABELS.event), programme, bytes));
  const id = await eventId(keys.public, bytes, programme);
  return { id, author: toHex(keys.public), payload: parseStrict(bytes), raw: concat(signature, keys.public, bytes) };
}

/** Parses and checks an event: Malformed, WrongVersion, BadKey, BadSignature. */
export async function parseEvent(raw: Bytes, programme: Bytes): Promise<Event> {
  must(raw.length > HEADER_BYTES && raw.length <= EVENT_MAX, "Malformed", "an event of impossible length");
  const author = raw.slice(SIGNATURE_BYTES, HEADER_BYTES);
  const bytes = raw.slice(HEADER_BYTES);
  await verify(author, raw.slice(0, SIGNATURE_BYTES), concat(utf8(LABELS.event), programme, bytes));
  const payload = parseStrict(bytes);
  checkPayload(payload);
  await checkEvaluator(payload, programme);
  return { id: await eventId(author, bytes, programme), author: toHex(author), payload, raw: Uint8Array.from(raw) };
}

/** Bytes of `text` still free in a payload, as the text would be written; negative if it is too long already. */
export function textRoom(payload: JsonObject): number {
  const text = typeof payload["text"] === "string" ? payload["text"] : "";
  return Math.min(TEXT_MAX - utf8(text).length, PAYLOAD_MAX - canonical(payload).length);
}

/** Payload of the stub that a reporter keeps in place of a report when the self-copy is to hold no text. */
export function stubOf(report: Event): JsonObject {
  const names = ["v", "week", "seen", "roster", "audience", "find", "open", "readers", "reserves", "selfcopy"];
  const kept = names.map((name) => [name, report.payload[name] ?? ""]);
  return { ...Object.fromEntries(kept) as JsonObject, kind: "stub", case: report.id };
}

/** Event ids or keys of a list of the payload. */
export function idsOf(event: Event, name: string): string[] {
  const ids = event.payload[name];
  return Array.isArray(ids) ? ids as string[] : [];
}
