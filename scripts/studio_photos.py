"""Draw the two pictures that the studio begins with: pure arithmetic, so that they are ours and made again exactly.

python scripts/studio_photos.py
"""

from pathlib import Path

import numpy as np
from PIL import Image

from sfumato import rng

SIDE = 128
OUT = Path(__file__).parents[1] / "src" / "sfumato" / "studio" / "static" / "photos"
FINE = 4
"""Drawn this many times larger and averaged, so that edges are smooth."""


def grid() -> tuple[np.ndarray, np.ndarray]:
    """Where the fine pixels lie, in 0..1 each way."""
    at = (np.arange(SIDE * FINE) + 0.5) / (SIDE * FINE)
    return np.meshgrid(at, at)


def blend(picture: np.ndarray, colour: tuple[float, ...], weight: np.ndarray) -> np.ndarray:
    """The picture with a colour laid over it."""
    return picture + np.clip(weight, 0.0, 1.0)[..., None] * (np.array(colour) - picture)


def between(top: tuple[float, ...], bottom: tuple[float, ...], share: np.ndarray) -> np.ndarray:
    """From one colour to another."""
    share = np.clip(share, 0.0, 1.0)[..., None]
    return np.array(top) * (1.0 - share) + np.array(bottom) * share


def cloudy(seed: int, octaves: int = 5) -> np.ndarray:
    """Smooth noise: random grids of growing fineness, each half as strong, by cubic interpolation."""
    total = np.zeros((SIDE * FINE, SIDE * FINE))
    for k in range(octaves):
        cells = 4 * 2**k
        small = Image.fromarray(rng.normal(seed, (cells, cells), stream=rng.DATA, step=k))
        total += np.asarray(small.resize((SIDE * FINE, SIDE * FINE), Image.Resampling.BICUBIC)) * 0.5**k
    return total


def inside(x: np.ndarray, y: np.ndarray, corners: list[tuple[float, float]]) -> np.ndarray:
    """1 inside a convex polygon whose corners go clockwise on the screen."""
    found = np.ones_like(x)
    for (ax, ay), (bx, by) in zip(corners, [*corners[1:], corners[0]], strict=True):
        found *= (bx - ax) * (y - ay) - (by - ay) * (x - ax) >= 0.0
    return found


def harbour() -> np.ndarray:
    """A red boat with a pale sail before a low sun."""
    x, y = grid()
    horizon, clouds = 0.56, cloudy(1)
    sky = between((0.30, 0.42, 0.66), (0.98, 0.78, 0.56), (y / horizon) ** 1.4)
    sun = np.exp(-(((x - 0.74) ** 2 + (y - 0.40) ** 2) / 0.012))
    picture = blend(sky, (1.0, 0.93, 0.75), 0.9 * sun + np.clip((0.057 - np.hypot(x - 0.74, y - 0.40)) * 160, 0, 1))
    picture = blend(picture, (0.97, 0.86, 0.80), 0.35 * np.clip(clouds * 0.8, 0.0, 1.0) * (y < horizon))
    hills = horizon - 0.05 - 0.035 * np.sin(5.0 * x + 0.6) - 0.018 * np.sin(13.0 * x)
    picture = blend(picture, (0.42, 0.40, 0.55), (y > hills).astype(float))
    depth = np.clip((y - horizon) / (1.0 - horizon), 0.0, 1.0)
    waves = np.sin(150.0 * depth**0.6 + 9.0 * np.sin(7.0 * x) + 2.0 * clouds)
    sea = between((0.62, 0.60, 0.62), (0.07, 0.24, 0.38), depth**0.55) + 0.05 * waves[..., None]
    glitter = np.exp(-(((x - 0.74) / (0.03 + 0.10 * depth)) ** 2)) * (0.45 + 0.45 * waves) * (1.0 - 0.5 * depth)
    picture = np.where((y > horizon)[..., None], blend(sea, (1.0, 0.86, 0.62), glitter), picture)
    shadow = np.exp(-(((x - 0.37) / 0.17) ** 2 + ((y - 0.79) / 0.035) ** 2))
    picture = blend(picture, (0.05, 0.12, 0.20), 0.75 * shadow)
    picture = blend(picture, (0.95, 0.90, 0.80), inside(x, y, [(0.385, 0.22), (0.57, 0.655), (0.385, 0.655)]))
    picture = blend(picture, (0.80, 0.72, 0.64), inside(x, y, [(0.365, 0.28), (0.365, 0.655), (0.235, 0.655)][::-1]))
    picture = blend(
        picture, (0.22, 0.14, 0.10), inside(x, y, [(0.369, 0.20), (0.381, 0.20), (0.381, 0.70), (0.369, 0.70)])
    )
    hull = inside(x, y, [(0.18, 0.685), (0.60, 0.685), (0.52, 0.785), (0.25, 0.785)])
    picture = blend(picture, (0.72, 0.17, 0.12), hull)
    return blend(picture, (0.93, 0.80, 0.62), hull * (y < 0.70))


