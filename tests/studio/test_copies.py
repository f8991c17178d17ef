"""Copies: evaluate's rule, planted ones caught, a perfect denoiser that copies, and figure 4.4, which says so."""

import threading

import numpy as np
import pytest

from held_out import Thumbnail, with_held_out
from sfumato.corpus.decode import over_white_picture
from sfumato.errors import CorpusError, RecipeError
from sfumato.evaluate.copies import find_copies, thumbnails
from sfumato.evaluate.ground import open_ground
from sfumato.studio.app import application
from sfumato.studio.at_hand import of_corpus, shipped_pictures
from sfumato.studio.copies import MANNERS, copy_of, looked_up, mixed, perfect, recalled
from sfumato.studio.frames import decode
from sfumato.studio.library import Library
from sfumato.studio.photo import shipped
from sfumato.studio.ruler import shipped_ruler
from sfumato.studio.studio import Studio

ASKED = {"who": "model", "manner": "jpeg", "prompt": "a red apple", "seed": 5, "photo": "harbour", "share": 0.25}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return with_held_out(tmp_path_factory.mktemp("corpus") / "glyphs.parquet")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def pictures(corpus, cache):
    return of_corpus(corpus, cache=cache)


def test_the_rule_is_evaluates(corpus, cache, pictures):
    ground = open_ground(corpus, split="tune", features=Thumbnail(), cache=cache, report=lambda *_: None)
    found = find_copies(ground, 255 - ground.pictures[None])
    assert pictures.ruler.threshold == pytest.approx(found.threshold, rel=1e-6)
    assert (pictures.planted, pictures.caught) == (found.planted, found.caught) == (20, 20)
    assert pictures.ruler.held_out == len(ground.rows)
    for k in (0, 3):
        ours = pictures.search(255 - ground.pictures[k])
        assert ours.distances[0] == pytest.approx(found.distance[0, k], rel=1e-6)


def test_the_nearest_are_the_nearest_in_order(pictures):
    picture = mixed(pictures.picture(3), pictures.picture(40), 0.5)
    far = np.linalg.norm(pictures.near.astype(float) - thumbnails(picture[None]), axis=1)
    found = pictures.search(picture)
    np.testing.assert_array_equal(found.places, np.argsort(far)[:5])
    np.testing.assert_allclose(found.distances, np.sort(far)[:5], rtol=1e-5)


@pytest.mark.parametrize("manner", MANNERS)
def test_a_plain_copy_is_caught_and_others_get_past(pictures, manner):
    places = pictures.order[:40]
    caught = [pictures.search(copy_of(pictures.picture(int(k)), manner)).copied for k in places]
    if manner in ("same", "jpeg"):
        assert all(caught)
    else:
        assert sum(caught) < len(caught) / 2


def test_what_was_computed_is_kept(corpus, cache, pictures, monkeypatch):
    def refuse(*_):
        raise AssertionError("computed again")

    counted = []
    monkeypatch.setattr("sfumato.studio.at_hand.thumbnails", lambda x: counted.append(len(x)) or thumbnails(x))
    again = of_corpus(corpus, cache=cache, report=refuse)
    np.testing.assert_array_equal(again.near, pictures.near)
    assert sum(counted) == again.planted


def test_further_pictures_are_looked_among_and_not_measured_by(corpus, cache, pictures, tmp_path):
    from PIL import Image

    folder = tmp_path / "mine"
    folder.mkdir()
    for k in range(12):
        Image.fromarray(np.roll(shipped(), 9 * k, axis=0)).save(folder / f"{k}.png")
        (folder / f"{k}.txt").write_text(f"harbour {k}")
    more = of_corpus(corpus, [folder], cache=cache)
    assert more.files == ("glyphs.parquet", "mine")
    assert len(more.words) > len(pictures.words)
    assert more.ruler.held_out == pictures.ruler.held_out
    found = more.search(more.picture(len(pictures.words)))
    assert more.words[found.places[0]].startswith("harbour")
    assert found.distances[0] == 0.0


def test_a_models_card_says_what_is_missing(pictures):
    data = [{"name": "ours", "key": f"{pictures.keys[0]}-train-128-rgba", "pictures": 9}]
    data.append({"name": "theirs", "key": "0" * 16 + "-train-128", "pictures": 1})
    assert [one["here"] for one in pictures.learnt({"data": data})] == [True, False]
    assert [one["here"] for one in shipped_pictures().learnt({"data": data})] == [False, False]
    assert pictures.learnt({"data": "a few"}) == pictures.learnt({}) == []


def test_the_perfect_denoiser_ends_at_a_picture_that_it_was_given(tiny_model, pictures):
    points = perfect(tiny_model, pictures).points
    assert len(points) == 32
    ends = []
    for seed in range(6):
        gap = np.abs(points - recalled(tiny_model, pictures, seed)).max((1, 2, 3))
        assert gap.min() < 1e-5
        ends.append(int(gap.argmin()))
    assert len(set(ends)) > 1


def test_mixing_begins_at_one_and_ends_at_the_other():
    a, b = shipped("harbour"), shipped("mountain")
    np.testing.assert_array_equal(mixed(a, b, 0.0), a)
    np.testing.assert_array_equal(mixed(a, b, 1.0), b)
    far = [shipped_pictures().search(mixed(a, b, share)).distances[0] for share in (0.1, 0.3)]
    assert far[1] == pytest.approx(3 * far[0], rel=0.01)


