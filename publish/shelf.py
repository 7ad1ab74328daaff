"""The shelf: every file of the published folder in memory, ready to hand out.

In:  a folder of static files, written by `deliver` (this process or another), each by rename.
Out: `Shelf.table`, an immutable view URL path -> `Representation | Redirect`, swapped by one assignment.
Never: writes, follows a symbolic link, serves a dot file or a temporary one, or turns a URL into a file name:
       what is not in the table does not exist, so no path can leave the folder (network.md T72).

A file is read again only when its inode, size, mtime or ctime moved. ETag and Last-Modified come from the bytes and
from the file's mtime, which `deliver` moves only when the bytes did: they survive restarts (network.md S2-S4).
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.utils import formatdate
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from feedmill.publish.headers import Header, Policy, is_text, media_type, standing_headers
from feedmill.publish.twins import holds, pack

SETTLING_ROUNDS = 5  # looks at a folder that is being written, before we take what is there
TEMPORARY_SUFFIXES = (".tmp", ".temp", ".part", ".swp", ".lock", "~")
TWIN_SUFFIXES = (".gz", ".br", ".zst")  # compressed twins: no files of their own

Signature = tuple[int, int, int, int, int]  # device, inode, size, mtime ns, ctime ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One coding of a file: its bytes, its own strong ETag, and the header tuples of its 200 and its 304.

    `wire_200` and `wire_304` are the same headers as they go over the wire, without status line, Date and final CRLF.
    """

    body: bytes
    etag: bytes
    ok: tuple[Header, ...]
    not_modified: tuple[Header, ...]
    wire_200: bytes
    wire_304: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Representation:
    """What one URL path answers. `gzip` is None when it would not be smaller; `modified` is in whole epoch seconds."""

    identity: Variant
    gzip: Variant | None
    modified: int
    last_modified: bytes
    cors: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """A folder asked for without its slash; `location` is a percent-encoded absolute path."""

    location: bytes


Table = Mapping[str, Representation | Redirect]
LinkHeader = Callable[[str], str | None]  # URL path -> value of a Link header (self, hub), or None


@dataclass(frozen=True, slots=True)
class _Held:
    """A file as last read."""

    signature: Signature
    digest: bytes
    representation: Representation


