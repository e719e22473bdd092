"""The numbers, labels and code lists of PROTOCOL sections 1, 6 and 8. Nothing here is configuration."""

VERSION = 1
SLOTS = 6
LETTER_BYTES = 16_384
CLUE_BYTES = 40
POINT_BYTES = 32
TAG_BYTES = 8
ENC_BYTES = 1_120
OPEN_KEY_BYTES = 1_216
SEALED_BYTES = 16_344
PLAIN_BYTES = 15_208
EVENT_MAX = 15_204
PAYLOAD_MAX = 15_108
NONCE_BYTES = 8
POSTING_BYTES = 98_312
BLOCK_LETTERS = 16
RETENTION_WEEKS = 26
SCAN_WEEKS = 5
EFFORT_ITERATIONS = 20_000
READERS = 3
READERS_MIN = 2
RESERVES_MAX = 12
PARTS_MAX = 2
PARENTS_MAX = 32
OLDER_MAX = 100
AGAIN_MAX = 80
RECENT = 3
FIELDS_MAX = 30
TEXT_MAX = 15_000
DEPTH_MAX = 8
INT_MAX = 2**53 - 1
TIE_YEARS = 2
TERM_DAYS = 366
SUSPENSION_DAYS = 14
NOTICE_HOURS_MAX = 8_760
TIMESTAMP_DAYS = 8
STALE_DAYS = 2
BUNDLE_MAX = 2 * 1024 * 1024
COVER_BLOCKS_MIN = 4

ZERO32 = bytes(32)

LABEL_CLUE = b"tellsafe/1 clue"
LABEL_LETTER = b"tellsafe/1 letter"
LABEL_EVENT = b"tellsafe/1 event"
LABEL_EVALUATOR = b"tellsafe/1 evaluator"
LABEL_REQUEST = b"tellsafe/1 request"
LABEL_EVENT_ID = b"tellsafe/1 event id"
LABEL_EFFORT = b"tellsafe/1 effort"
LABEL_SEGMENT = b"tellsafe/1 segment"
LABEL_RECEIPT_FIND = b"tellsafe/1 receipt find"
LABEL_RECEIPT_OPEN = b"tellsafe/1 receipt open"
LABEL_RECEIPT_SIGN = b"tellsafe/1 receipt sign"
LABEL_RECEIPT_COVER = b"tellsafe/1 receipt cover"
LABEL_COVER = b"tellsafe/1 cover"

ABOUT_CODES = (
    "A1-UNDISCLOSED",
    "A2-UNTESTED",
    "A3-FRAMEWORK",
    "B1-WEIGHTS",
    "B2-INSIDER",
    "C1-MISBEHAVE",
    "C2-ESCAPE",
    "C3-OVERSIGHT",
    "D1-EVALS",
    "D2-MISLEAD",
    "D3-INCIDENT",
    "D4-REPRISAL",
    "X1-OTHER",
    "X2-OUTSIDE",
)
STAGE_CODES = ("L1-TRAIN", "L2-EVAL", "L3-INTERNAL", "L4-STAGING", "L5-EXTPRE", "L6-DEPLOYED", "L7-STORED", "L9-UNSURE")
DANGER_CODES = ("NOW", "ONGOING", "OVER", "UNSURE")
BASIS_CODES = ("SAW", "READ", "TOLD", "INFERRED")
KNOWN_CODES = ("K0", "K1", "K2", "K3", "K4")
MAY_CODES = ("ADVISE", "HOLD", "ASK", "REFER", "PUBLISH")  # most careful first: section 9 takes the smallest index
SELFCOPY_CODES = ("full", "dates")
AUDIENCES = ("all", "reviewers")
STATES = (
    "RECEIVED",
    "ACKNOWLEDGED",
    "ADVICE",
    "TRIAGE",
    "NEEDS_INFO",
    "HELD",
    "REVIEW",
    "PLAN",
    "COORDINATING",
    "REFERRED",
    "DISCLOSED",
    "CORRECTED",
    "CLOSED",
    "REOPENED",
    "PURGED",
    "WITHDRAWN",
)
STATE_TARGETS = tuple(state for state in STATES if state not in ("RECEIVED", "PURGED", "WITHDRAWN"))
OUTWARD = ("COORDINATING", "REFERRED", "DISCLOSED")
NARROW = ("K0", "K1")  # of KNOWN_CODES: so few could know that an outward step points at somebody
YES_NO = ("NO", "YES")
SEVERITY_CODES = ("S1", "S2", "S3", "S4", "S5")
HARM_CODES = ("H0", "H1", "H2")
URGENCY_CODES = ("U0", "U1", "U2", "U3")
RISK_CODES = ("LOW", "SOME", "HIGH")
CREDIBILITY_CODES = ("E1", "E2", "E3", "E4", "E5")
CORRECTION_CODES = (
    "DC-USER",
    "DC-RATE",
    "DC-CAP",
    "DC-USE",
    "DC-STOP",
    "DC-PAUSE-INT",
    "DC-PAUSE-TRAIN",
    "DC-MONITOR",
    "DC-CONTAIN",
    "DC-SECURE",
    "DC-TEST",
    "DC-NOTIFY",
    "DC-CORRECT",
    "DC-PROTECT",
)
CORRECTION_STATUSES = ("ASKED", "ACKNOWLEDGED", "CLAIMED", "VERIFIED", "DECLINED")
PACKET_TARGETS = ("CAL-OES", "NY-DFS", "EU-AIO", "REGULATOR", "PUBLIC", "COMPANY", "REPORTER")
NO_REASON = "NONE"
CLOSE_REASONS = (
    "ACTION",
    "CLAIMED",
    "REFERRED-DONE",
    "PUBLISHED",
    "ADVISED",
    "NOT-ENOUGH",
    "NOT-SUPPORTED",
    "UNSAFE",
    "DUPLICATE",
    "NO-REPLY",
    "WITHDRAWN",
    "OUT-OF-SCOPE",
    "SPAM",
)
GROUPS = ("A", "B", "C", "D")
TIES_HARD = ("EMPLOYMENT", "CONTRACT", "GRANT", "EQUITY", "ADVISORY", "HOUSEHOLD", "OFFER", "EVALUATION")
TIES_SOFT = ("FRIEND", "FEUD", "COMPETITOR")  # shown, never barring
ENDINGS = ("CONDUCT", "CONFLICT", "KEY-LOST", "RESIGNED", "OTHER")
SUSPENSIONS = ("CONDUCT", "CONFLICT", "KEY-LOST", "OTHER")
HEADINGS = ("access", "searching", "proportionality", "independence", "resources", "expertise")
STATUSES = ("suspended", "notice", "revoked", "expired", "paused", "active")  # section 8: the first that holds
WHY_NOT = ("EXCLUDED", "SUSPENDED", "NOTICE", "REVOKED", "EXPIRED", "PAUSED", "KEY", "TIE", "GROUP", "LANGUAGE")  # the first that holds
