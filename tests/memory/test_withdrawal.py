"""What a blog deletes leaves every output, with a tombstone; what only looks deleted stays; what returns is no news."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from feedmill.build import Mill
from feedmill.config.load import load


class Watched:
    """A planet of one blog in this process, with a clock that the test turns."""

    def __init__(self, planet, blogs, write) -> None:
        self.planet, self.blogs, self.write = planet, blogs, write
        self.now = write.now
        self.site = blogs.url("").rstrip("/")
        planet.configure(blogs.url("ada.xml"))
        self.posts = write.posts(8, site=self.site)
        for post in self.posts:
            blogs.documents[post.link.removeprefix(self.site + "/")] = (b"<p>here</p>", "text/html")

    def sync(self, posts=None, *, hours: int = 0, body: bytes | None = None) -> list[str]:
        """One tick, so many hours later; the ids in feed.json."""
        self.now += timedelta(hours=hours)
        document = body or self.write.feed(self.posts if posts is None else posts, site=self.site)
        self.blogs.documents["ada.xml"] = (document, "application/rss+xml")
        with Mill(load(self.planet.folder / "feedmill.toml"), clock=lambda: self.now) as mill:
            mill.sync(force=True)
        return [item["id"] for item in json.loads((self.planet.output / "feed.json").read_bytes())["items"]]

    def delete_page(self, at: int) -> None:
        del self.blogs.documents[self.posts[at].link.removeprefix(self.site + "/")]

    def without(self, at: int):
        return [post for place, post in enumerate(self.posts) if place != at]

    def asked(self, at: int) -> int:
        path = self.posts[at].link.removeprefix(f"{self.site}/")
        return sum(each[0] == path for each in self.blogs.log)

    def told(self) -> str:
        return "".join(
            path.read_text(errors="replace")
            for path in self.planet.output.rglob("*")
            if path.suffix in (".xml", ".json", ".html")
        )


@pytest.fixture
def watched(planet, blogs, write) -> Watched:
    return Watched(planet, blogs, write)


def test_a_deleted_post_leaves_every_output_once_its_page_is_gone_and_returns_as_the_same_entry(watched):
    """Found missing, asked once after hours, retracted with a tombstone; listed again: its old id in its old place."""
    ids = watched.sync()
    post = watched.posts[2]
    watched.delete_page(2)
    noticed = watched.sync(watched.without(2), hours=1)
    early = watched.sync(watched.without(2), hours=2)
    gone = watched.sync(watched.without(2), hours=5)
    atom = (watched.planet.output / "atom.xml").read_text()
    told = watched.told()
    asked = watched.asked(2)
    why = watched.planet.run("why", post.guid).stdout
    watched.sync(watched.without(2), hours=24)
    returned = watched.sync(hours=1)

    assert noticed == early == ids
    assert gone == [each for each in ids if each != ids[2]]
    assert re.search(r'deleted-entry[^>]* ref="' + re.escape(ids[2]), atom)
    assert watched.write.prose(post.number, 6) not in told
    assert "deleted at its source" in why
    assert "404" in why
    assert (asked, watched.asked(2)) == (1, 1)
    assert returned == ids
    assert "deleted-entry" not in (watched.planet.output / "atom.xml").read_text()


def test_a_post_that_is_only_listed_no_more_stays_and_why_says_so(watched):
    """Its page still answers, be it with 200 for everything."""
    ids = watched.sync()
    for hours in (1, 7, 24):
        stays = watched.sync(watched.without(2), hours=hours)

    assert stays == ids
    assert watched.asked(2) == 1
    assert "no longer listed in its feed" in watched.planet.run("why", watched.posts[2].guid).stdout


def test_an_unchanged_document_counts_as_a_later_look(watched):
    watched.sync()
    watched.delete_page(2)
    watched.sync(watched.without(2), hours=1)

    assert len(watched.sync(watched.without(2), hours=7)) == 7


def test_what_slides_out_of_the_feed_is_never_asked_for(watched):
    ids = watched.sync()
    for at in (6, 7):
        watched.delete_page(at)
    for hours in (1, 7, 24):
        stays = watched.sync(watched.posts[:6], hours=hours)

    assert stays == ids
    assert (watched.asked(6), watched.asked(7)) == (0, 0)


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>Not found</body></html>",
        b'<rss version="2.0"><channel><title>Ada</title><link>http://a.example/</link></channel></rss>',
        b'<rss version="2.0"><channel><title>A</title><item><title>Error</title><guid>e</guid></item></channel></rss>',
    ],
    ids=["a page", "empty", "an error feed"],
)
def test_a_document_that_is_not_the_blogs_deletes_nothing(watched, body):
    ids = watched.sync()
    for at in range(8):
        watched.delete_page(at)
    for hours in (1, 7, 24):
        stays = watched.sync(hours=hours, body=body)

    assert stays == ids
    assert [watched.asked(at) for at in range(8)] == [0] * 8


def test_it_can_be_switched_off(watched):
    watched.planet.configure(watched.blogs.url("ada.xml"), extra="follow_deletions = false")
    ids = watched.sync()
    watched.delete_page(2)
    for hours in (1, 7, 24):
        stays = watched.sync(watched.without(2), hours=hours)

    assert (stays, watched.asked(2)) == (ids, 0)


def test_an_atom_tombstone_retracts_at_once(watched):
    """RFC 6721: the feed itself says that the entry was deleted. One for an entry that it lists is ignored."""

    def atom(posts, *refs: str) -> bytes:
        entries = "".join(
            f"<entry><id>{post.guid}</id><title>t{post.number}</title><updated>{post.date.isoformat()}</updated>"
            f'<link href="{post.link}"/><content>{watched.write.prose(post.number)}</content></entry>'
            for post in posts
        )
        stones = "".join(f'<at:deleted-entry ref="{ref}" when="2026-01-01T00:00:00Z"/>' for ref in refs)
        return (
            '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0"><id>tag:a</id>'
            f"<title>Ada</title><updated>2026-01-01T00:00:00Z</updated>{stones}{entries}</feed>"
        ).encode()

    ids = watched.sync(body=atom(watched.posts))
    gone, listed = watched.posts[3].guid, watched.posts[1].guid
    after = watched.sync(body=atom(watched.without(3), gone, listed, "urn:nobody"), hours=1)
    back = watched.sync(body=atom(watched.posts), hours=1)

    assert after == [each for each in ids if each != gone]
    assert back == ids
    assert {path for path, _, _ in watched.blogs.log} == {"ada.xml"}
