"""Every feed that a whole planet of real documents becomes, before the W3C validator at its AA level.

Nothing of ours is found. What is found is what blogs say of themselves and we pass on word for word; each kind of that
is named below with its reason, and where it may stand.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.corpus, pytest.mark.slow]

PUBLICATIONS = """
[[publication]]
title = "Planet Test"
description = "Bread & salt, R&D at 1&1"
source_feeds = true
tag_feeds = true
archive = true
[[publication]]
path = "everything"
title = "Everything"
limit = 3000
[[publication]]
path = "headlines"
title = "Headlines"
profile = "headlines"
formats = ["atom", "rss"]
[[publication]]
path = "excerpts"
title = "Excerpts"
profile = "excerpt"
formats = ["atom", "rss"]
[[publication]]
path = "podcasts"
title = "Podcasts"
owner_email = "planet@example.org"
profile = "podcast"
formats = ["atom", "rss"]
[[publication]]
path = "casts"
title = "Posts and episodes"
owner_email = "planet@example.org"
tags = ["cast"]
formats = ["atom", "rss"]
[[publication]]
path = "anonymous"
title = "Posts and episodes of nobody"
tags = ["cast"]
formats = ["atom", "rss"]
"""

Finding = dict[str, str]


def is_id(finding: Finding) -> bool:
    return finding["element"] == "id" and finding["parent"] in {"entry", "source"}


# kind -> (why it is passed on, whether this finding is of that sort). `text` is the line of the document it stands in.
PASSED_ON: dict[str, tuple[str, Callable[[Finding], bool]]] = {
    # Check A7: ids are the blogs' own. The validator's page on the second: do not canonicalize what you resyndicate.
    "SchemeNotIANARegistered": ("an id in a scheme of its own (yt:video:...)", is_id),
    "NonCanonicalURI": ("an id that its blog could have written otherwise", is_id),
    "InvalidTAG": ("an id that is no good tag: URI", is_id),
    "InvalidUUID": ("an id that is no good urn:uuid", is_id),
    "InvalidFullLink": ("an id that is an IRI", is_id),
    # RFC 6721; the validator does not know the namespace.
    "UnknownNamespace": (
        "a tombstone",
        lambda finding: finding["namespace"] == "http://purl.org/atompub/tombstones/1.0",
    ),
}

W3C = """
import json, sys
from multiprocessing import Pool
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import feedvalidator
from feedvalidator import compatibility
folder, base = Path(sys.argv[2]), sys.argv[3]

def findings(path):
    name = str(path.relative_to(folder))
    data = path.read_bytes()
    lines = data.decode().split("\\n")
    events = feedvalidator.validateString(data, firstOccurrenceOnly=0, base=base + name)["loggedEvents"]
    found = []
    for event in compatibility.AA(events):
        told = {key: str(value) for key, value in event.params.items()}
        text = lines[int(told["line"]) - 1] if told.get("line", "").isdigit() else ""
        found.append({"element": "", "parent": "", "namespace": "", **told, "kind": type(event).__name__,
                      "file": name, "text": text[:2000]})
    return name, found

if __name__ == "__main__":
    with Pool(2) as pool:
        print(json.dumps(dict(pool.imap_unordered(findings, sorted(folder.rglob("*.xml")), chunksize=4))))
"""


@pytest.fixture
def w3c(tmp_path: Path) -> Callable[[Path], dict[str, list[Finding]]]:
    """The validator's findings in each XML file below a folder; its checkout is named by FEEDMILL_FEEDVALIDATOR."""
    place = os.environ.get("FEEDMILL_FEEDVALIDATOR")
    if not place:
        pytest.skip("FEEDMILL_FEEDVALIDATOR does not name a checkout of the W3C feed validator")
    python = os.environ.get("FEEDMILL_FEEDVALIDATOR_PYTHON", sys.executable)
    script = tmp_path / "w3c.py"
    script.write_text(W3C)

    def run(folder: Path) -> dict[str, list[Finding]]:
        done = subprocess.run(
            [python, "-W", "ignore", str(script), str(Path(place) / "src"), str(folder), "https://planet.example/"],
            capture_output=True, text=True, check=True, timeout=900,
        )  # fmt: skip
        return dict(json.loads(done.stdout))

    return run


def test_the_w3c_validator_finds_nothing_but_what_is_passed_on(planet: Any, blogs: Any, corpus: Any, w3c: Any) -> None:
    """Publications, profiles, each source and tag, archives, the operator's feed; with retracted entries in them."""
    urls = [blogs.url(path) for path in corpus(blogs)]
    planet.configure(*urls, extra=PUBLICATIONS)
    toml = planet.folder / "feedmill.toml"
    written = toml.read_text().replace("[[source]]\n", '[[source]]\ntags = ["c&a"]\n')
    for path, (document, _) in blogs.documents.items():
        if b"<itunes:duration" in document:
            source = f"\nurl = {json.dumps(blogs.url(path))}"
            written = written.replace(f'["c&a"]{source}', f'["c&a", "cast"]{source}')
    toml.write_text(written)
    planet.sync(expect=None)
    items = json.loads((planet.output / "everything" / "feed.json").read_text())["items"]
    for item in (items[0], items[40], items[-1]):
        planet.run("takedown", item["id"])

    found = w3c(planet.output)

    assert {"atom.xml", "rss.xml", "ops.xml", "everything/rss.xml", "podcasts/rss.xml", "tag/c-a/atom.xml"} <= set(
        found
    )
    assert sum(name.startswith("source/") for name in found) > 150
    assert sum(name.startswith("archive/") for name in found) > 50
    episodes = {name: (planet.output / name / "rss.xml").read_text() for name in ("casts", "anonymous", "podcasts")}
    assert {name: "<itunes:duration>" in text for name, text in episodes.items()} == {
        "casts": True, "anonymous": False, "podcasts": True,
    }  # fmt: skip
    assert "<media:content " in episodes["anonymous"]
    every = [finding for findings in found.values() for finding in findings]
    counted = Counter((finding["kind"], PASSED_ON.get(finding["kind"], ("?",))[0]) for finding in every)
    print(f"{len(found)} files", *(f"{number:6} {kind}: {why}" for (kind, why), number in counted.items()), sep="\n")
    ours = [f for f in every if f["kind"] not in PASSED_ON or not PASSED_ON[f["kind"]][1](f)]
    assert ours[:10] == []
