"""Few-step runs from end to end on the test pictures: begun, resumed, exported, drawn with, and refused."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.train.tiny_runs import DATA, fingerprint
from tests.train.tiny_teacher import METHODS, SMALL, place, recipe_of

import sfumato
from sfumato import checkpoint
from sfumato.cli.main import main
from sfumato.errors import CheckpointError, RecipeError, ScheduleError, ShapeError
from sfumato.train import denoiser_parts
from sfumato.train.distilling import recipe_for, way_for
from sfumato.train.export import export
from sfumato.train.objective import Moment
from sfumato.train.reading import read_toml, recipe_from
from sfumato.train.session import begin, resume, run

ROOT = Path(__file__).parents[2]


def whole(recipe, out, cache, updates=None):
    """A run to its end, or interrupted after some updates and gone on with."""
    if updates is None:
        session = begin(recipe, out, place(cache))
        list(run(session, lambda: False))
        return session
    asked = []
    list(run(begin(recipe, out, place(cache)), lambda: asked.append(1) or len(asked) > updates))
    session = resume(out, place(cache))
    list(run(session, lambda: False))
    return session


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")
@pytest.mark.parametrize("method", METHODS)
def test_a_run_resumes_bit_for_bit_and_draws(method, teacher, cache, tmp_path):
    recipe = recipe_of(teacher, method)
    straight = whole(recipe, tmp_path / "straight", cache)
    whole(recipe, tmp_path / "resumed", cache, updates=2)
    assert fingerprint(tmp_path / "straight")["weights"] == fingerprint(tmp_path / "resumed")["weights"]
    assert fingerprint(tmp_path / "straight")["average"] == fingerprint(tmp_path / "resumed")["average"]
    folder = export(straight, dtype="float32")
    card = json.loads((folder / "sfumato.json").read_text())["card"]
    guided = {} if method == "training" else {"guidance": list(recipe.consistency.guidance)}
    assert card["few_steps"] == {"method": method, "most": 4, **guided}
    assert card["data"][0]["name"] == "glyphs"
    if method != "training":
        of_teacher = json.loads((teacher / "sfumato.json").read_text())
        assert card["teacher"]["sha256"] == of_teacher["files"]["denoiser"]["sha256"]
    model = sfumato.load(folder)
    pictures = {n: model.generate("a red apple", steps=n)[0].pixels_sha256 for n in (1, 2, 4)}
    assert len(set(pictures.values())) == 3
    assert model.generate("a red apple", steps=2)[0].pixels_sha256 == pictures[2]
    assert model.recipe("x").sampler == {"kind": "consistency"}
    if method == "training":
        with pytest.raises(ShapeError, match="has no dial for the guidance scale"):
            model.generate("x", guidance={"kind": "embedded"})
    else:
        assert not torch.equal(*(last_state(model, guidance=w) for w in (5.0, 7.0)))
        assert torch.equal(*(last_state(model, guidance=w) for w in (7.0, 7.0)))


def last_state(model, **settings):
    """The latent of a picture, before it becomes bytes."""
    *_, decoded = model.trace("a red apple", steps=2, **settings)
    return decoded.latent


def test_the_student_begins_as_its_teacher(teacher, cache, tmp_path):
    """Every weight but the dials', which say nothing yet: the network's answer is the teacher's for any w."""
    session = begin(recipe_of(teacher, "distillation", "consistency.target=0.0"), tmp_path / "run", place(cache))
    net = session.trainer.objective.net.eval()
    theirs = sfumato.load(teacher).bundle.denoiser.net
    x, tokens = torch.ones(2, 3, 32, 32), torch.ones(2, 5, 384)
    mask = torch.ones(2, 5, dtype=torch.bool)
    with torch.no_grad():
        ours = net(x, 700.0, tokens, mask, None, torch.tensor([[0.0], [6.0]]))
        torch.testing.assert_close(ours, theirs(x, 700.0, tokens, mask, None), rtol=1e-4, atol=1e-5)
    session.folder.close()


def test_the_recipe_is_the_teacher_s_own():
    """The shipped recipe for a model is what `distill` makes of it, within 15 % of what its training cost."""
    name = "tavola"
    assert way_for(name) == f"{name}-fast"
    shipped = recipe_from(read_toml(f"{name}-fast"))
    options = shipped.consistency
    evaluations = 3 + 1 + 2 * options.substeps  # the student with its gradient, its target, the teacher
    evaluations += options.own * (options.steps - 1) / 2  # and its own pictures to begin from
    trained = checkpoint.read_manifest(checkpoint.find(name)).card["images"]
    assert shipped.rate.images * evaluations < 0.15 * 3 * trained
    made = recipe_for(name, f"{name}-fast")
    for part in ("name", "text", "data", "space", "optimiser", "rate", "consistency", "network", "watch"):
        assert getattr(made, part) == getattr(shipped, part), part


