"""Every kind of picture that people have becomes the pixels it should; every other file is named for what it is."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, features

from sfumato.corpus.decode import over_white, rgba
from sfumato.corpus.opening import opened, quietly
from sfumato.corpus.source import open_source
from sfumato.errors import CorpusError

CORNERS = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 0]]], np.uint8)


def saved(picture, kind="PNG", **options):
    data = io.BytesIO()
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(data, kind, **options)
    return data.getvalue()


def png(width, height, depth, colour, rows, extra=b""):
    """A PNG written by hand, for what Pillow does not write."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def test_16_bit_grey_is_scaled_and_not_clipped():
    grey = np.array([[0, 257 * 100, 65535, 257 * 7 + 128]], np.uint16).repeat(4, 0)
    assert over_white(saved(grey), 4)[0, :, 0].tolist() == [0, 100, 255, 7]
    assert over_white(saved(grey), 4).std(axis=2).max() == 0


def test_16_bit_colours_keep_their_high_byte():
    row = struct.pack(">6H", 0x1234, 0xFF00, 0x00FF, 0x8000, 0x7FFF, 0xFFFF)
    out = over_white(png(2, 2, 16, 2, [row, row]), 2)
    assert out[0].tolist() == [[0x12, 0xFF, 0x00], [0x80, 0x7F, 0xFF]]


def test_16_bit_grey_with_a_transparent_level():
    row = struct.pack(">2H", 1000, 65535)
    key = struct.pack(">I4sH", 2, b"tRNS", 1000)
    data = png(2, 2, 16, 0, [row, row], key + struct.pack(">I", zlib.crc32(key[4:])))
    assert rgba(data, 2)[0].tolist() == [[0, 0, 0, 0], [255, 255, 255, 255]]


def test_cmyk_is_ink_on_white():
    inks = np.zeros((8, 8, 4), np.uint8)
    inks[:4, :, 0] = 255
    inks[4:, :, 3] = 204
    out = over_white(saved(Image.fromarray(inks, "CMYK"), "JPEG", quality=100), 8)
    assert np.abs(out[1].astype(int) - [0, 255, 255]).max() <= 3
    assert np.abs(out[6].astype(int) - 51).max() <= 3


def test_a_palette_keeps_its_colours_and_its_transparency():
    palette = Image.fromarray(CORNERS).quantize(4)
    assert np.array_equal(over_white(saved(palette), 2), CORNERS)
    clear = palette.getpixel((0, 0))
    for kind in ("PNG", "GIF"):
        out = rgba(saved(palette, kind, transparency=clear), 2)
        assert out[0, 0].tolist() == [0, 0, 0, 0]
        assert out[0, 1].tolist() == [0, 255, 0, 255]
    half = rgba(saved(palette, transparency=bytes([128] * 4)), 2)
    assert half[..., 3].tolist() == [[128, 128], [128, 128]]


def test_two_colours_and_grey_with_alpha():
    assert over_white(saved(Image.fromarray(np.array([[0, 255]] * 2, np.uint8)).convert("1")), 2)[0, :, 0].tolist() == [
        0,
        255,
    ]
    grey = np.array([[[100, 255], [100, 0]]] * 2, np.uint8)
    assert rgba(saved(grey), 2)[0].tolist() == [[100, 100, 100, 255], [0, 0, 0, 0]]


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_exif_says_which_side_is_up(kind, turn):
    """The file holds what a camera would write: the upright picture turned the other way."""
    size = 16
    upright = CORNERS.repeat(size // 2, 0).repeat(size // 2, 1)
    stored = {
        1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1], 5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1), 7: upright[::-1, ::-1].transpose(1, 0, 2), 8: np.rot90(upright, 3),
    }[turn]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = turn
    options = {"lossless": True} if kind == "WEBP" else {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
    out = over_white(saved(np.ascontiguousarray(stored), kind, exif=exif.tobytes(), **options), size)
    assert np.abs(out.astype(int) - upright).max() <= 3


def test_damaged_exif_leaves_the_picture_as_it_is():
    data = saved(CORNERS, exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12")
    with quietly():
        assert np.array_equal(over_white(data, 2), CORNERS)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_the_first_frame_of_an_animation(kind):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue", "lime")]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=100, **options)
    assert over_white(data, 8)[4, 4].tolist() == [255, 0, 0]
    moving, still = opened(data), opened(saved(frames[0], kind))
    assert moving.animated
    assert not still.animated


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"<svg xmlns='x'/>", "an SVG drawing, which has no pixels: make it a PNG"),
        (b"<?xml version='1.0'?>\n<!-- made by hand -->\n<svg width='1'>", "an SVG drawing"),
        (b"\x1f\x8b\x08", "compressed SVG"),
        (b"<!DOCTYPE html><html>404", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"II*\0" + bytes(30), "a TIFF file"),
        (b"\0\0\0\x1cftypavif", "an AVIF file"),
        (b"\0\0\0\x1cftypheic", "a HEIC file"),
        (b"%PDF-1.7", "a PDF"),
        (b"8BPS", "Photoshop"),
        (b"\x80\x04pickle", "cannot be decoded"),
    ],
)
def test_what_is_no_picture_is_named(data, words):
    with pytest.raises(CorpusError, match=words):
        over_white(data, 8)


