"""The trail from prompt to picture is five short files, and making a picture runs nothing else but its footnotes."""

import sys
from pathlib import Path

import numpy as np
import pytest
from sources import SRC, name_of

from sfumato.autoencoder import Pixels
from sfumato.conditioner import Conditioning
from sfumato.denoiser import NetworkDenoiser
from sfumato.pipeline import Bundle, generate
from sfumato.process.parameterisation import Flow
from sfumato.process.rectified import Rectified
from sfumato.recipe import Recipe

TRAIL = ("pipeline", "conditioner", "process.schedule", "denoiser", "samplers.ddim")

FOOTNOTES = {
    "guidance", "padding",  # one click off the denoiser
    "process.prediction", "process.parameterisation",  # how an output is read
    "process.rectified", "process.curve", "process.grid",  # the model's schedule and its levels
    "samplers.base", "rng", "recipe", "choices", "arrays", "autoencoder", "types",
}  # fmt: skip

RECIPE = Recipe(
    prompt="a red apple",
    model="toy",
    model_hash="0" * 64,
    size=(8, 8),
    steps=4,
    grid="trailing",
    sampler={"kind": "ddim", "eta": 0.5},
    guidance={"kind": "classifier-free", "scale": 2.0},
)


def conditioner(prompts):
    tokens = np.array([[[len(prompt)]] for prompt in prompts], np.float32)
    return Conditioning(tokens, np.ones((len(prompts), 1), bool), tuple((prompt,) for prompt in prompts))


def net(x, c_noise, tokens, mask, pooled, /):
    return 0.1 * x + 0.01 * tokens[:, :, :, None]


@pytest.fixture
def bundle():
    denoiser = NetworkDenoiser(net, Flow(), lambda level: 1000.0 * level.t)
    return Bundle(
        name="toy",
        model_hash="0" * 64,
        conditioner=conditioner,
        denoiser=denoiser,
        autoencoder=Pixels(),
        schedule=Rectified(),
        sizes=((8, 8),),
    )


def modules_run(function) -> set[str]:
    """The modules of the package whose code runs while `function` does."""
    files: set[str] = set()
    sys.setprofile(lambda frame, event, _: files.add(frame.f_code.co_filename) if event == "call" else None)
    try:
        function()
    finally:
        sys.setprofile(None)
    return {name_of(Path(file)) for file in files if file.startswith(str(SRC))}


@pytest.mark.parametrize("number", range(5))
def test_each_file_is_short_and_says_where_it_stands(number):
    path = SRC.joinpath(*TRAIL[number].split(".")).with_suffix(".py")
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 250
    assert f"[trail {number + 1}]" in text.partition('"""')[2].partition('"""')[0], "its docstring names its place"


def test_a_picture_runs_the_trail_and_its_footnotes(bundle):
    run = modules_run(lambda: generate(bundle, RECIPE))
    assert set(TRAIL) - {"process.schedule"} <= run
    outside = run - set(TRAIL) - FOOTNOTES
    assert not outside, f"code off the trail ran: {sorted(outside)}"


def test_the_picture_is_a_picture(bundle):
    image = generate(bundle, RECIPE)
    assert image.shape == (1, 3, 8, 8)
    assert np.isfinite(image).all()
