"""feedmill.toml to settings."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from feedmill import __version__
from feedmill.config.load import load, load_text
from feedmill.feeds.errors import ConfigError
from feedmill.feeds.publication import FORMATS
from feedmill.ingest.options import FetchOptions, ScheduleOptions

EVERYTHING = """
title  = "Planet Example"
url    = "https://planet.example/blogs"
store  = "data/feedmill.db"
output = "public"

[fetch]
contact = "https://planet.example/about"
workers = 8
timeout = "45s"
max_body = "5MB"
allow_private_networks = true
site_spacing = "500ms"

[schedule]
min_interval = "15m"
default_interval = "2h"
max_interval = "7d"

[serve]
host = "0.0.0.0"
port = 9000

[[source]]
url = "https://blog.example/feed.xml"
title = "Ada"
tags = ["python", "letters"]

[[source]]
url = "http://other.example:8000/rss?kind=full"

[[list]]
opml = "friends.opml"

[[list]]
opml = "https://lists.example/all.opml"

[[publication]]
path = ""
title = "Planet Example"
limit = 30

[[publication]]
path = "tags/python/"
tags = ["python"]
formats = ["html", "atom"]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "feedmill.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_key_of_the_contract_arrives_where_its_room_reads_it(tmp_path):
    """Each key of DESIGN section 6, typed."""
    settings = load(write(tmp_path, EVERYTHING))

    assert settings.title == "Planet Example"
    assert settings.url == "https://planet.example/blogs/"
    assert str(tmp_path / "data" / "feedmill.db") == settings.store
    assert tmp_path / "public" == settings.output
    assert (
        FetchOptions(
            user_agent=f"feedmill/{__version__} (+https://planet.example/about)",
            workers=8,
            timeout=timedelta(seconds=45),
            max_body_bytes=5_000_000,
            allow_private_networks=True,
            site_spacing=timedelta(milliseconds=500),
            private_site_spacing=timedelta(milliseconds=500),
        )
        == settings.fetch
    )
    assert (
        ScheduleOptions(
            min_interval=timedelta(minutes=15), default_interval=timedelta(hours=2), max_interval=timedelta(days=7)
        )
        == settings.schedule
    )
    assert (settings.serve.host, settings.serve.port) == ("0.0.0.0", 9000)
    assert [(source.url, source.title, source.tags) for source in settings.sources[:1]] == [
        ("https://blog.example/feed.xml", "Ada", ("python", "letters"))
    ]
    assert [str(tmp_path / "friends.opml"), "https://lists.example/all.opml"] == [row.opml for row in settings.lists]
    assert [row.is_remote for row in settings.lists] == [False, True]
    assert [(publication.path, publication.url, publication.limit) for publication in settings.publications] == [
        ("", "https://planet.example/blogs/", 30),
        ("tags/python", "https://planet.example/blogs/tags/python/", 60),
    ]
    assert settings.publications[1].title == "Planet Example: tags/python"
    assert settings.publications[1].formats == ("atom", "html")


def test_an_empty_file_is_a_planet_with_defaults(tmp_path):
    """No key is needed to begin."""
    settings = load(write(tmp_path, ""))

    assert FetchOptions(user_agent=f"feedmill/{__version__}") == settings.fetch
    assert ScheduleOptions() == settings.schedule
    assert settings.url == "http://127.0.0.1:8080/"
    assert [
        (publication.path, publication.title, publication.limit, publication.formats)
        for publication in settings.publications
    ] == [("", "Planet", 60, FORMATS)]
    assert settings.publish.output == tmp_path / "public"


def test_the_planets_url_is_the_contact_when_none_is_written(tmp_path):
    """A blogger who looks into a log finds us."""
    settings = load(write(tmp_path, 'url = "https://planet.example"'))

    assert f"feedmill/{__version__} (+https://planet.example/)" == settings.fetch.user_agent


def test_a_mail_address_is_a_contact(tmp_path):
    """With its scheme, as other crawlers write it."""
    settings = load(write(tmp_path, '[fetch]\ncontact = "ada@planet.example"'))

    assert f"feedmill/{__version__} (+mailto:ada@planet.example)" == settings.fetch.user_agent


def test_the_default_spacing_spares_public_sites_only(tmp_path):
    """What the user writes holds for private hosts too."""
    default = load(write(tmp_path, "")).fetch
    written = load(write(tmp_path, '[fetch]\nsite_spacing = "2s"')).fetch

    assert (timedelta(seconds=2), timedelta(0)) == (default.site_spacing, default.private_site_spacing)
    assert (timedelta(seconds=2), timedelta(seconds=2)) == (written.site_spacing, written.private_site_spacing)


