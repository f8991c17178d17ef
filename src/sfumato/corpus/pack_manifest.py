"""manifest.json of a corpus pack: every picture by its hashes, words, licence and author, under one Merkle root.

The text is canonical: ASCII, keys sorted, no spaces, one top-level key a line and one picture a line, so that the same
pack has the same bytes and a damaged line can be named. A picture's line is the record of its Merkle leaf.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from sfumato.choices import refuse_unknown
from sfumato.corpus.merkle import leaf, root
from sfumato.corpus.rows import Row
from sfumato.errors import CorpusError

NAME = "manifest.json"
FORMAT = ("sfumato-corpus-pack", 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One picture: what its row says, its size in bytes, its width and height in pixels, and two hashes.

    sha256: of the bytes. pixels_sha256: of the decoded picture, see pack_picture.
    """

    id: str
    caption: str
    keywords: tuple[str, ...]
    style: str
    style_phrase: str
    split: str
    concept: str
    family: str
    license: str
    source: str
    author: str
    size: int
    width: int
    height: int
    sha256: str
    pixels_sha256: str

    def row(self, position: int) -> Row:
        """The row that training sees."""
        known = {f.name for f in fields(Row)} - {"position"}
        return Row(position=position, **{name: getattr(self, name) for name in known})

    def line(self) -> str:
        """The picture's line in the manifest."""
        return canonical(asdict(self))

    @property
    def leaf(self) -> bytes:
        """The hash of that line."""
        return leaf(self.line().encode())


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """All that a pack says of itself.

    encoding: "as given" or "lossless WebP". split: how it was made. repeats: duplicates dropped, as {id, same_as,
    license, source, author}. left_out: as {id, reason}. shards: as {name, bytes, sha256}. index_sha256: of index.bin.
    """

    name: str
    encoding: str
    pictures: tuple[Entry, ...]
    split: Mapping[str, Any]
    repeats: Sequence[Mapping[str, str]]
    left_out: Sequence[Mapping[str, str]]
    shards: Sequence[Mapping[str, Any]]
    index_sha256: str

    @property
    def merkle_root(self) -> str:
        """The one hash that stands for every picture with its words, licence and split, in their order."""
        return root([entry.leaf for entry in self.pictures]).hex()

    def to_bytes(self) -> bytes:
        """The file's bytes."""
        kind, version = FORMAT
        values = {f.name: canonical(getattr(self, f.name)) for f in fields(self) if f.name != "pictures"}
        values |= {"format": canonical(kind), "version": canonical(version)}
        values["merkle_root"] = canonical(self.merkle_root)
        values["pictures"] = "[\n" + ",\n".join(entry.line() for entry in self.pictures) + "\n]"
        whole = "\n".join(f'"{key}":{value}' for key, value in sorted(values.items()))
        values["sha256"] = canonical(hashlib.sha256(whole.encode()).hexdigest())
        return ("{\n" + ",\n".join(f'"{key}":{value}' for key, value in sorted(values.items())) + "\n}\n").encode()


def from_bytes(data: bytes) -> Manifest:
    """Read strictly. Raises CorpusError: another format, an unknown or missing entry, or bytes that are not canonical.

    Canonical bytes are those that writing the result gives again, hashes included: so any flipped bit is an error here.
    """
    try:
        found = json.loads(data.decode("utf-8"))
        stated = (found.pop("format"), found.pop("version"))
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise CorpusError(
            f"{NAME} is damaged: it is not the JSON that a corpus pack has; get the pack again"
        ) from error
    if stated != FORMAT:
        raise CorpusError(f"{NAME} is of the format {stated}; this Sfumato reads {FORMAT}")
    refuse_unknown(found, [*(f.name for f in fields(Manifest)), "merkle_root", "sha256"], NAME, CorpusError)
    try:
        del found["merkle_root"], found["sha256"]
        found["pictures"] = tuple(_entry(values) for values in found["pictures"])
        manifest = Manifest(**found)
        same = manifest.to_bytes() == data
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CorpusError(f"{NAME} is damaged: it lacks what a corpus pack has; get the pack again") from error
    if not same:
        raise CorpusError(f"{NAME} is damaged: its hashes are not those of its lines; get the pack again")
    return manifest


def _entry(values: Mapping[str, Any]) -> Entry:
    """One picture's line. Raises TypeError or ValueError where a value is of another type than it must be."""
    entry = Entry(**{**values, "keywords": tuple(values["keywords"])})
    for f in fields(Entry):
        value = getattr(entry, f.name)
        if f.name == "keywords":
            sound = all(isinstance(word, str) for word in value)
        else:
            sound = type(value) is f.type and (f.type is not int or value >= 0)
        if not sound:
            raise TypeError(f"{f.name} is {value!r}")
        if f.type is not int and f.name != "id":  # an id may be a file's name, which may be any bytes
            "".join(value).encode()
    return entry


def canonical(value: Any) -> str:
    """JSON with sorted keys and without spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
