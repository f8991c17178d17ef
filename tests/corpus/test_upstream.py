"""Upstream packages: hashed before they are opened, and never taken for others."""

import base64

import pytest
from tests.corpus.tarballs import sha512, tarball, write_tarballs

from sfumato.corpus.upstream import PACKAGES, Package, how_to_get, missing, read_artwork
from sfumato.errors import CorpusError


@pytest.fixture
def one(tmp_path):
    """A package and its folder."""
    data = tarball({"package/icons.json": b'{"icons": {}}'})
    package = Package(name="@a/b", version="1.0", sha512=sha512(data))
    (tmp_path / package.file).write_bytes(data)
    return package, tmp_path


def test_the_pinned_packages_are_those_of_the_corpus():
    assert len({package.source for package in PACKAGES}) == 13
    assert all(len(base64.b64decode(package.sha512)) == 64 for package in PACKAGES)
    assert [p.file for p in PACKAGES if p.pictures] == ["lobehub-fluent-emoji-3d-1.1.0.tgz"]
    assert PACKAGES[0].source == "npm:@iconify-json/noto@1.2.9"


def test_artwork_is_read(tmp_path):
    packages = write_tarballs(tmp_path / "t")
    found = {package.name: read_artwork(tmp_path / "t", package) for package in packages}
    assert "body" in next(iter(found["@iconify-json/noto"].icons["icons"].values()))
    assert all(data[:4] == b"RIFF" for data in found["@lobehub/fluent-emoji-3d"].pictures.values())
    assert not missing(tmp_path / "t", packages, [p.source for p in packages])


def test_a_flipped_bit_is_refused_before_anything_is_unpacked(one):
    package, folder = one
    data = bytearray((folder / package.file).read_bytes())
    data[20] ^= 1
    (folder / package.file).write_bytes(data)
    with pytest.raises(CorpusError, match=r"a-b-1\.0\.tgz is not @a/b 1\.0.*npm pack @a/b@1\.0"):
        read_artwork(folder, package)


def test_what_is_missing_is_named_with_the_command(tmp_path):
    packages = write_tarballs(tmp_path / "t")
    (tmp_path / "t" / packages[1].file).unlink()
    lacking = missing(tmp_path / "t", packages, [p.source for p in packages])
    assert [p.name for p in lacking] == ["@iconify-json/noto-v1"]
    assert how_to_get(lacking) == "npm pack @iconify-json/noto-v1@1.2.5"
    with pytest.raises(CorpusError, match="cannot be read; fetch it with: npm pack"):
        read_artwork(tmp_path / "t", packages[1])
    with pytest.raises(CorpusError, match="'npm:nothing@1' is no package"):
        missing(tmp_path / "t", packages, ["npm:nothing@1"])


@pytest.mark.parametrize("files", [{}, {"package/icons.json": b"{"}, {"icons.json": b'{"icons": {}}'}])
def test_a_package_without_its_icons(tmp_path, files):
    data = tarball(files)
    package = Package(name="x", version="1", sha512=sha512(data))
    (tmp_path / package.file).write_bytes(data)
    with pytest.raises(CorpusError, match=r"holds no package/icons\.json"):
        read_artwork(tmp_path, package)


def test_the_right_hash_of_no_tarball(tmp_path):
    package = Package(name="x", version="1", sha512=sha512(b"no tarball"))
    (tmp_path / package.file).write_bytes(b"no tarball")
    with pytest.raises(CorpusError, match="cannot be unpacked"):
        read_artwork(tmp_path, package)
