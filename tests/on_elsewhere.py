"""What is drawn, shown and measured, once on the CPU and once on the pretended device, in a process of its own.

    python tests/on_elsewhere.py FOLDER        prints JSON: what was asked -> "same", or what went wrong

tests/test_elsewhere.py runs it: the device stays for the rest of a process, and other tests are to be without it.
"""

import dataclasses
import json
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from PIL import Image

import elsewhere
import sfumato
import sfumato.engine
from sfumato import parts
from sfumato.arrays import as_numpy
from sfumato.evaluate.captions import losses
from sfumato.evaluate.likelihood import likelihood, signs
from sfumato.inspect.fork import Leg
from sfumato.pipeline import encode
from sfumato.process.oracle import Empirical
from sfumato.studio import (
    attention,
    code,
    copies,
    denoise,
    film,
    futures,
    guided,
    keepsakes,
    lie,
    machine,
    questions,
    race,
    stack,
    straight,
    xray,
)
from sfumato.studio import losses as judging
from sfumato.studio.photo import shipped
from sfumato.studio.prompted import read
from sfumato.studio.runs import Run
from test_fast import write_student
from tiny import write_tiny, write_transformer

PROMPT, SEED, STEP = "a red apple, 3d render", 3, 400
TIMES = {"seconds", "ms", "engine", "noise", "network", "rest"}
"""Fields that are of the clock or name the device."""


def plain(value):
    """Arrays of either device, and pictures, as numpy's; the clock's fields left out."""
    if isinstance(value, torch.Tensor):
        return as_numpy(value)
    if isinstance(value, Image.Image):
        return np.asarray(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [field.name for field in dataclasses.fields(value)]
        return {name: plain(getattr(value, name)) for name in fields if name not in TIMES}
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)) or hasattr(value, "__next__"):
        return [plain(each) for each in value]
    return value


def asked(beside, model, student, transformer, wordless):
    """Every question by its name."""
    photo = shipped()
    opaque, spot = Image.fromarray(photo), Image.new("L", (64, 64), 0)
    spot.paste(255, (16, 16, 48, 48))

    def answer(of=model):
        return denoise.denoise(of, photo, seed=SEED, i=STEP, prompt=PROMPT, w=4.0)

    def images(of=model, **settings):
        return [picture.image for picture in of.generate(PROMPT, seed=SEED, steps=4, **settings)]

    def perfect():
        two = Empirical(np.zeros((2, *code.shape_of(model))))
        with mock.patch.object(copies, "perfect", return_value=two):
            return copies.looked_up(model, None, "perfect", prompt=PROMPT, seed=SEED, photo=photo)

    def finished(run, of):
        while run.advance(of) is not None:
            pass
        return run

    def run(of=model):
        return finished(Run((Leg(recipe=of.recipe(PROMPT, seed=SEED, steps=3)),)), of)

    def forked():
        parent, other = run(), model.recipe("a green pear", seed=SEED, steps=3)
        return finished(Run((*parent.legs, Leg(recipe=other, start=1)), before=tuple(parent.kept[:1])), model)

    def believed(x, level):
        return bundle.denoiser(x, level, encode(bundle.conditioner, [""]))

    bundle, signed = model.bundle, denoise.encoded(model, photo)
    return {
        "a picture": lambda: images(negative="a green pear", guidance=5.0),
        "several at once": lambda: images(count=3),
        **{f"sampler {kind}": lambda kind=kind: images(sampler=kind) for kind in ("ddpm", "dpmpp-2m", "unipc", "heun")},
        "over a picture": lambda: images(init=opaque, strength=0.6),
        "inside a mask": lambda: images(init=opaque, mask=spot),
        "every step": lambda: list(model.trace(PROMPT, seed=SEED, steps=3)),
        "what it believes": lambda: [picture.image for picture in model.stream(PROMPT, seed=SEED, steps=3)],
        "between two prompts": lambda: images(between={"prompt": "a green pear", "seed": 5, "share": 0.4}),
        "a student": lambda: images(student),
        "autoguidance": lambda: images(beside, guidance=2.0),
        "the transformer": lambda: images(transformer),
        "a model that reads no words": lambda: images(wordless),
        "what another caption costs": lambda: losses(bundle, photo[None], [PROMPT]),
        "likelihood": lambda: likelihood(believed, signed, bundle.schedule, signs([SEED], signed), steps=2),
        "figure denoise": answer,
        "figure straight": lambda: straight.landing(model, photo, seed=SEED, i=STEP),
        "figure straight, the way": lambda: straight.way(model, PROMPT, seed=SEED, steps=3, w=2.0),
        "figure guidance": lambda: guided.beliefs(model, photo, seed=SEED, i=STEP, prompt=PROMPT),
        "figure futures": lambda: list(futures.futures(model, answer(), seed=SEED, count=3, steps=2)),
        "figure futures, the pictures": lambda: futures.pictures(model, answer().x_t[None]),
        "figure xray": lambda: xray.xray(model, answer(), prompt=PROMPT, skips=[0], middle=True),
        "figure stack": lambda: stack.stack(transformer, answer(transformer), prompt=PROMPT),
        "figure lie": lambda: (lie.lie(model, photo, seed=SEED, i=STEP, told=10), lie.gamma(model, [1, 500])),
        "figure lie, all errors": lambda: lie.errors(model, photo, seed=SEED, i=STEP, told=[1, 10]),
        "figure losses": lambda: judging.judged(model, signed, [PROMPT, ""], seed=SEED, i=STEP),
        "figure losses, a drawing": lambda: judging.judged(
            model, judging.drawing(model, PROMPT, seed=SEED), [PROMPT], seed=SEED, i=STEP
        ),
        "figure code": lambda: code.code_of(model, photo),
        "figure code, drawn on": lambda: code.picture_of(model, answer().x_t),
        "figure attention": lambda: attention.look(model, photo, seed=SEED, i=STEP, prompt=PROMPT),
        "figure words": lambda: read(model, PROMPT),
        "figure film": lambda: list(film.film(model, PROMPT, seed=SEED, steps=3)),
        "figure film, the prices": lambda: list(film.prices(model, photo, seed=SEED, steps=3)),
        "figure machine": lambda: list(machine.run(model, PROMPT, seed=SEED, steps=3, w=2.0)),
        "figure copies": perfect,
        "figure race": lambda: race.finish(model, "ddpm", PROMPT, seed=SEED, evaluations=3),
        "playground": lambda: [step.step for step in run().kept],
        "playground, attention": lambda: questions.attention(model, run(), 1, "prompt"),
        "playground, a token hidden": lambda: questions.ablation(model, run(), 1, "prompt"),
        "playground, a token hidden from a student": lambda: questions.ablation(student, run(student), 1, "prompt"),
        "playground, guidance": lambda: questions.guided(run()),
        "playground, bits": lambda: questions.bits(run(), 1),
        "playground, text": lambda: questions.text(model, run()),
        "playground, latents": lambda: (questions.latents(run(), 1), questions.course(run(), None)),
        "playground, network": lambda: [each.path for each in questions.network(model, run(), 1)[0]],
        "playground, forked": lambda: [step.step for step in forked().kept],
        "playground, out and in again": lambda: [
            step.step for step in keepsakes.opened(model, keepsakes.archive(run())).kept
        ],
    }


