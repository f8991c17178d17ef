"""Pictures through an autoencoder once, into a cache file: training then never runs the autoencoder again."""

import contextlib
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from sfumato.atomic import write_file
from sfumato.corpus.attempts import Progress
from sfumato.corpus.source import Source
from sfumato.errors import OutputError
from sfumato.nets.vae import VAE
from sfumato.train.allocated import new_array
from sfumato.train.precision import autocast
from sfumato.train.store import to_signed

BATCH = 32


def encode_source(
    source: Source,
    vae: VAE,
    *,
    digest: str,
    mirrored: bool,
    cache: Path,
    device: torch.device,
    dtype: torch.dtype,
    progress: Progress | None = None,
) -> np.ndarray:
    """Raw latents [way, n, 2, c, h, w] in float16: mean and std of q(z|x) of each picture and (way 1) its mirror image.

    A function of (source.key, digest of the autoencoder) and, in the last bits, of the number format: bfloat16 errs by
    a tenth of the posterior's own std. Raises OutputError where `cache` cannot be written.
    """
    path = cache / f"{source.key}-{digest[:16]}-{'both' if mirrored else 'plain'}-{str(dtype)[6:]}.npy"
    if path.is_file():
        return np.load(path, mmap_mode="r")
    part = path.with_suffix(f".{os.getpid()}.part")
    side = source.pictures.shape[1] // vae.factor
    try:
        cache.mkdir(parents=True, exist_ok=True)
        shape = (1 + mirrored, len(source), 2, vae.z_channels, side, side)
        out = new_array(part, np.float16, shape)
        for start in range(0, len(source), BATCH):
            pictures = source.pictures[start : start + BATCH]
            for way in range(shape[0]):
                out[way, start : start + BATCH] = encode(vae, pictures[:, :, ::-1] if way else pictures, device, dtype)
            if progress is not None:
                progress(min(start + BATCH, len(source)), len(source))
        del out
        os.replace(part, path)
    except OSError as error:
        raise OutputError(
            f"the latent cache {path} cannot be written: {error.strerror}; free space or set SFUMATO_CACHE"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
    return np.load(path, mmap_mode="r")


@torch.no_grad()
def encode(vae: VAE, pictures: np.ndarray, device: torch.device, dtype: torch.dtype) -> np.ndarray:
    """(mean, std) of q(z|x) for 8-bit pictures, [b, 2, c, h, w] in float16."""
    with autocast(dtype, device):
        mean, log_var = vae.encode(to_signed(pictures).to(device).contiguous(memory_format=torch.channels_last))
    mean, log_var = mean.float(), log_var.float()
    return torch.stack([mean, (0.5 * log_var).exp()], dim=1).cpu().numpy().astype(np.float16)


def scale_and_shift(arrays: Sequence[np.ndarray], cache: Path) -> tuple[float, float]:
    """scale and shift so that scale (z - shift) has mean 0 and variance 1 over all training latents, std^2 included.

    Computed in float64 and kept beside the latents, since it reads them all.
    """
    names = "|".join(str(getattr(a, "filename", a.shape)) for a in arrays)
    path = cache / f"scale-{hashlib.sha256(names.encode()).hexdigest()[:16]}.json"
    if path.is_file():
        known = json.loads(path.read_text("utf-8"))
        return known["scale"], known["shift"]
    scale, shift = standardising(arrays)
    write_file(path, json.dumps({"scale": scale, "shift": shift}).encode())
    return scale, shift


def standardising(arrays: Sequence[np.ndarray]) -> tuple[float, float]:
    """shift = E[mean] and scale = (E[mean^2 + std^2] - shift^2)^(-1/2), over way 0 of latents [way, n, 2, c, h, w]."""
    count, total, square = 0, 0.0, 0.0
    for array in arrays:
        for start in range(0, array.shape[1], 4096):
            mean, std = np.moveaxis(array[0, start : start + 4096].astype(np.float64), 1, 0)
            count += mean.size
            total += mean.sum()
            square += (mean**2 + std**2).sum()
    shift = total / count
    return float((square / count - shift**2) ** -0.5), float(shift)
