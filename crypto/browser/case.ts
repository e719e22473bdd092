/** The state of a case: a pure function of a set of events (PROTOCOL section 9), and what a new event must name (section 6). */

import { PARENTS_MAX, READERS, VERSION } from "./constants.ts";
import type { JsonObject } from "./encoding.ts";
import { audienceFor, idsOf, kindOf, REVIEWER_KINDS, type Event } from "./event.ts";
import { aboveOf, add, audienceOf, bitsOf, covers, descends, graphOf, heldOf, namedBy, type Graph } from "./graph.ts";
import { agreedTexts, judge, mayOf, proposals, type Proposal, type Step, type VoidReason } from "./states.ts";

export interface Case {
  readonly id: string;
  readonly root: Event;
  readonly state: string;
  /** What reviewers may do: a code of MAY_CODES, or undefined if only a stub is held and nothing was chosen since. */
  readonly may: string | undefined;
  /** Sign keys (hex) of reviewers who said they have it. */
  readonly opened: ReadonlySet<string>;
  /** The valid events, the root first. */
  readonly order: readonly Event[];
  /** The same by kind. */
  readonly kinds: ReadonlyMap<string, readonly Event[]>;
  readonly void: ReadonlyMap<string, VoidReason>;
  readonly missing: ReadonlySet<string>;
  /** Groups of ids of events by one reviewer with the same `prev`. */
  readonly equivocations: readonly (readonly string[])[];
  /** Sign keys of those who read the case now. */
  readonly readers: readonly string[];
  /** Those who did, to `recused` or `cutoff`. */
  readonly gone: ReadonlyMap<string, string>;
  /** Sign key of the evaluator whom the reporter brought in, or empty. */
  readonly evaluator: string;
  /**
   * The week of the event that brought the state; `until` and `whom` are of the `state` event behind it, or empty, and `until` of the last
   * that gave it a later date.
   */
  readonly since: string;
  readonly until: string;
  readonly whom: string;
  /** The `state` event behind the present state, if there is one. */
  readonly brought: Event | undefined;
  readonly history: readonly Step[];
  readonly proposals: readonly Proposal[];
  /** Urgent steps without a second signature. */
  readonly unsigned: readonly string[];
  /** The `state` events that gave a state a later date. */
  readonly extended: readonly string[];
  /** While it is under one it cannot be purged. */
  readonly legalHold: boolean;
  /** The packets that the reporter agreed to. */
  readonly agreed: ReadonlySet<string>;
  /** The last valid ones. */
  readonly triage: Event | undefined;
  readonly knew: Event | undefined;
  /** Codes to their latest status. */
  readonly corrections: ReadonlyMap<string, string>;
  /** Sign keys, or empty. */
  readonly lead: string;
  readonly second: string;
  readonly graph: Graph;
}

const byReviewer = (event: Event): boolean => REVIEWER_KINDS.includes(kindOf(event));

/** Where a walk through the order stands. Cutoffs are by person and audience: those that count, and the one that made them effective. */
interface Walk {
  active: string[];
  readonly ever: Set<string>;
  readonly gone: Map<string, string>;
  readonly void: Map<string, VoidReason>;
  /** Authors to the events by which they stepped back. */
  readonly recused: Map<string, string>;
  readonly cutoffs: Map<string, Event[]>;
  readonly effective: Map<string, Event>;
}

function leave(walk: Walk, person: string, how: string): void {
  walk.gone.set(person, how);
  walk.active = walk.active.filter((one) => one !== person);
}

/** Counts a cutoff, unless its author is cut off at this point or it names themself or a stranger. */
function count(walk: Walk, cutoff: Event): void {
  const of = String(cutoff.payload["of"]);
  if (!walk.ever.has(of) || of === cutoff.author || walk.gone.get(cutoff.author) === "cutoff") return;
  const key = of + audienceOf(cutoff);
  add(walk.cutoffs, key, cutoff);
  const counted = walk.cutoffs.get(key) ?? [];
  if (walk.effective.has(key) || new Set(counted.map(({ author }) => author)).size < Math.min(2, walk.ever.size - 1)) return;
  walk.effective.set(key, cutoff);
  if (audienceOf(cutoff) === "all") leave(walk, of, "cutoff");
}

