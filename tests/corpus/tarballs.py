"""tests/data/artwork.json.xz as the tarballs that upstream packages are: with hashes of their own."""

import base64
import hashlib
import io
import json
import lzma
import tarfile
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq

from sfumato.corpus.upstream import PACKAGES

DATA = Path(__file__).parents[1] / "data"
GLYPHS = DATA / "glyphs.parquet"


def members(part):
    """The files in one package's tarball."""
    if "pictures" in part:
        return {f"package/assets/{name}": base64.b64decode(data) for name, data in part["pictures"].items()}
    return {"package/icons.json": json.dumps(part).encode(), "package/README.md": b"about"}


def tarball(files):
    """Bytes of a .tgz that holds files by name."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return sink.getvalue()


def sha512(data):
    """As packages state it."""
    return base64.b64encode(hashlib.sha512(data).digest()).decode()


def write_tarballs(folder):
    """Write every package's tarball; answer the packages with the hashes that these have."""
    folder.mkdir()
    found = json.loads(lzma.decompress((DATA / "artwork.json.xz").read_bytes()))
    packages = []
    for package in PACKAGES:
        data = tarball(members(found[package.source]))
        (folder / package.file).write_bytes(data)
        packages.append(replace(package, sha512=sha512(data)))
    return tuple(packages)


def drawable():
    """The rows of tests/data/glyphs.parquet whose drawings are there."""
    found = json.loads(lzma.decompress((DATA / "artwork.json.xz").read_bytes()))
    inside = {source: {**part.get("icons", {}), **part.get("pictures", {})} for source, part in found.items()}
    return [row for row in pq.read_table(GLYPHS).to_pylist() if row["source_name"] in inside[row["source"]]]
