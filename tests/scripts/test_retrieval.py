"""The ruler itself: retrieval and KID on cases whose answers are known."""

import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script():
    sys.path.insert(0, str(ROOT / "scripts"))
    import measure_retrieval

    sys.path.remove(str(ROOT / "scripts"))
    return measure_retrieval


@pytest.fixture(scope="module")
def rows(script):
    """The test pictures, one style of each family relabelled as held out."""
    rows = script.by_hash(pq.read_table(ROOT / "tests" / "data" / "glyphs.parquet").to_pylist())
    first = {row["family"]: row["id"] for row in rows}
    return [row | {"split": "val" if first[row["family"]] == row["id"] else "train"} for row in rows]


class Known:
    """Features that name the concept and say nothing of the style; or the style and nothing of the concept."""

    def __init__(self, column, rows):
        self.column, self.values = column, sorted({row[column] for row in rows})

    def real(self, rows):
        return np.stack([np.eye(len(self.values))[self.values.index(row[self.column])] for row in rows])


def test_galleries_hold_every_concept_in_another_style(script, rows):
    queries, train, _ = script.choose(rows, 20)
    assert len(queries) == 20 == len({query["family"] for query in queries})
    for query in queries:
        gallery = script.gallery_of(query["style"], queries, train)
        assert [row["concept"] for row in gallery] == [q["concept"] for q in queries]
        assert query["style"] not in {row["style"] for row in gallery}
        assert {row["split"] for row in gallery} == {"train"}


def test_features_that_know_the_concept_find_it(script, rows):
    queries, train, _ = script.choose(rows, 20)
    known = Known("concept", rows)
    assert (script.ranks(known, known.real(queries), queries, train) == 0).all()


def test_pictures_of_the_wrong_concept_are_not_found(script, rows):
    queries, train, _ = script.choose(rows, 20)
    known = Known("concept", rows)
    assert (script.ranks(known, np.roll(known.real(queries), 1, axis=0), queries, train) > 0).all()


def test_kid_is_near_zero_for_one_distribution_and_grows_with_distance(script):
    draw = np.random.default_rng(0).normal
    same = [script.kid(draw(size=(200, 16)), draw(size=(200, 16))) for _ in range(20)]
    assert abs(np.mean(same)) < 3 * np.std(same) / np.sqrt(20)
    assert script.kid(draw(size=(200, 16)), draw(size=(200, 16)) + 0.5) > 10 * np.std(same)


def test_the_features_refuse_other_weights(script, tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(b"not the weights")
    with pytest.raises(ValueError, match="SHA-256"):
        script.effnet_lite0.convert(path, tmp_path / "out.safetensors")
