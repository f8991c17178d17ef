"""The width of the weights' average, chosen after training, from snapshots of one running average.

Karras et al. 2024, section 3.2. A snapshot at step t is an average with the profile p(tau) = (g + 1) tau^g / t^(g + 1)
over 0 <= tau <= t. Profiles of other widths are nearly sums of those that were kept, p* ~ sum_i x_i p_i, with x from
least squares in the inner product int p q dtau; and the same sum of the snapshots is that average of the weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors
from jaxtyping import Float64
from torch import Tensor

from sfumato.errors import CheckpointError, RecipeError
from sfumato.train.average import exponent
from sfumato.weights import serialise

LIMIT = 0.2
"""The relative error of a profile above which it is refused."""


@dataclass(frozen=True)
class Profile:
    """What an average is made of: the step it ends at, and its width relative to that."""

    step: float
    sigma_rel: float


@dataclass(frozen=True, eq=False)
class Blend:
    """Shares of the snapshots, which sum to 1, and the relative error of the profile that they make."""

    shares: Float64[np.ndarray, " n"]
    error: float


def inner(a: Sequence[Profile], b: Sequence[Profile]) -> Float64[np.ndarray, "n m"]:
    """int p_a p_b dtau = (g + 1)(h + 1) / (g + h + 1) m^(g + h + 1) / (t^(g + 1) s^(h + 1)), m = min(t, s)."""
    t, g = (np.array(v)[:, None] for v in ([p.step for p in a], [exponent(p.sigma_rel) for p in a]))
    s, h = (np.array(v)[None, :] for v in ([p.step for p in b], [exponent(p.sigma_rel) for p in b]))
    low = np.minimum(t, s)
    return (g + 1) * (h + 1) / (g + h + 1) * (low / t) ** (g + 1) * (low / s) ** (h + 1) / low


def blend(kept: Sequence[Profile], wanted: Profile) -> Blend:
    """The shares of `kept` whose sum is nearest to `wanted`, among those that sum to 1.

    error: |sum_i x_i p_i - p*| / |p*| in the same inner product (0: exact).
    """
    gram, right = inner(kept, kept), inner(kept, [wanted])[:, 0]
    n = len(kept)
    system = np.ones((n + 1, n + 1))
    system[:n, :n], system[n, n] = gram, 0.0
    shares = np.linalg.lstsq(system, np.append(right, 1.0), rcond=1e-12)[0][:n]
    norm = inner([wanted], [wanted])[0, 0]
    square = (shares @ gram @ shares - 2.0 * shares @ right + norm) / norm
    return Blend(shares, float(max(0.0, square) ** 0.5))


def average_of(folder: Path, sigma_rel: float) -> dict[str, Tensor]:
    """The average of width sigma_rel at the newest snapshot of `folder`, in float32.

    Raises CheckpointError where the folder holds no readable snapshot, RecipeError where they cannot give that width: a
    narrower one than theirs needs snapshots closer together.
    """
    paths = {profile_of(path): path for path in sorted(folder.glob("*.safetensors"))}
    kept = list(paths)
    if not kept:
        raise CheckpointError(f"{folder} holds no snapshot of the average; train with watch.snapshot above 0")
    found = blend(kept, Profile(max(p.step for p in kept), sigma_rel))
    if found.error > LIMIT:
        raise RecipeError(
            f"an average of width {sigma_rel} is {found.error:.0%} off what {len(kept)} snapshots can give "
            f"(limit {LIMIT:.0%}); choose one nearer to {kept[0].sigma_rel}"
        )
    total: dict[str, Tensor] = {}
    for profile, share in zip(kept, found.shares, strict=True):
        with safetensors.safe_open(paths[profile], "pt") as file:
            for name in file.keys():  # noqa: SIM118 - the reader is no dictionary
                value = file.get_tensor(name).float() * float(share)
                total[name] = total[name] + value if name in total else value
    return total


def profile_of(path: Path) -> Profile:
    """The step and width that a snapshot says of itself."""
    try:
        with safetensors.safe_open(path, "pt") as file:
            about = file.metadata() or {}
        return Profile(float(about["step"]), float(about["sigma_rel"]))
    except Exception as error:  # the library raises its own type, and others on odd headers
        raise CheckpointError(f"{path} is no snapshot of an average: it is damaged, or another kind of file") from error


def read_snapshot(path: Path) -> tuple[Profile, dict[str, Tensor]]:
    """One snapshot: what it is, and its weights. Raises CheckpointError."""
    profile = profile_of(path)
    with safetensors.safe_open(path, "pt") as file:
        return profile, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - the reader is no dictionary


def snapshot(weights: dict[str, Tensor], step: int, sigma_rel: float) -> bytes:
    """The bytes of a snapshot: the average in float32, and what it is."""
    return serialise(weights, "float32", {"step": str(step), "sigma_rel": repr(sigma_rel)})
