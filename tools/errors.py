"""What a command says when it cannot do what was asked."""


class Unfit(ValueError):
    """One sentence, or a few, for the person at the keyboard: nothing was sent, and what could be changed."""
