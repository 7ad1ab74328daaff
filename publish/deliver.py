"""Put rendered files where readers find them.

In:  a folder, and the bytes of each file by its path below it.
Out: which files were written; `DeliveryError` naming the file that could not be.
Never: writes a file whose bytes did not change (servers derive ETags from its time); shows half a file; follows a link
that somebody put in a file's place.

All files of one call are first written beside their targets and flushed, then renamed one after the other, so that a
full disk or a crash while writing leaves every old file as it was.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from feedmill.feeds.errors import DeliveryError

MODE = 0o644  # for the web server's user to read
_SEGMENT = re.compile(r"[^\W_][\w.\-]*")  # no leading dot, dash or underscore; letters of any script
_STRAY = re.compile(r"\..+\.feedmill-(\d+)-[0-9a-f]{16}\.tmp")
_STRAY_SECONDS = 24 * 3600  # a living process with that number may be another one by then
_O_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_O_DIRECTORY = getattr(os, "O_DIRECTORY", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """`written`: files with new bytes; `kept`: how many were as they should be already."""

    written: tuple[Path, ...]
    kept: int


def deliver(folder: Path, files: Mapping[str, bytes]) -> Delivery:
    """Write `files` (path below `folder`, with slashes, to bytes) where their bytes differ from what is on disk."""
    changed = {name: data for name, data in files.items() if read(folder, name) != data}
    staged: list[tuple[Path, Path]] = []
    current = folder
    try:
        try:
            current = folder
            folder.mkdir(parents=True, exist_ok=True)
            for name, data in changed.items():
                current = target = _target(folder, name)
                _make_parents(folder, target.parent)
                staged.append((_stage(target, data), target))
            for temporary, target in staged:
                current = target
                temporary.replace(target)
            for parent in dict.fromkeys(target.parent for _, target in staged):
                current = parent
                _flush_folder(parent)
        finally:
            for temporary, _ in staged:
                with suppress(OSError):
                    temporary.unlink(missing_ok=True)
    except OSError as error:
        raise DeliveryError(
            f"cannot write {current}: {error.strerror or error}; the last good file still stands"
        ) from error
    return Delivery(written=tuple(target for _, target in staged), kept=len(files) - len(changed))


def read(folder: Path, name: str) -> bytes | None:
    """The bytes of a delivered file; None when there is none yet. What is not a plain file is refused."""
    target = _target(folder, name)
    try:
        descriptor = os.open(target, os.O_RDONLY | _O_NOFOLLOW | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return None
    except OSError as error:
        if target.is_symlink():
            raise DeliveryError(f"{target} is a symbolic link; remove it, feedmill writes plain files only") from error
        raise DeliveryError(f"cannot read {target}: {error.strerror or error}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise DeliveryError(f"{target} is not a plain file; remove it, feedmill writes plain files only")
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def withdraw(folder: Path, names: Sequence[str]) -> None:
    """Take files away that are published no more, and the folders that are empty then."""
    for name in names:
        target = _target(folder, name)
        above = [folder / parent for parent in target.relative_to(folder).parents if parent.name]
        if any(parent.is_symlink() for parent in above):
            continue  # somebody else's folder
        try:
            target.unlink(missing_ok=True)
            for parent in above:
                parent.rmdir()
        except NotADirectoryError:
            continue
        except OSError as error:
            if target.exists():
                raise DeliveryError(f"cannot remove {target}: {error.strerror or error}") from error


def sweep(folder: Path, names: Sequence[str]) -> None:
    """Remove temporary files that a killed process left in the folders of `names`."""
    for parent in dict.fromkeys(_target(folder, name).parent for name in names):
        try:
            entries = list(os.scandir(parent))
        except OSError:
            continue
        for entry in entries:
            match = _STRAY.fullmatch(entry.name)
            with suppress(OSError):  # gone meanwhile
                if match and _is_abandoned(entry, int(match[1])):
                    Path(entry.path).unlink()


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """One publisher at a time: what is rendered later is delivered later. A lock on the folder itself, no lock file."""
    try:
        import fcntl
    except ImportError:  # pragma: no cover  (no such locks on this system: each rename is still whole)
        yield
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | _O_DIRECTORY)
    except OSError as error:
        raise DeliveryError(f"cannot use the output folder {folder}: {error.strerror or error}") from error
    try:
        with suppress(OSError):  # some network file systems cannot lock folders
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _target(folder: Path, name: str) -> Path:
    segments = name.split("/")
    if len(name) > 400 or not all(len(part) <= 100 and _SEGMENT.fullmatch(part) for part in segments):
        raise DeliveryError(f"{name!r} is no safe file name below {folder}; change the publication's path")
    return folder.joinpath(*segments)


def _make_parents(folder: Path, parent: Path) -> None:
    """The folders between the output and a file; a link among them is refused, the output itself may be one."""
    if parent == folder:
        return
    _make_parents(folder, parent.parent)
    if parent.is_symlink():
        raise DeliveryError(f"{parent} is a symbolic link; remove it, feedmill writes below {folder} only")
    parent.mkdir(exist_ok=True)


def _stage(target: Path, data: bytes) -> Path:
    temporary = target.with_name(f".{target.name}.feedmill-{os.getpid()}-{os.urandom(8).hex()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _O_NOFOLLOW, MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), MODE)  # whatever the umask: the web server is another user
            os.fsync(file.fileno())
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    return temporary


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | _O_DIRECTORY)
    try:
        with suppress(OSError):  # not every file system flushes folders; the rename itself is done
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_abandoned(entry: os.DirEntry[str], process: int) -> bool:
    if process == os.getpid():
        return True  # of an earlier process with our number: we hold the folder and have staged nothing yet
    with suppress(PermissionError):  # alive, but somebody else's
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
    return time.time() - entry.stat(follow_symlinks=False).st_mtime > _STRAY_SECONDS
