"""What an entry is called in public."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmill.feeds.identity import alternate_guid, published_id

SOURCE = "https://blog.example/feed.xml"


@pytest.mark.parametrize(
    "guid",
    [
        "https://blog.example/2020/01/post",
        "http://blog.example/?p=12",
        "HTTP://Blog.Example/A%2fb#x",
        "https://blog.example",
        "https://bücher.example/straße",
        "tag:blogger.com,1999:blog-1.post-2",
        "tag:ada@blog.example,2020-01-02:x",
        "urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a",
        "urn:isbn:9783161484100",
        "doi:10.1000/182",
        "http://127.0.0.1:8000/?p=1",
        "http://intranet/x",
        "yt:video:abc_DEF-1",
    ],
)
def test_a_globally_unique_uri_is_published_as_it_is(guid: str) -> None:
    assert published_id(SOURCE, guid) == guid


@pytest.mark.parametrize(
    "guid",
    [
        "", "12", "post-12", "post:12", "/2020/post", "t3_abc", "https://blog.example/a b",
        "https://blog.example/<x>",
        "https://blog.example/100%", "https://blog.example/%zz", "https://blog.example/a#b#c", "https://blog.example/\u200b",
        "https://blog.example/\x07", "https://blog.example/\ud800", "https://[::1]/x", "https:///x", "https://user@blog.example/",
        "https://blog.example:8080x/", "tag:nodate:x", "tag:blog.example,2020:", "urn:x", "urn:uuid:",
        "javascript:alert(1)", "mailto:ada@blog.example", "https://blog.example/" + "x" * 1000,
    ],
)  # fmt: skip
def test_anything_else_gets_a_uuid_of_source_and_guid(guid: str) -> None:
    made = published_id(SOURCE, guid)

    assert made.startswith("urn:uuid:")
    assert UUID(made.removeprefix("urn:uuid:")).version == 5
    assert made == published_id(SOURCE, guid)
    assert made != published_id("https://other.example/feed", guid)


def test_the_made_id_never_changes_between_versions() -> None:
    assert published_id(SOURCE, "12") == "urn:uuid:96c3947f-2a77-5939-9e1b-910c5a0f05d2"


@given(st.text(st.characters(exclude_categories=()), max_size=40))
def test_every_guid_has_a_published_id_and_an_id_is_its_own(guid: str) -> None:
    made = published_id(SOURCE, guid)

    assert published_id(SOURCE, made) == made
    assert not set(made) & set(' <>"{}|\\^`\x00\n')


@pytest.mark.parametrize(
    ("guid", "expected"),
    [
        ("http://old.example/2020/post?x=1", "/2020/post?x=1"),
        ("https://new.example:8443/2020/post?x=1", "/2020/post?x=1"),
        ("https://new.example/?p=12", "/?p=12"),
        ("https://new.example/", None),
        ("https://new.example", None),
        ("tag:blog.example,2020:1", None),
        ("12", None),
    ],
)
def test_an_http_guid_can_be_known_again_after_its_site_moved(guid: str, expected: str | None) -> None:
    assert alternate_guid(guid) == expected
