"""From a recipe to a task for few steps: the teacher found and compared, the student begun from its weights."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import torch
from torch import Tensor, nn

from sfumato import checkpoint, fast
from sfumato.choices import choose
from sfumato.clocks import CLOCKS
from sfumato.conditioner import Conditioning
from sfumato.denoiser import NetworkDenoiser
from sfumato.errors import CheckpointError, RecipeError
from sfumato.guidance import GUIDANCES, ClassifierFree
from sfumato.manifest import Manifest
from sfumato.nets.unet import UNet
from sfumato.options import whole_threshold
from sfumato.parts import build_network
from sfumato.process.parameterisation import parameterisation_from
from sfumato.process.schedules import schedule_from
from sfumato.thresholding import THRESHOLDS
from sfumato.train.consistency_methods import METHODS
from sfumato.train.consistency_recipe import DIALS
from sfumato.train.consistency_task import ConsistencyTask
from sfumato.train.denoiser_parts import denoiser_parts
from sfumato.train.frozen_parts import text_parts
from sfumato.train.guided import GuidedTeacher
from sfumato.train.kernels import cpu_kernels, forward_kernels
from sfumato.train.looking import Precise
from sfumato.train.material import Place
from sfumato.train.perceptual import Eyes
from sfumato.train.recipe import TrainRecipe
from sfumato.train.target import WithTarget
from sfumato.weights import sha256

Facts = Mapping[str, Any]


def few_steps(recipe: TrainRecipe, place: Place, net: nn.Module) -> tuple[ConsistencyTask, dict[str, Any]]:
    """The task, and what is worth recording: the teacher by its hash among it.

    Raises RecipeError where the recipe and the teacher do not fit each other, and what gathering data raises.
    """
    refuse_lack(recipe)
    if recipe.consistency.teacher:
        refuse_teacher(recipe)
    parts, facts = denoiser_parts(recipe, place)
    teacher = None
    if recipe.consistency.teacher:
        manifest, tensors, facts["teacher"] = read_teacher(recipe, facts)
        take_over(net, tensors)
        teacher = guided(manifest, tensors, place, parts)
        if recipe.consistency.perceptual > 0.0:
            teacher = replace(teacher, eyes=eyes_of(teacher, parts["dtype"]))
    if recipe.consistency.method == "mean-flow":
        forward_kernels(net)
    method = METHODS[recipe.consistency.method]
    task = method(net, options=recipe.consistency, teacher=teacher, horizon=recipe.rate.images, **parts)
    return task, facts


def refuse_lack(recipe: TrainRecipe) -> None:
    """Raise RecipeError where the method needs what the recipe does not have."""
    options, dials = recipe.consistency, recipe.network.get("dials", 0)
    if options.method == "distillation" and not options.teacher:
        raise RecipeError("distillation needs a teacher; set consistency.teacher, or use `sfumato distill MODEL`")
    needed = DIALS[options.method]
    if dials < needed:
        raise RecipeError(
            f"network.dials is {dials}; {options.method} tells the network {needed} numbers "
            f"(guidance{' and a second time' if needed == 2 else ''}): set network.dials to {needed}"
        )
    if options.method == "training" and options.teacher:
        raise RecipeError("consistency training learns from the data alone; take consistency.teacher away")
    if options.first != options.last and not recipe.rate.images:
        raise RecipeError("the intervals grow over the run, which needs an end: set rate.images, or first = last")


def refuse_teacher(recipe: TrainRecipe) -> None:
    """Raise RecipeError for a teacher whose trajectories no student can follow, before data are gathered for it."""
    manifest = checkpoint.read_manifest(checkpoint.find(recipe.consistency.teacher))
    if fast.few_steps(manifest):
        name = fast.of_student(manifest).get("name")
        whose = f", a student of {name!r}: distill that one" if name else ": distill one of many steps"
        raise RecipeError(f"the teacher {manifest.name!r} is itself a model of few steps{whose}")
    kind = manifest.defaults.get("guidance", {}).get("kind", "classifier-free")
    if kind != "classifier-free" and recipe.consistency.guidance != (1.0, 1.0):
        raise RecipeError(
            f"the teacher {manifest.name!r} draws with guidance {kind!r}; a student learns 'classifier-free' alone: "
            "make that the teacher's default in its sfumato.json, or set consistency.guidance to [1.0, 1.0] for none"
        )


def read_teacher(recipe: TrainRecipe, facts: Facts) -> tuple[Manifest, dict[str, Tensor], dict[str, Any]]:
    """The teacher's manifest, its denoiser's weights and what is recorded of it. Raises where it does not fit."""
    folder = checkpoint.find(recipe.consistency.teacher)
    manifest = checkpoint.read_manifest(folder)
    data = checkpoint.read_files(folder, manifest)
    if "denoiser" not in data:
        raise CheckpointError(f"{folder} holds no denoiser to learn from")
    refuse_other(recipe, manifest, data, facts)
    about = {"name": manifest.name, "model_hash": manifest.model_hash, "sha256": sha256(data["denoiser"])}
    about |= beside_scale(manifest)
    return manifest, checkpoint.denoiser_weights(data, "the teacher's denoiser"), about


def beside_scale(manifest: Manifest) -> dict[str, Any]:
    """What a teacher's guidance has besides its scale, and its threshold, where there is any: its hash has neither."""
    way, nothing = way_of(manifest), ClassifierFree()
    said = {"interval": list(way.interval)} if way.interval != nothing.interval else {}
    said |= {"rescale": way.rescale} if way.rescale else {}
    threshold = whole_threshold(manifest.defaults.get("threshold", {}))
    return said | ({"threshold": threshold} if threshold else {})


