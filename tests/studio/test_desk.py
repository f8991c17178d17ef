"""One thread owns the model; a newer question of the same figure takes the older one's place."""

import threading
from concurrent.futures import CancelledError
from types import SimpleNamespace

import pytest
from starlette.requests import Request

from sfumato.errors import CheckpointError, RecipeError
from sfumato.studio.api_network import waiting
from sfumato.studio.desk import Desk
from sfumato.studio.ids import ALPHABET, LENGTH, Shelf


@pytest.fixture
def desk(tiny_folder):
    made = Desk(str(tiny_folder))
    yield made
    made.close()


def test_it_answers_with_the_model_from_one_thread(desk):
    assert not desk.ready
    answers = [desk.ask(str(k), lambda model: (model.name, threading.current_thread().name)) for k in range(3)]
    assert {answer.result(30) for answer in answers} == {("tiny", "sfumato-desk")}
    assert desk.ready


def test_the_newest_question_of_a_figure_replaces_the_waiting_one(desk):
    going, leave = threading.Event(), threading.Event()
    busy = desk.ask("other", lambda model: (going.set(), leave.wait(30)))
    assert going.wait(30)
    asked = [desk.ask("jump", lambda model, k=k: k) for k in range(5)]
    beside = desk.ask("schedules", lambda model: "beside")
    leave.set()
    assert asked[-1].result(30) == 4
    assert beside.result(30) == "beside"
    assert busy.done()
    for old in asked[:-1]:
        with pytest.raises(CancelledError):
            old.result(0)


def test_who_asked_before_does_not_push_a_newer_question_out(desk):
    """A stream whose reader has left asks once more before it hears of it."""
    going, leave = threading.Event(), threading.Event()
    desk.ask("other", lambda model: (going.set(), leave.wait(30)))
    assert going.wait(30)
    first, second = desk.turn(), desk.turn()
    begun = desk.ask("film", lambda model: "begun", first)
    newer = desk.ask("film", lambda model: "newer", second)
    stale = desk.ask("film", lambda model: "stale", first)
    elsewhere = desk.ask("race", lambda model: "elsewhere", first)
    leave.set()
    assert newer.result(30) == "newer"
    assert elsewhere.result(30) == "elsewhere"
    assert desk.ask("film", lambda model: "further", second).result(30) == "further"
    assert begun.cancelled()
    assert stale.cancelled()


def test_a_stream_that_was_left_asks_in_vain(studio):
    app = SimpleNamespace(state=SimpleNamespace(studio=studio))
    scope = {"type": "http", "method": "POST", "path": "/api/v1/futures", "scheme": "http", "app": app}
    scope |= {"query_string": b"", "server": ("127.0.0.1", 80), "headers": [(b"x-sfumato-figure", b"futures.a")]}
    left, newer = waiting(Request(scope)), waiting(Request(scope))
    assert left(lambda model: 1) == 1
    assert newer(lambda model: 2) == 2
    with pytest.raises(RecipeError, match="a newer question"):
        left(lambda model: 3)


def test_so_many_keys_are_remembered(desk, monkeypatch):
    monkeypatch.setattr("sfumato.studio.desk.KEYS", 3)
    old, new = desk.turn(), desk.turn()
    for key in "abcd":
        desk.ask(key, lambda model: None, new)
    assert desk.ask("a", lambda model: "forgotten", old).result(30) == "forgotten"
    assert desk.ask("d", lambda model: "known", old).cancelled()


def test_closing_waits_for_the_question_at_hand(desk):
    before, going, leave = threading.enumerate(), threading.Event(), threading.Event()
    answer = desk.ask("a", lambda model: (going.set(), leave.wait(30)))
    assert going.wait(30)
    threading.Timer(0.2, leave.set).start()
    desk.close()
    assert answer.done()
    assert not [thread for thread in threading.enumerate() if thread.name == "sfumato-desk" and thread not in before]


def test_errors_come_back_and_the_desk_goes_on(desk, tmp_path):
    def fails(model):
        raise ValueError("this")

    with pytest.raises(ValueError, match="this"):
        desk.ask("a", fails).result(30)
    assert desk.ask("a", lambda model: 1).result(30) == 1
    with pytest.raises(CheckpointError):
        Desk(str(tmp_path)).ask("a", lambda model: 1).result(30)


def test_it_prepares_in_its_own_thread_before_each_answer(tiny_folder):
    order = []
    desk = Desk(str(tiny_folder), prepare=lambda: order.append(threading.current_thread().name))
    for k in range(2):
        desk.ask("a", lambda model, k=k: order.append(k)).result(30)
    desk.close()
    assert order == ["sfumato-desk", 0, "sfumato-desk", 1]


def test_names_are_made_here_and_the_shelf_is_bounded():
    shelf = Shelf("photo", 3)
    names = [shelf.put(k) for k in range(5)]
    assert all(len(name) == LENGTH and set(name) <= set(ALPHABET) for name in names)
    assert len(set(names)) == 5
    assert len(shelf) == 3
    assert shelf.get(names[2]) == 2
    shelf.put(9)
    assert shelf.get(names[2]) == 2
    with pytest.raises(Exception, match="no such photo"):
        shelf.get(names[3])
