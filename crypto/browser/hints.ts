/** What in a text could point to its writer, found on the device. Patterns see the obvious only; the page says so. */

export interface Hint {
  /** What it looks like, for example "a mail address". */
  readonly what: string;
  /** The passage itself. */
  readonly found: string;
  readonly advice: string;
}

type Rule = readonly [what: string, pattern: RegExp, advice: string];

/** One pattern out of several, with the letters of both cases alike if `flags` has an i. */
const either = (flags: string, ...patterns: readonly RegExp[]): RegExp =>
  new RegExp(patterns.map(({ source }) => source).join("|"), `gu${flags}`);

const MONTH = "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?"
  + "|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)";
const ORDINAL = "\\d{1,2}(?:st|nd|rd|th)?";

// In this order: a passage that an earlier rule took is left alone by the later ones.
const RULES: readonly Rule[] = [
  ["invisible characters", new RegExp("[\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180e\\u200b\\u200e\\u200f"
    + "\\u202a-\\u202e\\u2060-\\u2064\\u2066-\\u206f\\ufeff\\u{e0000}-\\u{e007f}]+", "gu"),
    "Copied text can carry hidden marks that differ for every reader. Delete the passage and type it anew."],
  ["a mail address", /[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/gu, "Leave it out."],
  ["a web address", /\b(?:https?:\/\/|www\.)\S+/giu,
    "Internal links are logged, and some differ for every person. Describe what is there."],
  ["a handle", /(?<![\p{L}\p{N}])@[\p{L}\p{N}_][\p{L}\p{N}_.-]+/gu, "Say the role (“a manager”), not the handle."],
  ["an exact date", either("i", /\b\d{4}-\d{2}-\d{2}\b/u, /\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b/u,
    new RegExp(`\\b${MONTH}\\.? ${ORDINAL}\\b`), new RegExp(`\\b${ORDINAL}\\.? (?:of )?${MONTH}\\b`)),
    "A month or a season is enough."],
  ["an exact time", /\b\d{1,2}:\d{2}(?::\d{2})?(?: ?[ap]\.?m\b\.?)?|\b\d{1,2} ?[ap]\.?m\b/giu,
    "Leave the time out, or say “in the evening”."],
  ["a ticket or document number", either("i",
    /\b(?!GPT-|COVID-|ISO-|UTF-|SHA-|GDPR-)[A-Z][A-Z0-9]{1,9}-\d{1,7}\b/u, /(?<![\p{L}\p{N}&])#\d{2,}\b/u,
    /\b(?:ticket|issue|case|incident|bug|PR|CL|doc)(?: no\.?| number)? ?#?\d{2,}\b/u),
    "Such numbers lead to a list of everyone who opened them."],
  ["a telephone number", /(?<![\p{L}\p{N}.,])\+?\d[\d ()/-]{7,}\d(?![\p{L}\p{N}])/gu, "Leave it out."],
  ["a name", /\b(?:I am|I’m|I'm|my name is|call me|regards,?|signed,?)\s+\p{Lu}[\p{L}’'-]+(?:\s+\p{Lu}[\p{L}’'-]+)*/gu,
    "Do not say who you are."],
  ["something about you", either("i",
    /\bas (?:a|the|an) (?:[\p{L}-]+ ){0,4}(?:engineer|manager|lead|researcher|contractor|intern|director|scientist)\b/u,
    /\bmy (?:team|manager|boss|desk|office|badge|project)\b/u),
    "Your role or team makes the crowd you hide in smaller."],
  ["a rare figure", either("", /(?<![\p{L}\p{N}.,-])\d+[.,]\d{2,}(?![\p{L}\p{N}])/u, /(?<![\p{L}\p{N}.,-])\d{5,}(?![\p{L}\p{N}])/u,
    /(?<![\p{L}\p{N}.,-])\d{1,3}(?:[,.’' ]\d{3})+(?!\d)/u),
    "Few may know it this exactly. “About a third” or “some thousands” says enough."],
  ["a quotation", /“[^”]{25,}”|"[^"\n]{25,}"|«[^»]{25,}»/gu, "Exact words can be searched for. Say what was meant."],
  ["a file or host name", either("i", /\b[\w-]+(?:[/\\][\w.-]+){2,}/u,
    /\b[\w-]+\.(?:pdf|docx?|xlsx?|pptx?|ipynb|py|csv|internal|corp|local)\b/u),
    "Names of files and machines are often known to few. Describe them."],
];

const EXCERPT = 60;

/** Every passage that a rule finds, in the order of the rules, each passage once. */
export function hintsIn(text: string): Hint[] {
  const hints = new Map<string, Hint>();
  let rest = text;
  for (const [what, pattern, advice] of RULES) {
    rest = rest.replace(pattern, (passage) => {
      const shown = what === "invisible characters" ? codesOf(passage) : passage.trim();
      hints.set(`${what} ${shown}`, { what, found: shown.length > EXCERPT ? `${shown.slice(0, EXCERPT)}…` : shown, advice });
      return "\n";
    });
  }
  return [...hints.values()];
}

function codesOf(passage: string): string {
  return Array.from(passage, (char) => `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`).join(" ");
}
