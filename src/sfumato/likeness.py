"""How alike two pictures are: PSNR and SSIM, for pictures [b, c, H, W] in [-1, 1]."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

WINDOW, SIGMA = 11, 1.5
C1, C2 = 0.01**2, 0.03**2
"""SSIM's window in pixels with its Gaussian's standard deviation, and its two constants for values in [0, 1]."""


def psnr(y: Float[Tensor, "b c H W"], x: Float[Tensor, "b c H W"]) -> Float[Tensor, " b"]:
    """10 log10(2^2 / mean square error) of each pair, in dB; at most 106, the value of equal pictures."""
    return 10.0 * torch.log10(4.0 / (y - x).square().mean(dim=(1, 2, 3)).clamp_min(1e-10))


def ssim(y: Float[Tensor, "b c H W"], x: Float[Tensor, "b c H W"]) -> Float[Tensor, " b"]:
    """Structural similarity of each pair: 1 for equal pictures (Wang et al. 2004, "Image quality assessment").

    (2 m_x m_y + c1)(2 s_xy + c2) / ((m_x^2 + m_y^2 + c1)(s_x^2 + s_y^2 + c2)), with means m and (co)variances s under
    a Gaussian window (their section III-B: 11 pixels, sigma 1.5), c1 = 0.01^2, c2 = 0.03^2, of values in [0, 1] as
    bytes have them: the means must not be signed. Averaged over every place where the whole window fits, and colours.

    Accuracy: computed in float64; agrees to 1e-12 with the sums written out (tests/test_likeness.py).
    """
    colours = x.shape[1]
    line = torch.exp(
        -((torch.arange(WINDOW, dtype=torch.float64, device=x.device) - WINDOW // 2) ** 2) / (2 * SIGMA**2)
    )
    line = line / line.sum()
    window = (line[:, None] * line).expand(colours, 1, WINDOW, WINDOW)

    def mean(z: Tensor) -> Tensor:
        return F.conv2d(z, window, groups=colours)

    x, y = (x.double() + 1.0) / 2.0, (y.double() + 1.0) / 2.0
    m_x, m_y = mean(x), mean(y)
    v_x, v_y, v_xy = mean(x * x) - m_x**2, mean(y * y) - m_y**2, mean(x * y) - m_x * m_y
    alike = (2 * m_x * m_y + C1) * (2 * v_xy + C2) / ((m_x**2 + m_y**2 + C1) * (v_x + v_y + C2))
    return alike.mean(dim=(1, 2, 3))
