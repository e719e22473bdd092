/** A case in plain words: where it stands, what comes next and by when, what is proposed, and the conversation. */

import wording from "../wording.json" with { type: "json" };
import { duesOf, weekInWords } from "./clocks.ts";
import { make } from "./dom.ts";
import { absent, descends, idsOf, kindOf, NARROW, OUTWARD, weekOf, type Case, type Event, type JsonObject } from "./index.ts";
import { legalView } from "./legal.ts";
import { packetText } from "./packets.ts";

export interface View {
  readonly folded: Case;
  readonly events: ReadonlyMap<string, Event>;
  /** Names of reviewers by sign key (hex). */
  readonly names: ReadonlyMap<string, string>;
  /** A code of a question in plain words. */
  readonly label: (question: string, code: string) => string;
  readonly own: string;
  readonly waiting: ReadonlyMap<string, number>;
  readonly skipped: number;
  readonly lost: boolean;
}

/** Each state in the list of what happened; what it means is in the words that both halves share. */
const STATES: Readonly<Record<string, string>> = {
  RECEIVED: "Delivered",
  ACKNOWLEDGED: "Confirmed",
  ADVICE: "Taken as a question",
  TRIAGE: "Deciding how to handle it",
  NEEDS_INFO: "A question to you",
  HELD: "Kept, not acted on",
  REVIEW: "Being checked",
  PLAN: "Planning a step",
  COORDINATING: "Telling the company",
  REFERRED: "Passing it to an authority",
  DISCLOSED: "Publishing a summary",
  CORRECTED: "A correction is stated",
  CLOSED: "Closed",
  REOPENED: "Opened again",
  PURGED: "Removed",
  WITHDRAWN: "Withdrawn",
};

/** What a state means, and what is said until somebody records that an agreed step happened. */
const MEANS: Readonly<Record<string, string>> = wording.states.now;
const ABOUT_TO: Readonly<Record<string, string>> = wording.states.agreed;
const ALONE = wording.states.alone;

/** What a proposal asks consent for. */
const ASKING: Readonly<Record<string, string>> = {
  COORDINATING: "tell the company of the issue, not of you",
  REFERRED: "pass it to an authority",
  DISCLOSED: "publish a summary",
};

/** What a proposal of the state that there is already asks for. */
const LONGER: Readonly<Record<string, string>> = {
  HELD: "go on keeping it, not acted on,",
  REVIEW: "take longer to check it,",
  COORDINATING: "give the company more time,",
};

const CORRECTIONS: Readonly<Record<string, string>> = {
  "DC-USER": "Restrict who may use the model",
  "DC-RATE": "Limit how often it may be used",
  "DC-CAP": "Limit a capability or feature",
  "DC-USE": "Restrict what it is used for",
  "DC-STOP": "Shut the model down",
  "DC-PAUSE-INT": "Pause internal use",
  "DC-PAUSE-TRAIN": "Pause or hold training",
  "DC-MONITOR": "Restore logging and review",
  "DC-CONTAIN": "Isolate agents and revoke credentials",
  "DC-SECURE": "Secure weights and secrets anew",
  "DC-TEST": "Run or repeat an evaluation with outsiders",
  "DC-NOTIFY": "Notify an authority or those affected",
  "DC-CORRECT": "Correct a public statement",
  "DC-PROTECT": "Undo reprisals, waive gag terms",
};

const CORRECTION_STATUS: Readonly<Record<string, string>> = {
  ASKED: "asked for, no answer yet",
  ACKNOWLEDGED: "the company says that it is looking into it",
  CLAIMED: "the company says that it is done; the reviewers could not confirm it yet",
  VERIFIED: "done, and confirmed by the reviewers",
  DECLINED: "the company declined",
};

