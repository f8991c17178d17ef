"""How long does one picture take, the model loaded?  Goal: 2 s for 20 guided steps, 0.3 s for 4 of a student.

    python benchmarks/picture.py [--model tavola] [--student FOLDER] [--repeats 7] [--prompt TEXT]

From the prompt to the picture in memory: text, noise, steps, decoding. The model as it draws where nothing else is
said, then its student in 4, 2 and 1 evaluations, where there is one; by turns in one process, on all threads, each
time with another seed. Medians with their range, and the ratio to the model's own. Behind them how often the network
is passed and what its passes multiply: beside the machine's rate (--gflops, of its bfloat16 or float32 products,
whichever the engine takes) that is the least they could take.
"""

import argparse
import statistics
import time
from typing import Any

import torch

import sfumato
from sfumato.errors import CheckpointError
from sfumato.model import Model
from sfumato.nets.cost import counting
from sfumato.nets.frozen import thawed

STEPS = (4, 2, 1)


def students(name: str, folder: str | None) -> dict[str, tuple[Model, dict[str, Any]]]:
    """The student's ways; none where there is no student."""
    try:
        model = sfumato.load(name, fast=folder or True)
    except CheckpointError as error:
        print(f"no student: {error}")
        return {}
    return {f"{model.name}, {n} steps": (model, {"steps": n}) for n in STEPS}


def seconds(model: Model, prompt: str, seed: int, chosen: dict[str, Any]) -> float:
    """How long a picture takes."""
    start = time.perf_counter()
    next(iter(model.generate(prompt, seed=seed, **chosen)))
    return time.perf_counter() - start


def work(model: Model, prompt: str, chosen: dict[str, Any]) -> float:
    """Floating-point operations of all passes of the network for a picture, in billions."""
    net: Any = thawed(getattr(model.bundle.denoiser, "net", None))
    with counting(net) as counts:
        next(iter(model.generate(prompt, seed=0, **chosen)))
    return 2e-9 * counts.total()


def main() -> None:
    """Print a line a way."""
    parser = argparse.ArgumentParser(description="Seconds a picture, of a model and of its student.")
    add = parser.add_argument
    add("--model", default="tavola")
    add("--student", help="its student, where `generate --fast` does not find it by itself")
    add("--repeats", type=int, default=7)
    add("--prompt", default="a red apple, 3d render")
    add("--gflops", type=float, help="the machine's rate, to say how near the network comes to it")
    options = parser.parse_args()
    own = sfumato.load(options.model)
    ways = {f"{own.name}, as it ships": (own, dict[str, Any]())} | students(options.model, options.student)
    works = {way: work(model, options.prompt, chosen) for way, (model, chosen) in ways.items()}
    times: dict[str, list[float]] = {way: [] for way in ways}
    for seed in range(options.repeats):
        for way, (model, chosen) in ways.items():
            times[way].append(seconds(model, options.prompt, seed, chosen))
    first = times[next(iter(ways))]
    for way, found in times.items():
        ratio = statistics.median(a / b for a, b in zip(found, first, strict=True))
        floor = f", at least {works[way] / options.gflops:.3f} s" if options.gflops else ""
        print(
            f"{way}: {statistics.median(found):.3f} s ({min(found):.3f} to {max(found):.3f}), "
            f"{ratio:.3f} of the first; the network: {works[way]:.1f} GFLOP{floor}"
        )
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}")


if __name__ == "__main__":
    main()
