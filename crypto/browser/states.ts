/** The states of a case: proposals, endorsements and the reporter's consent (PROTOCOL section 9, 7 to 12). Audience `all` only. */

import { MAY_CODES, NARROW, OUTWARD } from "./constants.ts";
import type { JsonObject } from "./encoding.ts";
import { kindOf, type Event } from "./event.ts";
import { audienceOf, descends, lastOf, type Graph } from "./graph.ts";

export type VoidReason = "author" | "audience" | "parents" | "week" | "recused" | "cutoff" | "handover" | "assign"
  | "orphan" | "same" | "consent" | "state";
type Ids = readonly string[];

/** A `state` or `purge` event that waits for a second person; why: empty if an endorsement now would count, else why it would be void. */
export interface Proposal {
  readonly id: string;
  readonly why: VoidReason | "";
}

/** A state, the week in which and the id of the event by which it began. */
export type Step = readonly [state: string, week: string, id: string];

const TABLE: Readonly<Record<string, string>> = {
  RECEIVED: "ACKNOWLEDGED CLOSED",
  ACKNOWLEDGED: "TRIAGE ADVICE",
  ADVICE: "TRIAGE CLOSED",
  TRIAGE: "NEEDS_INFO HELD REVIEW CLOSED",
  NEEDS_INFO: "TRIAGE REVIEW CLOSED",
  HELD: "TRIAGE REVIEW CLOSED",
  REVIEW: "NEEDS_INFO HELD PLAN CLOSED",
  PLAN: "REVIEW COORDINATING REFERRED DISCLOSED CLOSED",
  COORDINATING: "CORRECTED REFERRED DISCLOSED CLOSED",
  REFERRED: "CORRECTED COORDINATING DISCLOSED CLOSED",
  DISCLOSED: "CORRECTED CLOSED",
  CORRECTED: "COORDINATING REFERRED DISCLOSED CLOSED",
  CLOSED: "REOPENED PURGED",
  REOPENED: "TRIAGE",
  WITHDRAWN: "CLOSED PURGED",
};
/** One reviewer suffices for these wherever the table allows them. */
const ALONE = ["ACKNOWLEDGED", "ADVICE", "NEEDS_INFO", "CORRECTED", "REOPENED"];
const CLOSED_ALONE = ["RECEIVED SPAM", "ADVICE ADVISED", "WITHDRAWN WITHDRAWN"];
/** What `urgent` can reach. */
const AT_ONCE = ["COORDINATING", "REFERRED"];
/** What may be named by what names something. */
const NAMING: Readonly<Record<string, Ids>> = { endorse: ["state", "purge"], done: ["state"], confirm: ["state"], packet: ["state"] };
const ENOUGH: Readonly<Record<string, Ids>> = { REFERRED: ["REFER", "PUBLISH"], COORDINATING: ["PUBLISH"] };

/** Where the machine stands. */
export interface Standing {
  readonly graph: Graph;
  readonly root: Event;
  readonly valid: readonly Event[];
  /** A person's valid `recuse` and effective cutoffs. */
  readonly leaving: ReadonlyMap<string, Ids>;
  readonly history: Step[];
  readonly void: Map<string, VoidReason>;
  /** The `state` event behind the present state. */
  brought: string;
  withdrawn: boolean;
  readonly waiting: Set<string>;
  readonly reached: Set<string>;
  readonly unsigned: Set<string>;
  /** Valid endorsements, by what they endorse. */
  readonly signed: Map<string, Ids>;
}

const said = (event: Event | undefined, name: string): string => String(event?.payload[name] ?? "");
const targetOf = (event: Event): string => (kindOf(event) === "purge" ? "PURGED" : said(event, "to"));
const stateOf = (at: Standing): string => at.history.at(-1)?.[0] ?? "";
const ofKind = (at: Standing, ...kinds: Ids): Event[] => at.valid.filter((event) => kinds.includes(kindOf(event)));

