"""What a training picture is called this time: a pure function of the row and two uniform numbers.

Captions of all lengths are mixed, so that a network learns from the long ones what is in a picture, and understands the
short ones that people write (Betker et al. 2023, "Improving image generation with better captions", section 3.2).
"""

from dataclasses import dataclass

from sfumato.corpus.rows import Row
from sfumato.errors import RecipeError


@dataclass(frozen=True, kw_only=True)
class Prompting:
    """How prompts vary.

    drop: probability of the empty prompt (Ho and Salimans 2022). Of the rest, keyword: the share of short prompts, with
    a keyword in the caption's place; long: the share of long ones, with keywords after the style. Plain prompts are
    what is left.

    Raises:
        RecipeError: more than all of them.
    """

    drop: float = 0.1
    keyword: float = 0.3
    long: float = 0.0

    def __post_init__(self) -> None:
        """Refuse shares of more than all."""
        if self.keyword + self.long > 1:
            raise RecipeError(
                f"data.keyword is {self.keyword} and data.long {self.long}: shares of all prompts must sum to at most 1"
            )


WORDS = 8
"""The most keywords in a long prompt: with a caption and a style they fit 32 tokens."""


def plain_prompt(row: Row) -> str:
    """What a picture is called when nothing is drawn by chance: "{caption}, {style_phrase}"."""
    return f"{row.caption}, {row.style_phrase}" if row.style_phrase else row.caption


def long_prompt(row: Row, u: float) -> str:
    """The plain prompt and some keywords after it: "pig, 3d render, farm, hog, pork".

    u in [0, 1) picks where in the row's circle of keywords they begin and how many follow, 1 to `WORDS`, every pair
    equally often. A row without keywords has its plain prompt.
    """
    n = len(row.keywords)
    if not n:
        return plain_prompt(row)
    start, more = divmod(int(u * n * min(n, WORDS)), min(n, WORDS))
    return ", ".join([plain_prompt(row), *(row.keywords[(start + k) % n] for k in range(more + 1))])


def training_prompt(row: Row, prompting: Prompting, u_drop: float, u_keyword: float) -> str:
    """The prompt of one showing, from two uniform numbers in [0, 1).

    u_drop < drop gives the empty prompt. u_keyword < keyword puts a keyword in the caption's place, u_keyword >= 1 -
    long puts keywords behind it, and its position inside that interval picks which, so that one number decides both.
    """
    if u_drop < prompting.drop:
        return ""
    if row.keywords and u_keyword < prompting.keyword:
        word = row.keywords[int(u_keyword / prompting.keyword * len(row.keywords))]
        return f"{word}, {row.style_phrase}" if row.style_phrase else word
    if u_keyword >= 1 - prompting.long:
        return long_prompt(row, (u_keyword - (1 - prompting.long)) / prompting.long)
    return plain_prompt(row)
