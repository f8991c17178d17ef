"""What the yardstick is run with: a ladder from the recipe classic to the recipe fresco, and what stands beside it.

Each variant is another one with a few settings changed, as `--set` takes them. shapes.py has those that ask what shape
of network and which data are best.
"""

from shapes import SHAPES, TOLD
from variant import Variant

from sfumato.train.augment import DIALS

FLOW = (
    'process.schedule={kind="rectified"}',
    'process.parameterisation={kind="flow"}',
    'process.density={kind="uniform", shift=3.0}',
    'process.clock={kind="time", scale=1000.0}',
)
RATE = ("optimiser.lr=6e-4", "optimiser.betas=[0.9, 0.99]", "optimiser.weight_decay=0.01")

VARIANTS = (
    Variant(name="classic", what="eps, linear schedule, uniform steps, AdamW at 2e-4", seeds=3),
    Variant(
        name="objective",
        after="classic",
        what="flow on the rectified schedule, levels uniform with a shift of 3",
        changes=FLOW,
        seeds=3,
    ),
    Variant(
        name="optimiser",
        after="objective",
        what="Muon for the blocks' matrices at 2 x 6e-4, AdamW at 6e-4 elsewhere",
        changes=('optimiser.kind="muon"', "optimiser.muon=2.0", *RATE),
        seeds=3,
    ),
    Variant(
        name="captions", after="optimiser", what="half of the prompts are long", changes=("data.long=0.5",), seeds=3
    ),
    Variant(
        name="modulation",
        after="captions",
        what="blocks told by scale and shift, token states normed, pooled text",
        changes=TOLD,
    ),
    Variant(
        name="augmentation",
        after="modulation",
        what="each of five moves with probability 0.12, told to the network",
        changes=("data.augment=0.12", f"network.dials={DIALS}"),
    ),
    Variant(
        name="posthoc",
        after="augmentation",
        what="the same run, with the width of the average chosen after training",
        trains=False,
        posthoc=True,
    ),
    Variant(
        name="fresco",
        after="augmentation",
        what="learning rate to zero over the last fifth, width of the average chosen after training",
        posthoc=True,
        cooldown=0.2,
    ),
    Variant(
        name="v-cosine",
        after="classic",
        what="v on the cosine schedule",
        changes=('process.schedule={kind="cosine", T=1000}', 'process.parameterisation={kind="v"}'),
        beside=True,
    ),
    Variant(
        name="x0-v-loss",
        after="objective",
        what="x_0 with the loss of the flow, other things as in `objective`",
        changes=('process.parameterisation={kind="x0"}', 'process.weight={kind="flow", floor=0.05}'),
        beside=True,
    ),
    Variant(
        name="logit-normal",
        after="objective",
        what="logit-normal levels (0, 1), other things as in `objective`",
        changes=('process.density={kind="logit-normal"}',),
        beside=True,
    ),
    Variant(
        name="uniform",
        after="objective",
        what="uniform levels without a shift, other things as in `objective`",
        changes=('process.density={kind="uniform", shift=1.0}',),
        beside=True,
    ),
    Variant(
        name="adamw-rate",
        after="objective",
        what="AdamW at the rate of `optimiser`, without Muon",
        changes=RATE,
        beside=True,
    ),
)
NAMED = {variant.name: variant for variant in (*VARIANTS, *SHAPES)}


def changes_of(variant: Variant) -> tuple[str, ...]:
    """Every setting that differs from the yardstick, the variant's own last."""
    return (*changes_of(NAMED[variant.after]), *variant.changes) if variant.after else variant.changes


def queue() -> list[tuple[Variant, int]]:
    """All (variant, seed) in order of worth: the ladder with seed 0, what stands beside it, then the other seeds.

    Those of shapes.py come last, by seed.
    """
    first = [(v, 0) for beside in (False, True) for v in VARIANTS if v.beside == beside]
    more = [(v, seed) for seed in (1, 2) for v in VARIANTS if seed < v.seeds]
    return first + more + [(v, seed) for seed in (0, 1) for v in SHAPES if seed < v.seeds]