def test_the_gpu_job_is_the_same_recipe():
    """Another seed, and nothing else."""
    job = recipe_from(read_toml(str(ROOT / "recipes" / "gpu" / "tavola-fast.toml")))
    assert replace(job, seed=0) == recipe_from(read_toml("tavola-fast"))


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")
def test_mean_flow_where_bfloat16_is_native(teacher, cache, tmp_path, monkeypatch):
    """Its network is in float32 there, for the sake of the Jacobian-vector product."""
    losses, moment = {}, Moment(step=0, shown=0, count=8)
    for native in (torch.bfloat16, torch.float32):
        monkeypatch.setattr(denoiser_parts, "resolve", lambda *_, native=native: native)
        recipe = recipe_of(teacher, "mean-flow", "precision=auto", "consistency.equal=0.0", "consistency.teacher=")
        session = begin(recipe, tmp_path / str(native), place(cache))
        task = session.trainer.objective
        loss = task.loss(moment, slice(0, 8))
        loss.backward()
        assert all(p.grad.isfinite().all() for p in task.net.parameters() if p.grad is not None)
        losses[native] = loss.item()
        session.folder.close()
    assert losses[torch.bfloat16] == pytest.approx(losses[torch.float32], rel=0.02)
    assert losses[torch.float32] > 0.1
    with pytest.raises(RecipeError, match="Jacobian-vector product needs float32"):
        begin(recipe_of(teacher, "mean-flow", "precision=bfloat16"), tmp_path / "refused", place(cache))


def test_a_look_asks_nothing_that_is_not_reported(teacher, cache, tmp_path):
    """Two levels and t = 1, the pair's two ends at each: what another caption costs is thrown away, so not asked."""
    session = begin(recipe_of(teacher, "distillation", "consistency.target=0.0"), tmp_path / "run", place(cache))
    task, asked = session.trainer.objective, []
    task.net.register_forward_hook(lambda *_: asked.append(1))
    found = task.held_out(0, task.net)
    assert (found.caption, len(asked), len(found.loss)) == (None, 6, 3)
    session.folder.close()


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (["consistency.teacher="], RecipeError, "distillation needs a teacher"),
        (["network.dials=0"], RecipeError, "network.dials is 0; distillation tells the network 1 numbers"),
        (["consistency.method=training", "consistency.perceptual=0"], RecipeError, "take consistency.teacher away"),
        (
            ["process.schedule={kind='linear'}"],
            RecipeError,
            "the student's schedule is Linear.*the teacher's Rectified",
        ),
        (["process.clock.scale=1.0"], RecipeError, "the student's clock is"),
        (["network.block_out_channels=[32,32]"], RecipeError, "not the teacher's with dials"),
        (["consistency.first=1", "rate.images=0"], RecipeError, "set rate.images, or first = last"),
        (["consistency.guidance=[8,1]"], RecipeError, "a range of w such as"),
        (["consistency.grid=shift"], RecipeError, "did you mean 'shifted'"),
        (["consistency.t_min=0.9"], ScheduleError, "below the other levels"),
        (["consistency.teacher=nobody"], CheckpointError, "there is no model 'nobody'"),
    ],
)
def test_what_cannot_be_distilled_is_named(changes, error, message, teacher, cache, tmp_path):
    with pytest.raises(error, match=message):
        begin(recipe_of(teacher, "distillation", *changes), tmp_path / "run", place(cache))


def test_another_teacher_is_another_run(teacher, cache, tmp_path):
    out = tmp_path / "run"
    whole(recipe_of(teacher, "distillation", "rate.images=8", "watch.sheet=0", "watch.heldout=0"), out, cache)
    about = json.loads((out / "run.json").read_text())
    about["facts"]["teacher"]["sha256"] = "0" * 64
    (out / "run.json").write_text(json.dumps(about))
    with pytest.raises(CheckpointError, match="began with other teacher"):
        resume(out, place(cache))


def test_the_command(teacher, cache, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("SFUMATO_CACHE", str(cache))
    arguments = ["distill", str(teacher), "--data", str(DATA), "--out", str(tmp_path / "run"), "--images", "16"]
    sets = [part for change in SMALL[1:] for part in ("--set", change)]
    assert main([*arguments, *sets]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "run" / "model")
    assert main([*arguments, *sets]) == 2
    assert way_for(str(teacher)) == "tavola-fast"
    assert main(["distill", str(teacher), "--recipe", "tiny"]) == 2
    assert "has no objective 'consistency'" in capsys.readouterr().err
