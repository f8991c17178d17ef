"""A run that ends by the clock: in time on machines that change their speed, with a learning rate that never jumps."""

import itertools

import pytest

from sfumato.errors import RecipeError
from sfumato.train.pace import COOLDOWN, Decided, Pace, decisions_in, moved, refuse_hurry, resumed
from sfumato.train.progress import Progress
from sfumato.train.rate import learning_rate
from sfumato.train.recipe import Rate

BATCH = 32


class Machine:
    """A clock that goes on as work is done; an update takes `update(share of the budget)` seconds."""

    def __init__(self, seconds, update, *, started=0.0):
        self.now, self.seconds, self.update, self.started = started, seconds, update, started

    def __call__(self):
        return self.now

    def work(self, units=1.0):
        self.now += units * self.update((self.now - self.started) / self.seconds)


def run(machine, pace, *, look, closing, progress=None, rate=None, every=None):
    """What the loop does, without a network: the learning rates, the decisions, and the final rate."""
    progress = progress or Progress()
    rate, rates, decisions = rate or Rate(seconds=machine.seconds), [], []
    while not 0 < rate.images <= progress.images:
        rates.append(learning_rate(rate, 1.0, progress.images))
        machine.work()
        progress.step, progress.images = progress.step + 1, progress.images + BATCH
        decided = pace.decide(progress, rate, BATCH)
        if decided != rate:
            decisions.append({"event": "horizon", "images": progress.images, "end": decided.images,
                              "cooldown": decided.cooldown})  # fmt: skip
            rate = decided
        if every and progress.step % every == 0:
            machine.work(look)
            pace.looked()
    machine.work(look)
    machine.now += closing
    return rates, decisions, rate


SPEEDS = {
    "steady": lambda share: 0.3,
    "slower": lambda share: 0.2 if share < 0.7 else 0.6,
    "faster": lambda share: 0.6 if share < 0.7 else 0.15,
    "slower in the end": lambda share: 0.3 if share < 0.9 else 0.5,
    "to and fro": lambda share: 0.2 if int(share * 37) % 2 else 0.4,
}


@pytest.mark.parametrize("seconds", [120.0, 300.0, 3000.0])
@pytest.mark.parametrize("speed", SPEEDS)
def test_it_ends_within_five_per_cent_and_the_rate_does_not_jump(seconds, speed):
    machine = Machine(seconds, SPEEDS[speed], started=5000.0)
    machine.now += 0.1 * seconds
    units = 0.03 * seconds / 0.4
    pace = Pace(seconds, started=5000.0, look=units * machine.update(0.1), closing=1.0, clock=machine)
    rates, decisions, _ = run(machine, pace, look=units, closing=1.0)
    assert machine.now - 5000.0 == pytest.approx(seconds, rel=0.05)
    assert rates[0] == 1.0
    assert rates[-1] < 0.1
    assert all(a >= b for a, b in itertools.pairwise(rates))
    assert max(a - b for a, b in itertools.pairwise(rates)) < 0.1
    assert len(decisions) < 150


def test_the_cool_down_takes_the_last_part_of_the_time():
    machine = Machine(1000.0, SPEEDS["steady"])
    rates, decisions, _ = run(
        machine, Pace(1000.0, started=0.0, look=0.0, closing=0.0, clock=machine), look=0, closing=0
    )
    assert decisions[0]["images"] * 0.3 / BATCH == pytest.approx((1 - COOLDOWN) * 1000.0, rel=0.03)
    assert sum(r < 1 for r in rates) == pytest.approx(COOLDOWN * len(rates), rel=0.05)


def test_looks_on_the_way_are_no_part_of_the_speed_and_show_what_the_last_one_takes():
    machine = Machine(1000.0, SPEEDS["steady"])
    pace = Pace(1000.0, started=0.0, look=1.0, closing=0.0, clock=machine)
    run(machine, pace, look=100.0, closing=0.0, every=500)
    assert machine.now == pytest.approx(1000.0, rel=0.05)


def test_a_resumed_run_has_what_is_left_and_goes_on_from_its_last_decision():
    machine = Machine(1000.0, SPEEDS["steady"])
    pace = Pace(1000.0, started=0.0, look=0.0, closing=0.0, clock=machine)
    progress, rate = Progress(), Rate(seconds=1000.0)
    entries = []
    while machine.now < 800.0:
        machine.work()
        progress.step, progress.images = progress.step + 1, progress.images + BATCH
        decided = pace.decide(progress, rate, BATCH)
        if decided != rate:
            entries.append({"event": "horizon", "images": progress.images, "end": decided.images,
                            "cooldown": decided.cooldown})  # fmt: skip
        rate = decided
    assert progress.spent == machine.now
    assert resumed(Rate(seconds=1000.0), entries) == rate
    later = Machine(1000.0, SPEEDS["steady"], started=90_000.0)
    again = Pace(1000.0, started=90_000.0 - progress.spent, look=0.0, closing=0.0, clock=later)
    rates, _, _ = run(later, again, look=0.0, closing=0.0, progress=progress, rate=rate)
    assert later.now - 90_000.0 == pytest.approx(200.0, abs=50.0)
    assert rates[0] == pytest.approx(0.46, abs=0.05)


def test_what_the_log_says_was_decided_is_decided_again():
    machine = Machine(300.0, SPEEDS["to and fro"])
    rates, decisions, rate = run(
        machine, Pace(300.0, started=0.0, look=0.0, closing=0.0, clock=machine), look=0, closing=0
    )
    other = Machine(300.0, SPEEDS["slower"])
    again = run(other, Decided(decisions_in([{"event": "metrics"}, *decisions])), look=0, closing=0)
    assert again == (rates, decisions, rate)


def test_a_moved_end_keeps_the_rate():
    rate = Rate(images=1000, cooldown=400)
    for left in (10, 100, 5000):
        after = moved(rate, 900, left)
        assert after.images == 900 + left
        assert learning_rate(after, 1.0, 900) == pytest.approx(learning_rate(rate, 1.0, 900), rel=0.02)
    assert moved(rate, 900, 0).images == 900


def test_an_end_that_is_said_twice_is_refused():
    refuse_hurry(Rate(seconds=60.0), True)
    refuse_hurry(Rate(images=5), False)
    for rate, alone, message in (
        (Rate(seconds=60.0, images=5), True, "leave out rate.images"),
        (Rate(seconds=60.0, shape="cosine"), True, "rate.shape"),
        (Rate(seconds=60.0), False, "for one process"),
        (Rate(seconds=-1.0), True, "a number of seconds"),
        (Rate(seconds=float("nan")), True, "a number of seconds"),
    ):
        with pytest.raises(RecipeError, match=message):
            refuse_hurry(rate, alone)
