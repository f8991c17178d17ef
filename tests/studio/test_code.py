"""A photo's code: there and back, one number changed, over the API and in figure 3.4."""

import numpy as np
import pytest
import torch

import sfumato
from sfumato.errors import ShapeError
from sfumato.studio.code import code_of, footprint, picture_of, poked, shape_of
from sfumato.studio.frames import decode
from sfumato.studio.photo import shipped
from tiny import write_clear


@pytest.fixture(scope="module")
def code(tiny_model):
    return code_of(tiny_model, shipped())


def test_there_and_back_is_the_autoencoders(tiny_model, code):
    space = tiny_model.bundle.autoencoder
    given = torch.from_numpy(code.photo)[None]
    np.testing.assert_allclose(space.encode(given).mean[0], code.z, atol=1e-5)
    np.testing.assert_allclose(picture_of(tiny_model, code.z), code.back, atol=1e-6)
    assert code.error == pytest.approx(np.sqrt(np.mean((code.back - code.photo) ** 2)), rel=1e-5)
    assert code.z.shape == shape_of(tiny_model) == (4, 8, 8)


def test_a_transparent_models_photo_is_opaque(tmp_path):
    model = sfumato.load(write_clear(tmp_path / "clear"))
    code = code_of(model, shipped())
    assert code.photo.shape == code.back.shape == (3, 32, 32)
    assert code.photo.min() >= -1 - 1e-6
    assert code.photo.max() <= 1 + 1e-6


def test_a_poke_changes_what_is_around_it(tiny_model, code):
    z = poked(code.z, {(1, 2, 3): 4.0})
    assert (z != code.z).sum() == 1
    assert z[1, 2, 3] == 4.0
    after = picture_of(tiny_model, z)
    found = footprint(code.back, after)
    gap = np.abs(after - code.back).max(0)
    assert found["pixels"] == (gap > 2 / 255).sum()
    assert found["moved"] == pytest.approx(np.sqrt(np.mean((after - code.back).astype(np.float64) ** 2)))
    assert footprint(code.back, code.back) == {"moved": 0.0, "pixels": 0.0}


def test_another_number_of_numbers_is_refused(tiny_model):
    with pytest.raises(ShapeError, match="4 x 8 x 8"):
        picture_of(tiny_model, np.zeros(255, np.float32))


def test_the_api_says_the_same(client, code):
    frame, _ = decode(client.post("/api/v1/encode", json={"photo": "harbour"}).content)
    assert frame.header["shape"] == [4, 8, 8]
    assert frame.header["colours"] == 3
    for name in ("photo", "back", "z"):
        np.testing.assert_allclose(frame.arrays[name], getattr(code, name), atol=1e-5)
    assert client.post("/api/v1/encode", json={"photo": "nobody"}).status_code == 400


def test_a_number_is_chosen_by_keyboard_and_given_back(read):
    reader = read()
    figure = reader.figure("code")
    reader.settled("code")
    before = reader.readouts("code")
    assert before["pixels"] == before["moved"] == 0
    figure.locator(".heat canvas[tabindex]").press("ArrowLeft")
    assert reader.readouts("code")["value"] != before["value"]
    figure.locator("#code-value").fill("40")
    reader.settled("code")
    poked = reader.readouts("code")
    assert poked["value"] == 4
    assert poked["pixels"] > 0
    figure.get_by_role("button", name="As it was").click()
    reader.settled("code")
    assert reader.readouts("code")["pixels"] == 0
    assert reader.said == []
