/** The states of a case: proposals, endorsements and the reporter's consent (PROTOCOL section 9, 7 to 14). Audience `all` only. */

import { MAY_CODES, NARROW, OUTWARD } from "./constants.ts";
import { weekNumber, type JsonObject } from "./encoding.ts";
import { kindOf, REPORTER_KINDS, type Event } from "./event.ts";
import { aboveOf, add, audienceOf, bitsOf, descends, lastOf, latestOf, type Graph } from "./graph.ts";

export type VoidReason = "author" | "audience" | "parents" | "week" | "recused" | "cutoff" | "handover" | "assign"
  | "unread" | "orphan" | "same" | "retracted" | "state" | "triage" | "packet" | "legal" | "consent" | "correction" | "reason" | "date";
type Ids = readonly string[];

/**
 * A `state`, `purge` or `hold` event that waits for a second person. why: empty if an endorsement now would count, `state` if the case
 * cannot go there from where it stands, else why the endorsement would be void.
 */
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
/** And from where it cannot. */
const SHUT = ["RECEIVED", "CLOSED", "WITHDRAWN", "PURGED"];
/** What can be given a later date. */
const LONGER = ["HELD", "REVIEW", "COORDINATING"];
/** What may be named by what names something. */
const NAMING: Readonly<Record<string, Ids>> = {
  endorse: ["state", "purge", "hold"], retract: ["state", "purge", "hold"], done: ["state"], confirm: ["state"], packet: ["state"],
  legal: ["state"],
};
/** What only somebody can say who has opened the report. */
const OPENED = ["state", "purge", "hold", "endorse", "triage", "legal", "correction", "done"];
const ENOUGH: Readonly<Record<string, Ids>> = { REFERRED: ["REFER", "PUBLISH"], COORDINATING: ["PUBLISH"] };
/** Of these statuses a correction must have one before the state, or before closing for the reason. COORDINATING: before a later date. */
const STATUSES: Readonly<Record<string, Ids>> = {
  CORRECTED: ["CLAIMED", "VERIFIED", "DECLINED"], COORDINATING: ["ACKNOWLEDGED", "CLAIMED", "VERIFIED"],
  ACTION: ["VERIFIED"], CLAIMED: ["CLAIMED", "VERIFIED"],
};
/** The state that a case must have been in to be closed for the reason. */
const PASSED: Readonly<Record<string, string>> = { "REFERRED-DONE": "REFERRED", PUBLISHED: "DISCLOSED", "NO-REPLY": "NEEDS_INFO" };
/** The clocks of crypto/wording.json in whole weeks. */
export const WEEKS = { hold: 52, feedback: 25, embargo: 6, U1: 1, U0: 0, most: 12, "no-reply": 14, reopen: 52 } as const;

/** Where the machine stands. */
export interface Standing {
  readonly graph: Graph;
  readonly root: Event;
  readonly valid: readonly Event[];
  /** The valid ones by kind, and by kind and the proposal that they name. */
  readonly kinds: ReadonlyMap<string, readonly Event[]>;
  /** Where life was found in danger. */
  readonly danger: bigint;
  /** Every triage, and where few were found to know. */
  readonly triaged: bigint;
  readonly narrow: bigint;
  /** By kind: the numbers of the last ones known at each event. */
  readonly latest: Map<string, ReadonlyMap<string, ReadonlyMap<string, number>>>;
  /** A person's valid `recuse` and effective cutoffs. */
  readonly leaving: ReadonlyMap<string, Ids>;
  /** By author: what is too late for them to take back. */
  readonly passed: ReadonlyMap<string, bigint>;
  readonly history: Step[];
  readonly void: Map<string, VoidReason>;
  /** The `state` event behind the present state. */
  brought: string;
  /** The event of the last REOPENED, or empty. */
  reopened: string;
  until: string;
  withdrawn: boolean;
  legalHold: boolean;
  readonly waiting: Set<string>;
  readonly reached: Set<string>;
  readonly unsigned: Set<string>;
  /** Proposals that gave a state a later date. */
  readonly extended: string[];
  /** Valid endorsements, by what they endorse. */
  readonly signed: Map<string, bigint>;
}

