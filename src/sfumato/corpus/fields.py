"""What other people call a caption, a keyword or a split, and a row made from such fields or refused with a reason."""

from collections.abc import Mapping
from typing import Any

from sfumato.corpus.rows import Row, Skipped

CAPTIONS = ("caption", "text", "prompt", "description", "title", "label", "captions", "texts")
"""Names of the field that says what a picture shows; the first that holds text is taken, and of a list its first."""
KEYWORDS = ("keywords", "tags")
TEXT = ("style", "style_phrase", "concept", "family", "license", "source", "author")
SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "eval", "test", "testing", "heldout", "held-out"), "val"),
}
"""A split by the names that people give it; whatever is not for training is held out."""
LIMIT = 10_000
ANY_LENGTH = ("its license", "its source", "its author")
"""Characters that each text may have, but for those which no prompt, name or choice is made of."""


def row_of(position: int, name: str, values: Mapping[str, Any], split: str = "") -> Row | Skipped:
    """A row from fields by name, or the reason why there is none. `split` is the place's, if the fields name none."""
    caption = caption_of(values)
    reason = fault("its caption", caption) if caption else "it has no caption"
    if reason:
        return Skipped(position, name, reason, "no caption")
    texts = {key: values[key] for key in TEXT if isinstance(values.get(key), str)}
    keywords = keywords_of(values)
    named = values.get("split")
    split = (SPLITS.get(named.lower(), named) if isinstance(named, str) else "") or split or "train"
    said = [("one of its keywords", word) for word in keywords]
    said += [(f"its {key}", text) for key, text in (*texts.items(), ("split", split))]
    reason = next(filter(None, (fault(whose, text) for whose, text in said)), "")
    if reason:
        return Skipped(position, name, reason)
    return Row(position=position, id=name, caption=caption, keywords=keywords, split=split, **texts)


def caption_of(values: Mapping[str, Any]) -> str:
    """The caption among the fields; empty where there is none."""
    for key in CAPTIONS:
        value = values.get(key)
        if isinstance(value, list | tuple) and value:
            value = value[0]
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def keywords_of(values: Mapping[str, Any]) -> tuple[str, ...]:
    """The keywords: a list of texts, or one text with commas."""
    for key in KEYWORDS:
        value = values.get(key)
        words = value.split(",") if isinstance(value, str) else value if isinstance(value, list | tuple) else ()
        found = tuple(word.strip() for word in words if isinstance(word, str) and word.strip())
        if found:
            return found
    return ()


def fault(whose: str, text: str) -> str:
    """Why a text cannot be used; empty where it can. whose: such as "its caption"."""
    if "\x00" in text or (len(text) > LIMIT and whose not in ANY_LENGTH):
        return f"{whose} holds a NUL or is longer than {LIMIT:,} characters"
    try:
        text.encode()
    except UnicodeEncodeError as error:
        if "\udc80" <= text[error.start] <= "\udcff":  # how a byte that is no UTF-8 was read
            return f"{whose} is not UTF-8: save it as UTF-8"
        return f"{whose} holds half of a character (a lone surrogate)"
    return ""
