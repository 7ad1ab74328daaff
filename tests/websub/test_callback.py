"""What comes to a callback (T76): questions of the hub, documents, and what strangers try."""

from __future__ import annotations

import socket
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

import pytest

from feedmill.feeds.source import Source
from feedmill.feeds.subscription import SubscriptionStanding
from feedmill.ingest.subscriber import MAX_PUSH_BYTES, MOST_WAITING


def state(planet):
    return planet.subscription.standing


def test_t76_an_unknown_token_is_told_that_nobody_listens(subscribed, hub, tools):
    for name in ("x", "a" * 43, "../../etc/passwd", "%00", "'; DROP TABLE subscriptions; --" + "x" * 20):
        for body in (None, b"<rss/>"):
            heard = tools.call(
                f"{subscribed.public}websub/{name.replace(' ', '%20')}", body=body, X_Hub_Signature="sha1=0"
            )
            assert heard.status in (404, 410)
    assert tools.call(f"{subscribed.public}websub/{'b' * 43}", body=b"x").status == 410


def test_t76_a_question_that_nothing_of_ours_waits_for_is_answered_with_404(planet, hub):
    hub.verifies = False
    planet.subscribe()
    form = hub.forms[0]

    assert hub.verify(form, mode="unsubscribe").status == 404
    assert hub.verify(form, mode="publish").status == 404
    assert hub.verify(form, challenge="").status == 404
    assert hub.verify(form, topic="").status == 404
    assert state(planet) is SubscriptionStanding.WANTED
    assert hub.verify(form).status == 200
    assert hub.verify(form).status == 200  # our answer was lost: the same question is answered the same way
    planet.later(hours=2)
    assert hub.verify(form).status == 404  # nothing waits any more


def test_t76_a_challenge_comes_back_as_plain_text_that_no_browser_runs(planet, hub):
    hub.verifies = False
    planet.subscribe()
    script = "<script>alert(1)</script>é"

    heard = hub.verify(hub.forms[0], challenge=script)

    assert heard.body.decode() == script
    assert heard.headers["content-type"] == "text/plain; charset=utf-8"
    assert heard.headers["x-content-type-options"] == "nosniff"
    assert heard.headers["content-security-policy"] == "default-src 'none'"


def test_t76_a_replay_changes_nothing(subscribed, blog, hub):
    blog.post("two", subscribed.now)
    document = blog.document

    heard = [hub.deliver(document).status for _ in range(3)]
    reports = subscribed.take()

    assert heard == [202, 202, 202]
    assert len(reports) == 1
    assert hub.deliver(document).status == 202
    assert subscribed.take() == []
    assert subscribed.subscription.pushes == 1


def test_t76_an_old_document_that_comes_late_does_not_take_an_entry_back(make_planet, blog, hub, tools):
    def atom(words, updated):
        return (
            '<feed xmlns="http://www.w3.org/2005/Atom"><title>A</title><id>urn:a</id>'
            f"<updated>{updated}</updated><entry><id>urn:a:1</id><title>{words}</title><updated>{updated}</updated>"
            f"<published>2026-03-01T00:00:00Z</published><content>Words of the post, {words}.</content></entry></feed>"
        ).encode()

    body = atom("second version", "2026-03-02T00:00:00Z")
    blog.link(hub.hub)
    blog.on["GET", "/feed"] = lambda handler, _: tools.answer(handler, 200, body, *blog.fields)
    planet = make_planet(blog.feed)
    planet.subscribe()

    hub.deliver(atom("first version", "2026-03-01T00:00:00Z"))
    (report,) = planet.take()

    assert report.changed == 0
    assert planet.titles() == ["second version"]


def test_t76_a_body_above_the_cap_is_refused_before_it_is_read(subscribed, hub):
    place = urlsplit(hub.forms[0]["hub.callback"])
    with socket.create_connection((place.hostname, place.port), timeout=10) as sock:
        head = f"POST {place.path} HTTP/1.1\r\nHost: x\r\nContent-Length: {MAX_PUSH_BYTES + 1}\r\n\r\n"
        sock.sendall(head.encode())
        assert b" 413 " in sock.recv(4096)
    assert subscribed.subscription.pushes == 0


