"""The packages that Glyphs v1 was drawn from: pinned, hashed before they are opened, read from a folder of tarballs.

Nothing here opens the network: `npm pack NAME@VERSION` writes such a tarball, and the hash is the one that the registry
states for it (dist.integrity, SHA-512 in base 64).
"""

import base64
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sfumato.errors import CorpusError

ICONS = "package/icons.json"
LIMIT = 256 << 20
"""Bytes that one member of a tarball may unpack to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Package:
    """One upstream package: its name, version and the SHA-512 of its tarball in base 64.

    pictures: the folder in it that holds picture files; empty where it holds SVG bodies in icons.json.
    """

    name: str
    version: str
    sha512: str
    pictures: str = ""

    @property
    def source(self) -> str:
        """How a row's column `source` names it."""
        return f"npm:{self.name}@{self.version}"

    @property
    def file(self) -> str:
        """The tarball's name, as `npm pack` chooses it."""
        return f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}.tgz"


def _icons(name: str, version: str, sha512: str) -> Package:
    return Package(name=f"@iconify-json/{name}", version=version, sha512=sha512)


PACKAGES: tuple[Package, ...] = (
    _icons("noto", "1.2.9", "DQiuXENbun41ch+XPSV55H9FaWKpHTyz46YIKtSaKYD4fIDDzL1tR6H4np/T38jfrTAeI3rcKF0mqHYeZVAuaw=="),
    _icons(
        "noto-v1", "1.2.5", "/DsVMius69Q0fRS53z7QK1TROSuar606jiIx+laXtdsYGMXpf6LtHBx6CGfoo3UHHb/XpBsw+1L1x3eyPqMuVA=="
    ),
    _icons(
        "twemoji", "1.2.5", "uKpuIEV0v6K5BW3Mjdyl+XKFVAbbcPxAgifKvEMtZoUZB5+YiY5zaMm2uNNCxyXzAWU9yNLlj41WU6/mvgALsw=="
    ),
    _icons(
        "fluent-emoji",
        "1.2.7",
        "D8G6bKAyIsyxP1rzZtIWr/gg/fO4Rg1+DyCWlfqKK4h8W+4Em/Y0P6QYgJUQTlUcagzJvSyg+9OBv4hz4Hc/QA==",
    ),
    _icons(
        "fluent-emoji-flat",
        "1.2.6",
        "RY47RgPb47fYUiyrA64sIOL0+UU02s29sXpNBbIQRBUlPlfNFTKUmZDERGuxDs/7yNGWqQYvuaSYM1M4fRXlUw==",
    ),
    _icons(
        "fluent-emoji-high-contrast",
        "1.2.6",
        "esqhZPpkrF7sNX3NsLoh8KW64okEr/bzko7WNnFP+qTJGAqDPDYjp0925yxuivXy3HtVQB8xhIKu3+Nq1byX5w==",
    ),
    _icons(
        "fxemoji", "1.2.2", "UAasRaxzFUKfIGSmLwnoarsssA4LX0VLLuEmplIqM6ZNQqIQRtav8tZ4H1neTlBreXuMQyAifr5jP4kn78DpiQ=="
    ),
    _icons(
        "emojione", "1.2.3", "T9+T3HIbJNLKKsmxYKlaYhvnHYkz/HNYTV7SHCXVZPfeUi4FqskY70YeN8yYAZT8cCv7w5vJxS4Q1m8zb9CMMg=="
    ),
    _icons(
        "emojione-monotone",
        "1.2.1",
        "cZSNcPsuiAD6HCzCh/2dYKGh3pNI0jJlxBxQWfC33cQsPtqYZqulGBvlkThXYNvDl8VxgVHT9u+izyX/yeEIkA==",
    ),
    _icons(
        "streamline-emojis",
        "1.2.4",
        "iNr9T9XuZVTyQPJO8ZlLxBzPkpi7qMl+z1l0C31vpEMqhPMelth3n7CeWQYtixdetDPdI81yeG4ROqjWpYJE6A==",
    ),
    _icons(
        "circle-flags",
        "1.2.11",
        "vrx2btOkTQ4/P75ElEDnjXShmNTwInXuhhpIQQ6U6YUTdxfWyvm/4ijNG8FX8iWFr+sqqQRCvXpm2RfRtjVXfg==",
    ),
    _icons(
        "flag", "1.2.12", "B5zphOSTn54UX9v1sKsR1atuhyuXExiAkjuLQA8aeDcB68+P6oiStEDeEEVkbHgwvFvklPM2G7GhqFw6VMnXhw=="
    ),
    Package(
        name="@lobehub/fluent-emoji-3d",
        version="1.1.0",
        sha512="Wlq2lVStTnr8BDpIJ0pEnTKO4LuDxxqTEhTvRtD1DLRF0me7ogeRQjKoehDHXuVJ2Qaecgl5wRBv60lUAG3h7g==",
        pictures="package/assets/",
    ),
)
"""Every source of glyphs and glyphs-tones."""


@dataclass(frozen=True, eq=False)
class Artwork:
    """What one package holds of pictures: SVG bodies with their view boxes, or encoded pictures, by name."""

    package: Package
    icons: Mapping[str, Any]
    pictures: Mapping[str, bytes]


def missing(folder: Path, packages: Sequence[Package], sources: Iterable[str]) -> list[Package]:
    """The packages of these sources whose tarballs are not in the folder. Raises CorpusError for an unknown source."""
    known = {package.source: package for package in packages}
    wanted = sorted(set(sources))
    for source in wanted:
        if source not in known:
            raise CorpusError(f"the source {source!r} is no package that a rebuild knows: {', '.join(sorted(known))}")
    return [known[source] for source in wanted if not (folder / known[source].file).is_file()]


def how_to_get(packages: Sequence[Package]) -> str:
    """The command that fetches packages."""
    return "npm pack " + " ".join(f"{package.name}@{package.version}" for package in packages)


def read_artwork(folder: Path, package: Package) -> Artwork:
    """Hash a tarball, and only if it is the pinned one read it.

    Raises CorpusError where it cannot be read, where its hash is another, or where it lacks what it should hold.
    """
    path = folder / package.file
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{path} cannot be read; fetch it with: {how_to_get([package])}") from error
    found = base64.b64encode(hashlib.sha512(data).digest()).decode()
    if found != package.sha512:
        raise CorpusError(
            f"{path} is not {package.name} {package.version}: its SHA-512 is {found[:16]}..., "
            f"expected {package.sha512[:16]}...; remove it and fetch it again with: {how_to_get([package])}"
        )
    members = _members(path, data)
    if package.pictures:
        inside = {n.removeprefix(package.pictures): d for n, d in members.items() if n.startswith(package.pictures)}
        return Artwork(package, {}, inside)
    try:
        return Artwork(package, json.loads(members[ICONS]), {})
    except (KeyError, ValueError) as error:
        raise CorpusError(f"{path} holds no {ICONS} that can be read; fetch it again") from error


def _members(path: Path, data: bytes) -> dict[str, bytes]:
    """The files of a tarball's hashed bytes by name; nothing is written to the disk."""
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
            for member in archive:
                if not member.isfile() or not member.name.startswith("package/"):
                    continue
                if member.size > LIMIT:
                    raise CorpusError(f"{path}: {member.name} unpacks to {member.size} bytes, above {LIMIT}")
                file = archive.extractfile(member)
                if file is not None:
                    found[member.name] = file.read()
    except (OSError, tarfile.TarError, EOFError) as error:
        raise CorpusError(f"{path} cannot be unpacked; fetch it again") from error
    return found
