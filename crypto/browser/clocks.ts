/** Weeks, and what a reporter is told of dates: the same clocks as review/clocks.py, from the same table (crypto/wording.json). */

import wording from "../wording.json" with { type: "json" };
import type { Case } from "./case.ts";
import { isWeek, weekOf, type JsonObject } from "./encoding.ts";
import { kindOf, type Event } from "./event.ts";

interface Row {
  readonly code: string;
  /** The states in which it runs. */
  readonly in: readonly string[];
  readonly from: string;
  readonly days: number;
  readonly urgency?: Readonly<Record<string, number>>;
  readonly reason?: Readonly<Record<string, number>>;
  readonly after?: string;
  readonly until?: string;
  readonly most?: number;
  readonly answered?: number;
  readonly replied?: string;
  readonly settled?: string;
  readonly duty?: string;
  readonly reporter: string;
}

/** A date that runs; `duty`: somebody is late after it. */
export interface Due {
  readonly code: string;
  readonly week: string;
  readonly duty: boolean;
  readonly sentence: string;
}

/** States whose text tells the reporter what follows. */
const TELLING = ["PLAN", "COORDINATING", "REFERRED", "DISCLOSED", "CORRECTED", "CLOSED"];

/** The Monday of a week. */
function mondayOf(week: string): Date {
  const day = new Date(`${week.slice(0, 4)}-01-04T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() || 7) - 1) + (Number(week.slice(6)) - 1) * 7);
  return day;
}

export function addWeeks(week: string, count: number): string {
  const day = mondayOf(week);
  day.setUTCDate(day.getUTCDate() + 7 * count);
  return weekOf(day);
}

/** A week as people say it: the week of 16 November 2026. */
export const weekInWords = (week: string): string =>
  `the week of ${mondayOf(week).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" })}`;

/** Every date that runs and is not settled, the earliest first. */
export function duesOf(folded: Case): Due[] {
  const found: Due[] = [];
  for (const row of (wording.clocks as readonly Row[]).filter((each) => each.in.includes(folded.state))) {
    const week = weekDue(row, folded);
    if (week === "" || isSettled(row, folded, week)) continue;
    found.push({ code: row.code, week, duty: row.duty !== "NO", sentence: row.reporter.replace("{week}", weekInWords(week)) });
  }
  return found.sort((a, b) => (`${a.week} ${a.code}` < `${b.week} ${b.code}` ? -1 : 1));
}

/** The week in which it is due; empty while it has nothing to start from. */
function weekDue(row: Row, folded: Case): string {
  const start = startOf(row.from, folded);
  if (start === "") return "";
  const days = row.reason?.[String(folded.brought?.payload["reason"])] ?? row.urgency?.[urgencyOf(folded)] ?? row.days;
  // Nobody knows the day: a deadline is rounded down, and what must not be too early up and one week more.
  if (row.after !== undefined) return addWeeks(start, Math.floor((days + 6) / 7) + 1);
  const until = row.until === undefined ? "" : row.until === "YES" ? folded.until : dateFor(row.until, folded);
  if (!isWeek(until)) return addWeeks(start, Math.floor(days / 7));
  const most = addWeeks(start, Math.floor((row.most ?? 0) / 7));
  return until < most ? until : most;
}

/** The last date that was given for a state, however often the case left it since. */
function dateFor(state: string, { order, proposals }: Case): string {
  const waiting = new Set(proposals.map(({ id }) => id));
  const given = order.findLast(({ id, payload }) => payload["to"] === state && payload["kind"] === "state"
    && payload["until"] !== "" && !waiting.has(id));
  return String(given?.payload["until"] ?? "");
}

function startOf(where: string, folded: Case): string {
  const root = String(folded.root.payload["week"]);
  if (where === "root") return root;
  if (where === "since") return folded.since;
  const acknowledged = folded.history.find(([state]) => state === "ACKNOWLEDGED")?.[1] ?? root;
  if (where === "ack") return acknowledged;
  if (where === "longer") return longerSince(folded);
  const words = folded.order.filter(hasWords).map(({ payload }) => String(payload["week"]));
  return [acknowledged, ...words].sort().at(-1) ?? root;
}

/** The week in which the last later date for the present state took effect; empty without one, so that no clock runs from it. */
function longerSince({ order, history, extended }: Case): string {
  const since = Math.max(0, order.findIndex(({ id }) => id === history.at(-1)?.[2]));
  const given = order.slice(since).filter(({ id }) => extended.includes(id)).at(-1);
  const signed = order.find((event) => kindOf(event) === "endorse" && event.payload["of"] === given?.id);
  return String((signed ?? given)?.payload["week"] ?? "");
}

/** Did the reporter have words of the reviewers by this event? */
const hasWords = (event: Event): boolean =>
  ["answer", "done"].includes(kindOf(event)) || (kindOf(event) === "state" && String(event.payload["text"]).trim() !== "");

function isSettled(row: Row, folded: Case, due: string): boolean {
  const { order, history, corrections } = folded;
  if (row.answered !== undefined) {
    // An answer before the present state began does not count, one in its first week does.
    const early = addWeeks(due, -row.answered);
    if (order.some((event) => kindOf(event) === "answer" && String(event.payload["week"]) >= early)) return true;
  }
  const since = Math.max(0, order.findIndex(({ id }) => id === history.at(-1)?.[2]));
  if (row.replied !== undefined && order.some((event, place) => kindOf(event) === "reply" && place > since)) return true;
  if (row.code === "reopen" && order.some((event) => kindOf(event) === "withdraw")) return true;
  if (row.code === "purge" && folded.legalHold) return true;
  if (row.code === "feedback" && history.some(([state]) => TELLING.includes(state))) return true;
  return row.settled !== undefined && corrections.size > 0
    && [...corrections.values()].every((status) => ["VERIFIED", "DECLINED"].includes(status));
}

/** As triaged; before that, a report of present danger counts as the most urgent. */
function urgencyOf({ triage, root }: Case): string {
  if (triage !== undefined) return String(triage.payload["urgency"]);
  return (root.payload["answers"] as JsonObject | undefined)?.["danger"] === "NOW" ? "U0" : "";
}
