"""The questionnaire: ten questions, their codes, plain labels and helper texts.

Drawn into the report page ahead of time and read by the page's own script. It is never validated or received here: the server
has no way to get an answer in clear. Codes are those of crypto/PROTOCOL.md section 6 and are never renamed.
"""

from wtforms import BooleanField, Form, RadioField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined] # newer than its types
from wtforms.validators import InputRequired
from wtforms.widgets import CheckboxInput, ListWidget

# The heading a group of concerns stands under, by the first letter of its codes.
ABOUT_GROUPS = {
    "A": "Secrecy and testing",
    "B": "Security and people",
    "C": "How the system behaves and who controls it",
    "D": "Honesty and accountability",
    "X": "Something else",
}

ABOUT = [
    ("A1-UNDISCLOSED", "A powerful model is used inside, and people outside who should know do not"),
    ("A2-UNTESTED", "A model was used widely inside before danger tests or safeguards were done"),
    ("A3-FRAMEWORK", "The company broke, bypassed or quietly weakened its own published safety promises"),
    ("B1-WEIGHTS", "Model weights or key secrets are badly protected, leaked or stolen"),
    ("B2-INSIDER", "People inside use a model, or plan to, for dangerous or power-grabbing ends"),
    ("C1-MISBEHAVE", "An AI system did things it was not allowed to: sabotage, deceit, hiding, grabbing access, gaming a test"),
    ("C2-ESCAPE", "An AI system left its test or work area, copied itself, or acted on outside systems"),
    ("C3-OVERSIGHT", "Monitoring, logging, approvals or shut-down were missing, off or ignored"),
    ("D1-EVALS", "People faked, hid, cherry-picked or blocked safety tests, or restricted evaluators"),
    ("D2-MISLEAD", "The public, a regulator, the board, investors or evaluators were misled"),
    ("D3-INCIDENT", "A serious incident was not reported, or a needed correction was refused or delayed"),
    ("D4-REPRISAL", "Someone was punished, threatened or gagged for raising this"),
    ("X1-OTHER", "Another serious safety concern"),
    ("X2-OUTSIDE", "Not about AI safety (pay, harassment, product bugs): we will point you elsewhere"),
]

STAGE = [
    ("L1-TRAIN", "While it was being trained or fine-tuned"),
    ("L2-EVAL", "While it was being tested inside the company"),
    ("L3-INTERNAL", "While staff or internal AI agents used it for real work, released or not"),
    ("L4-STAGING", "While a release was being prepared"),
    ("L5-EXTPRE", "While outsiders (partners, evaluators, government) had early access"),
    ("L6-DEPLOYED", "After customers or the public could use it"),
    ("L7-STORED", "Weights kept but not in use: archive, backup, “retired”"),
    ("L9-UNSURE", "Not sure, or not about one model"),
]

DANGER = [("NOW", "Someone is in danger now"), ("ONGOING", "It is going on"), ("OVER", "It is over"), ("UNSURE", "Not sure")]

BASIS = [
    ("SAW", "I saw it"),
    ("READ", "I read documents or messages"),
    ("TOLD", "Someone told me"),
    ("INFERRED", "I worked it out"),
]

KNOWN = [("K1", "1 to 5"), ("K2", "6 to 20"), ("K3", "21 to 100"), ("K4", "More than 100"), ("K0", "Not sure")]

MAY = [
    ("ADVISE", "Only advise me. Open no case"),
    ("HOLD", "Keep it until others report the same, or until I say so"),
    ("ASK", "Look into it, but ask me before every outside step"),
    ("REFER", "You may pass it to an authority"),
    ("PUBLISH", "You may publish a summary that I have seen"),
]

SELFCOPY = [
    ("full", "Keep a sealed copy of what I write, so that I can read it again"),
    ("dates", "Keep only the dates. Whoever finds my words then cannot read this first message"),
]


def _choices(labels: list[tuple[str, str]]) -> list[SelectChoice]:
    return [SelectChoice(code, label) for code, label in labels]


_REQUIRED = [InputRequired()]
# Typed text must not be kept by the browser or sent to a spelling service.
_PRIVATE = {"autocomplete": "off", "spellcheck": "false", "dir": "auto"}
_CHOICE = {"autocomplete": "off"}


