"""What a denoiser's run is made from: stores of x_0 with their captions, opened from corpora or from a pack."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import torch

from sfumato.autoencoder import Autoencoder, Pixels
from sfumato.corpus.decode import Channels, channels_of
from sfumato.corpus.locate import locate
from sfumato.corpus.rows import Row
from sfumato.corpus.source import Source, open_source
from sfumato.errors import CheckpointError, RecipeError
from sfumato.latents import LatentSpace
from sfumato.nets.vae import VAE
from sfumato.train.frozen_parts import known_scale, load_vae
from sfumato.train.latents import encode_source, scale_and_shift
from sfumato.train.pack import is_pack, read_pack
from sfumato.train.precision import resolve
from sfumato.train.ragged import refuse_ragged
from sfumato.train.recipe import SourceChoice, TrainRecipe
from sfumato.train.store import LatentStore, PixelStore, Store
from sfumato.train.team import Team


class Report(Protocol):
    """Told of preparations."""

    def __call__(self, what: str, done: int, total: int, /) -> None:
        """So many of so many are done; may raise to end it."""
        ...


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a run happens: the device, the corpus given on the command line, the cache folder, and with whom.

    spread: what each process of a team has, a copy of the run's state or a shard of it.
    """

    device: torch.device
    data: Path | None
    cache: Path
    report: Report
    team: Team = field(default_factory=Team)
    spread: Literal["copies", "shards"] = "copies"

    @property
    def sharded(self) -> bool:
        """Whether there are several processes, with shards of one state."""
        return self.spread == "shards" and self.team.size > 1


@dataclass(frozen=True, eq=False, kw_only=True)
class Material:
    """Training stores with their rows and weights in the order, one held-out store, and the way back to pictures."""

    stores: Sequence[Store]
    rows: Sequence[Sequence[Row]]
    weights: Sequence[float]
    val: tuple[Store, Sequence[Row]]
    autoencoder: Autoencoder
    facts: dict[str, Any]


def gather(recipe: TrainRecipe, place: Place) -> Material:
    """Open what the recipe and the command line name. Raises CorpusError, RecipeError, CheckpointError, OutputError."""
    if is_pack(place.data):
        return from_pack(recipe, place)
    facts: dict[str, Any] = {}
    stores: list[Store]
    val_store: Store
    autoencoder: Autoencoder
    if recipe.space.kind == "pixels":
        colours = channels_of(recipe.network.get("in_channels", 3))
        sources, val = open_sources(recipe, place, colours)
        stores, val_store, autoencoder = [PixelStore(s) for s in sources], PixelStore(val), Pixels(channels=colours)
    else:
        vae, digest, facts["vae"] = load_vae(recipe.space)
        refuse_ragged("data.size", recipe.data.size, vae.factor)
        sources, val = open_sources(recipe, place, channels_of(vae.channels))
        stores, val_store, autoencoder = in_latents(recipe, place, sources, val, (vae, digest), facts)
    facts["sources"] = described(sources)
    return Material(
        stores=stores,
        rows=[s.rows for s in sources],
        weights=[c.weight for c in recipe.data.sources],
        val=(val_store, val.rows),
        autoencoder=autoencoder,
        facts=facts,
    )


def open_sources(recipe: TrainRecipe, place: Place, channels: Channels = 3) -> tuple[list[Source], Source]:
    """The training sources in the recipe's order, and the held-out pictures of the first; 4 channels keep alpha."""

    def opened(chosen: SourceChoice, split: str) -> Source:
        path = locate(chosen.name, place.data)

        def progress(done: int, total: int) -> None:
            place.report(f"decoding {path.name} ({split})", done, total)

        return open_source(
            path,
            split=split,
            size=recipe.data.size,
            cache=place.cache,
            progress=progress,
            styles=chosen.styles,
            channels=channels,
            most=chosen.most,
        )

    choices = recipe.data.sources
    return [opened(chosen, "train") for chosen in choices], opened(choices[0], recipe.watch.split)


def described(sources: Sequence[Source]) -> list[dict[str, Any]]:
    """The sources by name, content and number, for run.json and the card; a pack also by its Merkle root."""
    return [
        {"name": s.name, "key": s.key, "content": s.content, "pictures": len(s), "left_out": len(s.skipped)}
        | ({"merkle_root": s.merkle_root} if s.merkle_root else {})
        for s in sources
    ]


def in_latents(
    recipe: TrainRecipe,
    place: Place,
    sources: list[Source],
    val: Source,
    autoencoder: tuple[VAE, str],
    facts: dict[str, Any],
) -> tuple[list[Store], Store, LatentSpace]:
    """The sources' latents from the cache, encoding them where they are not there yet."""
    vae, digest = autoencoder
    vae = vae.to(place.device, memory_format=torch.channels_last)  # type: ignore[call-overload]

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
    scale, shift = known_scale(recipe.space) or scale_and_shift(arrays, place.cache)
    facts["autoencoder"] = {"sha256": digest, "scale": scale, "shift": shift}
    stores: list[Store] = [LatentStore(a, scale, shift) for a in arrays]
    return stores, LatentStore(encoded(val), scale, shift), LatentSpace(vae, scale=scale, shift=shift)


def from_pack(recipe: TrainRecipe, place: Place) -> Material:
    """A pack of latents in the place of all the recipe's sources; the autoencoder must be the one it was made with."""
    if recipe.space.kind != "latent" or place.data is None:
        raise RecipeError("a pack holds latents; this recipe's space.kind is 'pixels': give it a corpus of pictures")
    pack = read_pack(place.data)
    vae, digest, options = load_vae(recipe.space)
    if digest != pack.about["autoencoder"]["sha256"]:
        raise CheckpointError(
            f"{place.data} was made with another autoencoder than {recipe.space.autoencoder}; make it again"
        )
    scale, shift = pack.about["autoencoder"]["scale"], pack.about["autoencoder"]["shift"]
    key = pack.about["sha256"]["train.xz"]
    facts = {
        "sources": [{"name": place.data.name, "key": key, "pictures": len(pack.stores["train"]), "left_out": 0}],
        "autoencoder": {"sha256": digest, "scale": scale, "shift": shift},
        "vae": options,
    }
    held_out = recipe.watch.split if recipe.watch.split in pack.stores else "train"
    return Material(
        stores=[pack.stores["train"]],
        rows=[pack.rows["train"]],
        weights=[1.0],
        val=(pack.stores[held_out], pack.rows[held_out]),
        autoencoder=LatentSpace(vae.to(place.device), scale=scale, shift=shift),  # type: ignore[arg-type]
        facts=facts,
    )
