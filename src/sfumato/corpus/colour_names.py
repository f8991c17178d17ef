"""What colour a picture has, in one of eleven words: the basic colour terms of English (Berlin and Kay 1969).

Pixels are named in OKLCh (Ottosson 2020, "A perceptual color space for image processing"): lightness L in 0..1, chroma
C, hue h in degrees. The borders between names were set by looking at pictures of Glyphs' `train` sorted by them. Skin,
beige and turquoise have no basic term and get none.
"""

import numpy as np
from jaxtyping import Float32, Int64, UInt8

HUES = ("red", "orange", "yellow", "green", "blue", "purple", "pink")
NAMES = (*HUES, "brown", "black", "white", "grey", "")
"""Names by number; the last is that of pixels without one."""

OPAQUE, MOST = 128, 0.5
"""Pixels count from this alpha on; a name is a picture's where so large a share of them has it."""

SRGB = np.array([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
                 [0.0883024619, 0.2817188376, 0.6299787005]], np.float32)  # fmt: skip
LAB = np.array([[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
                [0.0259040371, 0.7827717662, -0.8086757660]], np.float32)  # fmt: skip
"""Linear sRGB to the cones' answers, and their cube roots to OKLab: the matrices of Ottosson (2020)."""


def oklab(rgb: UInt8[np.ndarray, "*n 3"]) -> Float32[np.ndarray, "*n 3"]:
    """sRGB bytes to L, a, b."""
    c = rgb.astype(np.float32) / 255.0
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ SRGB.T) @ LAB.T


def lch(lab: Float32[np.ndarray, "*n 3"]) -> tuple[Float32[np.ndarray, "*n"], ...]:
    """OKLab to lightness, chroma, and hue in degrees, 0..360."""
    lightness, a, b = np.moveaxis(lab, -1, 0)
    return lightness, np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360.0


def numbers(rgb: UInt8[np.ndarray, "*n 3"]) -> Int64[np.ndarray, "*n"]:
    """The name of each pixel, as its place in NAMES. Later rules overrule earlier ones."""
    light, chroma, hue = lch(oklab(rgb))
    cool, earthy = (hue > 205) & (hue < 284), (hue >= 15) & (hue < 76) & (light < 0.62)
    grey = chroma < np.select([cool, earthy], [0.055, 0.03], 0.045)
    rosy, warm = (hue >= 340) | (hue < 38), (hue >= 38) & (hue < 76)
    rules = (
        ("red", (hue >= 355) | (hue < 38)),
        ("pink", (rosy & (light > 0.68) & (chroma < 0.19)) | ((hue >= 325) & (hue < 355))),
        ("pink", ((hue >= 355) | (hue < 13)) & (light > 0.6)),
        ("orange", warm & (chroma >= 0.11)),
        ("brown", (warm & (light < 0.62)) | ((hue >= 76) & (hue < 100) & (light < 0.62))),
        ("yellow", (hue >= 76) & (hue < 115) & (chroma >= 0.09) & (light >= 0.68)),
        ("brown", earthy & (chroma < 0.13)),
        ("green", (hue >= 115) & (hue < 172)),
        ("blue", cool),
        ("purple", ((hue >= 284) & (hue < 325)) | ((hue >= 325) & (hue < 345) & (light < 0.5))),
        ("grey", grey),
        ("white", grey & (light > 0.9)),
        ("black", grey & (light < 0.38)),
    )
    found = np.full(light.shape, len(NAMES) - 1)
    for name, where in rules:
        found[where] = NAMES.index(name)
    return found


def shares(pixels: UInt8[np.ndarray, "h w 4"]) -> dict[str, float]:
    """What share of the visible pixels each name has; all 0 where nothing is visible."""
    seen = pixels[..., :3][pixels[..., 3] >= OPAQUE]
    counts = np.bincount(numbers(seen), minlength=len(NAMES)) / max(1, len(seen))
    return {name: float(count) for name, count in zip(NAMES, counts, strict=True)}


def main_colour(pixels: UInt8[np.ndarray, "h w 4"]) -> str:
    """The name that at least half of the visible pixels have; "" where none does."""
    found = shares(pixels)
    name = max(found, key=lambda each: found[each])
    return name if found[name] >= MOST else ""
