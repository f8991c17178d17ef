"""The caption-sensitivity meter: nothing for a deaf network, the known gain for one that listens."""

import io

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn

from sfumato.cli.train import tell
from sfumato.cli.training_bar import TrainingBar
from sfumato.conditioner import Conditioning
from sfumato.corpus.prompt import Prompting, plain_prompt
from sfumato.corpus.rows import Row
from sfumato.train.denoising import Denoising
from sfumato.train.events import HeldOut, Sensitivity
from sfumato.train.looking import held_out
from sfumato.train.noising import Noising
from sfumato.train.order import Order
from sfumato.train.recipe import Process, Watch
from sfumato.train.sensitivity import derangement, other_prompts, sensitivity
from sfumato.train.tensorboard import Board

CPU = torch.device("cpu")
VALUES = (-1.0, -0.5, 0.5, 1.0)
ROWS = [
    Row(position=k, id=str(k), caption=f"{VALUES[k % 4]}", style_phrase=f"style {k % 3}", split="val")
    for k in range(24)
]


class Numbers:
    """A conditioner that reads the caption as the number it is."""

    def encode_batch(self, prompts, /):
        values = torch.tensor([float(prompt.partition(",")[0]) for prompt in prompts]).view(-1, 1, 1)
        return Conditioning(values, torch.ones(len(prompts), 1, dtype=torch.bool), ((),) * len(prompts))


class Flat:
    """Pictures of one colour: the number in their caption."""

    shape = (1, 2, 2)

    def __len__(self):
        return len(ROWS)

    def mean(self, rows, flip, /):
        return torch.tensor([VALUES[r % 4] for r in rows]).view(-1, 1, 1, 1).expand(-1, *self.shape).contiguous()

    def spread(self, rows, flip, /):
        return None


class Listener(nn.Module):
    """x_t = (1 - t) x_0 + t eps, so eps - x_0 = (x_t - x_0) / t: exact where x_0 is the caption's number."""

    def __init__(self, ear):
        super().__init__()
        self.ear = nn.Parameter(torch.tensor(ear))

    def forward(self, x, c_noise, tokens, mask, pooled):
        t = (c_noise / 1000.0).view(-1, 1, 1, 1)
        return (x - self.ear * tokens.view(-1, 1, 1, 1)) / t


def looked(ear, rows=ROWS):
    net = Listener(ear)
    task = Denoising(
        net, noising=Noising.of(Process()), conditioner=Numbers(), stores=[Flat()], rows=[rows],
        order=Order(0, [len(rows)], [1.0]), prompting=Prompting(), flip=0.0, seed=0, device=CPU, dtype=torch.float32,
    )  # fmt: skip
    return held_out(task, net, Flat(), rows, Watch(heldout_rows=len(rows), bins=4), 0)


def test_a_deaf_network_gains_nothing():
    caption = looked(0.0).caption
    assert caption.gain == (0.0,) * 5
    assert caption.mean == 0.0
    assert caption.interval == (0.0, 0.0)


def test_a_listener_gains_what_the_captions_differ_by():
    """Its loss is ((x_0 - number) / t)^2: zero with the own caption, (x_0 - x_0')^2 / t^2 with another's."""
    seen = looked(1.0)
    assert max(seen.loss) < 1e-9
    own = np.array([float(row.caption) for row in ROWS])
    other = np.array([float(p.partition(",")[0]) for p in other_prompts(ROWS, 2026)])
    squared = float(((own - other) ** 2).mean())
    assert seen.caption.gain == pytest.approx([squared / t**2 for t in seen.levels], rel=1e-4)
    assert seen.caption.interval[0] > 0


def test_rows_of_one_caption_have_nothing_to_exchange():
    same = [Row(position=k, id=str(k), caption="1.0") for k in range(8)]
    assert other_prompts(same, 0) is None
    assert looked(1.0, [*same, *same, *same]).caption is None


@pytest.mark.parametrize("captions", ["aabbc", "ab", "abcdefgh", "aaabbb", "aaaabcde", "abacad"])
def test_nobody_keeps_its_caption(captions):
    for seed in range(20):
        p = derangement(list(captions), seed)
        assert sorted(p) == list(range(len(captions)))
        assert all(captions[k] != captions[j] for k, j in enumerate(p))


def test_the_derangement_is_the_seeds():
    captions = [str(k) for k in range(40)]
    assert np.array_equal(derangement(captions, 5), derangement(captions, 5))
    assert not np.array_equal(derangement(captions, 5), derangement(captions, 6))
    assert derangement(["a", "a", "b"], 0) is None
    assert derangement([], 0) is None


def test_the_style_stays():
    for row, prompt in zip(ROWS, other_prompts(ROWS, 1), strict=True):
        assert prompt.endswith(f", {row.style_phrase}")
        assert prompt != plain_prompt(row)


def test_the_interval_is_paired():
    """A large spread over rows that both sides share does not widen it."""
    common = np.random.default_rng(0).normal(size=(3, 100)) * 100.0
    other = common + 0.5
    seen = sensitivity(common, other)
    assert seen.gain == pytest.approx([0.5] * 3)
    assert seen.interval == pytest.approx((0.5, 0.5))


def test_the_interval_holds_the_truth_as_often_as_it_says():
    draw = np.random.default_rng(1).normal
    zeros = np.zeros((2, 100))
    held = [sensitivity(zeros, draw(size=(2, 100)) + 0.1).interval for _ in range(400)]
    assert 0.91 < np.mean([low < 0.1 < high for low, high in held]) < 0.98


SEEN = HeldOut(
    images=640, levels=(0.25, 0.75), loss=(0.5, 0.1), error=(0.01, 0.01),
    caption=Sensitivity(gain=(0.02, 0.004), error=(0.001, 0.001), mean=0.012, interval=(0.01, 0.014)),
)  # fmt: skip


def test_the_command_says_what_a_caption_is_worth():
    stream = io.StringIO()
    tell(SEEN, TrainingBar(0, stream=stream))
    assert stream.getvalue().splitlines() == [
        "640 images: held-out 0.3000 (0.500 0.100)",
        "  another caption costs +0.0120 [+0.0100, +0.0140] (+0.020 +0.004)",
    ]


def test_tensorboard_has_its_curves(tmp_path):
    board, scalars = Board(tmp_path), {}
    board.write(SEEN)
    board.close()
    events = EventAccumulator(str(tmp_path)).Reload()
    for tag in events.Tags()["scalars"]:
        scalars[tag] = [(event.step, event.value) for event in events.Scalars(tag)]
    caption = {tag: values for tag, values in scalars.items() if tag.startswith("caption/")}
    expected = {"mean": 0.012, "low": 0.01, "high": 0.014, "t=0.250": 0.02, "t=0.750": 0.004}
    assert caption == {f"caption/{name}": [(640, pytest.approx(value))] for name, value in expected.items()}
