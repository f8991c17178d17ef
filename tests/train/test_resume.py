"""A run that was killed and resumed ends bit for bit where the uninterrupted one does."""

import signal

import pytest
from tests.train.tiny_runs import DATA, SMALL, fingerprint, images_of, killed_after, script, sfumato

from sfumato.train.state import listed, load_checkpoint

# Dropout, mirroring, caption dropout, keywords, shuffling, averaging, warm-up and cool-down are all on in `tiny`; its
# epoch has 200 pictures, so 248 images cross an epoch's end, and no kill falls on one.
CHANGES = (*SMALL, "rate.images=248", "watch.checkpoint=24", "watch.heldout=80", "watch.sheet=0")
SETTINGS = tuple(word for change in CHANGES for word in ("--set", change))


@pytest.fixture(scope="module")
def uninterrupted(cache, tmp_path_factory):
    run = tmp_path_factory.mktemp("runs") / "whole"
    done = sfumato("train", DATA, "--recipe", "tiny", "--out", run, *SETTINGS, cache=cache)
    assert done.returncode == 0, done.stderr
    return fingerprint(run)


@pytest.mark.slow
def test_killed_four_times_and_resumed_is_the_uninterrupted_run(cache, uninterrupted, tmp_path):
    run = tmp_path / "killed"
    start = ("train", DATA, "--recipe", "tiny", "--out", run, *SETTINGS)
    assert killed_after(48, run, *start, cache=cache)[0] == -signal.SIGKILL
    for images in (96, 168):
        before = images_of(run)
        assert before < images
        assert killed_after(images, run, "train", "--resume", run, cache=cache)[0] == -signal.SIGKILL
        assert images_of(run) > before
    code, errors = killed_after(216, run, "train", "--resume", run, cache=cache, number=signal.SIGTERM)
    assert code == 0, errors
    assert f"--resume {run}" in errors
    assert images_of(run) < 248
    done = sfumato("train", "--resume", run, cache=cache)
    assert done.returncode == 0, done.stderr
    assert fingerprint(run) == uninterrupted


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        ("optimiser.micro=2",),
        ("optimiser.kind=muon", "optimiser.muon=2.0", "optimiser.micro=4"),
    ],
    ids=["micro", "muon-and-micro"],
)
def test_every_kind_of_update_goes_on_bit_for_bit(cache, tmp_path, changes):
    settings = [word for change in ("rate.images=80", *changes) for word in ("--set", change)]
    start = ("train", DATA, "--recipe", "tiny", *SETTINGS, *settings, "--out")
    done = sfumato(*start, tmp_path / "whole", cache=cache)
    assert done.returncode == 0, done.stderr
    run = tmp_path / "killed"
    assert killed_after(48, run, *start, run, cache=cache)[0] == -signal.SIGKILL
    assert images_of(run) < 80
    done = sfumato("train", "--resume", run, cache=cache)
    assert done.returncode == 0, done.stderr
    assert fingerprint(run) == fingerprint(tmp_path / "whole")
    moments = load_checkpoint(listed(run / "checkpoints")[-1]).tensors["moments"]
    assert ("exp_avg_sq.mid.blocks.0.conv1.weight" in moments) == ("optimiser.kind=muon" not in changes)


def test_resumed_after_every_crash_point_of_a_save_it_is_the_uninterrupted_run(tmp_path):
    """R2: weights, average, moments, counters and log, after a death at each touch of the disk (crash_resumes.py)."""
    found = script("crash_resumes.py", DATA, tmp_path)
    crashes = found["crashes"]
    assert crashes == [77] * (len(crashes) - 1) + [0]
    assert len(crashes) > 15
    assert found["resumed"] == [0] * len(crashes)
    whole = fingerprint(tmp_path / "whole")
    assert whole["name"] == "000000064"
    assert [line["images"] for line in whole["log"] if line["event"] == "metrics"] == list(range(8, 65, 8))
    begins = set()
    for point in range(1, len(crashes) + 1):
        assert fingerprint(tmp_path / str(point)) == whole, point
        begins.add((tmp_path / str(point) / "from").read_text())
    assert begins == {"goes on from 000000016 (16 images)", "goes on from 000000032 (32 images)"}


@pytest.mark.slow
def test_another_seed_is_another_run(cache, uninterrupted, tmp_path):
    """So that the comparison above can fail."""
    run = tmp_path / "other"
    done = sfumato("train", DATA, "--recipe", "tiny", "--out", run, *SETTINGS, "--set", "seed=8", cache=cache)
    assert done.returncode == 0, done.stderr
    found = fingerprint(run)
    assert all(found[part] != uninterrupted[part] for part in ("weights", "average", "moments", "log"))
