"""One thread that owns the model, and a queue in which a figure's newest question replaces its older one."""

import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from sfumato.model import DEFAULT_MODEL, Model, load

KEYS = 1000
"""Of so many keys it is remembered who asked last."""


class Desk:
    """Answers questions about one model, one after another, in the order in which figures first asked.

    A figure asks under its own key. While a question waits, a newer one under the same key takes its place and the
    older is cancelled: dragging a slider builds no queue. Who asks several questions in a row takes a `turn` for them,
    and asks in vain once somebody with a later turn has asked: an answer that nobody reads any more must not push a
    newer question out. The model is loaded at the first question, or by `warm`.
    """

    def __init__(
        self, source: str = DEFAULT_MODEL, device: str = "cpu", prepare: Callable[[], None] = lambda: None
    ) -> None:
        """Begin with nothing loaded; `source` is a shipped name or a folder, `prepare` is called before each answer."""
        self.source, self.device, self.prepare = source, device, prepare
        self._model: Model | None = None
        self._waiting: OrderedDict[str, tuple[Future[Any], Callable[[Model], Any]]] = OrderedDict()
        self._turns, self._latest = itertools.count(1), OrderedDict[str, int]()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def turn(self) -> int:
        """A place in the order of those who ask: later ones are larger."""
        return next(self._turns)

    def ask(self, key: str, question: Callable[[Model], Any], turn: int | None = None) -> Future[Any]:
        """Put the question; the future holds its answer, its error, or is cancelled by a newer one of the same key."""
        future: Future[Any] = Future()
        with self._changed:
            if turn is not None and not self._newest(key, turn):
                future.cancel()
                return future
            older = self._waiting.pop(key, None)
            if older is not None:
                older[0].cancel()
            self._waiting[key] = (future, question)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="sfumato-desk", daemon=True)
                self._thread.start()
            self._changed.notify()
        return future

    def _newest(self, key: str, turn: int) -> bool:
        latest = max(turn, self._latest.pop(key, turn))
        self._latest[key] = latest
        if len(self._latest) > KEYS:
            self._latest.popitem(last=False)
        return turn == latest

    def warm(self) -> None:
        """Load the model now, in the desk's own thread."""
        self.ask("warm", lambda model: None)

    @property
    def ready(self) -> bool:
        """Is the model loaded?"""
        return self._model is not None

    def close(self) -> None:
        """Cancel what waits, and wait until the thread has ended the question it is at."""
        with self._changed:
            self._closed = True
            for future, _ in self._waiting.values():
                future.cancel()
            self._waiting.clear()
            self._changed.notify()
        if self._thread is not None:  # a process must not end while the network is at work in it
            self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return
                _, (future, question) = self._waiting.popitem(last=False)
            if future.set_running_or_notify_cancel():
                self._answer(future, question)

    def _answer(self, future: Future[Any], question: Callable[[Model], Any]) -> None:
        try:
            self.prepare()
            if self._model is None:
                self._model = load(self.source, device=self.device)
            future.set_result(question(self._model))
        except BaseException as problem:  # carried to whoever asked
            future.set_exception(problem)
