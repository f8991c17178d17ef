"""Autoguidance against closed forms, its place in recipes, and a weak model that fits or does not."""

import json
from dataclasses import replace

import numpy as np
import pytest
from ground import no_noise

import sfumato
from sfumato.autoguidance import Auto, Weak
from sfumato.conditioner import Conditioning
from sfumato.errors import CheckpointError, RecipeError
from sfumato.guidance import GUIDANCES, Guidance
from sfumato.options import whole_guidance
from sfumato.process.rectified import Rectified
from sfumato.process.schedule import Level
from sfumato.provenance.files import read
from sfumato.recipe import Recipe
from sfumato.samplers import DDIM
from tiny import UNET, files, manifest, write_tiny

COND = Conditioning(np.zeros((1, 1, 1)), np.ones((1, 1), bool), (("",),))
HASH = "c" * 64


class Spread:
    """A Gaussian model of standard deviation s about 0, whatever it is told; counts its calls."""

    def __init__(self, deviation):
        self.deviation, self.calls = deviation, 0

    def gain(self, level: Level) -> float:
        """x0_hat = alpha s^2 / (alpha^2 s^2 + sigma^2) x_t."""
        variance = self.deviation**2
        return level.alpha * variance / (level.alpha**2 * variance + level.sigma**2)

    def __call__(self, x_t, level, cond, /):
        from sfumato.process.prediction import Prediction

        self.calls += 1
        return Prediction.from_x0(x_t, level, self.gain(level) * x_t)


def beside(weak, **options):
    return Auto(weak=HASH, **options).beside(Weak(name="early", model_hash=HASH, denoiser=weak))


@pytest.mark.parametrize("scale", [0.0, 0.5, 1.0, 2.0, 3.5])
def test_is_linear_between_the_two(scale):
    level, x = Rectified()(0.4), np.random.default_rng(0).normal(size=(1, 5))
    strong, weak = Spread(0.5), Spread(0.8)
    guide = beside(weak, scale=scale)
    assert isinstance(guide, Guidance)
    p = guide(strong, x, level, COND, COND)
    expected = (weak.gain(level) + scale * (strong.gain(level) - weak.gain(level))) * x
    np.testing.assert_allclose(p.x0_hat, expected, atol=1e-12)
    np.testing.assert_allclose(level.alpha * p.x0_hat + level.sigma * p.eps_hat, x, atol=1e-12)


def test_the_weak_one_is_not_asked_where_it_has_no_say():
    level, x = Rectified()(0.4), np.ones((1, 5))
    for options in ({"scale": 1.0}, {"scale": 2.0, "interval": (0.5, 1.0)}, {"scale": 2.0, "interval": (0.0, 0.3)}):
        weak = Spread(0.8)
        p = beside(weak, **options)(Spread(0.5), x, level, COND, COND)
        assert weak.calls == 0
        assert p.terms.keys() == {"strong"}
    p = beside(weak, scale=2.0, interval=(0.3, 0.5))(Spread(0.5), x, level, COND, COND)
    assert weak.calls == 1
    assert p.terms.keys() == {"strong", "weak"}


@pytest.mark.parametrize("interval", [(0.0, 1.0), (0.25, 0.75), (0.75, 1.0)])
@pytest.mark.parametrize("w", [0.5, 2.0, 4.0])
def test_the_guided_flow_is_the_closed_form(w, interval):
    """Of Gaussians about 0 every flow is linear, and its logarithm a sum over times: theirs, mixed by w inside."""
    strong, weak = Spread(0.5), Spread(0.8)
    times = np.linspace(0.999, 0.001, 2001)
    guide, x = beside(weak, scale=w, interval=interval), np.array([[1.0]])

    def believe(x_t, level, /):
        return guide(strong, x_t, level, COND, COND)

    for step in DDIM()(believe, x, tuple(Rectified()(float(t)) for t in times), no_noise):
        x = step.x_next

    def log_gain(model, start, end):
        """From one time to another: log of the quotient of the standard deviations there."""
        levels = [Rectified()(float(t)) for t in (start, end)]
        before, after = (np.hypot(level.alpha * model.deviation, level.sigma) for level in levels)
        return np.log(after / before)

    low, high = np.clip(interval, times[-1], times[0])
    mixed = log_gain(weak, high, low) + w * (log_gain(strong, high, low) - log_gain(weak, high, low))
    expected = np.exp(log_gain(strong, times[0], high) + mixed + log_gain(strong, low, times[-1]))
    assert x.item() == pytest.approx(expected, rel=3e-3)


