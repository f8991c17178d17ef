"""The picture that is drawn over: read from anything, hashed by its pixels, and back in the result bit for bit."""

import numpy as np
import PIL.Image
import pytest

from sfumato.canvas import open_canvas
from sfumato.errors import RecipeError
from sfumato.picture import enlarged


def picture(size=(32, 32), mode="RGBA", seed=0):
    values = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], len(mode)), np.uint8)
    return PIL.Image.fromarray(values)


def spot(size=(32, 32), box=(8, 8, 20, 24), value=255):
    mask = PIL.Image.new("L", size)
    mask.paste(value, box)
    return mask


def opened(init, mask=None, **changes):
    return open_canvas(init, mask, **({"size": (32, 32), "scale": 1, "colours": 4} | changes))


def test_the_hash_is_that_of_a_drawn_picture(tiny_model, tmp_path):
    drawn = tiny_model.generate("cats")[0]
    drawn.save(tmp_path / "a.png")
    drawn.save(tmp_path / "b.webp")
    hashes = {opened(x).under.init for x in (drawn, drawn.image, tmp_path / "a.png", str(tmp_path / "b.webp"))}
    assert hashes == {drawn.pixels_sha256}


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_transparent_results_keep_every_byte_that_is_not_redrawn(mode):
    given, mask = picture(mode=mode), spot()
    made = np.random.default_rng(9).integers(0, 256, (32, 32, 4), np.uint8)
    out = opened(given, mask).paste(made, "transparent")
    inside = np.asarray(mask) > 0
    np.testing.assert_array_equal(out[~inside], np.asarray(given.convert("RGBA"))[~inside])
    np.testing.assert_array_equal(out[inside], made[inside])


@pytest.mark.parametrize("background", ["white", "#204060"])
def test_opaque_results_keep_what_shows_of_it(background):
    given, mask = picture(), spot()
    made = np.random.default_rng(9).integers(0, 256, (32, 32, 3), np.uint8)
    out = opened(given, mask).paste(made, background)
    page = PIL.Image.new("RGBA", given.size, background)
    page.alpha_composite(given)
    inside = np.asarray(mask) > 0
    assert np.abs(out.astype(int) - np.asarray(page.convert("RGB")))[~inside].max() <= 1
    opaque = opened(picture(mode="RGB"), mask).paste(made, background)
    np.testing.assert_array_equal(opaque[~inside], np.asarray(picture(mode="RGB"))[~inside])
    np.testing.assert_array_equal(opaque[inside], made[inside])


def test_grey_mixes():
    given = PIL.Image.new("RGB", (32, 32), (0, 100, 200))
    out = opened(given, spot(value=51)).paste(np.full((32, 32, 3), 250, np.uint8), "white")
    assert out[10, 10].tolist() == [50, 130, 210]
    assert out[0, 0].tolist() == [0, 100, 200]


def test_at_twice_the_size_the_pixels_given_are_the_pixels_kept():
    given, mask = picture((64, 64), "RGB"), spot((64, 64), (3, 5, 30, 40))
    canvas = opened(given, mask, scale=2, colours=3)
    assert canvas.notes == ()
    assert canvas.under.image.shape == (1, 3, 32, 32)
    assert canvas.under.redrawn.shape == (32, 32)
    assert canvas.under.redrawn[2:20, 1:15].all()
    out = canvas.paste(enlarged(np.zeros((32, 32, 3), np.uint8), 2), "white")
    np.testing.assert_array_equal(out[np.asarray(mask) == 0], np.asarray(given)[np.asarray(mask) == 0])


def test_another_size_is_told_and_another_shape_refused():
    assert opened(picture((64, 64))).notes == ("init has 64x64 pixels; it is used at 32x32",)
    with pytest.raises(RecipeError, match="init has 64x32 pixels, another shape than the 32x32 that is drawn; crop it"):
        opened(picture((64, 32)))
    with pytest.raises(RecipeError, match="mask has 64x32 pixels"):
        opened(picture(), spot((64, 32)))


@pytest.mark.parametrize(("alpha", "colours", "seen"), [
    (255, 4, [1.0, -1.0, -0.2, 1.0]), (255, 3, [1.0, -1.0, -0.2]),
    (51, 4, [-0.6, -1.0, -0.84, -0.6]), (51, 3, [1.0, 0.6, 0.76]),
])  # fmt: skip
def test_the_pipeline_gets_the_colours(alpha, colours, seen):
    image = opened(PIL.Image.new("RGBA", (32, 32), (255, 0, 102, alpha)), colours=colours).under.image
    np.testing.assert_allclose(image[0, :, 5, 7], seen, atol=1.1 / 127.5)


def test_an_opaque_model_sees_a_transparent_picture_over_white():
    canvas = opened(PIL.Image.new("RGBA", (32, 32), (9, 9, 9, 0)), colours=3)
    assert canvas.under.image.shape == (1, 3, 32, 32)
    assert (canvas.under.image == 1.0).all()
    assert canvas.under.image.flags.c_contiguous


def test_a_mask_with_alpha_is_seen_over_black():
    clear = PIL.Image.new("RGBA", (32, 32), (255, 255, 255, 0))
    clear.paste((255, 255, 255, 255), (0, 0, 4, 4))
    redrawn = opened(picture(), clear).redrawn
    assert (redrawn[:4, :4] == 255).all()
    assert redrawn.sum() == 16 * 255


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (None, "cannot read init .*no such file"),
        (b"nonsense", "init .* cannot be used"),
        (b"", "init .* cannot be used"),
    ],
)
def test_files_that_are_no_pictures(tmp_path, data, words):
    path = tmp_path / "x.png"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(RecipeError, match=words):
        opened(path)


def test_a_canvas_is_for_one_size(tiny_model):
    canvas = tiny_model.canvas(picture(), spot())
    assert tiny_model.recipe("cats", canvas=canvas).init == canvas.under.init
    with pytest.raises(RecipeError, match="the canvas is 32x32, the finished picture 64x64; open it with the same"):
        tiny_model.recipe("cats", canvas=canvas, scale=2)
    with pytest.raises(RecipeError, match="the finished picture 64x64"):
        canvas.paste(np.zeros((64, 64, 3), np.uint8), "white")


def test_a_mask_needs_its_picture(tiny_model):
    with pytest.raises(RecipeError, match="give that picture as init"):
        tiny_model.generate("cats", mask=spot())


def test_a_recipe_is_drawn_over_its_own_picture_alone(tiny_model):
    canvas = tiny_model.canvas(picture(), spot())
    recipe = tiny_model.recipe("cats", canvas=canvas)
    for other in (None, tiny_model.canvas(picture(seed=1), spot()), tiny_model.canvas(picture())):
        with pytest.raises(RecipeError, match=f"begins from the picture {recipe.init[:12]} and mask"):
            tiny_model.draw([recipe], other)
    with pytest.raises(RecipeError, match="begins from the picture none"):
        tiny_model.draw([tiny_model.recipe("cats")], canvas)


def test_a_black_mask_asks_for_nothing():
    with pytest.raises(RecipeError, match="black everywhere"):
        opened(picture(), PIL.Image.new("L", (32, 32)))


def test_enlarging_weighs_colours_by_alpha():
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:, 4:] = (200, 100, 50, 255)
    large = enlarged(pixels, 2)
    assert large.shape == (16, 16, 4)
    seen = large[..., 3] > 8
    assert np.abs(large[seen][:, :3].astype(int) - (200, 100, 50)).max() <= 1, "no dark rim"
    assert not large[large[..., 3] == 0].any()
    assert enlarged(pixels, 1) is pixels