/** Runs the machine over what the rules about people left valid; its `void` has the further reasons. */
export function judge(graph: Graph, caseId: string, gone: ReadonlyMap<string, VoidReason>, leaving: ReadonlyMap<string, Ids>): Standing {
  const root = graph.held.get(caseId) as Event;
  const shared = graph.order.flatMap((id) => (id === caseId || gone.has(id) ? [] : graph.held.get(id) ?? []))
    .filter((event) => audienceOf(event) === "all");
  const orphans = new Set(shared.filter((event) => isOrphan(graph, event, gone)));
  const at: Standing = {
    graph, root, valid: shared.filter((event) => !orphans.has(event)), leaving, history: [["RECEIVED", said(root, "week"), caseId]],
    void: new Map([...orphans].map(({ id }) => [id, "orphan"])), brought: "", withdrawn: false, waiting: new Set(), reached: new Set(),
    unsigned: new Set(), signed: new Map(),
  };
  for (const event of withdrawnLast(at)) {
    const kind = kindOf(event);
    if (kind === "state") propose(at, event);
    else if (kind === "purge") at.waiting.add(event.id);
    else if (kind === "endorse") endorse(at, event);
    else if (kind === "withdraw") {
      at.withdrawn = true;
      if (!["CLOSED", "WITHDRAWN", "PURGED"].includes(stateOf(at))) enter(at, "WITHDRAWN", event, "");
    }
  }
  for (const { id, payload: { of } } of ofKind(at, "done")) {
    const backed = at.reached.has(String(of)) || (at.signed.get(String(of)) ?? []).some((each) => descends(graph, id, each));
    if (!backed) at.void.set(id, "state");
  }
  return at;
}

/** What waits for a second person, in order. */
export function proposals(at: Standing): Proposal[] {
  return [...at.waiting].map((id) => ({ id, why: whyNot(at, undefined, at.graph.held.get(id) as Event) }));
}

/** The most careful of the choices that no other choice follows; without any, what the report said, if that is held. */
export function mayOf(graph: Graph, choices: Ids, root: Event): string | undefined {
  const last = lastOf(graph, choices).map((id) => said(graph.held.get(id), "may"));
  const answers = root.payload["answers"] as JsonObject | undefined;
  return MAY_CODES.find((may) => last.includes(may)) ?? answers?.["may"] as string | undefined;
}

/** Does it name no event of the right kind that counts and that its author had seen? */
function isOrphan(graph: Graph, event: Event, gone: ReadonlyMap<string, VoidReason>): boolean {
  const kinds = NAMING[kindOf(event)];
  if (kinds === undefined) return false;
  const of = said(event, kindOf(event) === "packet" ? "state" : "of");
  const named = graph.held.get(of);
  return of !== "" && !(named !== undefined && !gone.has(of) && kinds.includes(kindOf(named)) && descends(graph, event.id, of));
}

/** The same order, but everything said in knowledge of a `withdraw` after everything else: still topological, and not up to ids. */
function withdrawnLast(at: Standing): Event[] {
  const withdrawals = ofKind(at, "withdraw");
  const late = (event: Event): boolean => withdrawals.some(({ id }) => id === event.id || descends(at.graph, event.id, id));
  return [...at.valid.filter((event) => !late(event)), ...at.valid.filter(late)];
}

function enter(at: Standing, state: string, by: Event, brought: string): void {
  at.history.push([state, said(by, "week"), by.id]);
  at.brought = brought;
}

/** A `state` event at its place: one that needs one person takes effect, one that needs two waits. */
function propose(at: Standing, event: Event): void {
  const to = said(event, "to");
  const back = to === "REVIEW" && at.unsigned.has(at.brought) && descends(at.graph, event.id, at.brought);
  if (back) at.unsigned.delete(at.brought);
  if (back || isAlone(at, event)) {
    at.reached.add(event.id);
    enter(at, to, event, event.id);
  } else if (ALONE.includes(to)) at.void.set(event.id, "state");
  else if (isUrgent(at, event)) {
    at.reached.add(event.id);
    at.unsigned.add(event.id);
    enter(at, to, event, event.id);
  } else at.waiting.add(event.id);
}

function endorse(at: Standing, event: Event): void {
  const of = at.graph.held.get(said(event, "of")) as Event;
  const why = whyNot(at, event, of);
  if (why !== "") return void at.void.set(event.id, why);
  at.signed.set(of.id, [...at.signed.get(of.id) ?? [], event.id]);
  at.unsigned.delete(of.id);
  if (at.waiting.delete(of.id)) enter(at, targetOf(of), event, of.id);
}

/** Why this endorsement of `of` does not count, or "". Without an event: one by somebody new who has seen everything. */
function whyNot(at: Standing, event: Event | undefined, of: Event): VoidReason | "" {
  if (event?.author === of.author) return "same";
  if (leftBefore(at, event === undefined ? [of.author] : [of.author, event.author], of, event?.id)) return "recused";
  const open = at.waiting.has(of.id) || at.void.has(of.id);
  if (!open) return ""; // it has taken effect: one signature more
  if ((OUTWARD as Ids).includes(targetOf(of)) && !consented(at, event?.id, of, [of.id])) return "consent";
  return at.void.has(of.id) || !isAllowed(at, of) ? "state" : "";
}

