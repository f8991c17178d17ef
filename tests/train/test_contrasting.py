"""The towers' objective: which pairs count, what the loss is, that it learns; a run is resumed and exported."""

import json
import shutil

import numpy as np
import pytest
import torch
from tests.train.tiny_runs import DATA, TIMES

import sfumato
from sfumato.cli.main import main
from sfumato.corpus.prompt import plain_prompt
from sfumato.corpus.rows import Row
from sfumato.corpus.source import Source
from sfumato.errors import CheckpointError, RecipeError
from sfumato.nets.towers import Towers
from sfumato.parts import build_conditioner
from sfumato.text.bytepair import learn
from sfumato.text.score import load_score
from sfumato.train.chance import seeded
from sfumato.train.contrasting import Contrasting, augmented, fits
from sfumato.train.data_change import data_change
from sfumato.train.frozen_parts import text_parts
from sfumato.train.loop import Trainer
from sfumato.train.objective import Moment
from sfumato.train.order import CHANCES, CROP_X, CROP_Y, FLIP, Order
from sfumato.train.progress import Progress
from sfumato.train.reading import read_toml
from sfumato.train.recipe import Data, Optimiser, TrainRecipe, Watch
from sfumato.train.state import listed
from sfumato.train.teacher import Teacher
from sfumato.weights import sha256

CPU = torch.device("cpu")
TINY = {
    "vocabulary": 560, "width": 24, "depth": 1, "heads": 2, "hidden": 32, "positions": 16, "widths": [8, 16],
    "joint": 16, "shrink": 1,
}  # fmt: skip
COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}


def coloured():
    """Four pictures of one colour each, called by its name."""
    pictures = np.stack([np.full((16, 16, 3), colour, np.uint8) for colour in COLOURS.values()])
    rows = tuple(Row(position=k, id=name, caption=name, style_phrase="flat") for k, name in enumerate(COLOURS))
    return Source("four", "four", rows, pictures, ())


def objective(tutor=None, **options):
    source = coloured()
    recipe = TrainRecipe(
        name="x", objective="towers", data=Data(drop=0.0, keyword=0.0), distil=1.0 if tutor else 0.0,
        watch=Watch(heldout_rows=4, prompts=("blue, flat",)), optimiser=Optimiser(lr=3e-3, batch=8),
    )  # fmt: skip
    with seeded(0):
        net = Towers(**(TINY | options))
    return Contrasting(
        net, recipe=recipe, sources=[source], val=source, order=Order(0, [4], [1.0]),
        tokenizer=learn([plain_prompt(row) for row in source.rows], 560), teacher=tutor, device=CPU,
        dtype=torch.float32,
    )  # fmt: skip


def test_a_keyword_fits_every_picture_that_has_it():
    rows = [
        Row(position=0, id="a", caption="dog face", keywords=("puppy", "pet"), style_phrase="flat"),
        Row(position=1, id="b", caption="cat", keywords=("pet",), style_phrase="flat"),
        Row(position=2, id="c", caption="cat", keywords=("pet",), style_phrase="round"),
        Row(position=3, id="d", caption="cat"),
    ]
    prompts = ["dog face, flat", "pet, flat", "cat, round", "cat", "puppy, round"]
    expected = ["11000", "01000", "00100", "00010"]
    assert [["01"[int(pair)] for pair in row] for row in fits(rows, prompts)] == [list(row) for row in expected]


