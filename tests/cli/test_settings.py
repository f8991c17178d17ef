"""Precedence: flag, environment, config file, model."""

from pathlib import Path

import pytest

from sfumato.provenance.files import read


def steps():
    [path] = Path("pictures").iterdir()
    found = read(path)[0].recipe.steps
    path.unlink()
    return found


def config(text):
    path = Path(".config/sfumato/config.toml")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_strongest_source_wins(sfumato, monkeypatch):
    sfumato("generate", "cats")
    assert steps() == 3, "the model's own"
    config("[generate]\nsteps = 4\n")
    sfumato("generate", "cats")
    assert steps() == 4, "the config file"
    monkeypatch.setenv("SFUMATO_STEPS", "5")
    sfumato("generate", "cats")
    assert steps() == 5, "the environment"
    sfumato("generate", "cats", "--steps", 6)
    assert steps() == 6, "the flag"


def test_every_kind_of_setting_from_a_file(sfumato, monkeypatch, tiny_folder):
    text = f"""[generate]
    model = "{tiny_folder}"
    seed = 8
    count = 2
    guidance = 2
    size = "48x32"
    sampler = "ddim:eta=0.5"
    negative = "cats"
    private = false
    out = "elsewhere"
    format = "webp"
    """
    Path("mine.toml").write_text(text)
    monkeypatch.setenv("SFUMATO_CONFIG", "mine.toml")
    code, _, err = sfumato("generate", "a red apple", model=False)
    assert code == 0, err
    assert sorted(p.name for p in Path("elsewhere").iterdir()) == ["a-red-apple-8.webp", "a-red-apple-9.webp"]
    recipe = read("elsewhere/a-red-apple-9.webp")[0].recipe
    assert (recipe.guidance["scale"], recipe.size, recipe.sampler["eta"], recipe.negative) == (
        2.0,
        (48, 32),
        0.5,
        "cats",
    )


def test_private_from_the_environment(sfumato, monkeypatch):
    monkeypatch.setenv("SFUMATO_PRIVATE", "yes")
    assert sfumato("generate", "a red apple")[0] == 0
    assert all("apple" not in p.name for p in Path("pictures").iterdir())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[generate]\nstep = 3\n", "unknown key 'step'; did you mean 'steps'"),
        ("[generat]\n", "unknown key 'generat'; did you mean 'generate'"),
        ("generate = 3\n", "expected a table"),
        ("[generate\n", "not valid TOML"),
        ("[generate]\nsteps = 'x'\n", "steps in "),
        ("[generate]\nsize = [32, 32]\n", "size in "),
        ("[generate]\nprivate = 'perhaps'\n", "expected yes or no"),
    ],
)
def test_a_config_file_that_is_not_understood(sfumato, text, words):
    config(text)
    code, out, err = sfumato("generate", "cats")
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1


def test_a_variable_that_is_not_understood(sfumato, monkeypatch):
    monkeypatch.setenv("SFUMATO_STEPS", "many")
    code, _, err = sfumato("generate", "cats")
    assert code == 2
    assert "SFUMATO_STEPS is 'many'; expected a whole number" in err


def test_a_named_config_file_must_be_there(sfumato, monkeypatch):
    monkeypatch.setenv("SFUMATO_CONFIG", "missing.toml")
    code, _, err = sfumato("generate", "cats")
    assert code == 2
    assert "missing.toml" in err
