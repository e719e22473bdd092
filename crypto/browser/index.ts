/** What pages may use. Functions whose names begin with an underscore take injected randomness and are left out. */

export * from "./constants.ts";
export { ProtocolError, type ErrorName } from "./errors.ts";
export {
  canonical, concat, equal, fromB64, fromHex, isWeek, parseStrict, toB64, toHex, utf8, weekOf,
  type Bytes, type JsonObject,
} from "./encoding.ts";
export { checkPoint, checkSigningKey } from "./points.ts";
export { type KeyPair } from "./primitives.ts";
export { coverLetter, findMatches, openLetter, sealLetter, type ReceiveKeys } from "./letter.ts";
export { completions, keysOf, newReceipt, parseReceipt, wordsOf, type ReceiptKeys } from "./receipt.ts";
export { effortOf, makePosting, parsePosting, withEffort, type Slot } from "./posting.ts";
export {
  blocksIn, checkChain, checkDated, coverBlocks, lettersOf, parseHead, parseSegments, type BlockRef, type Head, type Segment,
} from "./segment.ts";
export { idsOf, kindOf, parseEvent, payloadBytes, signEvent, stubOf, textRoom, type Event } from "./event.ts";
export { common, fold, headsOf, previousOf, type Case } from "./case.ts";
export { descends } from "./graph.ts";
export { type Proposal, type VoidReason } from "./states.ts";
export { absent } from "./summary.ts";
export { suspendedOn, verifyBundle, type Tree } from "./tree.ts";
export {
  dayOf, foldText, openKey, statusOf,
  type Evaluator, type Programme, type Reviewer, type Roster, type Status, type Suspension, type Tie,
} from "./roster.ts";
export { draw, eligible, explain, groupsOf, whyNot, type Want, type WhyNot } from "./routing.ts";