class ReportForm(Form):
    """Field names are the names in `answers` of PROTOCOL 6; `also` and `organisation_other` are folded into `about` and `organisation`.

    `language` only chooses readers; it is sent nowhere.
    """

    about = RadioField(
        "What is it about?",
        choices=_choices(ABOUT),
        validators=_REQUIRED,
        render_kw=_CHOICE,
        description="Choose the closest. You can be wrong.",
    )
    also = SelectMultipleField(
        "Is it also about something else? Up to two more",
        choices=_choices(ABOUT[:-1]),
        widget=ListWidget(),
        option_widget=CheckboxInput(),
        render_kw=_CHOICE,
    )
    stage = RadioField(
        "When in the model’s life did it happen?",
        choices=_choices(STAGE),
        validators=_REQUIRED,
        render_kw=_CHOICE,
        description="“Not sure” is a good answer.",
    )
    organisation = SelectField(
        "Which organisation?",
        choices=_choices([("", "Rather not say yet"), ("other", "Another, not in this list")]),
        render_kw=_CHOICE,
        description="Used on your device to keep out reviewers who have ties to it, then sealed with the rest.",
    )
    organisation_other = StringField("Its name", render_kw=_PRIVATE | {"maxlength": "200"})
    # Filled from the signed roster on the reporter's device, and used only there.
    language = SelectField("Language you write in", choices=_choices([("", "Any reviewer")]), render_kw=_CHOICE)
    text = TextAreaField(
        "What happened?",
        validators=_REQUIRED,
        render_kw=_PRIVATE | {"rows": "12"},
        description="Facts in short plain sentences. No quotes, code names, ticket numbers, exact times, or figures that only your team "
        "has. Your wording can identify you: write as if for a stranger. One sentence is enough to begin.",
    )
    danger = RadioField(
        "Is anyone in danger now, or is it still going on?",
        choices=_choices(DANGER),
        validators=_REQUIRED,
        render_kw=_CHOICE,
        description="If life is at risk now, call the emergency services. This inbox is read by people, and not around the clock.",
    )
    basis = RadioField("How do you know?", choices=_choices(BASIS), validators=_REQUIRED, render_kw=_CHOICE)
    known = RadioField(
        "About how many people could know what you wrote?",
        choices=_choices(KNOWN),
        validators=_REQUIRED,
        render_kw=_CHOICE,
        description="These people are the crowd you hide in. With 1 to 5, or if you are not sure, we ask you before every outside step, "
        "whatever you choose below. Below about 20 we may advise you to wait.",
    )
    raised = TextAreaField(
        "Has it been raised before? Where, roughly when, was there an answer?",
        render_kw=_PRIVATE | {"rows": "4"},
        description="Inside the company, with an authority, or nowhere. Month or season is enough. If you know: when did the company "
        "first hear of it?",
    )
    may = RadioField(
        "What may the reviewers do?",
        choices=_choices(MAY),
        default="ASK",
        validators=_REQUIRED,
        render_kw=_CHOICE,
        description="You can change this at any time with your twelve words.",
    )
    commitment = SelectField("A promise that was published", choices=_choices([("", "None of these")]), render_kw=_CHOICE)
    promise = TextAreaField(
        "Which promise or law do you think is broken? Where could an investigator look? What do you fear?",
        render_kw=_PRIVATE | {"rows": "4"},
        description="Describe where the proof is. Do not copy it: copies can be marked, and access to documents is logged.",
    )
    selfcopy = RadioField(
        "What should your own copy hold?",
        choices=_choices(SELFCOPY),
        default="full",
        validators=_REQUIRED,
        render_kw=_CHOICE,
        description="Your twelve words open this copy. Anyone else who has them can open it too. "
        "Only the dates are kept for 26 weeks, and as long again each time you write.",
    )


class ReturnForm(Form):
    """What the return page lets a reporter choose; drawn only for its labels."""

    may = SelectField("What may the reviewers do?", choices=_choices(MAY), render_kw=_CHOICE)
    about = SelectField(choices=_choices(ABOUT))
    stage = SelectField(choices=_choices(STAGE))
    danger = SelectField(choices=_choices(DANGER))
    basis = SelectField(choices=_choices(BASIS))
    known = SelectField(choices=_choices(KNOWN))
    sure = BooleanField("Yes, withdraw my report", render_kw=_CHOICE)
