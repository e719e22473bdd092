/** Refusals by name (PROTOCOL section 1). The name is protocol; the sentence is for people and may change. */

export type ErrorName =
  | "Malformed" | "WrongVersion" | "BadPoint" | "BadKey" | "BadSignature" | "NotForUs" | "BadPadding" | "TooLong" | "BadWords"
  | "BadEffort" | "Expired" | "Rollback" | "Threshold" | "Mismatch";

export class ProtocolError extends Error {
  override readonly name: ErrorName;

  constructor(name: ErrorName, sentence = "") {
    super(sentence);
    this.name = name;
  }
}

/** Throws the named refusal unless `condition` holds. */
export function must(condition: boolean, name: ErrorName, sentence = ""): asserts condition {
  if (!condition) throw new ProtocolError(name, sentence);
}
