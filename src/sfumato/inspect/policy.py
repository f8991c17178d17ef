"""What to keep of a run, as data."""

from dataclasses import dataclass

from sfumato.choices import near
from sfumato.errors import RecipeError

FIELDS = ("x_t", "x0_hat", "eps_hat", "x_next", "cond", "null", "strong", "weak")
"""Arrays that a step can leave: the state, the belief, the next state, and eps_hat of what the belief was made of."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Which steps leave arrays behind, which arrays, and how many bytes they may take together.

    every: keep each n-th step, and the last. fields: names out of FIELDS. attention: a pattern of layer names
    (inspect.watch), such as "net.*cross*"; its maps are averaged over heads. Watching forms attention explicitly,
    which may move the last bit of a picture; without it a recorded picture is the same to the bit. dtype: float16
    halves the size, float32 keeps every bit. max_bytes: past it, numbers are still noted but arrays are not.

    Raises:
        RecipeError: an unknown field or dtype, or a number below 1.
    """

    every: int = 1
    fields: tuple[str, ...] = ("x_t", "x0_hat", "eps_hat", "cond", "null", "strong", "weak")
    attention: str | None = None
    dtype: str = "float16"
    max_bytes: int = 256 << 20

    def __post_init__(self) -> None:
        """Refuse what cannot be kept."""
        for name in self.fields:
            if name not in FIELDS:
                raise RecipeError(f"a trace cannot keep {name!r}; {near(name, FIELDS)}")
        if self.dtype not in ("float16", "float32"):
            raise RecipeError(f"a trace cannot be kept in {self.dtype!r}; expected float16 or float32")
        for name in ("every", "max_bytes"):
            if not isinstance(getattr(self, name), int) or getattr(self, name) < 1:
                raise RecipeError(f"trace {name} is {getattr(self, name)!r}; expected a whole number from 1")

    def keeps(self, i: int, last: int) -> bool:
        """Whether step i of 0..last leaves arrays."""
        return i % self.every == 0 or i == last
