"""Step `tokens`: nodes that a platform's or plugin's own class, id or attribute names as chrome.

In:  a `Page`.
Out: drop verdicts (they leave a mark for the edge run), cards to turn into links.
Never: a substring of a class name: `[class*=share]` takes prose with it, exact tokens do not (cleaning.md 1.4).
"""

from __future__ import annotations

from selectolax.lexbor import LexborNode

from feedmill.ingest.clean.links import resolve
from feedmill.ingest.clean.page import Embed, Page, shorten
from feedmill.ingest.clean.rulebook import TokenRule, attribute_rules, class_rules, id_rules, share_table
from feedmill.ingest.urls import tidy

STEP = "tokens"
_GROUNDS = ("nav", "footer", "aside")
_LINK_SHARE = 0.5
# Measured and rejected (cleaning.md 1.4): for the ablation table only.
_SUBSTRINGS = ("share", "social", "promo", "comment", "related", "newsletter", "widget", "sponsor", "cookie")


def drop_tokens(page: Page) -> None:
    """Drop what exact tokens name; turn cards of other posts into links."""
    if b"class" in page.lower or b"id=" in page.lower:
        classes, ids = class_rules(), id_rules()
        for node in page.body.css("[class],[id]"):
            attributes = node.attributes
            value = attributes.get("class")
            for token, rule in classes.find_all(value) if value else ():
                if _apply(page, node, rule, "." + token):
                    break
            name = attributes.get("id")
            if name:
                named = ids.find(name)
                if named is not None:
                    _apply(page, node, named, "#" + name)
    if b"data-" in page.lower:
        _drop_by_attribute(page)
    elements = page.elements
    if "nav" in elements or "footer" in elements or "aside" in elements or b"role=" in page.lower:
        _drop_by_links(page)
    if "form" in elements:
        _drop_forms(page)
    if "substring-classes" in page.recipe.ablation:
        _drop_substrings(page)


def _apply(page: Page, node: LexborNode, rule: TokenRule, token: str) -> bool:
    if rule.tag is not None and node.tag != rule.tag:
        return False
    if node.tag == "body" or (rule.small and not page.holds_little(node)):
        return False
    if rule.action == "card":
        link = _card(page, node)
        if link is None or page.is_dropped(node):
            return False
        page.cards[node.mem_id] = link
        page.ledger.add(STEP, f"card turned into a link: {token} ({rule.platform}, {rule.why})", shorten(link.label))
        return True
    page.drop(node, STEP, f"removed {token} ({rule.platform}, {rule.why})")
    return True


def _card(page: Page, node: LexborNode) -> Embed | None:
    for link in node.css("a[href]"):
        url = resolve(link.attributes.get("href") or "", page)
        if url and url.startswith("http"):
            url = tidy(url, page.own_hosts)[0]
            if share_table().match(url):
                continue
            heading = node.css_first("h1,h2,h3,h4,.embedded-post-title,.poll-question,.title,strong") or link
            label = shorten(heading.text()) or shorten(link.text()) or shorten(node.text()) or url
            return Embed(url, label)
    return None


def _drop_by_attribute(page: Page) -> None:
    for name, table in attribute_rules().items():
        if name.encode() not in page.lower:
            continue
        for node in page.body.css(f"[{name}]"):
            value = node.attributes.get(name) or ""
            rule = table.find(value)
            if rule is not None:
                _apply(page, node, rule, f"[{name}={value}]")


def _drop_by_links(page: Page) -> None:
    """`nav`, `footer` and `aside` inside an entry go when they are mostly links to elsewhere.

    Pull quotes live in `aside`, notes in `footer`, tables of contents in `nav`.
    """
    for node in page.body.css("nav,footer,aside,[role=navigation],[role=complementary]"):
        text = len("".join(node.text().split()))
        linked = 0
        for link in node.css("a[href]"):
            if not (link.attributes.get("href") or "").startswith("#"):
                linked += len("".join(link.text().split()))
        if text and linked > _LINK_SHARE * text and page.holds_little(node) and node.css_first("img,picture") is None:
            page.drop(node, STEP, f"removed {node.tag}: mostly links")


def _drop_forms(page: Page) -> None:
    """A short form (subscribe, search) goes; one that holds the article is only unwrapped."""
    for node in page.body.css("form"):
        if len(node.text().split()) < 40 and node.css_first("p p, article, img") is None:
            page.drop(node, STEP, "removed a form")


def _drop_substrings(page: Page) -> None:
    for node in page.body.css("[class]"):
        value = (node.attributes.get("class") or "").lower()
        if node.tag != "body" and any(part in value for part in _SUBSTRINGS):
            page.drop(node, STEP, "removed by a part of its class name")
