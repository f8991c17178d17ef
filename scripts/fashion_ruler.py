"""The ruler of the Fashion-MNIST yardstick: a small classifier's features, trained here and nowhere downloaded.

    python scripts/fashion_ruler.py /usr/share/datasets/fashion-mnist --out runs/fashion-ruler

Two convolutions and a hidden layer of 64, whose values are the features; two passes over the 60,000 train pictures with
AdamW. It is a function of the data, the seed and torch's kernels: the sha256 of its weights is printed, with its
accuracy on the 10,000 test pictures. OUT/ruler.safetensors is what scripts/measure_fashion.py measures with.
"""

import argparse
import hashlib
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sfumato import rng
from sfumato.atomic import make_folder, write_file
from sfumato.corpus.locate import cache_folder
from sfumato.corpus.source import Source, open_source
from sfumato.train.chance import seeded
from sfumato.train.store import to_signed
from sfumato.weights import parse, serialise

SEED, EPOCHS, BATCH, LR = 0, 2, 64, 2e-3
SIDE, FEATURES, CLASSES = 28, 64, 10
NAME = "ruler.safetensors"


class Ruler(nn.Module):
    """Grey pictures [b, 1, 28, 28] in [-1, 1] to 64 features."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 16, 5, stride=2, padding=2)
        self.second = nn.Conv2d(16, 32, 3, stride=2, padding=1)
        self.hidden = nn.Linear(32 * 7 * 7, FEATURES)
        self.last = nn.Linear(FEATURES, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """The hidden layer, after its ReLU."""
        x = F.relu(self.second(F.relu(self.first(x))))
        return F.relu(self.hidden(x.flatten(1)))


def opened(data: Path, split: str) -> tuple[Source, Tensor]:
    """One split (train, or val: the test pictures) and its labels, which are the rows' keywords."""
    source = open_source(data, split=split, size=SIDE, cache=cache_folder(), channels=1)
    return source, torch.tensor([int(row.keywords[0]) for row in source.rows])


def trained(source: Source, labels: Tensor) -> Ruler:
    """The classifier, by cross-entropy, the learning rate going to zero on a line."""
    with seeded(SEED):
        net = Ruler()
    optimiser = torch.optim.AdamW(net.parameters(), lr=LR, weight_decay=0.01)
    steps = len(source) // BATCH
    orders = [rng.permutation(SEED, len(source), epoch) for epoch in range(EPOCHS)]
    for step in range(EPOCHS * steps):
        rows = np.sort(orders[step // steps][step % steps * BATCH :][:BATCH])
        for group in optimiser.param_groups:
            group["lr"] = LR * (1.0 - step / (EPOCHS * steps))
        loss = F.cross_entropy(net.last(net(to_signed(source.pictures[rows]))), labels[rows])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return net.eval().requires_grad_(False)


def features(net: Ruler, pictures: np.ndarray) -> np.ndarray:
    """Features of bytes [n, 28, 28, 1], [n, 64] in float32."""
    with torch.no_grad():
        return torch.cat([net(to_signed(pictures[k : k + 500])) for k in range(0, len(pictures), 500)]).numpy()


def load(folder: Path) -> Ruler:
    """What this script wrote."""
    net = Ruler()
    net.load_state_dict(parse((folder / NAME).read_bytes(), "the ruler"))
    return net.eval().requires_grad_(False)


def main() -> None:
    """Train, write, say how well it tells the classes apart."""
    parser = argparse.ArgumentParser(description="Train the ruler of the Fashion-MNIST yardstick.")
    parser.add_argument("data", type=Path, help="the folder of the IDX files")
    parser.add_argument("--out", type=Path, default=Path("runs/fashion-ruler"), help="the folder to write to")
    options = parser.parse_args()
    begin = time.process_time()
    net = trained(*opened(options.data, "train"))
    spent = time.process_time() - begin
    held, labels = opened(options.data, "val")
    with torch.no_grad():
        guesses = net.last(torch.from_numpy(features(net, held.pictures))).argmax(dim=1)
    data = serialise(net.state_dict(), "float32")
    make_folder(options.out)
    write_file(options.out / NAME, data)
    right = (guesses == labels).float().mean().item()
    print(f"{right:.4f} of {len(held)} test pictures right; {spent:.0f} s of one thread")
    print(f"{options.out / NAME}: sha256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
