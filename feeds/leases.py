"""Who holds a lease: a token that names its process, so that the leases of a dead one need not run out.

In:  nothing but this machine and this process.
Out: `new_token`, and whether the process that made a token is dead for certain.
Never: guesses about other machines: their leases run out by the clock.

Without this a `sync` that was killed would leave its sources locked for the length of a lease, and the `sync` after it
would fetch nothing.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from socket import gethostname
from uuid import uuid4


def new_token() -> str:
    """machine/process id/boot and start of the process/random."""
    return f"{_machine()}/{os.getpid()}/{_start_of(os.getpid())}/{uuid4().hex}"


def is_dead(token: str) -> bool:
    """True when the token was made on this machine by a process that has ended."""
    machine, pid, start, *_ = [*token.split("/"), "", "", ""]
    if machine != _machine() or not pid.isdigit():
        return False
    if start.partition(":")[0] != _boot():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return start != _start_of(int(pid))  # the number was given to another process since


@cache
def _machine() -> str:
    """The host's name, and the installation's id where there is one: many hosts are called "localhost"."""
    return f"{gethostname()}:{_read('/etc/machine-id')[:12]}".replace("/", "-")


@cache
def _boot() -> str:
    return _read("/proc/sys/kernel/random/boot_id")[:13]


def _start_of(pid: int) -> str:
    """The boot, and when the process began in the kernel's ticks; the boot alone where /proc does not tell."""
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    if len(fields) < 20:
        return f"{_boot()}:"
    # A process that was killed and not yet waited for has ended, for our purpose.
    return f"{_boot()}:{'ended' if fields[0] == 'Z' else fields[19]}"


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
