"""The text encoder that models ship, loaded once."""

from pathlib import Path

import pytest

import sfumato
from sfumato.text.blob import load_text_encoder
from sfumato.text.conditioner import TextConditioner
from sfumato.text.tokenizer import Tokenizer, load_tokenizer

BLOBS = Path(sfumato.__file__).parent / "models" / "blobs"
ENCODER = "29c6ef26a530ffe588a41d39f65314441e94450656da9d3b8f9fc896694aab2d.safetensors"
TOKENIZER = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037.json"


@pytest.fixture(scope="session")
def encoder_file() -> Path:
    return BLOBS / ENCODER


@pytest.fixture(scope="session")
def tokenizer_file() -> Path:
    return BLOBS / TOKENIZER


@pytest.fixture(scope="session")
def tokenizer(tokenizer_file: Path) -> Tokenizer:
    return load_tokenizer(tokenizer_file)


@pytest.fixture(scope="session")
def conditioner(encoder_file: Path, tokenizer: Tokenizer) -> TextConditioner:
    return TextConditioner(load_text_encoder(encoder_file), tokenizer)
