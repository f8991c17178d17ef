"""The pages, put together from what is committed: a skeleton each, and in the article a piece of text a section."""

import html
import posixpath
import re
from functools import cache
from importlib.resources import files

SECTIONS = ("1.1", "1.2", "1.3", "1.4", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "3.1", "3.2", "3.3", "3.4", "3.5")
"""In reading order; each is static/article/SECTION.html."""

STATIC = files("sfumato.studio") / "static"
IMPORT = re.compile(r"""\b(?:import|export)\b[^;"'`()]*from\s*["'](\.[^"']+)["']""")


PAGES = {"index": "app.js", "playground": "playground/app.js", "training": "training/app.js"}
"""Each page's skeleton, static/NAME.html, and the script that it begins with."""


@cache
def text(name: str = "index") -> str:
    """The skeleton with every section in its place, and with the scripts that it begins with named at once."""
    sections = [(STATIC / "article" / f"{section}.html").read_text(encoding="utf-8") for section in SECTIONS]
    links = [f'<link rel="modulepreload" href="/static/{script}">' for script in scripts(PAGES[name])]
    page = (STATIC / f"{name}.html").read_text(encoding="utf-8")
    return page.replace("<!-- sections -->", "\n".join(sections)).replace("<!-- scripts -->", "\n".join(links))


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
