"""The training loss: its floor is the oracle's, and one batch can be learnt by heart."""

import numpy as np
import pytest
import torch
from torch import nn

from sfumato.conditioner import Conditioning
from sfumato.corpus.prompt import Prompting, long_prompt, plain_prompt, training_prompt
from sfumato.corpus.rows import Row
from sfumato.corpus.source import Source
from sfumato.errors import RecipeError
from sfumato.nets.unet import UNet
from sfumato.nets.vae import VAE
from sfumato.train.autoencoding import Autoencoding
from sfumato.train.chance import StepNoise, seeded, seeded_dropout
from sfumato.train.denoising import Denoising, mirrorable
from sfumato.train.loop import Trainer
from sfumato.train.noising import Noising
from sfumato.train.objective import Moment
from sfumato.train.order import Order
from sfumato.train.progress import Progress
from sfumato.train.recipe import AutoencoderLoss, Optimiser, Process, Rate, TrainRecipe, Watch

CPU = torch.device("cpu")
SPREAD = 0.7
"""Standard deviation of the data below: x_0 ~ N(0, SPREAD^2)."""


class Still:
    """A conditioner that knows nothing."""

    def encode_batch(self, prompts, /):
        n = len(prompts)
        return Conditioning(torch.zeros(n, 1, 4), torch.ones(n, 1, dtype=torch.bool), ((),) * n)


class GaussianStore:
    """Rows of N(0, SPREAD^2), each a pure function of its number."""

    shape = (1, 4, 4)

    def __len__(self):
        return 512

    def mean(self, rows, flip, /):
        noise = StepNoise(1, CPU)
        return torch.stack([SPREAD * noise(self.shape, stream=0, step=int(r)) for r in rows])

    def spread(self, rows, flip, /):
        return None


class Oracle(nn.Module):
    """E[eps - x_0 | x_t] for Gaussian data on the straight line, times `factor`."""

    def __init__(self, factor=1.0):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, x, c_noise, tokens, mask, pooled):
        t = (c_noise / 1000.0).view(-1, 1, 1, 1)
        return self.factor * x * (t - (1 - t) * SPREAD**2) / ((1 - t) ** 2 * SPREAD**2 + t**2)


class Task(Denoising):
    """Denoising that a Trainer can hold."""

    def held_out(self, images, net, /):
        raise NotImplementedError

    def sheet(self, net, /):
        raise NotImplementedError


def denoising(net, store=None):
    store = store or GaussianStore()
    rows = [Row(position=k, id=str(k), caption="x") for k in range(len(store))]
    return Task(
        net,
        noising=Noising.of(Process()),
        conditioner=Still(),
        stores=[store],
        rows=[rows],
        order=Order(0, [len(store)], [1.0]),
        prompting=Prompting(),
        flip=0.0,
        seed=0,
        device=CPU,
        dtype=torch.float32,
    )


@torch.no_grad()
def mean_loss(task):
    losses = [float(task.loss(Moment(step=k, shown=512 * k, count=512), slice(0, 512))) for k in range(12)]
    return np.mean(losses), np.std(losses) / len(losses) ** 0.5


def test_the_oracles_loss_is_the_floor_and_is_known():
    """E |u - u_hat|^2 = 1 + s^2 - (t - (1-t) s^2)^2 / ((1-t)^2 s^2 + t^2), averaged over logit-normal t."""
    z = np.linspace(-8, 8, 40001)
    t = 1 / (1 + np.exp(-z))
    weight = np.exp(-(z**2) / 2)
    variance = 1 + SPREAD**2 - (t - (1 - t) * SPREAD**2) ** 2 / ((1 - t) ** 2 * SPREAD**2 + t**2)
    floor = (weight * variance).sum() / weight.sum()
    loss, error = mean_loss(denoising(Oracle()))
    assert abs(loss - floor) < max(4 * error, 0.01 * floor)
    for factor in (0.5, 1.5):
        assert mean_loss(denoising(Oracle(factor)))[0] > loss + 4 * error


def test_one_batch_is_learnt_by_heart():
    with seeded(0):
        net = UNet(
            in_channels=1, out_channels=1, block_out_channels=[32, 32], attend=["none", "none"], mid_attend="none",
            token_dim=None, norm_groups=8, head_dim=32,
        )  # fmt: skip
    task = denoising(net)
    recipe = TrainRecipe(name="x", optimiser=Optimiser(lr=2e-3, batch=16), rate=Rate())
    trainer = Trainer(recipe, task, Progress())
    losses = []
    for _ in range(120):
        trainer.progress.step = trainer.progress.images = 0
        losses.append(float(trainer.update()[0]))
    assert losses[-1] < 0.1 * losses[0]


