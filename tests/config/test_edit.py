"""Changing feedmill.toml without disturbing it."""

import stat
import threading
import time
from importlib import resources

import pytest

from feedmill.config.edit import add_sources, remove_source, write_example
from feedmill.config.load import load
from feedmill.feeds.errors import ConfigError, DeliveryError, UsageError
from feedmill.feeds.source import Source

COMMENTED = """# My planet
title = "Planet"   # for now

# -- friends --
[[source]]
url = "https://ada.example/feed"   # she writes on Sundays
tags = ["python"]

# Grace moved in 2021.
[[source]]
url = "https://grace.example/feed"

[fetch]   # last on purpose
workers = 4
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "feedmill.toml"
    path.write_text(COMMENTED, encoding="utf-8")
    return path


def urls(path):
    return [source.url for source in load(path).sources]


def test_added_sources_stand_at_the_end_and_nothing_else_moves(config):
    """Every byte that was there is there."""
    add_sources(
        config,
        [
            Source(url="https://b.example/", title='Quotes " and \\ and ✍️', tags=("x", "y z")),
            Source(url="https://c.example/"),
        ],
    )
    text = config.read_text(encoding="utf-8")

    assert text.startswith(COMMENTED)
    assert Source(url="https://b.example/", title='Quotes " and \\ and ✍️', tags=("x", "y z")) == load(config).sources[2]
    assert urls(config)[3] == "https://c.example/"


def test_a_removed_source_takes_only_its_own_lines_with_it(config):
    """The comments around it stay, also the one that stands above the next source."""
    remove_source(config, "https://ada.example/feed")

    assert (
        config.read_text(encoding="utf-8")
        == """# My planet
title = "Planet"   # for now

# -- friends --

# Grace moved in 2021.
[[source]]
url = "https://grace.example/feed"

[fetch]   # last on purpose
workers = 4
"""
    )


def test_adding_and_removing_leaves_the_file_as_it_was(config):
    """Byte for byte."""
    add_sources(config, [Source(url="https://b.example/")])
    remove_source(config, "https://b.example/")

    assert config.read_text(encoding="utf-8").rstrip("\n") + "\n" == COMMENTED


def test_line_ends_stay_as_they_are(config):
    """A file from Windows stays one."""
    config.write_bytes(COMMENTED.replace("\n", "\r\n").encode())
    add_sources(config, [Source(url="https://b.example/")])
    remove_source(config, "https://ada.example/feed")
    body = config.read_bytes()

    assert body.count(b"\n") == body.count(b"\r\n")
    assert urls(config) == ["https://grace.example/feed", "https://b.example/"]


def test_sources_in_one_list_are_edited_too(config):
    """`source = [{…}]` has no blocks to append to or to cut."""
    config.write_text('title = "P" # keep\nsource = [{ url = "https://a.example/" }, { url = "https://b.example/" }]\n')
    add_sources(config, [Source(url="https://c.example/", title="C", tags=("t",))])
    remove_source(config, "https://a.example/")

    assert urls(config) == ["https://b.example/", "https://c.example/"]
    assert "# keep" in config.read_text()


def test_what_would_not_load_is_not_written(config):
    """A source that is there already; the file keeps its inode."""
    inode = config.stat().st_ino
    with pytest.raises(ConfigError) as caught:
        add_sources(config, [Source(url="https://ada.example/feed")])

    assert "nothing was changed" in str(caught.value)
    assert (COMMENTED, inode) == (config.read_text(encoding="utf-8"), config.stat().st_ino)


def test_removing_a_stranger_is_a_usage_error(config):
    """And changes nothing."""
    with pytest.raises(UsageError, match="not a source"):
        remove_source(config, "https://zzz.example/")

    assert config.read_text(encoding="utf-8") == COMMENTED


def test_mode_and_symbolic_link_survive_an_edit(config, tmp_path):
    """The file that the link names is replaced, not the link."""
    config.chmod(0o640)
    link = tmp_path / "link.toml"
    link.symlink_to(config)
    add_sources(link, [Source(url="https://b.example/")])

    assert link.is_symlink()
    assert stat.S_IMODE(config.stat().st_mode) == 0o640
    assert "https://b.example/" in urls(config)


def test_two_at_a_time_lose_nothing(config):
    """Eight writers, one line each."""
    threads = [
        threading.Thread(target=add_sources, args=(config, [Source(url=f"https://b{number}.example/")]))
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(urls(config)) == 10


def test_a_thousand_sources_are_added_within_a_second_of_cpu(config):
    """Importing a large OPML is one append."""
    began = time.process_time()
    add_sources(config, [Source(url=f"https://blog{number}.example/feed", title="T") for number in range(1000)])

    assert time.process_time() - began < 1
    assert len(urls(config)) == 1002


def test_the_example_loads_with_its_comments_taken_away(tmp_path):
    """`init` writes it; and what stands behind the `#` is true, too."""
    path = tmp_path / "new" / "feedmill.toml"
    write_example(path)
    text = path.read_text(encoding="utf-8")
    bare = "\n".join(line.removeprefix("# ") for line in text.splitlines() if " = " in line or "[" in line)
    bare = "\n".join(line for line in bare.splitlines() if not line.endswith((".", ":")) and "`" not in line)

    assert load(path).sources == ()
    assert text == resources.files("feedmill.config").joinpath("example.toml").read_text(encoding="utf-8")
    uncommented = tmp_path / "bare.toml"
    uncommented.write_text(
        bare.replace("https://planet.example/about", "https://planet.example/about"), encoding="utf-8"
    )
    settings = load(uncommented)
    assert [source.url for source in settings.sources] == ["https://blog.example/feed.xml", "https://rss.lan/feed.xml"]
    assert settings.fetch.workers == 16


def test_an_existing_configuration_is_never_overwritten(config):
    """`init` says no."""
    with pytest.raises(UsageError, match="left as it is"):
        write_example(config)

    assert config.read_text(encoding="utf-8") == COMMENTED


def test_a_folder_that_cannot_be_written_is_a_disk_error(tmp_path):
    """Exit code 3, one line."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(DeliveryError, match="cannot be written"):
        write_example(tmp_path / "file" / "feedmill.toml")