def way_of(manifest: Manifest) -> ClassifierFree:
    """The guidance that a model draws with by default; the plain one where it draws by another kind."""
    way = choose(GUIDANCES, manifest.defaults.get("guidance", {"kind": "classifier-free"}), "guidance")
    return way if isinstance(way, ClassifierFree) else ClassifierFree()


def refuse_other(recipe: TrainRecipe, manifest: Manifest, data: Mapping[str, bytes], facts: Facts) -> None:
    """Raise RecipeError for the first thing in which student and teacher differ: they must speak of the same states."""
    process = recipe.process
    pairs = {
        "schedule": (schedule_from(process.schedule), schedule_from(manifest.schedule)),
        "parameterisation": (
            parameterisation_from(process.parameterisation),
            parameterisation_from(manifest.parameterisation),
        ),
        "clock": (choose(CLOCKS, process.clock, "clock"), choose(CLOCKS, manifest.clock, "clock")),
        "autoencoder": (facts.get("autoencoder"), latents_of(manifest, data)),
        "text encoder": (
            {role: sha256(text) for role, text in text_parts(recipe.text).items()},
            {role: sha256(data[role]) for role in ("conditioner", "tokenizer") if role in data},
        ),
    }
    for what, (ours, theirs) in pairs.items():
        if ours != theirs:
            raise RecipeError(
                f"the student's {what} is {ours}, the teacher's {theirs}; they must be the same: "
                f"`sfumato distill {recipe.consistency.teacher}` takes them from the teacher"
            )


def latents_of(manifest: Manifest, data: Mapping[str, bytes]) -> dict[str, Any] | None:
    """A model's autoencoder by its hash, and how its latents are scaled; None for pixels."""
    if "autoencoder" not in data:
        return None
    known = manifest.autoencoder
    scale, shift = float(known.get("scale", 1.0)), float(known.get("shift", 0.0))
    return {"sha256": sha256(data["autoencoder"]), "scale": scale, "shift": shift}


@torch.no_grad()
def take_over(net: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Begin with the teacher's weights; dials begin as they are. Raises RecipeError where the networks differ."""
    for part in (net.student, net.target) if isinstance(net, WithTarget) else (net,):
        own = part.state_dict()
        missing = sorted(name for name in own if name not in tensors and not name.startswith("dials."))
        odd = sorted(n for n, value in tensors.items() if n not in own or own[n].shape != value.shape)
        if missing or odd:
            raise RecipeError(
                f"the student's network is not the teacher's with dials: {(missing + odd)[0]!r} differs; "
                "take the recipe's table 'network' from the teacher"
            )
        for name, value in tensors.items():
            own[name].copy_(value)


def guided(manifest: Manifest, tensors: Mapping[str, Tensor], place: Place, parts: Mapping[str, Any]) -> GuidedTeacher:
    """The frozen teacher with its own schedule, clock and reading."""
    net = build_network(manifest.denoiser, tensors).to(place.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    if place.device.type == "cpu":
        cpu_kernels(net)
    parameterisation = parameterisation_from(manifest.parameterisation)
    denoiser = NetworkDenoiser(
        Precise(net, parts["dtype"], place.device), parameterisation, choose(CLOCKS, manifest.clock, "clock")
    )
    null: Conditioning = parts["conditioner"].encode_batch([""])
    options = whole_threshold(manifest.defaults.get("threshold", {}))
    threshold = choose(THRESHOLDS, options, "threshold") if options else None
    return GuidedTeacher(denoiser, schedule_from(manifest.schedule), null, way_of(manifest), threshold)


def eyes_of(teacher: GuidedTeacher, dtype: torch.dtype) -> Eyes:
    """What compares pictures by the teacher's network. Raises RecipeError for one that is no U-Net."""
    denoiser = cast(NetworkDenoiser, teacher.denoiser)
    net = cast(Precise, denoiser.net).net
    if not isinstance(net, UNet):
        raise RecipeError(
            "consistency.perceptual needs the way down of a U-Net, which this teacher has not: set it to 0"
        )
    return Eyes(net.requires_grad_(False), denoiser.parameterisation, denoiser.clock, dtype)
