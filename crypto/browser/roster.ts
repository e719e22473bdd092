/** `roster.json` and `programme.json` (PROTOCOL section 8). */

import { fromB64, fromHex, parseStrict, type Bytes } from "./encoding.ts";
import { must } from "./errors.ts";
import { b64, checkObject, hex32, int, list, object, type Check } from "./schema.ts";

export interface Tie {
  readonly lab: string;
  readonly category: string;
  /** `YYYY-MM-DD`, or empty while the tie lasts. */
  readonly until: string;
}

export interface Reviewer {
  readonly name: string;
  readonly affiliation: string;
  /** Hex. */
  readonly sign: string;
  readonly find: Bytes;
  /** X-Wing public keys by quarter (`2026-Q4`). */
  readonly open: ReadonlyMap<string, Bytes>;
  readonly languages: readonly string[];
  readonly groups: readonly string[];
  readonly ties: readonly Tie[];
  readonly from: string;
  readonly to: string;
  readonly record: Readonly<Record<string, string>>;
}

export interface Roster {
  readonly version: number;
  readonly reviewers: readonly Reviewer[];
}

export interface Programme {
  readonly name: string;
  /** Seconds. */
  readonly tick: number;
  /** Shortest and longest wait between the parts of a long text, seconds. */
  readonly partSeconds: readonly [number, number];
  readonly coverPerDay: number;
  readonly labs: readonly string[];
  readonly emergency: string;
}

const string: Check = (value) => typeof value === "string";
const matching = (pattern: RegExp): Check => (value) => typeof value === "string" && pattern.test(value);
const day = matching(/^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/);
const REVIEWER = object({
  name: string,
  affiliation: string,
  sign: hex32,
  find: hex32,
  open: list(object({ quarter: matching(/^\d{4}-Q[1-4]$/), key: b64(1216) })),
  languages: list(string),
  groups: list(string),
  ties: list(object({ lab: string, category: string, until: (value) => value === "" || day(value) })),
  from: day,
  to: day,
  record: (value) => typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(string),
});
const ROSTER = object({ v: int(), reviewers: list(REVIEWER) });
const PROGRAMME = object({
  v: int(), name: string, tick: int(), part_seconds: list(int(), 2, 2), cover_per_day: int(), labs: list(string), emergency: string,
});

/** `YYYY-MM-DD` in UTC. */
export function dayOf(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}

/** `2026-Q4` in UTC. */
export function quarterOf(moment: Date): string {
  return `${dayOf(moment).slice(0, 4)}-Q${Math.floor(moment.getUTCMonth() / 3) + 1}`;
}

/** The open key of a reviewer on a day; undefined: they cannot be written to. */
export function openKey(reviewer: Reviewer, moment: Date): Bytes | undefined {
  return reviewer.open.get(quarterOf(moment));
}

/** Malformed, WrongVersion. `version` is that of the metadata which describes the file. */
export function parseRoster(bytes: Bytes, version: number): Roster {
  const file = parseStrict(bytes);
  checkObject(file, ROSTER);
  type Entry = Omit<Reviewer, "find" | "open"> & { find: string; open: { quarter: string; key: string }[] };
  const entries = file["reviewers"] as unknown as Entry[];
  const keys = entries.flatMap(({ sign, find, open }) => [sign, find, ...open.map(({ key }) => key)]);
  must(new Set(keys).size === keys.length, "Malformed", "a key stands twice in the roster");
  const reviewers = entries.map((entry) => ({
    ...entry, find: fromHex(entry.find), open: new Map(entry.open.map(({ quarter, key }) => [quarter, fromB64(key)])),
  }));
  must(reviewers.every(({ open }, i) => open.size === entries[i]?.open.length), "Malformed", "a quarter stands twice");
  return { version, reviewers };
}

/** Malformed, WrongVersion. */
export function parseProgramme(bytes: Bytes): Programme {
  const file = parseStrict(bytes);
  checkObject(file, PROGRAMME);
  const { name, tick, part_seconds, cover_per_day, labs, emergency } = file;
  return { name, tick, partSeconds: part_seconds, coverPerDay: cover_per_day, labs, emergency } as unknown as Programme;
}
