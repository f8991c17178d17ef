"""A step's pictures dealt to threads, each of which takes its own forwards and backwards.

torch shares every single operation out among its threads, who wait for each other after each, and many operations of a
small network are too small to share. A thread that has pictures of its own waits once, when the gradients are added: in
the order of the pictures, so that the sum is that of micro-batches one after the other, bit for bit.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from sfumato.train.objective import Moment, Objective
from sfumato.train.shares import dealt

LEAST = 16
"""Pictures that a thread is given at least: with fewer its products are so thin that it is better to share them."""


class Hands:
    """The threads of one run, kept from step to step: torch's kernels remember their plans thread by thread."""

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        self._pool = ThreadPoolExecutor(os.cpu_count(), "hand")

    def number(self, pictures: int) -> int:
        """How many threads are given pictures of their own: 1 off the CPU, and where the objective cannot be split."""
        parameter = next(self.objective.net.parameters())
        if parameter.device.type != "cpu" or not self.objective.splits:
            return 1
        return max(1, min(torch.get_num_threads(), pictures // LEAST))

    def backward(self, moment: Moment, part: slice) -> Tensor:
        """Add the gradient of the mean loss over one part, times its share of the step; the loss, so weighted."""
        number = self.number(part.stop - part.start)
        if number > 1:
            return self.at_once(moment, dealt(part, number))
        loss = self.objective.loss(moment, part) * moment.share(part)
        loss.backward()
        return loss.detach()

    def at_once(self, moment: Moment, parts: Sequence[slice]) -> Tensor:
        """The same for several parts, each in a thread with its share of torch's threads."""
        threads = torch.get_num_threads()
        parameters = [p for p in self.objective.net.parameters() if p.requires_grad]

        def work(part: slice) -> tuple[Tensor, tuple[Tensor | None, ...]]:
            torch.set_num_threads(max(1, threads // len(parts)))
            loss = self.objective.loss(moment, part) * moment.share(part)
            return loss.detach(), torch.autograd.grad(loss, parameters, allow_unused=True)

        try:
            done = list(self._pool.map(work, parts))
        finally:
            torch.set_num_threads(threads)  # the library of matrix products has one number for all
        for _, gradients in done:
            for parameter, gradient in zip(parameters, gradients, strict=True):
                if gradient is not None:
                    parameter.grad = gradient if parameter.grad is None else parameter.grad.add_(gradient)
        first, *others = [loss for loss, _ in done]
        return sum(others, start=first)
