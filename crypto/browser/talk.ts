/** A case in plain words: where it stands, what comes next and by when, and the conversation. */

import { make, weekInWords } from "./dom.ts";
import { idsOf, weekOf, type Case, type Event } from "./index.ts";

export interface View {
  readonly folded: Case;
  readonly events: ReadonlyMap<string, Event>;
  /** Names of reviewers by sign key (hex). */
  readonly names: ReadonlyMap<string, string>;
  /** Labels of what reviewers may do, by code. */
  readonly may: ReadonlyMap<string, string>;
  readonly own: string;
  readonly waiting: ReadonlyMap<string, number>;
  readonly skipped: number;
  readonly lost: boolean;
}

const STATES: Readonly<Record<string, string>> = {
  RECEIVED: "Delivered and sealed. No reviewer has confirmed it yet.",
  ACKNOWLEDGED: "Reviewers without declared ties have it and are dealing with it.",
  CLOSED: "Closed. You can still write; reviewers may look again.",
  WITHDRAWN: "You have withdrawn it. Reviewers do nothing further.",
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
  DUPLICATE: "It was joined to another case.",
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
};

const kindOf = (event: Event): string => String(event.payload["kind"]);
const textOf = (event: Event, name = "text"): string => String(event.payload[name] ?? "");
const who = (view: View, sign: string): string => (sign === view.own ? "You" : view.names.get(sign) ?? "A reviewer");

/** What comes next, from the newest summary or the usual clocks, with the week by which it should have come. */
function next(view: View): string {
  const { folded } = view;
  if (folded.state === "CLOSED" || folded.state === "WITHDRAWN") return "Nothing more is due.";
  const theirs = folded.order.filter(({ author }) => author !== view.own);
  const summary = theirs.filter((event) => kindOf(event) === "summary").at(-1);
  const base = textOf(theirs.at(-1) ?? folded.root, "week");
  const late = (week: string, days: number): string =>
    weekOf(new Date(Date.now() - days * 86_400_000)) > week ? " That has passed: they are late. You can write and ask." : "";
  if (folded.state === "RECEIVED") return `A reviewer should confirm it by ${weekInWords(base, 7)}.${late(base, 7)}`;
  if (summary !== undefined) return `You should hear again by ${weekInWords(textOf(summary, "due"))}.${late(textOf(summary, "due"), 0)}`;
  return `You should hear again by ${weekInWords(base, 28)}.${late(base, 28)}`;
}

/** Why somebody no longer reads the case. */
function goneWhy(view: View, sign: string, why: string): string {
  const name = who(view, sign);
  if (why === "recused") return `${name} stepped back. They no longer read what you write.`;
  const said = view.folded.order.filter((event) => kindOf(event) === "cutoff" && event.payload["of"] === sign).at(-1);
  return `${name} is no longer a reviewer; what they said after ${weekInWords(textOf(said ?? view.folded.root, "week"))} is not counted.`;
}

export function stateView(view: View): HTMLElement[] {
  const { folded } = view;
  const { readers, gone } = folded;
  const opened = readers.filter((sign) => folded.opened.has(sign)).length;
  const reading = readers.map((sign) => `${who(view, sign)} (${folded.opened.has(sign) ? "has opened it" : "not opened yet"})`);
  const step = (done: boolean, text: string): HTMLElement => make("li", done ? "done" : "", text);
  const warnings = [
    view.waiting.size > 0 && !view.lost && `Stored, and to be published at the next tick: ${view.waiting.size} of your messages.`,
    view.lost && "A message of yours was stored but has not come out in two ticks. "
      + "The server may be holding it back. Please write it again.",
    readers.length < idsOf(folded.root, "readers").length && "Fewer read it than at first. "
      + "The next on the list you agreed to can take over, if one is left.",
    folded.missing.size > 0 && `Messages of this case that have not reached you: ${folded.missing.size}. `
      + "They may be older than what was looked through, or held back.",
    folded.equivocations.length > 0 && "A reviewer has told different people different things. This is shown to every reviewer.",
    view.skipped > 0 && `${view.skipped} letters could not be opened and were left out.`,
  ].filter((warning) => warning !== false);
  return [
    make("ul", "steps", step(true, "Stored"), step(true, "Published, so that reviewers can find it"),
      step(opened > 0, `Opened by ${opened} of ${readers.length} reviewers`)),
    make("p", "lead", STATES[folded.state] ?? folded.state),
    make("p", "", make("strong", "", "Next: "), next(view)),
    make("p", "", make("strong", "", "Reviewers may: "), view.may.get(folded.may ?? "") ?? "what you chose in your report"),
    make("p", "", make("strong", "", "Who reads it now: "), reading.join(", ") || "nobody"),
    ...[...gone].map(([sign, why]) => make("p", "", goneWhy(view, sign, why))),
    ...warnings.map((warning) => make("p", "panel warn", warning)),
  ];
}

/** What an event says in one line; its text stands below. */
function headline(view: View, event: Event): string {
  const name = who(view, event.author);
  switch (kindOf(event)) {
    case "report": return "You reported";
    case "stub": return "You reported. Your own copy holds no text, as you chose";
    case "part": return `You, continued (part ${Number(event.payload["n"]) + 1})`;
    case "choice": return `You changed what reviewers may do: ${view.may.get(textOf(event, "may")) ?? ""}`;
    case "withdraw": return "You withdrew the report";
    case "received": return `${name} has opened your report`;
    case "state": return event.payload["to"] === "CLOSED"
      ? `${name} closed it. ${REASONS[textOf(event, "reason")] ?? ""}`
      : `${name} confirmed: the reviewers have it`;
    case "summary": return `${name} sent a summary. You hear again by ${weekInWords(textOf(event, "due"))}`;
    case "evaluator": return "You signed your findings as an evaluator";
    case "recuse": return `${name} stepped back. They no longer read what you write`;
    case "handover": return `${who(view, textOf(event, "to"))} has taken over, from the list you agreed to. They received the whole case`;
    case "cutoff": return `${name} says that ${who(view, textOf(event, "of"))} is no longer a reviewer`;
    default: return `${name} wrote`;
  }
}

function message(view: View, event: Event): HTMLElement {
  const reason = view.folded.void.get(event.id);
  const kind = `message${event.author === view.own ? " own" : ""}${reason === undefined ? "" : " void"}`;
  const stored = view.waiting.has(event.id) ? " · stored, not yet published" : "";
  const line = make("header", "", make("strong", "", headline(view, event)), ` · ${weekInWords(textOf(event, "week"))}${stored}`);
  const text = make("p", "body", textOf(event));
  text.dir = "auto";
  const doubt = reason === undefined ? [] : [make("p", "", `Not counted: ${VOIDS[reason] ?? reason}.`)];
  const element = make("article", kind, line, ...(textOf(event) === "" ? [] : [text]), ...doubt);
  element.dataset["kind"] = kindOf(event);
  return element;
}

/** The valid events in order, then those that do not count. */
export function conversation(view: View): HTMLElement[] {
  const void_ = [...view.folded.void.keys()].flatMap((id) => view.events.get(id) ?? []);
  return [...view.folded.order, ...void_].map((event) => message(view, event));
}
