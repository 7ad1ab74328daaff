"""Where sentences end, and where they only seem to."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmill.ingest.sentences import iter_sentences


@pytest.mark.parametrize(
    "whole",
    [
        "The U.S. Embassy and the U.S. troops stayed.",
        "We met Maj. Anna Berg, Dr. Who and Mr. J. R. Hartley there.",
        "See e.g. Vienna, i.e. Austria, or cf. Graz.",
        "It costs 3.50 euros at shop.example.com today.",
        "Yahoo! is a name and so is Jeopardy! to some.",
        "“Why?” he asked.",
        "Wir treffen uns am 3. Oktober in Bonn.",
        "Es gilt z.B. Berlin als groß.",
        "No. 5 is alive, see p. 12 and Vol. 3 for more.",
        "Acme Inc. Chief Bob Ray left.",
        "At 5 p.m. Eastern we close.",
        "1. Install the thing first.",
        "It is a bit ... odd.",
        "no end mark at all",
    ],
)
def test_these_are_one_sentence(whole: str) -> None:
    assert list(iter_sentences(whole)) == [whole]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four…", ["One.", "Two!", "Three?", "Four…"]),
        ("He left the U.S. The rest stayed.", ["He left the U.S.", "The rest stayed."]),
        ("She said “Go.” Then she left.", ["She said “Go.”", "Then she left."]),
        ("Really?! Yes.", ["Really?!", "Yes."]),
        ("It was 1999. People danced.", ["It was 1999.", "People danced."]),
        ("He has 3. She has 4.", ["He has 3.", "She has 4."]),
        ("Vi ses i maj. Hej då.", ["Vi ses i maj.", "Hej då."]),
        ("Wait... What?", ["Wait...", "What?"]),
        ("今日は晴れ。明日は雨？そう！", ["今日は晴れ。", "明日は雨？", "そう！"]),
        ("هل هذا صحيح؟ نعم.", ["هل هذا صحيح؟", "نعم."]),
        ("यह एक है। यह दो है।", ["यह एक है।", "यह दो है।"]),
        ("A line.\nAnother line.", ["A line.", "Another line."]),
        ("(In brackets.) Outside.", ["(In brackets.)", "Outside."]),
        ("", []),
        ("   ", []),
    ],
)
def test_a_text_is_parted_into_its_sentences(text: str, expected: list[str]) -> None:
    assert list(iter_sentences(text)) == expected


@given(st.text(st.sampled_from('aZ. !?…。\n"”)U.S3'), max_size=60))
def test_no_character_but_space_is_lost(text: str) -> None:
    assert "".join("".join(iter_sentences(text)).split()) == "".join(text.split())


@pytest.mark.parametrize("unit", [".", ". ", "a.", "A. ", "!?", '."', "。"])
def test_a_long_run_of_marks_takes_time_in_proportion(unit: str) -> None:
    start = time.process_time()
    list(iter_sentences(unit * 50_000))

    assert time.process_time() - start < 1.5
