"""A figure that asks a network says other things of other weights; its Python says the same as it, of either."""

import contextlib

import pytest
from reading import Reader, code_of, python_says, serving
from test_figures import FIGURES

from sfumato.studio.desk import Desk
from sfumato.studio.studio import Studio
from tiny import write_tiny

WITHOUT_NETWORK = {"staircase", "schedules", "jump", "twophotos"}
"""The first chapter: arithmetic alone."""


@pytest.fixture(scope="module")
def servers(tiny_folder, tmp_path_factory):
    """Two studios, whose models differ in their weights alone."""
    with contextlib.ExitStack() as stack:
        folders = (tiny_folder, write_tiny(tmp_path_factory.mktemp("models") / "other", seed=1))
        studios = [Studio(Desk(str(folder))) for folder in folders]
        for one in studios:
            stack.callback(one.desk.close)
        yield [stack.enter_context(serving(one)) for one in studios]


@pytest.fixture(scope="module")
def readers(chromium, servers):
    """A page of each studio, in which every figure is looked at."""
    opened = [Reader(chromium, server) for server in servers]
    yield opened
    for reader in opened:
        reader.context.close()


@pytest.mark.parametrize("name", FIGURES)
def test_other_weights_say_other_things(readers, name):
    seen = []
    for reader in readers:
        figure = reader.figure(name)
        reader.settled(name)
        shown = reader.readouts(name)
        for key, value in python_says(code_of(figure)).items():
            assert shown[key] == pytest.approx(value, rel=2e-3, abs=2e-3), key
        assert reader.said == []
        seen.append({key: value for key, value in shown.items() if key != "agreement"})
    assert seen[0].keys() == seen[1].keys()
    assert (seen[0] == seen[1]) == (name in WITHOUT_NETWORK)
