/** Events: signed payloads and their exact shape (PROTOCOL section 6). */

import {
  ABOUT_CODES, AGAIN_MAX, AUDIENCES, BASIS_CODES, CLOSE_REASONS, CORRECTION_CODES, CORRECTION_STATUSES, CREDIBILITY_CODES, DANGER_CODES,
  EVENT_MAX, FIELDS_MAX, HARM_CODES, KNOWN_CODES, LABELS, MAY_CODES, NO_REASON, OLDER_MAX, PACKET_TARGETS, PARENTS_MAX, PARTS_MAX,
  PAYLOAD_MAX, READERS, RESERVES_MAX, RISK_CODES, SELFCOPY_CODES, SEVERITY_CODES, STAGE_CODES, STATE_TARGETS, STATES, TEXT_MAX,
  URGENCY_CODES, VERSION, YES_NO,
} from "./constants.ts";
import {
  canonical, concat, fromB64, fromHex, isObject, isWeek, parseStrict, toHex, utf8, type Bytes, type JsonObject,
} from "./encoding.ts";
import { must } from "./errors.ts";
import { sha256, sign, verify, type KeyPair } from "./primitives.ts";
import { b64, checkObject, code, distinct, hex32, int, list, object, text, type Check, type Shape } from "./schema.ts";

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
const orEmpty = (check: Check): Check => (value): value is unknown => value === "" || check(value);
/** The filled-in form of a packet: at most FIELDS_MAX plain names, each with a text. */
const fields = (value: unknown): value is Readonly<Record<string, string>> =>
  isObject(value) && Object.keys(value).length <= FIELDS_MAX
  && Object.entries(value).every(([name, said]) => /^[a-z_]{1,40}$/.test(name) && text(4000)(said));
const ANSWERS = object({
  about: distinct(list(code(...ABOUT_CODES), 1, 3)), stage: code(...STAGE_CODES), organisation: text(200), danger: code(...DANGER_CODES),
  basis: code(...BASIS_CODES), known: code(...KNOWN_CODES), raised: text(2000), may: code(...MAY_CODES), promise: text(2000),
});
const EVERY: Shape = { v: int(VERSION, VERSION), kind: text(20), week: isWeek, seen, roster: int(), audience: code(...AUDIENCES) };
const LATER: Shape = { ...EVERY, case: hex32, prev: list(hex32, 0, 1), parents };
const NAMING: Shape = { ...LATER, of: hex32 };
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
  confirm: { ...NAMING, agree: code(...YES_NO), warned: code(...YES_NO) },
  withdraw: LATER,
  evaluator: {
    ...LATER, evaluator: hex32, signature: b64(64), method: text(4000), access: text(2000), steps: text(4000), wishes: text(1000),
  },
};
const REVIEWER: Readonly<Record<string, Shape>> = {
  received: LATER,
  answer: SAYING,
  note: SAYING,
  state: {
    ...LATER, to: code(...STATE_TARGETS), reason: code(...CLOSE_REASONS, NO_REASON), text: text(4000), until: orEmpty(isWeek),
    whom: text(200), urgent: code(...YES_NO),
  },
  endorse: NAMING,
  retract: NAMING,
  done: { ...NAMING, text: text(4000) },
  legal: { ...NAMING, text: text(4000) },
  knew: { ...LATER, since: isWeek, text: text(4000) },
  purge: LATER,
  hold: { ...LATER, on: code(...YES_NO), text: text(4000) },
  triage: {
    ...LATER, code: code(...ABOUT_CODES), also: distinct(list(code(...ABOUT_CODES), 0, 2)), stage: code(...STAGE_CODES),
    severity: code(...SEVERITY_CODES), harm: code(...HARM_CODES), urgency: code(...URGENCY_CODES), known: code(...KNOWN_CODES),
    risk: code(...RISK_CODES),
  },
  assess: { ...LATER, credibility: code(...CREDIBILITY_CODES), text: text(4000) },
  assign: { ...LATER, lead: hex32, second: hex32 },
  label: { ...LATER, table: code("T1", "T2"), label: text(2000), signature: b64(64) },
  correction: { ...LATER, code: code(...CORRECTION_CODES), status: code(...CORRECTION_STATUSES), text: text(2000) },
  packet: { ...LATER, to: code(...PACKET_TARGETS), state: orEmpty(hex32), fields },
  summary: { ...LATER, state: code(...STATES), due: isWeek, again: list(hex32, 0, AGAIN_MAX), older: list(hex32, 0, OLDER_MAX) },
  recuse: LATER,
  handover: { ...LATER, to: hex32 },
  cutoff: NAMING,
};
export const REPORTER_KINDS = Object.keys(REPORTER);
export const REVIEWER_KINDS = Object.keys(REVIEWER);

export const kindOf = (event: Event): string => String(event.payload["kind"]);
/** The audience that events of a kind must have; a `cutoff` may have either. */
export const audienceFor = (kind: string): string => (["note", "assess", "assign", "label"].includes(kind) ? "reviewers" : "all");

/** Malformed or WrongVersion unless `payload` is exactly one of the kinds. */
function checkPayload(payload: JsonObject): void {
  const { kind, to, reason } = payload;
  // No kind is without names, so what every object inherits is none.
  checkObject(payload, object({ ...REPORTER, ...REVIEWER }[String(kind)] ?? {}));
  must(kind !== "state" || (to === "CLOSED") === (reason !== NO_REASON), "Malformed", "closing, and only closing, has a reason");
  must(kind !== "assign" || payload["lead"] !== payload["second"], "Malformed", "the lead and the second are two people");
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