def test_t76_a_packed_bomb_is_not_unpacked_beyond_the_limit(subscribed, hub):
    import gzip

    bomb = gzip.compress(b"a" * 50_000_000)

    assert hub.deliver(bomb, Content_Encoding="gzip").status == 415
    assert subscribed.subscription.pushes == 0


def test_a_packed_document_is_read(subscribed, blog, hub):
    import gzip

    blog.post("two", subscribed.now)

    assert hub.deliver(gzip.compress(blog.document), Content_Encoding="gzip").status == 202
    assert [report.new for report in subscribed.take()] == [1]


def test_no_more_than_a_few_documents_of_a_source_wait(subscribed, blog, hub):
    heard = []
    for number in range(MOST_WAITING + 2):
        blog.post(f"p{number}", subscribed.now)
        heard.append(hub.deliver(blog.document))

    assert [each.status for each in heard] == [202] * MOST_WAITING + [503] * 2
    assert heard[-1].headers["retry-after"] == "60"
    assert len(subscribed.take()) == MOST_WAITING
    assert hub.deliver(blog.document).status == 202  # the hub tries again, and nothing is lost


def test_other_methods_are_not_for_callbacks(subscribed, hub, tools):
    for method in ("PUT", "DELETE", "OPTIONS"):
        assert tools.call(hub.forms[0]["hub.callback"], method=method).status == 405


def test_a_refusal_is_noted_with_its_reason_in_one_line(subscribed, hub):
    heard = hub.verify(hub.forms[0], mode="denied", reason="not\r\n\x1b[31mfor you" + "!" * 500)

    assert heard.status == 200
    assert state(subscribed) is SubscriptionStanding.DENIED
    assert subscribed.subscription.detail.isprintable()
    assert len(subscribed.subscription.detail) < 300
    assert subscribed.record.state.next_fetch == subscribed.now  # told no more, so we look ourselves
    assert hub.deliver(b"<rss/>").status == 410
    assert subscribed.tend() == 0
    subscribed.later(days=8)
    assert subscribed.tend() == 1


def test_a_refusal_for_another_topic_is_none_of_ours(subscribed, hub):
    assert hub.verify(hub.forms[0], mode="denied", topic="http://other.example/").status == 404
    assert state(subscribed) is SubscriptionStanding.ACTIVE


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ("3600", 1 / 24),
        ("864000", 10),
        ("99999999999999999999", 1),
        ("999999999", 30),
        ("0", 1),
        ("-5", 1),
        ("soon", 1),
    ],
)
def test_a_lease_is_believed_within_reason(planet, hub, said, days):
    hub.lease = said

    planet.subscribe()

    assert planet.subscription.lease_until == planet.now + timedelta(days=days)


def test_a_hub_that_names_no_lease_has_given_one_for_a_day(planet, hub):
    hub.lease = None

    planet.subscribe()

    assert planet.subscription.lease_until == planet.now + timedelta(days=1)


def test_a_source_that_is_configured_no_more_takes_nothing_and_is_given_up(subscribed, blog, hub):
    subscribed.mill.store.reconcile([], subscribed.now)
    blog.post("two", subscribed.now)

    assert hub.deliver(blog.document).status == 410
    subscribed.tend()

    assert [form["hub.mode"] for form in hub.forms] == ["subscribe", "unsubscribe"]
    assert hub.verifications[-1].status == 200
    subscribed.tend()
    assert subscribed.mill.store.subscriptions() == []
    assert hub.deliver(blog.document, secret=hub.forms[0]["hub.secret"]).status == 410


def test_a_push_that_waits_is_thrown_away_with_its_source(subscribed, blog, hub):
    blog.post("two", subscribed.now)
    hub.deliver(blog.document)
    subscribed.mill.store.reconcile([], subscribed.now)

    assert subscribed.take() == []
    subscribed.mill.store.reconcile([Source(url=blog.feed)], subscribed.now)
    assert subscribed.take() == []
    assert subscribed.titles() == ["Post one"]


def test_a_flood_of_parameters_is_read_up_to_a_bound(subscribed, hub, tools):
    query = urlencode([(f"p{number}", "x") for number in range(900)])

    assert tools.call(f"{hub.forms[0]['hub.callback']}?{query}").status == 404
