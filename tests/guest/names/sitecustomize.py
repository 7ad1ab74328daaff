"""A name server for the command line under test: every name below .example is this machine.

Public names make public sites (`blog.example` is a registrable domain), and site manners can be seen on loopback.
"""

from __future__ import annotations

import socket
from typing import Any

_ask = socket.getaddrinfo


def _answer(host: Any, *args: Any, **options: Any) -> Any:
    name = host.decode("ascii") if isinstance(host, bytes) else host
    return _ask("127.0.0.1" if isinstance(name, str) and name.endswith(".example") else host, *args, **options)


socket.getaddrinfo = _answer
