"""Where a run ends, and the learning rate on the way there."""

import pytest

from sfumato.errors import RecipeError
from sfumato.train.rate import closing, ending, learning_rate, refuse_past
from sfumato.train.recipe import Rate


def taken_to_its_end(rate, images, more):
    """The rate that `ending` makes of another."""
    values = {
        key.removeprefix("rate."): int(value) for key, value in (c.split("=") for c in ending(rate, images, more))
    }
    return Rate(**{"warmup": rate.warmup, "shape": rate.shape, **values})


@pytest.mark.parametrize("shape", ["linear", "cosine"])
@pytest.mark.parametrize("more", [100, 4000])
def test_a_cool_down_that_is_ended_sooner_or_later_goes_on_from_where_it_is(shape, more):
    rate = Rate(images=10_000, cooldown=8_000, shape=shape)
    now = learning_rate(rate, 1.0, 7_000)
    assert 0.2 < now < 0.5
    after = taken_to_its_end(rate, 7_000, more)
    assert learning_rate(after, 1.0, 7_000) == pytest.approx(now, abs=1e-3)
    assert learning_rate(after, 1.0, 7_000 + more // 2) < now
    assert learning_rate(after, 1.0, 7_000 + more) == 0.0


@pytest.mark.parametrize(
    ("rate", "images"),
    [(Rate(images=0), 500), (Rate(images=900, cooldown=100), 500), (Rate(images=900, cooldown=100), 900)],
    ids=["no end", "before its cool-down", "ended"],
)
def test_elsewhere_it_begins_at_its_peak(rate, images):
    after = taken_to_its_end(rate, images, 50)
    assert (after.images, after.cooldown) == (images + 50, 50)
    assert learning_rate(after, 1.0, images) == 1.0


def test_without_more_nothing_changes():
    assert ending(Rate(images=900), 500, 0) == []


def test_a_new_run_counts_from_what_its_weights_have_seen():
    rate = closing(Rate(seconds=60.0, warmup=10), 300, 100)
    assert (rate.images, rate.cooldown, rate.seconds, rate.warmup) == (400, 100, 0.0, 10)
    refuse_past(rate, 300)
    refuse_past(Rate(images=0), 300)
    with pytest.raises(RecipeError, match=r"would end at 400 images, .* have seen 400"):
        refuse_past(rate, 400)
