"""What ships: licence and attribution in the package, beside the pictures and in every model folder."""

import subprocess
import sys
import zipfile

import pyarrow.parquet as pq
import pytest
from sources import ROOT, SRC, committed
from tests.test_fast import write_student

from by_path import loaded
from sfumato import checkpoint
from tiny import write_tiny

DATA = ROOT / "tests" / "data" / "glyphs.parquet"
MODELS = sorted(path.parent for path in (SRC / "models").glob("*/sfumato.json"))


@pytest.fixture(scope="module")
def script():
    return loaded("scripts/make_attribution.py")


def rows_of(text: str) -> dict[tuple[str, str, str], str]:
    """(style, source, licence) -> author, from an ATTRIBUTION's table."""
    lines = [line.split(" | ") for line in text.splitlines() if line.count(" | ") == 4]
    return {(style, source, licence): author for style, _, author, source, licence in lines[1:]}


def test_pictures_of_the_tests_are_attributed_by_the_script(script):
    text = (ROOT / "tests" / "data" / "ATTRIBUTION").read_text(encoding="utf-8")
    assert text == script.render(script.read([str(DATA)]), whole=False)


def test_the_package_names_author_source_and_licence_of_every_set():
    stated = rows_of((SRC / "ATTRIBUTION").read_text(encoding="utf-8"))
    columns = ["style", "source", "license", "author"]
    for row in pq.read_table(DATA, columns=columns).to_pylist():
        assert stated[row["style"], row["source"], row["license"]] == row["author"]
    assert len(stated) == 17
    assert all(author and source and licence for (_, source, licence), author in stated.items())


def test_every_licence_is_explained(script):
    text = (SRC / "ATTRIBUTION").read_text(encoding="utf-8")
    for _, _, licence in rows_of(text):
        assert f"\n{licence}: {script.LICENCES[licence]}" in text


def test_the_copies_are_one():
    text = (ROOT / "ATTRIBUTION").read_bytes()
    assert (SRC / "ATTRIBUTION").read_bytes() == text
    assert MODELS, "no model ships"
    for folder in MODELS:
        assert (folder / "ATTRIBUTION").read_bytes() == text, folder.name


def test_test_pictures_are_few_small_and_for_training():
    assert DATA.stat().st_size < 1_000_000
    table = pq.read_table(DATA, columns=["split", "style", "group", "id"])
    assert table.num_rows == len(set(table["id"].to_pylist())) == 200
    assert set(table["split"].to_pylist()) == {"train"}
    assert len(set(table["style"].to_pylist())) == 13
    assert len(set(table["group"].to_pylist())) == 9


def test_denoisers_are_small():
    for folder in MODELS:
        assert sum(path.stat().st_size for path in folder.glob("denoiser*.safetensors")) <= 40_000_000


def own_bytes(folder, others):
    """What a model adds to an installation that has the others: the files that none of them names."""
    theirs = {file.sha256 for other in others for file in checkpoint.read_manifest(other).files.values()}
    own = checkpoint.read_manifest(folder).files.values()
    return sum(file.bytes for file in own if file.sha256 not in theirs)


def test_a_student_is_little_more():
    for folder in MODELS:
        if folder.name.endswith("-fast"):
            assert own_bytes(folder, [other for other in MODELS if other != folder]) <= 30_000_000, folder.name


def test_a_student_s_bytes_are_those_that_its_teacher_has_not(tmp_path):
    teacher = write_tiny(tmp_path / "tiny")
    student = write_student(tmp_path / "tiny-fast", teacher)
    assert own_bytes(student, [teacher]) == (student / "denoiser.safetensors").stat().st_size
    assert own_bytes(student, []) > own_bytes(student, [teacher])


def test_all_that_ships_is_small():
    """Students and all."""
    assert sum(path.stat().st_size for path in committed() if path.is_relative_to(SRC / "models")) <= 120_000_000


def test_no_shared_part_is_left_over():
    text = "\n".join(path.read_text("utf-8") for path in committed() if path.suffix in (".json", ".py", ".toml"))
    for part in (SRC / "models" / "blobs").iterdir():
        assert part.name == "ATTRIBUTION" or part.stem in text, part.name


def test_no_committed_file_is_huge():
    big = {path.name: path.stat().st_size for path in committed() if path.stat().st_size > 45_000_000}
    assert not big


@pytest.mark.slow
def test_the_wheel_carries_all_it_needs(tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = next(name for name in names if name.endswith("METADATA"))
        requires = [line for line in archive.read(metadata).decode().splitlines() if line.startswith("Requires-Dist")]
    assert "sfumato/ATTRIBUTION" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    for path in committed():
        if path.is_relative_to(SRC):
            assert f"sfumato/{path.relative_to(SRC).as_posix()}" in names
    assert not [line for line in requires if "diffusers" in line or "pytest" in line]
