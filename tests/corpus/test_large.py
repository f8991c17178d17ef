"""Large pictures: the same pixels as if they were worked on whole, in bounded memory (design evidence R6: 300 MB)."""

import io
import json
import struct
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.corpus.test_decode import png, saved

from sfumato.corpus.decode import composited, fitted, over_white, over_white_picture, rgba, scaled, straightened
from sfumato.corpus.opening import opened
from sfumato.corpus.room import PICTURE, ROOM, Room
from sfumato.errors import CorpusError

LANCZOS = Image.Resampling.LANCZOS
CHANCE = np.random.default_rng(5)
IMPORT = """
import json, sys
from pathlib import Path
import numpy, PIL.Image, concurrent.futures
from sfumato.corpus.source import open_source
from sfumato.corpus.decode import rgba
def most():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
before = most()
source = open_source(Path(sys.argv[1]), split="train", size=128, cache=Path(sys.argv[2]), channels=int(sys.argv[3]))
print(json.dumps([len(source), (most() - before) / 1024]))
"""


@pytest.mark.parametrize(
    ("width", "height"), [(700, 900), (2000, 1500), (90, 7000), (64, 64), (3, 200), (1025, 512), (4000, 700)]
)
def test_strips_give_the_numbers_of_the_whole(width, height):
    picture = Image.fromarray(CHANCE.integers(0, 256, (height, width, 4)).astype(np.uint8))
    inner = fitted(picture.size, 128)
    whole = Image.fromarray(composited(np.asarray(picture))).resize(inner, LANCZOS)
    ours = over_white_picture(picture, 128)
    top, left = (128 - inner[1]) // 2, (128 - inner[0]) // 2
    assert np.array_equal(ours[top : top + inner[1], left : left + inner[0]], np.asarray(whole))
    assert np.array_equal(scaled(picture, inner), at_once(picture, inner))


def at_once(picture, inner):
    """What `scaled` answers, without strips."""
    pixels = np.asarray(picture).astype(np.float32)
    pixels[..., :3] *= pixels[..., 3:] / np.float32(255)
    bands = [Image.fromarray(np.ascontiguousarray(pixels[..., k])).resize(inner, LANCZOS) for k in range(4)]
    return straightened(np.stack([np.asarray(band) for band in bands], axis=2))


def test_large_and_narrow_is_within_two_levels():
    """Where Pillow would begin with the height, rounding comes in another order."""
    picture = Image.fromarray(CHANCE.integers(0, 256, (9000, 300, 4)).astype(np.uint8))
    inner = fitted(picture.size, 128)
    whole = np.asarray(Image.fromarray(composited(np.asarray(picture))).resize(inner, LANCZOS)).astype(int)
    assert np.abs(over_white_picture(picture, 128)[:, 62 : 62 + inner[0]].astype(int) - whole).max() <= 2
    assert np.abs(scaled(picture, inner).astype(int) - at_once(picture, inner)).max() <= 2


def test_16_bits_in_strips():
    grey = CHANCE.integers(0, 65536, (900, 800)).astype(np.uint16)
    assert np.array_equal(np.asarray(opened(saved(grey)).picture)[..., 0], np.rint(grey / 257.0).astype(np.uint8))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_a_picture_outlives_its_file(kind):
    """A picture in the right mode is the file itself, not a copy: it must stay good when the file is closed."""
    picture = opened(saved(np.full((40, 30, 3), 77, np.uint8), kind)).picture
    assert np.abs(np.asarray(picture.resize((3, 4))).astype(int)[..., :3] - 77).max() <= 2


def animation(side):
    data = io.BytesIO()
    frames = [Image.new("RGB", (side, side), colour) for colour in ("red", "blue")]
    frames[0].save(data, "GIF", save_all=True, append_images=frames[1:])
    return data.getvalue()


def largest(each):
    """The side of the largest square that takes so many bytes a pixel, a little room being left for its file."""
    return int(((ROOM - (4 << 20)) / each) ** 0.5)


def made(kind, side):
    """The bytes of a picture of so many pixels a side: one colour, so that making it takes little."""
    if kind == "rgb":
        return png(side, side, 8, 2, [b"\x40\x80\xc0" * side] * side)
    if kind == "rgba":
        return png(side, side, 8, 6, [b"\x40\x80\xc0\x80" * side] * side)
    if kind == "16 bits":
        return png(side, side, 16, 0, [b"\x40\x80" * side] * side)
    if kind == "gif":
        return animation(side)
    options = {"progressive JPEG": {"progressive": True, "subsampling": 0}, "WEBP": {"quality": 1, "method": 0}}
    kind, how = kind.rpartition(" ")[2], options.get(kind, {})
    return saved(Image.new("RGB", (side, side), (64, 128, 192)), kind, **how)


CASES = [
    ("rgb", 4, 3), ("rgba", 4, 3), ("rgba", 4, 4), ("16 bits", 8, 3), ("JPEG", 4, 3), ("progressive JPEG", 10, 3),
    ("WEBP", 16, 4), ("gif", 8, 3), ("BMP", 7, 3),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not say how much memory was held")
@pytest.mark.parametrize(("kind", "each", "channels"), CASES)
def test_the_largest_that_is_let_through_stays_within_300_mb(tmp_path, kind, each, channels):
    (tmp_path / "c").mkdir()
    side = largest(each)
    for k, size in enumerate((side, 8, 9)):
        (tmp_path / "c" / f"{k}.png").write_bytes(made(kind, size))
        (tmp_path / "c" / f"{k}.json").write_text(json.dumps({"caption": "x", "split": "val" if k == 2 else "train"}))
    done = subprocess.run(
        [sys.executable, "-c", IMPORT, str(tmp_path / "c"), str(tmp_path / "k"), str(channels)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    kept, grown = json.loads(done.stdout)
    assert kept == 2, "the large one is used"
    assert 100 < grown < 300


@pytest.mark.parametrize(("each", "colour", "depth"), [(4, 2, 8), (4, 6, 8), (8, 0, 16), (8, 4, 8)])
def test_a_little_larger_is_refused_before_it_is_unpacked(each, colour, depth):
    side = int((ROOM / each) ** 0.5) + 1
    for decode in (over_white, rgba):
        with pytest.raises(CorpusError, match=rf"has {side}x{side} pixels and takes \d+ MiB, above the limit"):
            decode(png(side, side, depth, colour, [b"\0"]), 8)


def test_a_turned_picture_takes_twice_its_room():
    side = int((ROOM / PICTURE) ** 0.5) - 40
    exif = Image.Exif()
    exif[0x0112] = 6
    for turn, words in ((b"", "get it anew"), (b"eXIf", "above the limit")):
        with pytest.raises(CorpusError, match=words):
            over_white(png(side, side, 8, 2, [b"\0"], turn and chunk(turn, exif.tobytes()[6:])), 8)


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def test_threads_wait_for_room_and_all_get_it():
    room, held, most, lock = Room(10), [0], [0], threading.Lock()

    def work(count):
        for _ in range(200):
            with room.taken(count):
                with lock:
                    held[0] += count
                    most[0] = max(most[0], held[0])
                with lock:
                    held[0] -= count

    threads = [threading.Thread(target=work, args=(count,)) for count in (1, 3, 7, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert held[0] == 0
    assert most[0] <= 10
