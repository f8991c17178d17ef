"""The least time that work can take: its products, at the rate that large matrices reach on the same machine."""

import statistics
from collections.abc import Callable

import torch
from data_loading import clock
from torch.utils.flop_counter import FlopCounterMode

SIDE, ROUNDS = 2048, 5


def flops(work: Callable[[], object]) -> int:
    """Multiplications and additions of the convolutions and matrix products inside `work`, both ways.

    Fused attention on a CPU is not among them: torch's counter does not know it.
    """
    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops()


def matrix_rate(dtype: torch.dtype, device: torch.device) -> float:
    """FLOP/s of a product of two square matrices of SIDE, the median of ROUNDS, with the threads that are set."""
    a, b = (torch.randn(SIDE, SIDE, device=device).to(dtype) for _ in range(2))
    a @ b
    rates = []
    for _ in range(ROUNDS):
        begin = clock(device)
        a @ b
        rates.append(2.0 * SIDE**3 / (clock(device) - begin))
    return statistics.median(rates)
