"""Example files the desk prints, to be filled in with an editor. They are read back by the same code that reads yours."""

from oversight.rules import FIELDS

PROGRAMME = """\
# A programme's public facts. Stewards and their keys are added by `steward create`.
name = "Example programme"
tick = 21600                # seconds between publications of what has arrived
part_seconds = [60, 600]    # shortest and longest wait between the postings of a long text
cover_per_day = 4           # postings without content that each workstation sends in a day
labs = ["Example Lab", "Another Lab", "Third Lab"]
emergency = "If life is at risk now, call your local emergency number: this inbox is read by people, not continuously."
notice_hours = 72           # how long a new reviewer is shown before anybody can write to them

# Promises that labs have published: a report may say which of them is broken. One table for each; later `steward propose commitment`.
[[commitments]]
id = "EX-1"
lab = "Example Lab"
title = "No wide internal use before danger tests"
since = "2025-03-01"
source = "Its safety framework, version 2"
"""

_SAID = {
    "identity": "Passport seen by two stewards in person, 2026-11-02",
    "conduct": "Version 1, signed 2026-11-03",
    "training": "Source protection and secure handling 2026-10-12; messages under stress and law 2026-10-19",
    "exercises": "False lead and missed escalation, both passed 2026-10-26",
    "assessors": "B. Assessor, C. Assessor",
    "open_cases": "6",
    "hours": "20",
    "highest": "S3, U1",
    "statement": "All ties of the last 36 months declared and signed 2026-11-03",
    "funders": "University salary; no other",
    "offers": "no",
    "paid_by": "The programme, by the hour",
    "cover": "Indemnity yes, legal cover yes",
    "equipment": "Laptop for this work only, hardware key",
    "domains": "Evaluations, policy",
    "referees": "D. Referee (university), E. Referee (law clinic)",
}


def _record() -> str:
    lines = [
        "# The public vetting record of one reviewer. Keys and name come from the reviewer's request file.",
        "# Amounts, documents, references and anything told in confidence belong into the annex (steward annex seal), not here.",
        'affiliation = "Example University"',
        'languages = ["English"]',
        "# A evaluation and disclosure, B security, C behaviour of systems, D conduct and reprisals",
        'groups = ["A", "B", "C", "D"]',
        "# The first and last day may be given; without them: when the notice is over, and a year after that.",
        '# from = "2026-12-01"',
        '# to = "2027-11-30"',
        "",
        "# Every tie to a developer. These bar for that lab while they last and 24 months after:",
        "#   EMPLOYMENT CONTRACT GRANT EQUITY ADVISORY HOUSEHOLD OFFER EVALUATION",
        '# These are shown and bar nothing: FRIEND FEUD COMPETITOR. until = "" while it lasts.',
        "# No ties: write  ties = []  in place of the next four lines.",
        "[[ties]]",
        'lab = "Third Lab"',
        'category = "EMPLOYMENT"',
        'until = "2025-06-30"',
    ]
    for heading, fields in FIELDS.items():
        lines += ["", f"[record.{heading}]"]
        for field, meaning in fields.items():
            lines += [f"# {meaning}", f'{field} = "{_SAID[field]}"']
    return "\n".join(lines) + "\n"


RECORD = _record()
