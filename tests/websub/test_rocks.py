"""The subscriber tests of websub.rocks, by their numbers, against a blog and a hub on loopback."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from feedmill.feeds.subscription import SubscriptionStanding

HUB = '<atom:link rel="hub" href="{hub}"/><atom:link rel="self" href="{topic}"/>'


def confirmed(planet, hub):
    """The subscription is active, and the hub got its challenge back."""
    assert hub.verifications[-1].status == 200
    assert hub.verifications[-1].body == b"a challenge of theirs"
    return planet.subscription.standing is SubscriptionStanding.ACTIVE


def test_100_hub_and_topic_are_found_in_the_headers_alone(make_planet, blog, hub):
    blog.fields = [("link", f'<{hub.hub}>;REL=hub, <{blog.feed}>; title="x, y"; rel="self"')]
    planet = make_planet(blog.feed)

    planet.subscribe()

    assert confirmed(planet, hub)
    assert hub.forms[0]["hub.topic"] == blog.feed
    assert hub.forms[0]["hub.callback"].startswith(f"{planet.public}websub/")


def test_100_relative_addresses_in_the_headers_are_those_of_the_answer(make_planet, blog, hub, tools):
    blog.fields = [("Link", "</feed?of=all>; rel=self"), ("Link", "</hub>; rel=hub")]
    blog.on["POST", "/hub"] = hub.on["POST", "/hub"]
    planet = make_planet(blog.feed)

    planet.subscribe()

    assert confirmed(planet, hub)
    assert hub.forms[0]["hub.topic"] == f"{blog.feed}?of=all"


def test_101_a_page_is_no_feed_so_a_hub_that_only_a_page_names_is_not_asked(make_planet, blog, hub, tools):
    page = f'<!doctype html><link rel="hub" href="{hub.hub}"><link rel="self" href="{blog.url}/page"><p>A page</p>'
    blog.on["GET", "/page"] = lambda handler, _: tools.answer(
        handler, 200, page.encode(), ("Content-Type", "text/html")
    )
    planet = make_planet(f"{blog.url}/page")

    (report,) = planet.sync()

    assert (report.failure, planet.tend(), hub.forms) == ("not_a_feed", 0, [])


def test_102_hub_and_topic_are_found_in_an_atom_feed(make_planet, blog, hub, tools):
    feed = (
        f'<feed xmlns="http://www.w3.org/2005/Atom"><title>A</title><id>urn:a</id><updated>2026-03-01T00:00:00Z</updated>'
        f'<link rel="hub" href="{hub.hub}"/><link rel="self" href="{blog.url}/atom"/><entry><id>urn:a:1</id>'
        "<title>One</title><updated>2026-03-01T00:00:00Z</updated><content>Words of the first post.</content></entry>"
        "</feed>"
    )
    blog.on["GET", "/atom"] = lambda handler, _: tools.answer(handler, 200, feed.encode(), ("Content-Type", "text/xml"))
    planet = make_planet(f"{blog.url}/atom")

    planet.subscribe()

    assert confirmed(planet, hub)
    assert hub.forms[0]["hub.topic"] == f"{blog.url}/atom"


def test_103_hub_and_topic_are_found_in_an_rss_feed(make_planet, blog, hub):
    blog.links = HUB.format(hub=hub.hub, topic=blog.feed)
    planet = make_planet(blog.feed)

    planet.subscribe()

    assert confirmed(planet, hub)
    assert hub.forms[0]["hub.topic"] == blog.feed


def test_103_and_in_a_json_feed(make_planet, blog, hub, tools):
    feed = (
        f'{{"version":"https://jsonfeed.org/version/1.1","title":"J","feed_url":"{blog.url}/json",'
        f'"hubs":[{{"type":"WebSub","url":"{hub.hub}"}}],'
        '"items":[{"id":"1","content_text":"Words of the first post.","url":"https://blog.invalid/1"}]}'
    )
    blog.on["GET", "/json"] = lambda handler, _: tools.answer(handler, 200, feed.encode())
    planet = make_planet(f"{blog.url}/json")

    planet.subscribe()

    assert confirmed(planet, hub)
    assert hub.forms[0]["hub.topic"] == f"{blog.url}/json"


def test_104_what_the_headers_say_goes_before_what_the_document_says(make_planet, blog, hub):
    blog.link(hub.hub)
    blog.links = HUB.format(hub=f"{hub.url}/wrong", topic=f"{blog.url}/wrong")
    planet = make_planet(blog.feed)

    planet.subscribe()

    assert confirmed(planet, hub)
    assert [path for method, path, _ in hub.asked if method == "POST"] == ["/hub"]
    assert hub.forms[0]["hub.topic"] == blog.feed


def test_200_the_topic_is_what_the_feed_calls_itself_not_where_it_was_fetched(make_planet, blog, hub):
    blog.link(hub.hub, topic=f"{blog.feed}?self=other")
    planet = make_planet(blog.feed)

    planet.subscribe()

    assert confirmed(planet, hub)
    assert hub.forms[0]["hub.topic"] == f"{blog.feed}?self=other"


@pytest.mark.parametrize(("number", "status"), [(201, 302), (202, 301)])
def test_201_202_a_topic_that_redirects_is_asked_for_where_it_arrived(make_planet, blog, hub, tools, number, status):
    blog.link(hub.hub, topic=f"{blog.feed}?redirect=complete")
    blog.on["GET", "/old"] = lambda handler, _: tools.answer(
        handler, status, b"", ("Location", "/feed?redirect=complete"), ("Link", f'<{hub.url}/old>; rel="hub"')
    )
    planet = make_planet(f"{blog.url}/old")

    planet.subscribe()

    assert confirmed(planet, hub)
    assert hub.forms[0]["hub.topic"] == f"{blog.feed}?redirect=complete"


@pytest.mark.parametrize(("number", "status"), [(203, 307), (204, 308)])
def test_203_204_a_hub_that_redirects_is_followed_with_the_same_request(planet, blog, hub, tools, number, status):
    blog.link(f"{hub.url}/moved")
    hub.on["POST", "/moved"] = lambda handler, _: tools.answer(handler, status, b"", ("Location", "/hub"))

    planet.subscribe()

    assert confirmed(planet, hub)
    assert hub.forms[0]["hub.topic"] == blog.feed


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_would_turn_the_request_into_a_get_is_a_refusal(planet, blog, hub, tools, status):
    blog.link(f"{hub.url}/moved")
    hub.on["POST", "/moved"] = lambda handler, _: tools.answer(handler, status, b"", ("Location", "/hub"))

    planet.subscribe()

    assert hub.forms == []
    assert f"({status})" in planet.subscription.detail


def test_205_a_question_about_another_topic_is_answered_with_404(planet, hub):
    hub.verifies = False
    planet.subscribe()

    wrong = hub.verify(hub.forms[0], topic=f"{hub.url}/somebody-else")

    assert wrong.status == 404
    assert b"challenge" not in wrong.body
    assert planet.subscription.standing is SubscriptionStanding.WANTED
    assert hub.verify(hub.forms[0]).status == 200


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_300_a_delivery_is_answered_with_2xx_and_taken_in(subscribed, blog, hub, method):
    blog.post("two", subscribed.now)

    heard = hub.deliver(blog.document, method=method)

    assert 200 <= heard.status < 300
    assert [report.new for report in subscribed.take()] == [1]
    assert subscribed.titles() == ["Post two", "Post one"]
    assert "Post two" in subscribed.published()


def test_301_a_delivery_with_a_wrong_signature_is_not_taken_in(subscribed, blog, hub):
    blog.post("two", subscribed.now)

    heard = hub.deliver(blog.document, secret="not the one that was agreed on")

    assert heard.status == hub.deliver(blog.document + b" ").status == 202  # nobody learns from the answer
    assert [report.outcome for report in subscribed.take()] == ["pushed"]  # the second one, which was signed
    assert subscribed.subscription.pushes == 1


def test_301_not_even_when_the_signature_is_of_a_method_that_nobody_may_use(subscribed, blog, hub, tools):
    for signature in ("md5=00", "sha256=", "sha256=zz", "sha256", "=", "sha1=" + "0" * 40):
        heard = tools.call(hub.forms[-1]["hub.callback"], body=blog.document, X_Hub_Signature=signature)
        assert heard.status == 202
    assert subscribed.take() == []
    assert subscribed.subscription.pushes == 0


def test_302_a_delivery_without_a_signature_is_refused(subscribed, blog, hub):
    blog.post("two", subscribed.now)

    heard = hub.deliver(blog.document, method=None)

    assert heard.status == 403
    assert subscribed.take() == []
    assert subscribed.titles() == ["Post one"]


def test_the_request_is_one_that_every_hub_takes(subscribed, hub):
    (form,) = hub.forms
    fields = next(fields for method, _, fields in hub.asked if method == "POST")

    assert sorted(form) == ["hub.callback", "hub.lease_seconds", "hub.mode", "hub.secret", "hub.topic"]
    assert (form["hub.mode"], form["hub.lease_seconds"]) == ("subscribe", "864000")
    assert 32 <= len(form["hub.secret"]) < 200
    assert len(form["hub.callback"].rpartition("/")[2]) >= 32
    assert form["hub.secret"] not in form["hub.callback"]
    assert fields["content-type"] == "application/x-www-form-urlencoded"
    assert fields["user-agent"].startswith("feedmill/")
    assert "cookie" not in fields


def test_every_number_has_its_row_and_every_row_its_tests():
    """docs/websub.md."""
    text = (Path(__file__).parents[2] / "docs" / "websub.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\d, ]+) \|.*\| (.*) \|$", text, re.MULTILINE)
    numbers = [number for cell, _ in rows for number in cell.split(", ")]
    named = [name for _, cell in rows for name in re.findall(r"`(test_\w+)`", cell)]

    assert numbers == [*map(str, (*range(100, 105), *range(200, 206), *range(300, 303)))]
    assert sorted(named) == sorted(name for name in globals() if re.match(r"test_\d", name))
