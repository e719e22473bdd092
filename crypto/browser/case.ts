/** The state of a case: a pure function of a set of events (PROTOCOL section 9), and what a new event must name (section 6). */

import { MAY_CODES, PARENTS_MAX, REPORTER_KINDS, REVIEWER_KINDS, VERSION } from "./constants.ts";
import type { JsonObject } from "./encoding.ts";
import { idsOf, type Event } from "./event.ts";

export type VoidReason = "author" | "audience" | "parents" | "week" | "state";

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
}

const kindOf = (event: Event): string => String(event.payload["kind"]);
const audienceOf = (event: Event): string => String(event.payload["audience"]);
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

/** Ids in topological order by `prev` and `parents`, among the ready ones the smallest first. */
function topological(held: ReadonlyMap<string, Event>): string[] {
  const waiting = new Map<string, Set<string>>();
  for (const [id, event] of held) waiting.set(id, new Set(namedBy(event).filter((name) => held.has(name))));
  const order: string[] = [];
  while (waiting.size > 0) {
    const ready = [...waiting.keys()].filter((id) => waiting.get(id)?.size === 0).sort()[0];
    if (ready === undefined) break; // a circle cannot be made: ids are hashes
    waiting.delete(ready);
    for (const names of waiting.values()) names.delete(ready);
    order.push(ready);
  }
  return order;
}

function reasonAgainst(event: Event, root: Event, held: ReadonlyMap<string, Event>): VoidReason | undefined {
  if (event === root) return undefined;
  const kind = kindOf(event);
  const reviewers = [...idsOf(root, "readers"), ...idsOf(root, "reserves")];
  const authorised = REPORTER_KINDS.includes(kind) ? event.author === root.author : reviewers.includes(event.author);
  if (!authorised) return "author";
  if (audienceOf(event) !== (kind === "note" ? "reviewers" : "all")) return "audience";
  const parents = idsOf(event, "parents").map((id) => held.get(id)).filter((parent) => parent !== undefined);
  if (parents.some((parent) => !includes(audienceOf(parent), audienceOf(event)))) return "parents";
  if (parents.some((parent) => String(event.payload["week"]) < String(parent.payload["week"]))) return "week";
  return undefined;
}

/** The state after a `state` event, or undefined if it may not follow. */
function nextState(state: string, to: unknown): string | undefined {
  if (to === "ACKNOWLEDGED") return state === "RECEIVED" ? "ACKNOWLEDGED" : undefined;
  return state === "CLOSED" ? undefined : "CLOSED";
}

/** All ids that events of `from` descend from. */
function ancestors(from: readonly Event[], held: ReadonlyMap<string, Event>): Set<string> {
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

/** The most careful of the choices that no other choice descends from; without any, what the report says. */
function mayOf(order: readonly Event[], root: Event, held: ReadonlyMap<string, Event>): string | undefined {
  const choices = order.filter((event) => kindOf(event) === "choice");
  const replaced = ancestors(choices, held);
  const chosen = choices.filter((event) => !replaced.has(event.id)).map((event) => event.payload["may"]);
  const answers = root.payload["answers"] as JsonObject | undefined;
  return MAY_CODES.find((may) => chosen.includes(may)) ?? answers?.["may"] as string | undefined;
}

function equivocationsIn(held: ReadonlyMap<string, Event>, reasons: ReadonlyMap<string, VoidReason>): string[][] {
  const groups = new Map<string, string[]>();
  for (const event of held.values()) {
    // Whoever is no reader of this case cannot contradict themselves in it.
    if (!REVIEWER_KINDS.includes(kindOf(event)) || reasons.get(event.id) === "author") continue;
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
  const reasons = new Map<string, VoidReason>();
  const order: Event[] = [];
  let state = "RECEIVED";
  for (const id of topological(held)) {
    const event = held.get(id);
    if (event === undefined) continue;
    const next = kindOf(event) === "state" ? nextState(state, event.payload["to"]) : state;
    const reason = reasonAgainst(event, root, held) ?? (next === undefined ? "state" : undefined);
    if (reason !== undefined) {
      reasons.set(event.id, reason);
      continue;
    }
    state = next ?? state;
    order.push(event);
  }
  if (order.some((event) => kindOf(event) === "withdraw")) state = "WITHDRAWN";
  const opened = new Set(order.filter((event) => kindOf(event) === "received").map((event) => event.author));
  const missing = new Set([...held.values()].flatMap(namedBy).filter((id) => !held.has(id)));
  return {
    id: caseId, root, state, may: mayOf(order, root, held), opened, order, void: reasons, missing,
    equivocations: equivocationsIn(held, reasons),
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
