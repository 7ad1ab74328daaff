"""T12, T20-T26, T36, T40, check 96 through `feedmill sync`: each bomb ends clearly, in bounded memory."""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import sys
import threading
import time
import zlib
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
PEAK_MEGABYTES = 150


def measured(planet):
    """(exit code, line of `sync --json` by source, peak resident megabytes of the process).

    The peak is VmHWM, read while the process lives; ru_maxrss would be that of whoever started it (it outlives exec).
    """
    process = planet.start("sync", "--json")
    told: list[str] = []
    reading = threading.Thread(target=lambda: told.extend(process.communicate(timeout=300)[0].splitlines()))
    reading.start()
    peak = 0
    while reading.is_alive():
        with contextlib.suppress(OSError):
            found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
            peak = max(peak, int(found[1]) if found else 0)
        time.sleep(0.01)
    lines = [json.loads(line) for line in told][:-1]
    return process.returncode, {line["source"]: line for line in lines}, peak / 1024


def gzip_bomb(size: int) -> bytes:
    """`size` bytes of blanks behind the beginning of a feed, packed a piece at a time."""
    pack = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = b" " * 1_000_000
    out = [pack.compress(b"<rss version='2.0'><channel><title>a</title>")]
    out += [pack.compress(piece) for _ in range(size // len(piece))]
    return b"".join([*out, pack.flush()])


def brotli_bomb(size: int) -> bytes:
    import brotli

    pack = brotli.Compressor(quality=5)
    piece = b" " * 1_000_000
    out = [pack.process(piece) for _ in range(size // len(piece))]
    return b"".join([*out, pack.finish()])


LAUGHS = "".join(f'<!ENTITY lol{level} "{"".join(f"&lol{level - 1};" for _ in range(10))}">' for level in range(1, 10))
BILLION_LAUGHS = (
    f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY lol0 "lol">{LAUGHS}]>'
    "<rss version='2.0'><channel><title>&lol9;</title><item><title>&lol9;</title></item></channel></rss>"
).encode()
QUADRATIC = (
    f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "{"a" * 100_000}">]><rss version="2.0"><channel>'
    f"<item><title>{'&a;' * 20_000}</title></item></channel></rss>"
).encode()
ATTRIBUTES = (
    b"<rss version='2.0'><channel><title>a</title><item><title "
    + b" ".join(b'a%d="b"' % number for number in range(100_000))
    + b">x</title></item></channel></rss>"
)
NESTED = (
    b"<rss version='2.0'><channel><title>a</title><item><description>"
    + b"<d>" * 10_000
    + b"</d>" * 10_000
    + b"</description></item></channel></rss>"
)
DEEP_JSON = (
    b'{"version":"https://jsonfeed.org/version/1.1","title":"a","items":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
)


TAGS = b"<rss version='2.0'><channel><title>a</title><item>" + b"<a/>" * 2_400_000 + b"</item></channel></rss>"
ILL_FORMED = (
    b"<rss version='2.0'><channel><title>a</title><item><description>"
    + b"<b><i>words</b></i> &copy &c; " * 300_000
    + b"</description></item></channel></rss>"
)
JSON_PARTS = b'{"version":"https://jsonfeed.org/version/1.1","title":"a","items":[' + b"{}," * 3_000_000 + b"{}]}"
XHTML_NESTED = (
    b"<feed xmlns='http://www.w3.org/2005/Atom'><title>a</title><entry><id>a</id><content type='xhtml'>"
    b"<div xmlns='http://www.w3.org/1999/xhtml'>" + b"<div>" * 10_000 + b"</div>" * 10_000
    + b"</div></content></entry></feed>"
)  # fmt: skip
OWN_ENTITY = (
    b'<!DOCTYPE rss [<!ENTITY a "&b;"><!ENTITY b "&a;">]><rss version="2.0"><channel><title>&a;</title></channel></rss>'
)


@pytest.mark.parametrize(
    ("make", "fields", "failure", "words"),
    [
        (lambda: gzip_bomb(300_000_000), ("Content-Encoding: gzip",), "too_large", "10,000,000 bytes once decoded"),
        (
            lambda: gzip.compress(gzip_bomb(300_000_000)),
            ("Content-Encoding: gzip, gzip",),
            "too_large",
            "10,000,000 bytes once decoded",
        ),
        (lambda: brotli_bomb(300_000_000), ("Content-Encoding: br",), "too_large", "10,000,000 bytes once decoded"),
        (lambda: b"x", ("Content-Encoding: " + "gzip, " * 6 + "gzip",), "unparsable", "7 content codings"),
        (lambda: ATTRIBUTES, (), "unparsable", "a tag has more than 256 attributes"),
        (lambda: NESTED, (), "unparsable", "nested more than 200 deep"),
        (lambda: XHTML_NESTED, (), "unparsable", "nested more than 200 deep"),
        (lambda: BILLION_LAUGHS, (), "unparsable", "entities that expand to 9,666,666,660 characters"),
        (lambda: QUADRATIC, (), "unparsable", "entities that expand to 2,000,000,000 characters"),
        (lambda: OWN_ENTITY, (), "unparsable", "an entity that contains itself"),
        (lambda: TAGS, (), "unparsable", "more than 600,000 tags and attributes"),
        (lambda: ILL_FORMED, (), "unparsable", "600,000 ampersands that are no references"),
        (lambda: DEEP_JSON, (), "unparsable", "nested too deep"),
        (lambda: JSON_PARTS, (), "unparsable", "more than 250,000 objects and lists"),
    ],
    ids=[
        "gzip", "gzip-gzip", "brotli", "chain", "attributes", "nested", "nested-xhtml", "laughs", "quadratic",
        "own-entity", "tags", "ill-formed", "json-depth", "json-parts",
    ],
)  # fmt: skip
def test_check_096_t20_t21_t25_t26_t36_t40_a_bomb_is_a_clear_failure_in_bounded_memory(
    planet, origin, make_origin, reply, rss, make, fields, failure, words
):
    """And the feed beside it is read as ever; what the bomb's own source held before stays."""
    bomb = origin.on("/feed", reply(200, make(), *fields))
    good = make_origin().on("/feed", reply(200, rss("one")))
    planet.configure(bomb, good)

    code, lines, peak = measured(planet)

    print(f"peak {peak:.0f} MB: {lines[bomb]['detail']}")  # shown with -rP
    assert lines[good]["outcome"] == "fetched"
    assert (code, lines[bomb]["outcome"], lines[bomb]["failure"]) == (1, "failed", failure)
    assert words in lines[bomb]["detail"]
    assert peak < PEAK_MEGABYTES


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/rss-0.91.dtd">',
        '<!DOCTYPE rss [<!ENTITY nbsp "&#160;"><!ENTITY eacute "&#233;"><!ENTITY % HTMLlat1 SYSTEM "xhtml-lat1.ent">]>',
        "<!DOCTYPE rss [\n<!ENTITY me \"Ada &amp; co\">\n<!ENTITY us '&me;, Lovelace'>\n]>",
        "<!DOCTYPE rss [<!ELEMENT rss ANY><!ATTLIST rss version CDATA #IMPLIED>]>",
    ],
    ids=["netscape", "names", "own", "elements"],
)
def test_t20_a_harmless_document_type_costs_nothing(house, planet, origin, reply, rss, doctype):
    """Names of characters, an author's own abbreviations, the DTD of RSS 0.91: the feed is read."""
    body = rss("one").replace(b'<?xml version="1.0"?>', b'<?xml version="1.0"?>' + doctype.encode())
    url = origin.on("/feed", reply(200, body.replace(b"Post one", b"caf&eacute; &us;")))
    planet.configure(url)

    assert house.sync()[url].new == 1
    said = "Ada & co, Lovelace" if "us" in doctype else "&us;"
    assert [each.entry.title for each in house.entries] == [f"café {said}"]


