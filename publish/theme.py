"""Where a theme's files are: a folder of templates and stylesheets inside the package.

In:  a file name.
Out: its bytes or text.
Never: imports the template engine: stylesheets are delivered without it.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

THEME = "default"
ICONS = ("icon.svg", "icon.png", "icon-144.png", "logo.png", "favicon.ico")
STATIC = ("style.css", "feed.css", "search.js", *ICONS)


@cache
def static_files() -> dict[str, bytes]:
    """The stylesheets, the icons and the search page's script, as they lie beside the pages."""
    return {name: _file(name) for name in STATIC}


def template(name: str) -> str:
    """The source of one template."""
    return _file(name).decode()


def _file(name: str) -> bytes:
    return (files("feedmill.publish") / "themes" / THEME / name).read_bytes()
