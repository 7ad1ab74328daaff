"""`init add remove import export check`: the commands that are about feedmill.toml and what it lists.

In:  a Session and arguments. Out: an exit code.
Never: touches the store, but to read titles for `export` and where sources moved to, and to keep what `add` fetched
(one request, check 1).
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from feedmill.output import counted
from feedmill.session import Session, pass_session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from feedmill.config.settings import Settings
    from feedmill.feeds.outcome import Fetched
    from feedmill.feeds.source import Source


@click.command(short_help="Write a commented feedmill.toml.")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@pass_session
def init(session: Session, folder: Path | None) -> int:
    """Write a commented feedmill.toml. One that is there is never overwritten."""
    from feedmill.config.edit import write_example

    path = folder / "feedmill.toml" if folder is not None else session.path
    write_example(path)
    option = "" if path == Path("feedmill.toml") else f"--config {path} "
    session.output.say(f"wrote {path}; next: feedmill {option}add https://blog.example/")
    return 0


@click.command(short_help="Find the feed behind a URL and subscribe to it.")
@click.argument("urls", metavar="URL...", nargs=-1, required=True)
@click.option("--title", metavar="TITLE", help="Instead of the feed's own title.")
@click.option("--tag", "tags", metavar="TAG", multiple=True, help="May be given several times.")
@pass_session
def add(session: Session, urls: Sequence[str], title: str | None, tags: Sequence[str]) -> int:
    """Find the feed behind each URL, fetch it once, and append a [[source]]."""
    from feedmill.config.edit import add_sources
    from feedmill.feeds.deny import DenyList
    from feedmill.feeds.errors import FeedmillError, UsageError
    from feedmill.feeds.source import Source
    from feedmill.subscribe import Refusal, complete, find_feed, known_sources, visiting

    if title and len(urls) > 1:
        raise UsageError("--title: it can name one source only, and several URLs were given")
    settings = session.settings()
    known, denied = known_sources(settings), DenyList(settings.deny)
    found: list[Source] = []
    documents: dict[str, Fetched] = {}
    refused = 0
    with visiting(settings.fetch, settings.store) as visitor:
        for url in urls:
            if twin := known.twin(url):
                session.output.say(f"{url}: already there as {twin}")
                continue
            feed = Refusal(reason) if (reason := denied.source(complete(url))) else find_feed(visitor, url)
            if not isinstance(feed, Refusal) and (reason := denied.source(feed.url)):
                feed = Refusal(f"its feed is {feed.url}, and {reason}")
            if isinstance(feed, Refusal):
                session.output.warn(f"{url}: {feed.sentence}")
                refused += 1
                continue
            if twin := known.twin(feed.url):
                session.output.say(f"{url}: its feed {feed.url} is already there as {twin}")
                continue
            found.append(Source(url=feed.url, title=title, tags=tuple(tags)))
            known.learn(feed.url)
            if feed.answer is not None:
                documents[feed.url] = feed.answer
            session.output.say(
                f"added {feed.url}: {feed.title or 'no title'}, {counted(feed.entries, 'entry', 'entries')}"
            )
            for other in feed.others:
                session.output.say(f"  the page also offers {other}")
    add_sources(session.path, found)
    if documents:
        with suppress(FeedmillError), session.mill() as mill:  # a store that is out of reach: `sync` fetches them anew
            mill.take_in(documents)
    return 1 if refused else 0


@click.command(short_help="Take a source out of the configuration.")
@click.argument("url")
@pass_session
def remove(session: Session, url: str) -> int:
    """Take a source out of the configuration. Its entries stay in the store until they are pruned."""
    from feedmill.config.edit import remove_source
    from feedmill.subscribe import known_sources

    settings = session.settings()
    remove_source(session.path, known_sources(settings).named(url, settings.path))
    session.output.say(f"removed {url}; its entries leave the publications with the next sync")
    return 0


@click.command("import", short_help="Append the sources of an OPML document or another planet.")
@click.argument("place", metavar="FILE|URL")
@pass_session
def import_opml(session: Session, place: str) -> int:
    """Append the sources of an OPML document, or of another planet's configuration; known ones are skipped."""
    from feedmill.config.edit import add_sources
    from feedmill.feeds.deny import DenyList
    from feedmill.feeds.errors import FeedmillError
    from feedmill.publish.planets import read_subscriptions
    from feedmill.subscribe import known_sources, safe_source

    settings = session.settings()
    try:
        subscriptions = read_subscriptions(_document(settings, place), url=place if _is_url(place) else None)
    except ValueError as error:
        raise FeedmillError(f"{place}: {error}") from None
    known, denied = known_sources(settings), DenyList(settings.deny)
    fresh: list[Source] = []
    problems = list(subscriptions.problems)
    twins = 0
    for source in subscriptions.sources:
        if known.twin(source.url):
            twins += 1
            continue
        checked = denied.source(source.url) or safe_source(source)
        if isinstance(checked, str):
            problems.append(f"{source.url}: {checked}")
            continue
        fresh.append(checked)
        known.learn(source.url)
    add_sources(session.path, fresh)
    for problem in (*subscriptions.notes, *problems):
        session.output.warn(f"{place}: {problem}")
    left_out = f", {len(problems)} left out" if problems else ""
    session.output.say(f"{counted(len(fresh), 'source')} imported, {twins} already there{left_out}")
    return 1 if problems else 0


