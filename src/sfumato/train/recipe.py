"""A training recipe: everything that decides what a run computes, as frozen dataclasses with plain values.

TOML in, JSON out. Counts are pictures shown (images), never steps, so that a recipe means the same at another batch
size.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from sfumato.corpus.split import Split
from sfumato.errors import RecipeError
from sfumato.train.consistency_recipe import ConsistencyOptions

Options = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class SourceChoice:
    """A corpus and how often each of its pictures is shown in an epoch (1.0 = once); `styles` keeps only those.

    most: of a larger corpus, keep so many pictures (0: all).
    """

    name: str
    weight: float = 1.0
    styles: tuple[str, ...] = ()
    most: int = 0


@dataclass(frozen=True, kw_only=True)
class Data:
    """What is shown. size: pixels. flip: probability of a mirrored picture where the caption names no left or right.

    drop, keyword, long: the shares of empty, short and long prompts (corpus/prompt.py). augment: the probability of
    each way to move a picture of which the network is told (train/augment.py).
    """

    size: int = 128
    sources: tuple[SourceChoice, ...] = (SourceChoice(name="glyphs"),)
    flip: float = 0.0
    drop: float = 0.1
    keyword: float = 0.3
    long: float = 0.0
    augment: float = 0.0
    crop: int = 0


@dataclass(frozen=True, kw_only=True)
class Space:
    """Where diffusion happens: the pixels, or the latents of an autoencoder (a model folder, a run, or its weights)."""

    kind: Literal["pixels", "latent"] = "latent"
    autoencoder: str = ""
    vae: Options = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Process:
    """The noise process and what the network is asked for; each entry is a registry's {"kind": ..., options}."""

    schedule: Options = field(default_factory=lambda: {"kind": "rectified"})
    parameterisation: Options = field(default_factory=lambda: {"kind": "flow"})
    density: Options = field(default_factory=lambda: {"kind": "logit-normal"})
    weight: Options = field(default_factory=lambda: {"kind": "simple"})
    clock: Options = field(default_factory=lambda: {"kind": "time", "scale": 1000.0})


@dataclass(frozen=True, kw_only=True)
class Optimiser:
    """AdamW (Loshchilov and Hutter 2019), gradient norm clipped. batch: pictures a step, in parts of `micro`.

    kind "muon": Muon for the matrices of the blocks, at `muon` times the learning rate; AdamW for the rest.
    """

    kind: Literal["adamw", "muon"] = "adamw"
    muon: float = 1.0
    lr: float = 4e-4
    betas: tuple[float, float] = (0.9, 0.99)
    eps: float = 1e-8
    weight_decay: float = 0.01
    clip: float = 1.0
    batch: int = 64
    micro: int = 0


@dataclass(frozen=True, kw_only=True)
class Rate:
    """The learning rate over a run, in images: linear warm-up, constant, then down to zero over the last `cooldown`.

    images: where the run ends; 0 goes on, at a constant rate, until it is stopped.
    seconds: end by the clock, so long after the command began: images and cooldown then follow from it (train/pace.py).
    """

    seconds: float = 0.0
    images: int = 0
    warmup: int = 0
    cooldown: int = 0
    shape: Literal["linear", "cosine"] = "linear"


@dataclass(frozen=True, kw_only=True)
class Average:
    """The power-function average of the weights (Karras et al. 2024): its width relative to the length of the run.

    cap: the average never keeps more than this share of itself in one step (1: no cap).
    """

    sigma_rel: float = 0.07
    cap: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Watch:
    """How often a run looks at itself, in images (0: never), and what it looks at; `split` holds the held-out rows.

    sampler, threshold: of denoisers, what the sheet is drawn with, and by default the model that comes of the run.
    snapshot: how often the average is kept for good, so that its width can be chosen after training (train/posthoc.py).
    """

    metrics: int = 1000
    heldout: int = 20_000
    heldout_rows: int = 128
    bins: int = 8
    sheet: int = 20_000
    split: Split = "tune"
    prompts: tuple[str, ...] = ()
    steps: int = 25
    guidance: float = 3.0
    sampler: Options = field(default_factory=lambda: {"kind": "ddim"})
    threshold: Options = field(default_factory=dict)
    checkpoint: int = 20_000
    keep: int = 2
    snapshot: int = 0


