"""Large files in pieces, for a way that carries only small ones; whoever reads the whole checks it."""

import re
from pathlib import Path

from sfumato.atomic import new_folder, write_durably
from sfumato.errors import CheckpointError

PIECE = 15 << 20
"""The size of a piece in bytes: below 16 MiB."""

NAME = re.compile(r"(?P<file>.+)\.(?P<k>\d+)of(?P<n>\d+)")


def split_folder(source: Path, target: Path) -> list[str]:
    """Copy a folder's files into `target`, those above PIECE in pieces FILE.1of3, FILE.2of3, ...; answer the names."""
    names = []
    with new_folder(target, replace=True) as part:
        for file in sorted(p for p in source.iterdir() if p.is_file()):
            data = file.read_bytes()
            count = max(1, -(-len(data) // PIECE))
            for k in range(count):
                name = file.name if count == 1 else f"{file.name}.{k + 1}of{count}"
                write_durably(part / name, data[k * PIECE : (k + 1) * PIECE])
                names.append(name)
    return names


def join_folder(source: Path, target: Path) -> None:
    """Undo split_folder. Raises CheckpointError where a piece is missing."""
    pieces: dict[str, dict[int, Path]] = {}
    counts: dict[str, int] = {}
    for path in source.iterdir():
        match = NAME.fullmatch(path.name)
        name, k, n = (match["file"], int(match["k"]), int(match["n"])) if match else (path.name, 1, 1)
        pieces.setdefault(name, {})[k] = path
        counts[name] = n
    with new_folder(target, replace=True) as part:
        for name, found in pieces.items():
            missing = sorted(set(range(1, counts[name] + 1)) - set(found))
            if missing:
                raise CheckpointError(f"{source} lacks {name}.{missing[0]}of{counts[name]}; bring it again")
            write_durably(part / name, b"".join(found[k].read_bytes() for k in sorted(found)))
