"""An autoencoder and a critic of its pictures, trained against each other in one backward pass.

With c the critic, y a reconstruction and x its picture (hinge loss: Lim and Ye 2017, arXiv:1705.02894):

critic       relu(1 - c(x)) + relu(1 + c(y)),   y held fixed
autoencoder  -c(y),                             c held fixed

Each side's gradient stops at the other's weights, so the sum of both has the gradients of each: one optimiser holds
them both, and a run with a critic resumes as any other.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call

from sfumato.nets.critic import Critic
from sfumato.nets.vae import VAE


class Rivals(nn.Module):
    """What such a run trains; only the autoencoder is exported."""

    def __init__(self, vae: VAE, critic: Critic) -> None:
        super().__init__()
        self.vae, self.critic = vae, critic


def autoencoder_in(net: nn.Module) -> VAE:
    """The autoencoder that a run trains, alone or with its critic."""
    found = net.vae if isinstance(net, Rivals) else net
    assert isinstance(found, VAE)
    return found


def rivalry(
    critic: Critic, y: Float[Tensor, "b c H W"], x: Float[Tensor, "b c H W"], weight: float
) -> Float[Tensor, ""]:
    """The critic's loss and `weight` times the autoencoder's, neither moving the other side's weights."""
    fixed = {name: value.detach() for name, value in critic.named_parameters()}
    pleasing = -functional_call(critic, fixed, (y,)).mean()
    judging = torch.relu(1.0 - critic(x)).mean() + torch.relu(1.0 + critic(y.detach())).mean()
    return judging + weight * pleasing
