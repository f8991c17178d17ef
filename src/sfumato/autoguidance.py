"""Autoguidance: away from what a bad version of the same model believes.

    D = D_weak + w (D_strong - D_weak)          w = 1 is the strong model alone

(Karras et al. 2024, "Guiding a diffusion model with a bad version of itself"; w as there). The weak one is the same
network trained for less, or a smaller one: the difference points away from what both do badly in the same way. Told the
same prompt, it leaves the prompt unexaggerated; told the negative one, the difference points towards the prompt as
well, as classifier-free guidance does, at the same two evaluations.
"""

from dataclasses import dataclass, replace

from sfumato.conditioner import Conditioning
from sfumato.denoiser import Denoiser
from sfumato.errors import RecipeError
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import Level
from sfumato.types import Latent


@dataclass(frozen=True, eq=False, kw_only=True)
class Weak:
    """The bad version: its name, its hash, and its beliefs about the same latents."""

    name: str
    model_hash: str
    denoiser: Denoiser


@dataclass(frozen=True, kw_only=True)
class Auto:
    """Scale w inside an interval of t; outside it the strong belief alone. weak: the hash of the weak model.

    prompted: whether the weak model is told the prompt; where not, it is told the negative one. `beside` binds the weak
    model: a recipe names it, and the bundle has it.
    """

    scale: float = 2.0
    interval: tuple[float, float] = (0.0, 1.0)
    weak: str = ""
    prompted: bool = True

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        if not abs(self.scale) < float("inf"):
            raise RecipeError(f"guidance is {self.scale}; it must be a finite number (1 is the model alone)")
        low, high = self.interval
        if not 0.0 <= low <= high <= 1.0:
            raise RecipeError(f"guidance interval is {self.interval}; it must be two times with 0 <= low <= high <= 1")
        if not isinstance(self.prompted, bool):
            raise RecipeError(f"guidance prompted is {self.prompted!r}; expected true or false")

    def beside(self, weak: Weak | None) -> "Beside":
        """The guidance with its weak model. Raises RecipeError where that is another one, or missing."""
        if weak is None or weak.model_hash != self.weak:
            here = "none is loaded" if weak is None else f"{weak.name!r} {weak.model_hash[:12]} is loaded"
            raise RecipeError(
                f"the guidance is by the weak model {self.weak[:12] or '(none)'}, and {here}; load that with --weak, "
                "or sfumato.load(..., weak=...)"
            )
        return Beside(self, weak.denoiser)


@dataclass(frozen=True, eq=False)
class Beside:
    """The two models at work."""

    auto: Auto
    weak: Denoiser

    def __call__(
        self, denoiser: Denoiser, x_t: Latent, level: Level, cond: Conditioning, null: Conditioning, /
    ) -> Prediction:
        """One call of each model; the weak one is not asked where it has no say (w = 1, or outside the interval)."""
        strong, (low, high), w = denoiser(x_t, level, cond), self.auto.interval, self.auto.scale
        if w == 1.0 or not low <= level.t <= high:
            return replace(strong, terms={"strong": strong})
        weak = self.weak(x_t, level, cond if self.auto.prompted else null)
        return replace(strong.beyond(weak, w), terms={"strong": strong, "weak": weak})
