"""The hub checks of websub.rocks, 100 to 106, on a served folder; each delivery is looked at as that suite does."""

from __future__ import annotations

import hmac
import http.client
import time
from collections.abc import Callable

import pytest

from feedmill.publish.topics import is_feed

NEWS = '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">Neuigkeiten ä</feed>'.encode()


def fetch(url: str) -> tuple[dict[str, str], bytes]:
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=10)
    try:
        connection.request("GET", f"/{path}")
        answer = connection.getresponse()
        return {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def check_delivery(planet, delivery, topic: str) -> None:
    """Body and type are the topic's; rel=hub is this hub, rel=self the topic."""
    headers, body = fetch(f"{planet.url}{topic}")

    assert body
    assert delivery.body == body
    assert delivery.headers["content-type"] == headers["content-type"]
    assert f'<{planet.hub_url}>; rel="hub"' in delivery.headers["link"]
    assert f'<{planet.url}{topic}>; rel="self"' in delivery.headers["link"]


def check_question(planet, question, topic: str, mode: str = "subscribe") -> None:
    assert question.query["hub.mode"] == mode
    assert question.query["hub.topic"] == f"{planet.url}{topic}"
    assert len(question.query["hub.challenge"]) >= 20
    if mode == "subscribe":
        assert int(question.query["hub.lease_seconds"]) > 0


def test_100_a_typical_subscription_is_verified_and_gets_changes_without_a_signature(
    planet: Callable, subscriber, until: Callable
) -> None:
    planet = planet()
    planet.subscribe("atom.xml", subscriber.url())
    check_question(planet, subscriber.questions[0], "atom.xml")
    assert subscriber.deliveries == []
    planet.publish("atom.xml", NEWS)

    assert until(lambda: subscriber.deliveries)
    check_delivery(planet, subscriber.deliveries[0], "atom.xml")
    assert "x-hub-signature" not in subscriber.deliveries[0].headers


def test_101_a_subscription_with_a_secret_gets_signed_changes(planet: Callable, subscriber, until: Callable) -> None:
    planet = planet()
    planet.subscribe("atom.xml", subscriber.url(), secret="Geheimnis ß")
    planet.publish("atom.xml", NEWS)

    assert until(lambda: subscriber.deliveries)
    method, _, signature = subscriber.deliveries[0].headers["x-hub-signature"].partition("=")
    assert method == "sha256"
    assert signature == hmac.new("Geheimnis ß".encode(), NEWS, "sha256").hexdigest()
    check_delivery(planet, subscriber.deliveries[0], "atom.xml")


def test_102_parameters_that_we_do_not_know_are_ignored(planet: Callable, subscriber, until: Callable) -> None:
    planet = planet()
    asked = {
        "hub.mode": "subscribe",
        "hub.topic": f"{planet.url}atom.xml",
        "hub.callback": subscriber.url(),
        "foo": "bar",
        "hub.foo": "hub.bar",
        "hub.verify": "sync",
    }
    assert planet.post(asked)[0] == 202
    assert until(planet.settled)
    planet.publish("atom.xml", NEWS)

    assert until(lambda: subscriber.deliveries)
    check_delivery(planet, subscriber.deliveries[0], "atom.xml")


def test_103_a_second_subscription_before_the_first_ends_renews_it_and_makes_no_other(
    planet: Callable, subscriber, until: Callable
) -> None:
    planet = planet()
    planet.subscribe("atom.xml", subscriber.url(), lease_seconds="3600", secret="old")
    planet.subscribe("atom.xml", subscriber.url(), lease_seconds="7200", secret="new")

    assert [question.query["hub.lease_seconds"] for question in subscriber.questions] == ["3600", "7200"]
    assert planet.memory.counts().subscriptions == 1
    planet.publish("atom.xml", NEWS)
    assert until(lambda: subscriber.deliveries)
    time.sleep(1)
    assert len(subscriber.deliveries) == 1
    expected = hmac.new(b"new", NEWS, "sha256").hexdigest()
    assert subscriber.deliveries[0].headers["x-hub-signature"] == f"sha256={expected}"


def test_104_after_a_verified_unsubscription_nothing_comes_any_more(
    planet: Callable, subscribers: Callable, until: Callable
) -> None:
    planet = planet()
    leaving, staying = subscribers(), subscribers()
    planet.subscribe("atom.xml", leaving.url())
    planet.subscribe("atom.xml", staying.url())
    assert planet.ask("unsubscribe", "atom.xml", leaving.url())[0] == 202
    assert until(planet.settled)
    check_question(planet, leaving.questions[-1], "atom.xml", "unsubscribe")
    planet.publish("atom.xml", NEWS)

    assert until(lambda: staying.deliveries)
    assert leaving.deliveries == []
    assert planet.memory.counts().subscriptions == 1


@pytest.mark.parametrize(
    ("number", "topic", "body", "kind"),
    [
        (105, "notes.txt", b"plain text\n", "text/plain; charset=utf-8"),
        (
            106,
            "feed.json",
            b'{"version": "https://jsonfeed.org/version/1.1", "title": "P", "items": []}',
            "application/feed+json; charset=utf-8",
        ),
    ],
)
def test_105_106_a_topic_in_plain_text_or_json_comes_as_it_is(
    planet: Callable, subscriber, until: Callable, number: int, topic: str, body: bytes, kind: str
) -> None:
    planet = planet(is_topic=lambda path: is_feed(path) or path.endswith(".txt"))
    planet.publish(topic, body[:-1] + b" " + body[-1:])
    planet.subscribe(topic, subscriber.url())
    planet.publish(topic, body)

    assert until(lambda: subscriber.deliveries), number
    check_delivery(planet, subscriber.deliveries[0], topic)
    assert subscriber.deliveries[0].headers["content-type"] == kind
