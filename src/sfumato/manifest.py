"""sfumato.json: what a model folder says of itself, read strictly.

The manifest names parts from closed tables and files by their sha256; an entry that this version does not know is
refused and named, never skipped.
"""

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sfumato.choices import as_tuples, plain, refuse_unknown
from sfumato.errors import CheckpointError
from sfumato.recipe import canonical

FORMAT = 1
"""The version of the folder's format that this code writes; it reads no newer one."""

NAME = "sfumato.json"
LIMIT = 1 << 20
PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class File:
    """One file of a model: in the folder under `path`, or shared among models under its hash."""

    path: str
    sha256: str
    bytes: int

    def __post_init__(self) -> None:
        """Refuse a path that is more than a plain name, and what is no hash or length."""
        if not isinstance(self.path, str) or not PLAIN_NAME.fullmatch(self.path):
            raise CheckpointError(
                f"{NAME}: file name {self.path!r}; expected a plain name of letters, digits, '.', '_' and '-'"
            )
        if not isinstance(self.sha256, str) or not DIGEST.fullmatch(self.sha256):
            raise CheckpointError(f"{NAME}: sha256 of {self.path} is {self.sha256!r}; expected 64 hexadecimal digits")
        if not isinstance(self.bytes, int) or isinstance(self.bytes, bool) or self.bytes < 0:
            raise CheckpointError(f"{NAME}: length of {self.path} is {self.bytes!r}; expected a number of bytes")


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A model as data: its parts as {"kind": name, option: value}, its files, what it draws and what it says of itself.

    `files` maps a role (denoiser, autoencoder, conditioner, tokenizer) to its file. `sizes` are the (width, height)
    that it draws. `defaults` are a recipe's entries where the user says nothing. `card` says data, licences, recipe,
    steps, time, machine, numbers.
    """

    name: str
    denoiser: Mapping[str, Any]
    autoencoder: Mapping[str, Any]
    conditioner: Mapping[str, Any]
    parameterisation: Mapping[str, Any]
    schedule: Mapping[str, Any]
    clock: Mapping[str, Any]
    sizes: tuple[tuple[int, int], ...]
    defaults: Mapping[str, Any]
    card: Mapping[str, Any]
    files: Mapping[str, File] = field(default_factory=dict)
    kind: str = "text-to-image"
    format: int = FORMAT

    def __post_init__(self) -> None:
        """Refuse entries of the wrong shape."""
        if not isinstance(self.name, str) or not PLAIN_NAME.fullmatch(self.name):
            raise CheckpointError(f"{NAME}: name is {self.name!r}; expected letters, digits, '.', '_' and '-'")
        if self.kind != "text-to-image":
            raise CheckpointError(f"{NAME}: kind is {self.kind!r}; this Sfumato knows 'text-to-image'")
        tables = ("denoiser", "autoencoder", "conditioner", "parameterisation", "schedule", "clock", "defaults", "card")
        for entry in (*tables, "files"):
            if not isinstance(getattr(self, entry), Mapping):
                raise CheckpointError(f"{NAME}: {entry} is {getattr(self, entry)!r}; expected a table")
        sizes = plain(self.sizes)
        if not isinstance(sizes, list) or not sizes or not all(map(_is_size, sizes)):
            raise CheckpointError(f"{NAME}: sizes is {self.sizes!r}; expected a list of [width, height]")
        object.__setattr__(self, "sizes", tuple((w, h) for w, h in sizes))

    @property
    def model_hash(self) -> str:
        """sha256 of all that pixels depend on: the parts and the hashes of their files, not card or defaults."""
        parts = {
            n: plain(getattr(self, n))
            for n in ("format", "kind", "denoiser", "autoencoder", "conditioner", "parameterisation")
        }
        parts |= {"schedule": plain(self.schedule), "clock": plain(self.clock)}
        parts["files"] = {role: file.sha256 for role, file in self.files.items()}
        return hashlib.sha256(canonical(parts).encode()).hexdigest()

    def to_json(self) -> str:
        """The manifest as it stands in the folder: indented, for people."""
        entries = {f.name: plain(getattr(self, f.name)) for f in dataclasses.fields(self) if f.name != "files"}
        entries["files"] = {role: dataclasses.asdict(file) for role, file in sorted(self.files.items())}
        return json.dumps(entries, indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, data: bytes) -> "Manifest":
        """Read strictly. Raises CheckpointError: a newer format, an unknown or missing entry, or no JSON."""
        try:
            entries = json.loads(data.decode("utf-8"))
        except (ValueError, RecursionError) as problem:
            raise CheckpointError(f"{NAME} is damaged: it is not valid JSON; get the model again") from problem
        if not isinstance(entries, dict):
            raise CheckpointError(f"{NAME} is damaged: expected a table; get the model again")
        found = entries.get("format")
        if not isinstance(found, int) or isinstance(found, bool) or found < 1:
            raise CheckpointError(f"{NAME} says no format version; it is not a Sfumato model, or it is damaged")
        if found > FORMAT:
            raise CheckpointError(f"the model has format {found}, this Sfumato reads up to {FORMAT}; upgrade Sfumato")
        fields = dataclasses.fields(cls)
        refuse_unknown(entries, [f.name for f in fields], NAME, CheckpointError)
        missing = [
            f.name for f in fields if f.default is f.default_factory is dataclasses.MISSING and f.name not in entries
        ]
        if missing:
            raise CheckpointError(f"{NAME} is damaged: it lacks {', '.join(missing)}; get the model again")
        files = entries.pop("files", {})
        if not isinstance(files, dict):
            raise CheckpointError(f"{NAME}: files is {files!r}; expected a table")
        entries["sizes"] = as_tuples(entries["sizes"])
        return cls(**entries, files={role: _file(role, entry) for role, entry in files.items()})


def _is_size(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(type(n) is int and n > 0 for n in value)


def _file(role: str, entry: Any) -> File:
    names = [f.name for f in dataclasses.fields(File)]
    if not isinstance(entry, dict) or set(entry) != set(names):
        raise CheckpointError(f"{NAME}: file {role!r} is {entry!r}; expected exactly {', '.join(names)}")
    return File(**entry)


def trained_on(card: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The corpora that a card says a model was trained on, each with its name; none where it says so in words."""
    data = card.get("data")
    return [one for one in data if isinstance(one, Mapping) and "name" in one] if isinstance(data, list | tuple) else []
