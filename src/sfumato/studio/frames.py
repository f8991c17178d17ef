"""The studio's wire format: arrays with what they mean, one frame after another over one answer.

    "SFM1" | u32le header length | u32le body length | header (UTF-8 JSON, padded with spaces) | body

The header is an object with a `type`; its `arrays` list name, dtype, shape, and offset and length in the body. Header
and arrays begin at multiples of 8 bytes, so that a reader may lay typed arrays over the bytes it received. A stream
begins with a `hello`, ends with a `done` or an `error`, and a reader passes over types and arrays it does not know.
"""

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sfumato.errors import ShapeError

MEDIA_TYPE = "application/vnd.sfumato.frames"
MAGIC = b"SFM1"
PREFIX = struct.Struct("<4sII")
DTYPES = {
    "f16": "<f2", "f32": "<f4", "f64": "<f8", "u8": "|u1", "u16": "<u2", "u32": "<u4", "i32": "<i4",
}  # fmt: skip
"""Names on the wire and numpy's own; always little-endian."""

NAMES = {np.dtype(code): name for name, code in DTYPES.items()}
LIMIT = 1 << 28
"""The longest header or body in bytes that is read: 256 MiB."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One message: its header and its arrays by name."""

    header: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def type(self) -> str:
        """What kind of message it is."""
        return str(self.header.get("type", ""))


def encode(kind: str, entries: Mapping[str, Any] | None = None, /, **arrays: np.ndarray) -> bytes:
    """One frame's bytes. Numbers in `entries` travel as JSON, in float64.

    Raises:
        ShapeError: an array of a dtype that the wire does not know.
    """
    listed, body, offset = [], [], 0
    for name, values in arrays.items():
        dtype = NAMES.get(values.dtype.newbyteorder("<"))
        if dtype is None:
            raise ShapeError(f"array {name!r} is {values.dtype}; a frame carries {', '.join(DTYPES)}: cast it first")
        data = np.ascontiguousarray(values, DTYPES[dtype]).tobytes()
        listed.append({"name": name, "dtype": dtype, "shape": list(values.shape), "off": offset, "len": len(data)})
        body.append(data + b"\0" * (-len(data) % 8))
        offset += len(body[-1])
    header = json.dumps({"type": kind, **(entries or {}), "arrays": listed}, allow_nan=False).encode()
    header += b" " * (-(PREFIX.size + len(header)) % 8)
    return b"".join([PREFIX.pack(MAGIC, len(header), offset), header, *body])


def decode(data: bytes) -> Iterator[Frame]:
    """The frames of a whole answer.

    Raises:
        ShapeError: bytes that are no frames, or end in the middle of one.
    """
    at = 0
    while at < len(data):
        magic, head, body = PREFIX.unpack_from(data, at) if len(data) - at >= PREFIX.size else (b"", 0, 0)
        start = at + PREFIX.size + head
        if magic != MAGIC or max(head, body) > LIMIT or start + body > len(data):
            raise ShapeError(f"byte {at} begins no whole frame; expected {MAGIC!r}, two lengths, header and body")
        header = json.loads(data[at + PREFIX.size : start])
        yield Frame(header, {entry["name"]: _array(data, start, entry) for entry in header["arrays"]})
        at = start + body


def _array(data: bytes, start: int, entry: Mapping[str, Any]) -> np.ndarray:
    dtype = np.dtype(DTYPES[entry["dtype"]])
    flat = np.frombuffer(data, dtype, count=entry["len"] // dtype.itemsize, offset=start + entry["off"])
    return flat.reshape(entry["shape"])