const said = (event: Event | undefined, name: string): string => String(event?.payload[name] ?? "");
/** The state it leads to; empty for a legal hold, which leads to none. */
const targetOf = (event: Event): string => (kindOf(event) === "purge" ? "PURGED" : said(event, "to"));
const stateOf = (at: Standing): string => at.history.at(-1)?.[0] ?? "";
/** The proposal that it names; empty if it names none. */
const namedIn = (event: Event): string => said(event, kindOf(event) === "packet" ? "state" : "of");
const ofKind = (at: Standing, kind: string): readonly Event[] => at.kinds.get(kind) ?? [];
/** Those of a kind that name this proposal. */
const about = (at: Standing, kind: string, of: Event): readonly Event[] => ofKind(at, `${kind} ${of.id}`);

/** Runs the machine over what the rules about people left valid; its `void` has the further reasons. */
export function judge(graph: Graph, caseId: string, gone: ReadonlyMap<string, VoidReason>, leaving: ReadonlyMap<string, Ids>): Standing {
  const root = graph.held.get(caseId) as Event;
  const shared = graph.order.flatMap((id) => (id === caseId || gone.has(id) ? [] : graph.held.get(id) ?? []))
    .filter((event) => audienceOf(event) === "all");
  const out = new Map(gone);
  const opened = new Map<string, bigint>();
  for (const { id, author, payload: { kind } } of shared) {
    if (kind === "received") opened.set(author, (opened.get(author) ?? 0n) | (graph.bit.get(id) ?? 0n));
  }
  for (const event of shared) {
    // Who says where a case stands, or what it rests on, has opened the report.
    const knew = aboveOf(graph, event.id) & (opened.get(event.author) ?? 0n);
    if (OPENED.includes(kindOf(event)) && knew === 0n) out.set(event.id, "unread");
  }
  // None of them names another, so those found here change nothing for the rest.
  for (const event of shared) if (!out.has(event.id) && isOrphan(graph, event, out)) out.set(event.id, "orphan");
  const valid = shared.filter(({ id }) => !out.has(id));
  const kinds = new Map<string, Event[]>();
  for (const event of valid) for (const key of [kindOf(event), `${kindOf(event)} ${namedIn(event)}`]) add(kinds, key, event);
  const triages = (isMeant: (triage: Event) => boolean): bigint => bitsOf(graph, (kinds.get("triage") ?? []).filter(isMeant).map(({ id }) => id));
  const at: Standing = {
    graph, root, valid, kinds, leaving, passed: passedIn(graph, valid), history: [["RECEIVED", said(root, "week"), caseId]],
    triaged: triages(() => true), danger: triages((event) => said(event, "urgency") === "U0"),
    narrow: triages((event) => isNarrow(event.payload["known"])), latest: new Map(),
    void: new Map([...out].filter(([id]) => !gone.has(id))), brought: "", reopened: "", until: "", withdrawn: false, legalHold: false,
    waiting: new Set(), reached: new Set(), unsigned: new Set(), extended: [], signed: new Map(),
  };
  for (const event of withdrawnLast(at)) {
    const kind = kindOf(event);
    if (kind === "state") propose(at, event);
    else if (kind === "purge" || kind === "hold") at.waiting.add(event.id);
    else if (kind === "endorse") endorse(at, event);
    else if (kind === "withdraw") {
      at.withdrawn = true;
      if (!["CLOSED", "WITHDRAWN", "PURGED"].includes(stateOf(at))) enter(at, "WITHDRAWN", event, "");
    }
  }
  for (const { id, payload: { of } } of ofKind(at, "done")) {
    const backed = at.reached.has(String(of)) || (aboveOf(graph, id) & (at.signed.get(String(of)) ?? 0n)) !== 0n;
    if (!backed) at.void.set(id, "state");
  }
  const taken = ofKind(at, "retract");
  const open = new Set(taken.map(namedIn).filter((of) => at.waiting.has(of)));
  for (const event of taken) if (!open.has(namedIn(event))) at.void.set(event.id, "state");
  for (const of of open) {
    at.waiting.delete(of);
    at.void.set(of, "retracted");
  }
  return at;
}

