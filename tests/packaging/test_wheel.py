"""The wheel holds the whole house, and works where there is nothing but Python and its dependencies."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = {"app": "feedmill", **{room: f"feedmill/{room}" for room in ("feeds", "ingest", "publish", "config")}}

pytestmark = pytest.mark.slow


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTHON"))}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built from a copy of what a release would hold."""
    source = tmp_path_factory.mktemp("source")
    for room in ROOMS:
        shutil.copytree(ROOT / room, source / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    here = tuple(int(part) for part in metadata.version("setuptools").split(".")[:2]) >= (70, 1)
    isolation = ["--no-build-isolation"] if here else []
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            *isolation,
            "--wheel-dir",
            source / "dist",
            source,
        ],
        check=True,
        env=clean_environment(),
    )
    (built,) = (source / "dist").glob("feedmill-*.whl")
    return built


@pytest.fixture(scope="module")
def bare(wheel, tmp_path_factory) -> Path:
    """An environment with the wheel and what it requires, and nothing of ours: no extras, no tools, no checkout."""
    folder = tmp_path_factory.mktemp("bare") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    for name in _required("feedmill"):
        distribution = metadata.distribution(name)
        tops = {path.parts[0] for path in distribution.files or () if path.parts[0] not in {"..", "__pycache__"}}
        for top in tops:
            target = site / top
            if not target.exists():
                target.symlink_to(distribution.locate_file(top))
    return folder / "bin" / "python"


def _required(root: str) -> set[str]:
    """The distributions that `root` needs at run time, by way of others too."""
    from packaging.requirements import Requirement

    seen: set[str] = set()
    todo = [(root, frozenset[str]())]
    while todo:
        name, extras = todo.pop()
        for text in metadata.requires(name) or ():
            requirement = Requirement(text)
            wanted = [{"extra": extra} for extra in extras] or [{"extra": ""}]
            if requirement.marker is not None and not any(requirement.marker.evaluate(extra) for extra in wanted):
                continue
            key = re.sub(r"[-_.]+", "-", requirement.name).lower()
            if key not in seen:
                seen.add(key)
                todo.append((key, frozenset(requirement.extras)))
    return seen


def test_the_wheel_holds_every_module_and_every_data_file(wheel):
    """What the package list or the data list forgets is missing here."""
    held = set(zipfile.ZipFile(wheel).namelist())
    files = {
        f"{package}/{path.relative_to(ROOT / room).as_posix()}"
        for room, package in ROOMS.items()
        for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }

    assert [] == sorted(files - held)


def test_the_wheel_installs_one_package_only(wheel):
    """No top-level `config` or `feeds` in anybody's environment."""
    tops = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}

    assert ["feedmill"] == sorted(top for top in tops if not top.endswith(".dist-info"))


def test_the_wheel_alone_runs_the_demo(bare, tmp_path):
    """`feedmill demo --once` in an empty folder of a bare environment: exit code 0, the files are named and there."""
    done = subprocess.run(
        [bare, "-I", "-m", "feedmill", "demo", "--once"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, env=clean_environment(), check=False,
    )  # fmt: skip
    named = [Path(line.strip()) for line in done.stdout.splitlines() if line.startswith("  /") or "/public/" in line]

    assert (0, "") == (done.returncode, re.sub(r".*refused.*\n", "", done.stderr))
    assert {"index.html", "atom.xml", "rss.xml", "feed.json", "subscriptions.opml", "status.html"} <= {
        path.name for path in named
    }
    assert [] == [path for path in named if not path.is_file()]


def test_the_bare_environment_is_bare(bare):
    """No pytest, no checkout: what was tested above was the wheel."""
    done = subprocess.run(
        [bare, "-I", "-c", "import feedmill, importlib.util as u; print(feedmill.__file__, u.find_spec('pytest'))"],
        capture_output=True, text=True, check=True, env=clean_environment(),
    )  # fmt: skip

    assert str(bare.parents[1]) in done.stdout
    assert done.stdout.strip().endswith("None")
