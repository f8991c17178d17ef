"""What is served: small, whole, from nowhere else, each section with its figure, each formula rendered."""

import gzip
import re
from pathlib import Path

import pytest

import sfumato.studio
from sfumato.studio.page import SECTIONS, page, scripts, text

STATIC = Path(sfumato.studio.__file__).parent / "static"
FILES = sorted(path for path in STATIC.rglob("*") if path.is_file())
SCRIPTS = [path for path in FILES if path.suffix == ".js"]
IMPORT = re.compile(r"""(?:from|import)\s*\(?\s*["'](\.[^"']+)["']""")


def imported(path):
    """The scripts that a script names, later ones (import()) too."""
    return {(path.parent / name).resolve() for name in IMPORT.findall(path.read_text(encoding="utf-8"))}


def test_all_of_it_is_small():
    assert sum(path.stat().st_size for path in FILES) <= 1_200_000
    assert sum(path.stat().st_size for path in FILES if path.suffix == ".woff2") <= 170_000
    styles = b"".join(path.read_bytes() for path in FILES if path.suffix == ".css")
    assert len(gzip.compress(styles, 9)) <= 25_000


def weight(paths):
    """Bytes of scripts, each gzipped as it travels."""
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in paths)


def test_what_loads_first_is_small():
    """The page's own scripts and the whole first chapter's figures, with all that they import; others come later."""
    chapter = [name for name in SECTIONS if name.startswith("1.")]
    near = re.findall(
        r'data-figure="(\w+)"', "".join((STATIC / f"article/{name}.html").read_text() for name in chapter)
    )
    seen = {name for first in ("app.js", *(f"figures/{figure}.js" for figure in near)) for name in scripts(first)}
    assert len(near) == len(chapter)
    assert len(seen) > 15
    assert weight(STATIC / name for name in seen) <= 70_000


def test_all_scripts_are_small():
    assert weight(SCRIPTS) <= 160_000


def test_the_page_names_its_first_scripts_at_once():
    """All but those that are imported later, when a figure comes near."""
    named = [STATIC / name for name in scripts("app.js")]
    assert all(path.is_file() for path in named)
    assert STATIC / "vendor/signals-core.js" in named
    assert not [path for path in set(SCRIPTS) - set(named) if path.parent.name == "vendor"]
    assert not [path for path in named if path.parent.name == "figures" and path.name != "index.js"]
    assert all(f'href="/static/{path.relative_to(STATIC).as_posix()}"' in text() for path in named)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(STATIC)))
def test_scripts_import_files_that_are_there(path):
    for name in imported(path):
        assert name.is_file(), f"{path.name} imports {name}"
        assert name.is_relative_to(STATIC)


def test_every_figure_of_the_text_is_there_and_the_other_way_round():
    asked = set(re.findall(r'data-figure="(\w+)"', text()))
    known = set(
        re.findall(r"^  (\w+): \(\) => import", (STATIC / "figures/index.js").read_text(encoding="utf-8"), re.M)
    )
    assert asked == known


def test_sections_are_all_in_the_page_in_order():
    assert re.findall(r'<section class="step" id="s([\d-]+)"', text()) == [name.replace(".", "-") for name in SECTIONS]
    assert {path.stem for path in (STATIC / "article").glob("*.html")} == set(SECTIONS)


def test_formulas_are_rendered():
    formulas = re.findall(r"<math [^>]*>(.*?)</math>", text(), re.S)
    assert formulas
    assert all(formula.strip().startswith("<m") for formula in formulas)


def test_the_token_is_escaped():
    assert 'content="a&quot;&lt;b"' in page('a"<b')


@pytest.mark.parametrize("path", [p for p in FILES if p.suffix in (".js", ".css", ".html")], ids=lambda p: p.name)
def test_no_address_of_another_place(path):
    for found in re.findall(r"https?://[^\s\"'`)]+", path.read_text(encoding="utf-8")):
        assert found.startswith("http://www.w3.org/"), found


def test_no_style_in_the_markup():
    assert " style=" not in text()


def test_what_is_not_ours_carries_its_licence():
    assert (STATIC / "vendor/LICENCES").stat().st_size > 10_000
    for name in ("LICENCE-serif", "LICENCE-maths"):
        assert "SIL OPEN FONT LICENSE" in (STATIC / "fonts" / name).read_text(encoding="utf-8")
