"""Glyphs v1 without its pixels: which drawing of which package is which row, and what that row says.

glyphs.json.xz and glyphs-tones.json.xz beside this file hold it, made by scripts/make_glyphs_list.py. Names, keywords
and groups in them are those of emojibase-data 17.0.0 and emojilib 4.0.3 (both MIT; see ATTRIBUTION).
"""

import json
import lzma
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sfumato.choices import near
from sfumato.corpus.rows import read_columns
from sfumato.errors import CorpusError

NAMES = ("glyphs", "glyphs-tones")
TEXTS = (
    "id", "caption", "label", "style", "style_phrase", "split", "codepoints", "concept", "family", "variant", "group",
    "subgroup", "keywords", "tone", "gender", "order", "license", "source", "source_name", "author",
)  # fmt: skip
"""The columns of a row that are known before it is drawn; `coverage` and `image` are what drawing adds."""

FORMAT = ("sfumato-glyphs-list", 1)


def listed(name: str) -> list[dict[str, Any]]:
    """The rows of a list that ships. Raises CorpusError for another name."""
    if name not in NAMES:
        raise CorpusError(f"no corpus {name!r} can be built; {near(name, NAMES)}")
    return read_list((Path(__file__).parent / f"{name}.json.xz").read_bytes())


def rows_like(path: Path) -> list[dict[str, Any]]:
    """The rows of an existing corpus file, without their pictures. Raises CorpusError where a column is missing."""
    columns = read_columns(path, TEXTS)
    for name in TEXTS:
        if name not in columns:
            raise CorpusError(f"{path} lacks the column {name!r}; a list of drawings needs {', '.join(TEXTS)}")
    return [dict(zip(TEXTS, values, strict=True)) for values in zip(*(columns[n] for n in TEXTS), strict=True)]


def write_list(rows: Sequence[dict[str, Any]]) -> bytes:
    """Rows as a small file: columns one after the other, as JSON, compressed."""
    kind, version = FORMAT
    columns = {name: [row[name] for row in rows] for name in TEXTS}
    text = json.dumps({"format": kind, "version": version, "columns": columns}, ensure_ascii=False)
    return lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME)


def read_list(data: bytes) -> list[dict[str, Any]]:
    """Undo write_list. Raises CorpusError where the data are no such list."""
    try:
        found = json.loads(lzma.decompress(data))
        if (found["format"], found["version"]) != FORMAT:
            raise CorpusError(f"the list is {found['format']} {found['version']}; this Sfumato reads {FORMAT}")
        columns = [found["columns"][name] for name in TEXTS]
        return [dict(zip(TEXTS, values, strict=True)) for values in zip(*columns, strict=True)]
    except CorpusError:
        raise
    except (lzma.LZMAError, ValueError, KeyError, TypeError) as error:
        raise CorpusError("the list of drawings is damaged; install Sfumato again") from error
