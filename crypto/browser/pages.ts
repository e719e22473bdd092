/** What both pages' scripts begin with: they say that script runs, test the browser, then start the page. */

import { byId, field, installLeaving, say, show } from "./dom.ts";
import { fromHex, type Bytes } from "./index.ts";

/** Why this browser cannot seal, or undefined if it can. */
async function obstacle(): Promise<string | undefined> {
  if (!isSecureContext || globalThis.crypto?.subtle === undefined) {
    return "This address does not count as a secure connection, so the browser refuses to encrypt. "
      + "In Tor Browser an onion address does.";
  }
  try {
    await crypto.subtle.generateKey("X25519", false, ["deriveBits"]);
    await crypto.subtle.generateKey("Ed25519", false, ["sign"]);
    return undefined;
  } catch {
    return "It is too old: it does not know the methods (X25519 and Ed25519) that sealing needs.";
  }
}

export async function begin(start: (programme: Bytes) => void): Promise<void> {
  document.documentElement.classList.replace("no-js", "js");
  installLeaving();
  // What differs from the page as it came is kept in a browser's file of open tabs, by any but Tor Browser: ticked boxes too.
  document.addEventListener("change", () => {
    for (const box of document.querySelectorAll("input")) box.defaultChecked = box.checked;
    for (const option of document.querySelectorAll("option")) option.defaultSelected = option.selected;
  });
  const why = await obstacle();
  if (why === undefined) {
    field("questions").disabled = false;
    return start(fromHex(document.documentElement.dataset["programme"] ?? "", 32));
  }
  say("unsupported-why", why);
  show("unsupported");
  byId("unsupported").focus();
}
