"""How feedmill writes its journal.

In:  events of our shells (structlog) and of the libraries (stdlib logging).
Out: one line each on stderr: logfmt when a person looks on, JSON for a service manager.
Never: a line that a feed could forge or a terminal would obey (control characters are escaped, network.md T73), or a
       secret (userinfo of URLs, tokens in queries, values of secret-looking keys, T74).
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, TextIO

import structlog

MASK = "***"
HIDDEN_WORD = (
    r"(?:passw(?:or)?d|passphrase|secret|token|api_?key|access_?key|auth|authorization|signature|sig|sid|session)"
)
SECRET_KEY = re.compile(rf"(?:^|[_.-]){HIDDEN_WORD}s?$|^key$", re.IGNORECASE)
USERINFO = re.compile(r"(?<=://)[^/?#\s@\"'<>]+(?:@[^/?#\s@\"'<>]+)*@(?=[^\s@/])")
SECRET_QUERY = re.compile(rf"([?&;](?:[\w.-]*[_.-])?(?:{HIDDEN_WORD}|key)=)[^&;#\s\"'<>]+", re.IGNORECASE)
BEARER = re.compile(r"\b(Basic|Bearer)\s+[\w.~+/=-]{8,}", re.IGNORECASE)

# C0 and C1 controls, DEL, line and paragraph separators, what reorders text on a screen, and lone surrogates.
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")

QUIET_LIBRARIES = ("apscheduler", "uvicorn", "urllib3", "asyncio", "alembic", "sqlalchemy")


def mask_secrets(text: str) -> str:
    """`text` with passwords and tokens in URLs and headers replaced by ***."""
    text = USERINFO.sub(f"{MASK}@", text)
    text = SECRET_QUERY.sub(rf"\g<1>{MASK}", text)
    return BEARER.sub(rf"\g<1> {MASK}", text)


def escape_controls(text: str) -> str:
    """`text` on one line: each control character as \\xNN or \\uNNNN."""
    return UNSAFE.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found.group())
    return {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r"}.get(code) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def safe(value: Any) -> Any:
    """`value` fit for the journal, at any depth: text masked and escaped, numbers as they are, all else as text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {
            escape_controls(str(key)): MASK if SECRET_KEY.search(str(key)) else safe(one) for key, one in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [safe(one) for one in value]
    return escape_controls(mask_secrets(str(value)))


def make_safe(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """The structlog step that does `safe`; the last before rendering, so that tracebacks pass through it as well."""
    cleaned: structlog.typing.EventDict = safe(event)
    return cleaned


def set_up(*, stream: TextIO | None = None, as_json: bool | None = None, level: int = logging.INFO) -> None:
    """Send everything to `stream` (stderr). `as_json` None: JSON unless a person looks on at a terminal."""
    if as_json is None:
        as_json = not (stream or sys.stderr).isatty()
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.format_exc_info,
    ]
    handler = _Handler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                make_safe,
                _render_json if as_json else _render_logfmt,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET_LIBRARIES:  # APScheduler warns each time a tick outlasts its interval: that is by design
        logging.getLogger(name).setLevel(logging.ERROR)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )


class _Handler(logging.StreamHandler[TextIO]):
    """Writes to the stream given, else to what `sys.stderr` is at that moment: a program may replace it."""

    def __init__(self, stream: TextIO | None) -> None:
        super().__init__(stream)
        self._given = stream

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        self.stream = self._given or sys.stderr
        super().emit(record)


def _render_json(_logger: Any, _method: str, event: structlog.typing.EventDict) -> str:
    return json.dumps(_ordered(event), ensure_ascii=False)


def _render_logfmt(_logger: Any, _method: str, event: structlog.typing.EventDict) -> str:
    return " ".join(f"{key}={_logfmt_value(value)}" for key, value in _ordered(event).items())


def _ordered(event: structlog.typing.EventDict) -> dict[str, Any]:
    first = {key: event[key] for key in ("time", "level", "event") if key in event}
    return first | {re.sub(r"[\s=\"]", "_", key): value for key, value in event.items() if key not in first}


def _logfmt_value(value: Any) -> str:
    if isinstance(value, list | dict):
        value = json.dumps(value, ensure_ascii=False)
    text = {True: "true", False: "false", None: ""}.get(value, str(value)) if not isinstance(value, str) else value
    if text and not re.search(r"[\s=\"]", text):
        return text
    return '"' + text.replace('"', '\\"') + '"'