def mountain() -> np.ndarray:
    """A snowy peak and a lake at night."""
    x, y = grid()
    clouds = cloudy(2)
    picture = between((0.05, 0.08, 0.20), (0.36, 0.34, 0.52), y / 0.62)
    moon = np.hypot(x - 0.25, y - 0.2)
    picture = blend(
        picture, (0.95, 0.93, 0.84), np.clip((0.07 - moon) * 160, 0, 1) + 0.35 * np.exp(-((moon / 0.16) ** 2))
    )
    far = 0.50 - 0.07 * np.sin(8.0 * x + 2.0) - 0.03 * np.sin(21.0 * x)
    picture = blend(picture, (0.26, 0.27, 0.44), (y > far).astype(float))
    ridge = 0.16 + 0.62 * np.abs(x - 0.60) ** 0.86 + 0.020 * clouds
    rock = blend(
        np.full((*x.shape, 3), (0.16, 0.17, 0.27)),
        (0.30, 0.31, 0.42),
        0.5 + 0.5 * np.tanh(18.0 * (0.60 - x + 0.03 * clouds)),
    )
    rock = blend(
        rock,
        (0.90, 0.92, 0.98),
        (y < 0.36 + 0.05 * clouds + 0.10 * np.sin(26.0 * x)).astype(float) * (0.55 + 0.4 * (x < 0.6)),
    )
    picture = np.where((y > ridge)[..., None], rock, picture)
    shore = 0.66
    mirrored = picture[
        np.clip((2.0 * shore - y) * SIDE * FINE, 0, SIDE * FINE - 1).astype(int), np.arange(SIDE * FINE)[None, :]
    ]
    lake = 0.55 * mirrored + 0.10 * np.array((0.3, 0.5, 0.7)) + 0.02 * np.sin(260.0 * y + 3.0 * clouds)[..., None]
    picture = np.where((y > shore)[..., None], lake, picture)
    trees = 0.64 - 0.055 * np.abs(np.sin(34.0 * x)) * (0.5 + 0.5 * np.sin(5.0 * x + 1.0))
    return blend(picture, (0.05, 0.10, 0.11), ((y > trees) & (y < shore + 0.012)).astype(float))


def main() -> None:
    """Draw both."""
    OUT.mkdir(parents=True, exist_ok=True)
    for draw in (harbour, mountain):
        fine = np.clip(draw(), 0.0, 1.0)
        small = fine.reshape(SIDE, FINE, SIDE, FINE, 3).mean(axis=(1, 3))
        grain = 0.008 * rng.normal(3, small.shape, stream=rng.DATA)
        pixels = np.rint(255.0 * np.clip(small + grain, 0.0, 1.0)).astype(np.uint8)
        Image.fromarray(pixels).save(OUT / f"{draw.__name__}.png", optimize=True)


if __name__ == "__main__":
    main()
