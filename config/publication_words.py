"""What the keys of `[[publication]]` and `[[deny]]` may say.

In:  the value of a key, as text.
Out: the same, tidied; `ValueError` with the rest of a sentence that says what was expected.
Never: reads a file, knows a table.
"""

from __future__ import annotations

import re

from feedmill.config.units import shown
from feedmill.feeds.publication import PROFILES

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}")
# Compiled when it is asked for: that takes 7 ms, and few planets have a deny-list.
_DOMAIN = r"[a-z0-9\u00a1-\uffff]([a-z0-9.\-\u00a1-\uffff]*[a-z0-9\u00a1-\uffff])?"


def where(value: str) -> str:
    """An expression that compiles; the problem names the column."""
    from feedmill.publish.where import compile_where

    compile_where(value)
    return value


def profile(value: str) -> str:
    """How much of an entry is told."""
    if value not in PROFILES:
        raise ValueError(f"{shown(value)} is not a profile, expected one of {', '.join(PROFILES)}")
    return value


def timezone(value: str) -> str:
    """A place whose days are meant, such as Europe/Berlin."""
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(value).key
    except (ValueError, OSError, KeyError):
        raise ValueError(f'{shown(value)} is not a timezone, expected such as "UTC" or "Europe/Berlin"') from None


def language(value: str) -> str:
    """A language tag."""
    text = value.strip().replace("_", "-")
    if not _LANGUAGE.fullmatch(text):
        raise ValueError(f'{shown(value)} is not a language, expected a tag such as "en" or "pt-BR"')
    return text


def email(value: str) -> str:
    """One address, without a name."""
    from feedmill.publish.show import is_email

    text = value.strip()
    if not is_email(text):
        raise ValueError(f'{shown(value)} is not an e-mail address, expected such as "planet@example.org"')
    return text


def domain(value: str) -> str:
    """A host name without scheme or path; everything below it is meant as well."""
    text = value.strip().lower().removeprefix("*.").strip(".")
    if not re.fullmatch(_DOMAIN, text):
        raise ValueError(f'{shown(value)} is not a domain, expected such as "blog.example"')
    return text


def reader(value: str) -> str:
    """The address of a hosted reader, with `{url}` where the feed's address goes."""
    text = value.strip()
    if not text.startswith(("https://", "http://")) or "{url}" not in text or re.search(r"[\s\"<>]", text):
        raise ValueError(f'{shown(value)} is not a pattern, expected such as "https://reader.example/add?feed={{url}}"')
    return text
