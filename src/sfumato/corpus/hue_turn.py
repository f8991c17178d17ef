"""A picture in another colour: every hue turned by the same angle, and light and dark moved as the new hue wants it.

Yellow is light and blue is dark where they are most themselves: turned at equal lightness, yellow becomes a pale blue
that nobody calls blue. So lightness follows a power that brings the picture's main lightness to where its new hue is at
home; black and white stay, and so do greys.
"""

import numpy as np
from jaxtyping import Float32, UInt8

from sfumato.corpus.colour_names import LAB, NAMES, OPAQUE, SRGB, lch, numbers, oklab

HOMES = {
    "red": (0.60, 27.0), "orange": (0.72, 58.0), "yellow": (0.86, 92.0), "green": (0.66, 145.0),
    "blue": (0.58, 255.0), "purple": (0.54, 302.0), "pink": (0.74, 353.0),
}  # fmt: skip
"""Lightness and hue, in degrees, of what each name is said of most readily."""

COLOURED, TRIES = 0.08, 12
"""From this chroma on, lightness follows in full. Chroma goes back in so many steps until sRGB has the colour."""


def turned(pixels: UInt8[np.ndarray, "h w 4"], old: str, new: str) -> UInt8[np.ndarray, "h w 4"]:
    """The picture, whose main colour is `old`, with `new` in its place; alpha stays. Both are names of HOMES."""
    seen = pixels[..., 3] > 0
    rgb = pixels[seen][:, :3]
    light, chroma, hue = lch(oklab(rgb))
    main = (numbers(rgb) == NAMES.index(old)) & (pixels[seen][:, 3] >= OPAQUE)
    if not main.any():
        return pixels
    lightness, angle = HOMES[new]
    before = float(np.clip(np.median(light[main]), 0.05, 0.95))
    moved = np.maximum(light, 0.0) ** (np.log(lightness) / np.log(before))
    light = light + np.clip(chroma / COLOURED, 0.0, 1.0) * (moved - light)
    out = np.zeros_like(pixels)
    out[..., 3] = pixels[..., 3]
    out[seen, :3] = in_gamut(light, chroma, np.radians(hue + np.float32(angle - middle(hue[main]))))
    return out


def middle(hue: Float32[np.ndarray, " n"]) -> float:
    """The mean direction of some hues, in degrees."""
    way = np.radians(hue.astype(np.float64))
    return float(np.degrees(np.arctan2(np.sin(way).mean(), np.cos(way).mean())))


def in_gamut(
    light: Float32[np.ndarray, "*n"], chroma: Float32[np.ndarray, "*n"], way: Float32[np.ndarray, "*n"]
) -> UInt8[np.ndarray, "*n 3"]:
    """OKLCh, hue in radians, to sRGB bytes: chroma is taken back where there is no such colour."""
    to_cones, to_linear = np.linalg.inv(LAB).astype(np.float32), np.linalg.inv(SRGB).astype(np.float32)
    out = np.zeros((*light.shape, 3), np.float32)
    for k in range(TRIES + 1):
        kept = chroma * (k / TRIES)
        lab = np.stack([light, kept * np.cos(way), kept * np.sin(way)], axis=-1)
        linear = (lab @ to_cones.T) ** 3 @ to_linear.T
        fits = ((linear >= -1e-3) & (linear <= 1 + 1e-3)).all(axis=-1) | (k == 0)
        out[fits] = linear[fits]
    out = out.clip(0.0, 1.0)
    srgb = np.where(out <= 0.0031308, 12.92 * out, 1.055 * out ** (1 / 2.4) - 0.055)
    return np.rint(255.0 * srgb).astype(np.uint8)
