/** Constants and code lists of PROTOCOL sections 1 and 6; `vectors/constants.json` holds the same values. */

export const VERSION = 1;
export const SLOTS = 6;
export const LETTER_BYTES = 16384;
export const CLUE_BYTES = 40;
export const TAG_BYTES = 8;
export const ENC_BYTES = 1120;
export const PLAIN_BYTES = 15208;
export const EVENT_MAX = 15204;
export const PAYLOAD_MAX = 15108;
export const NONCE_BYTES = 8;
export const POSTING_BYTES = 98312;
export const BLOCK_LETTERS = 16;
export const SCAN_WEEKS = 5;
export const EFFORT_ITERATIONS = 20000;
export const READERS = 3;
export const RESERVES_MAX = 12;
export const PARTS_MAX = 2;
export const PARENTS_MAX = 32;
export const OLDER_MAX = 100;
export const AGAIN_MAX = 80;
export const RECENT = 3;
export const FIELDS_MAX = 30;
export const TEXT_MAX = 15000;
export const DEPTH_MAX = 8;
export const COVER_BLOCKS_MIN = 4;
export const TIE_YEARS = 2;
export const TERM_DAYS = 366;
export const SUSPENSION_DAYS = 14;
export const NOTICE_HOURS_MAX = 8760;
export const TIMESTAMP_DAYS = 8;
export const STALE_DAYS = 2;

export const LABELS = {
  clue: "tellsafe/1 clue",
  letter: "tellsafe/1 letter",
  event: "tellsafe/1 event",
  evaluator: "tellsafe/1 evaluator",
  eventId: "tellsafe/1 event id",
  effort: "tellsafe/1 effort",
  segment: "tellsafe/1 segment",
  receiptFind: "tellsafe/1 receipt find",
  receiptOpen: "tellsafe/1 receipt open",
  receiptSign: "tellsafe/1 receipt sign",
  receiptCover: "tellsafe/1 receipt cover",
  cover: "tellsafe/1 cover",
} as const;

export const ABOUT_CODES = [
  "A1-UNDISCLOSED", "A2-UNTESTED", "A3-FRAMEWORK", "B1-WEIGHTS", "B2-INSIDER", "C1-MISBEHAVE", "C2-ESCAPE", "C3-OVERSIGHT",
  "D1-EVALS", "D2-MISLEAD", "D3-INCIDENT", "D4-REPRISAL", "X1-OTHER", "X2-OUTSIDE",
] as const;
export const STAGE_CODES = [
  "L1-TRAIN", "L2-EVAL", "L3-INTERNAL", "L4-STAGING", "L5-EXTPRE", "L6-DEPLOYED", "L7-STORED", "L9-UNSURE",
] as const;
export const DANGER_CODES = ["NOW", "ONGOING", "OVER", "UNSURE"] as const;
export const BASIS_CODES = ["SAW", "READ", "TOLD", "INFERRED"] as const;
export const KNOWN_CODES = ["K0", "K1", "K2", "K3", "K4"] as const;
/** From the most careful to the least: the order is part of the protocol (section 9). */
export const MAY_CODES = ["ADVISE", "HOLD", "ASK", "REFER", "PUBLISH"] as const;
export const STATES = [
  "RECEIVED", "ACKNOWLEDGED", "ADVICE", "TRIAGE", "NEEDS_INFO", "HELD", "REVIEW", "PLAN", "COORDINATING", "REFERRED", "DISCLOSED",
  "CORRECTED", "CLOSED", "REOPENED", "PURGED", "WITHDRAWN",
] as const;
export const STATE_TARGETS = STATES.filter((state) => !["RECEIVED", "PURGED", "WITHDRAWN"].includes(state));
export const OUTWARD = ["COORDINATING", "REFERRED", "DISCLOSED"] as const;
/** Of KNOWN_CODES: so few could know that an outward step points at somebody. */
export const NARROW = ["K0", "K1"] as const;
export const YES_NO = ["NO", "YES"] as const;
export const SEVERITY_CODES = ["S1", "S2", "S3", "S4", "S5"] as const;
export const HARM_CODES = ["H0", "H1", "H2"] as const;
export const URGENCY_CODES = ["U0", "U1", "U2", "U3"] as const;
export const RISK_CODES = ["LOW", "SOME", "HIGH"] as const;
export const CREDIBILITY_CODES = ["E1", "E2", "E3", "E4", "E5"] as const;
export const CORRECTION_CODES = [
  "DC-USER", "DC-RATE", "DC-CAP", "DC-USE", "DC-STOP", "DC-PAUSE-INT", "DC-PAUSE-TRAIN", "DC-MONITOR", "DC-CONTAIN", "DC-SECURE",
  "DC-TEST", "DC-NOTIFY", "DC-CORRECT", "DC-PROTECT",
] as const;
export const CORRECTION_STATUSES = ["ASKED", "ACKNOWLEDGED", "CLAIMED", "VERIFIED", "DECLINED"] as const;
export const PACKET_TARGETS = ["CAL-OES", "NY-DFS", "EU-AIO", "REGULATOR", "PUBLIC", "COMPANY", "REPORTER"] as const;
export const CLOSE_REASONS = [
  "ACTION", "CLAIMED", "REFERRED-DONE", "PUBLISHED", "ADVISED", "NOT-ENOUGH", "NOT-SUPPORTED", "UNSAFE", "DUPLICATE", "NO-REPLY",
  "WITHDRAWN", "OUT-OF-SCOPE", "SPAM",
] as const;
export const NO_REASON = "NONE";
export const SELFCOPY_CODES = ["full", "dates"] as const;
export const AUDIENCES = ["all", "reviewers"] as const;
export const GROUPS = ["A", "B", "C", "D"] as const;
export const TIES_HARD = ["EMPLOYMENT", "CONTRACT", "GRANT", "EQUITY", "ADVISORY", "HOUSEHOLD", "OFFER", "EVALUATION"] as const;
/** Shown, never barring. */
export const TIES_SOFT = ["FRIEND", "FEUD", "COMPETITOR"] as const;
export const ENDINGS = ["CONDUCT", "CONFLICT", "KEY-LOST", "RESIGNED", "OTHER"] as const;
export const SUSPENSIONS = ["CONDUCT", "CONFLICT", "KEY-LOST", "OTHER"] as const;
export const HEADINGS = ["access", "searching", "proportionality", "independence", "resources", "expertise"] as const;
/** Of these and of WHY_NOT the first that holds. */
export const STATUSES = ["suspended", "notice", "revoked", "expired", "paused", "active"] as const;
export const WHY_NOT = ["EXCLUDED", "SUSPENDED", "NOTICE", "REVOKED", "EXPIRED", "PAUSED", "KEY", "TIE", "GROUP", "LANGUAGE"] as const;
