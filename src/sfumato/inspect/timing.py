"""How long each part of a network takes, while it answers."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from torch import Tensor, nn

from sfumato.inspect.watch import modules


@dataclass(frozen=True, kw_only=True)
class Timed:
    """One call of one module: its path, class, what it put out, how many numbers it holds with all inside, seconds.

    parent: the path of the module that called it, "" for the network itself.
    """

    path: str
    parent: str
    kind: str
    shape: tuple[int, ...]
    numbers: int
    seconds: float


@contextmanager
def timing(target: object) -> Iterator[list[Timed]]:
    """Time every module of a network while the block lasts; the list fills in the order in which calls end.

    Seconds are wall time with all that a module calls; on a GPU each call is waited for, so that they add up to more
    than an answer takes untimed. Nothing is computed otherwise.

    Raises:
        RecipeError: no torch module.
    """
    found: list[Timed] = []
    calls: list[tuple[str, float]] = []
    with ExitStack() as undo:
        for path, module in modules(target, nn.Module).items():
            undo.callback(module.register_forward_pre_hook(_begun(path, calls)).remove)
            undo.callback(module.register_forward_hook(_ended(calls, found)).remove)
        yield found


def _begun(path: str, calls: list[tuple[str, float]]) -> Callable[[nn.Module, tuple[object, ...]], None]:
    def hook(_module: nn.Module, inputs: tuple[object, ...]) -> None:
        _wait(inputs)
        calls.append((path, time.perf_counter()))

    return hook


def _ended(
    calls: list[tuple[str, float]], found: list[Timed]
) -> Callable[[nn.Module, tuple[object, ...], object], None]:
    def hook(module: nn.Module, _inputs: tuple[object, ...], output: object) -> None:
        _wait((output,))
        path, begin = calls.pop()
        seconds = time.perf_counter() - begin
        shape = tuple(output.shape) if isinstance(output, Tensor) else ()
        numbers = sum(values.numel() for values in module.parameters())
        parent = calls[-1][0] if calls else ""
        found.append(
            Timed(path=path, parent=parent, kind=type(module).__name__, shape=shape, numbers=numbers, seconds=seconds)
        )

    return hook


def _wait(values: tuple[object, ...]) -> None:
    """Until a GPU has done what was asked of it."""
    for value in values:
        if isinstance(value, Tensor) and value.is_cuda:
            import torch

            torch.cuda.synchronize(value.device)
            return
