"""Language: declared, else detected when there is enough to tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from feedmill.ingest.language import detect, normalize_tag


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("en", "en"), ("EN-us", "en-US"), ("zh_CN", "zh-CN"), ("zh-hant-tw", "zh-Hant-TW"), ("pt-BR.UTF-8", "pt-BR"),
        ("es-419", "es-419"), ("de-DE-1996", "de-DE-1996"), ("iw", "he"), ("English", "en"), ("Deutsch", "de"),
        (" fr ", "fr"), ("en, de", "en"), ("ca-valencia", "ca-valencia"),
        ("eng", "en"), ("ger", "de"), ("epo", "eo"), ("por-BR", "pt-BR"), ("nds", "nds"), ("jp", "ja"), ("cz", "cs"),
        ("en-UK", "en-GB"), ("ja-JA", "ja"), ("en-EN", "en"), ("sr-latn-rs", "sr-Latn-RS"), ("de-abcd", "de"),
        ("de-valencia", "de"), ("en-x123456", "en"), ("qq", None), ("xy-DE", None),
        ("und", None), ("", None), (None, None), ("klingonish", None),
        ("x", None), ("en us", None), ("<script>", None),
    ],
)  # fmt: skip
def test_a_declared_language_is_written_as_bcp_47(declared: str | None, expected: str | None) -> None:
    assert normalize_tag(declared) == expected
    assert normalize_tag(expected) == expected


# One paragraph of one story in each language: adding a language is adding a file.
TEXTS = {file.stem: file.read_text("utf-8") for file in (Path(__file__).parent / "cases" / "languages").glob("*.txt")}


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_a_paragraph_is_enough_to_tell_the_language(language: str) -> None:
    assert detect(f"{TEXTS[language]} {TEXTS[language]}") == language


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Short text in the language of this house.",
        "42 " * 300,
        "zorp blick nard quim florb " * 20,
        TEXTS["en"][:120] + TEXTS["ru"][:120],
        "ใ" * 20,
        "௧ய " * 200,
    ],
)
def test_too_little_or_too_mixed_a_text_tells_nothing(text: str) -> None:
    assert detect(text) is None


def test_thai_and_hebrew_are_told_by_their_script() -> None:
    assert detect("โรงสีริมแม่น้ำ " * 20) == "th"
    assert detect("הטחנה ליד הנהר " * 30) == "he"
