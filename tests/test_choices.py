"""Closed tables: near names, options by name and type, nothing imported."""

import pytest

from sfumato.choices import choose, describe, near, plain
from sfumato.errors import CheckpointError, RecipeError
from sfumato.guidance import GUIDANCES, ClassifierFree


def test_near():
    assert near("dpmp-2m", ["ddim", "dpmpp-2m", "dpmpp-2m-sde"]).startswith("did you mean 'dpmpp-2m'")
    assert near("zzz", ["b", "a"]) == "known: a, b"


def test_build_and_describe_are_inverse():
    options = {"kind": "classifier-free", "scale": 3, "interval": [0.1, 0.9], "rescale": 0.5}
    part = choose(GUIDANCES, options, "guidance")
    assert part == ClassifierFree(scale=3, interval=(0.1, 0.9), rescale=0.5)
    assert describe(GUIDANCES, part) == options


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kind": "clasifier-free"}, "did you mean 'classifier-free'"),
        ({"kind": None}, "unknown guidance 'None'"),
        ({}, "unknown guidance"),
        ({"kind": "classifier-free", "scael": 1.0}, "unknown key 'scael'; did you mean 'scale'"),
        ({"kind": "classifier-free", "scale": "high"}, "option 'scale' is 'high'; expected float"),
        ({"kind": "classifier-free", "scale": True}, "option 'scale' is True"),
        ({"kind": "classifier-free", "interval": 3}, "option 'interval' is 3"),
    ],
)
def test_refusals(options, words):
    with pytest.raises(RecipeError, match=words):
        choose(GUIDANCES, options, "guidance")


def test_the_error_is_the_callers():
    with pytest.raises(CheckpointError):
        choose(GUIDANCES, {"kind": "x"}, "guidance", CheckpointError)


def test_plain():
    assert plain({"a": (1, (2, "x"))}) == {"a": [1, [2, "x"]]}
