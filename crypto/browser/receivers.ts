/** The step "Who can receive this": whom the answers leave, who is left out and why, and what can be done if too few are left. */

import { byId, make, say, show } from "./dom.ts";
import { dayOf, eligible, explain, whyNot, type Reviewer, type Tie, type Tree, type Want } from "./index.ts";

/** With fewer, one person alone would decide about a report. */
export const FEWEST = 2;

const TIES: Readonly<Record<string, readonly [now: string, before: string]>> = {
  EMPLOYMENT: ["works for", "worked for"],
  CONTRACT: ["does contract work for", "did contract work for"],
  GRANT: ["has a grant from", "had a grant from"],
  EQUITY: ["holds shares in", "held shares in"],
  ADVISORY: ["advises", "advised"],
  HOUSEHOLD: ["lives with someone at", "lived with someone at"],
  OFFER: ["has a job offer from", "had a job offer from"],
  EVALUATION: ["tests models for", "tested models for"],
  FRIEND: ["has a close friend at", "had a close friend at"],
  FEUD: ["is in dispute with", "was in dispute with"],
  COMPETITOR: ["works for a competitor of", "worked for a competitor of"],
};

/** For example "worked for Example Lab until 2023", with the year alone or the whole day. */
function tieInWords({ lab, category, until }: Tie, digits: 4 | 10): string {
  const [now, before] = TIES[category] ?? ["has a tie to", "had a tie to"];
  return until === "" ? `${now} ${lab}` : `${until < dayOf(new Date()) ? before : now} ${lab} until ${until.slice(0, digits)}`;
}

/** What a group of concerns is called on the form. */
const groupName = (group: string): string => document.querySelector(`[data-group="${group}"]`)?.textContent ?? group;

const REASONS: Readonly<Record<string, (tree: Tree, reviewer: Reviewer, want: Want) => string>> = {
  EXCLUDED: () => "left out by you",
  SUSPENDED: () => "suspended by a steward for the moment",
  NOTICE: (_, { from }) => `admitted, and may read reports from ${from} on`,
  REVOKED: () => "no longer a reviewer",
  EXPIRED: (_, { to }) => `was vetted until ${to} and has to be vetted again first`,
  PAUSED: (_, { paused }) => `takes a pause until ${paused}`,
  KEY: () => "has no key for this quarter yet",
  TIE: (tree, reviewer, want) => {
    const bars = reviewer.ties.filter((tie) => whyNot(tree, { ...reviewer, ties: [tie] }, want, new Date()) === "TIE");
    return `has a tie to the organisation you named (${bars.map((tie) => tieInWords(tie, 10)).join("; ")})`;
  },
  GROUP: (_, { groups }, want) =>
    `does not take reports on “${want.groups.filter((group) => !groups.includes(group)).map(groupName).join("”, “")}”`,
  LANGUAGE: (_, __, { language }) => `does not read ${language}`,
};

const called = ({ name, affiliation }: Reviewer): (Node | string)[] =>
  [make("bdi", "", name), ...(affiliation === "" ? [] : [", ", make("bdi", "", affiliation)])];

function card(reviewer: Reviewer): HTMLElement {
  const { name, sign, languages, ties, noticed } = reviewer;
  const box = make("input", "");
  Object.assign(box, { type: "checkbox", name: "exclude", value: sign, autocomplete: "off" });
  return make("li", "",
    make("p", "", make("strong", "", ...called(reviewer))),
    make("p", "soft", `Reads ${languages.join(", ")}. Vetted, and on the list since ${noticed}.`),
    make("p", "soft", `Ties: ${ties.map((tie) => tieInWords(tie, 4)).join("; ") || "none declared"}.`),
    make("label", "choice", box, make("span", "", "I know ", make("bdi", "", name), ": leave them out")));
}

/** A card for everyone on the list, made once, so that ticking a box never moves it; and all their languages. */
export function fillReceivers({ roster: { reviewers } }: Tree): void {
  byId("reviewers").replaceChildren(...reviewers.map(card));
  const languages = [...new Set(reviewers.flatMap((reviewer) => reviewer.languages))].sort();
  byId("language").append(...languages.map((language) => new Option(language, language)));
}

/** What would leave more of them, and how many. The organisation is not offered: leaving it out would let in those with ties to it. */
function waysOut(tree: Tree, want: Want, main: readonly string[], left: number): string[] {
  const ways: readonly [Partial<Want>, string][] = [
    [{ exclude: new Set() }, "Take back whom you left out"],
    [{ language: "" }, "Choose another language, or “Any reviewer”"],
    [{ groups: main }, "Leave only the main concern ticked in question 1"],
  ];
  return ways.flatMap(([other, way]) => {
    const more = eligible(tree, { ...want, ...other }, new Date()).length;
    return more > left ? [`${way}: then up to ${more} can receive it.`] : [];
  });
}

/** `main` holds the groups that the main concern alone needs. */
export function showReceivers(tree: Tree, want: Want, main: readonly string[]): void {
  const all = explain(tree, want, new Date());
  const left = all.filter(([, code]) => code === "").length;
  for (const [i, [, code]] of all.entries()) {
    const shown = byId("reviewers").children[i] as HTMLElement;
    // Whoever was left out by hand keeps the card with the box that takes it back.
    shown.hidden = code !== "" && code !== "EXCLUDED";
  }
  const out = all.filter(([, code]) => code !== "");
  byId("left-out").replaceChildren(...out.map(([reviewer, code]) =>
    make("li", "", ...called(reviewer), `: ${REASONS[code]?.(tree, reviewer, want) ?? code}.`)));
  show("left-out-step", out.length > 0);
  say("left-out-count", `Left out, and why: ${out.length}`);
  say("count", `${left} of ${all.length} reviewers can receive this report.${left < FEWEST ? " That is too few to send it." : ""}`);
  show("too-few", left < FEWEST);
  byId("ways-out").replaceChildren(...(left < FEWEST ? waysOut(tree, want, main, left) : []).map((way) => make("li", "", way)));
}
