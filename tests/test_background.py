"""A model that knows alpha: transparent files, any background, and the same again by `--like`."""

import json

import numpy as np
import PIL.Image
import pytest

import sfumato
from sfumato.alpha import premultiplied, straight
from sfumato.cli.main import main
from sfumato.errors import OutputError, RecipeError
from sfumato.picture import to_bytes
from sfumato.provenance.files import read
from sfumato.recipe import Recipe
from tiny import write_clear, write_tiny


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_clear(tmp_path_factory.mktemp("model") / "clear")


@pytest.fixture(scope="module")
def clear(folder):
    return sfumato.load(folder).generate("cats", seed=3, background="transparent")[0]


def test_transparent_keeps_the_alpha(clear):
    assert clear.image.mode == "RGBA"
    pixels = np.asarray(clear.image)
    assert len(np.unique(pixels[..., 3])) > 1
    assert not pixels[pixels[..., 3] == 0].any()


@pytest.mark.parametrize("background", ["white", "#204060"])
def test_a_colour_is_what_shows_behind(folder, clear, background):
    picture = sfumato.load(folder).generate("cats", seed=3, background=background)[0]
    page = PIL.Image.new("RGBA", clear.image.size, background)
    page.alpha_composite(clear.image)
    gap = np.abs(np.asarray(picture.image, np.int16) - np.asarray(page.convert("RGB"), np.int16))
    assert picture.image.mode == "RGB"
    assert gap.max() <= 1


def test_bytes_of_both_kinds():
    image = np.array([[0.5, -0.5, -1.0, 0.5], [-1.0, -1.0, -1.0, -1.0]], np.float32).T.reshape(1, 4, 1, 2)
    assert to_bytes(image, "transparent")[0, 0].tolist() == [[255, 85, 0, 191], [0, 0, 0, 0]]
    assert to_bytes(image)[0, 0].tolist() == [[255, 128, 64, 255][:3], [255, 255, 255]]
    assert to_bytes(image, "black")[0, 0, 1].tolist() == [0, 0, 0]
    assert to_bytes(image[:, :3], "white").shape == (1, 1, 2, 3)
    assert np.array_equal(straight(premultiplied(to_bytes(image, "transparent"))), to_bytes(image, "transparent"))


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_files_keep_every_byte(clear, tmp_path, suffix):
    record, pixels, _ = read(clear.save(tmp_path / f"x{suffix}"))
    assert np.array_equal(pixels, np.asarray(clear.image))
    assert record.recipe == clear.recipe


def test_a_jpeg_cannot_be_transparent(folder, clear, tmp_path, capsys):
    with pytest.raises(OutputError, match="a JPEG cannot be transparent"):
        clear.save(tmp_path / "x.jpg")
    flags = ["--model", str(folder), "--out", str(tmp_path), "--format", "jpeg", "--background", "transparent"]
    assert main(["generate", "cats", *flags]) == 2
    assert "a JPEG cannot be transparent" in capsys.readouterr().err


def test_the_command_and_the_same_again(folder, clear, tmp_path, capsys):
    first = ["generate", "cats", "--seed", "3", "--model", str(folder), "--background", "transparent"]
    assert main([*first, "--out", str(tmp_path / "a.png")]) == 0
    assert read(tmp_path / "a.png")[0].recipe.background == "transparent"
    assert read(tmp_path / "a.png")[1].shape == (32, 32, 4)
    again = ["generate", "--like", str(tmp_path / "a.png"), "--model", str(folder)]
    assert main([*again, "--out", str(tmp_path / "b.png")]) == 0
    assert "the same pixels, every one" in capsys.readouterr().err
    assert main([*again, "--background", "#00ff00", "--out", str(tmp_path / "c.png")]) == 0
    assert read(tmp_path / "c.png")[1].shape == (32, 32, 3)


def test_an_opaque_model_has_no_background(tmp_path):
    model = sfumato.load(write_tiny(tmp_path / "tiny"))
    assert model.generate("cats", background="white")[0].image.mode == "RGB"
    with pytest.raises(RecipeError, match="background is 'transparent', but the pictures of 'tiny' are opaque"):
        model.recipe("cats", background="transparent")


def test_a_white_background_is_not_mentioned(clear):
    white = Recipe.from_dict({**clear.recipe.to_dict(), "background": "white"})
    assert "background" not in json.loads(white.to_json())
    assert Recipe.from_json(white.to_json()) == white
    assert Recipe.from_json(clear.recipe.to_json()) == clear.recipe
    with pytest.raises(RecipeError, match="colour 'pink' is not known"):
        Recipe.from_dict({**clear.recipe.to_dict(), "background": "pink"})


@pytest.mark.parametrize("scale", [1, 2])
def test_drawing_over_a_transparent_picture_keeps_its_bytes(folder, clear, scale):
    model, side = sfumato.load(folder), 32 * scale
    given = np.array(clear.image.resize((side, side)))
    given[:3, :3] = (10, 20, 30, 0)
    mask = PIL.Image.new("L", (side, side))
    mask.paste(255, (side // 4, side // 4, side // 2, side // 2))
    settings = {"init": PIL.Image.fromarray(given), "mask": mask, "seed": 8, "scale": scale}
    stays = np.asarray(mask) == 0
    made = np.asarray(model.generate("cats", background="transparent", **settings)[0].image)
    assert made.shape == (side, side, 4)
    assert np.array_equal(made[stays], given[stays]), "the colours of clear pixels too"
    assert not np.array_equal(made[~stays], given[~stays])
    page = PIL.Image.new("RGBA", (side, side), "#204060")
    page.alpha_composite(PIL.Image.fromarray(given))
    laid = np.asarray(model.generate("cats", background="#204060", **settings)[0].image, np.int16)
    assert np.abs(laid - np.asarray(page.convert("RGB")))[stays].max() <= 1
