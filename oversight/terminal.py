"""What somebody else said, on a terminal."""


def plain(text: str) -> str:
    """One line: a text of a server's, a file's or a person's must neither move the cursor nor look like lines of ours."""
    return "".join(char if char.isprintable() else "?" for char in text)
