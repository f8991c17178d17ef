"""D(x_t, level, c): a network, how its output is read, and what it is told of time [trail 4]."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from sfumato.conditioner import Conditioning
from sfumato.process.prediction import Parameterisation, Prediction
from sfumato.process.schedule import Level
from sfumato.types import Latent, Mask, Scalar, Tokens

Clock = Callable[[Level], Scalar]
"""What the network is told of the level: 1000 t, i - 1, log(sigma)/4, lam."""


@runtime_checkable
class Network(Protocol):
    """A function of a picture, a number and a text, with no idea of diffusion. In training it is a torch module.

    One with dials takes their numbers as a further argument, and is called with it where the conditioning has some.
    """

    def __call__(self, x: Latent, c_noise: Scalar, tokens: Tokens | None, mask: Mask | None, pooled: Any, /) -> Latent:
        """The raw output, shaped like x."""
        ...


@runtime_checkable
class Denoiser(Protocol):
    """A belief about x_t given a text."""

    def __call__(self, x_t: Latent, level: Level, cond: Conditioning, /) -> Prediction:
        """Answer with x0_hat and eps_hat."""
        ...


@dataclass(frozen=True, eq=False)
class NetworkDenoiser:
    """Denoiser = network + parameterisation + clock; plain arithmetic, so any array library can carry it."""

    net: Network
    parameterisation: Parameterisation
    clock: Clock

    def __call__(self, x_t: Latent, level: Level, cond: Conditioning, /) -> Prediction:
        """One evaluation of the network, read as a belief."""
        x_in = self.parameterisation.scale_in(level) * x_t
        net: Callable[..., Latent] = self.net
        dials = () if cond.dials is None else (cond.dials,)
        output = net(x_in, self.clock(level), cond.tokens, cond.mask, cond.pooled, *dials)
        return self.parameterisation.read(output, x_t, level)