@dataclass(frozen=True, kw_only=True)
class AutoencoderLoss:
    """Weights of the autoencoder's terms (train/autoencoding.py, train/reconstruction.py).

    adversarial: of a critic's opinion (train/rivals.py); at 0 there is no critic. recolour: probability of a permuted
    colour order. For RGBA, composite: the share of what is seen over a background;
    white: the probability of a white one.
    """

    gradient: float = 0.5
    squared: float = 1.0
    scales: float = 0.0
    equivariance: float = 0.25
    kl: float = 5e-4
    adversarial: float = 0.0
    recolour: float = 0.3
    composite: float = 0.5
    white: float = 0.5


@dataclass(frozen=True, kw_only=True)
class TrainRecipe:
    """A whole run. `network` holds the network's own arguments and `kind`, the name of its class.

    distil: towers only, the weight of learning from the text encoder in `text` as well (train/contrasting.py).
    compile: denoisers only, let torch.compile fuse the network's operations; takes minutes at every start, and a C++
    compiler on a CPU.
    """

    version: int = 1
    name: str
    objective: Literal["denoiser", "autoencoder", "towers", "consistency"] = "denoiser"
    about: str = ""
    seed: int = 0
    precision: Literal["auto", "bfloat16", "float32"] = "auto"
    compile: bool = False
    network: Options = field(default_factory=dict)
    text: Options = field(default_factory=dict)
    data: Data = Data()
    space: Space = Space()
    process: Process = Process()
    optimiser: Optimiser = Optimiser()
    rate: Rate = Rate()
    average: Average = Average()
    watch: Watch = Watch()
    loss: AutoencoderLoss = AutoencoderLoss()
    distil: float = 0.0
    consistency: ConsistencyOptions = field(default_factory=ConsistencyOptions)

    @property
    def on_latents(self) -> bool:
        """Whether an autoencoder encodes the pictures before; autoencoders and towers train on the pictures."""
        return self.space.kind == "latent" and self.objective in ("denoiser", "consistency")

    def __post_init__(self) -> None:
        """Refuse what cannot be trained."""
        if self.version != 1:
            raise RecipeError(
                f"the recipe is of version {self.version}; this Sfumato reads version 1: install a newer one"
            )
        if not 0 <= self.seed < 2**64:
            raise RecipeError(f"seed is {self.seed}; it must lie in 0..2^64 - 1")
        positive = {
            "data.size": self.data.size, "optimiser.lr": self.optimiser.lr,
            "optimiser.muon": self.optimiser.muon, "optimiser.batch": self.optimiser.batch,
            "watch.metrics": self.watch.metrics, "watch.checkpoint": self.watch.checkpoint, "watch.keep":
            self.watch.keep, "watch.bins": self.watch.bins, "average.sigma_rel": self.average.sigma_rel,
        }  # fmt: skip
        for name, value in positive.items():
            if not 0 < value < float("inf"):
                raise RecipeError(f"{name} is {value}; it must be a positive number")
        for name in ("drop", "keyword", "long", "flip", "augment"):
            value = getattr(self.data, name)
            if not 0 <= value <= 1:
                raise RecipeError(f"data.{name} is {value}; a probability lies in [0, 1]")
        if not self.data.sources or any(not s.weight > 0 for s in self.data.sources):
            raise RecipeError("data.sources must name at least one corpus, each with a weight above 0")
        if self.optimiser.micro and self.optimiser.batch % self.optimiser.micro:
            raise RecipeError(
                f"optimiser.batch {self.optimiser.batch} is no multiple of optimiser.micro {self.optimiser.micro}"
            )
