/** The events of one case as a graph: who names whom, one order for everyone, who descends from whom (PROTOCOL section 9, 1 to 3). */

import { idsOf, kindOf, type Event } from "./event.ts";

export interface Graph {
  /** By id, the root under the case id even if it is a stub. */
  readonly held: ReadonlyMap<string, Event>;
  readonly order: readonly string[];
  /** The bit of each event, by its place in the order. */
  readonly bit: ReadonlyMap<string, bigint>;
  /** The bits of what an event descends from. */
  readonly above: ReadonlyMap<string, bigint>;
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

/** Topological order by `prev` and `parents`, among the ready ones the smallest id first. */
export function graphOf(held: ReadonlyMap<string, Event>): Graph {
  const waiting = new Map<string, Set<string>>();
  for (const [id, event] of held) {
    // What only a narrower audience has leads nowhere: the reporter must find the same order and descent.
    waiting.set(id, new Set(namedBy(event).filter((name) => {
      const named = held.get(name);
      return named !== undefined && covers(audienceOf(named), audienceOf(event));
    })));
  }
  const followed = new Map([...waiting].map(([id, names]) => [id, [...names]]));
  const order: string[] = [];
  const bit = new Map<string, bigint>();
  const above = new Map<string, bigint>();
  while (waiting.size > 0) {
    const ready = [...waiting.keys()].filter((id) => waiting.get(id)?.size === 0).sort()[0];
    if (ready === undefined) break; // a circle cannot be made: ids are hashes
    waiting.delete(ready);
    for (const names of waiting.values()) names.delete(ready);
    bit.set(ready, 1n << BigInt(order.length));
    above.set(ready, bitsOf({ bit, above }, followed.get(ready) ?? []));
    order.push(ready);
  }
  return { held, order, bit, above };
}

/** The bits of events and of what they descend from. */
function bitsOf({ bit, above }: Pick<Graph, "bit" | "above">, ids: readonly string[]): bigint {
  return ids.reduce((bits, id) => bits | (bit.get(id) ?? 0n) | (above.get(id) ?? 0n), 0n);
}

export const descends = ({ above, bit }: Graph, later: string, earlier: string): boolean =>
  ((above.get(later) ?? 0n) & (bit.get(earlier) ?? 0n)) !== 0n;

/** Those of these events that no other of them descends from. */
export const lastOf = (graph: Graph, ids: readonly string[]): string[] =>
  ids.filter((id) => !ids.some((other) => descends(graph, other, id)));
