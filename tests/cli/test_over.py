"""`sfumato generate --init --mask --strength --scale`, and the same again by `--like`."""

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from sfumato.provenance.files import read

LOOK = ("generate", "a red apple", "--seed", 4, "--steps", 4)


@pytest.fixture
def init(sfumato):
    sfumato("generate", "cats", "--seed", 1, "--out", "init.png")
    return "init.png"


@pytest.fixture
def mask():
    image = PIL.Image.new("L", (32, 32))
    image.paste(255, (5, 5, 20, 30))
    image.save("mask.png")
    return "mask.png"


def pixels(path):
    with PIL.Image.open(path) as image:
        return np.asarray(image)


def test_strength_is_the_share_of_steps_made(sfumato, init):
    assert sfumato(*LOOK, "--init", init, "--strength", 0.5, "--out", "a.png")[0] == 0
    recipe = read("a.png")[0].recipe
    assert (recipe.strength, recipe.visits, recipe.steps, recipe.mask) == (0.5, 2, 4, "")
    assert len(recipe.init) == 64
    sfumato(*LOOK, "--init", init, "--out", "b.png")
    assert read("b.png")[0].recipe.strength == 0.6


def test_strength_one_is_drawing_from_nothing(sfumato, init):
    """Rectified flow begins at alpha = 0: nothing of the picture is left."""
    sfumato(*LOOK, "--out", "plain.png")
    sfumato(*LOOK, "--init", init, "--strength", 1, "--out", "over.png")
    np.testing.assert_array_equal(pixels("plain.png"), pixels("over.png"))


@pytest.mark.parametrize("flags", [(), ("--sampler", "dpmpp-2m"), ("--sampler", "ddpm", "--microbatch", 2)])
def test_black_stays_bit_for_bit_and_white_does_not(sfumato, init, mask, flags):
    assert sfumato(*LOOK, "--init", init, "--mask", mask, *flags, "--out", "a.png")[0] == 0
    stays = pixels(mask) == 0
    same = (pixels("a.png") == pixels(init)).all(axis=-1)
    assert same[stays].all()
    assert same[~stays].mean() < 0.5
    recipe = read("a.png")[0].recipe
    assert recipe.strength == 1.0
    assert len(recipe.mask) == 64


def test_like_makes_the_same_pixels_given_the_same_files(sfumato, init, mask):
    sfumato(*LOOK, "--init", init, "--mask", mask, "--strength", 0.75, "--scale", 2, "--out", "a.png")
    code, _, err = sfumato("generate", "--like", "a.png", "--init", init, "--mask", mask, "--out", "b.png")
    assert code == 0
    assert err.splitlines() == [
        "sfumato: note: init has 32x32 pixels; it is used at 64x64",
        "sfumato: note: the same pixels, every one",
    ]
    assert read("b.png")[0].recipe == read("a.png")[0].recipe


def test_like_says_which_file_is_missing(sfumato, init, mask):
    sfumato(*LOOK, "--init", init, "--mask", mask, "--out", "a.png")
    digest = read("a.png")[0].recipe
    code, _, err = sfumato("generate", "--like", "a.png")
    assert code == 2
    assert f"its init is missing: give the file whose pixels have the sha256 {digest.init[:16]}... with --init" in err
    code, _, err = sfumato("generate", "--like", "a.png", "--init", init)
    assert code == 2
    assert f"its mask is missing: give the file whose pixels have the sha256 {digest.mask[:16]}... with --mask" in err


def test_like_says_which_file_differs(sfumato, init, mask):
    sfumato(*LOOK, "--init", init, "--mask", mask, "--out", "a.png")
    sfumato("generate", "cats", "--seed", 2, "--out", "other.png")
    code, _, err = sfumato("generate", "--like", "a.png", "--init", "other.png", "--mask", mask, "--out", "b.png")
    assert code == 0
    assert "init differs: the picture was made with pixels" in err
    assert "mask differs" not in err
    assert "the same pixels" not in err