@pytest.mark.parametrize("prompted", [True, False])
def test_the_weak_one_is_told_the_prompt_or_the_negative_one(prompted):
    told = []

    class Ear(Spread):
        def __call__(self, x_t, level, cond, /):
            told.append(cond)
            return super().__call__(x_t, level, cond)

    null = replace(COND, tokens=np.ones((1, 1, 1)))
    beside(Ear(0.8), prompted=prompted)(Spread(0.5), np.ones((1, 5)), Rectified()(0.4), COND, null)
    assert told == [COND if prompted else null]


@pytest.mark.parametrize(
    "options", [{"scale": float("nan")}, {"interval": (0.6, 0.5)}, {"interval": (0.0, 1.1)}, {"prompted": 1}]
)
def test_refuses_what_has_no_meaning(options):
    with pytest.raises(RecipeError, match="guidance"):
        Auto(**options)


def test_options_are_written_out():
    weak = Weak(name="early", model_hash=HASH, denoiser=Spread(1.0))
    plain = {"kind": "classifier-free", "scale": 5.0, "interval": [0.2, 0.9]}
    whole = {"kind": "auto", "scale": 2.0, "interval": [0.0, 1.0], "weak": HASH, "prompted": True}
    own = {"kind": "auto", "scale": 3.0, "weak": HASH, "prompted": False}
    assert whole_guidance(None, own, weak=weak) == {**own, "interval": [0.0, 1.0]}
    assert whole_guidance(None, {**own, "weak": "d" * 64}, weak=weak) == whole
    assert whole_guidance(None, plain, weak=weak) == whole
    assert whole_guidance(1.5, plain, weak=weak, interval=(0.1, 0.6)) == {**whole, "scale": 1.5, "interval": [0.1, 0.6]}
    assert whole_guidance({"scale": 3.0}, plain, weak=weak)["kind"] == "classifier-free"
    assert whole_guidance(3.0, plain) == {**plain, "scale": 3.0, "rescale": 0.0}
    assert whole_guidance(3.0, plain, interval=(0.5, 0.6))["interval"] == [0.5, 0.6]
    assert set(GUIDANCES) >= {"classifier-free", "auto"}


@pytest.fixture(scope="module")
def weak_folder(tmp_path_factory):
    """The tiny model trained for less: other weights of the denoiser alone."""
    from sfumato.checkpoint import save

    folder = tmp_path_factory.mktemp("weak") / "early"
    parts = files() | {"denoiser": files(7)["denoiser"]}
    save(folder, manifest(name="early"), parts, attribution="Nothing: random weights.\n")
    return folder


@pytest.fixture(scope="module")
def guided(tiny_folder, weak_folder):
    return sfumato.load(tiny_folder, weak=weak_folder)


def test_a_loaded_weak_model_guides(guided, tiny_model):
    strong = tiny_model.generate("cats", guidance=1.0)[0]
    alone = guided.generate("cats", guidance=1.0)[0]
    away = guided.generate("cats")[0]
    assert alone.pixels_sha256 == strong.pixels_sha256
    assert away.pixels_sha256 != strong.pixels_sha256
    assert away.recipe.guidance["weak"] == guided.bundle.weak.model_hash
    assert guided.generate("cats", guidance={"scale": 2.0})[0].recipe.guidance["kind"] == "classifier-free"
    steps = [event for event in guided.trace("cats") if hasattr(event, "prediction")]
    assert {"strong", "weak"} == set(steps[0].prediction.terms)


def test_a_model_may_name_its_own_weak_model(tmp_path, tiny_model, monkeypatch, capsys):
    """It is found beside the model, for the recipe's default and for `--like`; other guidance stays at hand."""
    from sfumato.checkpoint import save
    from sfumato.cli.main import main

    weak = save(tmp_path / "early", manifest(name="early"), files() | {"denoiser": files(7)["denoiser"]}).model_hash
    guidance = {"kind": "auto", "scale": 2.5, "weak": weak, "prompted": False}
    save(tmp_path / "own", manifest(name="own", defaults={"guidance": guidance, "steps": 2}), files())
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "sfumato.json").write_text("{")
    model = sfumato.load(tmp_path / "own")
    assert model.bundle.weak.model_hash == weak
    assert model.recipe("cats").guidance == {**guidance, "interval": [0.0, 1.0]}
    assert model.recipe("cats", guidance=4.0).guidance["scale"] == 4.0
    assert model.recipe("cats", guidance={"scale": 2.0}).guidance["kind"] == "classifier-free"
    monkeypatch.chdir(tmp_path)
    assert main(["generate", "cats", "--model", "own", "--out", "a.png"]) == 0
    assert main(["generate", "--like", "a.png", "--model", "own", "--out", "b.png"]) == 0
    assert "the same pixels, every one" in capsys.readouterr().err
    (tmp_path / "early").rename(tmp_path.parent / "elsewhere")
    with pytest.raises(RecipeError, match=f"by the weak model {weak[:12]}, and none is loaded"):
        sfumato.load(tmp_path / "own").generate("cats")


