"""The article's page, put together from what is committed: one skeleton and one piece of text a section."""

import html
from functools import cache
from importlib.resources import files

SECTIONS = ("1.1", "1.2", "1.3", "1.4", "2.3")
"""In reading order; each is static/article/SECTION.html."""


@cache
def text() -> str:
    """The skeleton with every section in its place."""
    static = files("sfumato.studio") / "static"
    sections = [(static / "article" / f"{name}.html").read_text(encoding="utf-8") for name in SECTIONS]
    return (static / "index.html").read_text(encoding="utf-8").replace("<!-- sections -->", "\n".join(sections))


def page(token: str) -> str:
    """The page of one process: the token is in it and nowhere else."""
    return text().replace("{{token}}", html.escape(token, quote=True))
