"""What does the sampling loop cost around the network?  Goal: under 2 % of the network's own time at 50 steps.

    python benchmarks/loop_overhead.py [--tiny] [--steps 50] [--repeats 5] [--samplers ddim heun ...]

Overhead = (time from the first event to the last, less the time inside the network) / time inside the network; the
median of the repeats, in one process. Prompt encoding and decoding lie outside; noise, guidance and the reading of
outputs inside.
"""

import argparse
import statistics
import time
from dataclasses import replace
from typing import Any

import torch
from model import bundle, recipe

from sfumato.pipeline import Bundle, Encoded, trace
from sfumato.samplers import SAMPLERS


class Timed:
    """A network that counts the seconds it takes."""

    def __init__(self, net: Any) -> None:
        self.net, self.seconds, self.calls = net, 0.0, 0

    def __call__(self, *inputs: Any) -> Any:
        """The network's answer."""
        start = time.perf_counter()
        answer = self.net(*inputs)
        self.seconds += time.perf_counter() - start
        self.calls += 1
        return answer


def measure(model: Bundle, sampler: str, steps: int) -> tuple[float, float, int]:
    """Seconds in the loop, seconds in the network, calls of the network."""
    net = Timed(model.denoiser.net)
    events = trace(replace(model, denoiser=replace(model.denoiser, net=net)), recipe(steps, sampler))
    assert isinstance(next(events), Encoded)
    start = time.perf_counter()
    for _ in events:
        pass
    return time.perf_counter() - start, net.seconds, net.calls


def main() -> None:
    """Print one line a sampler."""
    parser = argparse.ArgumentParser(description="Overhead of the sampling loop.")
    parser.add_argument(
        "--tiny", action="store_true", help="a small network: a check that this runs, not a measurement"
    )
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--samplers", nargs="+", default=["ddim", "dpmpp-2m", "unipc"], choices=sorted(SAMPLERS))
    options = parser.parse_args()
    model = bundle(tiny=options.tiny)
    with torch.no_grad():
        for sampler in options.samplers:
            measure(model, sampler, min(options.steps, 10))
            runs = [measure(model, sampler, options.steps) for _ in range(options.repeats)]
            shares = [(whole - net) / net for whole, net, _ in runs]
            whole, _, calls = runs[0]
            print(
                f"{sampler}: overhead {100 * statistics.median(shares):.2f} % of the network's time "
                f"({100 * min(shares):.2f} to {100 * max(shares):.2f}; {calls} calls, {whole:.2f} s)"
            )


if __name__ == "__main__":
    main()