class Shelf:
    """The folder `root` in memory. Thread-safe; readers take `table` once per request and never lock.

    `links` gives the Link header of a path (WebSub's self and hub); `clock` is only there to keep Last-Modified out
    of the future (RFC 9110, 8.8.2.1).
    """

    def __init__(
        self,
        root: Path,
        *,
        policy: Policy | None = None,
        links: LinkHeader | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.root = root
        self.table: Table = MappingProxyType({})
        self._policy = policy or Policy()
        self._links = links or (lambda _path: None)
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._lock = threading.Lock()

    def refresh(self) -> int:
        """Bring the table up to date with the folder; returns how many paths came, went or changed.

        While files still move under our feet we look again, so that the files of one edition appear together.
        Raises OSError when the folder cannot be listed; the table stands as it was. It also stands when the folder is
        missing: somebody is swapping it, and the last good edition is better than none.
        """
        with self._lock:
            if self._held and not self.root.is_dir():
                return 0
            found = scan(self.root)
            changes = 0
            for _ in range(SETTLING_ROUNDS):
                changes += self._read(found)
                again = scan(self.root)
                if again == found:
                    break
                found = again
            if changes:
                self.table = arrange({name: held.representation for name, held in self._held.items()})
            return changes

    def _read(self, found: Mapping[str, Signature]) -> int:
        """Take in what `found` has and we have not, drop what it has no more."""
        changes = 0
        for name in self._held.keys() - found.keys():
            del self._held[name]
            changes += 1
        for name, signature in found.items():
            held = self._held.get(name)
            if held is not None and held.signature == signature:
                continue
            taken = self._take(name, held)
            if taken is None:
                continue  # gone or half written: the next look decides, the old bytes stand
            self._held[name] = taken
            changes += held is None or held.representation is not taken.representation
        return changes

    def _take(self, name: str, held: _Held | None) -> _Held | None:
        read = read_whole(self.root / name)
        if read is None:
            return None
        body, signature = read
        digest = hashlib.blake2b(body, digest_size=16).digest()
        modified = min(signature[3] // 1_000_000_000, int(self._clock()))
        if held is not None:
            if held.digest == digest:  # rewritten without a change: no validator may move (network.md S3)
                return _Held(signature, digest, held.representation)
            # New bytes within the same second, or with an older mtime: a client that only sends If-Modified-Since
            # must still see them, so Last-Modified is monotonic (network.md S4).
            modified = max(modified, held.representation.modified + 1)
        path = f"/{name}"
        packed = self._twin(name, body, signature)
        link = self._links(path)
        representation = represent(path, body, digest, modified, policy=self._policy, link=link, packed=packed)
        return _Held(signature, digest, representation)

    def _twin(self, name: str, body: bytes, signature: Signature) -> bytes:
        """The file's gzip twin, if one of the same time holds the same bytes: then nobody has to make it again."""
        found = read_whole(self.root / f"{name}.gz")
        return found[0] if found and found[1][3] == signature[3] and holds(found[0], "gzip", body) else b""


def watch(
    shelf: Shelf,
    stop: threading.Event,
    *,
    on_error: Callable[[OSError], None],
    between: timedelta = timedelta(seconds=2),
) -> None:
    """Keep `shelf` up to date with what other processes publish, until `stop`: the body of a thread.

    Looks every `between`, and less often (up to 8 s) when looking itself takes long, so that a large folder costs at
    most 2 % of a CPU and a publish by another process is still seen within 10 s.
    """
    pause = between.total_seconds()
    while not stop.wait(pause):
        started = time.monotonic()
        try:
            shelf.refresh()
        except OSError as error:
            on_error(error)
        pause = min(max(between.total_seconds(), 50 * (time.monotonic() - started)), 8.0)


def represent(
    path: str,
    body: bytes,
    digest: bytes,
    modified: int,
    *,
    policy: Policy,
    link: str | None = None,
    packed: bytes = b"",
) -> Representation:
    """The answer of `path`: both codings with their headers made once, so that a request only picks one.

    `digest` is the content hash the ETags come from, `modified` whole epoch seconds; `packed`: the body gzipped, if it
    is known.
    """
    kind = media_type(path, body)
    standing = standing_headers(path, kind, policy=policy, link=link)
    last_modified = formatdate(modified, usegmt=True).encode("ascii")
    tag = digest.hex()
    packed = (packed or pack(body, "gzip")) if is_text(kind) else b""

    def variant(content: bytes, etag: str, coding: bytes | None) -> Variant:
        validators: tuple[Header, ...] = ((b"etag", f'"{etag}"'.encode("ascii")), (b"last-modified", last_modified))
        about: tuple[Header, ...] = (
            (b"content-type", kind.encode("ascii")),
            (b"content-length", str(len(content)).encode("ascii")),
        )
        if coding:
            about = (*about, (b"content-encoding", coding))
        ok = (*about, *validators, *standing.always, *standing.with_body)
        not_modified = (*validators, *standing.always)
        return Variant(
            body=content,
            etag=validators[0][1],
            ok=ok,
            not_modified=not_modified,
            wire_200=wire(ok),
            wire_304=wire(not_modified),
        )

    return Representation(
        identity=variant(body, tag, None),
        gzip=variant(packed, f"{tag}-gz", b"gzip") if packed and len(packed) < len(body) else None,
        modified=modified,
        last_modified=last_modified,
        cors=standing.cors,
    )


def wire(headers: tuple[Header, ...]) -> bytes:
    """The header lines as HTTP/1.1 writes them."""
    return b"".join(b"%s: %s\r\n" % header for header in headers)


def arrange(files: Mapping[str, Representation]) -> Table:
    """From relative file names to URL paths: `index.html` is its folder, a folder without its slash redirects."""
    table: dict[str, Representation | Redirect] = {}
    for name, representation in files.items():
        path = f"/{name}"
        table[path] = representation
        folder, slash, last = path.rpartition("/")
        if last == "index.html":
            table[folder + slash] = representation
            if folder:
                table.setdefault(folder, Redirect(location=quote(f"{folder}/").encode("ascii")))
    return MappingProxyType(table)


def scan(root: Path) -> dict[str, Signature]:
    """Every servable file below `root` (itself perhaps a link) by its relative name; a missing folder has none."""
    found = dict(_walk(os.fspath(root), ""))
    twins = [name for name in found if name.endswith(TWIN_SUFFIXES) and name.rpartition(".")[0] in found]
    for name in twins:
        del found[name]
    return found


def _walk(folder: str, prefix: str) -> Iterator[tuple[str, Signature]]:
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return
    except PermissionError:
        if not prefix:
            raise
        return
    for entry in entries:
        if not servable(entry.name):
            continue
        try:
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path, f"{prefix}{entry.name}/")
            elif entry.is_file(follow_symlinks=False):
                yield prefix + entry.name, sign(entry.stat(follow_symlinks=False))
        except FileNotFoundError:  # replaced between listing and looking
            continue


def servable(name: str) -> bool:
    """Whether a file or folder of that name may be shown: no dot files, no temporary ones, none UTF-8 cannot say."""
    return not name.startswith(".") and not name.endswith(TEMPORARY_SUFFIXES) and name.isprintable()


def sign(status: os.stat_result) -> Signature:
    """What moves when a file was written."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def read_whole(path: Path) -> tuple[bytes, Signature] | None:
    """The bytes of one file and the signature they belong to; None: it is gone, a link, or was written meanwhile."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            return None
        try:
            body = file.read()
        except OSError:
            return None
        signature = sign(os.fstat(descriptor))
    return (body, signature) if signature == sign(before) and len(body) == before.st_size else None
