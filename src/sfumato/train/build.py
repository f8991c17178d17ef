"""From a recipe to the objects of a run: corpora opened, latents encoded, network made, objective assembled."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from sfumato.autoencoder import Autoencoder, Pixels
from sfumato.choices import near
from sfumato.corpus.locate import locate
from sfumato.corpus.prompt import Prompting
from sfumato.corpus.source import Source, open_source
from sfumato.errors import RecipeError, SfumatoError
from sfumato.latents import LatentSpace
from sfumato.nets.vae import VAE
from sfumato.parts import NETWORKS, network_class
from sfumato.train.autoencoding import Autoencoding
from sfumato.train.chance import seeded
from sfumato.train.denoiser_task import DenoiserTask
from sfumato.train.frozen_parts import load_conditioner, load_vae
from sfumato.train.latents import encode_source, scale_and_shift
from sfumato.train.noising import Noising
from sfumato.train.objective import Objective
from sfumato.train.order import Order
from sfumato.train.precision import resolve
from sfumato.train.recipe import TrainRecipe
from sfumato.train.store import LatentStore, PixelStore, Store

Report = Callable[[str, int, int], None]
"""Told (what, done, total) while data are prepared."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a run happens: the device, the corpus given on the command line, and the cache folder."""

    device: torch.device
    data: Path | None
    cache: Path
    report: Report


@dataclass(frozen=True, eq=False)
class Built:
    """An objective, a second network for the averaged weights, and what is worth recording of the data."""

    objective: Objective
    averaged: nn.Module
    facts: dict[str, Any]


def build(recipe: TrainRecipe, place: Place) -> Built:
    """All that a run needs. Raises CorpusError, RecipeError, CheckpointError or OutputError, each naming its remedy."""
    sources, val = open_sources(recipe, place)
    lengths, weights = [len(s) for s in sources], [c.weight for c in recipe.data.sources]
    order = Order(recipe.seed, lengths, weights)
    net = make_network(recipe, sources[0].pictures.shape[1])
    net = net.to(place.device, memory_format=torch.channels_last)
    facts = {
        "sources": [{"name": s.name, "key": s.key, "pictures": len(s), "left_out": len(s.skipped)} for s in sources],
        "per_epoch": order.per_epoch,
        "parameters": sum(p.numel() for p in net.parameters()),
    }
    make = autoencoding if recipe.objective == "autoencoder" else denoising
    objective = make(recipe, place, net, sources, val, order, facts)
    return Built(objective, copy.deepcopy(net).requires_grad_(False), facts)


def open_sources(recipe: TrainRecipe, place: Place) -> tuple[list[Source], Source]:
    """The training sources in the recipe's order, and the val pictures of the first."""

    def opened(name: str, split: str, styles: tuple[str, ...]) -> Source:
        path = locate(name, place.data)
        progress = lambda done, total: place.report(f"decoding {path.name} ({split})", done, total)  # noqa: E731
        return open_source(
            path, split=split, size=recipe.data.size, cache=place.cache, progress=progress, styles=styles
        )

    chosen = recipe.data.sources
    sources = [opened(c.name, "train", c.styles) for c in chosen]
    return sources, opened(chosen[0].name, recipe.watch.split, chosen[0].styles)


def make_network(recipe: TrainRecipe, size: int) -> nn.Module:
    """The recipe's network with weights drawn from its seed. Raises RecipeError for unknown or impossible arguments."""
    arguments = {k: v for k, v in recipe.network.items() if k != "kind"}
    kind = str(recipe.network.get("kind"))
    known = ("vae",) if recipe.objective == "autoencoder" else NETWORKS
    if kind not in known:
        raise RecipeError(f"network.kind is {recipe.network.get('kind')!r}; {near(kind, known)}")
    cls = VAE if kind == "vae" else network_class(kind)
    try:
        with seeded(recipe.seed):
            return cls(**arguments)
    except SfumatoError:
        raise
    except (TypeError, ValueError, RuntimeError, ArithmeticError) as error:
        raise RecipeError(f"the network {kind!r} cannot be built from the recipe's arguments: {error}") from error


def denoising(
    recipe: TrainRecipe,
    place: Place,
    net: nn.Module,
    sources: list[Source],
    val: Source,
    order: Order,
    facts: dict[str, Any],
) -> DenoiserTask:
    """The denoiser's objective over latents or pixels."""
    stores: list[Store]
    autoencoder: Autoencoder
    if recipe.space.kind == "pixels":
        stores, val_store, autoencoder = [PixelStore(s) for s in sources], PixelStore(val), Pixels()
    else:
        stores, val_store, autoencoder = in_latents(recipe, place, sources, val, facts)
    return DenoiserTask(
        net,
        noising=Noising.of(recipe.process),
        conditioner=load_conditioner(recipe.text, place.device),
        stores=stores,
        rows=[s.rows for s in sources],
        order=order,
        prompting=Prompting(drop=recipe.data.drop, keyword=recipe.data.keyword),
        flip=recipe.data.flip,
        seed=recipe.seed,
        device=place.device,
        dtype=resolve(recipe.precision, place.device),
        recipe=recipe,
        autoencoder=autoencoder,
        val=(val_store, val.rows),
    )


def in_latents(
    recipe: TrainRecipe, place: Place, sources: list[Source], val: Source, facts: dict[str, Any]
) -> tuple[list[Store], Store, LatentSpace]:
    """The sources' latents from the cache, encoding them where they are not there yet."""
    vae, digest, facts["vae"] = load_vae(recipe.space)
    vae = vae.to(place.device, memory_format=torch.channels_last)

    def encoded(source: Source) -> Any:
        return encode_source(
            source,
            vae,
            digest=digest,
            mirrored=recipe.data.flip > 0,
            cache=place.cache,
            device=place.device,
            dtype=resolve(recipe.precision, place.device),
            progress=lambda done, total: place.report(f"encoding {source.name}", done, total),
        )

    arrays = [encoded(s) for s in sources]
    scale, shift = scale_and_shift(arrays, place.cache)
    facts["autoencoder"] = {"sha256": digest, "scale": scale, "shift": shift}
    stores: list[Store] = [LatentStore(a, scale, shift) for a in arrays]
    return stores, LatentStore(encoded(val), scale, shift), LatentSpace(vae, scale=scale, shift=shift)


def autoencoding(
    recipe: TrainRecipe,
    place: Place,
    net: nn.Module,
    sources: list[Source],
    val: Source,
    order: Order,
    facts: dict[str, Any],
) -> Autoencoding:
    """The autoencoder's objective."""
    return Autoencoding(
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