const PACKETS: Readonly<Record<string, string>> = {
  "CAL-OES": "Cal OES in California",
  "NY-DFS": "the Department of Financial Services in New York",
  "EU-AIO": "the European AI Office",
  REGULATOR: "an authority",
  PUBLIC: "the public",
  COMPANY: "the company",
  REPORTER: "you",
};

const REASONS: Readonly<Record<string, string>> = {
  ACTION: "The correction was made and confirmed.",
  CLAIMED: "The organisation says that it has corrected it. We could not check.",
  "REFERRED-DONE": "It was passed to an authority, and that is done.",
  PUBLISHED: "A summary was published.",
  ADVISED: "Your question was answered. No case was opened.",
  "NOT-ENOUGH": "There is not enough to take it further. That does not mean you were wrong.",
  "NOT-SUPPORTED": "It was checked and not borne out.",
  UNSAFE: "Acting on it would expose you.",
  DUPLICATE: "The same matter is followed in another case. What you write here is still read.",
  "NO-REPLY": "Nothing more was heard, and there was nothing to act on.",
  WITHDRAWN: "It was withdrawn.",
  "OUT-OF-SCOPE": "It is outside our field.",
  SPAM: "It was not a report.",
};

const VOIDS: Readonly<Record<string, string>> = {
  author: "not by anyone who may write in this case",
  audience: "meant for others",
  parents: "out of order",
  week: "dated before what it answers",
  state: "not possible at that point",
  recused: "they had stepped back",
  cutoff: "they are no longer a reviewer",
  handover: "nobody could take over at that point",
  assign: "not by or for people who read it",
  orphan: "about something that is not there",
  same: "two different people have to sign",
  consent: "your consent is missing",
  retracted: "the reviewer who proposed it took it back",
  packet: "you had not been shown the text",
  unread: "they had not said that they opened your report",
  triage: "nobody had put down yet what kind of case it is",
  legal: "no lawyer had read the text as it is",
  correction: "nothing that the company has said about a correction allows it",
  reason: "the reason given does not fit what has happened",
  date: "its date is later or earlier than the rules allow",
};

/** Of a conversation as many are shown at once. */
const SHOWN = 200;

/** Nothing but the yes allows the step, and that still counts: so what was made since is by another reader than who proposes it. */
const LATER_TEXT = "You agreed, and it can go ahead with what you had seen then. A text was made since: it goes with it only if you agree again. "
  + "If you do not want it to happen, say so now.";
const SECOND = "Nothing changes until a second reviewer has signed.";
/** Of what asks no consent of its own, only planning can lack it. */
const ADVISED = "It waits, as you chose that the reviewers only advise you. If you want it to go on, choose something else below, "
  + "under “What may the reviewers do?”.";

/** What else an outward proposal waits for, whether or not the reporter agreed. */
const WAITS: Readonly<Record<string, string>> = {
  legal: " It also waits until a lawyer has read the text.",
  correction: " It also waits until the company says that it is working on a correction.",
};

const textOf = (event: Event, name = "text"): string => String(event.payload[name] ?? "");
const who = (view: View, sign: string): string => (sign === view.own ? "You" : view.names.get(sign) ?? "A reviewer");

const answersOf = (view: View): JsonObject | undefined => view.folded.root.payload["answers"] as JsonObject | undefined;
const ofKind = (view: View, kind: string): readonly Event[] => view.folded.kinds.get(kind) ?? [];
const isWithdrawn = (view: View): boolean => view.folded.kinds.has("withdraw");

/** What comes next and by which week. */
function next(view: View): HTMLElement[] {
  const { folded } = view;
  const now = weekOf(new Date());
  const dues = duesOf(folded);
  if (dues.length === 0) return [make("p", "", make("strong", "", "Next: "), "Nothing more is due.")];
  const late = " That has passed: they are late. You can write and ask.";
  return [make("p", "", make("strong", "", "Next:")), make("ul", "", ...dues.map(({ week, duty, sentence }) =>
    make("li", "", sentence + (duty && week < now && folded.state !== "RECEIVED" ? late : ""))))];
}

