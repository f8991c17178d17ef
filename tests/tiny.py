"""A whole model in a few kilobytes, with random weights: what tests draw with."""

import functools

import numpy as np
import tokenizers
import torch
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from sfumato import rng
from sfumato.checkpoint import save
from sfumato.manifest import Manifest
from sfumato.nets.dit import DiT
from sfumato.nets.text import TextEncoder
from sfumato.nets.unet import UNet
from sfumato.nets.vae import VAE
from sfumato.text.blob import write_text_encoder
from sfumato.weights import serialise

WORDS = ("a", "red", "green", "apple", "pear", "3d", "render", ",", "cat", "##s")
UNET = {
    "in_channels": 4,
    "out_channels": 4,
    "block_out_channels": [16, 32],
    "layers_per_block": 1,
    "attend": ["none", "text"],
    "heads": 2,
    "token_dim": 16,
    "norm_groups": 8,
}
VAE_OPTIONS = {"widths": [8, 8], "z_channels": 4, "encoder_depth": 1, "decoder_depth": 1}
TEXT = {"width": 16, "depth": 1, "heads": 2, "hidden": 32, "positions": 16}


def randomised(module, seed, gain=1.5):
    """The module with every weight drawn from Philox: no layer starts at zero, no global state is touched."""
    with torch.no_grad():
        for k, weight in enumerate(module.parameters()):
            values = rng.normal(seed, tuple(weight.shape), stream=rng.DATA, step=k)
            scale = 1.0 if weight.ndim == 1 else gain / np.sqrt(np.prod(weight.shape[1:]))
            weight.copy_(torch.from_numpy(values) * scale * (0.1 if weight.ndim == 1 else 1.0))
            if weight.ndim == 1:
                weight.add_(0.5)
    return module


def tokenizer_json():
    names = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS)
    engine = tokenizers.Tokenizer(WordPiece({name: k for k, name in enumerate(names)}, unk_token="[UNK]"))
    engine.normalizer, engine.pre_tokenizer = BertNormalizer(lowercase=True), BertPreTokenizer()
    engine.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]"])
    return engine.to_str().encode()


@functools.cache
def files(seed=0):
    """The bytes of each part by role."""
    encoder = randomised(TextEncoder(vocabulary=4 + len(WORDS), **TEXT), seed + 3)
    return {
        "denoiser": serialise(randomised(UNet(**UNET), seed + 1).state_dict()),
        "autoencoder": serialise(randomised(VAE(**VAE_OPTIONS), seed + 2, 0.6).state_dict(), "float16"),
        "conditioner": write_text_encoder(encoder, origin={"source": "random"}),
        "tokenizer": tokenizer_json(),
    }


def manifest(**changes):
    entries = {
        "name": "tiny",
        "denoiser": {"kind": "unet", **UNET},
        "autoencoder": {"kind": "vae", "scale": 0.8, "shift": 0.1, **VAE_OPTIONS},
        "conditioner": {"kind": "bert", "max_tokens": 8},
        "parameterisation": {"kind": "flow"},
        "schedule": {"kind": "rectified"},
        "clock": {"kind": "time", "scale": 1000.0},
        "sizes": ((32, 32), (48, 32)),
        "defaults": {"steps": 3, "grid": "trailing", "sampler": {"kind": "ddim"}, "size": [32, 32]},
        "card": {"data": "none: random weights", "licences": "Apache-2.0", "steps": 0},
    }
    return Manifest(**(entries | changes))


def write_tiny(folder, *, seed=0, **changes):
    """Write the model and answer its folder."""
    save(folder, manifest(**changes), files(seed), attribution="ATTRIBUTION\n\nNothing: random weights.\n")
    return folder


def write_clear(folder):
    """The same, in latents of pictures with alpha."""
    options = {**VAE_OPTIONS, "channels": 4}
    part = serialise(randomised(VAE(**options), 2, 0.6).state_dict(), "float16")
    described = manifest(name="clear", autoencoder={"kind": "vae", "scale": 0.8, "shift": 0.1, **options})
    save(folder, described, files() | {"autoencoder": part}, attribution="Nothing: random weights.\n")
    return folder


DIT = {"in_channels": 4, "out_channels": 4, "patch": 2, "width": 32, "depth": 3, "heads": 2, "token_dim": 16}


def transformer(shut=(), **changes):
    """A DiT with every weight drawn; the gates of the blocks in `shut` are zero at every noise level."""
    net = randomised(DiT(**DIT | changes), 11, 0.5)
    with torch.no_grad():
        for k in shut:
            for values in (net.blocks[k].modulation.weight, net.blocks[k].modulation.bias):
                for gate in (2, 5):
                    values.unflatten(0, (6, -1))[gate].zero_()
    return net


def write_transformer(folder, *, text=True, **options):
    """The tiny model with a transformer in the place of its U-Net; without text it is one that reads no words."""
    network = DIT if text else DIT | {"token_dim": None}
    part = serialise(transformer(**options, token_dim=network["token_dim"]).state_dict())
    parts = files() | {"denoiser": part}
    changes = {} if text else {"conditioner": {"kind": "none"}}
    kept = {role: data for role, data in parts.items() if text or role in ("denoiser", "autoencoder")}
    described = manifest(name="tiny-dit", denoiser={"kind": "dit", **network}, **changes)
    save(folder, described, kept, attribution="Nothing: random weights.\n")
    return folder
