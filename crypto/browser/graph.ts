/** The events of one case as a graph: who names whom, one order for everyone, who descends from whom (PROTOCOL section 9, 1 to 3). */

import { idsOf, kindOf, type Event } from "./event.ts";

type Ids = readonly string[];
/** Length of the keys that events are ordered by. */
const KEY = 10;
/** Steps that one person can take, or that undo what stands. */
const BY_ONE = ["REVIEW", "NEEDS_INFO", "HELD", "ADVICE", "CORRECTED", "REOPENED"];

export interface Graph {
  /** By id, the root under the case id even if it is a stub. */
  readonly held: ReadonlyMap<string, Event>;
  readonly order: Ids;
  /** The bit of each event. */
  readonly bit: ReadonlyMap<string, bigint>;
  /** The bits of what an event descends from. */
  readonly above: ReadonlyMap<string, bigint>;
  /** The firm endorsements. */
  readonly firm: ReadonlySet<string>;
  /** What each event names and follows. */
  readonly followed: ReadonlyMap<string, Ids>;
}

export const audienceOf = (event: Event): string => String(event.payload["audience"]);
export const namedBy = (event: Event): string[] => [...idsOf(event, "prev"), ...idsOf(event, "parents")];
/** Does everyone in audience `narrow` belong to audience `wide`? */
export const covers = (wide: string, narrow: string): boolean => wide === "all" || narrow === "reviewers";

/** The events of a case by id: a stub stands for the report it replaces, under the report's id. */
export function heldOf(events: Iterable<Event>, caseId: string): Map<string, Event> {
  const held = new Map<string, Event>();
  const stubs: Event[] = [];
  for (const event of events) {
    if (kindOf(event) === "stub") {
      if (event.payload["case"] === caseId) stubs.push(event);
    } else if (event.id === caseId ? kindOf(event) === "report" : event.payload["case"] === caseId) held.set(event.id, event);
  }
  const root = held.get(caseId) ?? stubs.sort((a, b) => (a.id < b.id ? -1 : 1))[0];
  if (root !== undefined) held.set(caseId, root);
  return held;
}

/** Who descends from whom, which needs any order that is topological, and then the order that everyone judges in. */
export function graphOf(held: ReadonlyMap<string, Event>): Graph {
  // What only a narrower audience has leads nowhere: the reporter must find the same order and descent.
  const followed = new Map([...held].map(([id, event]) => [id, [...new Set(namedBy(event))].filter((name) => {
    const named = held.get(name);
    return named !== undefined && covers(audienceOf(named), audienceOf(event));
  })] as const));
  const plain = topological(followed, () => "".padStart(KEY, "0"));
  const bit = new Map(plain.map((id, place) => [id, 1n << BigInt(place)]));
  const above = new Map<string, bigint>();
  for (const id of plain) {
    above.set(id, (followed.get(id) ?? []).reduce((bits, name) => bits | (bit.get(name) ?? 0n) | (above.get(name) ?? 0n), 0n));
  }
  const { keys, firm } = keysOf({ held, bit, above }, plain, followed);
  return { held, order: topological(followed, (id) => keys.get(id) ?? ""), bit, above, firm, followed };
}

/** By id: of these events, which stand in order, the number of the last from which it descends, for each key; under "" of all. */
export function latestOf({ held, order, followed }: Graph, ids: Ids, keyOf: (event: Event) => string): Map<string, Map<string, number>> {
  const turn = new Map(ids.map((id, n) => [id, n]));
  const found = new Map([["", new Map(ids.map((id, n) => [keyOf(held.get(id) as Event), n]))]]);
  for (const id of order) {
    const latest = new Map<string, number>();
    const put = (key: string, n: number): void => void latest.set(key, Math.max(n, latest.get(key) ?? n));
    for (const name of followed.get(id) ?? []) {
      found.get(name)?.forEach((n, key) => put(key, n));
      const n = turn.get(name);
      if (n !== undefined) put(keyOf(held.get(name) as Event), n);
    }
    found.set(id, latest);
  }
  return found;
}

/** Each after all that it follows; of those that are free the one of the smallest key, and of these the smallest id. */
function topological(followed: ReadonlyMap<string, Ids>, keyOf: (id: string) => string): string[] {
  const followers = new Map<string, string[]>();
  const left = new Map<string, number>();
  const free: string[] = [];
  for (const [id, names] of followed) {
    left.set(id, names.length);
    if (names.length === 0) push(free, keyOf(id) + id);
    for (const name of names) add(followers, name, id);
  }
  const order: string[] = [];
  for (let key = pop(free); key !== undefined; key = pop(free)) {
    const id = key.slice(KEY);
    order.push(id);
    for (const follower of followers.get(id) ?? []) {
      const count = (left.get(follower) ?? 0) - 1;
      left.set(follower, count);
      if (count === 0) push(free, keyOf(follower) + follower);
    }
  }
  return order;
}

/**
 * By id, a text of KEY characters: the number of the first **firm** endorsement that it is or that descends from it (after all others
 * without any), and the rank. What two people agreed on comes first, with all that it rests on; then what one person says, and last a
 * closing. So nobody can put a step before what others agreed on by trying ids. No void is looked at.
 */
