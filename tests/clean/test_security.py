"""Vectors by class, in our own words and by combination, through content: nothing live, nothing breaks out.

Judged by html5lib, another HTML5 parser than the ones that cleaned: the output stands in a `div`, is parsed twice over,
and must hold no element, attribute or address that a browser would run, and nothing beside the `div`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import html5lib
import pytest

from feedmill.ingest.clean import CleanContext, clean
from feedmill.ingest.clean.sanitize import ATTRIBUTES, TAGS, sanitize

CALL = "alert(1)"
JS = "javascript:" + CALL
CODES = [
    JS,
    "JaVaScRiPt:" + CALL,
    " \t\n javascript:" + CALL,
    "\x01javascript:" + CALL,
    "java\tscript:" + CALL,
    "java\nscript:" + CALL,
    "java&#9;script:" + CALL,
    "java&Tab;script:" + CALL,
    "java&NewLine;script:" + CALL,
    "&#106;avascript:" + CALL,
    "&#x6A&#x61vascript:" + CALL,
    "javascript&colon;" + CALL,
    "&#1;javascript:" + CALL,
    "vbscript:msgbox(1)",
    "livescript:" + CALL,
    "data:text/html,<script>alert(1)</script>",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "data:image/svg+xml,<svg onload=alert(1) xmlns='http://www.w3.org/2000/svg'/>",
    "data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+",
    "data:application/xhtml+xml,<script/>",
    "feed:javascript:" + CALL,
    "view-source:javascript:" + CALL,
    "jar:javascript:" + CALL,
    "blob:https://mill.example/x",
    "file:///etc/passwd",
    "filesystem:https://mill.example/x",
    "about:blank",
    "intent://x#Intent;end",
    "ms-settings:privacy",
]
PLACES = [
    '<a href="{}">x</a>',
    "<a href='{}'>x</a>",
    '<area href="{}">',
    '<map><area href="{}"></map>',
    '<img src="{}">',
    '<img srcset="{} 1x">',
    '<img data-src="{}">',
    '<img src=data:, data-srcset="{} 2x">',
    '<picture><source srcset="{}"><img alt=x></picture>',
    '<iframe src="{}"></iframe>',
    '<iframe data-src="{}"></iframe>',
    '<embed src="{}">',
    '<object data="{}"></object>',
    '<object><param name=movie value="{}"></object>',
    '<video src="{}" poster="{}"></video>',
    '<video><source src="{}"></video>',
    '<audio src="{}"></audio>',
    '<form action="{}"><button formaction="{}">x</button></form>',
    '<input type=image src="{}">',
    '<blockquote cite="{}">x</blockquote>',
    '<q cite="{}">x</q>',
    '<del cite="{}">x</del>',
    '<base href="{}"><a href=y>x</a>',
    '<link rel=stylesheet href="{}">',
    '<meta http-equiv=refresh content="0;url={}">',
    '<table background="{}"><tr><td background="{}">x</td></tr></table>',
    '<body background="{}">x',
    '<svg><a xlink:href="{}"><text>x</text></a></svg>',
    '<svg><use href="{}"/></svg>',
    '<svg><animate attributeName=href values="{}"/></svg>',
    '<svg><image href="{}"/></svg>',
    '<math><maction actiontype=statusline xlink:href="{}">x</maction></math>',
    '<noscript><img src="{}"></noscript>',
    '<lite-youtube videoid="{}"></lite-youtube>',
    '<amp-img src="{}"></amp-img>',
    '<div class=embedded-post-wrap><a href="{}">x</a></div>',
]
EVENTS = [
    "onerror",
    "onload",
    "onclick",
    "onmouseover",
    "onfocus",
    "onblur",
    "ontoggle",
    "onanimationstart",
    "onpointerover",
    "onbegin",
    "onstart",
    "onhashchange",
    "onwheel",
    "oncopy",
    "onauxclick",
    "onbeforematch",
    "onscrollend",
    "onsearch",
]
HOSTS = [
    "<img src=x {}>",
    "<p {}>x</p>",
    "<a href=https://a.example {}>x</a>",
    "<details open {}>x</details>",
    "<video controls src=https://a.example/v.mp4 {}></video>",
    "<body {}>x",
    "<svg {}>x</svg>",
    "<marquee {}>x</marquee>",
    "<input autofocus {}>",
    "<custom-element {}>x</custom-element>",
    "<audio src=https://a.example/a.mp3 {}></audio>",
    "<select autofocus {}><option>x</select>",
    "<math {}>x</math>",
    "<iframe src=https://a.example {}></iframe>",
]
QUOTES = ['{}="alert(1)"', "{}='alert(1)'", "{}=alert(1)", "{} =alert`1`", "/{}=alert(1)", "{}=&#97;lert(1)"]
MUTATIONS = [
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    '<svg></p><style><a title="</style><img src=x onerror=alert(1)>">',
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    "<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=alert(1)>",
    "<svg><style>&lt;img src=x onerror=alert(1)&gt;</style></svg>",
    '<svg><annotation-xml><foreignobject><style><!--</style><p title="--><img src=x onerror=alert(1)>">',
    '<math><annotation-xml encoding="text/html"><style><img src=x onerror=alert(1)></style></annotation-xml></math>',
    "<math><annotation encoding=x>&lt;img src=x onerror=alert(1)&gt;</annotation></math>",
    '<math alttext="&lt;script&gt;alert(1)&lt;/script&gt;"><mi>x</mi></math>',
    "<template><script>alert(1)</script><img src=x onerror=alert(1)></template>",
    "<select><template><img src=x onerror=alert(1)></template></select>",
    "<select><style></select><img src=x onerror=alert(1)></style></select>",
    '<title><a title="</title><img src=x onerror=alert(1)>">',
    '<textarea><a title="</textarea><img src=x onerror=alert(1)>">',
    '<xmp><a title="</xmp><img src=x onerror=alert(1)>"></xmp>',
    "<plaintext><img src=x onerror=alert(1)>",
    "<listing>&lt;img src=x onerror=alert(1)&gt;</listing>",
    '<noembed><img title="</noembed><img src=x onerror=alert(1)>"></noembed>',
    '<noframes><img title="</noframes><img src=x onerror=alert(1)>"></noframes>',
    "<!--><img src=x onerror=alert(1)>-->",
    "<!---><img src=x onerror=alert(1)>-->",
    "<!-- --!><img src=x onerror=alert(1)>-->",
    "<![CDATA[><img src=x onerror=alert(1)>]]>",
    "<svg><![CDATA[><img src=x onerror=alert(1)>]]></svg>",
    "<?xml-stylesheet ><img src=x onerror=alert(1)> ?>",
    '<img src="x` `<script>alert(1)</script>"` `>',
    '<a href="x" title=\'"><img src=x onerror=alert(1)>\'>y</a>',
    '<img alt="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;" src=https://a.example/i.png>',
    '<p title="&lt;/p&gt;&lt;script&gt;">x</p>',
    "<b><i><u><p></b></i></u><script>alert(1)</script>",
    "<table><td><form><table><script>alert(1)</script></table>",
    "<a><table><a href=javascript:alert(1)>x</a></table></a>",
    "</div></div></div><script>alert(1)</script>",
    "</p></body></html><script>alert(1)</script>",
    "<pre>\n\n<script>alert(1)</script></pre>",
    "<div><style>@import 'https://evil.example/x.css';</style>x</div>",
    '<p style="background:url(javascript:alert(1))">x</p>',
    '<p style="position:fixed;inset:0;z-index:9">x</p>',
    '<font color="expression(alert(1))">x</font>',
    "<script src=https://evil.example/x.js></script>",
    "<script>alert(1)</script",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<<script>alert(1)//<</script>",
    "<script/xss>alert(1)</script>",
    '<iframe srcdoc="&lt;script&gt;alert(1)&lt;/script&gt;"></iframe>',
    "<object><embed src=javascript:alert(1)></object>",
    "<isindex action=javascript:alert(1) type=image>",
    "<frameset onload=alert(1)><frame src=javascript:alert(1)></frameset>",
    "<keygen autofocus onfocus=alert(1)>",
    "<dialog open onclose=alert(1)><form method=dialog><button>x</button></form></dialog>",
    "<button popovertarget=x>y</button><xss id=x popover onbeforetoggle=alert(1)>z</xss>",
    "<a href=https://a.example ping=https://evil.example target=_blank>x</a>",
    "<a id=location name=cookie class=admin href=https://a.example>x</a>",
    "<img name=getElementById id=body src=https://a.example/i.png>",
    "<p is=x-y slot=z part=q>x</p>",
    "<ruby><rt><script>alert(1)</script></rt></ruby>",
    "<video><track src=javascript:alert(1) default></video>",
    "<details><summary><script>alert(1)</script></summary></details>",
    "\ufeff<script>alert(1)</script>",
    "<p>\u2028<script>alert(1)</script>",
    "<sc\x00ript>alert(1)</sc\x00ript>",
    "<script\x0c>alert(1)</script\x0c>",
]

_URL = frozenset({"href", "src", "poster", "cite", "action", "formaction", "data", "background", "xlink:href"})
_SAFE = re.compile(r"(?:https?:|mailto:|tel:|/|\?|#|[^:]*$)", re.IGNORECASE)
_RASTER = re.compile(r"data:image/(?:png|gif|jpe?g|webp|avif);base64,", re.IGNORECASE)
_STRIPPED = re.compile("[\x00-\x20]")
_ALIVE = frozenset(
    {"script", "style", "iframe", "object", "embed", "svg", "math", "form", "input", "button", "base", "link", "meta"}
)


def vectors() -> Iterator[str]:
    """More than a thousand."""
    for place, code in product(PLACES, CODES):
        yield place.replace("{}", code)
    for event, host, quote in product(EVENTS, HOSTS, QUOTES[:2]):
        yield host.replace("{}", quote.replace("{}", event))
    for host, quote in product(HOSTS, QUOTES):
        yield host.replace("{}", quote.replace("{}", "OnErRoR"))
    yield from MUTATIONS
    for mutation in MUTATIONS:
        yield f"<p>words before <b>{mutation}</b> words after</p>"


def findings(html: str) -> list[str]:
    """What a browser would run or load by itself, and what stands outside the div."""
    for _ in range(2):
        tree: Any = html5lib.parse(f"<!doctype html><body><div id=box>{html}</div>", namespaceHTMLElements=False)
        body = tree.find("body")
        box = body.find("div")
        found = [f"breakout <{child.tag}>" for child in body if child is not box]
        if (box.tail or "").strip() or list(tree.find("head")):
            found.append("breakout")
        for node in box.iter():
            found += _findings_of(node) if node is not box else []
        html = html5lib.serialize(box, omit_optional_tags=False, quote_attr_values="always")
        html = html.removeprefix('<div id="box">').removesuffix("</div>")
        if found:
            return found
    return []


def _findings_of(node: Any) -> list[str]:
    if not isinstance(node.tag, str):
        return ["comment"]
    found = [f"element {node.tag}"] if node.tag in _ALIVE or node.tag not in TAGS else []
    for name, value in node.attrib.items():
        bare = _STRIPPED.sub("", value)
        if str(name).startswith("on") or name in ("style", "srcdoc", "ping", "target", "id", "name", "class", "is"):
            found.append(f"attribute {name}")
        elif name in _URL and not _SAFE.match(bare) and not (node.tag == "img" and _RASTER.match(bare)):
            found.append(f"address {value}")
        elif name == "srcset" and re.search(r"(?:^|,)\s*(?!https?:)[a-z+.-]+:", value, re.IGNORECASE):
            found.append(f"srcset {value}")
    return found


ALL = list(vectors())


def test_there_are_many_vectors() -> None:
    assert len(set(ALL)) >= 300


@pytest.mark.parametrize("part", range(8))
def test_no_vector_lives_or_breaks_out(part: int, context: CleanContext) -> None:
    """And cleaning the outcome again changes nothing."""
    found = {}
    for vector in ALL[part::8]:
        html = clean(vector, context).html
        reasons = findings(html)
        if clean(html, context).html != html:
            reasons.append("not idempotent")
        if sanitize(html) != html:
            reasons.append("the gate would still change it")
        if reasons:
            found[vector] = reasons

    assert found == {}


def test_the_gate_alone_holds() -> None:
    """The sanitizer is no second opinion: without any step before it, nothing lives either."""
    found = {vector: reasons for vector in ALL if (reasons := findings(sanitize(vector)))}

    assert found == {}


def test_the_judge_sees_what_is_alive() -> None:
    """A judge that finds nothing anywhere would prove nothing."""
    blind = [vector for vector in MUTATIONS[:20] if not findings(vector)]

    assert blind == []


def test_no_attribute_can_run() -> None:
    """The allow-list itself names no handler, style, class or id."""
    names = {name for allowed in ATTRIBUTES.values() for name in allowed}

    assert not {name for name in names if name.startswith("on")} | (names & {"style", "class", "id", "name", "target"})


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        ('<p><img src="data:image/png;base64,' + "iVBORw0KGgo" * 30 + '" alt="dot"></p>', True),
        ('<p>x<img src="data:image/png;base64,' + "A" * 60_000 + '" alt="big"></p>', False),
        ('<p>x<img src="data:image/svg+xml;base64,' + "A" * 400 + '" alt="vector"></p>', False),
        ('<p><a href="data:image/png;base64,' + "A" * 400 + '">x</a></p>', False),
    ],
)
def test_data_images_are_small_rasters_only(html: str, kept: bool, tidy: Callable[[str], str]) -> None:
    assert kept == ("data:" in tidy(html))
    assert kept == ("data:" in sanitize(html))


def test_outbound_links_give_nothing_away(tidy: Callable[[str], str]) -> None:
    """No opener, no referrer, no target, no ping."""
    html = tidy('<p><a href="https://a.example/" target="_blank" ping="https://b.example" rel="me">x</a></p>')

    assert html == '<p><a href="https://a.example/" rel="noopener noreferrer">x</a></p>'
