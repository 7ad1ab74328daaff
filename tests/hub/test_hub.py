"""Our hub as subscribers meet it: what it refuses, whom it believes, how it repeats itself, what it survives."""

from __future__ import annotations

import hmac
import http.client
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from feedmill.feeds.hub import pair_key
from feedmill.ingest.options import FetchOptions
from feedmill.publish.hub_calls import HubPace
from feedmill.publish.hub_form import HubLimits

NEWS = b"<feed>news</feed>"


def test_the_hubs_address_tells_a_person_what_it_is_and_refuses_other_methods(planet: Callable) -> None:
    planet = planet()
    connection = http.client.HTTPConnection("127.0.0.1", planet.port, timeout=10)
    found = []
    for method in ("GET", "HEAD", "PUT"):
        connection.request(method, "/hub")
        answer = connection.getresponse()
        found.append((answer.status, answer.getheader("x-content-type-options"), b"WebSub hub" in answer.read()))
        connection.close()

    assert found == [(200, "nosniff", True), (200, "nosniff", False), (405, "nosniff", False)]


def refused(planet, **changes: str | None) -> tuple[int, str]:
    asked: dict[str, str | None] = {
        "hub.mode": "subscribe",
        "hub.topic": f"{planet.url}atom.xml",
        "hub.callback": "http://127.0.0.1:9/callback",
        **{name.replace("_", ".", 1): value for name, value in changes.items()},
    }
    return planet.post({name: value for name, value in asked.items() if value is not None})


WRONG: list[tuple[dict[str, str | None], int, str]] = [
    ({"hub_mode": None}, 400, "hub.mode"),
    ({"hub_mode": "subscribble"}, 400, "hub.mode"),
    ({"hub_topic": None}, 400, "hub.topic is missing"),
    ({"hub_topic": "https://elsewhere.example/atom.xml"}, 404, "not a feed that is published here"),
    ({"hub_topic": "atom.xml"}, 404, "not a feed"),
    ({"hub_topic": "http://[bad/atom.xml"}, 404, "not a feed"),
    ({"hub_callback": None}, 400, "hub.callback is missing"),
    ({"hub_callback": "ftp://callback.example/"}, 400, "http:// or https://"),
    ({"hub_callback": "javascript:alert(1)"}, 400, "http:// or https://"),
    ({"hub_callback": "https:///path"}, 400, "http:// or https://"),
    ({"hub_callback": "https://user:pass@callback.example/"}, 400, "user name"),
    ({"hub_callback": "https://callback.example/#part"}, 400, "fragment"),
    ({"hub_callback": "https://callback.example/" + "x" * 2000}, 400, "longer than"),
    ({"hub_secret": "s" * 200}, 400, "less than 200 bytes"),
    ({"hub_secret": "ß" * 100}, 400, "less than 200 bytes"),
    ({"hub_lease_seconds": "-1"}, 400, "lease_seconds"),
    ({"hub_lease_seconds": "1.5"}, 400, "lease_seconds"),
    ({"hub_lease_seconds": "soon"}, 400, "lease_seconds"),
]


def test_a_wrong_request_is_refused_with_a_reason_and_nothing_is_remembered(planet: Callable) -> None:
    planet = planet()
    for changes, status, word in WRONG:
        found, text = refused(planet, **changes)

        assert (found, word in text) == (status, True), (changes, text)
    assert planet.memory.counts().waiting == 0


def test_what_is_no_form_of_utf_8_is_refused(planet: Callable) -> None:
    planet = planet()

    assert planet.post(b"{}", **{"Content-Type": "application/json"})[0] == 415
    assert planet.post(b"hub.mode=%ff%fe")[0] == 400
    assert planet.post(b"hub.mode=\xff")[0] == 400
    assert planet.post("&".join(f"a{n}=1" for n in range(200)).encode())[0] == 400
    assert planet.post(b"hub.mode=subscribe&hub.mode=unsubscribe")[0] == 400
    assert planet.post(b"a=" + b"x" * 20_000)[0] == 413


