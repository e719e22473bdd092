/** The state of a case: a pure function of a set of events (PROTOCOL section 9), and what a new event must name (section 6). */

import { MAY_CODES, PARENTS_MAX, READERS, STATES, VERSION } from "./constants.ts";
import type { JsonObject } from "./encoding.ts";
import { idsOf, REVIEWER_KINDS, type Event } from "./event.ts";

export type VoidReason = "author" | "audience" | "parents" | "week" | "recused" | "cutoff" | "handover" | "state";

type Held = ReadonlyMap<string, Event>;

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
  readonly void: ReadonlyMap<string, VoidReason>;
  readonly missing: ReadonlySet<string>;
  /** Groups of ids of events by one reviewer with the same `prev`. */
  readonly equivocations: readonly (readonly string[])[];
  /** Sign keys of those who read the case now, the lead first. */
  readonly readers: readonly string[];
  /** Those who did, to `recused` or `cutoff`. */
  readonly gone: ReadonlyMap<string, string>;
  /** Sign key of the evaluator whom the reporter brought in, or empty. */
  readonly evaluator: string;
}

const kindOf = (event: Event): string => String(event.payload["kind"]);
const audienceOf = (event: Event): string => String(event.payload["audience"]);
const byReviewer = (event: Event): boolean => REVIEWER_KINDS.includes(kindOf(event));
const namedBy = (event: Event): string[] => [...idsOf(event, "prev"), ...idsOf(event, "parents")];
/** Does everyone in audience `other` belong to audience `whole`? */
const includes = (whole: string, other: string): boolean => whole === "all" || other === "reviewers";

/** The events of a case by id, the root under the case id: a stub stands for the report it replaces. */
function collect(events: Iterable<Event>, caseId: string): { held: Map<string, Event>; root: Event | undefined } {
  const held = new Map<string, Event>();
  const stubs: Event[] = [];
  for (const event of events) {
    if (kindOf(event) === "stub") {
      if (event.payload["case"] === caseId) stubs.push(event);
    } else if (event.id === caseId ? kindOf(event) === "report" : event.payload["case"] === caseId) held.set(event.id, event);
  }
  const root = held.get(caseId) ?? stubs.sort((a, b) => (a.id < b.id ? -1 : 1))[0];
  if (root !== undefined) held.set(caseId, root);
  return { held, root };
}

/** Topological order by `prev` and `parents`, among the ready ones the smallest id first. */
function topological(held: Held): Event[] {
  const waiting = new Map<string, Set<string>>();
  for (const [id, event] of held) waiting.set(id, new Set(namedBy(event).filter((name) => held.has(name))));
  const order: Event[] = [];
  while (waiting.size > 0) {
    const ready = [...waiting.keys()].filter((id) => waiting.get(id)?.size === 0).sort()[0] ?? "";
    const event = held.get(ready);
    if (event === undefined) break; // a circle cannot be made: ids are hashes
    waiting.delete(ready);
    for (const names of waiting.values()) names.delete(ready);
    order.push(event);
  }
  return order;
}

/** All ids that events of `from` descend from. */
function ancestors(from: readonly Event[], held: Held): Set<string> {
  const reached = new Set<string>();
  const pending = from.flatMap(namedBy);
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    if (reached.has(id)) continue;
    reached.add(id);
    const event = held.get(id);
    if (event !== undefined) pending.push(...namedBy(event));
  }
  return reached;
}

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
  const counted = [...walk.cutoffs.get(key) ?? [], cutoff];
  walk.cutoffs.set(key, counted);
  if (walk.effective.has(key) || new Set(counted.map(({ author }) => author)).size < Math.min(2, walk.ever.size - 1)) return;
  walk.effective.set(key, cutoff);
  leave(walk, of, "cutoff");
}

/** The first reason against an event, but for `state`; `spared` holds what cutoffs leave, by person and audience. */
function reasonAgainst(
  event: Event, root: Event, held: Held, walk: Walk, spared: ReadonlyMap<string, ReadonlySet<string>>,
): VoidReason | undefined {
  if (event === root) return undefined;
  const [kind, author, audience] = [kindOf(event), event.author, audienceOf(event)];
  if (byReviewer(event) ? !walk.ever.has(author) : author !== root.author) return "author";
  if (kind !== "cutoff" && audience !== (kind === "note" ? "reviewers" : "all")) return "audience";
  const parents = idsOf(event, "parents").map((id) => held.get(id)).filter((parent) => parent !== undefined);
  if (parents.some((parent) => !includes(audienceOf(parent), audience))) return "parents";
  if (parents.some((parent) => String(event.payload["week"]) < String(parent.payload["week"]))) return "week";
  if (!byReviewer(event)) return undefined;
  const recuse = walk.recused.get(author);
  if (recuse !== undefined && ancestors([event], held).has(recuse)) return "recused";
  if (spared.get(author + audience)?.has(event.id) === false) return "cutoff";
  if (kind === "recuse" && !walk.active.includes(author)) return "recused";
  if (kind !== "handover") return undefined;
  const to = String(event.payload["to"]);
  const free = walk.active.includes(author) && walk.active.length < READERS && idsOf(root, "reserves").includes(to) && !walk.ever.has(to);
  return free ? undefined : "handover";
}

