"""The cost of another caption: none for a deaf model, the known one for a model that listens."""

import dataclasses

import numpy as np
import pytest
import torch

from sfumato.autoencoder import Pixels
from sfumato.conditioner import Conditioning
from sfumato.corpus.prompt import plain_prompt
from sfumato.corpus.rows import Row
from sfumato.evaluate.captions import SEED, caption_line, losses
from sfumato.evaluate.interval import resamples
from sfumato.process.prediction import Prediction
from sfumato.train.sensitivity import other_prompts

VALUES = np.array([0, 64, 128, 255])
ROWS = [Row(position=k, id=str(k), caption=str(VALUES[k % 4]), style_phrase="flat") for k in range(20)]
PROMPTS = [plain_prompt(row) for row in ROWS]
PICTURES = np.broadcast_to(VALUES[np.arange(20) % 4].astype(np.uint8)[:, None, None, None], (20, 4, 4, 3)).copy()
COUNTS = resamples([row.id for row in ROWS], 100)


def numbers(prompts, /):
    """The caption as the number it is, in [-1, 1]."""
    tokens = torch.tensor([float(p.partition(",")[0]) / 127.5 - 1.0 for p in prompts]).view(-1, 1, 1)
    return Conditioning(tokens, torch.ones(len(prompts), 1, dtype=torch.bool), ((),) * len(prompts))


class Listener:
    """Believes that the picture has the colour that its caption names, as far as it has an ear."""

    def __init__(self, ear):
        self.ear = ear

    def __call__(self, x_t, level, cond, /):
        x_0 = torch.full_like(x_t, 0.0) + self.ear * cond.tokens.view(-1, 1, 1, 1)
        return Prediction.from_x0(x_t, level, x_0)


@pytest.fixture
def bundle(tiny_model):
    return lambda ear: dataclasses.replace(
        tiny_model.bundle, conditioner=numbers, denoiser=Listener(ear), autoencoder=Pixels()
    )


def test_a_deaf_model_pays_nothing(bundle):
    line = caption_line(bundle(0.0), PICTURES, ROWS, PROMPTS, COUNTS)
    assert (line.made.value, line.made.low, line.made.high) == (0.0, 0.0, 0.0)


def test_a_listener_pays_what_the_captions_differ_by(bundle):
    """x_t = (1 - t) x_0 + t eps: an error e of x0_hat is one of -e (1 - t) / t in eps_hat, so e / t in the flow."""
    changed = losses(bundle(1.0), PICTURES, other_prompts(ROWS, SEED))
    own = np.array([float(row.caption) for row in ROWS])
    other = np.array([float(p.partition(",")[0]) for p in other_prompts(ROWS, SEED)])
    t = np.arange(1, 8) / 8
    np.testing.assert_allclose(changed, ((own - other) / 127.5) ** 2 * np.mean(1 / t**2), rtol=1e-3)
    assert losses(bundle(1.0), PICTURES, PROMPTS).max() < 1e-6


def test_half_an_ear_is_between(bundle):
    line = caption_line(bundle(0.5), PICTURES, ROWS, PROMPTS, COUNTS)
    assert line.made.low > 0.0
    assert line.made.low < line.made.value < line.made.high


def test_one_caption_cannot_be_exchanged(bundle):
    same = [dataclasses.replace(row, caption="0") for row in ROWS]
    assert caption_line(bundle(1.0), PICTURES, same, PROMPTS, COUNTS) is None