/** By author: what they said, or knew when they said something, and what two others agreed on or built on. */
function passedIn(graph: Graph, valid: readonly Event[]): Map<string, bigint> {
  const passed = new Map<string, bigint>();
  const pairs = new Map<string, bigint>();
  for (const { id, author, payload: { of } } of valid) {
    const known = aboveOf(graph, id) | bitsOf(graph, [id]);
    passed.set(author, (passed.get(author) ?? 0n) | known);
    const pair = `${author} ${graph.held.get(String(of))?.author ?? ""}`;
    if (graph.firm.has(id)) pairs.set(pair, (pairs.get(pair) ?? 0n) | known);
  }
  for (const [author, own] of passed) {
    const others = [...pairs].filter(([pair]) => !pair.includes(author));
    passed.set(author, others.reduce((bits, [, known]) => bits | known, own));
  }
  return passed;
}

/** What waits for a second person, in order. */
export function proposals(at: Standing): Proposal[] {
  return [...at.waiting].map((id) => at.graph.held.get(id) as Event)
    .map((of) => ({ id: of.id, why: isAllowed(at, of) ? whyNot(at, undefined, of) : "state" }));
}

/** The most careful of the choices that no other choice follows; without any, what the report said, if that is held. */
export function mayOf(graph: Graph, choices: Ids, root: Event): string | undefined {
  const last = lastOf(graph, choices).map((id) => said(graph.held.get(id), "may"));
  const answers = root.payload["answers"] as JsonObject | undefined;
  return MAY_CODES.find((may) => last.includes(may)) ?? answers?.["may"] as string | undefined;
}

/** What reviewers may do by the choices that count for a step that takes effect at `by`. */
function mayAt(at: Standing, of: Event, by: string | undefined): string | undefined {
  return mayOf(at.graph, ofKind(at, "choice").map(({ id }) => id).filter(besideOf(at, of, by)), at.root);
}

/** Does it name no event of the right kind that counts and that its author had seen? To retract: or one of somebody else; as done: or no act. */
function isOrphan(graph: Graph, event: Event, gone: ReadonlyMap<string, VoidReason>): boolean {
  const kinds = NAMING[kindOf(event)];
  if (kinds === undefined) return false;
  const of = namedIn(event);
  const named = graph.held.get(of);
  if (named === undefined || gone.has(of) || !kinds.includes(kindOf(named)) || !descends(graph, event.id, of)) return of !== "";
  if (kindOf(event) === "done") return !(OUTWARD as Ids).includes(targetOf(named));
  return kindOf(event) === "retract" && named.author !== event.author;
}

/** The same order, but everything said in knowledge of a `withdraw` after everything else: still topological, and not up to ids. */
function withdrawnLast(at: Standing): Event[] {
  const withdrawals = bitsOf(at.graph, ofKind(at, "withdraw").map(({ id }) => id));
  const late = ({ id }: Event): boolean => ((aboveOf(at.graph, id) | bitsOf(at.graph, [id])) & withdrawals) !== 0n;
  return [...at.valid.filter((event) => !late(event)), ...at.valid.filter(late)];
}

function enter(at: Standing, state: string, by: Event, brought: string): void {
  at.history.push([state, said(by, "week"), by.id]);
  at.brought = brought;
  if (state === "REOPENED") at.reopened = by.id;
  at.until = said(at.graph.held.get(brought), "until");
}

