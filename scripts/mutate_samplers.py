"""Flip each + and - of every sampler in turn, and demand that the proofs notice.

    python scripts/mutate_samplers.py [FILE...]        FILE is one of src/sfumato/samplers, without .py; all by default

Each mutant is the module's own syntax tree with one binary or unary sign turned, run in this process. A mutant is
caught when a proof fails or the mutant raises. Exits 1 when one survives, 2 when a sampler as it is fails a proof.
"""

import argparse
import ast
import itertools
import math
import sys
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "proofs"))

from ground import Gaussian, even, moments, order, run, weak_order  # noqa: E402

from sfumato import rng  # noqa: E402
from sfumato.process.prediction import Prediction  # noqa: E402
from sfumato.process.schedule import CLEAN  # noqa: E402
from sfumato.process.schedules import schedule_from  # noqa: E402
from sfumato.samplers import SAMPLERS  # noqa: E402

FOLDER = ROOT / "src" / "sfumato" / "samplers"
SIGNS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.USub: ast.UAdd, ast.UAdd: ast.USub}
VARIANTS = {
    "ddpm": [{}, {"variance": "beta"}],
    "ddim": [{}, {"eta": 1.0}, {"eta": 0.5}],
    "unipc": [{}, {"variant": "bh1"}],
    "langevin": [{"snr": 0.2}, {"corrections": 0}, {"corrections": 2}],
}


def signs(tree: ast.Module) -> list[ast.AST]:
    """Every node with a + or - of its own, as they are read."""
    found = [node for node in ast.walk(tree) if type(getattr(node, "op", None)) in SIGNS]
    return sorted(found, key=lambda node: (node.lineno, node.col_offset, node.end_col_offset))  # type: ignore


def load(path: Path, flipped: int | None) -> tuple[type, int, str]:
    """The sampler class of a file with sign number `flipped` turned, and the line and the new text of that sign."""
    tree = ast.parse(path.read_text())
    line, text = 0, ""
    if flipped is not None:
        node = signs(tree)[flipped]
        node.op = SIGNS[type(node.op)]()  # type: ignore[attr-defined]
        line, text = node.lineno, ast.unparse(node)  # type: ignore[attr-defined]
    module = types.ModuleType(f"mutant_{path.stem}_{flipped}")
    sys.modules[module.__name__] = module
    exec(compile(tree, str(path), "exec"), module.__dict__)
    names = vars(module).values()
    (cls,) = [c for c in names if isinstance(c, type) and c.__module__ == module.__name__ and hasattr(c, "kind")]
    return cls, line, text


def steps_are_linked(cls: type) -> bool:
    """One step for each pair, from where the last one led, with the evaluations and noise of the sampler as it is."""
    levels = (*even(schedule_from({"kind": "rectified"}), 11, 1.0, 0.02), CLEAN)
    for options in VARIANTS.get(cls.kind, [{}]):
        logs = []
        for each in (cls, SAMPLERS[cls.kind]):
            log: list = []

            def believe(x, level, log=log):
                log.append(level.t)
                return Prediction(x, level, np.tanh(x), (x - level.alpha * np.tanh(x)) / level.sigma)

            def noise(step, draw, like, log=log):
                log.append((step, draw))
                return np.ones_like(like)

            steps = list(each(**options)(believe, np.ones((1, 3)), levels, noise))
            linked = all(a.x_next is b.prediction.x_t for a, b in itertools.pairwise(steps))
            pairs = [(s.i, s.here.t, s.there.t, len(s.extra)) for s in steps]
            logs.append((linked, log, pairs))
        if logs[0] != logs[1] or not logs[0][0]:
            return False
    return True


def lands(cls: type) -> bool:
    """A known picture is reached, from no signal at all and over schedules of every family."""
    picture = np.linspace(-1.0, 1.0, 5)[None]
    for kind, options in itertools.product(("linear", "rectified", "ve"), VARIANTS.get(cls.kind, [{}])):
        levels = (*even(schedule_from({"kind": kind}), 11, 1.0, 0.02), CLEAN)
        start = levels[0].sigma * rng.normal(1, (1, 5), stream=rng.INITIAL).astype(np.float64)
        end = run(
            cls(**options), lambda x, level: Prediction.from_x0(x, level, picture), start, levels, rng.PerSample((1,))
        )
        if not np.abs(end - picture).max() < 1e-9:
            return False
    return True


def has_order(cls: type) -> bool:
    """The stated order, for samplers that draw no noise."""
    counts = (80, 160, 320)
    return all(
        abs(order(cls(**options), name, schedule_from({"kind": kind}), counts) - cls.order) <= 0.2
        for options in VARIANTS.get(cls.kind, [{}])
        for kind, name in (("linear", "mixture"), ("ve", "anisotropic"))
        if options.get("eta", 0.0) == 0.0
    )


def has_weak_order(cls: type) -> bool:
    """The stated weak order, exact means, and the right memory of the start."""
    for kind, options in itertools.product(("linear", "rectified"), VARIANTS.get(cls.kind, [{}])):
        eta = options.get("eta", 1.0 if cls.kind != "ddim" else 0.0)
        if eta == 0.0:
            continue
        found = weak_order(sampler_for(cls, options), schedule_from({"kind": kind}), eta, (40, 80, 160))
        if not (found.mean_error < 1e-12 and abs(found.variance - cls.order) <= 0.2):
            return False
        exact = eta == 1.0 and cls.kind != "langevin"
        if exact and not found.memory_error < 1e-12:
            return False
    return True


