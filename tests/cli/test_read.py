"""status, why, normalize."""

import json

ENTRY = [
    "id", "url", "title", "published", "updated", "authors", "language", "summary", "content_html", "content_text",
    "categories", "enclosures", "notes",
]  # fmt: skip
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom">
<id>urn:x</id><title>A &amp; B</title><updated>2024-01-01T00:00:00Z</updated>
<link href="/"/>
<entry><author><name>Ada</name></author><id>tag:x.example,2024:1</id><title>One</title><updated>2024-01-02T00:00:00+01:00</updated>
<link href="/one?utm_source=x"/><category term="letters"/>
<link rel="enclosure" href="/a.mp3" type="audio/mpeg" length="12"/>
<content type="html">&lt;p onclick="x()"&gt;Hello, &lt;b&gt;world&lt;/b&gt;.&lt;/p&gt;</content></entry></feed>"""


def test_status_has_every_source_before_and_after_a_sync(feedmill, config, site):
    """The shape of the contract; in a pipe, tabs."""
    good, bad = site.feed(), site.base + "/none.xml"
    config(good, bad)
    before = json.loads(feedmill("status", "--json").out)
    feedmill("sync")
    after = json.loads(feedmill("status", "--json").out)
    table = feedmill("status")
    rows = {row["url"]: row for row in after["sources"]}

    assert ["new", "new"] == [row["state"] for row in before["sources"]]
    assert ["sources", "entries", "publications"] == list(after)
    assert (2, [{"path": "", "entries": 2}]) == (
        after["entries"],
        [{key: row[key] for key in ("path", "entries")} for row in after["publications"]],
    )
    assert ("active", 2, 200, 0, None) == tuple(
        rows[good][key] for key in ("state", "entries", "last_status", "failures", "failure")
    )
    assert ("failing", 0, 404, 1, "http_4xx") == tuple(
        rows[bad][key] for key in ("state", "entries", "last_status", "failures", "failure")
    )
    assert rows[good]["last_success"].endswith("Z")
    assert "A Blog" == rows[good]["title"]
    assert (0, 2) == (table.code, len(table.lines))
    assert all(7 == line.count("\t") for line in table.lines)


def test_why_tells_the_story_of_a_source(inside, config, site):
    """Its state, its next look and the reason, its history."""
    url = site.feed()
    config(url)
    inside("sync")
    result = inside("why", url)

    assert (0, f"A Blog, {url}") == (result.code, result.lines[0])
    for saying in ("State: active", "Next look:", "last looks, newest first", "fetched (200)", "2 new", "ETag"):
        assert saying in result.out


def test_why_tells_the_story_of_an_entry(feedmill, config, site):
    """Dates, the raw text beside the clean one, where it is published."""
    config(
        site.feed(),
        extra='\n[[publication]]\n\n[[publication]]\npath = "py"\ntags = ["py"]\n\n'
        '[[publication]]\npath = "last"\nlimit = 1\n',
    )
    feedmill("sync")
    result = feedmill("why", site.base + "/one")

    assert (0, "Post one") == (result.code, result.lines[0])
    for saying in ("The feed calls it", "first saw it", "Place in the lists", "As it came", "Where it is shown"):
        assert saying in result.out
    assert "the root: yes" in result.out
    assert "py: no, neither the entry nor its source has the tag py" in result.out
    assert "last: no, 1 entry is newer (limit = 1)" in result.out


def test_why_says_when_nobody_has_heard_of_it(inside, config, site):
    """Exit code 1, one line, the nearest source."""
    config(site.feed())
    early = inside("why", "https://x.example/")
    inside("sync")
    late = inside("why", site.base + "/feeds.xml")

    assert (1, 1) == (early.code, len(early.errors))
    assert (1, 1) == (late.code, len(late.errors))
    assert "did you mean" in late.err


def test_normalize_prints_the_contracts_json(feedmill, tmp_path):
    """Keys in order; links absolute, without tracking; times in UTC; no script."""
    (tmp_path / "a.xml").write_text(ATOM, encoding="utf-8")
    result = feedmill("normalize", "a.xml", "--base", "https://x.example/blog/", "--json")
    document = json.loads(result.out)
    (entry,) = document["entries"]

    assert (0, "") == (result.code, result.err)
    assert ["feed", "entries", "notes"] == list(document)
    assert ["title", "url", "site_url", "language", "format"] == list(document["feed"])
    assert ("A & B", "https://x.example/") == (document["feed"]["title"], document["feed"]["site_url"])
    assert ENTRY == list(entry)
    assert ("tag:x.example,2024:1", "https://x.example/one", "One") == (entry["id"], entry["url"], entry["title"])
    assert "2024-01-01T23:00:00Z" == entry["updated"]
    assert [{"name": "Ada", "url": None}] == entry["authors"]
    assert ["letters"] == entry["categories"]
    assert [{"url": "https://x.example/a.mp3", "media_type": "audio/mpeg", "length": 12}] == entry["enclosures"]
    assert "<p>Hello, <b>world</b>.</p>" == entry["content_html"].strip()
    assert "Hello, world." == entry["content_text"]


def test_normalize_reads_standard_input_and_prints_for_people(feedmill):
    """Plain text becomes one entry with a title and paragraphs."""
    text = "The ferry is late again, as it was yesterday.\n\nNobody minds, for the bench is in the sun.\n"
    for arguments in (["normalize"], ["normalize", "-"]):
        result = feedmill(*arguments, stdin=text.encode())

        assert 0 == result.code
        assert "The ferry is late again, as it was yesterday" in result.out
        assert "Nobody minds" in result.out


def test_normalizing_the_result_again_changes_nothing(inside, tmp_path):
    """`content_html` through the mill once more."""
    (tmp_path / "a.xml").write_text(ATOM, encoding="utf-8")
    html = json.loads(inside("normalize", "a.xml", "--base", "https://x.example/", "--json").out)["entries"][0]
    body = f"<body><article>{html['content_html']}</article></body>"
    page = f"<!DOCTYPE html><html><head><title>One</title></head>{body}</html>"
    again = json.loads(inside("normalize", "--base", "https://x.example/", "--json", stdin=page.encode()).out)

    assert html["content_html"] == again["entries"][0]["content_html"]


def test_normalize_fetches_a_url_with_the_configurations_manners(inside, config, site):
    """A private address needs the configuration's leave."""
    url = site.feed()
    refused = inside("normalize", url)
    config()
    result = inside("normalize", url, "--json")

    assert (1, 1) == (refused.code, len(refused.errors))
    assert "blocked_address" in refused.err
    assert (0, 2) == (result.code, len(json.loads(result.out)["entries"]))


def test_a_stranger_cannot_write_to_the_terminal(inside):
    """Escape sequences in a feed do not leave it."""
    feed = ATOM.replace("<title>One</title>", "<title>One&#x9b;31m two</title>").replace("Hello", "He\u202ello")
    result = inside("normalize", "-", stdin=feed.encode())

    assert 0 == result.code
    assert not set(result.out) & {"\x1b", "\x9b", "\u202e"}