/** A `state` event at its place: one that needs one person and lacks nothing takes effect, one that needs two waits. */
function propose(at: Standing, event: Event): void {
  const to = said(event, "to");
  const back = to === "REVIEW" && at.unsigned.has(at.brought) && descends(at.graph, event.id, at.brought);
  if (back) at.unsigned.delete(at.brought);
  const lacking = isAllowed(at, event) ? lacks(at, event, event.id) : "state";
  if (back || (lacking === "" && isAlone(at, event))) {
    at.reached.add(event.id);
    enter(at, to, event, event.id);
  } else if (lacking !== "" && ALONE.includes(to)) at.void.set(event.id, lacking);
  else if (lacking === "" && isUrgent(at, event)) {
    at.reached.add(event.id);
    at.unsigned.add(event.id);
    enter(at, to, event, event.id);
  } else at.waiting.add(event.id);
}

function endorse(at: Standing, event: Event): void {
  const of = at.graph.held.get(said(event, "of")) as Event;
  const why = whyNot(at, event, of);
  if (why !== "") return void at.void.set(event.id, why);
  at.signed.set(of.id, (at.signed.get(of.id) ?? 0n) | bitsOf(at.graph, [event.id]));
  at.unsigned.delete(of.id);
  if (!at.waiting.delete(of.id)) return;
  if (kindOf(of) === "hold") at.legalHold = !at.legalHold;
  else if (isLonger(at, of)) {
    at.until = said(of, "until");
    at.extended.push(of.id);
  } else enter(at, targetOf(of), event, of.id);
}

/** Why this endorsement of `of` does not count, or "". Without an event: one by somebody new who has seen everything. */
function whyNot(at: Standing, event: Event | undefined, of: Event): VoidReason | "" {
  if (event?.author === of.author) return "same";
  if (leftBefore(at, event === undefined ? [of.author] : [of.author, event.author], of, event?.id)) return "recused";
  const open = at.waiting.has(of.id) || at.void.has(of.id);
  if (!open) return ""; // it has taken effect: one signature more
  if (about(at, "retract", of).map(({ id }) => id).some(takesBack(at, of, event?.id))) return "retracted";
  return at.void.has(of.id) || !isAllowed(at, of) ? "state" : lacks(at, of, event?.id);
}

/** The first thing that a step which fits the present state lacks at `by` (undefined: at an event after all others), or "". */
function lacks(at: Standing, of: Event, by: string | undefined): VoidReason | "" {
  const [to, reason, state] = [targetOf(of), said(of, "reason"), stateOf(at)];
  const closes = to === "CLOSED" && reason !== "SPAM" && !["RECEIVED", "ADVICE", "WITHDRAWN"].includes(state);
  if ((closes || to === "HELD" || to === "REVIEW") && !isKnown(at, at.triaged, by)) return "triage";
  if (to === "DISCLOSED") {
    const texts = textsOf(at, by, of, yesTo(at, by, of));
    if (!texts.some((text) => text.payload["to"] === "PUBLIC")) return "packet";
    const all = bitsOf(at.graph, texts.map(({ id }) => id));
    if (!about(at, "legal", of).some((read) => isBefore(at, read.id, by) && (aboveOf(at.graph, read.id) & all) === all)) return "legal";
  }
  const may = ["PLAN", "ADVICE"].includes(to) ? mayAt(at, of, by) : undefined;
  if (may !== undefined && (may === "ADVISE") === (to === "PLAN")) return "consent";
  if ((OUTWARD as Ids).includes(to) && !consented(at, by, of)) return "consent";
  // Of each correction what was said of it last.
  const isShown = (step: string): boolean => STATUSES[step] === undefined
    || lastKnown(at, "correction", by, "code").some((event) => STATUSES[step]?.includes(said(event, "status")));
  if ((to !== "COORDINATING" || to === state) && !isShown(to)) return "correction";
  const passed = PASSED[reason];
  if (!isShown(reason) || (passed !== undefined && !at.history.some(([each]) => each === passed))) return "reason";
  return isInTime(at, of, by) ? "" : "date";
}

