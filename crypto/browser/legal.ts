/** What laws ask of the company from the week in which it first knew: the same estimates as review/clocks.py, from ../legal.json. */

import legal from "../legal.json" with { type: "json" };
import type { Case } from "./case.ts";
import { addWeeks, weekInWords } from "./clocks.ts";
import { make } from "./dom.ts";
import { weekOf, type JsonObject } from "./encoding.ts";

/** A duty ends in one of two weeks, as nobody knows the day; `fits`: it is likely one that applies here. */
export interface Duty {
  readonly code: string;
  readonly first: string;
  readonly last: string;
  readonly fits: boolean;
  readonly sentence: string;
  readonly source: string;
}

/** Those that likely fit first, then by their end. None before somebody said when the company first knew. */
export function dutiesOf(folded: Case): Duty[] {
  if (folded.knew === undefined) return [];
  const since = String(folded.knew.payload["since"]);
  const { codes, facts } = toldBy(folded);
  const found = legal.duties.map((row): Duty => {
    const meant = row.when === "" ? row.codes.some((code) => codes.includes(code)) : facts.includes(row.when);
    const last = addWeeks(since, Math.floor((row.days + 6) / 7));
    const checked = (legal.checked as Readonly<Record<string, string>>)[row.checked];
    return {
      code: row.code, first: addWeeks(since, Math.floor(row.days / 7)), last,
      fits: meant && since >= weekOf(new Date(row.from)),
      sentence: row.reporter.replace("{week}", weekInWords(last)), source: `${row.law}, ${row.source} (${checked})`,
    };
  });
  const key = ({ fits, last, code }: Duty): string => `${fits ? 0 : 1} ${last} ${code}`;
  return found.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** What a case says of codes, danger, harm, and of its having been raised: as triaged; before that, as the report says. */
function toldBy({ root, triage }: Case): { codes: readonly string[]; facts: readonly string[] } {
  const answers = (root.payload["answers"] ?? {}) as JsonObject;
  const { code, also, urgency, harm } = triage?.payload ?? {};
  const codes = triage === undefined ? answers["about"] ?? [] : [code, ...also as string[]];
  const facts = [
    (triage === undefined ? answers["danger"] === "NOW" : urgency === "U0") && "DANGER",
    harm === "H2" && "HARM",
    String(answers["raised"] ?? "").trim() !== "" && "RAISED",
  ];
  return { codes: codes as readonly string[], facts: facts.filter((each) => each !== false) };
}

/** The dates that fit, for the reporter, who reads above this when the company first knew; nothing before somebody said so. */
export function legalView(folded: Case): HTMLElement[] {
  if (folded.knew === undefined) return [];
  const now = weekOf(new Date());
  const fitting = dutiesOf(folded).filter(({ fits }) => fits);
  const rows = fitting.map(({ last, sentence, source }) => make("li", "", sentence + (last < now ? " That week has passed." : ""),
    make("br", ""), make("small", "soft", `Estimate from ${source}`)));
  return [make("details", "", make("summary", "", "What laws ask of the company, and by when"),
    make("p", "", "Estimated from the week in which it first knew, as the reviewers put it down; they can correct that. "
      + "It is no legal advice, and not every law holds for every company."),
    rows.length > 0 ? make("ul", "", ...rows) : make("p", "", "None of the dates that we know of seems to fit."))];
}
