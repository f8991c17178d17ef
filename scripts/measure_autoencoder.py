"""What an autoencoder keeps and what it saves, per style: PSNR, SSIM, alpha error, KID; values and compute, apart.

    python scripts/measure_autoencoder.py CORPUS/glyphs.parquet AUTOENCODER... [--split report] [--json FILE]

AUTOENCODER: what a recipe's space.autoencoder may be. Whole held-out pictures of 128 px go through the mean latent and
back. PSNR (dB), SSIM and KID x 1000 (EfficientNet-Lite0) are of what is seen over white; the alpha error is the mean
absolute difference in 255ths. Choices are made on --split tune, published numbers come from --split report.

Saved values: numbers in a picture over numbers in its latent. Saved compute: multiplications of one call of a model's
denoiser (--model) on pixels over those of the same network on latents; the decoder's own are stated beside it.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sfumato import checkpoint
from sfumato.alpha import shown
from sfumato.corpus.locate import cache_folder
from sfumato.corpus.source import Source, open_source
from sfumato.likeness import psnr, ssim
from sfumato.nets.cost import multiplications
from sfumato.nets.vae import VAE
from sfumato.parts import network_class
from sfumato.picture import to_bytes
from sfumato.train.autoencoding import reconstruct
from sfumato.train.frozen_parts import load_vae
from sfumato.train.recipe import Space
from sfumato.train.store import to_signed

SIZE, BATCH, EVERY = 128, 16, "all"


@dataclass(frozen=True)
class Kept:
    """Means over n pictures; alpha in 255ths (none for RGB), kid times 1000."""

    n: int
    psnr: float
    ssim: float
    alpha: float | None
    kid: float


@dataclass(frozen=True)
class Saved:
    """How many times fewer values, and multiplications of one denoiser call; the decoder's millions, once a picture."""

    values: float
    compute: float
    decoder: float
    decoder_parameters: int


@torch.no_grad()
def reconstructions(vae: VAE, source: Source) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """The numbers of each picture, then the real and the reconstructed pictures as bytes over white."""
    numbers: dict[str, list[torch.Tensor]] = {"psnr": [], "ssim": []} | ({"alpha": []} if vae.channels == 4 else {})
    real, made = [], []
    for start in range(0, len(source), BATCH):
        x = to_signed(source.pictures[start : start + BATCH])
        y = reconstruct(vae, x)
        seen = shown(x), shown(y).clamp(-1.0, 1.0)
        numbers["psnr"].append(psnr(seen[1], seen[0]))
        numbers["ssim"].append(ssim(seen[1], seen[0]))
        if vae.channels == 4:
            numbers["alpha"].append(127.5 * (y - x)[:, 3].abs().mean(dim=(1, 2)))
        for pictures, values in zip((real, made), seen, strict=True):
            pictures.append(to_bytes(values))
    stacked = {name: torch.cat(values).double().numpy() for name, values in numbers.items()}
    return stacked, np.concatenate(real), np.concatenate(made)


def kept(vae: VAE, source: Source, features: Any) -> dict[str, Kept]:
    """What is kept of a corpus's pictures, in all and style by style."""
    from sfumato.evaluate.kid import statistic

    numbers, real, made = reconstructions(vae, source)
    ruled = features(made), features(real)
    styles = np.array([row.style for row in source.rows])
    families = [row.family or row.id for row in source.rows]
    out = {}
    for style in (EVERY, *sorted(set(styles))):
        rows = np.arange(len(styles)) if style == EVERY else np.flatnonzero(styles == style)
        means = {name: float(values[rows].mean()) for name, values in numbers.items()}
        distance = statistic(ruled[0][rows], ruled[1][rows], [families[r] for r in rows])
        out[style] = Kept(n=len(rows), kid=1000.0 * distance, **{"alpha": None, **means})
    return out


def saved(vae: VAE, denoiser: dict[str, Any], tokens: int = 32) -> Saved:
    """What a latent saves over pixels with this denoiser's layout (a manifest's table)."""
    options = {k: v for k, v in denoiser.items() if k != "kind"}
    calls = []
    for channels, side in ((vae.channels, SIZE), (vae.z_channels, SIZE // vae.factor)):
        with torch.device("meta"):
            net = network_class(denoiser["kind"])(**{**options, "in_channels": channels, "out_channels": channels})
            cond = torch.empty(1, tokens, options["token_dim"]), torch.ones(1, tokens, dtype=torch.bool)
            pooled = torch.empty(1, options["pooled_dim"]) if options.get("pooled_dim") else None
            calls.append(multiplications(net, torch.empty(1, channels, side, side), 0.5, *cond, pooled))
    side = SIZE // vae.factor
    own = multiplications(vae.decoder, torch.zeros(1, vae.z_channels, side, side))
    return Saved(
        values=vae.channels * vae.factor**2 / vae.z_channels,
        compute=calls[0] / calls[1],
        decoder=own / 1e6,
        decoder_parameters=sum(p.numel() for p in vae.decoder.parameters()),
    )


def table(rows: dict[str, Kept]) -> str:
    """A table for the README."""
    lines = ["| style | n | PSNR dB | SSIM | alpha error | KID x 1000 |", "|---|---|---|---|---|---|"]
    for style, k in rows.items():
        alpha = "-" if k.alpha is None else f"{k.alpha:.2f}"
        lines.append(f"| {style} | {k.n} | {k.psnr:.2f} | {k.ssim:.4f} | {alpha} | {k.kid:.2f} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure each autoencoder and print."""
    parser = argparse.ArgumentParser(description="What an autoencoder keeps, per style, and what it saves.")
    parser.add_argument("data", type=Path)
    parser.add_argument("autoencoders", nargs="+", metavar="AUTOENCODER")
    parser.add_argument("--split", choices=("tune", "report"), default="report")
    parser.add_argument("--model", default="tavola", help="whose denoiser the compute is counted of")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    from sfumato.evaluate.features import load_features

    denoiser = dict(checkpoint.read_manifest(checkpoint.find(options.model)).denoiser)
    features, everything = load_features(), {}
    for name in options.autoencoders:
        vae, digest, _ = load_vae(Space(autoencoder=name))
        channels = 4 if vae.channels == 4 else 3
        source = open_source(options.data, split=options.split, size=SIZE, cache=cache_folder(), channels=channels)
        rows, saves = kept(vae, source, features), saved(vae, denoiser)
        print(
            f"{name}: f = {vae.factor}, {vae.z_channels} channels, {'RGBA' if channels == 4 else 'RGB'}, {digest[:12]}"
        )
        print(f"values saved: {saves.values:.1f} times; compute saved in a call: {saves.compute:.1f} times; ", end="")
        print(f"the decoder: {saves.decoder:.0f} M multiplications, {saves.decoder_parameters} parameters")
        print(table(rows), end="\n\n", flush=True)
        everything[name] = {"sha256": digest, "split": options.split, "saved": asdict(saves)}
        everything[name]["kept"] = {style: asdict(k) for style, k in rows.items()}
    if options.json:
        options.json.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
