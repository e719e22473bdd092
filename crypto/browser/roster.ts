/** The target files of the signed tree, and what they say about a day in UTC (PROTOCOL section 8). */

import {
  ENDINGS, GROUPS, HEADINGS, NOTICE_HOURS_MAX, SUSPENSION_DAYS, SUSPENSIONS, TERM_DAYS, TIES_HARD, TIES_SOFT, VERSION, type STATUSES,
} from "./constants.ts";
import { fromB64, isObject, type Bytes } from "./encoding.ts";
import { must } from "./errors.ts";
import { b64, code, distinct, hex32, int, list, matching, object, parseFile, text, type Check, type Of } from "./schema.ts";

type Fields = Readonly<Record<string, string>>;

const v = int(VERSION, VERSION);
const name = (value: unknown): value is string => text(200)(value) && foldText(value) !== "";
/** `YYYY-MM-DD`. What the pattern lets through but no calendar has, engines take for the next month or refuse. */
const day = (value: unknown): value is string =>
  matching(/^2\d{3}-\d\d-\d\d$/)(value) && Number.isFinite(Date.parse(value)) && dayOf(new Date(value)) === value;
const dayOrNone = (value: unknown): value is string => value === "" || day(value);
const fields = (value: unknown): value is Fields =>
  isObject(value) && Object.entries(value).every(([field, said]) => /^[a-z_]{1,40}$/.test(field) && text(1000)(said));
const record = object(Object.fromEntries(HEADINGS.map((heading) => [heading, fields])) as Record<(typeof HEADINGS)[number], Check<Fields>>);
const span = (value: unknown): value is readonly [number, number] => list(int(), 2, 2)(value);
const TERM = { name, sign: hex32, noticed: day, from: day, to: day, ended: code("", ...ENDINGS) };
const TIE = object({ lab: text(200), category: code(...TIES_HARD, ...TIES_SOFT), until: dayOrNone });
const REVIEWER = object({
  ...TERM,
  affiliation: text(200),
  find: hex32,
  open: list(object({ quarter: matching(/^2\d{3}-Q[1-4]$/), key: b64(1216) })),
  languages: list(text(200)),
  groups: distinct(list(code(...GROUPS))),
  ties: list(TIE),
  paused: dayOrNone,
  record,
});
const EVALUATOR = object({ ...TERM, scope: text(1000) });
const ROSTER = object({ v, reviewers: list(REVIEWER), evaluators: list(EVALUATOR) });
const SUSPENSION = object({ sign: hex32, from: day, until: day, reason: code(...SUSPENSIONS) });
const STATISTICIAN = object({ name, find: hex32, open: b64(1216), sign: hex32 });
const COMMITMENT = object({ id: text(40), lab: text(200), title: text(200), since: day, source: text(500) });
const nothing = object({});
const PROGRAMME = object({
  v, name: text(200), tick: int(), part_seconds: span, cover_per_day: int(), labs: list(text(200)), emergency: text(4000),
  notice_hours: int(0, NOTICE_HOURS_MAX), stewards: list(object({ name, sign: hex32, box: hex32 })),
  // An empty object while the programme has none.
  statistician: (value): value is object => nothing(value) || STATISTICIAN(value), commitments: list(COMMITMENT),
});

// As they stand in the files: keys are text, days that may be missing are empty.
export type Tie = Of<typeof TIE>;
export type Reviewer = Of<typeof REVIEWER>;
export type Evaluator = Of<typeof EVALUATOR>;
/** `version` is that of the metadata which describes the file. */
export type Roster = Omit<Of<typeof ROSTER>, "v"> & { readonly version: number };
export type Suspension = Of<typeof SUSPENSION>;
export type Programme = Of<typeof PROGRAMME>;
export type Status = (typeof STATUSES)[number];

/** `YYYY-MM-DD` in UTC. */
export function dayOf(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}

/** How names, labs and languages are compared. */
export function foldText(value: string): string {
  return value.normalize("NFKC").replace(/^[ \t\n\r]+|[ \t\n\r]+$/g, "").toLowerCase();
}

/** The open key of a reviewer at a moment; undefined: they cannot be written to. */
export function openKey(reviewer: Reviewer, now: Date): Bytes | undefined {
  const quarter = `${dayOf(now).slice(0, 4)}-Q${Math.floor(now.getUTCMonth() / 3) + 1}`;
  const found = reviewer.open.find((one) => one.quarter === quarter);
  return found && fromB64(found.key);
}

/** The first that holds; `suspended` holds the sign keys suspended on that day. */
export function statusOf(entry: Reviewer | Evaluator, suspended: ReadonlySet<string>, now: Date): Status {
  const today = dayOf(now);
  if (suspended.has(entry.sign)) return "suspended";
  if (today < entry.from) return "notice";
  if (today > entry.to) return entry.ended === "" ? "expired" : "revoked";
  return "paused" in entry && today <= entry.paused ? "paused" : "active";
}

const daysBetween = (first: string, last: string): number => (Date.parse(last) - Date.parse(first)) / 86_400_000;
const once = (values: readonly string[]): void => must(new Set(values).size === values.length, "Malformed", "a key, name or quarter twice");

/** Malformed, WrongVersion. */
export function parseRoster(bytes: Bytes, version: number): Roster {
  const { reviewers, evaluators } = parseFile(bytes, ROSTER);
  const everybody = [...reviewers, ...evaluators];
  // Hex and b64 are strict, so one key has one text.
  once([...everybody.map(({ sign }) => sign), ...reviewers.flatMap(({ find, open }) => [find, ...open.map(({ key }) => key)])]);
  for (const { open } of reviewers) once(open.map(({ quarter }) => quarter));
  // An ended entry stays beside the new card of the same person; two that last are one person drawn twice.
  once(everybody.filter(({ ended }) => ended === "").map((one) => foldText(one.name)));
  const terms = everybody.every(({ from, to, ended }) => (ended !== "" || from <= to) && daysBetween(from, to) <= TERM_DAYS);
  must(terms, "Malformed", "a term that ends before it begins, or of more than 366 days");
  return { version, reviewers, evaluators };
}

/** Malformed, WrongVersion. */
export function parseSuspensions(bytes: Bytes): readonly Suspension[] {
  const { suspended } = parseFile(bytes, object({ v, suspended: list(SUSPENSION) }));
  const lengths = suspended.map(({ from, until }) => daysBetween(from, until));
  must(lengths.every((days) => days >= 0 && days <= SUSPENSION_DAYS), "Malformed", "a suspension of more than 14 days");
  return suspended;
}

/** Malformed, WrongVersion. */
export function parseProgramme(bytes: Bytes): Programme {
  const file = parseFile(bytes, PROGRAMME);
  once(file.stewards.flatMap(({ sign, box }) => [sign, box]));
  return file;
}

/** Malformed if anybody's term begins before the programme's notice is over. */
export function checkNotice({ reviewers, evaluators }: Roster, { notice_hours: hours }: Programme): void {
  const days = hours === 0 ? 0 : Math.ceil(hours / 24) + 1;
  must([...reviewers, ...evaluators].every(({ noticed, from }) => daysBetween(noticed, from) >= days), "Malformed", "too short a notice");
}
