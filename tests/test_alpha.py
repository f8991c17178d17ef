"""Transparency: premultiplied inside, straight at the edge, seen over any background."""

import numpy as np
import pytest
import torch

from sfumato.alpha import over, premultiplied, straight


def every_pair():
    """A picture of 256 x 256 that holds every (colour, alpha), as bytes."""
    colour, alpha = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8))
    return np.stack([colour, 255 - colour, colour // 2, alpha], axis=-1)[None]


def test_bytes_come_back_but_for_colours_that_nobody_sees():
    pictures = every_pair()
    back = straight(premultiplied(pictures))
    seen = pictures[..., 3] > 0
    assert np.array_equal(back[seen], pictures[seen])
    assert not back[~seen].any()


def test_premultiplied_is_signed_and_weighed_by_alpha():
    out = premultiplied(np.array([[[[255, 0, 128, 51]]]], np.uint8))
    assert out.shape == (1, 4, 1, 1)
    assert out[0, :, 0, 0] == pytest.approx([2 * 0.2 - 1, -1.0, 2 * 0.2 * 128 / 255 - 1, 2 * 0.2 - 1], abs=1e-6)


def test_impossible_values_are_clipped():
    image = np.zeros((1, 4, 1, 3), np.float32)
    image[0, :, 0, 0] = (3.0, 3.0, -3.0, 0.0)
    image[0, :, 0, 1] = (0.5, 0.5, 0.5, -0.997)
    image[0, :, 0, 2] = (1.0, 1.0, 1.0, 1.2)
    out = straight(image)[0, 0]
    assert out.tolist() == [[255, 255, 0, 128], [0, 0, 0, 0], [255, 255, 255, 255]]


@pytest.mark.parametrize("background", [(1.0, 1.0, 1.0), (0.0, 0.0, 0.0), (0.2, 0.6, 0.9)])
def test_over_is_porter_and_duffs(background):
    pictures = every_pair()
    alpha = pictures[..., 3:] / 255.0
    want = pictures[..., :3] / 255.0 * alpha + (1.0 - alpha) * np.array(background)
    colour = np.array(background, np.float32)[:, None, None]
    got = over(premultiplied(pictures), colour)
    assert (got.transpose(0, 2, 3, 1) + 1.0) / 2.0 == pytest.approx(want, abs=1e-6)
    both = over(torch.from_numpy(premultiplied(pictures)), torch.from_numpy(colour))
    torch.testing.assert_close(both, torch.from_numpy(got))
