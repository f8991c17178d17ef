"""The autoencoder's objective: a KL autoencoder whose latents survive scaling.

With q(z|x) = N(mu, s^2), z = mu + s eps, y = decode(z), and D(.) averaging 2 x 2 pixels or latents:

loss = distance(y, x)                                       train/reconstruction.py
     + e |decode(D z) - D x|                                equivariance to scale (Kouzelis et al. 2025, "EQ-VAE")
     + k KL(q(z|x) || N(0, I)) per element                  Kingma and Welling 2014
     + a critic's opinion of y, where asked for             train/rivals.py

each a mean over elements. It is trained on random crops: the network has no notion of position, so whole pictures work
too. Pictures with transparency are seen and answered in premultiplied colours (alpha.py).
"""

from collections.abc import Sequence
from itertools import permutations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sfumato import rng
from sfumato.alpha import shown
from sfumato.corpus.source import Source
from sfumato.likeness import psnr
from sfumato.nets.vae import VAE
from sfumato.train.chance import StepNoise
from sfumato.train.events import HeldOut
from sfumato.train.looking import LOOKING, tiled
from sfumato.train.objective import Moment
from sfumato.train.order import CROP_X, CROP_Y, FLIP, RECOLOUR, Order
from sfumato.train.precision import autocast
from sfumato.train.recipe import AutoencoderLoss, Watch
from sfumato.train.reconstruction import reconstruction
from sfumato.train.rivals import Rivals, autoencoder_in, rivalry
from sfumato.train.store import to_signed

COLOURS = tuple(permutations(range(3)))


class Autoencoding:
    """Objective over 8-bit pictures."""

    def __init__(
        self,
        net: VAE | Rivals,
        *,
        sources: Sequence[Source],
        val: Source,
        order: Order,
        crop: int,
        flip: float,
        loss: AutoencoderLoss,
        watch: Watch,
        seed: int,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self.net, self.sources, self.val, self.order = net, sources, val, order
        self.crop, self.flip, self.weights, self.watch = crop, flip, loss, watch
        self.device, self.dtype = device, dtype
        self.noise, self.seed = StepNoise(seed, device), seed

    @property
    def splits(self) -> bool:
        """See Objective: not with a critic, in whose place others' weights are put for a while (rivals.py)."""
        return not isinstance(self.net, Rivals)

    def loss(self, moment: Moment, part: slice, /) -> Tensor:
        """The mean loss over one part of this moment's crops."""
        x = self.batch(moment, part).to(self.device).contiguous(memory_format=torch.channels_last)
        vae, w = autoencoder_in(self.net), self.weights
        with autocast(self.dtype, self.device):
            mean, log_var = (v.float() for v in vae.encode(x))
            eps = self.noise((moment.count, *mean.shape[1:]), stream=rng.TRAIN_NOISE, step=moment.step)[part]
            z = mean + eps * (0.5 * log_var).exp()
            y, half = vae.decode(z).float(), vae.decode(F.avg_pool2d(z, 2)).float()
        kl = 0.5 * (mean.square() + log_var.exp() - 1.0 - log_var).mean()
        background = self.background(moment)[part].to(self.device) if x.shape[1] == 4 else None
        compared = reconstruction(y, x, background, w)
        if isinstance(self.net, Rivals):
            behind = 1.0 if background is None else background
            with autocast(self.dtype, self.device):
                compared = compared + rivalry(self.net.critic, shown(y, behind), shown(x, behind), w.adversarial)
        return compared + w.equivariance * (half - F.avg_pool2d(x, 2)).abs().mean() + w.kl * kl

    def background(self, moment: Moment) -> Tensor:
        """A colour in [0, 1] behind each picture: white with probability `white`, else uniform."""
        u = rng.uniform(self.seed, (moment.count, 4), stream=rng.AUGMENT, step=moment.step, draw=1)
        colours = np.where(u[:, 3:] < self.weights.white, 1.0, u[:, :3])
        return torch.from_numpy(colours.astype(np.float32))[:, :, None, None]

    def batch(self, moment: Moment, part: slice) -> Tensor:
        """One part's crops in [-1, 1], mirrored and with permuted colour channels by chance."""
        places, chance = (drawn[part] for drawn in self.order.at(moment.shown, moment.count))
        crops = [self.crop_of(self.sources[s].pictures[r], c) for (s, r), c in zip(places, chance, strict=True)]
        return to_signed(np.stack(crops))

    def crop_of(self, picture: np.ndarray, chance: np.ndarray) -> np.ndarray:
        """One augmented crop, from its uniform numbers."""
        side = picture.shape[0]
        crop = self.crop or side
        top, left = (int(chance[k] * (side - crop + 1)) for k in (CROP_Y, CROP_X))
        out = picture[top : top + crop, left : left + crop]
        if chance[FLIP] < self.flip:
            out = out[:, ::-1]
        if chance[RECOLOUR] < self.weights.recolour:
            colours = COLOURS[int(chance[RECOLOUR] / self.weights.recolour * len(COLOURS))]
            out = out[..., [*colours, *range(3, out.shape[-1])]]
        return out

    @torch.no_grad()
    def held_out(self, images: int, net: nn.Module, /) -> HeldOut:
        """PSNR in dB of whole val pictures over white, with its standard error; the level is 0.

        They go through the mean latent.
        """
        chosen = np.sort(rng.permutation(LOOKING, len(self.val), 0)[: self.watch.heldout_rows])
        values = []
        for start in range(0, len(chosen), 16):
            x = to_signed(self.val.pictures[chosen[start : start + 16]]).to(self.device)
            values.append(psnr(shown(reconstruct(net, x)), shown(x)))
        ratios = torch.cat(values).double()
        error = float(ratios.std(correction=0)) / len(ratios) ** 0.5
        return HeldOut(images=images, levels=(0.0,), loss=(float(ratios.mean()),), error=(error,))

    @torch.no_grad()
    def sheet(self, net: nn.Module, /) -> np.ndarray:
        """A row of val pictures over white and a row of their reconstructions; then their alphas in the same way."""
        x = to_signed(self.val.pictures[np.sort(rng.permutation(LOOKING, len(self.val), 0)[:8])]).to(self.device)
        y = reconstruct(net, x)
        rows = [shown(x), shown(y)]
        if x.shape[1] == 4:
            rows += [v[:, 3:].expand(-1, 3, -1, -1) for v in (x, y)]
        return tiled(((torch.cat(rows) + 1.0) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy(), len(x))


def reconstruct(net: nn.Module, x: Tensor) -> Tensor:
    """Pictures through the mean latent and back, clipped to what is possible: [-1, 1], and colours to alpha."""
    vae = autoencoder_in(net)
    y = vae.decode(vae.encode(x)[0]).clamp(-1.0, 1.0)
    return torch.cat([y[:, :3].minimum(y[:, 3:]), y[:, 3:]], dim=1) if y.shape[1] == 4 else y