/** The state as a sentence or some, with what the reviewers said of it. */
function standing(view: View): HTMLElement[] {
  const { state, history, brought, whom, unsigned, may } = view.folded;
  const done = ofKind(view, "done").filter(({ payload }) => payload["of"] === brought?.id);
  // By one reviewer only as the reporter chose it.
  const chosen = state === "HELD" && may === "HOLD" && history.at(-1)?.[2] === brought?.id ? " That is what you chose. You can change it below." : "";
  const meaning = (MEANS[state] ?? state) + chosen;
  const reason = REASONS[textOf(brought ?? view.folded.root, "reason")] ?? "";
  const closed = isWithdrawn(view) ? "You withdrew it." : `${reason} You can still write; reviewers may look again.`;
  const unsure = unsigned.includes(brought?.id ?? "") ? ALONE : ABOUT_TO[state];
  const lead = state === "CLOSED" ? `${meaning} ${closed}` : done.length === 0 ? unsure ?? meaning : meaning;
  return [
    make("p", "lead", lead),
    ...whom === "" ? [] : [make("p", "", make("strong", "", state === "REFERRED" ? "To: " : "With: "), isolated(whom))],
    ...unsure === ALONE && done.length > 0 ? [make("p", "panel warn", ALONE)] : [],
    ...[brought, ...done].flatMap(quoted),
  ];
}

function isolated(text: string): HTMLElement {
  return make("bdi", "", text);
}

/** Its text, if it has one. */
function quoted(event: Event | undefined): HTMLElement[] {
  if (event === undefined || textOf(event).trim() === "") return [];
  const text = make("p", "body", textOf(event));
  text.dir = "auto";
  return [make("div", "message", text)];
}

function corrections(view: View): HTMLElement[] {
  const { corrections: asked } = view.folded;
  if (asked.size === 0) return [];
  return [make("p", "", make("strong", "", "Corrections:")), make("ul", "", ...[...asked].map(([code, status]) =>
    make("li", "", `${CORRECTIONS[code] ?? code}: ${CORRECTION_STATUS[status] ?? status}.`)))];
}

/** The states it went through, as a short list. */
export function historyView(view: View): HTMLElement {
  return make("ol", "history", ...view.folded.history.map(([state, week]) =>
    make("li", "", `${STATES[state] ?? state} · ${weekInWords(week)}`)));
}

/** Does it give a state a later date, or ask for that? */
function isLonger({ folded }: View, { id, payload }: Event): boolean {
  return folded.extended.includes(id)
    || (payload["to"] === folded.state && folded.proposals.some((each) => each.id === id && each.why !== "state"));
}

/** A reviewer's words inside a sentence: they can neither turn its direction nor seem to end. */
function marked(text: string): string {
  return `“\u2068${text.replace(/[\u202a-\u202e\u2066-\u2069]/g, "").replace(/["“”„‟″＂]/g, "’")}\u2069”`;
}

/** What a `state`, `purge` or `hold` event is about, in a few words. */
function stepOf(view: View, event: Event | undefined): string {
  if (event === undefined) return "a step that has not reached you";
  if (kindOf(event) === "purge") return "remove it from the reviewers’ machines";
  if (kindOf(event) === "hold") {
    return event.payload["on"] === "YES" ? "put it under a legal hold, so that nobody may remove it" : "lift the legal hold";
  }
  const [to, whom] = [textOf(event, "to"), textOf(event, "whom")];
  const step = isLonger(view, event) ? `${LONGER[to]} until ${weekInWords(textOf(event, "until"))}`
    : ASKING[to] ?? `“${STATES[to] ?? to}”`;
  return whom === "" ? step : `${step} (${marked(whom)})`;
}

/** Could so few people know it that an outward step may point at the reporter? Also when a stub is all there is to tell. */
function isNarrow(view: View): boolean {
  const known = [answersOf(view)?.["known"] ?? "K0", ...ofKind(view, "triage").map((event) => textOf(event, "known"))];
  return known.some((code) => (NARROW as readonly unknown[]).includes(code));
}

