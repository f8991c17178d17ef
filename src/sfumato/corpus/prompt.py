"""What a training picture is called this time: a pure function of the row and two uniform numbers."""

from dataclasses import dataclass

from sfumato.corpus.rows import Row


@dataclass(frozen=True, kw_only=True)
class Prompting:
    """How prompts vary.

    drop: probability of the empty prompt (Ho and Salimans 2022). keyword: of a keyword in the caption's place.
    """

    drop: float = 0.1
    keyword: float = 0.3


def plain_prompt(row: Row) -> str:
    """What a picture is called when nothing is drawn by chance: "{caption}, {style_phrase}"."""
    return f"{row.caption}, {row.style_phrase}" if row.style_phrase else row.caption


def training_prompt(row: Row, prompting: Prompting, u_drop: float, u_keyword: float) -> str:
    """The prompt of one showing, from two uniform numbers in [0, 1).

    u_drop < drop gives the empty prompt. u_keyword < keyword puts a keyword in the caption's place, and its position
    inside that interval picks which one, so that one number decides both.
    """
    if u_drop < prompting.drop:
        return ""
    if row.keywords and u_keyword < prompting.keyword:
        word = row.keywords[int(u_keyword / prompting.keyword * len(row.keywords))]
        return f"{word}, {row.style_phrase}" if row.style_phrase else word
    return plain_prompt(row)
