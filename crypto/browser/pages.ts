/** Entry of the page script: says that script runs, tests the browser, then hands over to the page that it is on. */

import { byId, field, installLeaving, say, show } from "./dom.ts";
import { fromHex } from "./index.ts";
import { startReport } from "./report.ts";
import { startReturn } from "./return.ts";

document.documentElement.classList.replace("no-js", "js");
installLeaving();

/** Why this browser cannot seal, or undefined if it can. */
async function obstacle(): Promise<string | undefined> {
  if (!isSecureContext || globalThis.crypto?.subtle === undefined) {
    return "This address does not count as a secure connection here, so the browser refuses to encrypt. "
      + "In Tor Browser an onion address does.";
  }
  try {
    await crypto.subtle.generateKey("X25519", false, ["deriveBits"]);
    await crypto.subtle.generateKey("Ed25519", false, ["sign"]);
    return undefined;
  } catch {
    return "It is too old: it does not know the methods (X25519 and Ed25519) that sealing needs. Please update it.";
  }
}

const why = await obstacle();
if (why === undefined) {
  const programme = fromHex(document.documentElement.dataset["programme"] ?? "", 32);
  field("questions").disabled = false;
  if (document.getElementById("report-form") === null) startReturn(programme);
  else startReport(programme);
} else {
  say("unsupported-why", why);
  show("unsupported");
  byId("unsupported").focus();
}
