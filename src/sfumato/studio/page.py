"""The article's page, put together from what is committed: one skeleton and one piece of text a section."""

import html
import posixpath
import re
from functools import cache
from importlib.resources import files

SECTIONS = ("1.1", "1.2", "1.3", "1.4", "2.1", "2.3", "2.4", "3.3")
"""In reading order; each is static/article/SECTION.html."""

STATIC = files("sfumato.studio") / "static"
IMPORT = re.compile(r"""\b(?:import|export)\b[^;"'`()]*from\s*["'](\.[^"']+)["']""")


@cache
def text() -> str:
    """The skeleton with every section in its place, and with the scripts that it begins with named at once."""
    sections = [(STATIC / "article" / f"{name}.html").read_text(encoding="utf-8") for name in SECTIONS]
    links = [f'<link rel="modulepreload" href="/static/{name}">' for name in scripts("app.js")]
    page = (STATIC / "index.html").read_text(encoding="utf-8")
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


def page(token: str) -> str:
    """The page of one process: the token is in it and nowhere else."""
    return text().replace("{{token}}", html.escape(token, quote=True))
