"""The wire format: what goes in comes out, aligned, and broken bytes are refused."""

import numpy as np
import pytest

from sfumato import rng
from sfumato.errors import ShapeError
from sfumato.studio.frames import DTYPES, PREFIX, decode, encode


@pytest.mark.parametrize("name", DTYPES)
def test_every_dtype_comes_back(name):
    values = (100 * rng.uniform(3, (3, 5), stream=rng.DATA)).astype(DTYPES[name])
    (frame,) = decode(encode("step", {"i": 3}, x=values, y=values[:, :2]))
    assert (frame.type, frame.header["i"]) == ("step", 3)
    np.testing.assert_array_equal(frame.arrays["x"], values)
    np.testing.assert_array_equal(frame.arrays["y"], values[:, :2])


def test_a_stream_is_frames_one_after_another():
    data = encode("hello") + encode("step", x=np.zeros(3, np.float32)) + encode("done")
    assert [frame.type for frame in decode(data)] == ["hello", "step", "done"]


@pytest.mark.parametrize("words", ["", "a", "ab", "abc", "abcdefg", "ε"])
def test_header_and_arrays_are_aligned(words):
    data = encode("step", {"words": words}, a=np.zeros(3, np.uint8), b=np.ones(2))
    _, head, body = PREFIX.unpack_from(data)
    assert (PREFIX.size + head) % 8 == body % 8 == 0
    (frame,) = decode(data)
    assert [entry["off"] for entry in frame.header["arrays"]] == [0, 8]
    np.testing.assert_array_equal(frame.arrays["b"], np.ones(2))


def test_big_endian_numbers_are_turned():
    (frame,) = decode(encode("step", x=np.arange(3, dtype=">f4")))
    np.testing.assert_array_equal(frame.arrays["x"], [0, 1, 2])


def test_what_cannot_travel_is_refused():
    with pytest.raises(ShapeError, match="cast it first"):
        encode("step", x=np.zeros(2, complex))
    with pytest.raises(ValueError, match="JSON"):
        encode("step", {"x": float("nan")})


@pytest.mark.parametrize("spoil", [lambda d: d[:-1], lambda d: b"X" + d[1:], lambda d: d[:7], lambda d: d + b"SFM1"])
def test_broken_bytes_are_refused(spoil):
    with pytest.raises(ShapeError, match="no whole frame"):
        list(decode(spoil(encode("step", x=np.zeros(2)))))
