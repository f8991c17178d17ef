"""Flow matching in one picture: a straight path from a photo to noise, a curved one, and how straight a model goes."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float64, UInt8

from sfumato.arrays import as_numpy
from sfumato.guidance import ClassifierFree
from sfumato.inspect.numbers import rms
from sfumato.model import Model
from sfumato.pipeline import encode
from sfumato.process.forward import jump
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import Level
from sfumato.samplers.base import Step
from sfumato.studio.denoise import with_noise

Flat = Float64[np.ndarray, " d"]


@dataclass(frozen=True, kw_only=True)
class Course:
    """A path from x_0 at t = 0 to eps at t = 1: x = alpha x_0 + sigma eps, dx/dt = d_alpha x_0 + d_sigma eps."""

    t: float
    alpha: float
    sigma: float
    d_alpha: float
    d_sigma: float

    @property
    def ahead(self) -> tuple[float, float]:
        """The shares of x_0 and eps where one lands at t = 0 who keeps the direction that the path has here."""
        return self.alpha - self.t * self.d_alpha, self.sigma - self.t * self.d_sigma


def straight(t: float) -> Course:
    """(1 - t) x_0 + t eps: one direction all the way (Liu et al. 2022; their time runs the other way)."""
    return Course(t=t, alpha=1.0 - t, sigma=t, d_alpha=-1.0, d_sigma=1.0)


def curved(t: float) -> Course:
    """cos(pi t / 2) x_0 + sin(pi t / 2) eps: the variance stays (Albergo and Vanden-Eijnden 2023)."""
    phi, by = 0.5 * math.pi * t, 0.5 * math.pi
    return Course(
        t=t, alpha=math.cos(phi), sigma=math.sin(phi), d_alpha=-by * math.sin(phi), d_sigma=by * math.cos(phi)
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Landing:
    """Where the network's velocity leads from a point of the straight path, if it is kept to the end.

    t: sigma / (alpha + sigma), which is the time of the model's level on the straight path. x0_hat is the landing:
    x_t - t u_hat, with the velocity u_hat = eps_hat - x0_hat.
    """

    t: float
    x_0: Flat
    eps: Flat
    x0_hat: Flat
    belief: Prediction

    @cached_property
    def shares(self) -> tuple[float, float]:
        """Of x_0 and of eps in the landing: its nearest point in the plane of the two."""
        found = np.linalg.lstsq(np.stack([self.x_0, self.eps], axis=1), self.x0_hat, rcond=None)[0]
        return float(found[0]), float(found[1])

    def at(self, shares: tuple[float, float]) -> Flat:
        """A point of the plane."""
        return shares[0] * self.x_0 + shares[1] * self.eps

    def numbers(self) -> dict[str, float]:
        """Distances are root mean squares over the latents' numbers.

        turned: degrees between the direction of the curved path here and the one that it has at t = 0.
        miss_straight, miss_curved, miss_network: from x_0 to where each direction leads from here. off: from the
        network's landing to the plane of x_0 and eps.
        """
        here, end = curved(self.t), curved(0.0)
        a, b = (self.at((one.d_alpha, one.d_sigma)) for one in (here, end))
        cosine = float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
        return {
            "turned": math.degrees(math.acos(min(1.0, max(-1.0, cosine)))),
            "miss_straight": rms(self.at(straight(self.t).ahead) - self.x_0),
            "miss_curved": rms(self.at(here.ahead) - self.x_0),
            "miss_network": rms(self.x0_hat - self.x_0),
            "off": rms(self.x0_hat - self.at(self.shares)),
        }


def landing(model: Model, photo: UInt8[np.ndarray, "h w 3"], *, seed: int, i: int) -> Landing:
    """Encode a photo, jump to step i of the model's own schedule, and ask for the velocity. No prompt.

    Raises:
        ScheduleError: no such step.
    """
    (x_0, eps), level = with_noise(model, photo, seed), model.bundle.schedule.at(i)
    null = encode(model.bundle.conditioner, [""])
    with torch.no_grad():
        belief = ClassifierFree(scale=0.0)(model.bundle.denoiser, jump(x_0, eps, level), level, null, null)
    known, noise, found = (_flat(x) for x in (x_0, eps, belief.x0_hat))
    return Landing(t=_time(level), x_0=known, eps=noise, x0_hat=found, belief=belief)


@dataclass(frozen=True, eq=False, kw_only=True)
class Way:
    """A trajectory of the model's own, from noise to picture, as a path of x / (alpha + sigma): n + 1 states [n d].

    first: the guess at its start, which is where one step would have ended.
    """

    times: tuple[float, ...]
    states: Float64[np.ndarray, "n d"]
    first: Flat

    @property
    def along(self) -> Float64[np.ndarray, " n"]:
        """How much of the way each state has made, 0 to 1, measured along the line from start to end."""
        return self._gone @ self._line / float(self._line @ self._line)

    @property
    def apart(self) -> Float64[np.ndarray, " n"]:
        """How far each state lies from that line, root mean square."""
        return np.sqrt(np.mean((self._gone - np.outer(self.along, self._line)) ** 2, axis=1))

    def numbers(self) -> dict[str, float]:
        """length: of the path, for 1 of the distance between its ends; 1 is straight. gap: from `first` to the end."""
        steps = np.linalg.norm(np.diff(self.states, axis=0), axis=1)
        gap = rms(self.first - self.states[-1])
        return {"length": float(steps.sum() / np.linalg.norm(self._line)), "gap": gap}

    @property
    def _line(self) -> Flat:
        return self.states[-1] - self.states[0]

    @property
    def _gone(self) -> Float64[np.ndarray, "n d"]:
        return self.states - self.states[0]


def walked(model: Model, prompt: str, *, seed: int, steps: int, w: float) -> Iterator[Step | Way]:
    """Draw with DDIM, which adds no noise: each step as it is taken, then the whole way.

    Accuracy: a path in `steps` pieces is shorter than the one that it stands for.
    """
    times, states, first = [], [], None
    for event in model.trace(prompt, seed=seed, steps=steps, guidance=w, sampler={"kind": "ddim"}, grid="trailing"):
        if isinstance(event, Step):
            level, belief = event.here, event.prediction
            times.append(_time(level))
            states.append(_flat(belief.x_t) / (level.alpha + level.sigma))
            first = _flat(belief.x0_hat) if first is None else first
            yield event
            if event.there.sigma == 0.0:
                whole = np.stack([*states, _flat(event.x_next)])
                yield Way(times=(*times, 0.0), states=whole, first=first)


def way(model: Model, prompt: str, *, seed: int, steps: int, w: float) -> Way:
    """The whole way."""
    *_, whole = walked(model, prompt, seed=seed, steps=steps, w=w)
    assert isinstance(whole, Way)
    return whole


def _time(level: Level) -> float:
    return float(level.sigma / (level.alpha + level.sigma))


def _flat(x: object) -> Flat:
    return as_numpy(x)[0].astype(np.float64).ravel()
