/** What pages may use. Functions whose names begin with an underscore take injected randomness and are left out. */

export * from "./constants.ts";
export { ProtocolError, type ErrorName } from "./errors.ts";
export {
  canonical, concat, equal, fromB64, fromHex, isWeek, parseStrict, toB64, toHex, utf8, weekOf,
  type Bytes, type Json, type JsonObject,
} from "./encoding.ts";
export { checkPoint, checkSigningKey } from "./points.ts";
export { type KeyPair } from "./primitives.ts";
export { coverLetter, findMatches, openLetter, openPairOf, sealLetter, type ReceiveKeys } from "./letter.ts";
export { completions, keysOf, newReceipt, parseReceipt, wordsOf, type ReceiptKeys } from "./receipt.ts";
export { effortOf, makePosting, parsePosting, withEffort, type Posting, type Slot } from "./posting.ts";
export {
  blocksIn, checkChain, coverBlocks, lettersOf, parseHead, parseSegments, type BlockRef, type Head, type Segment,
} from "./segment.ts";
export { eventId, idsOf, parseEvent, payloadBytes, reporterKeys, signEvent, stubOf, textRoom, type Event } from "./event.ts";
export { common, fold, heads, previousOf, type Case, type VoidReason } from "./case.ts";
export { openKey, verifyBundle, type Tree } from "./tree.ts";
export { dayOf, quarterOf, type Programme, type Reviewer, type Roster, type Tie } from "./roster.ts";
export { draw, eligible } from "./routing.ts";