def sampler_for(cls: type, options: dict) -> Callable:
    """The sampler for n steps: the snr of Langevin falls as its proof wants."""
    if cls.kind == "langevin":
        return lambda n: cls(**{**options, "snr": 2.0 / math.sqrt(n)})
    return lambda n: cls(**options)


def adds_its_noise(cls: type) -> bool:
    """Noise is added, not taken away: the same seed must mean the same picture."""
    levels, x, data = even(schedule_from({"kind": "linear"}), 1), np.ones((1, 3)) / 7.0, Gaussian(0.0, 0.7)
    for options in VARIANTS.get(cls.kind, [{}]):
        asked: list[int] = []

        def noise(step, draw, like, asked=asked):
            asked.append(draw)
            return np.eye(like.shape[1])[[draw]]

        moved = run(cls(**options), data, x, levels, noise)
        still = run(cls(**options), data, x, levels, lambda step, draw, like: np.full_like(like, 1e-9))
        if not all((moved - still)[0, draw] > 0.0 for draw in asked):
            return False
    return True


def is_exact_for_one_picture(cls: type) -> bool:
    """Where x_0 is known, a step of any length lands on q(x_s | x_0); "beta" does so for N(0, 1) instead."""
    levels = even(schedule_from({"kind": "linear"}), 4)
    for options in VARIANTS.get(cls.kind, [{}]):
        data = Gaussian(0.0, 1.0) if options.get("variance") == "beta" else Gaussian(0.8, 0.0)
        if cls.kind == "langevin" and options.get("corrections") != 0:
            continue
        mean, variance, _ = moments(cls(**options), data, levels)
        if not max(abs(mean - levels[-1].alpha * data.mean), abs(variance - data.variance(levels[-1]))) < 1e-12:
            return False
    return True


def has_its_bias(cls: type) -> bool:
    """Langevin's stationary variance at a fixed snr: too large by about snr^2."""
    levels, data = even(schedule_from({"kind": "ve"}), 160), Gaussian(0.5, 0.7)
    _, variance, _ = moments(cls(snr=0.2, corrections=6), data, levels)
    return abs((variance / data.variance(levels[-1]) - 1.0) / 0.2**2 - 1.0) < 0.15


ALWAYS = [steps_are_linked, lands]
QUIET = [*ALWAYS, has_order]
NOISY = [*ALWAYS, adds_its_noise, is_exact_for_one_picture, has_weak_order]
PROOFS: dict[str, list[Callable[[type], bool]]] = {
    **dict.fromkeys(("euler", "heun", "dpmpp-2m", "unipc", "pndm"), QUIET),
    **dict.fromkeys(("ddpm", "euler-ancestral", "dpmpp-2m-sde"), NOISY),
    "ddim": [*NOISY, has_order],
    "langevin": [*NOISY, has_its_bias],
    "consistency": [*ALWAYS, adds_its_noise, is_exact_for_one_picture],
}


def caught_by(cls: type) -> str | None:
    """The name of the first proof that fails, or of what the mutant raises; None when all hold."""
    for proof in PROOFS[cls.kind]:
        try:
            with np.errstate(all="ignore"):
                if not proof(cls):
                    return proof.__name__
        except (ArithmeticError, ValueError, TypeError, IndexError, AttributeError, UnboundLocalError) as problem:
            return f"{proof.__name__}: {type(problem).__name__}"
        except np.linalg.LinAlgError:
            return f"{proof.__name__}: LinAlgError"
    return None


def mutants(path: Path) -> Iterator[tuple[int, str, str | None]]:
    """Each mutant of a file: its line, what it computes instead, and what caught it."""
    for k in range(len(signs(ast.parse(path.read_text())))):
        cls, line, text = load(path, k)
        yield line, text, caught_by(cls)


def main() -> int:
    """Print a table of mutants; the exit status says whether all were caught."""
    files = {p.stem: p for p in sorted(FOLDER.glob("*.py")) if p.stem not in ("__init__", "base")}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="FILE", help=f"of {', '.join(files)}; all by default")
    names = parser.parse_args().names or list(files)
    if not set(names) <= set(files):
        parser.error(f"no such sampler: {', '.join(set(names) - set(files))}")
    began, count, survivors = time.perf_counter(), 0, 0
    for path in (files[name] for name in names):
        complaint = caught_by(load(path, None)[0])
        if complaint:
            print(f"{path.stem}: fails as it is: {complaint}")
            return 2
        for line, text, catcher in mutants(path):
            count, survivors = count + 1, survivors + (catcher is None)
            print(f"{path.stem + ':' + str(line):22} {catcher or 'SURVIVED':42} {text[:90]}", flush=True)
    print(f"{count} mutants, {count - survivors} caught, {survivors} survived, {time.perf_counter() - began:.0f} s")
    return 1 if survivors or not count else 0


if __name__ == "__main__":
    sys.exit(main())
