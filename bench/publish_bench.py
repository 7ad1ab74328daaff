"""What publishing costs on a large planet: one changed entry, none, and everything anew.

    python bench/publish_bench.py [--sources 500] [--entries 100] [--folder DIR] [--rounds 5]

In:  nothing; a store of `sources` x `entries` posts is made in --folder (kept and used again) or in a temporary one.
     The posts have the shape of the bench farm's: 3.5 KB of HTML, one to four of twenty tags, 6 to 168 hours apart.
Out: wall and CPU seconds of `feedmill publish` as a whole process, and in a process that has everything loaded; which
     files were written; for the full rebuild the peak of its memory. Exit code 1 above --most seconds for one change.
Judge the one change by its median: it is what a reader waits for and what a cron job costs every few minutes. The
control says how quick the machine is just now: an interpreter that loads the two largest libraries and does no more.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import random
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import feedmill
from feedmill import config, feeds, ingest, publish
from feedmill.build import Mill
from feedmill.config.load import load
from feedmill.feeds.entry import Author, Entry, Origin
from feedmill.feeds.likeness import text_hash
from feedmill.feeds.outcome import FetchRecord, Validators
from feedmill.feeds.source import Channel, SourceState, Standing
from feedmill.feeds.store import Claim, Store
from feedmill.feeds.update import EntryUpdate, KnownEntry, UpdatePlan
from feedmill.ingest.normalize import fingerprint
from feedmill.ingest.urls import canonical_key

NEWEST = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
_TOPICS = (
    "Python Databases Gardening Travel Photography Cooking Cycling Hardware Security Books Music Maps Astronomy "
    "Typography Networking Maths Film History Radio Trains"
)
TOPICS = tuple(_TOPICS.split())
TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one publishing: seconds of wall clock and CPU, and the files it wrote."""

    wall: float
    cpu: float
    written: tuple[str, ...] = ()


