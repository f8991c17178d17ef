"""One answer of the network about a noisy photo, beside the truth, which is known because the noise was ours."""

import time
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from PIL import Image

from sfumato.alpha import shown
from sfumato.arrays import as_numpy
from sfumato.errors import RecipeError
from sfumato.guidance import ClassifierFree
from sfumato.inspect.numbers import rms
from sfumato.model import Model
from sfumato.nets.frozen import thawed
from sfumato.pipeline import encode
from sfumato.process.forward import jump
from sfumato.process.schedule import Level
from sfumato.rng import PerSample

Latents = Float32[np.ndarray, "c h w"]
Picture = Float32[np.ndarray, "3 H W"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Answer:
    """Truth and belief at one level, in the latents that the network works in, and three of them as pictures.

    noisy, guess and photo are what the decoder makes of x_t, x0_hat and x_0, transparent parts over white.
    """

    level: Level
    x_0: Latents
    eps: Latents
    x_t: Latents
    x0_hat: Latents
    eps_hat: Latents
    noisy: Picture
    guess: Picture
    photo: Picture
    seconds: float

    @property
    def v(self) -> Latents:
        """alpha eps - sigma x_0, the truth that a v-prediction aims at (Salimans and Ho 2022)."""
        return self.level.alpha * self.eps - self.level.sigma * self.x_0

    @property
    def v_hat(self) -> Latents:
        """The same of the belief."""
        return self.level.alpha * self.eps_hat - self.level.sigma * self.x0_hat

    def errors(self) -> dict[str, float]:
        """Root mean square errors of one answer, told four ways: eps, x0, v and score = -eps / sigma."""
        eps = rms(self.eps_hat - self.eps)
        return {
            "eps": eps,
            "x0": rms(self.x0_hat - self.x_0),
            "v": rms(self.v_hat - self.v),
            "score": eps / float(self.level.sigma),
        }


def denoise(
    model: Model, photo: UInt8[np.ndarray, "h w 3"], *, seed: int, i: int, prompt: str = "", w: float = 1.0
) -> Answer:
    """Encode a photo, jump to step i of the model's own schedule with the seed's noise, and ask the network once.

    w is the guidance scale: 0 ignores the prompt, 1 follows it plainly. The prompt "" is none.

    Raises:
        RecipeError: no such step.
    """
    bundle = model.bundle
    if not 1 <= i <= bundle.schedule.T:
        raise RecipeError(f"step {i}; the schedule of {model.name!r} has 1..{bundle.schedule.T}")
    (x_0, eps), level = with_noise(model, photo, seed), bundle.schedule.at(i)
    x_t = jump(x_0, eps, level)
    cond, null = (encode(bundle.conditioner, [words]) for words in (prompt, ""))
    begin = time.perf_counter()
    with torch.no_grad():
        belief = ClassifierFree(scale=w)(bundle.denoiser, x_t, level, cond, null)
    seconds = time.perf_counter() - begin
    noisy, guess, photo_again = (decoded(model, z) for z in (x_t, belief.x0_hat, x_0))
    return Answer(
        level=level, x_0=_one(x_0), eps=_one(eps), x_t=_one(x_t), x0_hat=_one(belief.x0_hat),
        eps_hat=_one(belief.eps_hat), noisy=noisy, guess=guess, photo=photo_again, seconds=seconds,
    )  # fmt: skip


def encoded(model: Model, photo: UInt8[np.ndarray, "h w 3"]) -> Float32[torch.Tensor, "1 c h w"]:
    """The photo's latents (the encoder's mean) at the size that the model draws; opaque where it knows transparency."""
    image = model.canvas(Image.fromarray(photo)).under.image
    return model.bundle.autoencoder.encode(there(model, image)).mean


def with_noise(
    model: Model, photo: UInt8[np.ndarray, "h w 3"], seed: int
) -> tuple[Float32[torch.Tensor, "1 c h w"], Float32[torch.Tensor, "1 c h w"]]:
    """The photo's latents, and the seed's noise in their shape."""
    x_0 = encoded(model, photo)
    return x_0, PerSample((seed,)).initial(tuple(x_0.shape[1:]), x_0)


def there(model: Model, values: Float32[np.ndarray, "..."]) -> Float32[torch.Tensor, "..."]:
    """Numbers as a tensor on the device that the model's network is on."""
    net = thawed(getattr(model.bundle.denoiser, "net", None))
    weight = next(net.parameters(), None) if isinstance(net, torch.nn.Module) else None
    return torch.from_numpy(values).to("cpu" if weight is None else weight.device)


def decoded(model: Model, z: Float32[torch.Tensor, "1 c h w"]) -> Picture:
    """What the decoder makes of latents, over white where it is transparent: three colours to look at."""
    return _one(over_white(model.bundle.autoencoder.decode(z)))


def over_white(image: Float32[torch.Tensor, "b c H W"]) -> Float32[torch.Tensor, "b 3 H W"]:
    """Decoded pictures as they are looked at: within [-1, 1], over white where they are transparent."""
    return shown(image.clamp(-1.0, 1.0)).clamp(max=1.0)


def _one(batch: torch.Tensor) -> Float32[np.ndarray, "c h w"]:
    return np.ascontiguousarray(as_numpy(batch)[0], dtype=np.float32)
