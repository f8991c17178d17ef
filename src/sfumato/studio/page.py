"""The pages, put together from what is committed: a frame, a body each, in the article a piece of text a section."""

import html
import posixpath
import re
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files

SECTIONS = (
    "1.1", "1.2", "1.3", "1.4",
    "2.1", "2.2", "2.3", "2.4", "2.5", "2.6",
    "3.1", "3.2", "3.3", "3.4", "3.5",
    "4.1", "4.2", "4.3", "4.4",
)  # fmt: skip
"""In reading order; each is static/article/SECTION.html."""

STATIC = files("sfumato.studio") / "static"
IMPORT = re.compile(r"""\b(?:import|export)\b[^;"'`()]*from\s*["'](\.[^"']+)["']""")


@dataclass(frozen=True, kw_only=True)
class Page:
    """What differs from page to page in static/frame.html; its body is static/NAME.html.

    place: what the other pages call it. start and skip: where its own matter begins, and how a reader is told of that.
    """

    place: str
    title: str
    script: str
    styles: tuple[str, ...]
    start: str
    skip: str


PAGES = {
    "index": Page(
        place="Article",
        title="How noise becomes a picture: Sfumato",
        script="app.js",
        styles=("words", "film", "xray", "machine", "paths", "copies"),
        start="#s1-1",
        skip="Skip to the article",
    ),
    "playground": Page(
        place="Playground",
        title="Playground: Sfumato",
        script="playground/app.js",
        styles=("playground",),
        start="#stage",
        skip="Skip to the picture",
    ),
    "training": Page(
        place="Training",
        title="Training: Sfumato",
        script="training/app.js",
        styles=("playground",),
        start="#run",
        skip="Skip to the run",
    ),
}


@cache
def text(name: str = "index") -> str:
    """A page in its frame, with every section in its place, and with the scripts that it begins with named at once."""
    one, parts = PAGES[name], {}
    parts["<!-- body -->\n"] = (STATIC / f"{name}.html").read_text(encoding="utf-8")
    sections = [(STATIC / "article" / f"{section}.html").read_text(encoding="utf-8") for section in SECTIONS]
    parts["<!-- sections -->"] = "\n".join(sections)
    parts["<!-- places -->"] = "".join(map(partial(link, here=name), PAGES))
    parts["<!-- styles -->"] = "\n".join(f'<link rel="stylesheet" href="/static/style/{s}.css">' for s in one.styles)
    preloads = (f'<link rel="modulepreload" href="/static/{script}">' for script in scripts(one.script))
    parts["<!-- scripts -->"] = "\n".join(preloads)
    parts["{{home}}"] = "#start" if name == "index" else "/"
    parts |= {f"{{{{{entry}}}}}": getattr(one, entry) for entry in ("title", "script", "start", "skip")}
    page = (STATIC / "frame.html").read_text(encoding="utf-8")
    for mark, put in parts.items():
        page = page.replace(mark, put)
    return page


def address(name: str) -> str:
    """The path of a page."""
    return "/" if name == "index" else f"/{name}"


def link(name: str, here: str) -> str:
    """One page as the others, and itself, point to it."""
    current = ' aria-current="page"' if name == here else ""
    return f'<a href="{address(name)}"{current}>{PAGES[name].place}</a>'


def scripts(first: str) -> list[str]:
    """A script and all that it imports before it runs: a browser that knows them need not find them one by one."""
    found, waiting = [], [first]
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found.append(name)
            script = STATIC.joinpath(*name.split("/")).read_text(encoding="utf-8")
            waiting += [
                posixpath.normpath(posixpath.join(posixpath.dirname(name), other)) for other in IMPORT.findall(script)
            ]
    return found


def page(token: str, name: str = "index") -> str:
    """A page of one process: the token is in it and nowhere else."""
    return text(name).replace("{{token}}", html.escape(token, quote=True))
