"""What feedmill.toml says, typed and complete.

In:  made by `config.completion`.
Out: `Settings`: the options of every room, defaults filled in, paths absolute, publications with their public URLs.
Never: reads a file, the environment or a clock. Standard library only: importing it costs nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from feedmill import __version__
from feedmill.feeds.deny import Deny
from feedmill.feeds.publication import Publication
from feedmill.feeds.source import Source
from feedmill.ingest.options import FetchOptions, ScheduleOptions
from feedmill.publish.options import PublishOptions, ServeOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionList:
    """A `[[list]]`: an OPML document that is read anew at each sync; an absolute path or an http(s) URL."""

    opml: str

    @property
    def is_remote(self) -> bool:
        """True when the list is fetched, False when it is a file."""
        return self.opml.startswith(("http://", "https://"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One planet. `store` is an absolute path or a postgresql:// URL; `url` ends with a slash.

    `notices` are doubts that do not stop us (a source that looks like another one), each a line with its place.
    """

    path: Path
    title: str
    url: str
    store: str = field(repr=False)  # may hold a password
    output: Path
    fetch: FetchOptions = field(default_factory=FetchOptions)
    schedule: ScheduleOptions = field(default_factory=ScheduleOptions)
    serve: ServeOptions = field(default_factory=ServeOptions)
    sources: tuple[Source, ...] = ()
    lists: tuple[SubscriptionList, ...] = ()
    publications: tuple[Publication, ...] = ()
    deny: tuple[Deny, ...] = ()
    readers: tuple[tuple[str, str], ...] = ()
    precompress: tuple[str, ...] = ()
    theme: Path | None = None
    notices: tuple[str, ...] = ()
    addresses: Mapping[str, str] = field(default_factory=dict, repr=False)

    def address(self, url: str) -> str:
        """Where to ask for the source or list `url`: the same, with `${NAME}` filled in from the environment.

        The filled-in form is for the socket only: it is never stored, shown or logged, so that a changed password does
        not make a new source.
        """
        return self.addresses.get(url, url)

    @property
    def own_hub(self) -> str | None:
        """The public address of the hub in `run` and `serve`, when there is one."""
        return f"{self.url}hub" if self.serve.websub else None

    @property
    def hubs(self) -> tuple[str, ...]:
        """All WebSub hubs that the feeds name: our own one first."""
        own = (self.own_hub,) if self.own_hub else ()
        return tuple(dict.fromkeys((*own, *self.serve.hubs)))

    @property
    def publish(self) -> PublishOptions:
        """What the publishing room needs to know."""
        return PublishOptions(
            output=self.output,
            title=self.title,
            url=self.url,
            publications=self.publications,
            generator_version=__version__,
            deny=self.deny,
            readers=self.readers,
            precompress=self.precompress,
            theme=self.theme,
            hubs=self.hubs,
        )


def resolve(path: Path, written: str) -> Path:
    """A path as it is written in the file at `path`: relative to that file, `~` expanded."""
    return Path(os.path.normpath(path.absolute().parent / Path(written).expanduser()))