def test_cut_short():
    data = saved(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8), "JPEG")
    with pytest.raises(CorpusError, match="a JPEG, is cut short"):
        over_white(data[: len(data) // 2], 8)


@pytest.mark.parametrize("side", [8001, 13_000, 2**31 - 1])
def test_a_decompression_bomb_is_refused_before_it_is_unpacked(side):
    with pytest.raises(CorpusError, match="above the limit"):
        over_white(png(side, side, 8, 2, [b"\0"]), 8)


def test_a_mere_line_is_refused_and_a_long_picture_is_not_unpacked_as_a_square():
    with pytest.raises(CorpusError, match="more than 100 times as long as wide"):
        over_white(png(60_000, 500, 8, 2, [b"\0"]), 8)
    long = over_white(saved(np.zeros((10, 1000, 3), np.uint8)), 50)
    assert (long == 0).all(axis=2).sum() in (50, 100)


def test_alpha_is_kept_straight_and_scaled_premultiplied():
    picture = np.zeros((8, 8, 4), np.uint8)
    picture[:, :4] = (200, 100, 50, 255)
    picture[:, 4:] = (0, 255, 0, 0)
    same = rgba(saved(picture), 8)
    assert same[0, 0].tolist() == [200, 100, 50, 255]
    assert same[0, 7].tolist() == [0, 0, 0, 0]
    half = rgba(saved(picture), 5)
    seen = half[..., 3] > 8
    assert 0 < half[0, 2, 3] < 255
    assert np.abs(half[seen][:, :3].astype(int) - [200, 100, 50]).max() <= 2, "green leaks in without premultiplying"


def test_alpha_over_white_is_the_picture_over_white():
    chance = np.random.default_rng(3)
    noise = saved(chance.integers(0, 256, (24, 16, 4)).astype(np.uint8))
    assert worst(noise, 24) <= 1
    y, x = np.mgrid[:48, :32].astype(np.float64)
    disc = (255 * (16 - np.hypot(x - 16, y - 24)).clip(0, 4) / 4).round()
    smooth = np.stack([5 * x, 255 - 5 * y, 3 * (x + y), disc], axis=2).clip(0, 255).astype(np.uint8)
    assert worst(saved(smooth), 20) <= 8
    assert worst(saved(smooth), 64) <= 8


def worst(data, size):
    """The greatest difference between the decoded RGBA laid over white here, and what over_white says."""
    out = rgba(data, size).astype(np.float64)
    alpha = out[..., 3:] / 255
    return np.abs(out[..., :3] * alpha + 255 * (1 - alpha) - over_white(data, size)).max()


def test_opaque_pictures_have_full_alpha_and_bars_are_clear():
    out = rgba(saved(np.full((4, 2, 3), 9, np.uint8)), 4)
    assert out[..., 3].tolist() == [[0, 255, 255, 0]] * 4
    assert out[0, 1].tolist() == [9, 9, 9, 255]


def test_a_source_with_alpha_is_cached_apart(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    picture = np.zeros((8, 8, 4), np.uint8)
    picture[:4] = (10, 20, 30, 255)
    for name in "abc":
        (folder / f"{name}.png").write_bytes(saved(picture + np.uint8(ord(name) - 97)))
        (folder / f"{name}.txt").write_text(name)
    clear = open_source(folder, split="train", size=8, cache=tmp_path / "cache", channels=4)
    white = open_source(folder, split="train", size=8, cache=tmp_path / "cache")
    assert clear.pictures.shape[1:] == (8, 8, 4)
    assert white.pictures.shape[1:] == (8, 8, 3)
    assert clear.key != white.key
    assert clear.pictures[0, 0, 0, 3] == 255
    assert clear.pictures[0, 7, 0, 3] < 255
    assert white.pictures[0, 7, 0].min() > 250


def test_the_decoders_are_there():
    assert all(features.check(name) for name in ("zlib", "jpg", "webp"))