def test_a_callback_in_a_private_network_is_refused(planet: Callable) -> None:
    planet = planet(limits=HubLimits(), fetching=FetchOptions())
    for place in (
        "127.0.0.1:9", "10.1.2.3", "[::1]", "2130706433", "0x7f.1", "localhost", "printer.local", "169.254.169.254",
        "[::ffff:127.0.0.1]", "router",
    ):  # fmt: skip
        assert planet.ask("subscribe", "atom.xml", f"http://{place}/callback")[0] in (400, 403), place
    assert planet.memory.counts().waiting == 0


def test_a_name_that_leads_to_a_private_address_is_accepted_and_never_connected_to(
    planet: Callable, subscriber, until: Callable
) -> None:
    """The guard is at the socket: what a name means is looked up once, by whoever connects."""
    planet = planet(limits=HubLimits(allow_private_networks=True), fetching=FetchOptions())
    with capture_logs() as logs:
        planet.subscribe("atom.xml", subscriber.url().replace("127.0.0.1", "localhost"))

    assert subscriber.received == []
    assert [line["event"] for line in logs if "loopback" in line.get("detail", "")] == ["not confirmed"]
    assert planet.memory.counts().subscriptions == 0


def test_one_topic_has_one_spelling_and_escapes_that_are_not_needed_are_undone(
    planet: Callable, subscriber, until: Callable
) -> None:
    planet = planet()
    planet.subscribe("atom.xml", subscriber.url("/call%62ack?x=%7e"))
    planet.subscribe(planet.url.replace("http", "HTTP") + "%61tom.xml", subscriber.url("/callback?x=~"))

    assert planet.memory.counts().subscriptions == 1
    assert subscriber.questions[1].query["hub.topic"].endswith("%61tom.xml")
    for wrong in ("atom.xml?x=1", "atom.xml#x", "index.html", "missing/atom.xml"):
        assert planet.ask("subscribe", wrong, subscriber.url())[0] == 404


def test_the_callbacks_own_query_comes_first_and_stays(planet: Callable, subscriber, until: Callable) -> None:
    planet = planet()
    planet.subscribe("atom.xml", subscriber.url("/callback?hub.mode=mine&id=7"))
    planet.publish("atom.xml", NEWS)

    assert until(lambda: subscriber.deliveries)
    assert subscriber.questions[0].path.startswith("/callback?hub.mode=mine&id=7&hub.mode=subscribe&hub.topic=")
    assert subscriber.deliveries[0].path == "/callback?hub.mode=mine&id=7"


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, "{challenge}"), (200, "{challenge}\n"), (200, "something else"), (200, ""), (302, "{challenge}"), (410, "")],
)
def test_only_2xx_with_exactly_the_challenge_confirms(
    planet: Callable, subscriber, until: Callable, status: int, body: str
) -> None:
    """And a refusal leaves an earlier subscription as it was (WebSub 5.1)."""
    planet = planet()
    planet.subscribe("atom.xml", subscriber.url(), secret="first")
    subscriber.headers = {"Location": subscriber.url("/elsewhere")} if status == 302 else {}
    subscriber.ask = lambda question: (status, body.format(challenge=question.query["hub.challenge"]).encode())
    planet.subscribe("atom.xml", subscriber.url(), secret="second")
    planet.ask("unsubscribe", "atom.xml", subscriber.url())
    assert until(planet.settled)
    planet.publish("atom.xml", NEWS)

    assert until(lambda: subscriber.deliveries)
    expected = hmac.new(b"first", NEWS, "sha256").hexdigest()
    assert subscriber.deliveries[0].headers["x-hub-signature"] == f"sha256={expected}"
    assert len(subscriber.questions) == 3


def test_every_question_has_a_challenge_of_its_own(planet: Callable, subscriber) -> None:
    planet = planet()
    for _ in range(3):
        planet.subscribe("atom.xml", subscriber.url())

    assert len({question.query["hub.challenge"] for question in subscriber.questions}) == 3