/** The open outward proposals that the present state allows, by id. */
function outward({ folded, events }: View): Map<string, Event> {
  const open = folded.proposals.flatMap(({ id, why }) => (why === "state" ? [] : events.get(id) ?? []));
  return new Map(open.filter((event) => (OUTWARD as readonly string[]).includes(textOf(event, "to"))).map((event) => [event.id, event]));
}

/** What waits for the reporter, each with buttons that carry the id (`of`) and the answer (`agree`, `warned`). */
export function proposalsView(view: View): HTMLElement[] {
  const asked = outward(view);
  const others = view.folded.proposals.filter(({ id, why }) => ["", "consent"].includes(why) && !asked.has(id));
  return [
    ...[...asked.values()].map((event) => proposalView(view, event)),
    ...others.map(({ id, why }) => [view.events.get(id) as Event, why === "" ? SECOND : ADVISED] as const).map(([event, then]) =>
      make("p", "soft", `${who(view, event.author)} proposes: ${stepOf(view, event)}. ${then}`)),
  ];
}

function proposalView(view: View, event: Event): HTMLElement {
  const { graph, proposals } = view.folded;
  const answers = ofKind(view, "confirm").filter(({ payload }) => payload["of"] === event.id);
  const last = answers.filter(({ id }) => !answers.some((other) => descends(graph, other.id, id)));
  const refused = last.some(({ payload }) => payload["agree"] === "NO");
  const texts = ofKind(view, "packet").filter(({ payload }) => payload["state"] === event.id);
  const narrow = isNarrow(view);
  // A yes counts for what had been seen: another text, or knowing that few could know, asks anew.
  const seen = ({ id, payload }: Event): boolean =>
    (!narrow || payload["warned"] === "YES") && texts.every((text) => descends(graph, id, text.id));
  const why = proposals.find(({ id }) => id === event.id)?.why ?? "";
  // Advice only, or waiting, chosen after a yes takes it back: then consent is missing.
  const agreed = !refused && why !== "consent" && last.some(seen);
  const onlyYes = event.payload["to"] === "DISCLOSED" || !["REFER", "PUBLISH"].includes(view.folded.may ?? "PUBLISH");
  const stands = why === "recused" ? "The reviewer who proposed it has stepped back, so it does not go ahead."
    : why === "packet" ? "The reviewers have not shown you the text yet. Nothing happens before they have, and before you agree to it."
    : why === "date" ? "It asks for more time than the rules allow, so it does not go ahead. The reviewers can propose it anew."
    : refused ? "You did not agree. It does not go ahead."
    : agreed ? "You agreed. It happens once a second reviewer has signed. Until then you can take this back."
    : last.length > 0 && why === "" && onlyYes ? LATER_TEXT
    : last.length > 0 ? "You agreed, but something has changed since: please look again. If you do not want it to happen, say so now."
    // The rules ask for consent before they ask about a correction.
    : why === "" || why === "correction" ? "You allowed such steps before. It happens once a second reviewer has signed, unless you say no."
    : "Nothing happens until you agree.";
  const for_ = event.payload["to"] === "COORDINATING" ? "they would have until" : "until";
  const until = textOf(event, "until") === "" || isLonger(view, event) ? "" : ` · ${for_} ${weekInWords(textOf(event, "until"))}`;
  const panel = make("section", "panel proposal",
    make("h3", "", "We propose to ", make("bdi", "", stepOf(view, event))),
    make("p", "soft", `${who(view, event.author)} · ${weekInWords(textOf(event, "week"))}${until}`),
    ...quoted(event),
    ...texts.map((text) => packetView(`The text as it would go to ${PACKETS[textOf(text, "to")] ?? "them"}`, packetText(text))),
    ...ofKind(view, "legal").filter(({ payload }) => payload["of"] === event.id)
      .flatMap((read) => [make("p", "soft", headline(view, read)), ...quoted(read)]),
    make("p", "", make("strong", "", stands + (refused ? "" : WAITS[why] ?? ""))));
  panel.dataset["proposal"] = event.id;
  const answer = (agree: "YES" | "NO", label: string, kind = ""): HTMLElement => {
    const button = make("button", kind, label);
    button.type = "button";
    Object.assign(button.dataset, { of: event.id, agree, warned: narrow ? "YES" : "NO" });
    return button;
  };
  if (why === "recused" || why === "date" || (why === "packet" && refused)) return panel;
  if (narrow && !agreed && why !== "packet") panel.append(warning(view, event.id));
  panel.append(make("div", "row", ...agreed || why === "packet" ? [] : [answer("YES", refused ? "Agree after all" : "Agree", "main")],
    ...refused ? [] : [answer("NO", agreed ? "Take it back" : "Do not agree")]));
  return panel;
}

