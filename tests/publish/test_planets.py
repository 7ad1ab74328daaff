"""Moving in: other planets' configurations become subscriptions, and what stays behind is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmill.publish.planets import read_subscriptions

VENUS = b"""
# a comment
[Planet]
name = Planet Schmanet
link = http://planet.example/
[DEFAULT]
facewidth = 60
[http://ada.example/feed.xml]
name = Ada: on engines
face = ada.png
[https://bob.example/atom]
name: Bob
filter = (?i)python
[http://lists.example/all.opml]
content_type = opml
[excerpt.py]
width = 500
[feed:nonsense]
name = Broken
"""
PLUTO = b"""
title = Planet Ruby
[ada]
  title = Ada's blog
  link  = https://ada.example/
  feed  = https://ada.example/feed.xml
  location = London
[bob]
  feed  = https://bob.example/atom
"""
MERCURY = b"""
name = "Planet Mercury"
cache = "./cache"
[[feed]]
name = "Ada"
feed = "https://ada.example/feed.xml"
filters = ["x"]
[[feed]]
feed = "https://bob.example/atom"
"""
RAWDOG = b"""
# times are written as numbers with a unit
maxarticles 200
feeddefaults
    format text
feed 30m https://ada.example/feed.xml
    define_name Ada on engines
    allowduplicates true
feed 3h https://bob.example/atom define_title=Bob
outputfile out.html
"""
OSMOSFEED = b"""---
siteTitle: "Ada & friends" # shown on top
cacheUrl: https://planet.example/cache.json
sources:
  - href: https://ada.example/feed.xml
    # the first of many
  - href: 'https://bob.example/atom#x'
    title: Bob
"""


@pytest.mark.parametrize(
    ("data", "title", "names", "left"),
    [
        (VENUS, "Planet Schmanet", ["Ada: on engines", "Bob"], ["[Planet] link", "face", "filter", "lists.example"]),
        (PLUTO, "Planet Ruby", ["Ada's blog", None], ["location"]),
        (MERCURY, "Planet Mercury", ["Ada", None], ["filters", "cache"]),
        (RAWDOG, "", ["Ada on engines", "Bob"], ["maxarticles", "allowduplicates", "outputfile"]),
        (OSMOSFEED, "Ada & friends", [None, "Bob"], ["cacheUrl"]),
    ],
    ids=["venus", "pluto", "mercury", "rawdog", "osmosfeed"],
)  # fmt: skip
def test_sources_come_along_and_the_rest_is_named(
    data: bytes, title: str, names: list[str | None], left: list[str]
) -> None:
    found = read_subscriptions(data)

    assert [source.url.partition("#")[0].replace("http:", "https:") for source in found.sources] == [
        "https://ada.example/feed.xml",
        "https://bob.example/atom",
    ]
    assert [source.title for source in found.sources] == names
    assert found.title == title
    assert [word for word in left if word not in " ".join(found.notes)] == []
    assert len(found.problems) == (1 if data is VENUS else 0)


def test_opml_stays_opml() -> None:
    data = b'\xef\xbb\xbf<opml version="2.0"><body><outline xmlUrl="https://ada.example/feed.xml"/></body></opml>'

    assert [source.url for source in read_subscriptions(data).sources] == ["https://ada.example/feed.xml"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the OPML is not well-formed XML"),
        (b"hello there", "neither OPML nor the configuration of a planet"),
        (b"[planet]\nname = x\n", "names no feed"),
        (b"sources:\n", "names no feed"),
        (b"[[feed]]\nfeed = \n", "the TOML cannot be read"),
        (b"sources:\n  - &anchor [x, y]\n", "line 2 of the YAML cannot be read"),
        (b"[a]\n=x\n[http://b.example/]\n", "the ini file cannot be read"),
        (b"x" * 20_000_001, "larger than 20 MB"),
    ],
)
def test_what_is_no_list_is_refused_with_a_sentence(data: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as error:
        read_subscriptions(data)

    assert said in str(error.value)


def test_an_old_file_in_latin_1_is_read() -> None:
    (source,) = read_subscriptions("[http://a.example/]\nname = Jos\xe9\n".encode("latin-1")).sources

    assert source.title == "José"


@given(st.sampled_from([VENUS, PLUTO, MERCURY, RAWDOG, OSMOSFEED]), st.integers(0, 400), st.binary(max_size=12))
def test_damage_is_a_value_error_or_a_list(data: bytes, at: int, junk: bytes) -> None:
    try:
        found = read_subscriptions(data[:at] + junk + data[at:])
    except ValueError:
        return
    assert all(source.url.startswith(("http://", "https://")) for source in found.sources)