/** Do the weeks allow it? Nobody knows the day: what must not be too late is rounded down, what must not be too early up. */
function isInTime(at: Standing, of: Event, by: string | undefined): boolean {
  const [to, week, until] = [targetOf(of), weekNumber(said(of, "week")), said(of, "until")];
  const [state, came = ""] = at.history.at(-1) ?? [];
  const isUntil = (start: number, most: number): boolean => until === "" || weekNumber(until) <= start + most;
  const first = to === state ? weekNumber(came) : week;
  if (to === "HELD") return isUntil(first, WEEKS.hold);
  if (to === "REVIEW") {
    return isUntil(weekNumber(at.history.find(([each]) => each === "ACKNOWLEDGED")?.[1] ?? said(at.root, "week")), WEEKS.feedback);
  }
  if (to === "COORDINATING") {
    const urgency = said(lastKnown(at, "triage", by, "kind")[0], "urgency");
    return isUntil(first, to === state ? WEEKS.most : urgency === "U0" || urgency === "U1" ? WEEKS[urgency] : WEEKS.embargo);
  }
  if (to === "REOPENED") {
    // Not from the week that the closing claims: that could lie ahead.
    const isNear = (event: Event): boolean => week <= weekNumber(said(event, "week")) + WEEKS.reopen;
    return isNear(at.root) || at.valid.some((event) => descends(at.graph, of.id, event.id) && isNear(event));
  }
  if (said(of, "reason") !== "NO-REPLY") return true;
  const asked = at.history.filter(([each]) => each === "NEEDS_INFO").map(([, each]) => each).slice(-1);
  // A word of the reporter said at the same time beats closing for silence.
  const isBeside = besideOf(at, of, by);
  const heard = REPORTER_KINDS.flatMap((kind) => ofKind(at, kind)).filter(({ id }) => isBeside(id));
  const silent = [...asked, ...[at.root, ...heard].map((event) => said(event, "week"))].map(weekNumber);
  return week >= Math.max(...silent) + WEEKS["no-reply"];
}

/** Did one of these people leave without knowing what took effect at `by`, and before the act in the world was recorded? */
function leftBefore(at: Standing, people: Ids, of: Event, by: string | undefined): boolean {
  return people.flatMap((person) => at.leaving.get(person) ?? []).some(takesBack(at, of, by));
}

/**
 * Whether a `recuse`, `retract` or cutoff counts against `of` at `by`. A person alone is too late once they knew of that, as they said it or
 * something after it, or once two others built on it.
 */
function takesBack(at: Standing, of: Event, by: string | undefined): (back: string) => boolean {
  const isBeside = besideOf(at, of, by);
  const isLate = ({ author, payload: { kind } }: Event): boolean =>
    by !== undefined && kind !== "cutoff" && ((at.passed.get(author) ?? 0n) & bitsOf(at.graph, [by])) !== 0n;
  return (back) => !isLate(at.graph.held.get(back) as Event) && isBeside(back);
}

/** Can it take effect where the case stands now? */
function isAllowed(at: Standing, event: Event): boolean {
  const [to, state] = [targetOf(event), stateOf(at)];
  if (kindOf(event) === "hold") return state !== "PURGED" && at.legalHold !== (event.payload["on"] === "YES");
  // What waited when the case was closed is not taken up again.
  if (at.reopened !== "" && !descends(at.graph, event.id, at.reopened)) return false;
  if (isLonger(at, event) || (isHurried(at, event) && ![to, ...SHUT].includes(state))) return true;
  if (!(TABLE[state] ?? "").split(" ").includes(to)) return false;
  if ((to === "REOPENED" && at.withdrawn) || (to === "PURGED" && at.legalHold)) return false;
  const only = state === "RECEIVED" ? "SPAM" : state === "WITHDRAWN" ? state : undefined;
  return to !== "CLOSED" || only === undefined || event.payload["reason"] === only;
}

/** Does one reviewer suffice for this transition, which is allowed? */
function isAlone(at: Standing, event: Event): boolean {
  const [to, state] = [said(event, "to"), stateOf(at)];
  const held = to === "HELD" && state !== to && mayAt(at, event, event.id) === "HOLD";
  return held || ALONE.includes(to) || (to === "TRIAGE" && ["NEEDS_INFO", "HELD"].includes(state))
    || CLOSED_ALONE.includes(`${state} ${said(event, "reason")}`);
}

