"""Samplers: from noise to data along a list of levels. Each file is one published method with its stated order."""

from collections.abc import Mapping
from typing import Any

from sfumato.choices import choose, describe
from sfumato.samplers.base import Denoise, Noise, Sampler, Step
from sfumato.samplers.consistency import Consistency
from sfumato.samplers.ddim import DDIM
from sfumato.samplers.ddpm import DDPM
from sfumato.samplers.dpmpp import DPMPP2M
from sfumato.samplers.dpmpp_sde import DPMPP2MSDE
from sfumato.samplers.euler import Euler
from sfumato.samplers.euler_ancestral import EulerAncestral
from sfumato.samplers.heun import Heun
from sfumato.samplers.langevin import Langevin
from sfumato.samplers.pndm import PNDM
from sfumato.samplers.unipc import UniPC

__all__ = [
    "DDIM",
    "DDPM",
    "DPMPP2M",
    "DPMPP2MSDE",
    "PNDM",
    "SAMPLERS",
    "Consistency",
    "Denoise",
    "Euler",
    "EulerAncestral",
    "Heun",
    "Langevin",
    "Noise",
    "Sampler",
    "Step",
    "UniPC",
    "sampler_from",
    "sampler_to",
]

SAMPLERS: dict[str, type] = {
    cls.kind: cls
    for cls in (DDPM, DDIM, PNDM, Euler, EulerAncestral, Heun, DPMPP2M, DPMPP2MSDE, UniPC, Langevin, Consistency)
}
"""The closed table of samplers by name."""


def sampler_from(options: Mapping[str, Any]) -> Sampler:
    """The sampler that {"kind": "ddim", "eta": 0.5} describes. Raises RecipeError, naming the near ones."""
    return choose(SAMPLERS, options, "sampler")


def sampler_to(sampler: Sampler) -> dict[str, Any]:
    """The options that `sampler_from` would build `sampler` from, every default written out."""
    return describe(SAMPLERS, sampler)
