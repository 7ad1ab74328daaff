"""A theme: the templates of the pages, the stylesheets, the icons.

In:  a file name; the operator's folder, when there is one.
Out: the file's bytes or text: the operator's, else the one of the same name inside the package.
Never: imports the template engine: stylesheets are delivered without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

ICONS = ("icon.svg", "icon.png", "icon-144.png", "logo.png", "favicon.ico")
STATIC = ("style.css", "feed.css", "search.js", *ICONS)


@dataclass(frozen=True, slots=True)
class Theme:
    """`folder`: a theme of the operator's own. It need not be whole: what it lacks, the default theme has.

    `marks`: (name, size, modified) of its files, so that a changed theme is another value.
    """

    folder: Path | None = None
    marks: tuple[tuple[str, int, int], ...] = ()

    def template(self, name: str) -> str:
        """The source of one template."""
        return self._file(name).decode("utf-8-sig")

    def static_files(self) -> dict[str, bytes]:
        """The stylesheets, the icons and the search page's script, as they lie beside the pages."""
        return {name: self._file(name) for name in STATIC}

    def _file(self, name: str) -> bytes:
        own = self.folder / name if self.folder is not None else None
        return own.read_bytes() if own is not None and own.is_file() else _default(name)


DEFAULT = Theme()


def theme_in(folder: Path | None) -> Theme:
    """The theme of a folder as it is now; the default one for None, or for a folder that cannot be read."""
    if folder is None:
        return DEFAULT
    try:
        found = [(path.name, path.stat()) for path in sorted(folder.iterdir()) if path.is_file()]
    except OSError:
        return DEFAULT
    return Theme(folder, tuple((name, about.st_size, about.st_mtime_ns) for name, about in found))


@cache
def _default(name: str) -> bytes:
    return (files("feedmill.publish") / "themes" / "default" / name).read_bytes()
