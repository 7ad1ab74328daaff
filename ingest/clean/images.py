"""Step `images`: the real source behind a lazy one, one `img` from a `picture`, no pixels, emoji as text.

In:  a `Page`.
Out: image verdicts: an `Image` to write, a text to write instead, or None; noscript elements that hold the real one.
Never: guesses another size of an image than the ones the document names (cleaning.md 3.10).
"""

from __future__ import annotations

import re
from functools import cache

from selectolax.lexbor import LexborNode

from feedmill.ingest.clean.links import resolve
from feedmill.ingest.clean.page import Image, Page, shorten
from feedmill.ingest.clean.rulebook import host_table, read

STEP = "images"
MAX_WIDTH = 1600  # pixels: the widest candidate that a reader is made to load
MAX_DATA_BYTES = 32 * 1024
_DATA_IMAGE = re.compile(r"data:image/(?:png|gif|jpe?g|webp|avif);base64,[A-Za-z0-9+/=\s]+$", re.IGNORECASE)
_TINY_DATA = 200  # characters: a transparent pixel, a blurred preview of a few points
_SIZE = re.compile(r"\s*(\d{1,5})(?:\.\d+)?\s*(?:px)?\s*$", re.IGNORECASE)
_STYLE_SIZE = re.compile(
    r"(?:^|[;\s])(width|height)\s*:\s*(\d+)(?:\.\d+)?(?:px)?\s*(?:!important)?\s*(?=;|$)", re.IGNORECASE
)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_DESCRIPTOR = re.compile(r"\d+(?:\.\d+)?[wxh]")
_LAZY_CLASSES = ("lazy", "lazyload", "lazyloaded", "b-lazy", "jetpack-lazy-image")


def rewrite_images(page: Page) -> None:
    """A verdict for each `img`; `noscript` copies of lazy images are used where they are the real ones."""
    _open_noscripts(page)
    for tag in ("img", "amp-img"):
        for node in page.elements.get(tag, ()):
            if node.mem_id not in page.images:
                page.images[node.mem_id] = _judge(node, page)
    _unwrap_links_to_themselves(page)


def _judge(node: LexborNode, page: Page) -> Image | str | None:
    given = node.attributes
    written = (given.get("src") or "").strip()
    alt = (given.get("alt") or "").strip()
    if _is_emoji(written, given.get("class") or ""):
        page.ledger.add(STEP, "emoji image replaced by its text", alt)
        return alt or None
    if written and (host_table("pixels").match(written) or any([part in written for part in _pixel_paths()])):  # noqa: C419
        _note(page, "tracking image removed", written)
        return None
    width, height = _sizes(given)
    style = given.get("style") or ""
    if (width is not None and height is not None and width <= 1 and height <= 1) or (style and _HIDDEN.search(style)):
        _note(page, "invisible image removed", written)
        return None
    lazy = _lazy_source(given)
    candidates = _srcset(given.get("srcset") or "", page) or _srcset(
        given.get("data-srcset") or given.get("data-lazy-srcset") or given.get("data-ezsrcset") or "", page
    )
    candidates = candidates or _from_picture(node, page)
    src = _source(written, lazy, candidates, page)
    if src is None:
        _note(page, "image without a source removed", written[:_TINY_DATA])
        return None
    if host_table("pixels").match(src):
        _note(page, "tracking image removed", src)
        return None
    if lazy and src != written:
        page.ledger.add(STEP, "lazy image: its real source restored", shorten(src))
    srcset = ", ".join(f"{url} {descriptor}".strip() for url, descriptor in candidates)
    return Image(
        src=src,
        srcset=srcset,
        sizes=" ".join((given.get("sizes") or "").split()) if srcset and given.get("sizes") != "auto" else "",
        alt=" ".join(alt.split()),
        title=" ".join((given.get("title") or "").split()),
        width=width if width and width > 1 else None,
        height=height if height and height > 1 else None,
    )


def _note(page: Page, what: str, quote: str) -> None:
    page.ledger.add(STEP, what, shorten(quote))


@cache
def _emoji_data() -> tuple[frozenset[str], tuple[str, ...]]:
    hosts = read("hosts")
    return frozenset(hosts["emoji_classes"]), tuple(hosts["emoji_paths"])


def _is_emoji(src: str, classes: str) -> bool:
    known, paths = _emoji_data()
    if classes and not known.isdisjoint(classes.split()):
        return True
    return bool(src) and (host_table("emoji").match(src) or any(path in src for path in paths))


def _sizes(given: dict[str, str | None]) -> tuple[int | None, int | None]:
    """Width and height in pixels, from the attributes or the inline style."""
    found: dict[str, int] = {}
    style = given.get("style")
    if style:
        found = {name.lower(): int(value[:5]) for name, value in _STYLE_SIZE.findall(style)}
    out = []
    for name in ("width", "height"):
        size = _SIZE.match(given.get(name) or "")
        out.append(int(size.group(1)) if size else found.get(name))
    return out[0], out[1]


def _is_placeholder(src: str) -> bool:
    if src.startswith("data:"):
        return len(src) <= _TINY_DATA or not _DATA_IMAGE.match(src)
    lower = src.lower()
    # Twenty looks for a fixed text take a tenth of one search for alternatives without case.
    return any([part in lower for part in _placeholders()])  # noqa: C419


