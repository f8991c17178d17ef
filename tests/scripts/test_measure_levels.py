"""scripts/measure_levels.py: below the whole strength a picture is begun from itself, at it from noise alone."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from by_path import loaded
from sfumato.autoencoder import Pixels
from sfumato.model import Model


@pytest.fixture(scope="module")
def script():
    return loaded("scripts/measure_levels.py")


def test_at_strength_0_there_is_the_autoencoder_alone(script, tiny_model):
    """Pixels come back as they were, over white, and nothing is asked of the denoiser."""
    bare = Model(replace(tiny_model.bundle, denoiser=None, autoencoder=Pixels()))
    side = tiny_model.bundle.sizes[0][0]
    pixels = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    found = script.redrawn(bare, Image.fromarray(pixels).convert("RGBA"), "a cat", 5, 0.0, 20)
    assert np.array_equal(found, pixels)


def model(asked):
    """Draws its canvas, or black where it is given none; notes what it is asked for."""

    def generate(prompt, **settings):
        asked.append((prompt, settings))
        image = settings["init"].convert("RGB") if "init" in settings else Image.new("RGB", (4, 4))
        return [SimpleNamespace(image=image)]

    return SimpleNamespace(generate=generate)


@pytest.mark.parametrize(("strength", "begun"), [(0.25, True), (0.99, True), (1.0, False)])
def test_only_the_whole_strength_begins_from_noise_alone(script, strength, begun):
    asked = []
    drawn = script.redrawn(model(asked), Image.new("RGBA", (4, 4), (9, 8, 7, 255)), "a cat", 5, strength, 20)
    ((prompt, settings),) = asked
    assert (prompt, settings["seed"], settings["steps"]) == ("a cat", 5, 20)
    assert settings.get("strength") == (strength if begun else None)
    assert np.array_equal(drawn[0, 0], [9, 8, 7] if begun else [0, 0, 0])
