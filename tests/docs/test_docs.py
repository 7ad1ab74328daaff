"""The documentation says what the program does, and nothing that it does not."""

import re
import shlex
from pathlib import Path

import click
import pytest

from feedmill.cli import feedmill
from feedmill.config.model import Document

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"])


def page(name: str) -> str:
    return (DOCS / "commands" / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", feedmill.commands)
def test_each_command_has_a_page_with_its_usage_and_each_of_its_options(name):
    """And no option that it does not have."""
    command = feedmill.commands[name]
    text = page(name)
    options = {opt for param in command.params if isinstance(param, click.Option) for opt in param.opts}
    own = "\n".join(line for line in text.splitlines() if "--config" not in line)  # lines that show another command
    mentioned = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", own)) - {"--config", "--debug"}

    assert text.startswith(f"# feedmill {name}\n")
    assert f"feedmill {name}" in text.partition("```")[2].partition("```")[0]
    assert options == mentioned


def test_the_list_of_commands_is_complete():
    """In docs/commands.md, each with a link to its page; in the README by name."""
    listed = re.findall(r"\[`(\w+)`\]\(commands/(\w+)\.md\)", (DOCS / "commands.md").read_text(encoding="utf-8"))

    assert list(feedmill.commands) == [name for name, _ in listed] or set(feedmill.commands) == {n for n, _ in listed}
    assert all(name == target for name, target in listed)
    assert [] == [name for name in feedmill.commands if f"`{name}`" not in README]


def test_each_page_of_a_command_belongs_to_a_command():
    """What is taken out of the program leaves the documentation."""
    assert set(feedmill.commands) == {path.stem for path in (DOCS / "commands").glob("*.md")}


def test_each_key_of_the_configuration_is_documented_and_stands_in_the_example():
    """Table by table."""
    text = (DOCS / "configuration.md").read_text(encoding="utf-8")
    example = (ROOT / "config" / "example.toml").read_text(encoding="utf-8")
    sections = dict(
        re.findall(r"^## \[?\[?([\w ]+?)\]*(?: \{#\w+\})?\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    )
    for name, info in Document.model_fields.items():
        key = info.alias or name
        kind = getattr(info.annotation, "__args__", (info.annotation,))[0]
        if not hasattr(kind, "model_fields"):
            assert f"| `{key}` |" in sections["The planet"]
            continue
        for field in kind.model_fields:
            assert f"| `{field}` |" in sections[key]
            assert re.search(rf"^(# )?{field} +?= ", example, re.MULTILINE), field


def _code_lines(text: str) -> list[str]:
    blocks = re.findall(r"^```(?:sh)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [line.partition(" #")[0].strip() for block in blocks for line in block.splitlines()]


@pytest.mark.parametrize("line", [line for line in _code_lines(README) if line.startswith("feedmill ")])
def test_each_feedmill_line_of_the_readme_is_understood(line):
    """Command and options exist, arguments are enough; it is parsed, not run."""
    name, *arguments = shlex.split(line)[1:]
    command = feedmill.commands[name]

    assert command.make_context(name, arguments, resilient_parsing=False) is not None


def test_each_make_target_of_the_readme_exists():
    """`make demo` and its friends."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"^make (\w+)", README, re.MULTILINE))

    assert {"demo", "test"} <= named
    assert [] == [name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE)]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_link_leads_nowhere(path):
    """Links between pages, and pictures."""
    text = path.read_text(encoding="utf-8")
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text)]
    local = [target for target in targets if target and "://" not in target and not target.startswith("mailto:")]

    assert [] == [target for target in local if not (path.parent / target).exists()]


def test_each_decision_says_what_would_change_our_mind():
    """Context, choice, and that; numbered without gaps or doubles."""
    decisions = sorted((DOCS / "decisions").glob("*.md"))
    numbers = [int(path.name[:4]) for path in decisions]

    assert sorted(set(numbers)) == numbers
    for path in decisions:
        text = path.read_text(encoding="utf-8")
        assert re.match(r"# \d+\. ", text), path.name
        for heading in ("## Context", "## Choice", "## What would change our mind"):
            assert heading in text, (path.name, heading)
