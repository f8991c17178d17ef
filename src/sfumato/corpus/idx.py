"""IDX files as a corpus: the arrays of MNIST and its kin, train-images-idx3-ubyte.gz with its labels beside it.

The format (LeCun, Cortes and Burges 1998, at the end of MNIST's page): two zero bytes, 8 for unsigned bytes, the number
of axes, each axis as a big-endian 32-bit number, then the bytes in C order. Pictures have three axes, labels one.
"""

import gzip
import math
import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from sfumato.corpus.fields import SPLITS, row_of
from sfumato.corpus.files import text_of
from sfumato.corpus.rows import Gathered, Pictures, Row, Table
from sfumato.errors import CorpusError

NAME = re.compile(r"(?P<set>.*?)-?images?[-.]idx3-ubyte(\.gz)?", re.IGNORECASE)
"""train-images-idx3-ubyte.gz, t10k-images.idx3-ubyte: the part before "images" names the set."""
CLASSES = "classes.txt"
"""Beside the files: what label 0, 1, ... is called, one a line."""
LIMIT = 1 << 30
"""Bytes of pictures or labels that are unpacked of one file."""


def idx_files(folder: Path) -> list[Path]:
    """The files of pictures in a folder, in name order."""
    return sorted(path for path in folder.glob("*images*") if NAME.fullmatch(path.name) and path.is_file())


def idx_table(path: Path) -> Table:
    """The pictures of one IDX file, or of all those in a folder; their bytes are those of a grey BMP picture.

    The caption is the label, or its line of classes.txt where there is one; the keyword is the label. A set called
    t10k, test or the like is held out. Raises CorpusError where a file is damaged, or pictures have no labels.
    """
    files = [path] if path.is_file() else idx_files(path)
    names = classes_in(files[0].parent / CLASSES)
    gathered, starts = Gathered(), [0]
    for file in files:
        labels = labels_of(file)
        for k, label in enumerate(labels.tolist()):
            named = names[label].strip() if label < len(names) else ""
            values = {"caption": named or str(label), "keywords": [str(label)]}
            gathered.add(row_of(starts[-1] + k, f"{set_of(file)}/{k:05d}", values, split_of_set(set_of(file))))
        starts.append(starts[-1] + len(labels))
    kind = f"IDX files ({len(files)})" if path.is_dir() else "an IDX file"
    return gathered.table(path, kind, reader(files, starts))


def classes_in(path: Path) -> list[str]:
    """What the labels are called, a line each; none where the file is missing. Raises CorpusError as text_of does."""
    try:
        return text_of(path, 64 << 10).split("\n")
    except CorpusError as error:
        raise CorpusError(f"{path} {error}") from error


def set_of(file: Path) -> str:
    """What the set is called: train, t10k."""
    found = NAME.fullmatch(file.name)
    return (found and found["set"].strip("-._")) or file.name.split(".")[0]


def split_of_set(name: str) -> str:
    """The split by the set's name; empty where it says none."""
    return "val" if name.lower() == "t10k" else SPLITS.get(name.lower(), "")


def labels_of(file: Path) -> UInt8[np.ndarray, " n"]:
    """The labels of a file of pictures. Raises CorpusError where they are missing or too few or too many."""
    name = file.name.replace("images", "labels").replace("image", "label").replace("idx3", "idx1")
    bare = name.removesuffix(".gz")
    beside = next((file.with_name(n) for n in (name, bare, bare + ".gz") if file.with_name(n).is_file()), None)
    if beside is None:
        raise CorpusError(f"{file} has no labels: there is no {name} beside it; put it there")
    labels, (count, *_) = read_idx(beside, 1), shape_of(file)
    if len(labels) != count:
        raise CorpusError(f"{beside} holds {len(labels)} labels for {count} pictures in {file.name}; get both anew")
    return labels


def reader(files: Sequence[Path], starts: Sequence[int]) -> Pictures:
    """The way to the pictures: each file is unpacked once on a way through the rows."""

    def pictures(rows: Sequence[Row]) -> Iterator[bytes]:
        current, array = -1, np.empty((0, 1, 1), np.uint8)
        for row in rows:
            where = int(np.searchsorted(starts, row.position, side="right")) - 1
            if where != current:
                current, array = where, read_idx(files[where], 3)
            yield bmp(array[row.position - starts[where]])

    return pictures


def shape_of(file: Path) -> tuple[int, ...]:
    """The axes that the file's head states. Raises CorpusError where it is no IDX file of bytes, or an outsized one."""
    try:
        with opened(file) as stream:
            head = stream.read(4)
            axes = head[3] if len(head) == 4 and head[:3] == b"\0\0\x08" else 0
            sides = stream.read(4 * axes)
    except (OSError, EOFError, zlib.error) as error:
        raise damaged(file) from error
    if axes not in (1, 3) or len(sides) != 4 * axes:
        raise damaged(file)
    shape = struct.unpack(f">{axes}I", sides)
    if not 0 < math.prod(shape) <= LIMIT:
        raise CorpusError(f"{file} states a shape of {shape}; at most {LIMIT} bytes are read: split it")
    return shape


def read_idx(file: Path, axes: int) -> UInt8[np.ndarray, "..."]:
    """The array of a file, with so many axes. Raises CorpusError as shape_of does, or where it is cut short."""
    shape = shape_of(file)
    try:
        with opened(file) as stream:
            stream.read(4 + 4 * len(shape))
            data = stream.read(math.prod(shape))
    except (OSError, EOFError, zlib.error) as error:
        raise damaged(file) from error
    if len(shape) != axes or len(data) != math.prod(shape):
        raise damaged(file)
    return np.frombuffer(data, np.uint8).reshape(shape)


def opened(file: Path) -> gzip.GzipFile:
    """The file's bytes, unpacked where they are packed."""
    with file.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    return gzip.open(file, "rb") if packed else file.open("rb")  # type: ignore[return-value]


def damaged(file: Path) -> CorpusError:
    """The error for a file that is none."""
    return CorpusError(f"{file} cannot be read as IDX: it is damaged, cut short, or another kind of file; get it anew")


def bmp(picture: UInt8[np.ndarray, "h w"]) -> bytes:
    """A grey picture as a BMP file of 256 levels, the quickest to write of the kinds that are read."""
    height, width = picture.shape
    rows = np.zeros((height, -(-width // 4) * 4), np.uint8)
    rows[:, :width] = picture[::-1]
    head = struct.pack("<2sIHHI", b"BM", 1078 + rows.size, 0, 0, 1078)
    about = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 0, rows.size, 2835, 2835, 256, 0)
    return head + about + GREYS + rows.tobytes()


GREYS = bytes(value for level in range(256) for value in (level, level, level, 0))
"""The palette: blue, green, red and a zero for each level."""
