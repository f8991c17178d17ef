"""The methods that the race compares, each as changes to yardstick.toml, as `--set` takes them.

What each paper says is kept where it has a meaning at this size; how many intervals a trajectory is cut into is less
than the papers' (150 for CT, 1280 for iCT), for runs of thousands of updates, not hundreds of thousands. The grid
is `shifted`, where the papers have EDM's, `karras` (it ends above the picture; so do the proofs have it,
tests/proofs/test_few_steps.py); `own-4` has what tavola-fast has.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Method:
    """One line of the table.

    taught: it follows the teacher, whose training has half of its time. scales: the guidance w that it is drawn with.
    """

    name: str
    what: str
    source: str
    changes: tuple[str, ...] = ()
    taught: bool = False
    scales: tuple[float, ...] = (1.0,)

    @property
    def grid(self) -> str:
        """The grid of its levels, the last that is named; "" for the teacher, which learns at every level."""
        key = "consistency.grid="
        return next((change.removeprefix(key) for change in reversed(self.changes) if change.startswith(key)), "")


TEACHER = Method(name="teacher", what="the flow itself, drawn by DDIM", source="Song, Meng and Ermon 2021")

FEW = ("objective=consistency", "consistency.grid=shifted", "consistency.steps=4")
TAUGHT = (*FEW, "consistency.method=distillation", "network.dials=1", "optimiser.lr=3e-4", "rate.warmup=640")
DATA = (*FEW, "consistency.method=training")

METHODS = (
    Method(
        name="cd",
        what="consistency distillation: the squared distance, an averaged target, no guidance",
        source="Song et al. 2023, algorithm 2",
        changes=(
            *TAUGHT,
            "consistency.guidance=[1.0,1.0]",
            "consistency.first=18",
            "consistency.last=18",
            "consistency.distance=squared",
            "consistency.target=0.95",
        ),
        taught=True,
    ),
    Method(
        name="lcm",
        what="the same with guidance folded in, pseudo-Huber, the student its own target",
        source="Luo et al. 2023",
        changes=(
            *TAUGHT,
            "consistency.guidance=[1.0,4.0]",
            "consistency.first=16",
            "consistency.last=16",
            "consistency.distance=pseudo-huber",
        ),
        taught=True,
        scales=(1.0, 2.0),
    ),
    Method(
        name="own-4",
        what="the same on 4 even levels, the teacher making two steps in each, begun at the student's own pictures",
        source="recipe tavola-fast",
        changes=(
            *TAUGHT,
            "consistency.grid=uniform",
            "consistency.guidance=[1.0,4.0]",
            "consistency.first=4",
            "consistency.last=4",
            "consistency.substeps=2",
            "consistency.own=1.0",
            "consistency.distance=pseudo-huber",
        ),
        taught=True,
        scales=(1.0, 2.0),
    ),
    Method(
        name="ct",
        what="consistency training: the squared distance, an averaged target, intervals that grow from 2 to 64",
        source="Song et al. 2023, algorithm 3",
        changes=(
            *DATA,
            "consistency.first=2",
            "consistency.last=64",
            "consistency.growth=rising",
            "consistency.distance=squared",
            "consistency.target=0.9",
        ),
    ),
    Method(
        name="ict",
        what="improved: no average, pseudo-Huber, log-normal levels, pairs weighed, intervals doubled from 10 to 160",
        source="Song and Dhariwal 2024",
        changes=(
            *DATA,
            "consistency.first=10",
            "consistency.last=160",
            "consistency.growth=doubling",
            "consistency.distance=pseudo-huber",
            "consistency.weigh=apart",
            "consistency.pick=density",
            'process.density={kind="log-normal", mean=-1.1, std=2.0}',
        ),
    ),
    Method(
        name="mean-flow",
        what="average velocities from the data, the adaptive weight, a clock of 16 t for its derivative's sake",
        source="Geng et al. 2025",
        changes=(
            *FEW,
            "consistency.method=mean-flow",
            "consistency.distance=adaptive",
            "consistency.equal=0.75",
            'process.density={kind="logit-normal", mean=-0.4, std=1.0}',
            'process.clock={kind="time", scale=16.0}',
            "network.dials=2",
            "precision=float32",
        ),
    ),
)

NAMED = {method.name: method for method in (TEACHER, *METHODS)}
EVALUATIONS, REFERENCE = (1, 2, 4), 50
"""What is measured; of the teacher also what many evaluations give."""