def test_a_callback_that_is_not_up_yet_is_asked_again(planet: Callable, subscriber, until: Callable) -> None:
    planet = planet()
    answers = iter([(503, b"")])
    subscriber.ask = lambda question: next(answers, (200, question.query["hub.challenge"].encode()))
    planet.subscribe("atom.xml", subscriber.url())

    assert len(subscriber.questions) == 2
    assert planet.memory.counts().subscriptions == 1


@pytest.mark.parametrize(
    ("wished", "granted"),
    [(None, 864_000), ("", 864_000), ("0", 864_000), ("7200", 7200), ("1", 300), ("9" * 40, 2_592_000)],
)
def test_leases_are_told_and_end(
    planet: Callable, subscriber, until: Callable, wished: str | None, granted: int
) -> None:
    planet = planet()
    before = datetime.now(UTC)
    planet.subscribe("atom.xml", subscriber.url(), **({} if wished is None else {"lease_seconds": wished}))

    assert subscriber.questions[0].query["hub.lease_seconds"] == str(granted)
    assert planet.memory.expire(before + timedelta(seconds=granted - 2)) == 0
    assert planet.memory.expire(datetime.now(UTC) + timedelta(seconds=granted)) == 1


def test_nothing_is_delivered_after_the_lease(planet: Callable, subscriber, until: Callable) -> None:
    """Also when nobody has tidied up yet."""
    planet = planet()
    planet.subscribe("atom.xml", subscriber.url())
    planet.memory.owe({f"{planet.url}atom.xml": b"\1" * 16}, datetime.now(UTC) + timedelta(days=11))
    late = datetime.now(UTC) + timedelta(days=11)

    assert planet.memory.claim_deliveries(late, limit=9, per_host=9, lease=timedelta(0), late=False) == []


def test_a_failed_delivery_is_repeated_with_the_bytes_of_then(planet: Callable, subscriber, until: Callable) -> None:
    planet = planet()
    planet.subscribe("atom.xml", subscriber.url())
    subscriber.status = 500
    planet.publish("atom.xml", NEWS)
    assert until(lambda: subscriber.deliveries)
    planet.publish("atom.xml", b"<feed>newer</feed>")
    assert until(lambda: len(subscriber.deliveries) > 1)
    subscriber.status = 200

    assert until(lambda: planet.memory.counts().failing == 0 and len(subscriber.deliveries) > 2)
    assert subscriber.deliveries[-1].body == b"<feed>newer</feed>"


@pytest.mark.parametrize("status", [302, 500])
def test_after_the_last_try_the_subscription_waits_for_the_next_change(
    planet: Callable, subscribers: Callable, until: Callable, status: int
) -> None:
    """Section 7: the subscription stays until its lease ends. Redirects are failures and are not followed."""
    planet = planet()
    subscriber, elsewhere = subscribers(), subscribers()
    planet.subscribe("atom.xml", subscriber.url())
    subscriber.status, subscriber.headers = status, {"Location": elsewhere.url()}
    planet.publish("atom.xml", NEWS)
    assert until(lambda: len(subscriber.deliveries) == 4)
    time.sleep(1.5)
    assert len(subscriber.deliveries) == 4
    assert elsewhere.received == []
    [trouble] = planet.memory.counts().troubles
    assert trouble.startswith(f"127.0.0.1: it answered {status}")
    subscriber.status = 202
    planet.publish("atom.xml", b"<feed>newer</feed>")

    assert until(lambda: len(subscriber.deliveries) == 5)
    assert until(lambda: planet.memory.counts().failing == 0)


def test_410_ends_the_subscription(planet: Callable, subscriber, until: Callable) -> None:
    planet = planet()
    planet.subscribe("atom.xml", subscriber.url())
    subscriber.status = 410
    planet.publish("atom.xml", NEWS)

    assert until(lambda: planet.memory.counts().subscriptions == 0)
    assert len(subscriber.deliveries) == 1