@torch.no_grad()
def test_parts_of_a_batch_add_up_to_the_whole():
    task = denoising(Oracle())
    moment = Moment(step=3, shown=40, count=12)
    whole = task.loss(moment, slice(0, 12))
    parts = [task.loss(moment, slice(k, k + 4)) for k in (0, 4, 8)]
    assert float(sum(parts)) / 3 == pytest.approx(float(whole), rel=1e-5)


def test_levels_are_stratified():
    u = denoising(Oracle()).batch(Moment(step=0, shown=0, count=64))[2]
    assert np.array_equal(np.floor(u * 64), np.arange(64))


def test_prompts_are_dropped_and_replaced_as_often_as_asked():
    row = Row(position=0, id="a", caption="a cat", keywords=("pet", "whiskers"), style_phrase="flat emoji")
    prompting = Prompting(drop=0.1, keyword=0.3)
    u = np.random.default_rng(0).uniform(size=(20000, 2))
    prompts = [training_prompt(row, prompting, a, b) for a, b in u]
    share = {p: prompts.count(p) / len(prompts) for p in set(prompts)}
    assert share.pop("") == pytest.approx(0.1, abs=0.01)
    assert share.pop(plain_prompt(row)) == pytest.approx(0.63, abs=0.015)
    assert share == {w: pytest.approx(0.135, abs=0.01) for w in ("pet, flat emoji", "whiskers, flat emoji")}
    bare = Row(position=0, id="b", caption="a dog")
    assert training_prompt(bare, prompting, 0.5, 0.0) == "a dog"


def test_long_prompts_are_mixed_in_as_often_as_asked():
    row = Row(position=0, id="a", caption="a cat", keywords=("pet", "whiskers", "kitty"), style_phrase="flat emoji")
    prompting = Prompting(drop=0.0, keyword=0.3, long=0.5)
    prompts = [training_prompt(row, prompting, 0.5, u) for u in (np.arange(9000) + 0.5) / 9000]
    plain = plain_prompt(row)
    long = {p for p in prompts if p.startswith(plain) and p != plain}
    assert len(long) == 9
    assert {f"{plain}, kitty", f"{plain}, whiskers, kitty, pet"} < long
    assert {prompts.count(p) for p in long} == {500}
    assert prompts.count(plain) == 1800
    assert sum(p in ("pet, flat emoji", "whiskers, flat emoji", "kitty, flat emoji") for p in prompts) == 2700
    bare = Row(position=0, id="b", caption="a dog")
    assert training_prompt(bare, prompting, 0.5, 0.99) == "a dog"
    many = Row(position=0, id="c", caption="a dog", keywords=tuple("abcdefghijkl"))
    assert long_prompt(many, 1 - 1e-9) == "a dog, l, a, b, c, d, e, f, g"
    with pytest.raises(RecipeError, match="at most 1"):
        Prompting(keyword=0.6, long=0.5)


def test_sides_are_never_mirrored():
    assert mirrorable(Row(position=0, id="a", caption="a cat"))
    assert not mirrorable(Row(position=0, id="a", caption="Left-facing fist"))
    assert not mirrorable(Row(position=0, id="a", caption="flag of Chad", style="rect-flag"))


def test_dropout_is_a_function_of_the_step_and_leaves_the_global_state_alone():
    before = torch.random.get_rng_state()
    layer, x = nn.Dropout(0.5), torch.ones(64)

    def masked(step):
        with seeded_dropout(0, step, CPU):
            return layer(x)

    assert masked(1).equal(masked(1))
    assert not masked(1).equal(masked(2))
    assert torch.random.get_rng_state().equal(before)


def two():
    """Two pictures: one black, one with a vertical edge."""
    pictures = np.zeros((2, 16, 16, 3), np.uint8)
    pictures[1, :, 8:] = 255
    rows = tuple(Row(position=k, id=str(k), caption="x") for k in range(2))
    return Source("two", "two", rows, pictures, ())


def test_the_autoencoders_loss_falls_and_held_out_is_psnr():
    with seeded(0):
        net = VAE(widths=(8, 16), encoder_depth=1, decoder_depth=1, z_channels=4)
    task = Autoencoding(
        net, sources=[two()], val=two(), order=Order(0, [2], [1.0]), crop=8, flip=0.5, loss=AutoencoderLoss(),
        watch=Watch(heldout_rows=2), seed=0, device=CPU, dtype=torch.float32,
    )  # fmt: skip
    recipe = TrainRecipe(name="x", objective="autoencoder", optimiser=Optimiser(lr=3e-3, batch=8))
    trainer = Trainer(recipe, task, Progress())
    first = task.held_out(0, net).mean
    losses = [float(trainer.update()[0]) for _ in range(60)]
    assert losses[-1] < 0.5 * losses[0]
    assert task.held_out(1, net).mean > first + 3.0
    assert task.sheet(net).shape == (2 * 18, 2 * 18, 3)