class Prose:
    """Sentences of made-up words, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        chance = random.Random(seed)
        syllables = [
            a + b + c for a in "bcdfglmnprst" for b in ("a", "e", "i", "o", "u", "ai") for c in ("", "n", "r", "st")
        ]
        words = ["".join(chance.choices(syllables, k=chance.choice((1, 1, 2, 2, 3)))) for _ in range(5000)]
        self._sentences = [
            " ".join(chance.choices(words, k=chance.randint(5, 24))).capitalize() + "." for _ in range(6000)
        ]

    def say(self, chance: random.Random, count: int) -> str:
        """So many sentences."""
        return " ".join(chance.choices(self._sentences, k=count))


def make_store(folder: Path, sources: int, entries: int) -> None:
    """The configuration and its store."""
    lines = ['title = "Bench planet"', 'url = "https://planet.example/"', 'store = "feedmill.db"', 'output = "public"']
    for number in range(sources):
        tag = TOPICS[number % len(TOPICS)].lower()
        lines += ["[[source]]", f'url = "{url_of(number)}"', f'tags = ["{tag}"]']
    (folder / "feedmill.toml").write_text("\n".join(lines) + "\n")
    prose = Prose(1)
    settings = load(folder / "feedmill.toml")
    with Store.open(settings.store) as store:
        store.reconcile(settings.sources, NEWEST)
        for claim in store.claim(NEWEST, limit=sources, lease=timedelta(hours=1), force=True):
            number = int(claim.record.source.url.partition("blog")[2].partition(".")[0])
            updates = [post(prose, number, at, entries) for at in range(entries)]
            store.commit([plan(claim, number, new=tuple(updates))], NEWEST)


def url_of(number: int) -> str:
    """Where blog `number` has its feed."""
    return f"https://blog{number}.example/feed/"


def post(prose: Prose, number: int, at: int, entries: int, *, edition: int = 0) -> EntryUpdate:
    """Post `at` of blog `number`, 0 the newest; another `edition` has other words."""
    chance = random.Random(f"{number} {at} {edition}")
    interval = (6, 24, 72, 168)[number % 4]
    dated = NEWEST - timedelta(hours=interval * at, minutes=(at * 13 + number) % 110)
    blocks = [f"<p>{prose.say(chance, chance.randint(2, 6))}</p>" for _ in range(chance.randint(4, 14))]
    html = "\n".join(blocks)
    text = TAG.sub("", html).replace("\n", "\n\n")
    url = f"https://blog{number}.example/{entries - at}/"
    entry = Entry(
        id=f"https://blog{number}.example/?p={entries - at}",
        guid=f"https://blog{number}.example/?p={entries - at}",
        url=url,
        title=prose.say(chance, 1)[:80],
        published=dated,
        updated=dated,
        authors=(Author(name=f"Author {number}"),),
        language="en",
        summary=text[:280],
        content_html=html,
        content_text=text,
        categories=tuple(chance.sample(TOPICS, chance.randint(1, 4))),
    )
    raw = json.dumps({"content": html, "title": entry.title})
    return EntryUpdate(
        entry=entry,
        raw=raw,
        raw_hash=fingerprint(entry),
        fingerprint=fingerprint(entry),
        recipe="bench",
        canonical_key=canonical_key(url),
        text_hash=text_hash(entry.content_text, entry.content_html),
    )


def plan(
    claim: Claim, number: int, *, new: tuple[EntryUpdate, ...] = (), changed: tuple[EntryUpdate, ...] = ()
) -> UpdatePlan:
    """A look that brought these posts."""
    state = SourceState(
        standing=Standing.ACTIVE,
        validators=Validators(etag='"1"'),
        next_fetch=NEWEST + timedelta(days=1),
        last_attempt=NEWEST,
        last_success=NEWEST,
        last_status=200,
    )
    about = Origin(title=f"Blog {number}", url=url_of(number), site_url=f"https://blog{number}.example/", language="en")
    return UpdatePlan(
        source_row=claim.record.row,
        lease=claim.lease,
        state=state,
        record=FetchRecord(at=NEWEST, status=200, outcome="fetched", new=len(new), changed=len(changed)),
        new=new,
        changed=changed,
        channel=Channel(format="rss20", about=about, entries=20),
    )


class Bench:
    """Measurements on one folder."""

    def __init__(self, folder: Path, sources: int, entries: int) -> None:
        self.folder = folder
        self.sources = sources
        self.entries = entries
        self.prose = Prose(1)
        self.edits = int(time.time())

    def edit(self, at: int = 0) -> str:
        """Change the words of post `at` of some blog, in a store that nobody else has open; the blog's URL."""
        self.edits += 1
        number = self.edits * 7 % self.sources
        with Store.open(self.folder / "feedmill.db") as store:
            self.edit_in(store, number, at)
        return url_of(number)

    def edit_in(self, store: Store, number: int, at: int) -> None:
        """The same, in an open store."""
        (claim,) = store.claim(NEWEST, limit=1, lease=timedelta(hours=1), force=True, urls=[url_of(number)])
        update = post(self.prose, number, at, self.entries, edition=self.edits)
        known: KnownEntry = store.known(claim.record.row, [update.entry.guid])[update.entry.guid]
        store.commit([plan(claim, number, changed=(replace(update, known=known),))], NEWEST)

    def command(self) -> Cost:
        """`feedmill publish` as a process of its own."""
        before = stamps(self.folder / "public")
        began, spent = time.perf_counter(), children()
        subprocess.run(
            [sys.executable, "-m", "feedmill", "publish"], cwd=self.folder, check=True, stdout=subprocess.DEVNULL
        )
        wall, cpu = time.perf_counter() - began, children() - spent
        after = stamps(self.folder / "public")
        return Cost(wall, cpu, tuple(sorted(name for name in after if after[name] != before.get(name))))

    def resident(self, rounds: int) -> list[Cost]:
        """In a process that has published before, as the daemon has."""
        found = []
        with Mill(load(self.folder / "feedmill.toml")) as mill:
            mill.publish()
            for _ in range(rounds):
                self.edits += 1
                self.edit_in(mill.store, self.edits * 7 % self.sources, 0)
                began, spent = time.perf_counter(), time.process_time()
                report = mill.publish()
                names = tuple(sorted(str(path.relative_to(self.folder / "public")) for path in report.written))
                found.append(Cost(time.perf_counter() - began, time.process_time() - spent, names))
        return found

    def rebuild(self) -> tuple[Cost, int]:
        """Everything, with neither output nor ledger; the cost, and the peak of the process's memory in bytes."""
        shutil.rmtree(self.folder / "public", ignore_errors=True)
        with Store.open(self.folder / "feedmill.db") as store:
            store.set_meta("edition:", None)
        began, spent = time.perf_counter(), children()
        said = subprocess.run(
            [sys.executable, "-c", REBUILD], cwd=self.folder, check=True, capture_output=True, text=True
        ).stdout
        return Cost(time.perf_counter() - began, children() - spent), int(said.split()[-1])


