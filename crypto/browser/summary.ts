/** What a summary seals again and what it lets go, so that only what is truly missing is an alarm (PROTOCOL section 7). */

import type { Case } from "./case.ts";
import { RECENT } from "./constants.ts";
import { idsOf, type Event } from "./event.ts";
import { add, namedBy } from "./graph.ts";

/** What is named and not held: the ids that are missed, and those that summaries let go: nothing that is among anybody's last. */
export function absent({ order, kinds, missing, graph }: Case): { lost: string[]; letGo: string[] } {
  const by = new Map<string, Event[]>();
  for (const event of order) add(by, event.author, event);
  const pressing = new Set([...by.values()].flatMap((events) => events.slice(-RECENT).flatMap(namedBy)));
  const said = (name: string): string[] => (kinds.get("summary") ?? []).flatMap((event) => idsOf(event, name));
  const older = new Set(said("older"));
  const named = [...new Set([...missing, ...said("again")])].filter((id) => !graph.held.has(id));
  const isGone = (id: string): boolean => older.has(id) && !pressing.has(id);
  return { lost: named.filter((id) => !isGone(id)), letGo: named.filter(isGone) };
}