def test_the_shipped_ruler_is_one():
    ruler = shipped_ruler()
    assert len(ruler.distances) == 101
    assert list(ruler.distances) == sorted(ruler.distances)
    assert ruler.nearer(ruler.threshold) == pytest.approx(1.0)
    assert ruler.nearer(0.0) <= 1.0
    assert ruler.nearer(999.0) == 100.0
    assert ruler.held_out > 300


@pytest.mark.slow
def test_the_shipped_model_does_not_copy_and_the_perfect_denoiser_does():
    import sfumato

    model, given = sfumato.load("tavola"), shipped_pictures()
    for seed in range(3):
        asked = {"prompt": "a red apple, 3d render", "seed": seed, "photo": shipped()}
        assert given.search(looked_up(model, given, "perfect", **asked)).copied
        assert not given.search(looked_up(model, given, "model", **asked)).copied


@pytest.mark.parametrize("who", ["model", "perfect", "photo"])
def test_the_api_says_the_same(client, tiny_model, who):
    *_, frame, done = decode(client.post("/api/v1/neighbours", json=ASKED | {"who": who}).content)
    given = shipped_pictures()
    made = looked_up(tiny_model, given, who, prompt="a red apple", seed=5, photo=shipped())
    copy = copy_of(given.picture(given.chosen(5)), "jpeg")
    found = given.search(mixed(made, copy, 0.25))
    assert done.type == "done"
    assert frame.header["numbers"] == pytest.approx(found.numbers(), rel=1e-6)
    assert [one["words"] for one in frame.header["nearest"]] == [given.words[k] for k in found.places]
    assert frame.header["files"] == []
    assert frame.arrays["near0"].shape == frame.arrays["picture"].shape == (3, 128, 128)


def test_a_runs_picture_is_looked_up(client, studio):
    body = {"prompt": "a red apple", "seed": 5, "steps": 2}
    name = next(decode(client.post("/api/v1/runs", json=body).content)).header["run"]
    frame, _ = decode(client.post("/api/v1/ask/neighbours", json={"run": name}).content)
    picture = over_white_picture(studio.runs.get(name).picture.image, 128)
    assert frame.header["numbers"] == pytest.approx(shipped_pictures().search(picture).numbers(), rel=1e-6)
    assert "copy" not in frame.header
    studio.runs.get(name).picture = None
    assert client.post("/api/v1/ask/neighbours", json={"run": name}).status_code == 400
    assert client.post("/api/v1/ask/neighbours", json={"run": "x"}).status_code == 400


@pytest.mark.parametrize(
    "change", [{"who": "nobody"}, {"manner": "x"}, {"share": 1.5}, {"photo": "x"}, {"seed": -1}, {"corpus": "/etc"}]
)
def test_what_cannot_be_is_refused(client, change):
    assert client.post("/api/v1/neighbours", json=ASKED | change).status_code == 400
    with pytest.raises(RecipeError, match="expected one of"):
        copy_of(shipped(), "painted")


def at(studio, client, library):
    """The same studio and client with other pictures at hand."""
    other = Studio(studio.desk, library=library)
    return type(client)(application(other), {"x-sfumato-token": other.token})


def test_opening_is_told_of_while_it_lasts_and_done_once(client, studio, pictures):
    ready, opened = threading.Event(), []

    def slowly(report):
        opened.append(1)
        report("decoding glyphs", 3, 9)
        ready.wait(20)
        return pictures

    client = at(studio, client, Library(slowly))
    threading.Timer(1.2, ready.set).start()
    *reading, frame, _ = decode(client.post("/api/v1/neighbours", json=ASKED).content)
    assert reading
    assert {(one.type, one.header["what"], one.header["done"]) for one in reading} == {
        ("reading", "decoding glyphs", 3)
    }
    assert frame.header["files"] == ["glyphs.parquet"]
    *none, _, _ = decode(client.post("/api/v1/neighbours", json=ASKED).content)
    assert not none
    assert opened == [1]


def test_a_corpus_that_cannot_be_opened_is_said_each_time(client, studio):
    def broken(report):
        raise CorpusError("the file is damaged")

    client = at(studio, client, Library(broken))
    for _ in range(2):
        answer = client.post("/api/v1/neighbours", json=ASKED)
        assert b"the file is damaged" in answer.content


def test_a_planted_picture_is_called_copied_and_its_mirror_is_not(read):
    reader = read()
    figure = reader.figure("copies")
    reader.settled("copies")
    assert reader.readouts("copies")["copied"] == 0
    assert "Start the studio with --data" in figure.inner_text()
    figure.locator("#copies-share").fill("100")
    reader.settled("copies")
    planted = reader.readouts("copies")
    assert (planted["copied"], planted["nearest"]) == (1, 0)
    assert "Called copied" in figure.locator(".copied").inner_text()
    figure.get_by_text("mirrored", exact=True).click()
    reader.settled("copies")
    assert reader.readouts("copies")["copied"] == 0
    assert reader.said == []
