/** Packets as plain text: those that reviewers prepared, and the one that a reporter can file alone (forms of crypto/wording.json). */

import wording from "../wording.json" with { type: "json" };
import type { JsonObject } from "./encoding.ts";
import type { Event } from "./event.ts";

interface Form {
  readonly title: string;
  readonly for: string;
  readonly fields: readonly { readonly name: string; readonly label: string; readonly hint: string; readonly fill: string }[];
}

const FORMS: Readonly<Record<string, Form>> = wording.forms;
const OWN = wording.own;
/** Whom a reporter can write to alone: code and title. */
export const OWN_TARGETS = OWN.targets.map((to): [string, string] => [to, FORMS[to]?.title ?? to]);
/**
 * Sites of authorities that were checked. Cal OES: its own page on the act, for the public too. The European tool: named by several who
 * quote the Commission's page. Of New York's department no page for such reports was found.
 */
const SITES: Readonly<Record<string, string>> = {
  "CAL-OES": "caloes.ca.gov (look for: Transparency in Frontier Artificial Intelligence Act)",
  "EU-AIO": "digital-strategy.ec.europa.eu (look for: AI Act whistleblower tool)",
};

/** Where to file, as text to be typed elsewhere: nothing here is a link. */
export function whereToFile(to: string): string {
  const site = SITES[to];
  if (to === "") return "";
  return site === undefined ? "We give no address for this one. Look it up yourself, in Tor Browser, at a page you trust."
    : `Its site, to type yourself in Tor Browser, not from here: ${site}. Addresses change: compare it with a page you trust.`;
}

/** A packet as it would leave: its fields in the order of the form, then those the form does not have. */
export function packetText({ payload }: Event): string {
  const form = FORMS[String(payload["to"])];
  const fields = payload["fields"] as Readonly<Record<string, string>>;
  const known = form?.fields ?? [];
  const others = Object.keys(fields).filter((name) => !known.some((row) => row.name === name));
  const rows = [...known, ...others.map((name) => ({ name, label: name.replaceAll("_", " ") }))];
  const said = rows.filter(({ name }) => (fields[name] ?? "") !== "").map(({ name, label }) => `${label}\n${fields[name] ?? ""}`);
  return [...form === undefined ? [] : [form.title], ...said].join("\n\n");
}

/**
 * The packet a reporter can file alone: the authority's own questions, filled from what they told us. label: a code of a question in
 * plain words. Without a report (only a stub is held) there is nothing to fill in.
 */
export function ownPacket(to: string, report: JsonObject, text: string, label: (question: string, code: string) => string): string {
  const form = FORMS[to];
  const answers = report["answers"] as Readonly<Record<string, string>> | undefined;
  const stage = answers?.["stage"] ?? "L9-UNSURE";
  const said = (question: string): string => [answers?.[question] ?? []].flat().map((code) => label(question, code)).join("\n");
  const inside = ["L1-TRAIN", "L2-EVAL", "L3-INTERNAL", "L4-STAGING"].includes(stage);
  const fills: Readonly<Record<string, string>> = {
    about: said("about"), stage: said("stage"), danger: said("danger"), organisation: answers?.["organisation"] ?? "", contact: OWN.contact,
    raised: answers?.["raised"] ?? "",
    basis: [said("basis"), answers?.["promise"]].filter(Boolean).join("\n"),
    internal: answers === undefined ? "" : inside ? "Yes" : stage === "L9-UNSURE" ? "Not known" : "No",
  };
  const fields = (form?.fields ?? []).map(({ name, label: asked, hint, fill }) => {
    const filled = (name === "statement" ? text : fills[fill] ?? "").trim();
    return `${asked}${hint === "" ? "" : ` (${hint})`}\n${filled || OWN.empty}`;
  });
  return [form?.title ?? to, form?.for ?? "", "", OWN.intro, "", ...OWN.before.map((line, i) => `${i + 1}. ${line}`)].join("\n")
    + `\n\n${fields.join("\n\n")}\n`;
}