/** What could go wrong where few could know, and a box to tick before agreeing. */
function warning(view: View, id: string): HTMLElement {
  const said = [answersOf(view)?.["known"], ...ofKind(view, "triage").map((event) => event.payload["known"])];
  const few = said.includes("K1") ? "1 to 5 people" : "nobody knows how many people";
  const box = make("input", "");
  box.type = "checkbox";
  box.id = `warned-${id}`;
  return make("div", "panel warn", make("h4", "", "First read this: few people could know it"),
    make("p", "", `As far as we know, ${few} could know what you reported. Whoever is told can count them too. What could go wrong:`),
    make("ul", "",
      make("li", "", "The company may look for the source: who opened which file, who was in the room, who asked about it. "
        + "Nothing in our text has to point at you for that."),
      make("li", "", "You could be asked, watched or punished, long before any law helps. Encryption does not protect you from that."),
      make("li", "", "A step outside cannot be undone.")),
    make("p", "", "You can say no. You can ask the reviewers to wait until more people know, or to say less. Both are fine."),
    make("label", "choice", box, make("span", "", "I have read this, and agree all the same")));
}

/** A text to keep: it can be marked, copied and printed alone. */
export function packetView(title: string, text: string): HTMLElement {
  const body = make("pre", "body", text);
  body.dir = "auto";
  const [copy, print] = [make("button", "", "Copy"), make("button", "", "Print this alone")];
  const element = make("figure", "packet", make("figcaption", "", title), body, make("div", "row", copy, print));
  copy.type = print.type = "button";
  copy.addEventListener("click", () => {
    navigator.clipboard.writeText(text).then(() => (copy.textContent = "Copied"), () => getSelection()?.selectAllChildren(body));
  });
  print.addEventListener("click", () => {
    element.classList.add("alone");
    window.print();
    element.classList.remove("alone");
  });
  return element;
}

/** Why somebody no longer reads the case. */
function goneWhy(view: View, sign: string, why: string): string {
  const name = who(view, sign);
  if (why === "recused") return `${name} stepped back. They no longer read what you write.`;
  const said = ofKind(view, "cutoff").findLast(({ payload }) => payload["of"] === sign);
  return `${name} is no longer a reviewer; what they said after ${weekInWords(textOf(said ?? view.folded.root, "week"))} is not counted.`;
}

