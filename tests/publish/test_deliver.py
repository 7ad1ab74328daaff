"""Files on disk: only changed bytes, whole or not at all, and nowhere else (checks I6-I8, T70, T71)."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from feedmill.feeds.errors import DeliveryError
from feedmill.publish.deliver import deliver, hold, read, sweep


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_files_are_written_with_their_folders_and_read_back(tmp_path: Path) -> None:
    out = tmp_path / "new" / "public"

    delivery = deliver(out, {"atom.xml": b"a", "sub/été/rss.xml": b"b"})

    assert delivery.written == (out / "atom.xml", out / "sub" / "été" / "rss.xml")
    assert (read(out, "atom.xml"), read(out, "sub/été/rss.xml"), read(out, "none")) == (b"a", b"b", None)
    assert names(out) == ["atom.xml", "sub/été/rss.xml"]


def test_unchanged_bytes_keep_their_inode_and_their_time(tmp_path: Path) -> None:
    deliver(tmp_path, {"a": b"1", "b": b"1"})
    before = (tmp_path / "a").stat()

    delivery = deliver(tmp_path, {"a": b"1", "b": b"2"})
    after = (tmp_path / "a").stat()

    assert (delivery.written, delivery.kept) == ((tmp_path / "b",), 1)
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_every_file_is_for_everybody_to_read_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        deliver(tmp_path, {"a": b"1"})
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o644


@pytest.mark.parametrize(
    "name", ["../x", "/x", "a/../x", ".hidden", "a//b", "", "a\\b", "-x", "a\x00b", "x" * 101, "a/" * 300 + "b", "a b"]
)
def test_a_name_that_could_lead_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DeliveryError, match="no safe file name"):
        deliver(tmp_path / "out", {name: b"x"})

    assert names(tmp_path) == []


def test_a_link_in_a_files_place_is_refused_and_its_target_untouched(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    out = tmp_path / "out"
    out.mkdir()
    (out / "atom.xml").symlink_to(precious)

    with pytest.raises(DeliveryError, match="symbolic link"):
        deliver(out, {"atom.xml": b"x"})

    assert precious.read_text() == "mine"


def test_a_link_in_a_folders_place_is_refused_but_the_output_itself_may_be_one(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    out = tmp_path / "out"
    out.mkdir()
    (out / "sub").symlink_to(elsewhere)

    with pytest.raises(DeliveryError, match="symbolic link"):
        deliver(out, {"sub/atom.xml": b"x"})
    (tmp_path / "alias").symlink_to(out)
    deliver(tmp_path / "alias", {"atom.xml": b"x"})

    assert names(elsewhere) == []
    assert (out / "atom.xml").read_bytes() == b"x"


def test_what_is_no_plain_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "atom.xml").mkdir()
    os.mkfifo(tmp_path / "rss.xml")
    with socket.socket(socket.AF_UNIX) as here:
        here.bind(str(tmp_path / "s"))

        for name in ("atom.xml", "rss.xml", "s"):
            with pytest.raises(DeliveryError, match=name):
                deliver(tmp_path, {name: b"x"})


def test_an_output_that_is_a_file_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")

    with pytest.raises(DeliveryError, match="out"):
        deliver(tmp_path / "out", {"a": b"x"})
    with pytest.raises(DeliveryError, match="output folder"), hold(tmp_path / "out"):
        pass


def test_a_folder_that_cannot_be_written_to_leaves_everything_as_it_was(tmp_path: Path) -> None:
    """Root may write everywhere, so the write is made to fail by a file size limit in a process of its own."""
    deliver(tmp_path, {"a": b"old", "b": b"old"})
    code = (
        "import resource, signal, sys, pathlib; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000));"
        "from feedmill.publish.deliver import deliver\n"
        "try: deliver(pathlib.Path(sys.argv[1]), {'a': b'new', 'b': b'x' * 5000})\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    ).stdout

    assert said.startswith(f"DeliveryError cannot write {tmp_path / 'b'}: File too large; the last good file")
    assert (read(tmp_path, "a"), read(tmp_path, "b")) == (b"old", b"old")
    assert names(tmp_path) == ["a", "b"]


def test_each_file_system_call_may_fail_and_no_half_state_stays(tmp_path: Path, full_disk) -> None:
    """Make the n-th call fail, for each n: old or new bytes in every file, no temporary file, DeliveryError."""
    new = {"a": b"new a", "sub/b": b"new b"}
    for call in ("fsync", "open", "fchmod"):
        for number in range(1, 12):
            out = tmp_path / f"{call}{number}"
            deliver(out, {"a": b"old", "sub/b": b"old"})
            try:
                with full_disk(call, number):
                    deliver(out, new)
            except DeliveryError as error:
                assert str(out) in str(error)

            assert names(out) == ["a", "sub/b"]
            assert all(read(out, name) in (b"old", data) for name, data in new.items())


def test_temporary_files_of_dead_processes_are_swept_and_of_living_ones_kept(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    living = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    token = "0" * 16
    kept = tmp_path / f".atom.xml.feedmill-{living.pid}-{token}.tmp"
    old = tmp_path / f".rss.xml.feedmill-{living.pid}-{token}.tmp"
    stray = [tmp_path / f".atom.xml.feedmill-{pid}-{token}.tmp" for pid in (dead.pid, os.getpid())]
    other = tmp_path / ".atom.xml.tmp"
    for path in (kept, old, *stray, other):
        path.write_text("x")
    os.utime(old, (time.time() - 90_000,) * 2)
    try:
        sweep(tmp_path, ["atom.xml", "nowhere/atom.xml"])
    finally:
        living.communicate(b"\n")

    assert names(tmp_path) == sorted([kept.name, other.name])


def test_two_publishers_wait_for_each_other(tmp_path: Path) -> None:
    order = []

    def second() -> None:
        with hold(tmp_path):
            order.append("second")

    with hold(tmp_path):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.1)
        order.append("first")
    thread.join()

    assert order == ["first", "second"]


def test_killed_while_writing_every_file_is_whole(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib\nfrom feedmill.publish.deliver import deliver\n"
        "print('go', flush=True)\n"
        "for n in range(10_000):\n"
        "    deliver(pathlib.Path(sys.argv[1]), {f: bytes([65 + n % 26]) * 300_000 for f in ('a', 'b')})"
    )
    for pause in (0.0, 0.01, 0.03, 0.05, 0.08):
        process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(pause)
        process.kill()
        process.communicate()

        for name in ("a", "b"):
            data = read(tmp_path, name)
            assert data is None or (len(data) == 300_000 and len(set(data)) == 1)
    deliver(tmp_path, {"a": b"1"})
    sweep(tmp_path, ["a"])
    assert names(tmp_path) == ["a", "b"]
