"""A run that ends by the clock: when its cool-down begins and where it ends, decided anew as its speed shows.

The learning rate is a function of the pictures shown (train/rate.py), so all that a clock may move is where the run
ends and how long its cool-down is. Before the cool-down both are open. It begins when COOLDOWN of the time is left. At
every decision from there on the end is put where the run will be when the time is up, at its speed of late, and the
cool-down is stretched or shortened so that the learning rate goes on from the value that it has:

    f = (end - n) / cooldown;    end' = n + speed left;    cooldown' = (end' - n) / f        (n: pictures shown)

which makes the learning rate piecewise linear, without a jump, and zero at the end. Every decision stands in the run's
log; with the same decisions (`Decided`) a run on the CPU is the same, bit for bit.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from sfumato.errors import RecipeError
from sfumato.train.progress import Progress
from sfumato.train.recipe import Rate

AIM = 0.985
"""The share of the budget that is used: what is left is for being wrong."""
COOLDOWN = 0.4
"""The share of the budget before whose end the learning rate goes down."""
OFTEN = 0.01
"""The share of the budget between two decisions; towards the end there is one at every update."""
LATE = 0.04
"""The share of the budget over which the speed of late is taken."""

FIRST = 4
"""Updates by which the time of one is known."""


class Pacing(Protocol):
    """Says where a run is to end."""

    def decide(self, progress: Progress, rate: Rate, batch: int, /) -> Rate:
        """After each update: the rate from here on, with `images` and `cooldown` moved or as they are."""
        ...

    def looked(self) -> None:
        """Since the last update the run has looked at itself."""
        ...

    def rest(self) -> None:
        """Since the last update something other than training took time."""
        ...


class Pace:
    """Decides by the clock.

    seconds: the budget. started: the clock's time when it began, less what earlier slices of the run have used of it.
    look and closing: seconds to keep for what comes after the last update, a look and then what is written. Where the
    machine becomes slower or faster, the look is taken to do so as well: it counts in updates of when it was measured.
    """

    def __init__(
        self,
        seconds: float,
        *,
        started: float,
        look: float,
        closing: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.seconds, self.started, self.look, self.closing, self.clock = seconds, started, look, closing, clock
        self._last, self._decided = clock(), float("-inf")
        self._late: deque[float] = deque()
        self._sum = self._update = 0.0

    def decide(self, progress: Progress, rate: Rate, batch: int, /) -> Rate:
        """See Pacing."""
        now = self.clock()
        self._take(now - self._last)
        self._last = now
        progress.spent = now - self.started
        update = self._sum / len(self._late)
        self._update = self._update or (update if len(self._late) >= FIRST else 0.0)
        look = self.look * (update / self._update if self._update else 1.0)
        left = AIM * self.seconds - look - self.closing - progress.spent
        if rate.images and progress.images >= rate.images:
            return rate
        if rate.images == 0 and left > COOLDOWN * self.seconds and left > update:
            return rate
        soon = left < OFTEN * self.seconds + 5 * update
        if rate.images and not soon and now - self._decided < OFTEN * self.seconds:
            return rate
        self._decided = now
        return moved(rate, progress.images, batch * max(0, round(left / update)) if update > 0 else batch)

    def looked(self) -> None:
        """See Pacing: this is how long the last look will take too."""
        self.look, self._update = self.clock() - self._last, self._sum / max(1, len(self._late))
        self.rest()

    def rest(self) -> None:
        """See Pacing: it is left out of the speed."""
        self._last = self.clock()

    def _take(self, seconds: float) -> None:
        """One more update among those of late, and those too long ago no more."""
        self._late.append(seconds)
        self._sum += seconds
        while len(self._late) > FIRST and self._sum - self._late[0] > LATE * self.seconds:
            self._sum -= self._late.popleft()


class Decided:
    """Decides what a log says was decided: {images shown: (end, cooldown)}."""

    def __init__(self, decisions: Mapping[int, tuple[int, int]]) -> None:
        self.decisions = decisions

    def decide(self, progress: Progress, rate: Rate, batch: int, /) -> Rate:
        """See Pacing."""
        if progress.images not in self.decisions:
            return rate
        end, cooldown = self.decisions[progress.images]
        return replace(rate, images=end, cooldown=cooldown)

    def looked(self) -> None:
        """See Pacing: time means nothing here."""

    def rest(self) -> None:
        """See Pacing: time means nothing here."""


def moved(rate: Rate, images: int, left: int) -> Rate:
    """The rate with the end `left` pictures after `images`, its value now as it is."""
    if left == 0:
        return replace(rate, images=images, cooldown=max(1, rate.cooldown))
    factor = (rate.images - images) / rate.cooldown if rate.images else 1.0
    return replace(rate, images=images + left, cooldown=max(left, round(left / factor)))


def decisions_in(entries: Iterable[Mapping[str, Any]]) -> dict[int, tuple[int, int]]:
    """The decisions that a run's log tells of."""
    return {e["images"]: (e["end"], e["cooldown"]) for e in entries if e["event"] == "horizon"}


def resumed(rate: Rate, entries: Iterable[Mapping[str, Any]], since: int = -1) -> Rate:
    """The rate of a run that ends by the clock, as last decided in its log; any other rate as it is.

    since: only what was decided after so many images counts; without a decision the end is open.
    """
    decisions = {images: decided for images, decided in decisions_in(entries).items() if images > since}
    if not rate.seconds or not decisions:
        return rate
    end, cooldown = decisions[max(decisions)]
    return replace(rate, images=end, cooldown=cooldown)


def refuse_hurry(rate: Rate, alone: bool) -> None:
    """Raise RecipeError for a rate by the clock that says where it ends as well, or that several processes have."""
    if not 0 <= rate.seconds < float("inf"):
        raise RecipeError(f"rate.seconds is {rate.seconds}; it is a number of seconds, 0 for none")
    if rate.seconds and not alone:
        raise RecipeError("rate.seconds is for one process, whose clock it is; under torchrun say rate.images")
    if rate.seconds and (rate.images or rate.cooldown or rate.shape != "linear"):
        raise RecipeError(
            "rate.seconds ends a run by the clock; leave out rate.images, rate.cooldown and rate.shape, or "
            "set rate.seconds to 0"
        )
