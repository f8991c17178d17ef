"""Model folders: what is saved is loaded, and nothing damaged, foreign, newer or hostile gets past the door."""

import json
import os
import pickle
import shutil

import pytest
import torch

from sfumato import checkpoint
from sfumato.checkpoint import load, read_manifest, save, standalone
from sfumato.errors import CheckpointError, OutputError, UnavailableError
from sfumato.pipeline import generate
from sfumato.weights import parse, serialise
from tiny import UNET, files, manifest, write_tiny


@pytest.fixture
def folder(tmp_path, tiny_folder):
    return shutil.copytree(tiny_folder, tmp_path / "copy")


def edit(folder, change):
    """Change the manifest as data."""
    path = folder / "sfumato.json"
    entries = json.loads(path.read_text())
    change(entries)
    path.write_text(json.dumps(entries))


def put(folder, role, data, *, name=None):
    """Put other bytes in place of a part, with a manifest that vouches for them."""
    from sfumato.weights import sha256

    def change(entries):
        file = entries["files"][role]
        (folder / file["path"]).write_bytes(data)
        file.update(sha256=sha256(data), bytes=len(data))

    edit(folder, change)


def test_what_is_saved_is_loaded(tiny_folder, tiny_model):
    names = {
        "ATTRIBUTION",
        "sfumato.json",
        "tokenizer.json",
        *(f"{n}.safetensors" for n in ("autoencoder", "conditioner", "denoiser")),
    }
    assert set(os.listdir(tiny_folder)) == names
    bundle = tiny_model.bundle
    stored = parse(files()["denoiser"], "x")
    for name, weight in bundle.denoiser.net.module.state_dict().items():
        torch.testing.assert_close(weight, stored[name], rtol=0, atol=0)
    assert bundle.autoencoder.vae.encoder.layers[1].weight.dtype == torch.float32
    assert (bundle.autoencoder.scale, bundle.autoencoder.shift, bundle.sizes) == (0.8, 0.1, ((32, 32), (48, 32)))
    assert not any(p.requires_grad for p in bundle.denoiser.net.module.parameters())
    assert bundle.card["data"] == "none: random weights"


def test_loading_and_drawing_leave_torch_as_it_was(tiny_folder):
    state, grad = torch.random.get_rng_state(), torch.is_grad_enabled()
    bundle = load(tiny_folder)
    from sfumato.model import Model

    image = generate(bundle, Model(bundle).recipe("a red apple"))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.is_grad_enabled() == grad
    assert not image.requires_grad


def test_the_hash_is_of_what_pixels_depend_on(tiny_folder):
    same = manifest(name="other", card={}, defaults={"steps": 9}, files=read_manifest(tiny_folder).files)
    assert same.model_hash == read_manifest(tiny_folder).model_hash
    other = manifest(clock={"kind": "time", "scale": 999.0}, files=read_manifest(tiny_folder).files)
    assert other.model_hash != same.model_hash


def test_half_precision_is_widened_and_close():
    weights = {"a": torch.linspace(-1, 1, 50), "i": torch.arange(3)}
    back = parse(serialise(weights, "float16"), "x")
    assert back["a"].dtype == torch.float32
    torch.testing.assert_close(back["a"], weights["a"], rtol=1e-3, atol=1e-4)
    assert torch.equal(back["i"], weights["i"])


def test_bfloat16_draws_about_the_same(tiny_folder, tiny_model):
    from sfumato.model import Model

    bundle = load(tiny_folder, dtype="bfloat16")
    low = Model(bundle).recipe("a red apple")
    assert low.dtype == "bfloat16"
    gap = (generate(bundle, low) - generate(tiny_model.bundle, tiny_model.recipe("a red apple"))).abs().mean()
    assert 0.0 < gap < 0.1


def test_shared_parts_are_found_by_hash_and_standalone_is_complete(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "BLOBS", tmp_path / "blobs")
    parts = files()
    own = {"denoiser": parts["denoiser"], "autoencoder": parts["autoencoder"]}
    shared = {"conditioner": parts["conditioner"], "tokenizer": parts["tokenizer"]}
    save(tmp_path / "m", manifest(), own, shared=shared)
    assert len(os.listdir(tmp_path / "blobs")) == 2
    assert not (tmp_path / "m" / "tokenizer.json").exists()
    assert "ATTRIBUTION" in os.listdir(tmp_path / "m")
    one = load(tmp_path / "m")
    standalone(tmp_path / "m", tmp_path / "whole")
    shutil.rmtree(tmp_path / "blobs")
    with pytest.raises(CheckpointError, match=r"conditioner\.safetensors is missing"):
        load(tmp_path / "m")
    whole = load(tmp_path / "whole")
    assert whole.model_hash == one.model_hash
    assert (tmp_path / "whole" / "ATTRIBUTION").read_bytes() == (tmp_path / "m" / "ATTRIBUTION").read_bytes()


