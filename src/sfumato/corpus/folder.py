"""A plain folder as a corpus: a.png with its caption in a.txt."""

from pathlib import Path

from sfumato.corpus.rows import Row, Skipped, Table
from sfumato.errors import CorpusError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


def folder_table(folder: Path) -> Table:
    """The pictures of a folder and its sub-folders in name order, captioned by the text files of the same names.

    A second line of that file, where there is one, gives keywords, separated by commas. Pictures without a caption are
    left out and listed. Every picture belongs to the split "train", except those below a sub-folder called "val".
    """
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    if not files:
        raise CorpusError(f"{folder} holds no picture ({', '.join(SUFFIXES)})")
    rows: list[Row] = []
    skipped: list[Skipped] = []
    for position, file in enumerate(files):
        name = file.relative_to(folder).as_posix()
        lines = caption_lines(file.with_suffix(".txt"))
        if not lines:
            skipped.append(Skipped(position, name, f"it has no caption: write one to {Path(name).with_suffix('.txt')}"))
            continue
        words = tuple(w.strip() for w in lines[1].split(",") if w.strip()) if len(lines) > 1 else ()
        split = "val" if name.startswith("val/") else "train"
        rows.append(Row(position=position, id=name, caption=lines[0], keywords=words, split=split))
    return Table(folder, tuple(rows), tuple(skipped))


def caption_lines(file: Path) -> list[str]:
    """The lines of a caption file that hold text; none where it is missing or not UTF-8."""
    try:
        text = file.read_text("utf-8")[:10_000]
    except (OSError, UnicodeDecodeError):
        return []
    return [line.strip() for line in text.replace("\x00", "").splitlines() if line.strip()]


def picture_bytes(folder: Path, row: Row) -> bytes:
    """The bytes of a row's file; empty where it cannot be read any more."""
    try:
        return (folder / row.id).read_bytes()
    except OSError:
        return b""
