"""Adding sources to feedmill.toml and taking them out, without touching anything else in it.

In:  the file, and what to change.
Out: the file, rewritten whole (temporary file, fsync, rename) with every comment and blank line where it was.
Never: leaves a file that would not load; loses an edit that another feedmill made meanwhile (a lock is held).

Blocks are appended and cut as text: a thousand sources take milliseconds. tomlkit, which rebuilds the document, is
asked only when the sources are written in the one form that has no blocks: `source = [{ url = "…" }]`.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

from feedmill.config.load import load_text, read_text
from feedmill.config.places import find_places
from feedmill.feeds.errors import ConfigError, DeliveryError, UsageError
from feedmill.feeds.source import Source


def write_example(path: Path) -> None:
    """`init`: the commented example. Never over a file that is there."""
    text = resources.files("feedmill.config").joinpath("example.toml").read_text(encoding="utf-8")
    if path.exists():
        raise UsageError(f"{path}: it is there already and was left as it is")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise DeliveryError(f"{path}: it cannot be written ({error.strerror})") from None


def add_sources(path: Path, sources: Sequence[Source]) -> None:
    """Append a `[[source]]` for each. `ConfigError` when the result would not load; then nothing is written."""
    if not sources:
        return

    def append(text: str) -> str:
        newline = "\r\n" if "\r\n" in text else "\n"
        if _is_inline(text):
            return _with_tomlkit(text, lambda rows: rows.extend(_table(source) for source in sources))
        head = text if text.endswith("\n") or not text else text + newline
        return head + "".join(_block(source, newline) for source in sources)

    _rewrite(path, append)


def remove_source(path: Path, url: str) -> None:
    """Take out the `[[source]]` whose url is written so. `UsageError` when there is none."""

    def cut(text: str) -> str:
        urls = [source.url for source in load_text(text, path).sources]
        if url not in urls:
            raise UsageError(f"{url}: not a source of {path}")
        index = urls.index(url)
        if _is_inline(text):
            return _with_tomlkit(text, lambda rows: rows.pop(index))
        blocks = find_places(text).blocks
        at = next(at for at, block in enumerate(blocks) if block.path == ("source", index))
        last = at
        while last + 1 < len(blocks) and blocks[last + 1].path[:2] == ("source", index):
            last += 1  # [source.only] and [source.never] go with it
        lines = re.split(r"(?<=\n)", text)
        first, end = blocks[at].first - 1, blocks[last].end - 1
        while end > first + 1 and (not (line := lines[end - 1].strip()) or line.startswith("#")):
            end -= 1  # comments and blank lines before the next header belong to what follows
        if end < len(lines) and not lines[end].strip() and (first == 0 or not lines[first - 1].strip()):
            end += 1  # the blank line that set the block apart goes with it
        return "".join(lines[:first] + lines[end:])

    _rewrite(path, cut)


def _block(source: Source, newline: str) -> str:
    lines = ["", "[[source]]", f"url = {_quoted(source.url)}"]
    if source.title:
        lines.append(f"title = {_quoted(source.title)}")
    if source.tags:
        lines.append(f"tags = [{', '.join(map(_quoted, source.tags))}]")
    return newline.join(lines) + newline


def _quoted(text: str) -> str:
    """A TOML basic string: JSON's escapes are TOML's, but for DEL, and lone surrogates that no file can hold."""
    clean = text.encode("utf-8", "replace").decode("utf-8")
    return json.dumps(clean, ensure_ascii=False).replace("\x7f", "\\u007F")


def _is_inline(text: str) -> bool:
    return ("source",) in (places := find_places(text)).lines and not any(
        block.path[:1] == ("source",) for block in places.blocks
    )


def _table(source: Source) -> dict[str, Any]:
    pairs = {"url": source.url, "title": source.title, "tags": list(source.tags)}
    return {key: value for key, value in pairs.items() if value}


def _with_tomlkit(text: str, change: Callable[[Any], object]) -> str:
    import tomlkit

    document = tomlkit.parse(text)
    change(document["source"])
    return tomlkit.dumps(document)


def _rewrite(path: Path, change: Callable[[str], str]) -> None:
    real = Path(os.path.realpath(path))
    with _locked(real):
        raw = read_text(path)
        marked = real.read_bytes().startswith(b"\xef\xbb\xbf")
        text = change(raw)
        try:
            load_text(text, path)
        except ConfigError as error:
            error.problems.append(f"{path}: nothing was changed")
            error.args = ("\n".join(error.problems),)
            raise
        _replace(real, text.encode("utf-8-sig" if marked else "utf-8"))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the file against other feedmills. It is replaced by rename, so look again after waiting for the lock."""
    while True:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            break  # reading it will say why
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            current = path.stat().st_ino == os.fstat(descriptor).st_ino
        except FileNotFoundError:
            current = True
        if current:
            try:
                yield
            finally:
                os.close(descriptor)
            return
        os.close(descriptor)
    yield


def _replace(path: Path, content: bytes) -> None:
    temporary = None
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), path.stat().st_mode & 0o7777)
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105  (a str and a Path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise DeliveryError(f"{path}: it cannot be written ({error.strerror}); it stands as it was") from None
