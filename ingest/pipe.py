"""The user's own command, as a step: one entry in on its standard input, the entry it makes of it out.

In:  a command with arguments, a text, a folder to run in, a time limit.
Out: what the command wrote, or a `PipeFailure` with a sentence.
Never: a shell; a wait beyond the limit; more than 20 MB of answer; a process left behind.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import IO

MAX_ANSWER_BYTES = 20_000_000
_COMPLAINT = 200  # characters of standard error that are quoted
_COMPLAINT_BYTES = 65_536  # that are kept; the rest is read and forgotten
_LINGER_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class PipeFailure:
    """Why the entry stays as it was."""

    sentence: str


def run_pipe(command: Sequence[str], text: str, *, folder: str, timeout: timedelta) -> str | PipeFailure:
    """Run the command once. It reads UTF-8 and writes UTF-8; it need not read all it is given."""
    program = command[0]
    if "/" in program and not os.path.isabs(program):  # noqa: PTH117  (a str, as it goes to exec)
        program = os.path.join(folder, program)  # noqa: PTH118
    try:
        process = subprocess.Popen(  # noqa: S603  the user's own configuration names it
            [program, *command[1:]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder or None,
            start_new_session=True,
        )
    except OSError as error:
        return PipeFailure(f"{command[0]} cannot be run ({error.strerror})")
    answer, complaint, late = _converse(process, text.encode("utf-8", "replace"), timeout.total_seconds())
    if late:
        return PipeFailure(f"{command[0]} took longer than {timeout.total_seconds():g} s")
    if len(answer) > MAX_ANSWER_BYTES:
        return PipeFailure(f"{command[0]} wrote more than {MAX_ANSWER_BYTES // 1_000_000} MB")
    if process.returncode:
        said = " ".join(complaint.decode("utf-8", "replace").split())[-_COMPLAINT:]
        return PipeFailure(f"{command[0]} ended with {_code(process.returncode)}" + (f": {said}" if said else ""))
    try:
        return answer.decode("utf-8")
    except UnicodeDecodeError:
        return PipeFailure(f"{command[0]} did not write UTF-8")


def _converse(process: subprocess.Popen[bytes], data: bytes, seconds: float) -> tuple[bytes, bytes, bool]:
    """Write and read at once; after the limit, or beyond the size, the command and all its children are ended."""
    answer, complaint = bytearray(), bytearray()

    def write() -> None:
        with suppress(OSError), process.stdin as pipe:  # type: ignore[union-attr]
            pipe.write(data)

    def read(pipe: IO[bytes], into: bytearray, most: int, *, fatal: bool) -> None:
        with suppress(OSError, ValueError):
            while piece := os.read(pipe.fileno(), 65536):
                into += piece[: most + 1 - len(into)]
                if fatal and len(into) > most:
                    _end(process)

    assert process.stdout is not None  # noqa: S101  (asked for above)
    assert process.stderr is not None  # noqa: S101
    said = {"into": complaint, "most": _COMPLAINT_BYTES, "fatal": False}
    made = {"into": answer, "most": MAX_ANSWER_BYTES, "fatal": True}
    threads = [
        threading.Thread(target=write, daemon=True),
        threading.Thread(target=read, args=(process.stderr,), kwargs=said, daemon=True),
        threading.Thread(target=read, args=(process.stdout,), kwargs=made, daemon=True),
    ]
    for thread in threads:
        thread.start()
    late = False
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        late = True
        _end(process)
        process.wait()
    except BaseException:  # Ctrl-C: nothing is left running
        _end(process)
        raise
    for thread in threads:
        thread.join(_LINGER_SECONDS)
    if any(thread.is_alive() for thread in threads):  # a child that it left running holds our pipes open
        _end(process)
        for thread in threads:
            thread.join()
    process.stdout.close()
    process.stderr.close()
    return bytes(answer), bytes(complaint), late


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)


def _code(code: int) -> str:
    return f"exit code {code}" if code > 0 else f"signal {-code}"