/** Who reads, and which events are void. Without an earlier walk this finds the effective cutoffs; with it, it obeys those found there. */
function walkThrough(order: readonly Event[], root: Event, held: Held, earlier?: Walk): Walk {
  const readers = idsOf(root, "readers");
  const walk: Walk = {
    active: readers, ever: new Set(readers), gone: new Map(), void: new Map(), recused: new Map(), cutoffs: new Map(), effective: new Map(),
  };
  const effective = [...earlier?.effective ?? []];
  const spared = new Map(effective.map(([key]) => [key, ancestors(earlier?.cutoffs.get(key) ?? [], held)]));
  for (const event of order) {
    const { author, payload: { of, to } } = event;
    if (effective.some(([, cutoff]) => cutoff === event)) leave(walk, String(of), "cutoff");
    const reason = reasonAgainst(event, root, held, walk, spared);
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

/** The most careful of the choices that no other choice descends from; without any, what the report says. */
function mayOf(order: readonly Event[], root: Event, held: Held): string | undefined {
  const choices = order.filter((event) => kindOf(event) === "choice");
  const replaced = ancestors(choices, held);
  const chosen = choices.filter((event) => !replaced.has(event.id)).map((event) => event.payload["may"]);
  const answers = root.payload["answers"] as JsonObject | undefined;
  return MAY_CODES.find((may) => chosen.includes(may)) ?? answers?.["may"] as string | undefined;
}

function equivocationsIn(held: Held, reasons: ReadonlyMap<string, VoidReason>): string[][] {
  const groups = new Map<string, string[]>();
  for (const event of held.values()) {
    // Whoever is no reader of this case cannot contradict themselves in it.
    if (!byReviewer(event) || reasons.get(event.id) === "author") continue;
    const key = `${event.author} ${String(event.payload["audience"])} ${idsOf(event, "prev").join()}`;
    groups.set(key, [...groups.get(key) ?? [], event.id]);
  }
  return [...groups.values()].filter((ids) => ids.length > 1).map((ids) => ids.sort()).sort();
}

/**
 * Folds events, in any order and with doubles, into the case with this id; undefined without its report or stub.
 * Whoever folds must have dropped stubs that are not their own: the signature of a stub says nothing about the report.
 */
export function fold(events: Iterable<Event>, caseId: string): Case | undefined {
  const { held, root } = collect(events, caseId);
  if (root === undefined) return undefined;
  const ordered = topological(held);
  // Cutoffs take back what came before them in the order too, so whom they name must be known before events are judged.
  const first = walkThrough(ordered, root, held);
  const walk = first.effective.size > 0 ? walkThrough(ordered, root, held, first) : first;
  const order: Event[] = [];
  let state = 0;
  for (const event of ordered.filter(({ id }) => !walk.void.has(id))) {
    const to = STATES.findIndex((one) => kindOf(event) === "state" && one === event.payload["to"]);
    // From a state to a later one only.
    if (kindOf(event) === "state" && to <= state) walk.void.set(event.id, "state");
    else order.push(event);
    state = Math.max(state, to);
  }
  const ofKind = (kind: string): Event[] => order.filter((event) => kindOf(event) === kind);
  return {
    id: caseId, root, order, void: walk.void, may: mayOf(order, root, held),
    state: ofKind("withdraw").length > 0 ? "WITHDRAWN" : STATES[state] ?? "",
    opened: new Set(ofKind("received").map(({ author }) => author)),
    missing: new Set([...held.values()].flatMap(namedBy).filter((id) => !held.has(id))),
    equivocations: equivocationsIn(held, walk.void),
    readers: walk.active, gone: walk.gone, evaluator: String(ofKind("evaluator")[0]?.payload["evaluator"] ?? ""),
  };
}

/** `parents` of a new event with this audience: of the valid events its readers may know, those no other of them names; at most 32. */
export function heads(events: Iterable<Event>, caseId: string, audience: string): string[] {
  const folded = fold(events, caseId);
  const known = folded?.order.filter((event) => includes(audienceOf(event), audience)) ?? [];
  const named = new Set(known.flatMap(namedBy));
  const ids = known.map((event) => (event === folded?.root ? caseId : event.id));
  return ids.filter((id) => !named.has(id)).sort().slice(0, PARENTS_MAX);
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
