"""The pictures at hand, opened in a thread of their own the first time that somebody asks, which may take minutes."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from sfumato.evaluate.ground import Report
from sfumato.studio.at_hand import AtHand, shipped_pictures


def of_the_studio(report: Report, /) -> AtHand:
    """The pictures that come with the studio."""
    return shipped_pictures()


@dataclass(eq=False)
class Library:
    """`open` is called once, with what it reports its progress to; `told` is the newest report."""

    open: Callable[[Report], AtHand] = of_the_studio
    told: tuple[str, int, int] = ("", 0, 0)
    _found: Future[AtHand] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, seconds: float) -> AtHand | None:
        """The pictures; None if they are not there after so long. Raises whatever opening them raised."""
        with self._lock:
            if self._found is None:
                self._found = Future()
                threading.Thread(target=self._work, args=(self._found,), name="sfumato-library", daemon=True).start()
        try:
            return self._found.result(timeout=seconds)
        except TimeoutError:
            return None

    def _work(self, found: Future[AtHand]) -> None:
        try:
            found.set_result(self.open(self._report))
        except BaseException as problem:  # carried to whoever asks
            found.set_exception(problem)

    def _report(self, what: str, done: int, total: int) -> None:
        self.told = (what, done, total)
