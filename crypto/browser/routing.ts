/** Who may read a report, and the draw among them (PROTOCOL section 8). */

import { READERS, RESERVES_MAX, TIE_YEARS } from "./constants.ts";
import { readInt } from "./encoding.ts";
import { randomBytes } from "./primitives.ts";
import { dayOf, openKey, type Reviewer, type Roster, type Tie } from "./roster.ts";

/** Upper case first, so that letters with two lower-case forms compare equal, as Python's casefold does. */
const foldCase = (text: string): string => text.trim().toUpperCase().toLowerCase();

/** A tie counts until 24 months after its end. Days compare as text, 29 February included. */
function counts(tie: Tie, day: string): boolean {
  if (tie.until === "") return true;
  const end = String(Number(tie.until.slice(0, 4)) + TIE_YEARS).padStart(4, "0") + tie.until.slice(4);
  return day < end;
}

/** Reviewers who may be drawn for organisation `lab` on a day, in roster order; `exclude` holds sign keys in hex. */
export function eligible(roster: Roster, lab: string, exclude: ReadonlySet<string>, moment: Date): Reviewer[] {
  const day = dayOf(moment);
  return roster.reviewers.filter((reviewer) =>
    reviewer.from <= day && day <= reviewer.to
    && openKey(reviewer, moment) !== undefined
    && !exclude.has(reviewer.sign)
    && !reviewer.ties.some((tie) => foldCase(tie.lab) === foldCase(lab) && counts(tie, day)));
}

/** Uniform in [0, max], by rejection of big-endian u32 values. */
function uniform(max: number, random: (length: number) => Uint8Array): number {
  const size = max + 1;
  const limit = Math.floor(2 ** 32 / size) * size;
  for (;;) {
    const value = readInt(random(4));
    if (value < limit) return value % size;
  }
}

/** Readers and ordered reserves out of the eligible. With fewer than two readers the report cannot be sent: the caller says so. */
export function draw(
  candidates: readonly Reviewer[], random: (length: number) => Uint8Array = randomBytes,
): { readers: Reviewer[]; reserves: Reviewer[] } {
  const drawn = [...candidates];
  for (let i = drawn.length - 1; i > 0; i--) {
    const j = uniform(i, random);
    const [a, b] = [drawn[i], drawn[j]];
    if (a !== undefined && b !== undefined) [drawn[i], drawn[j]] = [b, a];
  }
  return { readers: drawn.slice(0, READERS), reserves: drawn.slice(READERS, READERS + RESERVES_MAX) };
}
