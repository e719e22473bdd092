/** The shared vectors, in Node. tests/journeys/test_pages.py runs the same in Firefox. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { runVectors } from "./vectors.ts";

const FOLDER = new URL("../../vectors/", import.meta.url);

test("every shared vector comes out as its file says", async (t) => {
  const outcomes = await runVectors(async (name) => JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), "utf8")));
  for (const { file, left, ran, differing } of outcomes) {
    if (left !== "") t.diagnostic(`${file}.json is left out: ${left}`);
    assert.deepEqual(differing, [], file);
    assert.equal(ran > 0, left === "", file);
  }
  const files = readdirSync(FOLDER).filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -5));
  assert.deepEqual(files.filter((name) => !outcomes.some(({ file }) => file === name)), []);
});