def test_saving_does_not_overwrite(tiny_folder):
    with pytest.raises(OutputError, match="exists already"):
        save(tiny_folder, manifest(), files())


@pytest.mark.parametrize("source", ["bozetto-of-nobody", "no/such/folder"])
def test_no_such_model(source):
    with pytest.raises(CheckpointError, match="there is no model"):
        load(source)


def test_a_run_stands_for_its_model(tmp_path):
    write_tiny(tmp_path / "run" / "model")
    assert checkpoint.find(tmp_path / "run") == tmp_path / "run" / "model"


def test_a_folder_without_a_manifest(tmp_path):
    with pytest.raises(CheckpointError, match=r"has no sfumato\.json"):
        load(tmp_path)


@pytest.mark.parametrize("role", ["denoiser", "autoencoder", "conditioner", "tokenizer"])
def test_every_single_flipped_bit_is_seen(folder, role):
    path = folder / read_manifest(folder).files[role].path
    data = bytearray(path.read_bytes())
    for place in (9, len(data) // 3, len(data) - 1):
        data[place] ^= 1
        path.write_bytes(data)
        with pytest.raises(CheckpointError, match="is damaged"):
            load(folder)
        data[place] ^= 1
    path.write_bytes(data[:-1])
    with pytest.raises(CheckpointError, match="bytes, the manifest says"):
        load(folder)
    path.unlink()
    with pytest.raises(CheckpointError, match="is missing"):
        load(folder)


def zip_archive():
    import io
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", b"x" * 100)
    return buffer.getvalue()


@pytest.mark.parametrize("protocol", [0, 2, 3, 4, 5, "zip"])
@pytest.mark.parametrize("vouched", [False, True])
def test_a_pickle_by_another_name_is_never_opened(folder, protocol, vouched, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "executed"),))

    data = zip_archive() if protocol == "zip" else pickle.dumps({"weights": Bomb()}, protocol)
    if vouched:
        put(folder, "denoiser", data)
    else:
        (folder / "denoiser.safetensors").write_bytes(data)
    with pytest.raises(CheckpointError, match=r"pickle|damaged|not a safetensors file"):
        load(folder)
    if protocol not in (0,):
        with pytest.raises(CheckpointError, match="is a pickle"):
            load(folder)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a safetensors file"),
        (b"\xff" * 64, "not a safetensors file"),
        ((2 << 20).to_bytes(8, "little") + b"{" + b" " * (2 << 20), "header of 2097152 bytes"),
        ((40).to_bytes(8, "little") + b"{" + b" " * 60, "not a readable safetensors file"),
        (serialise({"a": torch.zeros(2)}), "unknown key 'a'"),
        (serialise({}), "lacks the weights"),
    ],
)
def test_weights_that_are_vouched_for_but_wrong(folder, data, words):
    put(folder, "denoiser", data)
    with pytest.raises(CheckpointError, match=words):
        load(folder)


