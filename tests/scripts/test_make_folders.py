"""scripts/make_folders.py: what it writes is what corpus check reads."""

from pathlib import Path

import pytest
from PIL import Image

from by_path import loaded
from sfumato.corpus.check import check

GLYPHS = Path(__file__).parents[1] / "data" / "glyphs.parquet"


@pytest.fixture(scope="module")
def script():
    return loaded("scripts/make_folders.py")


def test_pictures_with_captions_beside_them(script, tmp_path, capsys):
    script.main(["captions", str(GLYPHS), str(tmp_path / "a"), "--style", "twemoji", "--count", "9"])
    assert capsys.readouterr().out == f"9 pictures -> {tmp_path / 'a'}\n"
    found = check(tmp_path / "a", 32)
    assert found.table.kind == "a folder of pictures"
    assert (len(found.used), len(found.left_out)) == (9, 0)
    chosen = {row["caption"] for row in script.rows_of(GLYPHS, "twemoji")[:9]}
    assert {row.caption for row in found.used} == chosen
    assert any(row.keywords for row in found.used)
    with Image.open(next((tmp_path / "a").glob("*.png"))) as picture:
        assert (picture.mode, picture.size) == ("RGBA", (128, 128))


def test_class_folders_of_a_columns_commonest_values(script, tmp_path):
    script.main(["classes", str(GLYPHS), str(tmp_path / "b"), "--by", "style", "--count", "4", "--each", "5"])
    found = check(tmp_path / "b", 32)
    assert found.table.kind == "class folders"
    assert len(found.used) == 20
    styles = {row["style"].replace("-", " ") for row in script.rows_of(GLYPHS, None)}
    assert len({row.caption for row in found.used} & styles) == 4


def test_val_is_never_laid_out(script, tmp_path):
    import pyarrow.parquet as pq

    table = pq.read_table(GLYPHS)
    column = ["val"] * 190 + ["train"] * 10
    place = table.schema.get_field_index("split")
    pq.write_table(table.set_column(place, "split", [column]), tmp_path / "c.parquet")
    assert len(script.rows_of(tmp_path / "c.parquet", None)) == 10