@pytest.mark.parametrize(
    ("written", "low", "middle", "high"),
    [
        ('max_interval = "30m"', "0:10:00", "0:30:00", "0:30:00"),
        ('max_interval = "5m"', "0:05:00", "0:05:00", "0:05:00"),
        ('min_interval = "2h"', "2:00:00", "2:00:00", "1 day, 0:00:00"),
        ('default_interval = "2d"', "0:10:00", "2 days, 0:00:00", "2 days, 0:00:00"),
        ('default_interval = "1m"', "0:01:00", "0:01:00", "1 day, 0:00:00"),
    ],
)
def test_intervals_that_are_not_written_give_way(tmp_path, written, low, middle, high):
    """One written interval is never refused because of a default."""
    schedule = load(write(tmp_path, f"[schedule]\n{written}")).schedule

    assert [low, middle, high] == [
        str(length) for length in (schedule.min_interval, schedule.default_interval, schedule.max_interval)
    ]


def test_secrets_come_from_the_environment_and_stay_out_of_the_sources(tmp_path):
    """A source keeps its written URL, so that a new password is no new source; only the socket sees the filled one."""
    text = '[[source]]\nurl = "https://${WHO}:${PASS}@blog.example/feed"\n'
    settings = load_text(text, tmp_path / "feedmill.toml", environ={"WHO": "ada", "PASS": "p/w@1"})
    url = settings.sources[0].url

    assert url == "https://${WHO}:${PASS}@blog.example/feed"
    assert settings.address(url) == "https://ada:p%2Fw%401@blog.example/feed"
    assert settings.address("https://else.example/") == "https://else.example/"
    assert "p%2Fw" not in repr(settings)


def test_the_stores_password_comes_from_the_environment(tmp_path):
    """And postgres:// is postgresql://."""
    text = 'store = "postgres://mill:${PGPASS}@db.example/feeds"'
    settings = load_text(text, tmp_path / "feedmill.toml", environ={"PGPASS": "s3cret"})

    assert settings.store == "postgresql://mill:s3cret@db.example/feeds"
    assert "s3cret" not in repr(settings)


def test_sources_that_look_alike_are_named_but_not_refused(tmp_path):
    """http or https, www. and a last slash: probably one feed, perhaps not."""
    text = '[[source]]\nurl = "http://www.a.example/feed/"\n\n[[source]]\nurl = "https://a.example/feed"\n'
    settings = load_text(text, Path("feedmill.toml"))

    place = 'feedmill.toml:5: source[2].url: "https://a.example/feed" '
    assert [place + 'looks like source[1], "http://www.a.example/feed/"; one of them is enough'] == list(
        settings.notices
    )


def test_an_ipv6_host_stands_in_brackets_in_the_default_url(tmp_path):
    """RFC 3986 section 3.2.2; and an address that means all of them is not one to send people to."""
    assert load(write(tmp_path, '[serve]\nhost = "::"')).url == "http://[::1]:8080/"


def test_a_byte_order_mark_is_not_a_key(tmp_path):
    """Some editors write one."""
    path = tmp_path / "feedmill.toml"
    path.write_bytes(b'\xef\xbb\xbftitle = "Planet"\r\n')

    assert load(path).title == "Planet"


def test_what_cannot_be_read_says_what_to_do(tmp_path):
    """Missing, a folder, another encoding."""
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'title = "ok"\nowner = "Ren\xe9"\n')
    said = []
    for path in (tmp_path / "none.toml", tmp_path, latin):
        with pytest.raises(ConfigError) as caught:
            load(path)
        said += caught.value.problems

    assert "feedmill init" in said[0]
    assert "this is a folder" in said[1]
    assert f"{latin}:2: TOML: byte 0xe9 is not UTF-8, expected UTF-8" == said[2]


MEASURE = """
import time
from pathlib import Path
from feedmill.config.load import load_text
block = '[[source]]\\nurl = "https://blog{0}.example/feed.xml"\\ntitle = "Blog {0}"\\ntags = ["a", "b"]\\n\\n'
text = "".join(block.format(number) for number in range(1000))
spent = []
for _ in range(7):
    began = time.process_time()
    assert len(load_text(text, Path("feedmill.toml")).sources) == 1000
    spent.append(time.process_time() - began)
print(min(spent))
"""


def test_a_thousand_sources_load_in_60_ms_of_cpu():
    """Every command pays for it. The best of seven, in a process that nobody measures: others share the machine."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True, env=plain)

    assert float(done.stdout) < 0.06


def _read(text):
    return load_text(text, Path("feedmill.toml"), environ={})


def test_a_complete_publication_has_no_limit_no_ceiling_and_no_archives():
    """The one at the root has archives by default, and a ceiling in bytes that another one may move."""
    text = '[[publication]]\ncomplete = {}\n[[publication]]\npath = "a"\nmax_size = "2MB"\n'
    whole, other = _read(text.format("true")).publications
    usual = _read(text.format("false")).publications[0]

    assert (whole.complete, whole.limit, whole.max_bytes, whole.archive, whole.search) == (True, 2000, 0, False, True)
    assert (usual.complete, usual.limit, usual.max_bytes, usual.archive) == (False, 60, 6_000_000, True)
    assert other.max_bytes == 2_000_000


def test_twins_are_written_when_they_are_asked_for():
    assert _read("").publish.precompress == ()
    assert _read('precompress = ["br", "gzip", "br"]').publish.precompress == ("gzip", "br")
