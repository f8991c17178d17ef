"""The part of a recipe that makes a model of few steps: by which method, from which teacher, between which levels."""

from dataclasses import dataclass
from typing import Literal

from sfumato.choices import near
from sfumato.errors import RecipeError
from sfumato.process.distance import HUBER
from sfumato.process.grid import GRIDS

Distance = Literal["squared", "pseudo-huber", "adaptive"]
Method = Literal["distillation", "training", "mean-flow"]

DIALS: dict[Method, int] = {"distillation": 1, "training": 0, "mean-flow": 2}
"""How many numbers a method tells its network: the guidance of a teacher, and a second time."""


@dataclass(frozen=True, kw_only=True)
class ConsistencyOptions:
    """How a network learns to go to the end in one step.

    method: "distillation" follows a teacher's guided flow (Song et al. 2023, CD; Luo et al. 2023, LCM), "training" the
    data alone (CT; iCT: target 0, pseudo-huber, pick "density" with a log-normal one, weigh "apart", growth
    "doubling"), "mean-flow" learns average velocities (Geng et al. 2025), of the teacher where there is one.
    teacher: a model's name or folder; the network begins with its weights. guidance: the range of w that it is told.
    grid, first, last, growth: into how many intervals a trajectory is cut, growing over the run.
    pick: each interval equally often ("evenly"), or as often as process.density has levels in it.
    t_min: the boundary, 0 for the picture itself. target: decay of the target's own average of the weights, 0 for none.
    distance: of two ends (train/consistency.py); huber: c / sqrt(d) of pseudo-huber. weigh: each pair alike ("one"), or
    by one over how far its levels lie apart.
    substeps: the teacher's steps in each interval. own: distillation's share of starts that are the student's own
    pictures, noised, and not the data's (train/own_starts.py).
    perceptual: distillation's weight of how differently both ends look to the teacher (train/perceptual.py); 0: none.
    equal: mean-flow's share of pairs whose two times are one.
    steps: the most evaluations that the model is made for.
    """

    method: Method = "distillation"
    teacher: str = ""
    guidance: tuple[float, float] = (1.0, 8.0)
    grid: str = "shifted"
    first: int = 16
    last: int = 16
    growth: Literal["rising", "doubling"] = "doubling"
    pick: Literal["evenly", "density"] = "evenly"
    t_min: float = 0.0
    distance: Distance = "pseudo-huber"
    huber: float = HUBER
    weigh: Literal["one", "apart"] = "one"
    target: float = 0.0
    substeps: int = 1
    own: float = 0.0
    perceptual: float = 0.0
    equal: float = 0.75
    steps: int = 4

    def __post_init__(self) -> None:
        """Refuse what cannot be learnt from."""
        low, high = self.guidance
        if not -100.0 < low <= high < 100.0:
            raise RecipeError(f"consistency.guidance is {self.guidance}; expected a range of w such as (1.0, 8.0)")
        if self.grid not in GRIDS:
            raise RecipeError(f"consistency.grid is {self.grid!r}; {near(self.grid, GRIDS)}")
        if not 1 <= self.first <= self.last:
            raise RecipeError(f"consistency.first is {self.first}; it must lie in 1..{self.last}, the last number")
        if not 0.0 <= self.target < 1.0 or not 0.0 <= self.t_min < 1.0:
            raise RecipeError(
                f"consistency.target and t_min are {self.target} and {self.t_min}; each lies in [0, 1), without 1"
            )
        if not 0.0 <= self.equal <= 1.0 or not 0.0 <= self.own <= 1.0:
            raise RecipeError(f"consistency.equal and own are {self.equal} and {self.own}; each is a share in [0, 1]")
        if not 0.0 <= self.perceptual < float("inf"):
            raise RecipeError(f"consistency.perceptual is {self.perceptual}; expected a weight of 0 or more")
        if self.perceptual > 0.0 and self.method != "distillation":
            raise RecipeError(
                f"consistency.perceptual is {self.perceptual}, and {self.method!r} compares no ends as a teacher sees "
                "them: set it to 0, or consistency.method to 'distillation'"
            )
        if not 0.0 < self.huber < float("inf"):
            raise RecipeError(f"consistency.huber is {self.huber}; it must be positive ({HUBER} in the paper)")
        if not 1 <= self.substeps <= 64 or not 1 <= self.steps <= 1000:
            raise RecipeError(
                f"consistency.substeps is {self.substeps} and steps {self.steps}; expected 1..64 and 1..1000"
            )