export function stateView(view: View): HTMLElement[] {
  const { folded } = view;
  const { readers, gone } = folded;
  const opened = readers.filter((sign) => folded.opened.has(sign)).length;
  const reading = readers.map((sign) => `${who(view, sign)} (${folded.opened.has(sign) ? "has opened it" : "not opened yet"})`);
  const may = folded.may === undefined ? "what you chose in your report" : view.label("may", folded.may);
  const step = (done: boolean, text: string): HTMLElement => make("li", done ? "done" : "", text);
  const { lost, letGo } = absent(folded);
  const older = new Set(letGo);
  const said = ofKind(view, "summary").filter((event) => idsOf(event, "older").some((id) => older.has(id)));
  const ownParts = kindOf(folded.root) === "stub"
    ? "If your first message was long, they may be its further parts, of which you keep no copy. " : "";
  const warnings = [
    view.waiting.size > 0 && !view.lost && `Stored, and to be published at the next tick: ${view.waiting.size} of your messages.`,
    view.lost && "A message of yours was stored but has not come out in two ticks. "
      + "The server may be holding it back. Please write it again.",
    readers.length < idsOf(folded.root, "readers").length && "Fewer read it than at first. "
      + "The next on the list you agreed to can take over, if one is left.",
    lost.length > 0 && `Messages of this case that have not reached you: ${lost.length}. `
      + `They may be older than what was looked through, or held back. ${ownParts}`
      + "Look through all kept weeks; if this stays, ask the reviewers for them.",
    folded.equivocations.length > 0 && "A reviewer has told different people different things. This is shown to every reviewer.",
    view.skipped > 0 && `${view.skipped} letters could not be opened and were left out.`,
  ].filter((each) => each !== false);
  return [
    make("ul", "steps", step(true, "Stored"), step(true, "Published, so that reviewers can find it"),
      step(opened > 0, `Opened by ${opened} of ${readers.length} reviewers`)),
    ...standing(view), ...next(view), ...corrections(view),
    ...folded.knew === undefined ? [] : [make("p", "", make("strong", "", "When the company first knew: "),
      `${weekInWords(textOf(folded.knew, "since"))}, as far as the reviewers know. If that is wrong, please tell them.`)],
    ...quoted(folded.knew), ...legalView(folded),
    ...folded.legalHold ? [make("p", "", "It is under a legal hold: nobody may remove it until two reviewers lift that.")] : [],
    make("p", "", make("strong", "", "Reviewers may: "), may),
    make("p", "", make("strong", "", "Who reads it now: "), reading.join(", ") || "nobody"),
    ...[...gone].map(([sign, why]) => make("p", "", goneWhy(view, sign, why))),
    ...warnings.map((each) => make("p", "panel warn", each)),
    ...letGo.length === 0 ? [] : [make("p", "soft", `Older messages that are not shown here: ${letGo.length} or more. The reviewers send again only `
      + "what decides and what is newest; so says ", make("bdi", "", [...new Set(said.map(({ author }) => who(view, author)))].join(", ")),
      ". What is still kept comes when you look through all kept weeks. You can also ask for one again.")],
  ];
}

/** What an event says in one line; its text stands below. */
function headline(view: View, event: Event): string {
  const name = who(view, event.author);
  const step = stepOf(view, view.events.get(textOf(event, "of")));
  switch (kindOf(event)) {
    case "report": return "You reported";
    case "stub": return "You reported. Your own copy holds no text, as you chose";
    case "part": return `You, continued (part ${Number(event.payload["n"]) + 1})`;
    case "choice": return `You changed what reviewers may do: ${view.label("may", textOf(event, "may"))}`;
    case "withdraw": return "You withdrew the report";
    case "confirm": return `${event.payload["agree"] === "YES" ? "You agreed to" : "You did not agree to"} ${step}`;
    case "received": return `${name} has opened your report`;
    case "state": return stateLine(view, event, name);
    case "purge":
    case "hold": return `${name} proposed to ${stepOf(view, event)}`;
    case "retract": return `${name} took back what they had proposed: ${step}`;
    case "endorse": return `${name} signed as the second reviewer: ${step}`;
    case "done": return `${name} says that it has happened: ${step}`;
    case "legal": return `${name} says that a lawyer has read the text: ${step}`;
    case "knew": return `${name} put down when the company first knew: ${weekInWords(textOf(event, "since"))}`;
    case "triage": return `${name} put down what kind of case it is`;
    case "correction":
      return `${name} on a correction. ${CORRECTIONS[textOf(event, "code")]}: ${CORRECTION_STATUS[textOf(event, "status")]}`;
    case "packet": return `${name} prepared a text for ${PACKETS[textOf(event, "to")] ?? "others"}`;
    case "summary": return `${name} sent a summary. You hear again by ${weekInWords(textOf(event, "due"))}`;
    case "evaluator": return "You signed your findings as an evaluator";
    case "recuse": return `${name} stepped back. They no longer read what you write`;
    case "handover": return `${who(view, textOf(event, "to"))} has taken over, from the list you agreed to. They received the whole case`;
    case "cutoff": return `${name} says that ${who(view, textOf(event, "of"))} is no longer a reviewer`;
    default: return `${name} wrote`;
  }
}