def test_retry_after_is_respected(planet: Callable, subscriber, until: Callable) -> None:
    planet = planet()
    planet.subscribe("atom.xml", subscriber.url())
    subscriber.status, subscriber.headers = 503, {"Retry-After": "3600"}
    planet.publish("atom.xml", NEWS)
    assert until(lambda: planet.memory.counts().failing)
    time.sleep(1.5)

    assert len(subscriber.deliveries) == 1
    due = planet.memory.next_due()
    assert due is not None
    assert due > datetime.now(UTC) + timedelta(minutes=55)


def test_slow_callbacks_delay_nobody_else(planet: Callable, subscribers: Callable, until: Callable) -> None:
    """Of one host or of several: `localhost` and the address are two."""
    planet = planet(
        pace=HubPace(look=timedelta(seconds=0.1), deliveries=4, late=1, per_host=2, first_timeout=timedelta(seconds=20))
    )
    slow, quick = subscribers(), subscribers()
    slow.hold = threading.Event()
    for number in range(8):
        planet.subscribe("atom.xml", slow.url(f"/slow{number}"))
    planet.subscribe("atom.xml", quick.url().replace("127.0.0.1", "localhost"))
    planet.publish("atom.xml", NEWS)

    assert until(lambda: quick.deliveries, 15)
    assert until(lambda: len(slow.deliveries) == 2)
    time.sleep(0.5)
    assert len(slow.deliveries) == 2
    slow.hold.set()
    assert until(lambda: len(slow.deliveries) == 8)


def test_what_is_owed_survives_a_restart(planet: Callable, subscribers: Callable, until: Callable) -> None:
    """Subscriptions, a request not verified yet, a delivery that failed, a change that came while nobody served."""
    first = planet()
    steady, failing, waiting = subscribers(), subscribers(), subscribers()
    failing.status = 500
    waiting.ask = lambda _: (503, b"")
    first.subscribe("atom.xml", steady.url(), secret="s")
    first.subscribe("rss.xml", failing.url())
    first.publish("rss.xml", b"<rss>news</rss>")
    assert until(lambda: first.memory.counts().failing == 1)
    first.ask("subscribe", "atom.xml", waiting.url())
    assert until(lambda: waiting.questions)
    first.stop()
    first.publish("atom.xml", NEWS, refresh=False)
    failing.status = 200
    waiting.ask = lambda question: (200, question.query["hub.challenge"].encode())
    second = planet(port=first.port)

    assert until(lambda: steady.deliveries and len(failing.deliveries) > 1)
    assert steady.deliveries[0].body == NEWS
    assert "x-hub-signature" in steady.deliveries[0].headers
    assert failing.deliveries[-1].body == b"<rss>news</rss>"
    assert until(lambda: second.memory.counts().subscriptions == 3)


def test_a_topic_that_is_gone_for_a_day_is_denied(planet: Callable, subscriber, until: Callable) -> None:
    """Before that it may be a mistake of a deployment, and the subscription waits."""
    ahead = [timedelta(0)]
    planet = planet(clock=lambda: datetime.now(UTC) + ahead[0])
    planet.subscribe("rss.xml", subscriber.url("/callback?a=b"))
    (planet.folder / "rss.xml").unlink()
    planet.shelf.refresh()
    ahead[0] = timedelta(minutes=2)
    time.sleep(1)  # twenty looks, in one of which it is missed
    assert planet.memory.counts().subscriptions == 1
    ahead[0] = timedelta(days=1, minutes=3)

    assert until(lambda: len(subscriber.questions) == 2)
    told = subscriber.questions[1]
    assert told.path.startswith("/callback?a=b&")
    assert told.query["hub.mode"] == "denied"
    assert told.query["hub.topic"] == f"{planet.url}rss.xml"
    assert told.query["hub.reason"] == "it is not published any more"
    assert until(planet.settled)
    assert planet.memory.counts().subscriptions == 0