@pytest.mark.parametrize("flags", [("--mask", "mask.png"), ("--strength", "0.5")])
def test_like_refuses_what_has_nothing_to_work_on(sfumato, mask, flags):
    """A picture that was drawn from nothing has no use for a mask; it would be drawn again without it."""
    sfumato(*LOOK, "--out", "plain.png")
    code, _, err = sfumato("generate", "--like", "plain.png", *flags, "--out", "b.png")
    assert code == 2
    assert f"{flags[0]} says how a picture is drawn over; name that picture with --init" in err
    assert not Path("b.png").exists()


def test_scale_is_in_the_recipe_and_in_the_pixels(sfumato):
    assert sfumato(*LOOK, "--scale", 4, "--out", "a.png")[0] == 0
    recipe = read("a.png")[0].recipe
    assert (recipe.size, recipe.scale, recipe.finished_size) == ((32, 32), 4, (128, 128))
    assert pixels("a.png").shape == (128, 128, 3)
    assert "the same pixels, every one" in sfumato("generate", "--like", "a.png", "--out", "b.png")[2]
    assert sfumato("generate", "--like", "a.png", "--scale", 1, "--out", "c.png")[0] == 0
    assert "scale" not in read("c.png")[0].public


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (("--strength", "0.5"), "name that picture with --init"),
        (("--mask", "mask.png"), "name that picture with --init"),
        (("--init", "absent.png"), "cannot read init absent.png"),
        (("--init", "init.png", "--strength", "0"), "strength is 0.0"),
        (("--init", "init.png", "--strength", "1.5"), "strength is 1.5"),
        (("--init", "init.png", "--strength", "much"), "expected a number"),
        (("--init", "init.png", "--mask", "init.webp"), "cannot read mask"),
        (("--init", "init.png", "--size", "48x32"), "another shape"),
        (("--scale", "3"), "scale is 3"),
    ],
)
def test_bad_input_is_one_line(sfumato, init, mask, flags, complaint):
    code, _, err = sfumato(*LOOK, *flags)
    assert code == 2
    assert complaint in err
    assert len(err.strip().splitlines()) == 1


def test_a_trace_has_the_steps_that_were_made(sfumato, init):
    assert sfumato(*LOOK, "--init", init, "--strength", 0.5, "--trace", "t")[0] == 0
    assert sorted(path.name for path in Path("t").glob("step-*")) == ["step-0000.safetensors", "step-0001.safetensors"]
    code, out, _ = sfumato("inspect", "t")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[3:5]] == ["1", "2"]


def test_inspect_says_what_making_it_again_needs(sfumato, init, mask):
    sfumato(*LOOK, "--init", init, "--mask", mask, "--out", "a.png")
    code, out, _ = sfumato("inspect", "a.png")
    assert code == 0
    assert "--like a.png --init FILE --mask FILE" in out
    assert out.count(read("a.png")[0].recipe.init) == 1


def test_private_pictures_do_not_tell_what_they_were_drawn_over(sfumato, init, mask):
    sfumato(*LOOK, "--init", init, "--mask", mask, "--out", "p.png", "--private")
    record = read("p.png")[0]
    data = Path("p.png").read_bytes()
    assert record.recipe.init.encode() not in data
    assert record.recipe.mask.encode() not in data
    again = sfumato("generate", "--like", "p.png", "--init", init, "--mask", mask, "--out", "q.png")
    assert "the same pixels, every one" in again[2]


def test_a_jpeg_says_that_it_keeps_nothing_exactly(sfumato, init, mask):
    over = ("--init", init, "--mask", mask)
    assert "a JPEG changes every pixel" in sfumato(*LOOK, *over, "--out", "a.jpg")[2]
    assert "a JPEG changes every pixel" in sfumato("generate", "--like", "a.jpg", *over, "--out", "b.jpg")[2]
    assert sfumato(*LOOK, *over, "--out", "a.webp")[2] == ""
    np.testing.assert_array_equal(pixels("a.webp")[:3], pixels(init)[:3])