def test_t22_t23_t24_nothing_outside_of_the_document_is_read(planet, origin, make_origin, reply):
    """External entities, DTDs, parameter entities, XInclude and stylesheets: no file, no request."""
    canary = make_origin()
    secret = planet.folder / "secret.txt"
    secret.write_text("open sesame")
    xi = 'xmlns:xi="http://www.w3.org/2001/XInclude"'
    simple = '<rss version="2.0"><channel><title>a</title><item><guid>a</guid><title>b</title></item></channel></rss>'
    bodies = [
        f'<!DOCTYPE rss [<!ENTITY x SYSTEM "file://{secret}">]>{simple.replace("b<", "&x;<")}',
        f'<!DOCTYPE rss SYSTEM "{canary.url("/dtd")}">{simple}',
        f'<!DOCTYPE rss [<!ENTITY % p SYSTEM "{canary.url("/p")}"> %p;]>{simple}',
        f'<?xml-stylesheet href="{canary.url("/xsl")}" type="text/xsl"?>{simple}',
        simple.replace("b<", f'b<xi:include {xi} href="{canary.url("/x")}"/><'),
        simple.replace("b<", f'b<xi:include {xi} parse="text" href="file://{secret}"/><'),
    ]
    planet.configure(*(origin.on(f"/{number}", reply(200, body.encode())) for number, body in enumerate(bodies)))

    done = planet.run("sync", "--json", expect=None)

    assert canary.asked() == []
    published = b"".join(path.read_bytes() for path in (planet.folder / "public").rglob("*") if path.is_file())
    assert b"open sesame" not in done.stdout.encode() + published


def test_t12_a_failure_repeats_nothing_of_what_the_target_said(planet, origin, reply):
    """What an inner service answers must not reach a reader of our messages."""
    url = origin.on(
        "/feed", reply(403, b"<html>root:x:0:0 the keys of the house</html>", "X-Secret: keys of the house")
    )
    planet.configure(url)

    done = planet.run("sync", "--json", expect=1)

    assert "keys of the house" not in done.stdout + done.stderr + planet.run("status", "--json").stdout