function keysOf(
  { held, bit, above }: Omit<Graph, "order" | "firm" | "followed">, plain: Ids, followed: ReadonlyMap<string, Ids>,
): { keys: ReadonlyMap<string, string>; firm: ReadonlySet<string> } {
  const bitOf = (id: string): bigint => bit.get(id) ?? 0n;
  const [below, steps, own] = [new Map<string, bigint>(), new Map<string, bigint>(), new Map<string, bigint>()];
  const put = (map: Map<string, bigint>, key: string, bits: bigint): void => void map.set(key, (map.get(key) ?? 0n) | bits);
  const bitsIn = (map: ReadonlyMap<string, bigint>, key: string): bigint => map.get(key) ?? 0n;
  const endorsed = new Map<Event, Event>();
  let people: Ids = [];
  for (const id of [...plain].reverse()) {
    const event = held.get(id) as Event;
    const kind = kindOf(event);
    for (const name of followed.get(id) ?? []) put(below, name, bitOf(id) | bitsIn(below, id));
    if (kind === "report" || kind === "stub") people = [...idsOf(event, "readers"), ...idsOf(event, "reserves")];
    if (audienceOf(event) !== "all" || !["state", "endorse"].includes(kind)) continue;
    put(steps, event.author, bitOf(id));
    if (kind === "state") put(own, event.author, bitOf(id));
    const of = held.get(String(event.payload["of"]));
    if (kind === "endorse" && of !== undefined && ["state", "purge", "hold"].includes(kindOf(of))) endorsed.set(event, of);
  }
  // Late: one of the two has moved on from the step beside it.
  const late = new Set<string>();
  for (const [{ id, author }, of] of endorsed) {
    const known = bitOf(id) | bitsIn(above, id) | bitsIn(below, id);
    if ((bitsIn(below, of.id) & (bitsIn(steps, author) | bitsIn(steps, of.author)) & ~known) !== 0n) late.add(id);
  }
  for (const { id, author } of endorsed.keys()) if (late.has(id)) put(own, author, bitOf(id));
  // Firm: two people knew of it, and whoever endorses brings along no step of their own.
  const group = new Map<string, number>();
  const number = new Map(plain.map((id, place) => [id, place]));
  for (const [{ id, author }, of] of endorsed) {
    const two = author !== of.author && people.includes(author) && people.includes(of.author) && (bitsIn(above, id) & bitOf(of.id)) !== 0n;
    const brought = bitsIn(above, id) & ~bitsIn(above, of.id) & bitsIn(own, author);
    if (two && !late.has(id) && brought === 0n) group.set(id, number.get(id) ?? 0);
  }
  const firm = new Set(group.keys());
  const groupOf = (id: string): number => group.get(id) ?? plain.length;
  for (const id of [...plain].reverse()) for (const name of followed.get(id) ?? []) group.set(name, Math.min(groupOf(name), groupOf(id)));
  const keys = new Map(plain.map((id) => {
    const event = held.get(id) as Event;
    return [id, `${groupOf(id)}${late.has(id) ? 4 : rankOf(event)}`.padStart(KEY, "0")];
  }));
  return { keys, firm };
}

function rankOf(event: Event): number {
  const { to, urgent } = event.payload;
  if (kindOf(event) !== "state") return 0;
  return urgent === "YES" ? 2 : to === "CLOSED" ? 3 : BY_ONE.includes(String(to)) ? 1 : 0;
}

/** Into a heap: the smallest text is at its root. */
function push(heap: string[], key: string): void {
  let at = heap.length;
  for (let up = (at - 1) >> 1; at > 0 && key < (heap[up] as string); up = (at - 1) >> 1) {
    heap[at] = heap[up] as string;
    at = up;
  }
  heap[at] = key;
}

/** The smallest text, out of a heap. */
function pop(heap: string[]): string | undefined {
  const [first, last] = [heap[0], heap.pop()];
  if (heap.length === 0 || last === undefined) return first;
  let at = 0;
  for (let down = 1; down < heap.length; down = 2 * at + 1) {
    if (down + 1 < heap.length && (heap[down + 1] as string) < (heap[down] as string)) down += 1;
    if (last <= (heap[down] as string)) break;
    heap[at] = heap[down] as string;
    at = down;
  }
  heap[at] = last;
  return first;
}

/** Adds to the list that a map has under a key. */
export function add<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

/** These events as bits. */
export const bitsOf = ({ bit }: Graph, ids: Ids): bigint => ids.reduce((bits, id) => bits | (bit.get(id) ?? 0n), 0n);
export const aboveOf = ({ above }: Graph, id: string): bigint => above.get(id) ?? 0n;
export const descends = (graph: Graph, later: string, earlier: string): boolean =>
  (aboveOf(graph, later) & (graph.bit.get(earlier) ?? 0n)) !== 0n;

/** Those of these events that no other of them descends from. */
export function lastOf(graph: Graph, ids: Ids): string[] {
  const passed = ids.reduce((bits, id) => bits | aboveOf(graph, id), 0n);
  return ids.filter((id) => (passed & (graph.bit.get(id) ?? 0n)) === 0n);
}
