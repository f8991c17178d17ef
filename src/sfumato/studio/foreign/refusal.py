"""What another program is refused with: a status, the entry that it is about, and a word that programs compare."""

from collections.abc import Iterator
from contextlib import contextmanager

from sfumato.errors import RecipeError, SfumatoError


class Refusal(RecipeError):
    """A request that cannot be answered.

    param: the entry of the body that it is about. code: OpenAI's word for it. status: of HTTP, 400..499.
    """

    def __init__(self, words: str, *, param: str | None = None, code: str = "invalid_value", status: int = 400) -> None:
        """Say it."""
        super().__init__(words)
        self.param, self.code, self.status = param, code, status


def status_of(problem: SfumatoError) -> int:
    """The status of HTTP: the asker's fault (4xx), or ours (500: the model cannot be loaded, say)."""
    return problem.status if isinstance(problem, Refusal) else 400 if isinstance(problem, RecipeError) else 500


@contextmanager
def about(param: str) -> Iterator[None]:
    """Whatever is refused in here is refused because of the entry `param`. Raises Refusal."""
    try:
        yield
    except Refusal:
        raise
    except RecipeError as problem:
        raise Refusal(str(problem), param=param) from problem
