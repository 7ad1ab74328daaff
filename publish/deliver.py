"""Put rendered files where readers find them.

In:  a folder, and the bytes of each file by its path below it; the codings of its twins, if there are to be any.
Out: which files were written; `DeliveryError` naming the file that could not be.
Never: writes a file whose bytes did not change (servers derive ETags from its time); shows half a file; follows a link
that somebody put in a file's place.

All files of one call are first written beside their targets and flushed, then renamed one after the other, so that a
full disk or a crash while writing leaves every old file as it was.

A twin (`publish.twins`) is written with its file and before it, and has the file's own time: another time says that a
kill came between the two, and the next publish puts it right (`pair`).
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePath

from feedmill.feeds.errors import DeliveryError
from feedmill.publish.twins import SUFFIXES, holds, is_packable, pack, twins_of

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


def deliver(folder: Path, files: Mapping[str, bytes], *, codings: Sequence[str] = ()) -> Delivery:
    """Write `files` (path below `folder`, with slashes, to bytes) where their bytes differ from what is on disk, and
    with them their twins in `codings`."""
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
                for twin, packed in twins_of(target.name, data, codings):
                    current = target.with_name(twin)
                    staged.insert(-1, (_stage(current, packed, like=staged[-1][0]), current))
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
    return Delivery(written=tuple(_target(folder, name) for name in changed), kept=len(files) - len(changed))


def pair(folder: Path, names: Iterable[str], codings: Sequence[str], *, given_up: Sequence[str] = ()) -> None:
    """Put right what lies beside delivered files: a twin in each of `codings`, of the same time; none in `given_up`."""
    plain: dict[str, bool] = {}
    for name in filter(is_packable, names):
        parent = name.rpartition("/")[0]
        if parent not in plain:
            plain[parent] = not any(above.is_symlink() for above in _above(folder, name))
        if not plain[parent]:
            continue  # somebody else's folder
        path = f"{folder}/{name}"
        try:
            for coding in given_up:
                Path(path + SUFFIXES[coding]).unlink(missing_ok=True)
            time_ns = _time_of(path)
            odd = [coding for coding in codings if _time_of(path + SUFFIXES[coding]) != time_ns]
            if odd and time_ns is not None:
                _mend(_target(folder, name), read(folder, name) or b"", odd, time_ns)
        except OSError as error:
            raise DeliveryError(f"cannot write beside {path}: {error.strerror or error}") from error


def _mend(target: Path, data: bytes, codings: Sequence[str], time_ns: int) -> None:
    for coding in codings:
        twin = target.with_name(target.name + SUFFIXES[coding])
        kept = read(twin.parent, twin.name) if len(twin.name) <= 100 and not twin.is_symlink() else None
        if kept is not None and holds(kept, coding, data):  # a copy of the folder with other times
            os.utime(twin, ns=(time_ns, time_ns))
            continue
        temporary = _stage(twin, pack(data, coding), like=target)
        try:
            temporary.replace(twin)
        finally:
            temporary.unlink(missing_ok=True)


def _time_of(path: str) -> int | None:
    try:
        return os.lstat(path).st_mtime_ns
    except FileNotFoundError:
        return None


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
    """Take files away that are published no more, their twins before them, and the folders that are empty then."""
    for name in names:
        target = _target(folder, name)
        above = _above(folder, name)
        if any(parent.is_symlink() for parent in above):
            continue  # somebody else's folder
        try:
            for suffix in SUFFIXES.values():
                target.with_name(target.name + suffix).unlink(missing_ok=True)
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


def _above(folder: Path, name: str) -> list[Path]:
    """The folders between a file and the output, the innermost first."""
    return [folder / parent for parent in PurePath(name).parents if parent.name]


def _make_parents(folder: Path, parent: Path) -> None:
    """The folders between the output and a file; a link among them is refused, the output itself may be one."""
    if parent == folder:
        return
    _make_parents(folder, parent.parent)
    if parent.is_symlink():
        raise DeliveryError(f"{parent} is a symbolic link; remove it, feedmill writes below {folder} only")
    parent.mkdir(exist_ok=True)


def _stage(target: Path, data: bytes, *, like: Path | None = None) -> Path:
    """A temporary file beside `target`, on the disk for good; `like`: the file whose time it gets."""
    temporary = target.with_name(f".{target.name}.feedmill-{os.getpid()}-{os.urandom(8).hex()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _O_NOFOLLOW, MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), MODE)  # whatever the umask: the web server is another user
            if like is not None:
                time_ns = os.lstat(like).st_mtime_ns
                os.utime(file.fileno(), ns=(time_ns, time_ns))
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
