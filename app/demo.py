"""`feedmill demo`: a planet of sample blogs on this machine, through the same code as any other planet.

In:  nothing but a writable folder. Out: ./feedmill-demo with a configuration, a store and the published files.
Never: the network; a folder that somebody else made.

The folder stays, so that a newcomer can look into it and try `status`, `why` and `check` on it.
"""

from __future__ import annotations

import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from feedmill.feeds.errors import DeliveryError, UsageError
from feedmill.output import Output, SyncView, counted
from feedmill.sample_blogs import DOWN, SAMPLES, Blog, Blogs

if TYPE_CHECKING:
    from feedmill.config.settings import Settings

FOLDER = Path("feedmill-demo")
MARK = "# Written by `feedmill demo`, and written anew each time.\n"
PORT = 8080


def show(output: Output, *, once: bool, folder: Path = FOLDER) -> int:
    """Start the blogs, sync, publish, say where everything is; serve until Ctrl-C unless `once`."""
    from feedmill.build import Mill
    from feedmill.config.load import load

    _make_room(folder)
    with Blogs() as blogs:
        config = folder / "feedmill.toml"
        config.write_text(configuration(blogs.blogs, port=_free_port()), encoding="utf-8")
        settings = load(config)
        output.say(f"{counted(len(blogs.blogs), 'sample blog')} on this machine:")
        for blog in blogs.blogs:
            note = "  (down, to show what happens then)" if blog.sample is DOWN else ""
            output.say(f"  {blog.feed}  {blog.sample.name}{note}")
        output.say()
        view = SyncView(output, as_json=False)
        with Mill(settings) as mill, view.watching(len(settings.sources)):
            summary = mill.sync(on_report=view.report)
        view.finish(summary)
        for problem in summary.problems:
            output.warn(problem)
        _name_files(output, settings)
        if summary.problems or summary.fetched < len(SAMPLES) or not summary.new:
            return 1
        if once:
            return 0
        return _serve(output, settings, config)


def configuration(blogs: list[Blog], *, port: int) -> str:
    """The demo's feedmill.toml."""
    lines = [
        MARK,
        'title = "Demo Planet"',
        f'url = "http://127.0.0.1:{port}/"',
        "",
        "[fetch]",
        "allow_private_networks = true  # the sample blogs live on loopback",
        "",
        "[serve]",
        f"port = {port}",
    ]
    for blog in blogs:
        lines += ["", "[[source]]", f'url = "{blog.feed}"']
        if blog.sample is DOWN:
            lines.append(f'title = "{DOWN.name}"')
        if blog.sample.tags:
            tags = ", ".join(f'"{tag}"' for tag in blog.sample.tags)
            lines.append(f"tags = [{tags}]")
    lines += ["", "[[publication]]", "", "[[publication]]", 'path = "handwork"', 'tags = ["handwork"]']
    return "\n".join(lines) + "\n"


def _make_room(folder: Path) -> None:
    """An empty folder; one that an earlier demo made is cleared, any other is refused."""
    try:
        if folder.exists():
            config = folder / "feedmill.toml"
            if not config.is_file() or not config.read_text(encoding="utf-8", errors="replace").startswith(MARK):
                raise UsageError(
                    f"{folder}: it is there and no earlier demo made it; move it, or start the demo elsewhere"
                )
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
    except OSError as error:
        raise DeliveryError(
            f"{folder.absolute()}: it cannot be made ({error.strerror}); start the demo where you may write"
        ) from None


def _free_port() -> int:
    """8080, or when somebody has it, any other."""
    for port in (PORT, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    return PORT


def _name_files(output: Output, settings: Settings) -> None:
    output.say()
    output.say("published:")
    for path in sorted(settings.output.rglob("*")):
        if path.is_file():
            output.say(f"  {path}")
    output.say()
    output.say(f"look closer:  feedmill --config {settings.path} status")


def _serve(output: Output, settings: Settings, config: Path) -> int:
    from feedmill.daemon import serve

    output.say()
    output.say(f"  page       {settings.url}")
    output.say(f"  one tag    {settings.url}handwork/")
    output.say(f"  health     {settings.url}status.html")
    output.say(f"  try        feedmill --config {config} sync --force")
    output.say("Ctrl-C ends it.")
    return serve(settings)
