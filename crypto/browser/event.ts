/** Events: signed payloads (PROTOCOL section 6). */

import { EVENT_MAX, LABELS, PAYLOAD_MAX, TEXT_MAX } from "./constants.ts";
import { canonical, concat, fromB64, fromHex, parseStrict, toHex, utf8, type Bytes, type JsonObject } from "./encoding.ts";
import { must } from "./errors.ts";
import { sha256, sign, verify, type KeyPair } from "./primitives.ts";
import { checkPayload } from "./schema.ts";

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

/** The bytes of a payload after all checks: Malformed, WrongVersion, TooLong. */
export function payloadBytes(payload: JsonObject): Bytes {
  const bytes = canonical(payload);
  checkPayload(payload);
  must(bytes.length <= PAYLOAD_MAX, "TooLong", "the payload has more than 15,108 bytes");
  return bytes;
}

/** Id of an event (hex): H(label ‖ P ‖ author ‖ payload); the signature is not hashed. */
export async function eventId(author: Bytes, payload: Bytes, programme: Bytes): Promise<string> {
  return toHex(await sha256(utf8(LABELS.eventId), programme, author, payload));
}

/** Signs a payload; Malformed, WrongVersion, TooLong. */
export async function signEvent(payload: JsonObject, keys: KeyPair, programme: Bytes): Promise<Event> {
  const bytes = payloadBytes(payload);
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

/** The find and open keys that a report or stub names for its reporter. */
export function reporterKeys(root: Event): { find: Bytes; open: Bytes } {
  return { find: fromHex(String(root.payload["find"]), 32), open: fromB64(String(root.payload["open"])) };
}
