"""[serve]: hubs, limits and proxies, and what their absence means."""

from __future__ import annotations

from pathlib import Path

import pytest

from feedmill.config.load import load_text
from feedmill.config.settings import Settings
from feedmill.feeds.errors import ConfigError

HERE = Path("/planet/feedmill.toml")


def loaded(lines: str, url: str = 'url = "https://planet.example/sub"') -> Settings:
    return load_text(f"{url}\n[serve]\n{lines}\n", HERE, environ={})


def test_without_a_word_about_it_there_is_no_hub() -> None:
    settings = loaded("")

    assert (settings.hubs, settings.own_hub, settings.publish.hubs) == ((), None, ())


def test_feeds_name_our_own_hub_first_and_each_once() -> None:
    settings = loaded('websub = true\nhubs = ["https://hub.example/?k=1", "https://planet.example/sub/hub"]')

    assert settings.own_hub == "https://planet.example/sub/hub"
    assert settings.publish.hubs == ("https://planet.example/sub/hub", "https://hub.example/?k=1")
    assert settings.notices == ()


def test_hubs_without_a_public_address_are_worth_a_word() -> None:
    settings = loaded("websub = true", url="")

    assert settings.own_hub == "http://127.0.0.1:8080/hub"
    assert len(settings.notices) == 1
    assert "feedmill.toml:3: serve.websub" in settings.notices[0]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('hubs = ["https://user:pass@hub.example/"]', "serve.hubs"),
        ('hubs = ["https://hub.example/#x"]', "serve.hubs"),
        ('hubs = ["ftp://hub.example/"]', "http or https"),
        ('hubs = "https://hub.example/"', "serve.hubs"),
        ('websub = "yes"', "serve.websub"),
        ('trusted_proxies = ["proxy.example"]', "is no address"),
        ("burst = 0", "serve.burst"),
        ("requests_per_second = -1", "serve.requests_per_second"),
        ("connections_per_client = 1.5", "serve.connections_per_client"),
    ],
)
def test_what_cannot_be_meant_is_refused(line: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        loaded(line)


def test_proxies_are_addresses_or_blocks() -> None:
    found = loaded('trusted_proxies = ["10.0.0.5", "172.18.0.9/16", "2001:db8::1"]').serve.trusted_proxies

    assert found == ("10.0.0.5/32", "172.18.0.0/16", "2001:db8::1/128")


@pytest.mark.parametrize("path", ["hub", "websub", "python/hub"])
def test_no_publication_stands_where_the_program_answers(path: str) -> None:
    with pytest.raises(ConfigError, match="feedmill writes itself"):
        load_text(f'[[publication]]\npath = "{path}"\n', HERE, environ={})
