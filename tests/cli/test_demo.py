"""The demo: six blogs, one planet."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from feedmill.sample_blogs import Blogs


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """(folder, finished process) of one `feedmill demo --once`."""
    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [sys.executable, "-m", "feedmill", "demo", "--once"],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return folder / "feedmill-demo", done


def test_the_demo_publishes_every_blog_but_the_one_that_is_down(once):
    """Exit code 0, for that one is down on purpose; files and addresses are named."""
    folder, result = once
    feed = json.loads((folder / "public" / "feed.json").read_text(encoding="utf-8"))
    states = json.loads((folder / "public" / "status.json").read_text(encoding="utf-8"))["sources"]

    assert 0 == result.returncode
    assert 1 == len(result.stderr.splitlines())
    assert "refused" in result.stderr
    assert 10 == len(feed["items"])
    assert sorted(["active"] * 5 + ["failing"]) == sorted(row["state"] for row in states)
    for name in ("index.html", "atom.xml", "rss.xml", "feed.json", "subscriptions.opml", "handwork/atom.xml"):
        assert f"feedmill-demo/public/{name}" in result.stdout
    assert 6 == result.stdout.count("  http://127.0.0.1:")


def test_the_post_without_a_title_and_with_a_tail_comes_out_clean(once):
    """Twelve paragraphs with their curly quotes, a title, no "No comments:", nothing to click."""
    feed = json.loads((once[0] / "public" / "feed.json").read_text(encoding="utf-8"))
    (post,) = [item for item in feed["items"] if "81733" in item["id"]]

    assert "The blockade of the old ferry pier by the fishing cooperative is over, for now" == post["title"]
    assert 12 == post["content_html"].count("<p>")
    assert "“Everyone is glad to hear the ferry again,”" in post["content_html"]
    assert "omments" not in post["content_html"]
    assert "Post a Comment" not in post["content_html"]


def test_sharing_buttons_lazy_pictures_pixels_and_tracking_are_gone(once):
    """The usual dirt of WordPress and Blogger."""
    text = (once[0] / "public" / "feed.json").read_text(encoding="utf-8")

    for dirt in (
        "appeared first on",
        "Share this",
        "sharedaddy",
        "/tracker/",
        "utm_",
        "data-src",
        "blogger-post-footer",
    ):
        assert dirt not in text
    for grain in ("pictures/rye.png", "A quiet loaf is a wet loaf", "bucket 3   9 days   nothing", "crane.png"):
        assert grain in text


def test_the_demo_is_made_anew_but_never_over_somebody_elses_folder(inside, tmp_path):
    """It may run twice; a folder that it did not make is refused."""
    assert 0 == inside("demo", "--once").code
    assert 0 == inside("demo", "--once").code
    config = tmp_path / "feedmill-demo" / "feedmill.toml"
    config.write_text("# mine\n", encoding="utf-8")
    result = inside("demo", "--once")

    assert (2, "# mine\n") == (result.code, config.read_text(encoding="utf-8"))


def test_the_demo_serves_until_it_is_interrupted(tmp_path):
    """The page answers at the printed address, also when 8080 is taken; Ctrl-C ends it with exit code 0."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 8080))
            taken.listen()
        except OSError:
            pass  # somebody else has it: as good
        process = subprocess.Popen(
            [sys.executable, "-m", "feedmill", "demo"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        try:
            page = ""
            for line in process.stdout:
                if line.strip().startswith("page "):
                    page = line.split()[1]
                if line.startswith("Ctrl-C"):
                    break
            status, body = 0, b""
            deadline = time.monotonic() + 20
            while not status and time.monotonic() < deadline:
                try:
                    with urllib.request.urlopen(page, timeout=5) as answer:
                        status, body = answer.status, answer.read()
                except OSError:
                    time.sleep(0.1)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=30)
        finally:
            process.kill()

    assert 200 == status
    assert b"The Patient Oven" in body
    assert 0 == process.returncode
    assert "Traceback" not in errors


@pytest.fixture
def blogs():
    with Blogs() as served:
        yield served


def test_the_sample_blogs_answer_conditional_requests(blogs):
    """200 with validators, then 304 with the same ones."""
    url = blogs.blogs[0].feed
    with urllib.request.urlopen(url, timeout=5) as answer:
        headers = answer.headers
    codes = []
    for name, value in (("If-None-Match", headers["ETag"]), ("If-Modified-Since", headers["Last-Modified"])):
        try:
            urllib.request.urlopen(urllib.request.Request(url, headers={name: value}), timeout=5)
        except urllib.error.HTTPError as error:
            codes.append((error.code, error.headers["ETag"]))
            error.close()

    assert [(304, headers["ETag"])] * 2 == codes


def test_a_sample_blogs_page_names_its_feed(blogs):
    """So that `feedmill add` has something to find; and a picture is a picture."""
    blog = blogs.blogs[1]
    with urllib.request.urlopen(blog.home + "/2024/", timeout=5) as answer:
        page = answer.read().decode()
    with urllib.request.urlopen(blog.home + "/pictures/x.png", timeout=5) as answer:
        picture = answer.headers["Content-Type"]

    assert f'href="{blog.sample.path}"' in page
    assert "image/svg+xml" == picture


def test_the_blog_that_is_down_refuses(blogs):
    """At once, for as long as the demo runs."""
    with pytest.raises(urllib.error.URLError, match="refused"):
        urllib.request.urlopen(blogs.blogs[-1].feed, timeout=5)
