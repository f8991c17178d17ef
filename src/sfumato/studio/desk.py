"""One thread that owns the model, and a queue in which a figure's newest question replaces its older one."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from sfumato.model import DEFAULT_MODEL, Model, load


class Desk:
    """Answers questions about one model, one after another, in the order in which figures first asked.

    A figure asks under its own key. While a question waits, a newer one under the same key takes its place and the
    older is cancelled: dragging a slider builds no queue. The model is loaded at the first question, or by `warm`.
    """

    def __init__(
        self, source: str = DEFAULT_MODEL, device: str = "cpu", prepare: Callable[[], None] = lambda: None
    ) -> None:
        """Begin with nothing loaded; `source` is a shipped name or a folder, `prepare` is called before loading it."""
        self.source, self.device, self.prepare = source, device, prepare
        self._model: Model | None = None
        self._waiting: OrderedDict[str, tuple[Future[Any], Callable[[Model], Any]]] = OrderedDict()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def ask(self, key: str, question: Callable[[Model], Any]) -> Future[Any]:
        """Put the question; the future holds its answer, its error, or is cancelled by a newer one of the same key."""
        future: Future[Any] = Future()
        with self._changed:
            older = self._waiting.pop(key, None)
            if older is not None:
                older[0].cancel()
            self._waiting[key] = (future, question)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="sfumato-desk", daemon=True)
                self._thread.start()
            self._changed.notify()
        return future

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
            if self._model is None:
                self.prepare()
                self._model = load(self.source, device=self.device)
            future.set_result(question(self._model))
        except BaseException as problem:  # carried to whoever asked
            future.set_exception(problem)