/** The first reason against an event, those of the states apart; `cuts` are the cutoffs that count, by person and audience. */
function reasonAgainst(
  event: Event, root: Event, graph: Graph, walk: Walk, cuts: ReadonlyMap<string, readonly Event[]>,
): VoidReason | undefined {
  if (event === root) return undefined;
  const [kind, author, audience] = [kindOf(event), event.author, audienceOf(event)];
  if (byReviewer(event) ? !walk.ever.has(author) : author !== root.author) return "author";
  if (kind !== "cutoff" && audience !== audienceFor(kind)) return "audience";
  const parents = idsOf(event, "parents").flatMap((id) => graph.held.get(id) ?? []);
  if (parents.some((parent) => !covers(audienceOf(parent), audience))) return "parents";
  if (parents.some((parent) => String(event.payload["week"]) < String(parent.payload["week"]))) return "week";
  if (!byReviewer(event)) return undefined;
  const recuse = walk.recused.get(author);
  if (recuse !== undefined && descends(graph, event.id, recuse)) return "recused";
  if (cuts.get(author + audience)?.every(({ id }) => !descends(graph, id, event.id))) return "cutoff";
  if (kind === "recuse" && !walk.active.includes(author)) return "recused";
  if (kind === "assign" && !["lead", "second"].every((name) => walk.active.includes(String(event.payload[name])))) return "assign";
  if (kind !== "handover") return undefined;
  const to = String(event.payload["to"]);
  const free = walk.active.includes(author) && walk.active.length < READERS && idsOf(root, "reserves").includes(to) && !walk.ever.has(to);
  return free ? undefined : "handover";
}

/** Who reads, and which events are void. Without an earlier walk this finds the effective cutoffs; with it, it obeys those found there. */
function walkThrough(graph: Graph, root: Event, earlier?: Walk): Walk {
  const readers = idsOf(root, "readers");
  const walk: Walk = {
    active: readers, ever: new Set(readers), gone: new Map(), void: new Map(), recused: new Map(), cutoffs: new Map(), effective: new Map(),
  };
  const effective = [...earlier?.effective ?? []];
  const cuts = new Map(effective.map(([key]) => [key, earlier?.cutoffs.get(key) ?? []]));
  for (const event of graph.order.flatMap((id) => graph.held.get(id) ?? [])) {
    const { author, payload: { of, to } } = event;
    // Only what the reporter sees too decides who reads: a cutoff among reviewers is about notes alone.
    if (effective.some(([, cutoff]) => cutoff === event && audienceOf(event) === "all")) leave(walk, String(of), "cutoff");
    const reason = reasonAgainst(event, root, graph, walk, cuts);
    if (reason !== undefined) walk.void.set(event.id, reason);
    else if (kindOf(event) === "cutoff" && earlier === undefined) count(walk, event);
    else if (kindOf(event) === "handover") {
      walk.active = [...walk.active, String(to)];
      walk.ever.add(String(to));
    } else if (kindOf(event) === "recuse") {
      walk.recused.set(author, event.id);
      leave(walk, author, "recused");
    }
  }
  return walk;
}

function equivocationsIn(held: Graph["held"], reasons: ReadonlyMap<string, VoidReason>): string[][] {
  const groups = new Map<string, string[]>();
  for (const event of held.values()) {
    // Whoever is no reader of this case cannot contradict themselves in it.
    if (!byReviewer(event) || reasons.get(event.id) === "author") continue;
    const key = `${event.author} ${String(event.payload["audience"])} ${idsOf(event, "prev").join()}`;
    add(groups, key, event.id);
  }
  return [...groups.values()].filter((ids) => ids.length > 1).map((ids) => ids.sort()).sort();
}

/**
 * Folds events, in any order and with doubles, into the case with this id; undefined without its report or stub.
 * Whoever folds must have dropped stubs that are not their own: the signature of a stub says nothing about the report.
 */
