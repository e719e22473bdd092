"""Answers to begin with, in plain language: short sentences, no promise of an outcome, nothing that asks who the reporter is."""

import re

PHRASES = {
    "received": (
        "We have read it",
        "Thank you. Two of us have read what you wrote. We do not know who you are, and we will not try to find out.\n\n"
        "We will now decide how to handle it, and write here again. Look in about once a week, never from a work device.",
    ),
    "question": (
        "A question",
        "Thank you. To go on, we would like to understand one thing better:\n\n…\n\n"
        "Write in your own words and leave out what only you could know. If you would rather not answer, that is fine.",
    ),
    "where": (
        "Where the proof is",
        "Is there something an investigator could look at? Please describe what it is and where it is kept. "
        "Do not copy it and do not send it: a copy can point at you.",
    ),
    "consent": (
        "Asking before a step",
        "We would like to take this step: …\n\nThose who hear of it would learn: … They would not learn: …\n\n"
        "Nothing happens before you say yes on this page. You can also say no, or ask us to wait. Few people may know this: "
        "think of who could guess that it was you.",
    ),
    "may": (
        "Asking for more than advice",
        "You chose to be advised and no more, so we will do nothing else. What you describe may not wait, and we would like to look into "
        "it: …\n\nIf you agree, choose on this page what reviewers may do. You can choose to be asked before every single step. If you "
        "would rather leave it as it is, that is fine.",
    ),
    "month": (
        "The monthly note",
        "We are still working on this. Since our last note: …\n\nWhat comes next: … We will write again within a month.",
    ),
    "no-news": ("Nothing new", "There is nothing new to tell this month. We have not forgotten it. We will write again within a month."),
    "help": (
        "Advice and help elsewhere",
        "We cannot give legal advice. A lawyer for whistleblowers can, often without charge; tell them as little as you need to. "
        "If you are being punished for speaking up, time limits may run: ask soon.",
    ),
    "outside": (
        "Outside our field",
        "Thank you for writing. This is not something we can look into: we work on the safety of AI systems inside companies. "
        "These may be able to help: …",
    ),
    "closing": (
        "Before closing",
        "We are about to close this. Why: …\n\nWhat you can still do: …\n\n"
        "Your words open this page for some months more, and you can write here until then.",
    ),
}


def unfilled(text: str) -> bool:
    """Whether an answer still has a gap of the phrase it began with."""
    return re.search(r"(?:^|: )…", text, re.M) is not None
