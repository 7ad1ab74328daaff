"""What was delivered last time, and from what: so that nothing is rendered whose input did not change.

In:  the store's `meta`, one value for each configured publication; the output folder.
Out: whether a file is as it should be; what is left to deliver; what to take away.
Never: trusts the ledger alone: a file counts only when it lies on disk as it was written (size, time, inode, or else
its bytes). A ledger that is lost costs a rendering, no more: `deliver` still leaves equal bytes alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol

from feedmill.publish.deliver import deliver, read, sweep, withdraw

FLUSH_BYTES = 64_000_000  # that much is rendered before it is written: a rebuild of years must fit into memory
_VERSION = 1


class Notes(Protocol):
    """Where a ledger is kept."""

    def meta(self, key: str) -> str | None: ...
    def set_meta(self, key: str, value: str | None) -> None: ...


def digest(*parts: object) -> str:
    """A short name of values that have a faithful repr."""
    made = blake2b(digest_size=16)
    for part in parts:
        made.update(part if isinstance(part, bytes) else repr(part).encode("utf-8", "surrogatepass"))
        made.update(b"\0")
    return made.hexdigest()


class Ledger:
    """The files of one publication: for each its input's key, its bytes' digest, and how it lay on disk.

    `notes` are what the other modules remember with it (the gate's ids, the closed archives).
    """

    def __init__(self, store: Notes, path: str, folder: Path, *, codings: Sequence[str] = ()) -> None:
        self._store = store
        self._key = f"edition:{path}"
        self._folder = folder
        self._codings = codings
        self._place = str(folder)
        self._text = store.meta(self._key) or ""
        kept = _loaded(self._text)
        same_place = kept.get("folder") == str(folder)
        self.files: dict[str, list[Any]] = kept.get("files", {}) if same_place else {}
        self.notes: dict[str, Any] = kept.get("notes", {})
        self.used: set[str] = set()
        self._pending: dict[str, tuple[str, bytes]] = {}
        self._size = 0
        self.written: list[Path] = []
        self.kept = 0

    def fresh(self, name: str, key: str) -> bool:
        """True when the file was made from this very input and lies there as it was made."""
        line = self.files.get(name)
        if line is None or line[0] != key or not self._is_there(name, line):
            return False
        self.used.add(name)
        self.kept += 1
        return True

    def has(self, name: str) -> bool:
        """True when the file was delivered before and lies there as it was made, from whatever input."""
        line = self.files.get(name)
        return line is not None and self._is_there(name, line)

    def is_pending(self, name: str) -> bool:
        """True when the file was put and is still to be delivered."""
        return name in self._pending

    def keep(self, name: str) -> None:
        """The file stays as it is: it could not be made anew, or may not."""
        self.used.add(name)

    def put(self, name: str, data: bytes, key: str) -> None:
        """A file to deliver; a later one of the same name replaces it."""
        self.used.add(name)
        self._size += len(data)
        self._pending[name] = key, data

    def drop(self, names: Iterable[str]) -> None:
        """Forget files that were put but must not go out after all."""
        for name in names:
            self._pending.pop(name, None)

    @property
    def full(self) -> bool:
        """True when what is pending should be written before more is rendered."""
        return self._size > FLUSH_BYTES

    def flush(self) -> None:
        """Deliver what is pending, all of it or nothing."""
        if not self._pending:
            return
        sweep(self._folder, list(self._pending))
        files = {name: data for name, (_, data) in self._pending.items()}
        delivery = deliver(self._folder, files, codings=self._codings)
        self.written.extend(delivery.written)
        self.kept += delivery.kept
        for name, (key, data) in self._pending.items():
            self.files[name] = [key, digest(data), *_signature(f"{self._place}/{name}")]
        self._pending.clear()
        self._size = 0

    def clear_away(self, prefixes: tuple[str, ...]) -> None:
        """Take away what lies below these folders, was ours, and is made no more. Archive documents stay for ever."""
        stale = [
            name
            for name in self.files
            if name.startswith(prefixes)
            and name not in self.used
            and not ("archive/" in name and name.endswith(".xml"))
        ]
        withdraw(self._folder, stale)
        for name in stale:
            del self.files[name]

    def save(self) -> None:
        """Remember, when there is something new to remember."""
        text = json.dumps(
            {"version": _VERSION, "folder": str(self._folder), "files": self.files, "notes": self.notes},
            separators=(",", ":"),
        )
        if text != self._text:
            self._store.set_meta(self._key, text)
            self._text = text

    def _is_there(self, name: str, line: list[Any]) -> bool:
        try:
            signature = _signature(f"{self._place}/{name}")
        except OSError:
            return False
        if signature == line[2:]:
            return True
        data = read(self._folder, name)  # restored from a copy: other times, maybe the same bytes
        if data is None or digest(data) != line[1]:
            return False
        line[2:] = signature
        return True


def _loaded(text: str) -> dict[str, Any]:
    try:
        kept = json.loads(text) if text else {}
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) and kept.get("version") == _VERSION else {}


def _signature(path: str) -> list[int]:
    found = os.lstat(path)
    return [found.st_size, found.st_mtime_ns, found.st_ino]