export function fold(events: Iterable<Event>, caseId: string): Case | undefined {
  const held = heldOf(events, caseId);
  const root = held.get(caseId);
  if (root === undefined) return undefined;
  const graph = graphOf(held);
  // Cutoffs take back what came before them in the order too, so whom they name must be known before events are judged.
  const first = walkThrough(graph, root);
  const walk = first.effective.size > 0 ? walkThrough(graph, root, first) : first;
  const at = judge(graph, caseId, walk.void, leavings(walk, first));
  const reasons = new Map([...walk.void, ...at.void]);
  const order = graph.order.flatMap((id) => (reasons.has(id) ? [] : held.get(id) ?? []));
  const kinds = new Map<string, Event[]>();
  for (const event of order) add(kinds, kindOf(event), event);
  const ofKind = (kind: string): Event[] => kinds.get(kind) ?? [];
  const withdrawn = bitsOf(graph, ofKind("withdraw").map(({ id }) => id));
  const choices = ofKind("choice").map(({ id }) => id).filter((id) => (aboveOf(graph, id) & withdrawn) === 0n);
  const [state, since] = at.history.at(-1) ?? ["", ""];
  const brought = held.get(at.brought);
  const [lead, second] = pairOf(ofKind("assign").at(-1), walk.active);
  return {
    id: caseId, root, order, kinds, void: reasons, may: mayOf(graph, choices, root), state, since, brought, graph, lead, second,
    until: at.until, whom: String(brought?.payload["whom"] ?? ""),
    opened: new Set(ofKind("received").map(({ author }) => author)),
    missing: new Set([...held.values()].flatMap(namedBy).filter((id) => !held.has(id))),
    equivocations: equivocationsIn(held, walk.void),
    readers: walk.active, gone: walk.gone, evaluator: String(ofKind("evaluator")[0]?.payload["evaluator"] ?? ""),
    history: at.history, proposals: proposals(at), unsigned: [...at.unsigned], extended: at.extended, legalHold: at.legalHold, agreed: agreedTexts(at),
    triage: ofKind("triage").at(-1), knew: ofKind("knew").at(-1),
    corrections: new Map(ofKind("correction").map(({ payload }) => [String(payload["code"]), String(payload["status"])])),
  };
}

/** By person: the events by which they stepped back or were cut off for everyone. */
function leavings(walk: Walk, first: Walk): Map<string, string[]> {
  const left = new Map([...walk.recused].map(([person, id]) => [person, [id]]));
  for (const [key, { payload }] of first.effective) {
    const of = String(payload["of"]);
    const ids = (first.cutoffs.get(key) ?? []).map(({ id }) => id);
    if (payload["audience"] === "all") left.set(of, [...left.get(of) ?? [], ...ids]);
  }
  return left;
}

/** The lead and the second: those assigned last if both still read the case, else the first two who do. */
function pairOf(assign: Event | undefined, active: readonly string[]): [string, string] {
  const assigned = [String(assign?.payload["lead"]), String(assign?.payload["second"])] as [string, string];
  return assigned.every((sign) => active.includes(sign)) ? assigned : [active[0] ?? "", active[1] ?? ""];
}

/**
 * `parents` of a new event with this audience: of the valid events its readers may know, those no other of them names; at most 32. If there
 * are more, what it names (`of`) comes first, then each author's last: nobody can crowd out what somebody else answers.
 */
export function headsOf(folded: Case, audience: string, of = ""): string[] {
  const idOf = (event: Event): string => (event === folded.root ? folded.id : event.id);
  const known = folded.order.filter((event) => covers(audienceOf(event), audience));
  const named = new Set(known.flatMap(namedBy));
  const free = known.filter((event) => !named.has(idOf(event)));
  const ids = free.map(idOf).sort();
  if (ids.length <= PARENTS_MAX) return ids;
  const last = [...new Map(free.map((event) => [event.author, idOf(event)]))].sort().map(([, id]) => id);
  const asked = known.some((event) => idOf(event) === of) ? [of] : [];
  return [...new Set([...asked, ...last, ...ids])].slice(0, PARENTS_MAX).sort();
}

/** The author's newest event in a case: the last of theirs in the order of the fold, as the list `prev` wants it. */
export function previousOf(folded: Case, author: string): string[] {
  const last = folded.order.filter((event) => event.author === author).at(-1);
  return last === undefined ? [] : [last === folded.root ? folded.id : last.id];
}

/** The names that every payload has; with `link`, also those of every kind but `report`. */
export function common(
  kind: string, week: string, seen: readonly [number, string], roster: number, audience: string,
  link?: { case: string; prev: string[]; parents: string[] },
): JsonObject {
  return { v: VERSION, kind, week, seen: [...seen], roster, audience, ...link };
}