@click.command("export", short_help="Write the sources as OPML.")
@click.argument("file", metavar="[FILE]", required=False, default="-", type=click.Path(allow_dash=True, path_type=Path))
@pass_session
def export_opml(session: Session, file: Path) -> int:
    """Write the sources as OPML, to FILE or to standard output."""
    from feedmill.feeds.errors import DeliveryError
    from feedmill.publish.links import has_secret, without_secret
    from feedmill.publish.opml import write_opml
    from feedmill.subscribe import records_of

    settings = session.settings()
    records = records_of(settings)
    for record in records:
        if has_secret(record.source.url):
            session.output.warn(
                f"{without_secret(record.source.url)}: left out, its address holds a password or a token"
            )
    opml = write_opml(settings.title, records, private_hosts=True, gone=True)
    if str(file) == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(opml)
        sys.stdout.buffer.flush()
        return 0
    try:
        file.write_bytes(opml)
    except OSError as error:
        raise DeliveryError(f"{file}: it cannot be written ({error.strerror})") from None
    session.output.say(f"wrote {file}")
    return 0


@click.command(short_help="Validate the configuration and the outputs.")
@pass_session
def check(session: Session) -> int:
    """Validate the configuration, and the outputs against the store."""
    from feedmill.config.rule_words import doubts
    from feedmill.feeds.source import NO_RULES

    settings = session.settings()
    for notice in settings.notices:
        session.output.warn(notice)
    if any(source.rules is not NO_RULES for source in settings.sources):
        for doubt in doubts(settings.sources):
            session.output.warn(f"{settings.path}: {doubt}")
    missing = [row.opml for row in settings.lists if not row.is_remote and not Path(row.opml).is_file()]
    for opml in missing:
        session.output.warn(f"{settings.path}: list: {opml} is not there")
    session.output.say(
        f"{settings.path}: {counted(len(settings.sources), 'source')}, {counted(len(settings.lists), 'list')}, "
        f"{counted(len(settings.publications), 'publication')}: the configuration is good"
    )
    if "://" not in settings.store and not Path(settings.store).exists():
        session.output.say("nothing was synced yet: no outputs to check")
        return 1 if missing else 0
    with session.mill(settings) as mill:
        report = mill.publish(check=True)
    for problem in report.problems:
        session.output.warn(problem)
    for publication in report.publications:
        folder = settings.output / publication.path
        session.output.say(f"{folder}: {counted(publication.entries, 'entry', 'entries')}")
    return 1 if missing or report.problems else 0


def _is_url(place: str) -> bool:
    return place.lower().startswith(("http://", "https://"))


def _document(settings: Settings, place: str) -> bytes:
    """The bytes of a file, of standard input, or behind a URL."""
    from feedmill.feeds.errors import UsageError

    if place == "-":
        return sys.stdin.buffer.read()
    if not _is_url(place):
        try:
            return Path(place).read_bytes()
        except OSError as error:
            raise UsageError(f"{place}: it cannot be read ({error.strerror})") from None
    from feedmill.subscribe import fetch_document

    return fetch_document(place, settings.fetch, settings.store).body
