"""The line that says where a run is."""

import io

import pytest

from sfumato.cli.training_bar import TrainingBar


def shown(bar, images):
    bar.show(images, 2.0, 0.5)
    return bar.stream.getvalue()


@pytest.mark.parametrize(
    ("horizon", "begun", "images", "bar", "left"),
    [
        (400, 0, 100, "[######..................] 25.0%", "2 min 30 s"),
        (284_624, 284_224, 284_324, "[######..................] 25.0%", "2 min 30 s"),
        (400, 0, 400, "[########################] 100.0%", "0.0 s"),
    ],
)
def test_the_share_is_of_this_run_not_of_what_its_weights_have_seen(horizon, begun, images, bar, left):
    line = shown(TrainingBar(horizon, begun, stream=io.StringIO()), images)
    assert line.startswith(bar)
    assert f"{images} images, 2.0 pictures/s, loss 0.5000" in line
    assert left.replace("2 min 30 s", "2 min 30 s") in line


def test_a_run_without_an_end_shows_no_share():
    line = shown(TrainingBar(0, stream=io.StringIO()), 100)
    assert line == "100 images, 2.0 pictures/s, loss 0.5000\n"
