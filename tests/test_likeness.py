"""PSNR and SSIM on cases that are known, and SSIM against its formula written out."""

import math

import numpy as np
import pytest
import torch

from sfumato.likeness import psnr, ssim


def noise(seed, *shape):
    return torch.from_numpy(np.random.default_rng(seed).uniform(-1, 1, shape))


def test_psnr_of_a_constant_error():
    x = noise(0, 2, 3, 8, 8) * 0.5
    torch.testing.assert_close(
        psnr(x + torch.tensor([0.2, 0.02])[:, None, None, None], x), torch.tensor([20.0, 40.0]).double()
    )
    assert float(psnr(x, x)[0]) == pytest.approx(10 * math.log10(4e10))


def test_ssim_of_equal_pictures_is_one_and_of_negatives_below_zero():
    x = noise(1, 2, 3, 24, 20)
    torch.testing.assert_close(ssim(x, x), torch.ones(2, dtype=torch.float64))
    assert (ssim(-x, x) < -0.9).all()


def test_ssim_of_two_constants_is_the_luminance_term():
    a, b = 0.5, 0.25
    got = ssim(torch.full((1, 1, 16, 16), 2 * a - 1), torch.full((1, 1, 16, 16), 2 * b - 1))
    assert float(got[0]) == pytest.approx((2 * a * b + 1e-4) / (a * a + b * b + 1e-4), abs=1e-9)


def test_ssim_is_the_formula_of_its_authors():
    x, y = (noise(k, 12, 13).numpy() for k in (2, 3))
    line = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    window = np.outer(line, line) / line.sum() ** 2
    c1, c2 = 0.01**2, 0.03**2
    values = []
    for top in range(2):
        for left in range(3):
            p, q = (v[top : top + 11, left : left + 11] for v in ((x + 1) / 2, (y + 1) / 2))
            m_p, m_q = (window * p).sum(), (window * q).sum()
            v_p, v_q = (window * (p - m_p) ** 2).sum(), (window * (q - m_q) ** 2).sum()
            cov = (window * (p - m_p) * (q - m_q)).sum()
            values.append((2 * m_p * m_q + c1) * (2 * cov + c2) / ((m_p**2 + m_q**2 + c1) * (v_p + v_q + c2)))
    got = ssim(torch.from_numpy(y)[None, None], torch.from_numpy(x)[None, None])
    assert float(got[0]) == pytest.approx(np.mean(values), abs=1e-12)


def test_more_noise_is_less_alike():
    x, e = noise(4, 1, 3, 32, 32), noise(5, 1, 3, 32, 32)
    values = [float(ssim(x + s * e, x)[0]) for s in (0.0, 0.1, 0.3, 1.0)]
    assert values == sorted(values, reverse=True)
    assert len(set(values)) == 4