/** Does it give the present state a later date, with a reason, said by somebody who knew that state? REVIEW has one such. */
function isLonger(at: Standing, event: Event): boolean {
  const state = stateOf(at);
  if (kindOf(event) !== "state" || said(event, "to") !== state || !LONGER.includes(state)) return false;
  const known = descends(at.graph, event.id, at.history.at(-1)?.[2] ?? "");
  return known && said(event, "text") !== "" && said(event, "whom") === said(at.graph.held.get(at.brought), "whom")
    && said(event, "until") > at.until && !(state === "REVIEW" && at.until !== "");
}

/** Is it an urgent step out, by somebody who knew that life is in danger? */
function isHurried(at: Standing, event: Event): boolean {
  return kindOf(event) === "state" && event.payload["urgent"] === "YES" && AT_ONCE.includes(said(event, "to"))
    && (aboveOf(at.graph, event.id) & at.danger) !== 0n;
}

/** Does danger to life let this event, which lacks nothing, take effect before anyone endorses it? */
function isUrgent(at: Standing, event: Event): boolean {
  return isHurried(at, event) && said(event, "to") !== stateOf(at) && !leftBefore(at, [event.author], event, event.id);
}

/**
 * Does an answer to this proposal count for `of`, which takes effect at `by`? An urgent step, which takes effect by itself, may rest on the
 * answers to proposals of the same step that its author knew.
 */
function isAsked(at: Standing, of: Event, by: string | undefined, proposal: string): boolean {
  if (by !== of.id) return proposal === of.id;
  const same = ["to", "whom"].every((name) => said(at.graph.held.get(proposal), name) === said(of, name));
  return same && descends(at.graph, of.id, proposal);
}

/** The reporter's answers that count for `of` at `by`. */
function answersTo(at: Standing, by: string | undefined, of: Event): Ids {
  const isBeside = besideOf(at, of, by);
  const confirms = by === of.id ? ofKind(at, "confirm").filter((event) => isAsked(at, of, by, namedIn(event))) : about(at, "confirm", of);
  return confirms.map(({ id }) => id).filter(isBeside);
}

/** Of the answers known at `by` the last that are a yes, unless a no counts that follows it. A further yes beside `by` takes nothing back. */
function yesTo(at: Standing, by: string | undefined, of: Event): Ids {
  const { graph } = at;
  const answers = answersTo(at, by, of);
  const isYes = (id: string): boolean => said(graph.held.get(id), "agree") === "YES";
  const takenBack = answers.reduce((bits, id) => (isYes(id) ? bits : bits | aboveOf(graph, id)), 0n);
  return lastOf(graph, answers.filter((id) => isBefore(at, id, by))).filter((id) => isYes(id) && (takenBack & bitsOf(graph, [id])) === 0n);
}

/**
 * The texts of this step at `by`: the packets that the reporter agreed to, and those by whoever signs it. Another reader's packet that came
 * after the yes is not among them and does not leave: else one could keep every step waiting. Before a yes all are.
 */
function textsOf(at: Standing, by: string | undefined, of: Event, yes: Ids): Event[] {
  const { held } = at.graph;
  const packets = about(at, "packet", of).filter(({ id }) => isBefore(at, id, by));
  if (yes.length === 0) return packets;
  const seen = yes.reduce((bits, id) => bits | aboveOf(at.graph, id), 0n);
  const signers = [of.author, by === undefined ? "" : held.get(by)?.author];
  return packets.filter(({ id, author }) => signers.includes(author) || (seen & bitsOf(at.graph, [id])) !== 0n);
}

