"""The rule files, read once: one TOML per platform, plus phrases, hosts, links and embeds.

In:  `rules/*.toml` beside this module.
Out: compiled tables (sets, dictionaries, regular expressions) and a digest of the files.
Never: judges anything; a rule is data, the steps that use it are code.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from typing import Any

PLATFORM_FILES = ("blogger", "wordpress", "newsletters", "services", "sites", "social")
_DATA_FILES = ("phrases", "hosts", "links", "embeds")


@cache
def _text(name: str) -> str:
    return (files("feedmill.ingest.clean") / "rules" / f"{name}.toml").read_text(encoding="utf-8")


@cache
def read(name: str) -> dict[str, Any]:
    """One rule file as it is written."""
    return tomllib.loads(_text(name))


@cache
def rules_digest() -> str:
    """A hash over all rule files: part of a recipe's fingerprint."""
    digest = blake2b(digest_size=8)
    for name in (*PLATFORM_FILES, *_DATA_FILES):
        digest.update(_text(name).encode())
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class TokenRule:
    """What an exact class, id or attribute value says about its node."""

    platform: str
    why: str
    action: str  # "drop", "card"
    small: bool = False  # only while the node holds little of the entry's text
    tag: str | None = None


_REMEMBERED = 20_000  # values; then no more are taken


@dataclass(frozen=True, slots=True)
class TokenTable:
    """Exact tokens and token beginnings of one attribute."""

    exact: dict[str, TokenRule]
    beginnings: tuple[str, ...]
    by_beginning: dict[str, TokenRule]
    seen: dict[str, tuple[tuple[str, TokenRule], ...]]

    def find(self, token: str) -> TokenRule | None:
        """The rule for a token, or None."""
        rule = self.exact.get(token)
        if rule is None and token.startswith(self.beginnings):
            return next(self.by_beginning[start] for start in self.beginnings if token.startswith(start))
        return rule

    def find_all(self, value: str) -> tuple[tuple[str, TokenRule], ...]:
        """Tokens of a `class` value that have a rule. A feed's entries share a few dozen values: remembered."""
        known = self.seen.get(value)
        if known is None:
            known = tuple((token, rule) for token in value.split() if (rule := self.find(token)) is not None)
            if len(self.seen) < _REMEMBERED:
                self.seen[value] = known
        return known


def _table(rows: Iterable[tuple[str, TokenRule]]) -> TokenTable:
    exact: dict[str, TokenRule] = {}
    beginnings: dict[str, TokenRule] = {}
    for token, rule in rows:
        if token.endswith("*"):
            beginnings[token[:-1]] = rule
        else:
            exact[token] = rule
    # A beginning is also an exact token: "sd-like*" means "sd-like" as well.
    return TokenTable(exact, tuple(beginnings), beginnings, {})


def _token_rows(kind: str) -> list[tuple[str, TokenRule]]:
    rows = []
    for name in PLATFORM_FILES:
        data = read(name)
        for action in ("drop", "card"):
            for entry in data.get(action, ()):
                rule = TokenRule(data["platform"], entry["why"], action, entry.get("small", False), entry.get("tag"))
                rows += [(token, rule) for token in entry.get(kind, ())]
    return rows


@cache
def class_rules() -> TokenTable:
    """By class token."""
    return _table(_token_rows("class"))


@cache
def id_rules() -> TokenTable:
    """By id."""
    return _table(_token_rows("id"))


@cache
def attribute_rules() -> dict[str, TokenTable]:
    """By attribute name, then value: `data-hook`, `data-component-name`, `data-portal`."""
    by_name: dict[str, list[tuple[str, TokenRule]]] = {}
    for pair, rule in _token_rows("attribute"):
        name, _, value = pair.partition("=")
        by_name.setdefault(name, []).append((value, rule))
    return {name: _table(rows) for name, rows in by_name.items()}


@dataclass(frozen=True, slots=True)
class HostTable:
    """`host/path-prefix` rows: an address is found by its host (".host" also takes subdomains), then its path."""

    hosts: dict[str, tuple[str, ...]]
    domains: dict[str, tuple[str, ...]]
    beginnings: tuple[str, ...]  # "ads.": any host that begins so

    def match(self, url: str) -> bool:
        """Whether an address, with or without its scheme, is in the table."""
        start = url.find("//", 0, 8)
        if start < 0:
            return False
        rest = url[start + 2 :]
        host, slash, path = rest.partition("/")
        if not slash:
            host, mark, query = rest.partition("?")
            path = mark + query
        host = host.lower()
        prefixes = self.hosts.get(host)
        if prefixes is not None and path.lower().startswith(prefixes):
            return True
        if self.beginnings and host.startswith(self.beginnings):
            return True
        while self.domains and host:
            prefixes = self.domains.get(host)
            if prefixes is not None and path.lower().startswith(prefixes):
                return True
            host = host.partition(".")[2]
        return False


def _host_table(rows: Iterable[str]) -> HostTable:
    hosts: dict[str, list[str]] = {}
    domains: dict[str, list[str]] = {}
    beginnings = []
    for row in rows:
        host, _, path = row.partition("/")
        if host.endswith("."):
            beginnings.append(host)
        elif host.startswith("."):
            domains.setdefault(host[1:], []).append(path.lower())
        else:
            hosts.setdefault(host, []).append(path.lower())
    return HostTable(
        {host: tuple(paths) for host, paths in hosts.items()},
        {host: tuple(paths) for host, paths in domains.items()},
        tuple(beginnings),
    )


@cache
def host_table(kind: str) -> HostTable:
    """`pixels`, `frames` or `emoji` of hosts.toml."""
    return _host_table(read("hosts")[kind])


@cache
def share_table() -> HostTable:
    """Addresses that only share."""
    return _host_table(read("links")["share"])


@cache
def machinery_pattern() -> re.Pattern[str]:
    """Addresses of the machinery around an entry: comment forms, subscribe pages, preferences."""
    return re.compile("|".join(f"(?:{part})" for part in read("links")["machinery"]), re.IGNORECASE)


@cache
def leave_pattern() -> re.Pattern[str]:
    """Addresses where a letter's reader leaves its list or changes what comes."""
    return re.compile("|".join(f"(?:{part})" for part in read("links")["leave"]), re.IGNORECASE)


@cache
def label_pattern() -> re.Pattern[str]:
    """Addresses of lists of entries under a label."""
    return re.compile("|".join(f"(?:{part})" for part in read("links")["labels"]), re.IGNORECASE)


@cache
def redirectors() -> tuple[re.Pattern[str], dict[str, tuple[str, ...]]]:
    """What finds a redirector's address, and the query parameters that hold its target ("" = the whole query)."""
    table: dict[str, list[str]] = {}
    for place, names in read("links")["redirectors"]:
        table.setdefault(place, []).extend(names)
    known = sorted(table, key=len, reverse=True)
    pattern = re.compile(r"https?://(" + "|".join(map(re.escape, known)) + r")\??", re.IGNORECASE)
    return pattern, {place: tuple(names) for place, names in table.items()}


@cache
def providers() -> tuple[tuple[str, re.Pattern[str], str], ...]:
    """Name, pattern and template for what a frame shows."""
    return tuple((name, re.compile(pattern), template) for name, pattern, template in read("embeds")["provider"])
