"""A corpus looked through picture by picture: what is there, what is wrong, what training would use."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sfumato.corpus.attempts import Progress, attempts
from sfumato.corpus.content import settled
from sfumato.corpus.decode import over_white_picture
from sfumato.corpus.detect import detect
from sfumato.corpus.opening import opening
from sfumato.corpus.rows import Row, Skipped, Table

ASPECT = 2.0
"""Long side over short side, above which a picture is mostly the white bars it is centred on."""


@dataclass(frozen=True)
class Look:
    """What one sound picture is. same: a hash of its pixels at the training size, over white."""

    width: int
    height: int
    clear: bool
    animated: bool
    blank: bool
    same: str


@dataclass(frozen=True)
class Remark:
    """Something about a picture that is used all the same."""

    id: str
    what: str
    reason: str


@dataclass
class Report:
    """What was found. used and looks go together; left_out and remarks are in the corpus' order."""

    table: Table
    why: str
    size: int
    used: list[Row] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    left_out: list[Skipped] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)


def check(path: Path, size: int, progress: Progress | None = None) -> Report:
    """Decode every picture of a corpus once, as training at `size` pixels would. Raises CorpusError as detect does."""
    found = detect(path)
    table, _ = settled(found.read(path))
    report = Report(table, found.why, size, left_out=list(table.skipped))
    for row, look in attempts(table.rows, table.pictures(table.rows), lambda data: look_at(data, size), progress):
        if isinstance(look, str):
            report.left_out.append(Skipped(row.position, row.id, look))
        else:
            report.used.append(row)
            report.looks.append(look)
    report.remarks = remarks(report.used, report.looks, size, table.kind)
    return report


def look_at(data: bytes, size: int) -> Look:
    """Decode one picture. Raises CorpusError with the reason why it cannot be used."""
    with opening(data) as file:
        picture = file.picture
        clear = picture.mode == "RGBA" and picture.getextrema()[3][0] < 255  # type: ignore[index]
        pixels = over_white_picture(picture, size)
    same = hashlib.blake2b(pixels.tobytes(), digest_size=16).hexdigest()
    blank = bool((pixels == pixels[0, 0]).all())
    return Look(picture.width, picture.height, clear, file.animated, blank, same)


def remarks(rows: Sequence[Row], looks: Sequence[Look], size: int, kind: str) -> list[Remark]:
    """What a user may want to mend in pictures that can be used; captions that are names of classes may be shared."""
    out: list[Remark] = []
    pictures: dict[str, Row] = {}
    captions: dict[tuple[str, str], Row] = {}
    classes = kind == "class folders" or 2 * len({row.caption for row in rows}) < len(rows)
    for row, look in zip(rows, looks, strict=True):
        out += [Remark(row.id, what, reason) for what, reason in of_picture(look, size)]
        first = pictures.setdefault(look.same, row)
        if first is not row:
            leak = first.split != row.split
            also = ", one of them held out and the other trained on: take one away" if leak else ""
            out.append(Remark(row.id, "duplicate picture", f"at {size} px it is the same as {first.id}{also}"))
        first = captions.setdefault((row.caption, row.style_phrase), row)
        if first is not row and not classes:
            out.append(Remark(row.id, "duplicate caption", f"{first.id} has the same caption"))
        if row.split not in ("train", "val"):
            out.append(Remark(row.id, "unknown split", f"its split is {row.split!r}; only train and val are used"))
    return out


def of_picture(look: Look, size: int) -> Iterator[tuple[str, str]]:
    """What is odd about one picture, and what becomes of it."""
    words = f"{look.width}x{look.height}"
    if max(look.width, look.height) < size:
        yield "too small", f"{words}, enlarged to {size} px: it will be blurred"
    if max(look.width, look.height) > ASPECT * min(look.width, look.height):
        yield "odd aspect", f"{words}, centred on a white square: crop it to show more of it"
    if look.animated:
        yield "animated", "only its first frame is used"
    if look.blank:
        yield "blank", "it is of one colour everywhere"
