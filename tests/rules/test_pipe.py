"""The user's own command: bounded in time and size, and never a reason to lose an entry."""

import os
import sys
import time
from datetime import timedelta

import pytest

from feedmill.ingest.pipe import PipeFailure, run_pipe


def run(code, text="{}", *, seconds=10.0, folder=""):
    return run_pipe([sys.executable, "-c", code], text, folder=folder, timeout=timedelta(seconds=seconds))


def test_it_reads_and_writes_utf8(tmp_path):
    """In the folder of the configuration."""
    code = "import os,sys; sys.stdout.buffer.write(os.getcwd().encode() + sys.stdin.buffer.read())"

    assert f"{os.path.realpath(tmp_path)}Ḥérons 船" == run(code, "Ḥérons 船", folder=str(tmp_path))


def test_much_goes_through_both_ways():
    """No pipe runs full."""
    text = "x" * 3_000_000

    assert text == run("import sys; sys.stderr.write('e' * 1000000); print(sys.stdin.read(), end='')", text)


def test_it_need_not_read_what_it_is_given():
    """A command that only answers."""
    assert "null\n" == run("print('null')", "x" * 1_000_000)


@pytest.mark.parametrize(
    ("code", "saying"),
    [
        ("import sys; sys.exit('no such rule')", "ended with exit code 1: no such rule"),
        ("import os; os.kill(os.getpid(), 9)", "ended with signal 9"),
        ("import sys; sys.stdout.buffer.write(b'\\xff')", "did not write UTF-8"),
    ],
)
def test_what_goes_wrong_is_a_sentence(code, saying):
    """Never an exception."""
    failure = run(code)

    assert isinstance(failure, PipeFailure)
    assert failure.sentence.endswith(saying)


def test_a_command_that_is_not_there(tmp_path):
    """By name, or by a path in the folder."""
    for name in ("no-such-command-here", "./no-such-file"):
        failure = run_pipe([name], "{}", folder=str(tmp_path), timeout=timedelta(seconds=1))

        assert PipeFailure(f"{name} cannot be run (No such file or directory)") == failure


def test_a_path_is_looked_for_in_the_folder(tmp_path):
    """Not where feedmill happened to be started."""
    script = tmp_path / "tidy.sh"
    script.write_text("#!/bin/sh\necho tidied\n")
    script.chmod(0o755)

    assert "tidied\n" == run_pipe(["./tidy.sh"], "", folder=str(tmp_path), timeout=timedelta(seconds=10))


def test_one_that_hangs_is_ended_with_its_children():
    """After its time, whatever it started."""
    started = time.monotonic()
    code = "import subprocess,sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).wait()"
    failure = run(code, seconds=1.5)

    assert failure.sentence.endswith("took longer than 1.5 s")
    assert time.monotonic() - started < 20


def test_a_child_left_behind_does_not_hold_us_up():
    """It holds our pipe open; what was written counts."""
    started = time.monotonic()
    code = "import subprocess,sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); print('x')"

    assert "x\n" == run(code)
    assert time.monotonic() - started < 20


def test_an_endless_answer_is_cut_off():
    """Beyond 20 MB nobody reads on."""
    failure = run("import sys\nwhile True: sys.stdout.write('x' * 65536)", seconds=60)

    assert failure.sentence.endswith("wrote more than 20 MB")