/** The packets that the reporter agreed to: those that the last answer to their proposal, a yes, descends from. */
export function agreedTexts(at: Standing): Set<string> {
  const seen = new Map<string, bigint>();
  for (const of of new Set(ofKind(at, "confirm").map(namedIn))) {
    const last = lastOf(at.graph, ofKind(at, `confirm ${of}`).map(({ id }) => id)).filter((id) => said(at.graph.held.get(id), "agree") === "YES");
    seen.set(of, last.reduce((bits, id) => bits | aboveOf(at.graph, id), 0n));
  }
  const isSeen = (text: Event): boolean => ((seen.get(namedIn(text)) ?? 0n) & bitsOf(at.graph, [text.id])) !== 0n;
  return new Set(ofKind(at, "packet").filter(isSeen).map(({ id }) => id));
}

/** The reporter's consent to an outward step that takes effect at `by` (undefined: at an event after all others). */
function consented(at: Standing, by: string | undefined, of: Event): boolean {
  const { graph } = at;
  const isBeside = besideOf(at, of, by);
  const last = lastOf(graph, answersTo(at, by, of));
  const word = (id: string, name: string): string => said(graph.held.get(id), name);
  if (ofKind(at, "withdraw").some(({ id }) => isBeside(id)) || last.some((id) => word(id, "agree") === "NO")) return false;
  // Whoever agreed has seen every text that leaves with this step, and has not said since that nothing is to leave.
  const careful = lastOf(graph, ofKind(at, "choice").map(({ id }) => id).filter(isBeside))
    .filter((id) => ["ADVISE", "HOLD"].includes(word(id, "may")));
  const agreedTo = yesTo(at, by, of);
  const needed = bitsOf(graph, [...textsOf(at, by, of, agreedTo).map(({ id }) => id), ...careful]);
  const yes = agreedTo.filter((id) => (aboveOf(graph, id) & needed) === needed);
  const answered = at.root.payload["answers"] as JsonObject | undefined;
  const narrow = isNarrow(answered?.["known"]) || isKnown(at, at.narrow, by);
  if (narrow && !yes.some((id) => word(id, "warned") === "YES")) return false;
  // Who holds a stub only cannot know what the report said: the reviewers can, and what was said since counts for everyone.
  // A wider choice that nobody knew who signed allows nothing yet; a more careful one counts at once.
  const known = ofKind(at, "choice").map(({ id }) => id).filter((id) => isBefore(at, id, by));
  const mays = [mayAt(at, of, by), mayOf(graph, known, at.root)].map((may) => may ?? "PUBLISH");
  return yes.length > 0 || mays.every((may) => ENOUGH[said(of, "to")]?.includes(may));
}

const isNarrow = (code: unknown): boolean => (NARROW as readonly unknown[]).includes(code);
/** Is any of these bits known at `by`? */
const isKnown = (at: Standing, bits: bigint, by: string | undefined): boolean => (by === undefined ? bits : bits & aboveOf(at.graph, by)) !== 0n;

/** Of the valid events of a kind the last known at `by`, for each of what they say under `name`. */
function lastKnown(at: Standing, kind: string, by: string | undefined, name: string): Event[] {
  const events = ofKind(at, kind);
  let latest = at.latest.get(kind);
  // Asked of few cases: not before it is asked.
  if (latest === undefined) at.latest.set(kind, latest = latestOf(at.graph, events.map(({ id }) => id), (event) => said(event, name)));
  return [...latest.get(by ?? "")?.values() ?? []].map((n) => events[n] as Event);
}

const isBefore = (at: Standing, id: string, by: string | undefined): boolean => by === undefined || descends(at.graph, by, id);

/**
 * Whether an event counts against `of` at `by`: not said in knowledge of that, nor too late. Too late: the act in the world had happened,
 * as agreed at `by`, and who recorded it did not know of the event.
 */
function besideOf(at: Standing, of: Event, by: string | undefined): (against: string) => boolean {
  if (by === undefined) return () => true;
  const { graph } = at;
  let known: bigint | undefined; // to all who recorded it: every bit if there is no record
  return (id) => {
    known ??= about(at, "done", of).reduce((bits, done) => (descends(graph, done.id, by) ? bits & aboveOf(graph, done.id) : bits), -1n);
    return (known & bitsOf(graph, [id])) !== 0n && !descends(graph, id, by);
  };
}