def test_a_recipe_names_its_weak_model(guided, tiny_model):
    recipe = guided.recipe("cats")
    assert Recipe.from_json(recipe.to_json()) == recipe
    with pytest.raises(RecipeError, match=rf"the weak model {recipe.guidance['weak'][:12]}, and none is loaded"):
        tiny_model.draw([recipe])
    other = replace(recipe, guidance={**recipe.guidance, "weak": "d" * 64})
    with pytest.raises(RecipeError, match=r"'early' .* is loaded"):
        guided.draw([other])


@pytest.mark.parametrize(
    ("part", "changes", "seed"),
    [
        ("schedule", {"schedule": {"kind": "cosine"}}, 0),
        ("autoencoder", {}, 3),
        ("conditioner", {"conditioner": {"kind": "bert", "max_tokens": 9}}, 0),
    ],
)
def test_a_weak_model_must_speak_of_the_same_latents_and_texts(tiny_folder, tmp_path, part, changes, seed):
    other = write_tiny(tmp_path / "other", seed=seed, name="other", **changes)
    with pytest.raises(CheckpointError, match=f"'other' cannot guide 'tiny': its {part} is another"):
        sfumato.load(tiny_folder, weak=other)


def test_a_smaller_network_may_be_the_weak_one(tiny_folder, tmp_path):
    from sfumato.checkpoint import save
    from sfumato.nets.unet import UNet
    from sfumato.weights import serialise
    from tiny import randomised

    options = {**UNET, "block_out_channels": [8, 16]}
    parts = files() | {"denoiser": serialise(randomised(UNet(**options), 5).state_dict())}
    save(tmp_path / "small", manifest(name="small", denoiser={"kind": "unet", **options}), parts, attribution="-\n")
    assert sfumato.load(tiny_folder, weak=tmp_path / "small").generate("cats")[0].image.size == (32, 32)


def test_the_command_and_the_same_again(tiny_folder, weak_folder, tmp_path, monkeypatch, capsys):
    from sfumato.cli.main import main

    monkeypatch.chdir(tmp_path)
    model, weak = ("--model", str(tiny_folder)), ("--weak", str(weak_folder))
    assert (
        main(["generate", "cats", *model, *weak, "--guidance", "1.5", "--interval", "0.2:0.9", "--out", "a.png"]) == 0
    )
    found = read("a.png")[0].recipe.guidance
    assert (found["kind"], found["scale"], found["interval"]) == ("auto", 1.5, [0.2, 0.9])
    assert main(["generate", "--like", "a.png", *model]) == 2
    assert "guided by a weak model" in capsys.readouterr().err
    assert main(["generate", "--like", "a.png", *model, *weak, "--out", "b.png"]) == 0
    assert "the same pixels, every one" in capsys.readouterr().err
    assert main(["generate", "--like", "a.png", *model, *weak, "--interval", "0:1", "--out", "c.png"]) == 0
    assert read("c.png")[0].recipe.guidance == {**found, "interval": [0.0, 1.0]}
    assert main(["generate", "cats", *model, "--interval", "0.9:0.2"]) == 2
    assert main(["generate", "cats", *model, "--interval", "often"]) == 2
    assert "expected two times in 0..1" in capsys.readouterr().err


def test_a_trace_keeps_both_beliefs(guided, tmp_path):
    from sfumato.inspect.recorder import record
    from sfumato.inspect.store import read_trace

    assert len(list(record(guided.bundle, guided.recipe("cats"), tmp_path / "t"))) == 5
    assert {"strong", "weak"} <= set(read_trace(tmp_path / "t").arrays(1))
    assert json.loads((tmp_path / "t" / "recipe.json").read_text())["guidance"]["kind"] == "auto"


def test_what_the_weak_model_costs_is_counted(guided, tmp_path):
    from sfumato.evaluate.drawing import cost, draw

    draw(guided, [guided.recipe("cats"), guided.recipe("cats", guidance=1.0)][:1], tmp_path / "two")
    draw(guided, [guided.recipe("cats", guidance=1.0)], tmp_path / "one")
    assert [cost(tmp_path / name)["evaluations"] for name in ("two", "one")] == [6, 3]
