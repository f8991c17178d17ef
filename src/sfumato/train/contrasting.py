"""The towers' objective: which texts fit which pictures of a batch.

With logits l_ij = exp(scale) u_j.v_i + bias of picture i and text j (nets/towers.py), and z_ij = 1 where picture i
could have been called text j, else -1:

loss = -1/n sum_ij log sigmoid(z_ij l_ij)                                Zhai et al. 2023 (arXiv:2303.15343), eq. 1

A keyword may fit several pictures of a batch; all of them count as pairs. Where a teacher is given,

     + w (1 - cos(W_t last(text(c)), mean(teacher(c))))                  its mean token state, distilled

A part of a batch is its pictures against the texts of the whole batch, so that parts add up to the whole.
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from sfumato import rng
from sfumato.corpus.paraphrase import without_kept_back
from sfumato.corpus.prompt import Prompting, plain_prompt, training_prompt
from sfumato.corpus.rows import Row
from sfumato.corpus.source import Source
from sfumato.nets.tower import last_state
from sfumato.nets.towers import Towers
from sfumato.text.conditioner import TowerConditioner
from sfumato.text.tokenizer import load_tokenizer
from sfumato.train.denoising import ALL, mirrorable
from sfumato.train.events import HeldOut
from sfumato.train.looking import LOOKING, tiled
from sfumato.train.objective import Moment
from sfumato.train.order import CROP_X, CROP_Y, DROP, FLIP, KEYWORD, Order
from sfumato.train.precision import autocast
from sfumato.train.recipe import TrainRecipe
from sfumato.train.store import to_signed
from sfumato.train.teacher import Teacher

REACH = 16
"""A picture is moved by up to size / REACH pixels each way in training; what comes in is white."""
SHOWN = 8
"""Pictures beside each prompt of a sheet."""


class Contrasting:
    """Objective over 8-bit pictures and their captions."""

    def __init__(
        self,
        net: Towers,
        *,
        recipe: TrainRecipe,
        sources: Sequence[Source],
        val: Source,
        order: Order,
        tokenizer: bytes,
        teacher: Teacher | None,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self.net, self.recipe, self.sources, self.val, self.order = net, recipe, sources, val, order
        self.tokenizer, self.teacher, self.device, self.dtype = tokenizer, teacher, device, dtype
        self.reader = TowerConditioner(net.text, load_tokenizer(tokenizer), max_tokens=net.text.options["positions"])
        self.rows = [[without_kept_back(row) for row in source.rows] for source in sources]
        self.prompting = Prompting(drop=recipe.data.drop, keyword=recipe.data.keyword)

    @property
    def splits(self) -> bool:
        """See Objective: every part reads all texts of the moment."""
        return False

    def loss(self, moment: Moment, part: slice, /) -> Tensor:
        """The mean over one part of this moment's pictures, contrasted with all of its texts."""
        places, chance = self.order.at(moment.shown, moment.count)
        rows = [self.rows[s][r] for s, r in places]
        prompts = [
            training_prompt(row, self.prompting, c[DROP], c[KEYWORD]) for row, c in zip(rows, chance, strict=True)
        ]
        pictures = np.stack(
            [
                augmented(self.sources[s].pictures[r], c, self.recipe.data.flip if mirrorable(row) else 0.0)
                for (s, r), c, row in zip(places[part], chance[part], rows[part], strict=True)
            ]
        )
        return self.contrast(self.net, pictures, prompts, fits(rows[part], prompts), part).mean()

    def contrast(
        self,
        net: Towers,
        pictures: np.ndarray,
        prompts: Sequence[str],
        pairs: Bool[np.ndarray, "b k"],
        part: slice = ALL,
    ) -> Float[Tensor, " b"]:
        """The loss of each picture, in float32; the teacher's, of the texts in `part`, is the same in all of them."""
        ids, mask = self.read(prompts)
        x = to_signed(pictures).to(self.device).contiguous(memory_format=torch.channels_last)
        with autocast(self.dtype, self.device):
            last = last_state(net.text(ids, mask), mask)
            u, v = net.joint_text(last), net.of_pictures(x)
            taught = None if self.teacher is None or net.to_teacher is None else net.to_teacher(last[part])
        z = torch.from_numpy(np.where(pairs, 1.0, -1.0)).to(u)
        loss = -F.logsigmoid(z * net.logits(u.float(), v.float())).sum(dim=1)
        if taught is None or self.teacher is None:
            return loss
        near = F.cosine_similarity(taught.float(), self.teacher(prompts[part]))
        return loss + self.recipe.distil * (1.0 - near).mean()

    def read(self, prompts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Token numbers and mask of prompts, at the length of the longest."""
        texts = self.reader.read(prompts)
        ids, mask = self.reader.pad(texts, max(map(len, texts)))
        return ids.to(self.device), mask.to(self.device)

    def chosen(self) -> np.ndarray:
        """The held-out rows that are looked at, no caption with its style twice."""
        order = rng.permutation(LOOKING, len(self.val), 0)
        first = {plain_prompt(self.val.rows[r]): r for r in order[::-1]}
        kept = np.array(sorted(first.values(), key=list(order).index))
        return np.sort(kept[: self.recipe.watch.heldout_rows])

    @torch.no_grad()
    def held_out(self, images: int, net: nn.Module, /) -> HeldOut:
        """The loss of held-out pictures against each other's captions, with its standard error; the level is 0."""
        assert isinstance(net, Towers)
        chosen = self.chosen()
        rows = [self.val.rows[r] for r in chosen]
        prompts = [plain_prompt(row) for row in rows]
        loss = self.contrast(net, self.val.pictures[chosen], prompts, fits(rows, prompts)).double()
        error = float(loss.std(correction=0)) / len(loss) ** 0.5
        return HeldOut(images=images, levels=(0.0,), loss=(float(loss.mean()),), error=(error,))

    @torch.no_grad()
    def sheet(self, net: nn.Module, /) -> np.ndarray:
        """For each of the recipe's prompts the held-out pictures that fit it best, best first, a row a prompt."""
        assert isinstance(net, Towers)
        chosen = self.chosen()
        prompts = list(self.recipe.watch.prompts) or [plain_prompt(self.val.rows[r]) for r in chosen[:SHOWN]]
        with autocast(self.dtype, self.device):
            u = net.of_text(*self.read(prompts))
            v = net.of_pictures(to_signed(self.val.pictures[chosen]).to(self.device))
        best = (v @ u.T).argsort(dim=0, descending=True)[:SHOWN].T.flatten().cpu().numpy()
        return tiled(self.val.pictures[chosen[best]], min(SHOWN, len(chosen)))


def fits(rows: Sequence[Row], prompts: Sequence[str]) -> Bool[np.ndarray, "b k"]:
    """Whether each row could have been called each prompt: by its caption or one of its keywords, in its style."""
    out = np.empty((len(rows), len(prompts)), bool)
    for k, row in enumerate(rows):
        end = f", {row.style_phrase}" if row.style_phrase else ""
        names = {f"{name}{end}" for name in (row.caption, *row.keywords)}
        out[k] = [prompt in names for prompt in prompts]
    return out


def augmented(picture: np.ndarray, chance: np.ndarray, flip: float) -> np.ndarray:
    """The picture moved by a few pixels over white, and mirrored with probability `flip`, from its uniform numbers."""
    side = picture.shape[0]
    reach = side // REACH
    wide = np.pad(picture, ((reach, reach), (reach, reach), (0, 0)), constant_values=255)
    top, left = (int(chance[k] * (2 * reach + 1)) for k in (CROP_Y, CROP_X))
    out = wide[top : top + side, left : left + side]
    return out[:, ::-1] if chance[FLIP] < flip else out