def outcome(there, here):
    """ "same", or what is not."""
    try:
        expected, found = plain(here()), plain(there())
        flat = [torch.utils._pytree.tree_flatten(value) for value in (expected, found)]
        if flat[0][1] != flat[1][1]:
            return "another structure"
        for one, other in zip(flat[0][0], flat[1][0], strict=True):
            if isinstance(one, (np.ndarray, float)):
                np.testing.assert_allclose(np.asarray(other), np.asarray(one), rtol=1e-3, atol=1e-3)
    except Exception as problem:
        return elsewhere.told(problem)
    return "same"


def controls():
    """What the pretended device refuses, as a real one does: without this all else would say nothing."""
    there, here = torch.ones(2, 2, device=elsewhere.THERE), torch.ones(2, 2)
    wrong = {
        "control: both devices in one sum": lambda: there + here,
        "control: a product": lambda: torch.nn.functional.linear(here, there),
        "control: a choice": lambda: torch.where(here > 0, there, 0.0),
        "control: .numpy()": there.numpy,
    }
    return {name: "refused" if refused(ask) else "not refused" for name, ask in wrong.items()}


def refused(ask):
    """Whether torch says no."""
    try:
        ask()
    except RuntimeError:
        return True
    return False


def main(folder):
    """Ask everything of both."""
    tiny = write_tiny(folder / "tiny")
    others = tiny, write_student(folder / "fast", tiny), write_transformer(folder / "dit")
    others += (write_transformer(folder / "wordless", text=False),)

    def models(device):
        beside = sfumato.load(tiny, device=device, weak=tiny)
        return asked(beside, *(sfumato.load(one, device=device) for one in others))

    here = models("cpu")
    elsewhere.arrive()
    known = parts.device_named
    described = sfumato.engine.describe
    with (
        mock.patch.object(
            parts, "device_named", lambda name: torch.device(name) if name == elsewhere.THERE else known(name)
        ),
        mock.patch.object(sfumato.engine, "describe", lambda device: described("cpu") | {"device": str(device)}),
    ):
        there = models(elsewhere.THERE)
    print(json.dumps(controls() | {name: outcome(there[name], here[name]) for name in here}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
