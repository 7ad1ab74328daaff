"""Which parameters, fragments and hosts only track: facts, as data. Reference cleaning.md section 3.2.

In:  a parameter's name and value, a host.
Out: whether it tracks.
Never: a name that some site needs to find its page (`id`, `p`, `page`, `v`): when in doubt it stays.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from feedmill.ingest.word_table import words

PREFIXES = ("utm_", "mtm_", "pk_", "piwik_", "hsa_", "itm_")

NAMES = words(
    """fbclid gclid dclid gbraid wbraid gclsrc msclkid twclid yclid ysclid igshid mc_cid mc_eid _hsenc _hsmi mkt_tok
    vero_id oly_enc_id oly_anon_id rb_clickid wickedid _openstat srsltid __s s_cid ml_subscriber ml_subscriber_hash
    _bhlid __readwiselocation spref ref_src"""
)

# Only when the value is the feed's or site's own host, or says "from a feed" (Ghost's ?ref=, Medium's ?source=rss-...).
SELF_REFERENCE = frozenset({"ref", "source", "src"})
FEED_WORD = re.compile(r"(?:rss|feed|atom)(?:-.*)?", re.IGNORECASE)

# Only on these hosts: elsewhere the names mean something.
ON_HOST = {"r": ".substack.com", "action": ".substack.com"}

# `at_` belongs to AT Internet only in company (BBC: at_medium, at_campaign).
COMPANY = ("at_", "at_medium")

FRAGMENT = re.compile(r"(?:utm|xtor=|mtm_|\.[A-Za-z0-9_-]{5,16}\.[a-z_]+\Z)", re.IGNORECASE)

# A signed address breaks when anything goes.
SIGNATURES = frozenset({"signature", "sig", "token", "hmac", "policy"})

UNTOUCHED_HOST = re.compile(
    r"(?:\A|\.)(?:github\.com|gitlab\.com|bitbucket\.org|codeberg\.org)\Z|\A(?:bugs?|bugzilla|issues|jira|tracker)\."
)

REDIRECTOR = re.compile(
    r"https?://(?:(?:www\.)?google\.[a-z.]{2,6}/url\?|(?:l|lm|www|m)\.facebook\.com/l\.php\?|out\.reddit\.com/[^?]*\?"
    r"|(?P<bare>(?:www\.)?href\.li/\?))",
    re.IGNORECASE,
)

# --- for the key only ---

# Groups: whether the page is on https, and the page without its scheme.
AMP_CACHE = re.compile(
    r"https?://(?:[^/]+\.cdn\.ampproject\.org/[a-z]/|(?:www\.)?google\.[a-z.]{2,6}/amp/)(s/)?(.+)", re.IGNORECASE
)
AMP_PATH = re.compile(r"(?:\A|/)amp/?\Z|\.amp(?=\.html?\Z)|\Aamp/", re.IGNORECASE)
AMP_PAIR = re.compile(r"amp(?:=1|=true|=)?|outputtype=amp|m=[01]", re.IGNORECASE)
HOST_PREFIX = re.compile(r"\A(?:www|m|mobile|amp)\.")
INDEX_FILE = re.compile(r"(?:\A|(?<=/))(?:index|default)\.(?:html?|php|aspx?)\Z", re.IGNORECASE)
PLACE_ON_PAGE = re.compile(r"(?:more-\d+|respond|comments|top|content|disqus_thread|\d{1,2})\Z")


def is_signature(name: str) -> bool:
    """Whether a parameter of this name (lower-case) signs the address."""
    return name in SIGNATURES or name.startswith(("x-amz-", "x-goog-"))


def is_tracking(name: str, value: str, *, host: str, names: Collection[str], own_hosts: Collection[str]) -> bool:
    """Whether parameter `name` (lower-case) of a link to `host` only tracks; `names`: all names beside it."""
    if name.startswith(PREFIXES) or name in NAMES:
        return True
    if name in SELF_REFERENCE:
        return value.lower().removeprefix("www.") in own_hosts or FEED_WORD.fullmatch(value) is not None
    if name in ON_HOST:
        return ("." + host).endswith(ON_HOST[name])
    return name.startswith(COMPANY[0]) and COMPANY[1] in names
