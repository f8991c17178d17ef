"""Where pictures go: a name that nothing else has, a file that is whole, a folder known to be writable."""

import re
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

from sfumato.atomic import cannot_write, write_file
from sfumato.choices import near
from sfumato.errors import OutputError
from sfumato.picture import Picture
from sfumato.provenance.files import FORMATS, SUFFIXES, format_of

NAMES = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}


class Output:
    """A folder to fill, or the one file that `--out` names when it ends like a picture.

    Raises:
        OutputError: an unknown format, or a folder that cannot be made or written.
    """

    def __init__(
        self, out: str = "pictures", *, kind: str | None = None, private: bool = False, pictures: int = 1
    ) -> None:
        path = Path(out)
        kind = "jpeg" if kind == "jpg" else kind
        if kind is not None and kind not in FORMATS:
            raise OutputError(f"unknown format {kind!r}; {near(kind, FORMATS)}")
        self.file = path if path.suffix.lower() in SUFFIXES else None
        self.folder = path.parent if self.file else path
        self.kind, self.private = kind or (format_of(self.file) if self.file else "png"), private
        if self.file and self.kind != format_of(self.file):
            raise OutputError(f"--out {out} and --format {kind} disagree; leave one of them out")
        if self.file and pictures > 1:
            raise OutputError(f"--out {out} is one file, but {pictures} pictures were asked for; give a folder")
        if self.file and self.file.exists():
            raise OutputError(f"{out} exists already and is not overwritten; choose another name or a folder")
        self._probe()

    def _probe(self) -> None:
        """Find out now, not after the work, whether the folder takes a file."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise OutputError(cannot_write(self.folder, problem)) from problem
        probe = self.folder / ".sfumato-probe"
        write_file(probe, b"sfumato")
        probe.unlink(missing_ok=True)

    def write(self, picture: Picture) -> Path:
        """Write one picture under a new name and answer where. Raises OutputError."""
        data, record = picture.encode(self.kind, private=self.private)
        if record.private:
            stem = f"private-{record.public['prompt_sha256'][:8]}"
        else:
            stem = f"{slug(picture.recipe.prompt)}-{picture.recipe.seed}{along(picture.recipe.between)}"
        for k in count(1):
            path = self.file or self.folder / f"{stem}{'' if k == 1 else f'-{k}'}{NAMES[self.kind]}"
            sidecar = path.with_name(path.name + ".json")
            if self.file and k > 1:
                raise OutputError(f"{path} exists already and is not overwritten; choose another name or a folder")
            if path.exists() or (self.private and sidecar.exists()):
                continue
            try:
                if self.private:
                    write_file(sidecar, record.sidecar, replace=False)
                write_file(path, data, replace=False)
                return path
            except FileExistsError:
                continue
            except OutputError:
                sidecar.unlink(missing_ok=True) if self.private else None
                raise
        raise OutputError(f"no name is free in {self.folder}")


def along(between: Mapping[str, Any]) -> str:
    """How far a picture is on its way to another prompt or seed, in thousandths, so that names are in order."""
    return f"-{round(1000 * between['share']):04d}" if between else ""


def slug(prompt: str) -> str:
    """The prompt as the beginning of a file name: letters and digits of any script, at most 40 of them."""
    words = re.sub(r"[\W_]+", "-", prompt.lower()).strip("-")
    while len(words[:40].encode("utf-8", "ignore")) > 120:
        words = words[:-1]
    return words[:40].strip("-") or "picture"
