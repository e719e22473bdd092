/** Tiny helpers for the two pages with a form. Text goes in as text only: nothing here parses markup. */

import { sentenceFor } from "./net.ts";

export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`no #${id}`);
  return found as T;
}

export const field = (id: string): HTMLInputElement => byId<HTMLInputElement>(id);

/** A new element with a class, or none (""), and children. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K, kind: string, ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (kind !== "") element.className = kind;
  element.append(...children);
  return element;
}

export const show = (id: string, visible = true): void => void (byId(id).hidden = !visible);
/** Only where it differs, so that a live region is not read out again for nothing. */
export function say(id: string, text: string): void {
  if (byId(id).textContent !== text) byId(id).textContent = text;
}
export const onClick = (id: string, act: () => void): void => byId(id).addEventListener("click", act);

/** Shows a section and moves there, for eyes and for screen readers. */
export function reveal(id: string): void {
  show(id);
  byId(id).focus();
  byId(id).scrollIntoView({ block: "start" });
}

export function showError(sentence: string): void {
  byId("error").replaceChildren(make("p", "", sentence));
  reveal("error");
}

/** Shows how far the work is: a sentence and a share of 1; without a share the bar only says that something goes on. */
export function progress(sentence: string, share?: number): void {
  show("progress");
  show("again", false);
  say("progress-text", sentence);
  const bar = byId<HTMLProgressElement>("progress-bar");
  if (share === undefined) bar.removeAttribute("value");
  else bar.value = share;
}

/** Says what happened and waits until the person wants to try again. */
export function askAgain(sentence: string): Promise<void> {
  progress(sentence, 0);
  show("again");
  byId("again").focus();
  return new Promise((resolve) => byId("again").addEventListener("click", () => resolve(), { once: true }));
}

let busy = false;

/** Runs one action at a time, or the second would take the first one's progress and its key to try again; a failure becomes a sentence. */
export function attempt(act: () => Promise<void>, after: () => void): void {
  if (busy) {
    reveal("progress");
    return after();
  }
  busy = true;
  show("error", false);
  act().catch((error: unknown) => {
    show("progress", false);
    showError(sentenceFor(error));
  }).finally(() => {
    busy = false;
    after();
  });
}

/** The same for a button, which is off meanwhile. */
export function guarded(id: string, act: () => Promise<void>): void {
  const button = byId<HTMLButtonElement>(id);
  onClick(id, () => {
    button.disabled = true;
    attempt(act, () => (button.disabled = false));
  });
}

const LEAVE_MS = 1500;
let warnsBeforeLeaving = false;

/** Asks before the tab is closed, while something would be lost. */
export function holdTab(hold: boolean): void {
  warnsBeforeLeaving = hold;
}

/** Empties what was typed and shown, then replaces the page, so that "back" does not lead here. */
export function leave(): void {
  holdTab(false);
  for (const typed of document.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("input, textarea")) typed.value = "";
  document.body.replaceChildren();
  document.title = "";
  location.replace("about:blank");
}

export function installLeaving(): void {
  let last = -Infinity;
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") {
      last = -Infinity;
      return;
    }
    if (event.timeStamp - last < LEAVE_MS) leave();
    last = event.timeStamp;
  });
  byId("leave").addEventListener("click", (event) => {
    event.preventDefault();
    leave();
  });
  window.addEventListener("beforeunload", (event) => {
    if (warnsBeforeLeaving) event.preventDefault();
  });
}

/** A list of passages with what they look like and what to do. */
export function hintList(hints: readonly { what: string; found: string; advice: string }[]): HTMLElement {
  return make("ul", "", ...hints.map(({ what, found, advice }) =>
    make("li", "hint", `${what[0]?.toUpperCase()}${what.slice(1)}: `, make("mark", "", found), ` ${advice}`)));
}
