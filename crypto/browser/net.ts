/** What the pages ask of the server: public files that are the same for everyone, and one kind of posting. */

import {
  checkChain, fromHex, parseHead, parseSegments, verifyBundle, withEffort,
  type BlockRef, type Bytes, type Head, type Segment, type Tree,
} from "./index.ts";

/** The server could not be reached or does not work; trying again later may help. */
export class NetError extends Error {}

const TRIES = 4;
const GET_MS = 90_000;
const POST_MS = 180_000;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A file, tried several times; undefined if it does not exist. */
async function get(path: string): Promise<Bytes | undefined> {
  for (let tried = 1; ; tried++) {
    try {
      // Nothing stays in the browser's cache, and what is asked for again goes out again: the cover of a reporter's blocks rests on it.
      const answer = await fetch(path, {
        cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer", signal: AbortSignal.timeout(GET_MS),
      });
      if (answer.status === 404) return undefined;
      if (answer.ok) return new Uint8Array(await answer.arrayBuffer());
    } catch {
      // No answer is tried again like a bad one.
    }
    if (tried === TRIES) throw new NetError();
    await pause(500 * 2 ** tried);
  }
}

async function need(path: string): Promise<Bytes> {
  const bytes = await get(path);
  if (bytes === undefined) throw new NetError();
  return bytes;
}

export async function fetchHead(): Promise<Head> {
  return parseHead(await need("/files/head.json"));
}

/** The signed roster and programme, verified from the fingerprint on. */
export async function fetchTree(programme: Bytes): Promise<Tree> {
  const bundle = new TextDecoder().decode(await need("/tree/bundle.json"));
  return verifyBundle(bundle, programme, new Date());
}

/** The segments of some weeks up to the head's, checked as one chain; those after the head are newer than it and left for the next look. */
export async function fetchSegments(
  head: Head, weeks: readonly string[], programme: Bytes, onWeek: (done: number) => void,
): Promise<Segment[]> {
  const segments: Segment[] = [];
  for (const [done, week] of weeks.entries()) {
    onWeek(done);
    const bytes = await get(`/files/clues/${week}`);
    if (bytes !== undefined) segments.push(...await parseSegments(bytes, programme));
  }
  checkChain(segments);
  const known = segments.filter((segment) => segment.number <= head.number);
  // Where nothing was written in these weeks there is nothing to compare the head with.
  if (weeks.length > 0) checkChain(known, head);
  return known;
}

export function fetchBlock([segment, block]: BlockRef): Promise<Bytes> {
  return need(`/files/letters/${segment}/${block}`);
}

/** One attempt: the answer's status, or 0 if there was none. XMLHttpRequest, because fetch does not say how much is sent. */
function postOnce(body: Bytes, onSent: (share: number) => void): Promise<number> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/post");
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.timeout = POST_MS;
    request.upload.onprogress = (event) => onSent(event.loaded / body.length);
    // Anything but the exact sentence is not a promise that the posting is durable.
    request.onload = () => resolve(request.status === 200 && request.responseText.trim() !== "stored" ? 0 : request.status);
    request.onerror = request.ontimeout = request.onabort = () => resolve(0);
    request.send(body);
  });
}

export interface Sealed {
  /** Replaced only by the same letters under another nonce, when the server asks for effort. */
  body: Bytes;
}

/**
 * Posts until the server says it is stored: always the same letters, so that a lost answer costs nothing. NetError when it gives up.
 * Effort is done first where the head asks for it, and again when the server asks for more than the head did.
 */
export async function post(
  sealed: Sealed, head: Head, onSent: (share: number) => void, onEffort: (tried: number) => void,
): Promise<void> {
  let asking: Head | undefined = head;
  for (let tried = 1; ; tried++) {
    if (asking !== undefined && asking.effort > 0) {
      onEffort(0);
      sealed.body = await withEffort(sealed.body, fromHex(asking.hash, 32), asking.effort, onEffort);
    }
    const status = await postOnce(sealed.body, onSent);
    if (status === 200) return;
    if (status === 400 || status === 409) throw new NetError("The server refused the letters.");
    if (tried === TRIES) throw new NetError(status === 503 ? "The server is full." : "The server did not answer.");
    await pause(1000 * 2 ** tried);
    asking = status === 429 ? await fetchHead() : undefined;
  }
}

const SENTENCES: Partial<Record<string, string>> = {
  Expired: "The signed list of reviewers is out of date. Either nobody has renewed it, or you are shown an old copy, "
    + "or the clock of this device is wrong.",
  Threshold: "The list of reviewers is not signed by enough stewards.",
  Mismatch: "The server’s files do not fit together. Someone changed them, a tick came between, or the clock of this device is wrong.",
  Rollback: "The server shows an older list of reviewers than it should.",
  BadSignature: "A signature does not hold.",
  Malformed: "A file of the server is not as it must be. Someone may have changed it.",
  WrongVersion: "This page and the server speak different versions: load the page again.",
};

/** A failure as a sentence for people, which a RangeError of the pages is already. Nothing is sent after any of them. */
export function sentenceFor(error: unknown): string {
  if (error instanceof RangeError) return error.message;
  if (error instanceof NetError) return "The server could not be reached. Nothing was sent; your text is still here. Try again in a while.";
  const name = error instanceof Error ? error.name : "";
  return `${SENTENCES[name] ?? `Something is not as it should be (${name || String(error)}).`} Nothing has been sent.`;
}
