"""Text from elsewhere made safe for a terminal's line."""


def printable(text: str) -> str:
    r"""The text with what cannot be printed in one line written out: a newline as \n, half a character as \udc80."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