@torch.no_grad()
def test_the_loss_is_the_papers():
    """-sum_j log sigmoid(z_ij l_ij) for each picture, by hand from the logits."""
    task = objective()
    source = coloured()
    prompts = [plain_prompt(row) for row in source.rows]
    found = task.contrast(task.net, source.pictures, prompts, np.eye(4, dtype=bool))
    x = torch.from_numpy(source.pictures).permute(0, 3, 1, 2).float() / 127.5 - 1.0
    logits = task.net.logits(task.net.of_text(*task.read(prompts)), task.net.of_pictures(x)).double()
    chance = torch.sigmoid(logits)
    right = torch.where(torch.eye(4, dtype=torch.bool), chance, 1.0 - chance)
    torch.testing.assert_close(found.double(), -right.log().sum(dim=1), rtol=1e-4, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("taught", [False, True])
def test_parts_of_a_batch_add_up_to_the_whole(taught):
    task = objective(Teacher(Known()), teacher=3) if taught else objective()
    moment = Moment(step=1, shown=12, count=12)
    whole = task.loss(moment, slice(0, 12))
    parts = [task.loss(moment, slice(k, k + 4)) for k in (0, 4, 8)]
    assert float(sum(parts)) / 3 == pytest.approx(float(whole), rel=1e-5)


def test_colours_are_learnt_by_name():
    task = objective()
    trainer = Trainer(task.recipe, task, Progress())
    first = task.held_out(0, task.net).mean
    for _ in range(150):
        trainer.update()
    assert task.held_out(1, task.net).mean < 0.2 * first
    best = task.sheet(task.net)[:16, :16]
    assert (best == COLOURS["blue"]).all()


def test_a_picture_is_moved_over_white_and_mirrored_by_its_chances():
    picture = np.zeros((32, 32, 3), np.uint8)
    picture[:, 16:] = 100
    chance = np.full(CHANCES, 0.5)
    assert np.array_equal(augmented(picture, chance, 0.0), picture)
    assert np.array_equal(augmented(picture, chance, 1.0), picture[:, ::-1])
    chance[FLIP], chance[CROP_Y], chance[CROP_X] = 0.99, 0.0, 0.999
    moved = augmented(picture, chance, 0.5)
    assert (moved[:2] == 255).all()
    assert (moved[:, -2:] == 255).all()
    assert np.array_equal(moved[2:, :-2], picture[:-2, 2:])


class Known:
    """A text encoder whose mean state is the colour."""

    class encoder:
        pass

    calls = 0

    def encode_batch(self, prompts, /):
        from sfumato.conditioner import Conditioning

        Known.calls += len(prompts)
        colours = torch.tensor([COLOURS[p.partition(",")[0]] for p in prompts]).float() / 255 + 0.1
        mask = torch.ones(len(prompts), 3, dtype=torch.bool)
        mask[:, 2] = False
        tokens = colours[:, None] * torch.tensor([0.5, 1.5, 0.0])[None, :, None]
        return Conditioning(tokens, mask, ((),) * len(prompts))


def test_a_teacher_is_asked_once_for_each_text_and_learnt_from():
    Known.calls = 0
    task = objective(Teacher(Known()), teacher=3)
    torch.testing.assert_close(task.teacher(["red, flat", "red, flat"]), torch.tensor([[1.1, 0.1, 0.1]] * 2))
    trainer = Trainer(task.recipe, task, Progress())
    for _ in range(60):
        trainer.update()
    assert Known.calls == 4
    from sfumato.nets.tower import last_state

    prompts = [plain_prompt(row) for row in coloured().rows]
    ids, mask = task.read(prompts)
    taught = task.net.to_teacher(last_state(task.net.text(ids, mask), mask))
    assert torch.cosine_similarity(taught, task.teacher(prompts)).min() > 0.9


RECIPE = """
name = "tiny-towers"
objective = "towers"
[network]
kind = "towers"
vocabulary = 700
width = 24
depth = 1
heads = 2
hidden = 32
positions = 16
widths = [8, 16]
joint = 16
shrink = 1
[data]
size = 32
flip = 0.5
drop = 0.0
[optimiser]
batch = 16
[rate]
images = 64
[watch]
metrics = 16
heldout = 32
heldout_rows = 16
split = "train"
sheet = 64
checkpoint = 16
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("towers")
    (folder / "tiny.toml").write_text(RECIPE)
    start = ["train", str(DATA), "--recipe", str(folder / "tiny.toml"), "--cache", str(folder / "cache")]
    rest = ["--device", "cpu", "--threads", str(torch.get_num_threads())]
    assert main([*start, "--out", str(folder / "run"), *rest]) == 0
    assert main([*start, "--out", str(folder / "parts"), *rest, "--set", "rate.images=32"]) == 0
    resumed = ["train", "--resume", str(folder / "parts"), "--data", str(DATA), "--cache", str(folder / "cache")]
    assert main([*resumed, "--images", "64", *rest]) == 0
    return folder


def test_a_resumed_run_is_the_uninterrupted_one(finished):
    weights, logs = [], []
    for name in ("run", "parts"):
        weights.append((listed(finished / name / "checkpoints")[-1] / "weights.safetensors").read_bytes())
        lines = [json.loads(line) for line in (finished / name / "log.jsonl").read_text().splitlines()]
        logs.append([{k: v for k, v in line.items() if k not in TIMES} for line in lines if line["event"] != "resume"])
    assert weights[0] == weights[1]
    assert [e for e in logs[0] if e["event"] == "heldout"] == [e for e in logs[1] if e["event"] == "heldout"]
    assert (finished / "run" / "sheets" / "000000064.png").is_file()


def test_the_export_is_a_score_and_a_text_encoder(finished):
    folder = finished / "run" / "model"
    score = load_score(folder)
    pictures = np.stack([np.full((48, 48, 3), shade, np.uint8) for shade in (0, 90, 255)])
    logits = score(["a red apple", "dog face"], pictures)
    assert logits.shape == (3, 2)
    texts = score.texts(["a red apple", "dog face"])
    torch.testing.assert_close(texts.norm(dim=1), torch.ones(2))
    torch.testing.assert_close(score.towers.logits(texts, score.pictures(pictures)), logits)
    parts = [(folder / name).read_bytes() for name in ("conditioner.safetensors", "tokenizer.json")]
    cond = build_conditioner({"kind": "tower", "max_tokens": 16}, *parts)(["a red apple"])
    torch.testing.assert_close(score.towers.joint_text(cond.pooled)[0], texts[0], rtol=1e-4, atol=1e-5)
    about = json.loads((folder / "towers.json").read_text())
    assert about["card"]["images"] == 64
    assert (folder / "ATTRIBUTION").is_file()


def test_a_denoiser_listens_to_the_tower_and_its_model_holds_it(finished, tmp_path):
    folder = finished / "run" / "model"
    listen = ["--set", f'text={{kind="tower",max_tokens=16,folder="{folder}"}}', "--set", "network.token_dim=24"]
    short = ["--set", "rate.images=8", "--set", "watch.heldout=8", "--set", "watch.sheet=0", "--device", "cpu"]
    out, cache = ["--out", str(tmp_path / "run")], ["--cache", str(finished / "cache")]
    pooled = ["--set", "network.pooled_dim=24"]
    assert main(["train", str(DATA), "--recipe", "tiny", *out, *cache, *listen, *pooled, *short]) == 0
    about = json.loads((tmp_path / "run" / "run.json").read_text())
    assert about["facts"]["text"]["tokenizer"] == sha256((folder / "tokenizer.json").read_bytes())
    assert (tmp_path / "run" / "model" / "conditioner.safetensors").is_file()
    model = sfumato.load(tmp_path / "run" / "model")
    assert model.bundle.conditioner(["a red apple"]).pooled.shape == (1, 24)
    assert model.generate("a red apple", steps=1)[0].image.size == (32, 32)


def test_a_text_encoder_is_named_once(finished):
    both = {"kind": "tower", "folder": str(finished / "run" / "model"), "encoder": "a" * 64}
    with pytest.raises(RecipeError, match=r"take text\.encoder"):
        text_parts(both)


@pytest.mark.parametrize("what", ["text", "tokenizer"])
def test_a_run_does_not_go_on_with_other_tokens(tmp_path, what):
    before = {"sources": [], what: "one"}
    assert data_change(before, dict(before), tmp_path) == ""
    with pytest.raises(CheckpointError, match=f"other {what}: one, now two"):
        data_change(before, before | {what: "two"}, tmp_path)


def test_towers_learn_from_minilm(finished, tmp_path):
    """The shipped recipe's own table: MiniLM teaches, and is no part of what is exported."""
    text = read_toml("towers-distilled")["text"]
    table = "{" + ",".join(f"{k}={json.dumps(v)}" for k, v in text.items()) + "}"
    start = ["train", str(DATA), "--recipe", str(finished / "tiny.toml"), "--out", str(tmp_path / "run")]
    start += ["--cache", str(finished / "cache"), "--set", "distil=1.0", "--set", "network.teacher=384"]
    assert main([*start, "--set", f"text={table}", "--set", "rate.images=16", "--device", "cpu"]) == 0
    assert load_score(tmp_path / "run" / "model").texts(["a red apple"]).shape == (1, 16)


@pytest.mark.parametrize(
    ("change", "message"), [("distil=1.0", "width of the text encoder"), ("distil=-1.0", "a weight is a number")]
)
def test_a_teacher_that_does_not_fit_is_refused(finished, tmp_path, capsys, change, message):
    text = f'text={{kind="tower",max_tokens=16,folder="{finished / "run" / "model"}"}}'
    start = ["train", str(DATA), "--recipe", str(finished / "tiny.toml"), "--out", str(tmp_path / "run")]
    assert main([*start, "--set", change, "--set", text, "--device", "cpu"]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("name", ["conditioner.safetensors", "tokenizer.json", "picture.safetensors"])
def test_a_damaged_export_is_refused(finished, tmp_path, name):
    folder = shutil.copytree(finished / "run" / "model", tmp_path / "copy")
    data = bytearray((folder / name).read_bytes())
    data[-1] ^= 1
    (folder / name).write_bytes(bytes(data))
    with pytest.raises(CheckpointError, match="is damaged"):
        load_score(folder)


def test_what_is_no_export_is_refused(finished, tmp_path):
    with pytest.raises(CheckpointError, match="holds no towers"):
        load_score(tmp_path)
    folder = shutil.copytree(finished / "run" / "model", tmp_path / "copy")
    about = json.loads((folder / "towers.json").read_text())
    for change, message in (({"version": 2}, "version 2"), ({"size": 1}, "damaged"), ({"options": TINY}, "do not fit")):
        (folder / "towers.json").write_text(json.dumps(about | change))
        with pytest.raises(CheckpointError, match=message):
            load_score(folder)
