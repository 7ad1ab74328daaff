"""Tells the hubs of others which of our feeds changed, for commands that end.

In:  the settings, the memory of what hubs were told.
Out: what stays for later, as sentences. While something is served, `serving` does the telling.
Never: speaks of a change that readers cannot see yet; waits longer than `ANNOUNCING`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from feedmill.config.settings import Settings
    from feedmill.feeds.store_hub import HubMemory

ANNOUNCING = timedelta(seconds=15)  # for the new feeds to be served: `serve` takes at most 10 s to see them


def announce(
    settings: Settings, memory: HubMemory, *, clock: Callable[[], datetime], stop: threading.Event | None = None
) -> list[str]:
    """Ping each hub that is owed one, as soon as the new feeds are served."""
    from feedmill.ingest.message import Messenger
    from feedmill.publish.websub import Pinger, looks_visible

    troubles: dict[str, str] = {}

    def note(_level: str, event: str, **about: object) -> None:
        if "detail" in about:
            troubles[str(about["hub"])] = f"{about['hub']}: {event}: {about['detail']}"

    with Messenger(settings.fetch) as messenger:
        pinger = Pinger(
            memory,
            hubs=settings.serve.hubs,
            send=messenger.send,
            visible=looks_visible(messenger.send),
            clock=clock,
            note=note,
        )
        is_all = pinger.drain(stop or threading.Event(), limit=ANNOUNCING)
    if not is_all and not troubles:
        return [f"{settings.url} does not serve the new feeds yet; the next sync or publish tells the hubs"]
    return list(troubles.values())