/** A `state` event: a wish that does not count, a proposal that waits, or what it brought. */
function stateLine(view: View, event: Event, name: string): string {
  const { void: reasons, proposals } = view.folded;
  if (reasons.has(event.id)) return `${name} wanted to ${stepOf(view, event)}`;
  if (event.payload["to"] === "ACKNOWLEDGED") return `${name} confirmed: the reviewers have it`;
  const waits = proposals.some(({ id }) => id === event.id);
  const closing = event.payload["to"] === "CLOSED" ? `. ${REASONS[textOf(event, "reason")] ?? ""}` : "";
  const signed = ofKind(view, "endorse").some(({ payload }) => payload["of"] === event.id);
  return waits || signed ? `${name} proposed: ${stepOf(view, event)}${closing}` : `${name}: ${stepOf(view, event)}${closing}`;
}

/** asked: the outward proposals, which show what belongs to them. */
function message(view: View, event: Event, asked: ReadonlyMap<string, Event>): HTMLElement {
  const reason = view.folded.void.get(event.id);
  const kind = `message${event.author === view.own ? " own" : ""}${reason === undefined ? "" : " void"}`;
  const stored = view.waiting.has(event.id) ? " · stored, not yet published" : "";
  const line = make("header", "", make("strong", "", headline(view, event)), ` · ${weekInWords(textOf(event, "week"))}${stored}`);
  const text = make("p", "body", textOf(event));
  text.dir = "auto";
  const doubt = reason === undefined ? [] : [make("p", "", `Not counted: ${VOIDS[reason] ?? reason}.`)];
  const shown = kindOf(event) !== "packet" || asked.has(textOf(event, "state"));
  const packet = shown ? [] : [packetView(`For ${PACKETS[textOf(event, "to")] ?? ""}`, packetText(event))];
  const element = make("article", kind, line, ...(textOf(event) === "" ? [] : [text]), ...packet, ...doubt);
  element.dataset["kind"] = kindOf(event);
  return element;
}

/** The valid events in order, then those that do not count. */
export function conversation(view: View): HTMLElement[] {
  const asked = outward(view);
  const void_ = [...view.folded.void.keys()].flatMap((id) => view.events.get(id) ?? []);
  return ([[view.folded.order, "messages"], [void_, "messages that are not counted"]] as const)
    .flatMap(([events, what]) => newest(events.map((event) => () => message(view, event, asked)), what));
}

/** The newest, and a key for all: one reviewer can write thousands, and the page must not stand still over them. */
function newest(all: readonly (() => HTMLElement)[], what: string): HTMLElement[] {
  const shown = all.slice(-SHOWN).map((draw) => draw());
  if (shown.length === all.length) return shown;
  const key = make("button", "", `Show all ${all.length.toLocaleString("en-GB")} ${what}`);
  key.type = "button";
  key.addEventListener("click", () => {
    const earlier = all.slice(0, -SHOWN).map((draw) => draw());
    key.replaceWith(...earlier);
    earlier[0]?.setAttribute("tabindex", "-1");
    earlier[0]?.focus();
  });
  return [key, ...shown];
}