REBUILD = """
import resource
from feedmill.cli import feedmill
feedmill.main(args=["publish"], standalone_mode=False)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def children() -> float:
    """CPU seconds of all processes that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Each file with its inode and time."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            seen = path.stat()
            found[str(path.relative_to(folder))] = seen.st_ino, seen.st_mtime_ns
    return found


def told(name: str, costs: list[Cost]) -> float:
    """Print a line; the median of the wall clock."""
    wall = statistics.median(cost.wall for cost in costs)
    cpu = statistics.median(cost.cpu for cost in costs)
    print(f"{name:<34} {wall:7.2f} s wall {cpu:7.2f} s CPU   {len(costs[-1].written):5d} files written")
    return wall


def control() -> Cost:
    """What any process pays that loads our two largest libraries."""
    began, spent = time.perf_counter(), children()
    subprocess.run([sys.executable, "-c", "import sqlalchemy, pydantic"], check=True)
    return Cost(time.perf_counter() - began, children() - spent)


def compile_as_installed() -> None:
    """Bytecode beside our modules, as pip leaves it: without it (a checkout, PYTHONDONTWRITEBYTECODE) each start
    compiles a hundred of them, a quarter of a second."""
    for package in (feedmill, config, feeds, ingest, publish):
        for folder in package.__path__:
            compileall.compile_dir(folder, quiet=2)


@contextmanager
def folder_for(options: argparse.Namespace) -> Iterator[Path]:
    """A folder with a store."""
    if options.folder is None:
        with tempfile.TemporaryDirectory() as made:
            make_store(Path(made), options.sources, options.entries)
            yield Path(made)
        return
    if not (options.folder / "feedmill.toml").exists():
        options.folder.mkdir(parents=True, exist_ok=True)
        make_store(options.folder, options.sources, options.entries)
    yield options.folder


def timed(work: Callable[[], Cost], rounds: int) -> list[Cost]:
    """So many times."""
    return [work() for _ in range(rounds)]


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=500)
    parser.add_argument("--entries", type=int, default=100, help="of each source")
    parser.add_argument("--folder", type=Path, help="where the store is made, or lies from an earlier run")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--most", type=float, default=1.0, help="seconds of wall clock for one change")
    parser.add_argument("--no-rebuild", action="store_true", help="only the small things, on what is published already")
    options = parser.parse_args()
    compile_as_installed()
    with folder_for(options) as folder:
        bench = Bench(folder, options.sources, options.entries)
        if not options.no_rebuild:
            cost, peak = bench.rebuild()
            files = len(stamps(folder / "public"))
            told("full rebuild", [cost])
            print(f"    {files} files, {peak / 1e6:.0f} MB at most")
        bench.command()
        told("control: import our libraries", timed(control, options.rounds))
        told("no change, command", timed(bench.command, options.rounds))

        def change(at: int) -> Callable[[], Cost]:
            def work() -> Cost:
                bench.edit(at)
                return bench.command()

            return work

        new = timed(change(0), options.rounds)
        wall = told("newest post of a blog, command", new)
        print("    " + ", ".join(new[-1].written))
        old = timed(change(options.entries - 5), options.rounds)
        told("an old post of a blog, command", old)
        print("    " + ", ".join(old[-1].written))
        told("newest post, resident process", bench.resident(options.rounds))
    print(
        f"load average {os.getloadavg()[0]:.1f}; one change takes {wall:.2f} s, at most {options.most:.2f} are wanted"
    )
    return 0 if wall <= options.most else 1


if __name__ == "__main__":
    sys.exit(main())
