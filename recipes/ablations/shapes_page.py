"""Make docs/shapes.md of the finished runs of run.py that shapes.py names.

    python recipes/ablations/shapes_page.py RUNS [--out docs/shapes.md]

A number is the mean over the seeds that are there, a dash stands where there is no run.
"""

from measures import ROWS, STEPS
from shapes import SHAPES
from table import MEASURES, Found, change, machines, mean, spreads, write
from variant import Variant

ABOUT = """# Which shape of network, which data

Made by `python recipes/ablations/shapes_page.py RUNS` from the runs of `recipes/ablations/run.py CORPUS --out RUNS
--only {names}`; not edited by hand.
What is measured, and how, is said in [ablations.md](ablations.md): 32 px, eight minutes of one thread each by its own
time of a step, {rows} rows of `tune`, {steps} steps of DDIM for KID. In brackets: the change of the error against
`base`. Seconds: what the steps take at the least time of any of them; other work can only lengthen it. The spread
below is that of the runs of `base` alone; ablations.md has that of the ladder's runs.
"""


def line(found: Found, variant: Variant) -> str:
    """One row; a dash where there is no run."""
    runs = found.get(variant.name, {})
    name = f"| {variant.name} | {variant.what} | {len(runs)} of {variant.seeds} |"
    if not runs:
        return name + " - |" * (3 + len(MEASURES))
    first = next(iter(runs.values()))
    numbers = [mean(measure(run) for run in runs.values()) for measure in MEASURES.values()]
    error = f"{numbers[0]:.2f}{change(found, variant)}"
    alone = mean(run["seconds_alone"] for run in runs.values())
    sizes = f"{first['parameters'] / 1e6:.2f} | {first['steps']} | {alone:.0f}"
    return f"{name} {sizes} | {error} | {' | '.join(f'{value:.1f}' for value in numbers[1:])} |"


def page(found: Found) -> str:
    """The whole document."""
    own = {variant.name: found[variant.name] for variant in SHAPES if variant.name in found}
    columns = ["variant", "what", "seeds", "parameters, M", "steps", "seconds", *MEASURES]
    return "\n".join(
        [
            ABOUT.format(rows=ROWS, steps=STEPS, names=" ".join(variant.name for variant in SHAPES)),
            f"| {' | '.join(columns)} |",
            "|---" * len(columns) + "|",
            *(line(found, variant) for variant in SHAPES),
            f"\n{spreads(own)}\n",
            f"Machine: {machines(own)}." if own else "",
        ]
    )


if __name__ == "__main__":
    write(page, "shapes.md", "Make the table of shapes and data.")