/** Did one of these people leave without knowing what took effect at `by`, and before the act in the world was recorded? */
function leftBefore(at: Standing, people: Ids, of: Event, by: string | undefined): boolean {
  return people.flatMap((person) => at.leaving.get(person) ?? []).some((left) => !isAfter(at, left, by) && !recorded(at, of.id, by, left));
}

/** Does the table lead from one state to another? */
export const isOpenTo = (state: string, to: string): boolean => (TABLE[state] ?? "").split(" ").includes(to);

/** Does it lead from the present state to this event's? */
function isAllowed(at: Standing, event: Event): boolean {
  const [to, state] = [targetOf(event), stateOf(at)];
  if (!isOpenTo(state, to) || (to === "REOPENED" && at.withdrawn)) return false;
  const only = state === "RECEIVED" ? "SPAM" : state === "WITHDRAWN" ? state : undefined;
  return to !== "CLOSED" || only === undefined || event.payload["reason"] === only;
}

/** Does one reviewer suffice for this transition? */
function isAlone(at: Standing, event: Event): boolean {
  const [to, state] = [said(event, "to"), stateOf(at)];
  const few = ALONE.includes(to) || (to === "TRIAGE" && ["NEEDS_INFO", "HELD"].includes(state))
    || CLOSED_ALONE.includes(`${state} ${said(event, "reason")}`);
  return few && isAllowed(at, event);
}

/** Do danger to life and the reporter's consent let this event take effect before anyone endorses it? */
function isUrgent(at: Standing, event: Event): boolean {
  if (event.payload["urgent"] !== "YES" || !AT_ONCE.includes(said(event, "to")) || !isAllowed(at, event)) return false;
  if (leftBefore(at, [event.author], event, event.id)) return false;
  const before = at.valid.filter(({ id }) => descends(at.graph, event.id, id));
  if (!before.some((each) => kindOf(each) === "triage" && each.payload["urgency"] === "U0")) return false;
  const alike = (each: Event): boolean =>
    kindOf(each) === "state" && ["to", "whom"].every((name) => said(each, name) === said(event, name));
  return consented(at, event.id, event, before.filter(alike).map(({ id }) => id));
}

/**
 * The reporter's consent to an outward step that takes effect at `by` (undefined: at an event after all others).
 * asked: proposals whose answers count as answers to this one.
 */
function consented(at: Standing, by: string | undefined, of: Event, asked: Ids): boolean {
  const { graph } = at;
  const counted = ofKind(at, "choice", "confirm", "withdraw")
    .filter(({ id }) => !isAfter(at, id, by) && !recorded(at, of.id, by, id));
  const idsOfKind = (kind: string): string[] => counted.filter((event) => kindOf(event) === kind).map(({ id }) => id);
  const answers = lastOf(graph, idsOfKind("confirm").filter((id) => asked.includes(said(graph.held.get(id), "of"))));
  const word = (id: string, name: string): string => said(graph.held.get(id), name);
  if (idsOfKind("withdraw").length > 0 || answers.some((id) => word(id, "agree") === "NO")) return false;
  // Whoever agreed has seen every text that leaves with this step: a packet made after their yes needs another one.
  const texts = ofKind(at, "packet").filter((event) => said(event, "state") === of.id && isBefore(at, event.id, by));
  const yes = answers.filter((id) => isBefore(at, id, by) && texts.every((text) => descends(graph, id, text.id)));
  const known = ofKind(at, "triage").filter(({ id }) => isBefore(at, id, by)).map((event) => said(event, "known"));
  const answered = at.root.payload["answers"] as JsonObject | undefined;
  const narrow = [...known, answered?.["known"]].some((code) => (NARROW as readonly unknown[]).includes(code));
  if (narrow && !yes.some((id) => word(id, "warned") === "YES")) return false;
  // Who holds a stub only cannot know what the report said: the reviewers can, and what was said since counts for everyone.
  const may = mayOf(graph, idsOfKind("choice"), at.root) ?? "PUBLISH";
  return yes.length > 0 || (ENOUGH[said(of, "to")] ?? []).includes(may);
}

const isBefore = (at: Standing, id: string, by: string | undefined): boolean => by === undefined || descends(at.graph, by, id);
const isAfter = (at: Standing, id: string, by: string | undefined): boolean => by !== undefined && descends(at.graph, id, by);

/** Had the act in the world happened, as agreed at `by`, before its recorder knew of what speaks against it? */
function recorded(at: Standing, of: string, by: string | undefined, against: string): boolean {
  return by !== undefined && ofKind(at, "done").some(({ id, payload }) =>
    payload["of"] === of && descends(at.graph, id, by) && !descends(at.graph, id, against));
}
