/** From typed text to stored postings: what both pages with a form share. */

import { askAgain, progress, show } from "./dom.ts";
import { fromHex, openKey, statusOf, suspendedOn, utf8, type Event, type Head, type Slot, type Tree } from "./index.ts";
import { fetchHead, pause, post, type Sealed } from "./net.ts";

const CUT_BACK = 400;

/** As the protocol can carry it: no U+0000, no half characters, one kind of line end. */
export const clean = (text: string): string =>
  text.replace(/\r\n?/g, "\n").replaceAll("\0", "").replace(/\p{Cs}/gu, "\ufffd").trim();

const written = (text: string): number => utf8(JSON.stringify(text)).length - 2;

/** The text in pieces that fit the rooms (bytes as written in JSON), cut at white space where possible; undefined if it is too long. */
export function splitText(text: string, rooms: readonly number[]): string[] | undefined {
  const pieces: string[] = [];
  let rest = text;
  for (const room of rooms) {
    if (rest === "" && pieces.length > 0) break;
    let end = 0;
    let used = 0;
    for (const char of rest) {
      used += written(char);
      if (used > room) break;
      end += char.length;
    }
    if (end < rest.length) {
      const space = Math.max(rest.lastIndexOf(" ", end - 1), rest.lastIndexOf("\n", end - 1)) + 1;
      if (space > 0 && end - space < CUT_BACK) end = space;
    }
    pieces.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  return rest === "" ? pieces : undefined;
}

/** Slots for those of these people (sign keys) who may be written to now: active by this tree, with a key for today. */
export function slotsFor(tree: Tree, signs: readonly string[], { raw }: Event): Slot[] {
  const now = new Date();
  return tree.roster.reviewers.flatMap((reviewer): Slot[] => {
    const open = openKey(reviewer, now);
    const reads = signs.includes(reviewer.sign) && statusOf(reviewer, suspendedOn(tree, now), now) === "active";
    return open !== undefined && reads ? [{ find: fromHex(reviewer.find), open, raw }] : [];
  });
}

const onSent = (share: number): void => progress(share < 1 ? "Sending" : "Sent. Waiting for the server to store it", share);
const onEffort = (tried: number): void => progress(`The server is busy and asks this device for some work first (${tried} tries)`);

/** Delivers one posting, and asks to try again for as long as that fails. */
async function deliver(sealed: Sealed, head: Head, unsure: string): Promise<void> {
  for (let newest = head; ; newest = await fetchHead().catch(() => head)) {
    try {
      return await post(sealed, newest, onSent, onEffort);
    } catch (error) {
      const reason = error instanceof Error ? error.message : "";
      await askAgain(`It could not be sent yet, and nothing is lost. ${reason} It is kept sealed in this tab: do not close it. `
        + `Trying again sends the same letters.${unsure}`);
    }
  }
}

/**
 * Delivers postings, the first at once and each of the others after a random time of `wait` (seconds), so that they do not stand together.
 * `onStored` hears after each how many are left. Ends when all are stored, and not before. `unsure` is said while the first cannot be sent.
 */
export async function deliverAll(
  postings: readonly Sealed[], head: Head, wait: readonly [number, number], onStored: (left: number) => void, unsure = "",
): Promise<void> {
  const [least, most] = wait;
  for (const [n, sealed] of postings.entries()) {
    if (n > 0) {
      const share = (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32;
      await pause((least + share * (most - least)) * 1000);
    }
    const newest = n === 0 ? head : await fetchHead().catch(() => head);
    await deliver(sealed, newest, n === 0 ? unsure : "");
    show("progress", false);
    onStored(postings.length - n - 1);
  }
}
