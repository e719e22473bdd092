/** Prints the dates that the return page says of every case of the vectors: tests/journeys/test_worked_case.py compares the other half's. */

import { readFileSync } from "node:fs";
import { duesOf } from "../clocks.ts";
import * as core from "../index.ts";

const all = JSON.parse(readFileSync(new URL("../../vectors/case.json", import.meta.url), "utf8"));
const programme = core.fromHex(all.programme);
const events = new Map<string, core.Event>();
for (const [name, raw] of Object.entries(all.events)) events.set(name, await core.parseEvent(core.fromHex(String(raw)), programme));
const said = all.vectors.map((one: any) => {
  const folded = core.fold(one.events.map((name: string) => events.get(name)), one.case);
  return folded === undefined ? [] : duesOf(folded).map(({ code, week, sentence }) => [code, week, sentence]);
});
console.log(JSON.stringify(said));
