"""The averaged weights of a run as something to use: a model folder, or an autoencoder with its description."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sfumato import checkpoint
from sfumato.latents import LatentSpace
from sfumato.manifest import Manifest
from sfumato.process.parameterisation import parameterisation_to
from sfumato.process.schedules import schedule_to
from sfumato.train.autoencoding import Autoencoding
from sfumato.train.contrasting import Contrasting
from sfumato.train.denoiser_task import DenoiserTask
from sfumato.train.export_autoencoder import export_autoencoder
from sfumato.train.export_towers import export_towers
from sfumato.train.frozen_parts import text_parts
from sfumato.train.history import history, last_look
from sfumato.train.session import Session
from sfumato.train.target import student_weights
from sfumato.weights import serialise


def export(session: Session, folder: Path | None = None, *, dtype: str = "float16") -> Path:
    """Write the average as a model folder, by default RUN/model (replaced if it is there), and answer where.

    A denoiser's folder is complete but for the text encoder, which every installation has; an autoencoder's holds
    autoencoder.safetensors and autoencoder.json, and can be named by a recipe's space.autoencoder; that of towers can
    be named by text.folder and is what text/score.py reads.
    Raises OutputError where it cannot be written.
    """
    target = folder or session.folder.path / "model"
    if isinstance(session.trainer.objective, Autoencoding):
        return export_autoencoder(session, target, dtype)
    if isinstance(session.trainer.objective, Contrasting):
        return export_towers(session, session.trainer.objective, target, dtype)
    assert isinstance(session.trainer.objective, DenoiserTask)
    export_model(session, session.trainer.objective, target, dtype)
    return target


def export_model(session: Session, task: DenoiserTask, target: Path, dtype: str) -> None:
    """A text-to-image model."""
    recipe, space = session.trainer.recipe, task.autoencoder
    files = {"denoiser": serialise(student_weights(session.trainer.average.weights), dtype)}
    described: dict[str, Any] = {"kind": "pixels"} | ({"channels": space.colours} if space.colours != 3 else {})
    if isinstance(space, LatentSpace):
        files["autoencoder"] = serialise(space.vae.state_dict(), dtype)
        described = {"kind": "vae", "scale": space.scale, "shift": space.shift, **session.facts["vae"]}
    text, own = text_parts(recipe.text), "folder" in recipe.text
    manifest = Manifest(
        name=recipe.name,
        denoiser=dict(recipe.network),
        autoencoder=described,
        conditioner={k: v for k, v in recipe.text.items() if k in ("kind", "max_tokens")},
        parameterisation=parameterisation_to(task.noising.parameterisation),
        schedule=schedule_to(task.noising.schedule),
        clock=dict(recipe.process.clock),
        sizes=((recipe.data.size, recipe.data.size),),
        defaults=task.defaults(),
        card=card(session, task),
    )
    files |= text if own else {}
    checkpoint.save(target, manifest, files, shared={} if own else text, replace_existing=True)


def card(session: Session, task: DenoiserTask) -> Mapping[str, Any]:
    """What the model was trained on and how: data, licences, recipe, steps, time, machine, held-out loss."""
    held_out = last_look(session)
    return {
        "about": session.trainer.recipe.about,
        **history(session, task.rows),
        "steps": session.trainer.progress.step,
        **task.about(),
        "held_out": {k: v for k, v in held_out.items() if k != "event"} if held_out else None,
    }
