"""From a manifest's plain data to living parts: the closed tables of networks, and how each is built and filled."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from sfumato.autoencoder import Autoencoder, Pixels
from sfumato.choices import near, refuse_unknown
from sfumato.conditioner import Conditioner
from sfumato.errors import CheckpointError, SfumatoError, UnavailableError
from sfumato.latents import LatentSpace
from sfumato.nets.chunked import replace_long
from sfumato.nets.pointwise import replace_pointwise
from sfumato.text.blob import load_text_encoder
from sfumato.text.conditioner import TextConditioner, TowerConditioner
from sfumato.text.nothing import NoText
from sfumato.text.tokenizer import load_tokenizer
from sfumato.text.tower_blob import load_tower
from sfumato.weights import parse

NETWORKS = ("unet", "dit")
"""The kinds of denoising network; each is imported only when a model names it."""

CONDITIONERS = ("bert", "tower", "none")
"""The kinds of text encoder: MiniLM's family, CLIP's (Sfumato's own tower among it), and none at all."""

DEPTH_LIMIT = 128
NUMBER_LIMIT = 1 << 20


def device_named(name: str) -> torch.device:
    """The torch device named cpu, cuda, cuda:1 or mps; "auto" takes the first of cuda, mps and cpu that is here.

    Raises:
        UnavailableError: there is no such device here.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    kind, _, number = name.partition(":")
    counts = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}
    if kind not in counts or not (number or "0").isdigit() or int(number or 0) >= counts[kind]:
        here = ", ".join(name for name, count in counts.items() if count)
        raise UnavailableError(f"device {name!r} is not here; devices here: {here} (see `sfumato info`)")
    return torch.device(name)


def build_network(options: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> nn.Module:
    """The network that {"kind", **arguments} describes, filled with `tensors`, frozen.

    Raises:
        CheckpointError: an unknown kind or argument, or tensors that are not exactly the network's.
    """
    kind, arguments = options.get("kind"), {k: v for k, v in options.items() if k != "kind"}
    if kind not in NETWORKS:
        raise CheckpointError(f"unknown kind of denoiser {kind!r}; {near(str(kind), NETWORKS)}")
    return fill(network_class(str(kind)), arguments, tensors, f"denoiser {kind!r}")


def network_class(kind: str) -> type[nn.Module]:
    """The class of a denoising network by its name in the closed table."""
    if kind == "unet":
        from sfumato.nets.unet import UNet

        return UNet
    from sfumato.nets.dit import DiT

    return DiT


def fill(
    cls: type[nn.Module], arguments: Mapping[str, Any], tensors: Mapping[str, torch.Tensor], what: str
) -> nn.Module:
    """Build on the meta device, so that no time or randomness goes into weights, and load strictly."""
    _refuse_outsized(arguments, what)
    try:
        with torch.device("meta"):
            network = cls(**arguments)
    except SfumatoError as problem:
        raise CheckpointError(f"{what}: {problem}") from problem
    except (TypeError, ValueError, RuntimeError, ArithmeticError) as problem:
        raise CheckpointError(
            f"{what} has arguments that it cannot be built from: {problem}; get the model again"
        ) from problem
    expected = network.state_dict()
    refuse_unknown(tensors, expected, what, CheckpointError)
    for name, want in expected.items():
        if name not in tensors:
            raise CheckpointError(f"{what} lacks the weights {name!r}; the file does not fit the architecture")
        if tensors[name].shape != want.shape:
            shapes = f"{list(tensors[name].shape)}, expected {list(want.shape)}"
            raise CheckpointError(f"{what}: {name!r} has shape {shapes}; the file does not fit the architecture")
    network.load_state_dict(dict(tensors), assign=True)
    return replace_long(replace_pointwise(network.requires_grad_(False).eval()))


def build_autoencoder(options: Mapping[str, Any], data: bytes | None) -> Autoencoder:
    """{"kind": "pixels"}, or {"kind": "vae", "scale", "shift", **arguments} filled from the bytes of its file."""
    arguments = dict(options)
    kind = arguments.pop("kind", None)
    if kind == "pixels":
        refuse_unknown(arguments, ("channels",), "autoencoder 'pixels'", CheckpointError)
        return Pixels(**arguments)
    if kind != "vae":
        raise CheckpointError(f"unknown kind of autoencoder {kind!r}; {near(str(kind), ('vae', 'pixels'))}")
    if data is None:
        raise CheckpointError("the manifest names no file for the autoencoder; get the model again")
    from sfumato.nets.vae import VAE

    scale, shift = arguments.pop("scale", 1.0), arguments.pop("shift", 0.0)
    for name, value in (("scale", scale), ("shift", shift)):
        if not isinstance(value, int | float) or not abs(value) < 1e6 or (name == "scale" and value <= 0):
            raise CheckpointError(f"autoencoder 'vae': {name} is {value!r}; expected a sane number")
    vae = fill(VAE, arguments, parse(data, "the autoencoder"), "autoencoder 'vae'")
    return LatentSpace(vae, scale=float(scale), shift=float(shift))  # type: ignore[arg-type]


def build_conditioner(options: Mapping[str, Any], weights: bytes | None, tokenizer: bytes | None) -> Conditioner:
    """{"kind": "bert" or "tower", "max_tokens": n} from the bytes of its files, or {"kind": "none"}."""
    kind = str(options.get("kind"))
    if kind == "none":
        refuse_unknown(options, ("kind",), "conditioner 'none'", CheckpointError)
        return NoText()
    if kind not in CONDITIONERS:
        raise CheckpointError(f"unknown kind of conditioner {options.get('kind')!r}; {near(kind, CONDITIONERS)}")
    refuse_unknown(options, ("kind", "max_tokens"), f"conditioner {kind!r}", CheckpointError)
    if weights is None or tokenizer is None:
        raise CheckpointError("the manifest names no file for the text encoder or its tokenizer; get the model again")
    length = options.get("max_tokens", 32)
    try:
        if kind == "tower":
            tower: Any = replace_long(load_tower(weights))
            return TowerConditioner(tower, load_tokenizer(tokenizer), max_tokens=length)
        encoder: Any = replace_long(load_text_encoder(weights))
        return TextConditioner(encoder, load_tokenizer(tokenizer), max_tokens=length)
    except SfumatoError as problem:
        raise CheckpointError(str(problem)) from problem


def _refuse_outsized(arguments: Mapping[str, Any], what: str) -> None:
    """A hostile manifest must not build a network of a million layers before its weights turn out not to fit."""
    for name, value in arguments.items():
        entries = value if isinstance(value, list) else [value]
        limit = DEPTH_LIMIT if any(word in name for word in ("layers", "depth")) else NUMBER_LIMIT
        numbers = [n for n in entries if isinstance(n, int)]
        if len(entries) > 64 or any(abs(n) > limit for n in numbers):
            raise CheckpointError(f"{what}: {name} is {value!r}; no network of that size is built")
