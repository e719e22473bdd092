/** Who may read a report, why another may not, and the draw (PROTOCOL section 8). */

import { GROUPS, READERS, RESERVES_MAX, TIE_YEARS, TIES_HARD, type WHY_NOT } from "./constants.ts";
import { readInt } from "./encoding.ts";
import { randomBytes } from "./primitives.ts";
import { dayOf, foldText, openKey, statusOf, type Reviewer, type Tie } from "./roster.ts";
import { code } from "./schema.ts";
import { suspendedOn, type Tree } from "./tree.ts";

/** What a report asks of its readers: an empty lab was not said, an empty language is any; `exclude` holds sign keys in hex. */
export interface Want {
  readonly lab: string;
  readonly groups: readonly string[];
  readonly language: string;
  readonly exclude: ReadonlySet<string>;
}

/** Why a reviewer may not read; empty: may. */
export type WhyNot = (typeof WHY_NOT)[number] | "";

/** The concern groups of `about` codes, in their order. */
export function groupsOf(about: readonly string[]): string[] {
  return [...new Set(about.map((one) => one.charAt(0)))].filter(code(...GROUPS));
}

/** A hard tie bars while it lasts and until 24 months after its end. Days compare as text, 29 February included. */
function bars({ lab, category, until }: Tie, wanted: string, today: string): boolean {
  return code(...TIES_HARD)(category) && foldText(lab) === foldText(wanted)
    && (until === "" || `${Number(until.slice(0, 4)) + TIE_YEARS}${until.slice(4)}` > today);
}

/** The first reason that holds. */
export function whyNot(tree: Tree, reviewer: Reviewer, want: Want, now: Date): WhyNot {
  const status = statusOf(reviewer, suspendedOn(tree, now), now);
  if (want.exclude.has(reviewer.sign)) return "EXCLUDED";
  if (status !== "active") return status.toUpperCase() as WhyNot;
  if (openKey(reviewer, now) === undefined) return "KEY";
  if (reviewer.ties.some((tie) => bars(tie, want.lab, dayOf(now)))) return "TIE";
  if (!want.groups.every((group) => reviewer.groups.includes(group))) return "GROUP";
  const language = foldText(want.language);
  return language === "" || reviewer.languages.map(foldText).includes(language) ? "" : "LANGUAGE";
}

/** Every reviewer in roster order with the reason against them. */
export function explain(tree: Tree, want: Want, now: Date): [Reviewer, WhyNot][] {
  return tree.roster.reviewers.map((reviewer) => [reviewer, whyNot(tree, reviewer, want, now)]);
}

/** Who may be drawn, in roster order. */
export function eligible(tree: Tree, want: Want, now: Date): Reviewer[] {
  return tree.roster.reviewers.filter((reviewer) => whyNot(tree, reviewer, want, now) === "");
}

/** Uniform in [0, size), by rejection of big-endian u32 values. */
function uniform(size: number, random: (length: number) => Uint8Array): number {
  for (;;) {
    const value = readInt(random(4));
    if (value < 2 ** 32 - 2 ** 32 % size) return value % size;
  }
}

/** Readers and ordered reserves out of the eligible. With fewer than two readers the report cannot be sent: the caller says so. */
export function draw<T>(
  candidates: readonly T[], random: (length: number) => Uint8Array = randomBytes,
): { readers: T[]; reserves: T[] } {
  const drawn = [...candidates];
  for (let i = drawn.length - 1; i > 0; i--) {
    const j = uniform(i + 1, random);
    [drawn[i], drawn[j]] = [drawn[j] as T, drawn[i] as T];
  }
  return { readers: drawn.slice(0, READERS), reserves: drawn.slice(READERS, READERS + RESERVES_MAX) };
}