def test_a_weight_of_another_shape(folder):
    weights = parse(files()["denoiser"], "x")
    weights["conv_in.bias"] = torch.zeros(3)
    put(folder, "denoiser", serialise(weights))
    with pytest.raises(CheckpointError, match=r"'conv_in.bias' has shape \[3\], expected \[16\]"):
        load(folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m: m.update(format=2), "format 2, this Sfumato reads up to 1; upgrade"),
        (lambda m: m.update(format="1"), "no format version"),
        (lambda m: m.pop("format"), "no format version"),
        (lambda m: m.update(kind="text-to-video"), "kind is 'text-to-video'"),
        (lambda m: m.update(shedule={}), "unknown key 'shedule'; did you mean 'schedule'"),
        (lambda m: m.pop("clock"), "lacks clock"),
        (lambda m: m.update(sizes=[[32]]), "sizes is"),
        (lambda m: m.update(sizes=[]), "sizes is"),
        (lambda m: m.update(sizes=7), "sizes is 7"),
        (lambda m: m.update(denoiser=[]), r"denoiser is \[\]"),
        (lambda m: m["denoiser"].update(kind="os.system"), "unknown kind of denoiser 'os.system'"),
        (lambda m: m["denoiser"].update(wings=2), "cannot be built from"),
        (lambda m: m["denoiser"].update(heads=0), "denoiser 'unet'"),
        (lambda m: m["denoiser"].update(layers_per_block=10**9), "no network of that size"),
        (lambda m: m["denoiser"].update(in_channels=-4), "denoiser 'unet'"),
        (lambda m: m["autoencoder"].update(kind="vqgan"), "unknown kind of autoencoder 'vqgan'"),
        (lambda m: m["autoencoder"].update(scale=0), "scale is 0"),
        (lambda m: m["autoencoder"].update(shift="x"), "shift is 'x'"),
        (lambda m: m["conditioner"].update(kind="clip"), "unknown kind of conditioner 'clip'"),
        (lambda m: m["conditioner"].update(max_tokens=10**6), "max_tokens is 1000000"),
        (lambda m: m["conditioner"].update(max_tokens="8"), "max_tokens"),
        (lambda m: m["schedule"].update(kind="rectifed"), "did you mean 'rectified'"),
        (lambda m: m["parameterisation"].update(kind="w"), "parameterisation"),
        (lambda m: m["clock"].update(kind="sundial"), "unknown clock 'sundial'"),
        (lambda m: m["files"]["denoiser"].update(path="../denoiser.safetensors"), "expected a plain name"),
        (lambda m: m["files"]["denoiser"].update(path="/etc/passwd"), "expected a plain name"),
        (lambda m: m["files"]["denoiser"].update(path="denoiser.bin"), "name that ends in .safetensors"),
        (lambda m: m["files"]["denoiser"].update(sha256="0"), "expected 64 hexadecimal digits"),
        (lambda m: m["files"]["denoiser"].update(bytes=-1), "length of denoiser.safetensors is -1"),
        (lambda m: m["files"]["denoiser"].update(url="x"), "expected exactly"),
        (lambda m: m["files"].update(code=m["files"]["denoiser"]), "unknown part 'code'"),
        (lambda m: m["files"].pop("denoiser"), "names no file for the denoiser"),
        (lambda m: m["files"].pop("tokenizer"), "names no file for the text encoder or its tokenizer"),
        (lambda m: m["files"].pop("autoencoder"), "names no file for the autoencoder"),
        (lambda m: m.update(name="../x"), "name is '../x'"),
    ],
)
def test_a_manifest_that_is_not_understood(folder, change, words):
    edit(folder, change)
    with pytest.raises(CheckpointError, match=words):
        load(folder)


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"[1]", b"[" * 200_000, b"{}", b" " * (2 << 20), b'{"format": 1}'])
def test_a_manifest_that_is_no_manifest(folder, data):
    (folder / "sfumato.json").write_bytes(data)
    with pytest.raises(CheckpointError):
        load(folder)


def test_devices(tiny_folder):
    with pytest.raises(UnavailableError, match="device 'tpu' is not here; devices here: cpu"):
        load(tiny_folder, device="tpu")
    with pytest.raises(UnavailableError, match="is not here"):
        load(tiny_folder, device="cuda:99")
    assert load(tiny_folder, device="cpu").engine["device"] == "cpu"


def test_a_folder_written_by_hand_with_pixels(tmp_path):
    plain = UNET | {"in_channels": 3, "out_channels": 3}
    from sfumato.model import Model
    from sfumato.nets.unet import UNet
    from tiny import randomised

    parts = files() | {"denoiser": serialise(randomised(UNet(**plain), 5).state_dict())}
    parts = {role: data for role, data in parts.items() if role != "autoencoder"}
    changes = {"denoiser": {"kind": "unet", **plain}, "autoencoder": {"kind": "pixels"}, "sizes": ((16, 16),)}
    save(tmp_path / "m", manifest(**changes, defaults={"steps": 2}), parts)
    bundle = load(tmp_path / "m")
    assert generate(bundle, Model(bundle).recipe("cats")).shape == (1, 3, 16, 16)


def test_the_builder_is_deterministic(tmp_path, tiny_folder):
    assert read_manifest(write_tiny(tmp_path / "again")).model_hash == read_manifest(tiny_folder).model_hash
