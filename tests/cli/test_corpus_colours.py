"""`sfumato corpus colours`: a second corpus beside the first, named by what was measured."""

import io

import numpy as np
import pyarrow.parquet
import pytest
from PIL import Image
from tests.corpus.tarballs import GLYPHS

from sfumato.corpus.colour_names import main_colour
from sfumato.corpus.detect import read_corpus


def test_glyphs_keep_their_split_and_the_commands_file_is_a_corpus(sfumato, tmp_path):
    out = tmp_path / "colours.parquet"
    code, said, err = sfumato("corpus", "colours", GLYPHS, "--out", out, "--turns", "1", "--size", "32")
    assert code == 0, err
    before = {row.id: row for row in read_corpus(GLYPHS).rows}
    made = read_corpus(out)
    assert said.startswith(f"{out}: {len(made.rows)} pictures of {len(before)}")
    assert len(made.rows) > 50
    for row, data in zip(made.rows, made.pictures(made.rows), strict=True):
        parent, name = row.id.rsplit("+", 1)
        assert row.split == before[parent].split
        assert row.caption == f"{name} {before[parent].caption}"
        assert (row.license, row.author) == (before[parent].license, before[parent].author)
        assert main_colour(np.asarray(Image.open(io.BytesIO(data)))) == name
    assert pyarrow.parquet.read_schema(out).metadata[b"size"] == b"32"
    again = tmp_path / "again.parquet"
    sfumato("corpus", "colours", GLYPHS, "--out", again, "--turns", "1", "--size", "32")
    assert again.read_bytes() == out.read_bytes()


@pytest.mark.parametrize(("flag", "value"), [("--turns", "7"), ("--turns", "-1"), ("--size", "0")])
def test_bad_numbers_are_refused(sfumato, tmp_path, flag, value):
    code, _, err = sfumato("corpus", "colours", GLYPHS, "--out", tmp_path / "x.parquet", flag, value)
    assert code == 2
    assert flag in err
    assert not (tmp_path / "x.parquet").exists()
