"""Rows of Glyphs v1 drawn anew from upstream drawings: every pixel as it was."""

import io
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from tests.corpus.tarballs import GLYPHS, drawable, write_tarballs

from sfumato.corpus.compare import Comparison, equal, psnr
from sfumato.corpus.draw import draw, svg
from sfumato.corpus.glyphs import NAMES, listed, read_list, rows_like, write_list
from sfumato.corpus.rebuild import redraw, write_corpus
from sfumato.corpus.rows import read_columns
from sfumato.corpus.upstream import read_artwork
from sfumato.errors import CorpusError, UnavailableError


@pytest.fixture(scope="module")
def artwork(tmp_path_factory):
    folder = tmp_path_factory.mktemp("upstream") / "t"
    return {package.source: read_artwork(folder, package) for package in write_tarballs(folder)}


@pytest.fixture(scope="module")
def rebuilt(artwork, tmp_path_factory):
    """(file, rows drawn, the comparison with tests/data)."""
    path = tmp_path_factory.mktemp("rebuilt") / "glyphs.parquet"
    rows = [row for row in rows_like(GLYPHS) if row["id"] in {one["id"] for one in drawable()}]
    comparison = Comparison(GLYPHS)
    count, skipped = write_corpus(path, comparison.passing(redraw(rows, artwork)))
    assert not skipped
    return path, count, comparison.styles


def test_every_pixel_is_as_it_was(rebuilt):
    _, count, styles = rebuilt
    assert count == 175
    assert len(styles) == 13
    for name, one in styles.items():
        assert (one.equal, one.different, one.absent) == (one.rows, {}, []), name
    assert sum(one.rows for one in styles.values()) == count


def test_columns_and_values_are_those_of_the_corpus(rebuilt):
    path, _, _ = rebuilt
    assert pq.read_schema(path).equals(pq.read_schema(GLYPHS), check_metadata=True)
    there = {row["id"]: row for row in drawable()}
    for row in pq.read_table(path).to_pylist():
        old = there[row["id"]]
        assert {k: v for k, v in row.items() if k != "image"} == {k: v for k, v in old.items() if k != "image"}
        with Image.open(io.BytesIO(row["image"])) as picture:
            pixels = np.asarray(picture.convert("RGBA"))
        assert not pixels[pixels[..., 3] == 0].any()


def test_the_lists_that_ship_are_the_corpora():
    lists = {name: listed(name) for name in NAMES}
    assert {name: len(rows) for name, rows in lists.items()} == {"glyphs": 15_727, "glyphs-tones": 9_451}
    by_id = {row["id"]: row for row in lists["glyphs"]}
    for row in rows_like(GLYPHS):
        assert by_id[row["id"]] == row
    assert not set(by_id) & {row["id"] for row in lists["glyphs-tones"]}
    with pytest.raises(CorpusError, match="did you mean 'glyphs'"):
        listed("glyph")


def test_a_list_goes_there_and_back():
    rows = rows_like(GLYPHS)
    assert read_list(write_list(rows)) == rows
    for damaged in (b"", b"no list", write_list(rows)[:-20]):
        with pytest.raises(CorpusError, match="damaged"):
            read_list(damaged)


def test_a_drawing_that_is_not_there_is_left_out_and_named(artwork, tmp_path):
    rows = rows_like(GLYPHS)[:3]
    rows[1] = {**rows[1], "source_name": "no such drawing"}
    count, skipped = write_corpus(tmp_path / "c.parquet", redraw(rows, artwork))
    assert count == 2
    assert [(one.position, one.id, "'no such drawing'" in one.reason) for one in skipped] == [(1, rows[1]["id"], True)]
    with pytest.raises(CorpusError, match="no row could be drawn"):
        write_corpus(tmp_path / "d.parquet", redraw(rows[1:2], artwork))
    assert not (tmp_path / "d.parquet").exists()


def test_an_icon_has_its_own_size_or_that_of_its_set():
    icons = {"width": 20, "icons": {"a": {"body": "<g/>", "height": 30, "left": -2}}}
    assert 'viewBox="-2 0 20 30"' in svg(icons, "a", "s")


def test_what_is_no_svg_is_refused(artwork):
    source = "npm:@iconify-json/noto@1.2.9"
    art = artwork[source]
    name = next(iter(art.icons["icons"]))
    broken = type(art)(art.package, {**art.icons, "icons": {name: {"body": "<g>"}}}, {})
    with pytest.raises(CorpusError, match="cannot be rendered"):
        draw(broken, name)


def test_without_resvg_one_line_says_what_to_install(artwork, monkeypatch):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    source = "npm:@iconify-json/noto@1.2.9"
    with pytest.raises(UnavailableError, match=r"pip install 'sfumato\[corpus\]'"):
        draw(artwork[source], next(iter(artwork[source].icons["icons"])))


def test_a_difference_is_seen_and_measured(artwork):
    rows = [row for row in rows_like(GLYPHS) if row["style"] == "twemoji"][:2]
    comparison = Comparison(GLYPHS)
    first, second = redraw(rows, artwork)
    first.pixels[60:68, 60:68] ^= 64
    list(comparison.passing([first, second]))
    one = comparison.styles["twemoji"]
    assert (one.rows, one.equal, list(one.different)) == (2, 1, [first.row["id"]])
    assert 20 < one.different[first.row["id"]] < 40


def test_colours_below_alpha_0_do_not_count_and_alpha_does():
    a = np.zeros((2, 2, 4), np.uint8)
    b = a.copy()
    b[0, 0, :3] = 200
    assert equal(a, b)
    b[0, 0, 3] = 1
    assert not equal(a, b)
    assert not equal(a, a[:1])


def test_psnr_is_over_white():
    white = np.full((4, 4, 4), 255, np.uint8)
    other = white.copy()
    other[..., :3] = 250
    assert psnr(white, other) == pytest.approx(10 * np.log10(255**2 / 25))
    assert psnr(white, np.zeros((4, 4, 4), np.uint8)) == np.inf
    with pytest.raises(CorpusError, match="cannot be compared"):
        psnr(white, white[:2])


def test_the_pictures_of_a_rebuild_read_as_a_corpus(rebuilt):
    path, count, _ = rebuilt
    assert len(read_columns(path, ("id",))["id"]) == count
