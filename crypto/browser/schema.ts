/** Checks of parsed values: a shape is every name an object must have, each with the check of its value. Types follow from shapes. */

import { VERSION } from "./constants.ts";
import { fromB64, fromHex, isObject, parseStrict, utf8 } from "./encoding.ts";
import { must } from "./errors.ts";

export type Check<T = unknown> = (value: unknown) => value is T;
export type Shape = Readonly<Record<string, Check>>;
/** The type of what passes a check. */
export type Of<C> = C extends Check<infer T> ? T : never;

/** A string for which a function neither is false nor throws. */
const string = (good: (text: string) => unknown): Check<string> => (value): value is string => {
  try {
    return typeof value === "string" && good(value) !== false;
  } catch {
    return false;
  }
};
export const code = (...codes: readonly string[]): Check<string> => string((value) => codes.includes(value));
/** At most `max` bytes of UTF-8. */
export const text = (max: number): Check<string> => string((value) => utf8(value).length <= max);
export const matching = (pattern: RegExp): Check<string> => string((value) => pattern.test(value));
export const hex32 = string((value) => fromHex(value, 32));
export const b64 = (length: number): Check<string> => string((value) => fromB64(value, length));
export const int = (min = 0, max = Number.MAX_SAFE_INTEGER): Check<number> => (value): value is number =>
  typeof value === "number" && value >= min && value <= max;
export const list = <T>(item: Check<T>, min = 0, max = Infinity): Check<readonly T[]> => (value): value is readonly T[] =>
  Array.isArray(value) && value.length >= min && value.length <= max && value.every((entry) => item(entry));
export const distinct = <T>(check: Check<readonly T[]>): Check<readonly T[]> => (value): value is readonly T[] =>
  check(value) && new Set(value).size === value.length;

/** An object with exactly the names of `shape`, each passing its check. */
export const object = <S extends Shape>(shape: S) => (value: unknown): value is { readonly [N in keyof S]: Of<S[N]> } =>
  isObject(value)
  && Object.keys(value).sort().join() === Object.keys(shape).sort().join()
  && Object.entries(shape).every(([name, check]) => check(value[name]));

/** Malformed unless it is of the shape; WrongVersion, before that, if `v` is another integer than 1. */
export function checkObject<T>(value: Record<string, unknown>, check: Check<T>): asserts value is Record<string, unknown> & T {
  must(typeof value["v"] !== "number" || value["v"] === VERSION, "WrongVersion", "another version of the protocol");
  must(check(value), "Malformed", "other names or types than it must have");
}

/** A file in its one spelling and of its shape: Malformed, WrongVersion. */
export function parseFile<T>(bytes: Uint8Array, check: Check<T>): T {
  const file: Record<string, unknown> = parseStrict(bytes);
  checkObject(file, check);
  return file;
}
