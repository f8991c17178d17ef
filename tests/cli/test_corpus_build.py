"""`sfumato corpus build`: what is missing and how to get it, the corpus drawn anew, and how it compares."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.corpus.tarballs import GLYPHS, drawable, write_tarballs

STYLES = ("twemoji", "fluent-3d", "circle-flag")


def save(path, rows):
    pq.write_table(pa.Table.from_pylist(rows, pq.read_schema(GLYPHS)), path)


@pytest.fixture
def tarballs(tmp_path, monkeypatch):
    """A folder of tarballs that pass for the pinned ones, and a small corpus drawn from three of them."""
    monkeypatch.setattr("sfumato.corpus.upstream.PACKAGES", write_tarballs(tmp_path / "tarballs"))
    rows = [row for row in drawable() if row["style"] in STYLES]
    save("small.parquet", rows)
    return tmp_path / "tarballs"


def test_what_is_missing_is_listed_with_the_command(sfumato, tmp_path):
    (tmp_path / "none").mkdir()
    code, out, err = sfumato("corpus", "build", "glyphs", "--packages", tmp_path / "none", "--out", "g.parquet")
    assert (code, out) == (2, "")
    lines = err.splitlines()
    assert len([line for line in lines if line.startswith("missing: ")]) == 13
    assert lines[-1].startswith("sfumato: error: 13 of 13 packages are not in ")
    assert "fetch them there with: npm pack @iconify-json/circle-flags@1.2.11 " in lines[-1]
    assert not Path("g.parquet").exists()


def test_a_corpus_is_drawn_written_and_compared(sfumato, tarballs):
    words = ("corpus", "build", "glyphs", "--packages", tarballs, "--like", "small.parquet")
    code, out, err = sfumato(*words, "--out", "g.parquet", "--against", "small.parquet")
    assert code == 0, err
    assert "g.parquet: 32 rows, 0 left out" in err
    assert out.splitlines()[-1].split() == ["all", "32", "of", "32", "pixel-equal", "(100.00%)"]
    assert pq.read_metadata("g.parquet").num_rows == 32


def test_a_comparison_alone_writes_nothing(sfumato, tarballs):
    rows = pq.read_table("small.parquet").to_pylist()
    rows[0]["image"], rows[1]["id"] = rows[2]["image"], "another"
    save("other.parquet", rows)
    words = ("corpus", "build", "glyphs", "--packages", tarballs, "--like", "small.parquet")
    code, out, _ = sfumato(*words, "--against", "other.parquet", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["total"] == {"rows": 31, "equal": 30}
    style = found["styles"][rows[0]["style"]]
    assert list(style["psnr"]) == [rows[0]["id"]]
    assert 0 < style["psnr"][rows[0]["id"]] < 40
    assert sfumato(*words, "--against", "other.parquet")[1].count("differs: ") == 1
    assert sfumato(*words, "--against", "other.parquet")[1].count("absent on one side: ") == 1
    assert not list(Path().glob("g*.parquet"))


def test_rows_that_cannot_be_drawn_are_named(sfumato, tarballs):
    rows = pq.read_table("small.parquet").to_pylist()
    rows[0]["source_name"] = "nothing"
    save("like.parquet", rows)
    words = ("corpus", "build", "glyphs", "--packages", tarballs, "--like", "like.parquet")
    for more in (("--out", "g.parquet"), ("--against", "small.parquet")):
        code, _, err = sfumato(*words, *more)
        assert code == 0
        assert f"left out: {rows[0]['id']}: npm:" in err
        assert "31 rows, 1 left out" in err


def test_what_makes_no_sense_is_refused(sfumato, tarballs):
    assert "nothing to do" in sfumato("corpus", "build", "glyphs", "--packages", tarballs)[2]
    code, _, err = sfumato("corpus", "build", "glifs", "--packages", tarballs, "--out", "g.parquet")
    assert code == 2
    assert "no corpus 'glifs' can be built; did you mean 'glyphs'" in err
    pq.write_table(pq.read_table("small.parquet").drop_columns(["source_name"]), "lacks.parquet")
    words = ("corpus", "build", "glyphs", "--packages", tarballs, "--out", "g.parquet", "--like", "lacks.parquet")
    assert "lacks the column 'source_name'" in sfumato(*words)[2]
