"""A training run in its folder: read as it grows, shown live, never touched."""

import json

import pytest
from PIL import Image
from reading import Reader, serving
from test_page import AXE

from sfumato.errors import CheckpointError
from sfumato.studio.desk import Desk
from sfumato.studio.studio import Studio
from sfumato.studio.training import Training

LEVELS = [0.25, 0.5, 0.75, 1.0]


def metrics(k):
    return {
        "event": "metrics",
        "images": 1000 * k,
        "loss": 2.0 / k,
        "norm": 1.0,
        "lr": 1e-3,
        "rate": 50.0,
        "seconds": k,
    }


def heldout(k):
    caption = {
        "gain": [0.01 * k * t for t in LEVELS],
        "error": [0.001] * 4,
        "mean": 0.02 * k,
        "interval": [0.01, 0.03 * k],
    }
    loss = [(1.0 + t) / k for t in LEVELS]
    return {
        "event": "heldout",
        "images": 1000 * k,
        "levels": LEVELS,
        "loss": loss,
        "error": [0.1] * 4,
        "caption": caption,
    }


def write(folder, entries, mode="a"):
    with (folder / "log.jsonl").open(mode) as file:
        file.writelines(json.dumps(entry) + "\n" for entry in entries)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "run.json").write_text(json.dumps({"recipe": {"name": "trial"}, "facts": {"parameters": 12_000_000}}))
    write(tmp_path, [metrics(1), metrics(2), heldout(2), metrics(3), metrics(4), heldout(4)])
    (tmp_path / "sheets").mkdir()
    for k in (2, 4):
        Image.new("RGB", (40, 30), (40 * k, 20, 30)).save(tmp_path / "sheets" / f"{1000 * k:09d}.png")
    return tmp_path


def test_it_is_read_line_by_line_as_it_grows(folder):
    run = Training(folder)
    assert run.about() == {"recipe": "trial", "parameters": 12_000_000, "of": None}
    first = run.since(0)
    assert [entry["event"] for entry in first["entries"]].count("metrics") == 4
    with (folder / "log.jsonl").open("a") as file:
        file.write('{"event": "metrics", "ima')
    assert run.since(first["next"])["entries"] == [], "a line that is being written waits"
    with (folder / "log.jsonl").open("a") as file:
        file.write('ges": 5000, "loss": NaN}\n{"no": 1}\n[]\nnothing\n')
    assert run.since(first["next"])["entries"] == [{"event": "metrics", "images": 5000, "loss": None}]


def test_a_log_that_was_cut_is_read_again(folder):
    run = Training(folder)
    end = run.since(0)["next"]
    write(folder, [metrics(1)], "w")
    again = run.since(end)
    assert again["again"]
    assert len(again["entries"]) == 1


def test_a_folder_without_a_run(tmp_path):
    with pytest.raises(CheckpointError, match="holds no run"):
        Training(tmp_path)
    (tmp_path / "run.json").write_text('{"recipe": {}}')
    assert Training(tmp_path).since(10) == {"entries": [], "next": 0, "again": True, "more": False, "quiet": None}


def test_the_api_serves_the_runs_own_sheets_and_no_other_file(client, folder):
    assert client.post("/api/v1/training", json={}).json() == {"run": None}
    assert client.post("/api/v1/training/sheet", json={"images": 2000}).status_code == 400
    from sfumato.studio.app import application

    studio = Studio(Desk("none"), training=Training(folder))
    given = type(client)(application(studio), {"x-sfumato-token": studio.token})
    said = given.post("/api/v1/training", json={"from": 0}).json()
    assert (said["run"]["recipe"], said["sheets"], len(said["entries"])) == ("trial", [2000, 4000], 6)
    sheet = given.post("/api/v1/training/sheet", json={"images": 4000})
    assert sheet.content == (folder / "sheets" / "000004000.png").read_bytes()
    for bad in (3000, "../run", -1, None):
        assert given.post("/api/v1/training/sheet", json={"images": bad}).status_code == 400


def test_the_page_follows_the_run_without_barriers(chromium, folder, tiny_folder):
    studio = Studio(Desk(str(tiny_folder)), training=Training(folder))
    with serving(studio) as running:
        reader = Reader(chromium, running, "training", viewport={"width": 390, "height": 844})
        value = "name => document.querySelector(`[data-readout=${name}]`)?.dataset.value"
        reader.page.wait_for_selector("[data-readout=gain]")
        reader.page.wait_for_selector(".sheet-of")
        assert reader.page.evaluate(value, "loss") == "0.5"
        assert float(reader.page.evaluate(value, "heldout")) == pytest.approx(1.625 / 4)
        write(folder, [metrics(5), heldout(5)])
        reader.page.wait_for_function("() => document.querySelector('[data-readout=loss]').dataset.value === '0.4'")
        reader.page.locator("#look").fill("1")
        assert float(reader.page.evaluate(value, "heldout")) == pytest.approx(1.625 / 2)
        reader.page.locator("#sheet").fill("1")
        reader.page.wait_for_function("() => document.querySelector('[data-readout=sheet]').dataset.value === '2000'")
        for door in reader.page.get_by_role("button", name="Show numbers").all():
            door.click()
        reader.page.evaluate(AXE)
        found = reader.page.evaluate("async () => (await axe.run()).violations")
        assert not [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]
        assert reader.page.evaluate("document.documentElement.scrollWidth") <= 390
        assert reader.said == []
        assert reader.hosts <= {running.address.rstrip("/"), "data:", "blob:"}
        reader.context.close()
    studio.desk.close()
