"""From a recipe to the objects of a run: material gathered, network made, objective assembled."""

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from sfumato.choices import near
from sfumato.errors import RecipeError, SfumatoError
from sfumato.nets.critic import Critic
from sfumato.nets.towers import Towers
from sfumato.nets.vae import VAE
from sfumato.parts import NETWORKS, network_class
from sfumato.train.augment import refuse_augment
from sfumato.train.autoencoding import Autoencoding
from sfumato.train.chance import seeded
from sfumato.train.consistency_build import few_steps
from sfumato.train.contrast_build import contrasting
from sfumato.train.denoiser_parts import denoiser_parts
from sfumato.train.denoiser_task import DenoiserTask
from sfumato.train.kernels import cpu_kernels
from sfumato.train.looking import way_of
from sfumato.train.material import Place, described, open_sources
from sfumato.train.objective import Objective
from sfumato.train.order import Order
from sfumato.train.precision import resolve
from sfumato.train.ragged import refuse_ragged
from sfumato.train.recipe import TrainRecipe
from sfumato.train.rivals import Rivals, autoencoder_in
from sfumato.train.target import WithTarget


@dataclass(frozen=True, eq=False)
class Built:
    """An objective, a network for the averaged weights (sharded: the same one), and what is worth recording of it."""

    objective: Objective
    averaged: nn.Module
    facts: dict[str, Any]


def build(recipe: TrainRecipe, place: Place) -> Built:
    """All that a run needs. Raises CorpusError, RecipeError, CheckpointError or OutputError, each naming its remedy."""
    if recipe.data.augment > 0:
        refuse_augment(recipe)
    net = make_network(recipe).to(place.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    averaged = net if place.sharded else copy.deepcopy(net).requires_grad_(False)
    if place.device.type == "cpu":
        cpu_kernels(net)
    if recipe.compile and recipe.objective == "denoiser":
        net.compile()
    assembly = {"autoencoder": autoencoding, "denoiser": denoising, "towers": contrasting, "consistency": few_steps}
    assemble = assembly[recipe.objective]
    objective, facts = assemble(recipe, place, net)
    facts |= {"parameters": sum(p.numel() for p in net.parameters())}
    return Built(objective, averaged, facts)


def described_network(recipe: TrainRecipe) -> nn.Module:
    """The recipe's network without numbers in it, for its sizes. Raises RecipeError as make_network does."""
    with torch.device("meta"):
        return make_network(recipe)


def make_network(recipe: TrainRecipe) -> nn.Module:
    """The recipe's network with weights drawn from its seed. Raises RecipeError for unknown or impossible arguments."""
    arguments = {k: v for k, v in recipe.network.items() if k != "kind"}
    kind = str(recipe.network.get("kind"))
    known = {"autoencoder": ("vae",), "towers": ("towers",)}.get(recipe.objective, NETWORKS)
    if kind not in known:
        raise RecipeError(f"network.kind is {recipe.network.get('kind')!r}; {near(kind, known)}")
    cls = {"vae": VAE, "towers": Towers}.get(kind) or network_class(kind)
    try:
        with seeded(recipe.seed):
            net = cls(**arguments)
            if recipe.objective == "consistency" and recipe.consistency.target > 0:
                return WithTarget(net)
            return Rivals(net, Critic()) if isinstance(net, VAE) and recipe.loss.adversarial > 0 else net
    except SfumatoError:
        raise
    except (TypeError, ValueError, RuntimeError, ArithmeticError) as error:
        raise RecipeError(f"the network {kind!r} cannot be built from the recipe's arguments: {error}") from error


def denoising(recipe: TrainRecipe, place: Place, net: nn.Module) -> tuple[Objective, dict[str, Any]]:
    """The denoiser's objective over latents or pixels. A way of drawing that there is not is refused at once."""
    way_of(recipe.watch)
    parts, facts = denoiser_parts(recipe, place)
    return DenoiserTask(net, **parts), facts


def autoencoding(recipe: TrainRecipe, place: Place, net: nn.Module) -> tuple[Objective, dict[str, Any]]:
    """The autoencoder's objective over crops of pictures."""
    if not 0 <= recipe.data.crop <= recipe.data.size:
        raise RecipeError(f"data.crop is {recipe.data.crop}; it must lie in 0..{recipe.data.size}, the pictures' size")
    factor = autoencoder_in(net).factor
    refuse_ragged("data.size", recipe.data.size, factor)
    cut = "data.crop" if recipe.data.crop else "data.size"
    refuse_ragged(cut, recipe.data.crop or recipe.data.size, 2 * factor)  # latents are halved (equivariance to scale)
    sources, val = open_sources(recipe, place, 4 if recipe.network.get("channels") == 4 else 3)
    order = Order(recipe.seed, [len(s) for s in sources], [c.weight for c in recipe.data.sources])
    task = Autoencoding(
        net,  # type: ignore[arg-type]
        sources=sources,
        val=val,
        order=order,
        crop=recipe.data.crop,
        flip=recipe.data.flip,
        loss=recipe.loss,
        watch=recipe.watch,
        seed=recipe.seed,
        device=place.device,
        dtype=resolve(recipe.precision, place.device),
    )
    return task, {"sources": described(sources), "per_epoch": order.per_epoch}