@cache
def _pixel_paths() -> tuple[str, ...]:
    return tuple(read("hosts")["pixel_paths"])


@cache
def _placeholders() -> tuple[str, ...]:
    return tuple(read("hosts")["placeholders"])


def _lazy_source(given: dict[str, str | None]) -> str:
    if not any(name.startswith("data-") for name in given):
        return ""
    for name in read("hosts")["lazy_sources"]:
        value = given.get(name)
        if value and value.strip() and not value.strip().startswith(("data:", "{")):
            value = value.strip()
            return value.split(None, 1)[0].rstrip(",") if "srcset" in name else value
    return ""


def _source(written: str, lazy: str, candidates: list[tuple[str, str]], page: Page) -> str | None:
    if written and not lazy and not _is_placeholder(written):
        return _image_url(written, page)
    if lazy:
        found = _image_url(lazy, page)
        if found:
            return found
    if candidates:
        return _best(candidates)
    # A transparent data image that no script will swap is nobody's picture; a small real one may be.
    if written.startswith("data:"):
        return written if len(written) > _TINY_DATA and _is_small_data(written) else None
    return _image_url(written, page) if written else None


def _image_url(value: str, page: Page) -> str | None:
    if value[:5].lower() == "data:":
        return value if _is_small_data(value) else None
    url = resolve(value, page)
    return None if url is None or url.startswith(("mailto:", "tel:")) else url


def _is_small_data(value: str) -> bool:
    return len(value) * 3 // 4 <= MAX_DATA_BYTES and _DATA_IMAGE.match(value) is not None


def _best(candidates: list[tuple[str, str]]) -> str:
    """The widest candidate up to 1600 px, else the narrowest."""
    sized = [(int(float(text[:-1])), url) for url, text in candidates if text.endswith("w")]
    if not sized:
        return candidates[0][0]
    fitting = [pair for pair in sized if pair[0] <= MAX_WIDTH]
    return max(fitting)[1] if fitting else min(sized)[1]


def _srcset(value: str, page: Page) -> list[tuple[str, str]]:
    """Valid candidates of a srcset: http(s) addresses with one descriptor (HTML Standard, 4.8.4.2.1)."""
    if not value:
        return []
    out: dict[str, tuple[str, str]] = {}
    rest = value.strip()
    while rest and len(out) < 40:
        part = rest.lstrip(" \t\n\r\f,")
        url, _, rest = part.partition(" ") if " " in part else (*part.partition("\n")[:2], part.partition("\n")[2])
        if url.endswith(","):
            descriptor, url = "", url.rstrip(",")
        else:
            descriptor, _, rest = rest.partition(",")
            descriptor = descriptor.strip()
        if descriptor and not _DESCRIPTOR.fullmatch(descriptor):
            continue
        found = None if url[:5].lower() == "data:" else _image_url(url, page)
        if found and found.startswith(("http", "/")) and not _is_placeholder(found):
            out.setdefault(descriptor, (found, descriptor))
    return list(out.values())


def _from_picture(node: LexborNode, page: Page) -> list[tuple[str, str]]:
    """The last source of the `picture` around an image: the format that the most readers show."""
    parent = node.parent
    if parent is None or parent.tag != "picture":
        return []
    for source in reversed(parent.css("source")):
        given = source.attributes
        found = _srcset(given.get("srcset") or given.get("data-srcset") or "", page)
        if found:
            return found
    return []


def _open_noscripts(page: Page) -> None:
    """`noscript` that holds an image: use it instead of the lazy one beside it, or drop it as its copy."""
    for node in page.elements.get("noscript", ()):
        inner = node.css_first("img")
        if inner is None:
            continue
        image = _judge(inner, page)
        page.images[inner.mem_id] = image
        if not isinstance(image, Image):
            continue
        twin = _image_beside(node)
        if twin is None:
            page.opened.add(node.mem_id)
            continue
        real = _judge(twin, page)
        given = twin.attributes
        lazy = _is_placeholder((given.get("src") or "").strip() or "data:") or bool(_lazy_source(given))
        if lazy or not isinstance(real, Image):
            page.images[twin.mem_id] = None
            page.opened.add(node.mem_id)
            page.ledger.add(STEP, "image taken from noscript", shorten(image.src))
        elif real.src != image.src:
            page.opened.add(node.mem_id)


def _image_beside(node: LexborNode) -> LexborNode | None:
    """The image that a `noscript` stands in for: the element before it, else the one behind it."""
    for forward in (False, True):
        other = node.next if forward else node.prev
        while other is not None and not other.is_element_node:
            other = other.next if forward else other.prev
        if other is None:
            continue
        if other.tag == "img":
            return other
        images = other.css("img")
        if len(images) == 1 and not other.text().strip() and other.tag != "noscript":
            return images[0]
    return None


def _unwrap_links_to_themselves(page: Page) -> None:
    """A link around an image that only leads to that very image adds nothing."""
    if not page.images:
        return
    sources = {image.src for image in page.images.values() if isinstance(image, Image)}
    for node in page.elements.get("a", ()):
        href = page.hrefs.get(node.mem_id)
        if href is None or href not in sources or node.text().strip():
            continue
        shown = [image for inner in node.css("img") if isinstance(image := page.images.get(inner.mem_id), Image)]
        if len(shown) == 1 and shown[0].src == href:
            page.hrefs[node.mem_id] = None
