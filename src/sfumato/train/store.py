"""What a denoiser is trained on, row by row: latents drawn from q(z|x), or the pixels themselves."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64, UInt8
from torch import Tensor

from sfumato.alpha import premultiplied
from sfumato.corpus.source import Source
from sfumato.types import Latent


@runtime_checkable
class Store(Protocol):
    """x_0 by row, on the CPU."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height, width of one x_0."""
        ...

    def __len__(self) -> int:
        """The number of rows."""
        ...

    def mean(self, rows: Int64[np.ndarray, " b"], flip: Bool[np.ndarray, " b"], /) -> Latent:
        """E[x_0] of each row; mirrored where `flip` is true."""
        ...

    def spread(self, rows: Int64[np.ndarray, " b"], flip: Bool[np.ndarray, " b"], /) -> Latent | None:
        """The standard deviation of x_0 given the picture; None where there is none."""
        ...


def to_signed(pictures: UInt8[np.ndarray, "b h w c"]) -> Float[Tensor, "b c h w"]:
    """Bytes 0..255 to floats in [-1, 1], channels first; colours premultiplied where there is alpha."""
    if pictures.shape[-1] == 4:
        return torch.from_numpy(np.ascontiguousarray(premultiplied(pictures)))
    return torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1.0


@dataclass(frozen=True, eq=False)
class PixelStore:
    """Pictures in [-1, 1]."""

    source: Source

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height, width."""
        _, height, width, channels = self.source.pictures.shape
        return channels, height, width

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.source)

    def mean(self, rows: Int64[np.ndarray, " b"], flip: Bool[np.ndarray, " b"], /) -> Latent:
        """The picture."""
        pictures = self.source.pictures[rows]
        return to_signed(np.where(flip[:, None, None, None], pictures[:, :, ::-1], pictures))

    def spread(self, rows: Int64[np.ndarray, " b"], flip: Bool[np.ndarray, " b"], /) -> None:
        """Pixels are certain."""
        return


@dataclass(frozen=True, eq=False)
class LatentStore:
    """Latents encoded once, raw in float16, [way, n, 2, c, h, w]: way 1 is the mirrored picture, 2 is (mean, std)."""

    array: Float[np.ndarray, "way n 2 c h w"]
    scale: float
    shift: float

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height, width."""
        return tuple(self.array.shape[3:])  # type: ignore[return-value]

    def __len__(self) -> int:
        """The number of rows."""
        return self.array.shape[1]

    def mean(self, rows: Int64[np.ndarray, " b"], flip: Bool[np.ndarray, " b"], /) -> Latent:
        """scale (mean - shift)."""
        return self.scale * (self._take(rows, flip, 0) - self.shift)

    def spread(self, rows: Int64[np.ndarray, " b"], flip: Bool[np.ndarray, " b"], /) -> Latent:
        """scale std."""
        return self.scale * self._take(rows, flip, 1)

    def _take(self, rows: Int64[np.ndarray, " b"], flip: Bool[np.ndarray, " b"], which: int) -> Latent:
        way = np.minimum(flip.astype(np.int64), self.array.shape[0] - 1)
        return torch.from_numpy(self.array[way, rows, which].astype(np.float32))