def test_a_topic_that_went_between_request_and_question_is_denied(
    planet: Callable, subscriber, until: Callable
) -> None:
    planet = planet(pace=HubPace(look=timedelta(seconds=0.1), verification_pauses=(timedelta(seconds=1),)))
    subscriber.ask = lambda _: (503, b"")
    assert planet.ask("subscribe", "rss.xml", subscriber.url())[0] == 202
    assert until(lambda: subscriber.questions)
    (planet.folder / "rss.xml").unlink()
    planet.shelf.refresh()

    assert until(planet.settled)
    assert subscriber.questions[-1].query["hub.mode"] == "denied"


def test_caps_hold_for_one_topic_one_host_and_all(planet: Callable, subscribers: Callable) -> None:
    """Requests count as much as subscriptions; renewals are no new ones."""
    limits = HubLimits(allow_private_networks=True, most=5, most_of_host=4, most_of_topic=2)
    planet = planet(limits=limits, pace=HubPace(verification_pauses=(timedelta(hours=1),)))
    planet.publish("feed.json", b"{}")
    one = subscribers()
    one.ask = lambda _: (503, b"")
    answers = [planet.ask("subscribe", "atom.xml", one.url(f"/{number}"))[0] for number in (1, 2, 3, 2)]
    answers += [planet.ask("subscribe", "rss.xml", one.url(f"/{number}"))[0] for number in (1, 2)]
    answers += [planet.ask("subscribe", "feed.json", one.url())[0]]
    other = one.url().replace("127.0.0.1", "localhost")
    answers += [planet.ask("subscribe", name, other)[0] for name in ("atom.xml", "rss.xml")]

    assert answers == [202, 202, 429, 202, 202, 202, 429, 202, 503]


def test_a_notice_of_a_publisher_is_accepted_and_changes_nothing(planet: Callable, subscriber, until: Callable) -> None:
    """We see what is published; a stranger can make us send nothing."""
    planet = planet()
    planet.subscribe("atom.xml", subscriber.url())
    topic = f"{planet.url}atom.xml"

    assert planet.post([("hub.mode", "publish"), ("hub.url", topic), ("hub.topic", topic)])[0] == 202
    assert planet.post({"hub.mode": "publish", "hub.url": "https://elsewhere.example/feed"})[0] == 404
    assert planet.post({"hub.mode": "publish"})[0] == 400
    time.sleep(1.2)
    assert subscriber.deliveries == []


def test_unchanged_bytes_and_bytes_that_come_back_are_not_sent(planet: Callable, subscriber, until: Callable) -> None:
    planet = planet()
    planet.subscribe("atom.xml", subscriber.url())
    planet.publish("atom.xml", b"<feed>first</feed>")
    planet.publish("index.html", b"<p>other</p>")
    time.sleep(1.2)
    assert subscriber.deliveries == []
    planet.publish("atom.xml", NEWS)

    assert until(lambda: subscriber.deliveries)


def test_no_log_line_holds_a_secret_or_a_callbacks_address(planet: Callable, subscriber, until: Callable) -> None:
    with capture_logs() as logs:
        planet = planet()
        planet.subscribe("atom.xml", subscriber.url("/unguessable-token"), secret="very secret")
        subscriber.status = 500
        planet.publish("atom.xml", NEWS)
        assert until(lambda: planet.memory.counts().failing)
        subscriber.status = 200
        assert until(lambda: planet.memory.counts().failing == 0)
        planet.ask("unsubscribe", "atom.xml", subscriber.url("/unguessable-token"))
        assert until(planet.settled)

    events = [line["event"] for line in logs if line["event"] != "topics changed"]
    assert events[0] == "confirmed"
    assert set(events) == {"not delivered yet", "delivered again", "confirmed"}
    assert "unguessable" not in str(logs)
    assert "very secret" not in str(logs)


def test_keys_of_pairs_do_not_mix_their_halves() -> None:
    assert pair_key("a", "bc") != pair_key("ab", "c")
