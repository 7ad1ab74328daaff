"""Which prepared answer a request gets: pure, so each row of the table is one request."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmill.publish.headers import Policy
from feedmill.publish.negotiate import choose, prefer
from feedmill.publish.shelf import Representation, represent

MODIFIED = 1_700_000_000  # Tue, 14 Nov 2023 22:13:20 GMT
TEXT = represent("/atom.xml", b"grain " * 500, bytes(range(16)), MODIFIED, policy=Policy())
TINY = represent("/status.json", b"{}", bytes(16), MODIFIED, policy=Policy())
PLAIN_TAG = TEXT.identity.etag
assert TEXT.gzip is not None
GZIP_TAG = TEXT.gzip.etag


def ask(
    representation: Representation = TEXT,
    *,
    ae: bytes | None = None,
    inm: bytes | None = None,
    ims: bytes | None = None,
) -> tuple[int, bytes]:
    choice = choose(representation, accept_encoding=ae, if_none_match=inm, if_modified_since=ims)
    return choice.status, choice.variant.etag


@pytest.mark.parametrize(
    ("accept_encoding", "is_gzip"),
    [
        (None, False),
        (b"", False),
        (b"gzip", True),
        (b"GZIP", True),
        (b"x-gzip", True),
        (b"gzip, deflate, br", True),
        (b"br;q=1.0, gzip;q=0.8, *;q=0.1", True),
        (b"gzip;q=0", False),
        (b"gzip;q=0.000", False),
        (b"gzip ; q=0.5", True),
        (b"gzip;q=0.001", True),
        (b"gzip;q=0.5, identity", False),
        (b"gzip;q=0.5, identity;q=0.5", True),
        (b"gzip;q=0.5, identity;q=0.6", False),
        (b"identity;q=0, gzip;q=0.1", True),
        (b"*", True),
        (b"*;q=0, gzip", True),
        (b"gzip;q=0, *", False),
        (b"deflate, br", False),
        (b"gzip;q=banana", False),
        (b"gzip;q=1.5", False),
        (b"gzip;q=-1", False),
        (b"gzip;level=9;q=0.7", True),
        (b",,gzip,,", True),
        (b"notgzip", False),
        (b"\xff\xfe, gzip", True),
    ],
)
def test_gzip_is_sent_exactly_when_the_client_wants_it(accept_encoding: bytes | None, is_gzip: bool) -> None:
    """RFC 9110, 12.5.3, with q-values."""
    assert ask(ae=accept_encoding) == (200, GZIP_TAG if is_gzip else PLAIN_TAG)


@pytest.mark.parametrize("accept_encoding", [b"identity;q=0", b"*;q=0", b"br, identity;q=0", b"gzip;q=0, identity;q=0"])
def test_no_coding_left_is_406(accept_encoding: bytes) -> None:
    """A client that rules out all we have gets told so instead of bytes it cannot read."""
    assert ask(ae=accept_encoding)[0] == 406


def test_a_file_that_gzip_does_not_shrink_is_sent_plain() -> None:
    """And identity;q=0 for it is 406, as there is nothing else."""
    assert TINY.gzip is None
    assert ask(TINY, ae=b"gzip") == (200, TINY.identity.etag)
    assert ask(TINY, ae=b"gzip, identity;q=0")[0] == 406


@pytest.mark.parametrize(
    ("if_none_match", "status"),
    [
        (PLAIN_TAG, 304),
        (b"W/" + PLAIN_TAG, 304),
        (GZIP_TAG, 304),
        (b"*", 304),
        (b" * ", 304),
        (b'"other"', 200),
        (b'"other", ' + PLAIN_TAG, 304),
        (b'"other",' + PLAIN_TAG + b',"more"', 304),
        (b'W/"other", W/' + GZIP_TAG, 304),
        (b'"a,b", ' + PLAIN_TAG, 304),
        (b"", 200),
        (b",", 200),
        (PLAIN_TAG.strip(b'"'), 200),
        (PLAIN_TAG.upper().replace(b"0", b"o"), 200),
        (b"w/" + PLAIN_TAG, 200),
        (b"\xff\x00", 200),
    ],
)
def test_if_none_match_compares_weakly_in_lists_and_with_a_star(if_none_match: bytes, status: int) -> None:
    """RFC 9110, 13.1.2; the tags of both codings count."""
    assert ask(inm=if_none_match)[0] == status


def test_304_carries_the_tag_that_the_client_holds() -> None:
    """A cache must know which of its stored answers is meant (RFC 9110, 15.4.5)."""
    assert ask(inm=GZIP_TAG) == (304, GZIP_TAG)
    assert ask(inm=PLAIN_TAG, ae=b"gzip") == (304, PLAIN_TAG)
    assert ask(inm=PLAIN_TAG + b", " + GZIP_TAG, ae=b"gzip") == (304, GZIP_TAG)
    assert ask(inm=b"*", ae=b"gzip") == (304, GZIP_TAG)


@pytest.mark.parametrize(
    ("if_modified_since", "status"),
    [
        (b"Tue, 14 Nov 2023 22:13:20 GMT", 304),
        (b"Tue, 14 Nov 2023 22:13:21 GMT", 304),
        (b"Tue, 14 Nov 2023 22:13:19 GMT", 200),
        (b"Tuesday, 14-Nov-23 22:13:20 GMT", 304),
        (b"Tue Nov 14 22:13:20 2023", 304),
        (b"Tue, 14 Nov 2023 22:13:20 +0000", 304),
        (b"Wed, 01 Jan 2031 00:00:00 GMT", 304),
        (b"Thu, 01 Jan 1970 00:00:00 GMT", 200),
        (b"yesterday", 200),
        (b"", 200),
        (b"0", 200),
        (b"Tue, 99 Nov 2023 22:13:20 GMT", 200),
        (b"\xff", 200),
        (b"Tue, 14 Nov 99999 22:13:20 GMT", 200),
    ],
)
def test_if_modified_since_means_not_newer(if_modified_since: bytes, status: int) -> None:
    """All three date forms; what is no date counts as not sent (RFC 9110, 13.1.3)."""
    assert ask(ims=if_modified_since)[0] == status


def test_if_none_match_beats_if_modified_since() -> None:
    """Also when it says that the content changed (RFC 9110, 13.2.2)."""
    assert ask(inm=b'"other"', ims=TEXT.last_modified)[0] == 200
    assert ask(inm=PLAIN_TAG, ims=b"Thu, 01 Jan 1970 00:00:00 GMT")[0] == 304


def test_a_matching_tag_gets_its_304_even_without_an_acceptable_coding() -> None:
    """Nothing is sent, so nothing has to be decoded."""
    assert ask(inm=PLAIN_TAG, ae=b"identity;q=0")[0] == 304


@given(
    ae=st.none() | st.binary(max_size=60),
    inm=st.none() | st.binary(max_size=60),
    ims=st.none() | st.binary(max_size=60),
)
def test_no_header_value_can_raise(ae: bytes | None, inm: bytes | None, ims: bytes | None) -> None:
    """Whatever comes, there is an answer."""
    assert ask(ae=ae, inm=inm, ims=ims)[0] in (200, 304, 406)


def test_reading_a_header_twice_costs_a_look_up() -> None:
    """Clients send a few dozen different values."""
    assert prefer(b"gzip, deflate") is prefer(b"gzip, deflate")
