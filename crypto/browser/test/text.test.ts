/** Typed text: what points to its writer, and how it is cut into letters. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { hintsIn } from "../hints.ts";
import { clean, splitText } from "../sending.ts";

const found = (text: string): string[] => hintsIn(text).map(({ what, found }) => `${what}: ${found}`);

test("what could point to the writer is found, in whatever script it stands", () => {
  for (const [text, expected] of [
    ["Write to jo.doe@example.org about it", "a mail address: jo.doe@example.org"],
    ["写信给 李雷@例子.公司 吧", "a mail address: 李雷@例子.公司"],
    ["see https://wiki.corp/x?u=17 there", "a web address: https://wiki.corp/x?u=17"],
    ["ask @jo_doe for it", "a handle: @jo_doe"],
    ["on 2026-11-03 it ran", "an exact date: 2026-11-03"],
    ["on March 3rd it ran", "an exact date: March 3rd"],
    ["on the 3rd of march it ran", "an exact date: 3rd of march"],
    ["at 17:45 it ran", "an exact time: 17:45"],
    ["at 5 pm it ran", "an exact time: 5 pm"],
    ["in SAFE-1234 it says", "a ticket or document number: SAFE-1234"],
    ["in ticket 8812 it says", "a ticket or document number: ticket 8812"],
    ["call +44 20 7946 0958 now", "a telephone number: +44 20 7946 0958"],
    ["I am Jane Doe and saw it", "a name: I am Jane Doe"],
    ["as the only safety engineer here", "something about you: as the only safety engineer"],
    ["my manager said no", "something about you: my manager"],
    ["loss was 0.8317 then", "a rare figure: 0.8317"],
    ["some 41,306 prompts", "a rare figure: 41,306"],
    ["he wrote “nobody outside may ever hear of this run”", "a quotation: “nobody outside may ever hear of this run”"],
    ["it lies in runs/eval/final.csv now", "a file or host name: runs/eval/final.csv"],
    ["copied\u200b\u2060 text", "invisible characters: U+200B U+2060"],
  ] as const) assert.deepEqual(found(text), [expected], text);
});

test("what points to nobody is left alone", () => {
  for (const text of [
    "", "The model GPT-4 is in use inside since spring, by some thousands.", "In 2025 about 30 of 100 runs failed, or 12.5 percent.",
    "模型正在内部使用。", "النموذج يُستخدم داخليا.",
    "It follows ISO-27001 and SHA-256.", "They said “no”.",
  ]) assert.deepEqual(found(text), [], text);
});

test("a passage is named once, by the first rule that fits, and long ones are cut", () => {
  assert.deepEqual(found("a@b.cd and a@b.cd"), ["a mail address: a@b.cd"]);
  assert.deepEqual(found(`https://${"x".repeat(80)}`), [`a web address: https://${"x".repeat(52)}…`]);
  assert.deepEqual(hintsIn("a@b.cd at 17:45, by @someone").map(({ what }) => what), ["a mail address", "a handle", "an exact time"]);
});

const room = (text: string): number => new TextEncoder().encode(JSON.stringify(text)).length - 2;

test("text is cut to the rooms it has, whole, and at white space where there is some", () => {
  assert.deepEqual(splitText("", [5]), [""]);
  assert.deepEqual(splitText("abcde", [5, 5]), ["abcde"]);
  assert.deepEqual(splitText("one two three", [8, 8]), ["one two ", "three"]);
  assert.deepEqual(splitText("one\ntwo three", [6, 20]), ["one\n", "two three"]);
  assert.deepEqual(splitText("abcdefgh", [3, 3, 3]), ["abc", "def", "gh"]);
  assert.equal(splitText("abcdefgh", [3, 3]), undefined);
  assert.equal(splitText("a", []), undefined);
});

test("no character is torn and no room overfilled, whatever the text costs to write", () => {
  const words = `${"x".repeat(500)} ${"y".repeat(500)}`;
  for (const text of ["模型正在内部使用。".repeat(40), "🕊️🧠".repeat(60), "\n\"\\\u0001".repeat(90), words]) {
    for (const size of [13, 100, 701]) {
      const pieces = splitText(text, Array.from({ length: 400 }, () => size)) ?? [];
      assert.equal(pieces.join(""), text);
      assert.ok(pieces.every((piece) => room(piece) <= size && !/\p{Cs}/u.test(piece) && piece !== ""), `${size}`);
    }
  }
});

test("typed text is made what the protocol can carry", () => {
  assert.equal(clean(" a\r\nb\rc\0\ud800 "), "a\nb\nc\ufffd");
});
