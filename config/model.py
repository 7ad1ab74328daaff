"""The shape of feedmill.toml: which keys there are, and what each may hold.

In:  the tables that `tomllib` read.
Out: the same, checked and typed, as pydantic models; problems are pydantic's, worded by `config.problems`.
Never: a path resolved, a default that depends on another key, the environment. Those are `config.completion`'s.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from feedmill.config import publication_words, rule_words, units
from feedmill.config.checks import (
    at_least,
    check_codings,
    check_contact,
    check_fingerprint,
    check_folder,
    check_formats,
    check_host,
    check_hub,
    check_network,
    check_opening,
    check_site_url,
    check_store,
    check_text,
    check_url,
    measured,
)
from feedmill.feeds.publication import FORMATS

Words = Annotated[str, AfterValidator(check_text)]
Url = Annotated[str, AfterValidator(check_url)]
Duration = Annotated[timedelta, BeforeValidator(measured(units.duration))]
Interval = Annotated[Duration, AfterValidator(at_least(timedelta(seconds=1)))]
Size = Annotated[int, BeforeValidator(measured(units.size)), Field(ge=1000)]
Tags = list[Words]
Selectors = list[Annotated[str, AfterValidator(measured(rule_words.selector))]]
Languages = list[Annotated[str, AfterValidator(measured(rule_words.language))]]


class Table(BaseModel):
    """Unknown keys are errors, and "8080" is not 8080."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class FetchTable(Table):
    """`[fetch]`."""

    contact: Annotated[str, AfterValidator(check_contact)] | None = None
    workers: Annotated[int, Field(ge=1, le=256)] | None = None
    timeout: Interval | None = None
    max_body: Size | None = None
    allow_private_networks: bool | None = None
    allow_networks: list[Annotated[str, AfterValidator(check_opening)]] | None = None
    allow_hosts: list[Annotated[str, AfterValidator(check_host)]] | None = None
    site_spacing: Duration | None = None
    icons: bool | None = None
    follow_deletions: bool | None = None


class ScheduleTable(Table):
    """`[schedule]`."""

    min_interval: Interval | None = None
    default_interval: Interval | None = None
    max_interval: Interval | None = None
    requests_per_day: Annotated[int, Field(ge=1)] | None = None


class ServeTable(Table):
    """`[serve]`."""

    host: Words | None = None
    port: Annotated[int, Field(ge=0, le=65535)] | None = None
    websub: bool | None = None
    hubs: list[Annotated[str, AfterValidator(check_hub)]] | None = None
    connections_per_client: Annotated[int, Field(ge=0)] | None = None
    requests_per_second: Annotated[int, Field(ge=0)] | None = None
    burst: Annotated[int, Field(ge=1)] | None = None
    trusted_proxies: list[Annotated[str, AfterValidator(check_network)]] | None = None


class NeverTable(Table):
    """`[source.never]`."""

    categories: Tags = []
    authors: Tags = []
    words: Tags = []
    title_words: Tags = []
    languages: Languages = []


class OnlyTable(NeverTable):
    """`[source.only]`."""

    max_age: Interval | None = None
    min_words: Annotated[int, Field(ge=1)] | None = None


class SourceTable(Table):
    """`[[source]]`."""

    url: Url
    title: Words | None = None
    tags: Tags = []
    tls_ca: Words | None = None
    tls_fingerprint: Annotated[str, AfterValidator(check_fingerprint)] | None = None
    skip_steps: list[Annotated[str, AfterValidator(measured(rule_words.step))]] = []
    drop: Selectors = []
    keep: Selectors = []
    title_from: Annotated[str, AfterValidator(measured(rule_words.title_from))] = "feed"
    title_cut: list[Annotated[str, Field(min_length=1)]] = []
    author: Words | None = None
    date: Annotated[str, AfterValidator(measured(rule_words.date))] = "published"
    language: Annotated[str, AfterValidator(measured(rule_words.language))] | None = None
    full_text: bool = False
    pipe: Annotated[list[str], AfterValidator(measured(rule_words.command))] | None = None
    pipe_timeout: Interval = timedelta(seconds=10)
    only: OnlyTable | None = None
    never: NeverTable | None = None


class ListTable(Table):
    """`[[list]]`."""

    opml: Words


class PublicationTable(Table):
    """`[[publication]]`."""

    path: Annotated[str, AfterValidator(check_folder)] = ""
    title: Words | None = None
    limit: Annotated[int, Field(ge=1, le=10_000)] = 60
    max_size: Annotated[Size, Field(ge=100_000)] | None = None
    complete: bool = False
    tags: Tags = []
    formats: Annotated[list[str], AfterValidator(check_formats)] = list(FORMATS)
    description: Words | None = None
    language: Annotated[str, AfterValidator(measured(publication_words.language))] | None = None
    rights: Words | None = None
    owner: Words | None = None
    owner_email: Annotated[str, AfterValidator(measured(publication_words.email))] | None = None
    icon: Url | None = None
    sources: Tags = []
    words: Tags = []
    authors: Tags = []
    languages: list[Annotated[str, AfterValidator(measured(publication_words.language))]] = []
    max_age: Interval | None = None
    where: Annotated[str, AfterValidator(measured(publication_words.where))] | None = None
    profile: Annotated[str, AfterValidator(measured(publication_words.profile))] = "full"
    timezone: Annotated[str, AfterValidator(measured(publication_words.timezone))] = "UTC"
    fair: bool = True
    per_source: Annotated[int, Field(ge=1)] | None = None
    per_source_window: Annotated[Duration, AfterValidator(at_least(timedelta(minutes=1)))] = timedelta(days=1)
    fold: Annotated[int, Field(ge=0)] = 3
    source_feeds: bool | None = None
    tag_feeds: bool | None = None
    archive: bool | None = None
    search: bool | None = None
    max_loss: Annotated[int, Field(ge=0, le=100)] = 50


class DenyTable(Table):
    """`[[deny]]`."""

    source: Url | None = None
    domain: Annotated[str, AfterValidator(measured(publication_words.domain))] | None = None
    entry: Words | None = None
    reason: Words | None = None


class Document(Table):
    """The whole file."""

    title: Words = "Planet"
    url: Annotated[str, AfterValidator(check_site_url)] | None = None
    store: Annotated[str, AfterValidator(check_store)] = "feedmill.db"
    output: Words = "public"
    theme: Words | None = None
    precompress: Annotated[list[str], AfterValidator(check_codings)] = []
    readers: dict[str, Annotated[str, AfterValidator(measured(publication_words.reader))]] = {}
    fetch: FetchTable = FetchTable()
    schedule: ScheduleTable = ScheduleTable()
    serve: ServeTable = ServeTable()
    source: list[SourceTable] = []
    lists: list[ListTable] = Field(default=[], alias="list")
    publication: list[PublicationTable] = []
    deny: list[DenyTable] = []
