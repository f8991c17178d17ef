"""Which models can teach few steps, and that a student follows what its teacher draws with."""

import json
import math
import shutil

import numpy as np
import pytest
import torch
from tests.train.tiny_teacher import made_teacher, place, recipe_of

import sfumato
from sfumato import checkpoint
from sfumato.errors import RecipeError, ScheduleError
from sfumato.manifest import NAME
from sfumato.nets.unet import UNet
from sfumato.pipeline import encode, guidance_of
from sfumato.process.grid import GRIDS
from sfumato.train.consistency_build import refuse_other
from sfumato.train.distilling import recipe_for
from sfumato.train.noising import on_device
from sfumato.train.objective import Moment
from sfumato.train.session import begin
from sfumato.weights import serialise, sha256
from tiny import randomised, write_tiny

EDM = {
    "schedule": {"kind": "edm"},
    "parameterisation": {"kind": "edm", "sigma_data": 0.5},
    "clock": {"kind": "quarter-log-sigma"},
}
INTERVAL = {"kind": "classifier-free", "scale": 5.0, "interval": [0.2, 0.9], "rescale": 0.5}


@pytest.fixture(scope="module")
def plain(tmp_path_factory, cache):
    """A model of random weights, so that a prompt says something."""
    folder = made_teacher(tmp_path_factory.mktemp("teacher") / "run", cache)
    known = checkpoint.read_manifest(folder)
    data = checkpoint.read_files(folder, known)
    network = {name: value for name, value in known.denoiser.items() if name != "kind"}
    data["denoiser"] = serialise(randomised(UNet(**network), 3).state_dict())
    checkpoint.save(folder, known, data, attribution="nothing", replace_existing=True)
    return folder


@pytest.fixture
def teacher(plain, tmp_path):
    """The plain teacher with other entries in its manifest."""

    def made(*, defaults=None, card=None, **entries):
        folder = shutil.copytree(plain, tmp_path / "teacher")
        known = json.loads((folder / NAME).read_text()) | entries
        for entry, more in (("defaults", defaults or {}), ("card", card or {})):
            known[entry] |= more
        (folder / NAME).write_text(json.dumps(known))
        return folder

    return made


@pytest.fixture
def task_of(cache, tmp_path):
    """The task of a student of the teacher in a folder."""
    sessions = []

    def made(folder, *changes):
        sessions.append(begin(recipe_of(folder, "distillation", *changes), tmp_path / "run", place(cache)))
        return sessions[-1].trainer.objective

    yield made
    for session in sessions:
        session.folder.close()


def test_a_student_is_no_teacher(teacher, task_of):
    few = {"few_steps": {"method": "distillation", "most": 4}, "teacher": {"name": "aunt"}}
    with pytest.raises(RecipeError, match="'tiny' is itself a model of few steps, a student of 'aunt': distill that"):
        task_of(teacher(card=few))


@pytest.mark.parametrize("threshold", [{}, {"kind": "static", "limit": 0.5}])
def test_the_teacher_s_own_guidance_is_followed(threshold, teacher, task_of):
    """Interval, rescale and threshold, as the model draws with them by default; the scale is the student's dial."""
    folder = teacher(defaults={"guidance": INTERVAL, "threshold": threshold})
    model, task = sfumato.load(folder), task_of(folder, "precision=float32")
    guidance = guidance_of(model.bundle, model.recipe("a red apple"))
    cond, null = (encode(model.bundle.conditioner, [words] * 2) for words in ("a red apple", ""))
    x = torch.linspace(-2.0, 2.0, 2 * 3 * 32 * 32).view(2, 3, 32, 32)
    for t in (0.1, 0.5, 0.95):
        level = on_device(task.noising.schedule(np.full(2, t)), task.device)
        with torch.no_grad():
            found = task.teacher(x, level, cond, torch.full((2,), 5.0))
            truth = guidance(model.bundle.denoiser, x, task.noising.schedule(t), cond, null)
            unguided = model.bundle.denoiser(x, task.noising.schedule(t), cond)
        assert (t == 0.5) == (float((truth.x0_hat - unguided.x0_hat).abs().max()) > 0.01) or threshold
        torch.testing.assert_close(found.x0_hat, truth.x0_hat, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(found.eps_hat, truth.eps_hat, rtol=1e-4, atol=1e-4)


def test_what_it_followed_is_recorded_where_it_is_more_than_a_scale(teacher, cache, tmp_path):
    folder = teacher(defaults={"guidance": INTERVAL, "threshold": {"kind": "static", "limit": 0.5}})
    session = begin(recipe_of(folder), tmp_path / "run", place(cache))
    about = session.facts["teacher"]
    assert (about["interval"], about["rescale"]) == ([0.2, 0.9], 0.5)
    assert about["threshold"] == {"kind": "static", "limit": 0.5}
    session.folder.close()


def test_guidance_by_a_weak_model_is_not_followed(teacher, task_of):
    folder = teacher(defaults={"guidance": {"kind": "auto", "scale": 2.0, "weak": "0" * 64}})
    with pytest.raises(RecipeError, match=r"draws with guidance 'auto'.*set consistency\.guidance to \[1\.0, 1\.0\]"):
        task_of(folder)
    assert task_of(folder, "consistency.guidance=[1.0,1.0]").teacher is not None


def test_a_clock_that_ends_before_the_picture(teacher, task_of):
    """log sigma has no value at sigma = 0: the levels end above it, where the schedule's first step is."""
    task = task_of(teacher(**EDM))
    assert (task.options.grid, task.finest[-1].t) == ("karras", 1 / 1000)
    for step in range(2):
        assert task.loss(Moment(step=step, shown=8 * step, count=8), slice(0, 8)).isfinite()
    assert all(map(math.isfinite, task.held_out(0, task.net).loss))
    asked = GRIDS[task.grid](task.noising.schedule, task.options.steps)[:-1]
    assert asked[0].t == 1.0
    assert asked[-1].sigma > 10 * task.finest[-1].sigma, "no evaluation is spent at the boundary"


def test_a_boundary_that_its_clock_does_not_reach_is_refused(teacher, task_of):
    folder = teacher(**EDM)
    with pytest.raises(ScheduleError, match=r"-inf at t = 0.*grid to 'karras' and consistency\.t_min to 0\.001"):
        task_of(folder, "consistency.t_min=0.0")


@pytest.mark.parametrize(("entry", "value"), [("scale", 1.0), ("shift", 0.5), ("sha256", "0" * 64)])
def test_latents_of_another_scale_are_others(entry, value, tmp_path):
    """The same autoencoder is not enough: a teacher knows its latents as they were scaled for it."""
    folder = write_tiny(tmp_path / "tiny")
    recipe, known = recipe_for(str(folder), "tavola-fast"), checkpoint.read_manifest(folder)
    data = checkpoint.read_files(folder, known)
    own = {"sha256": sha256(data["autoencoder"])} | {key: known.autoencoder[key] for key in ("scale", "shift")}
    refuse_other(recipe, known, data, {"autoencoder": own})
    with pytest.raises(RecipeError, match=f"the student's autoencoder is .*{value}"):
        refuse_other(recipe, known, data, {"autoencoder": own | {entry: value}})
