"""What two texts have in common, and the hash by which the same text is known."""

from __future__ import annotations

from feedmill.feeds.likeness import (
    Sketches,
    containment,
    fold,
    own_words,
    resemblance,
    shingles,
    text_hash,
    words_of,
)

TEXT = "The old clock strikes " + " ".join(f"word{n}" for n in range(60))


def test_words_are_what_case_punctuation_and_quotes_leave():
    assert (
        words_of("“Don’t” — she SAID, 3.5%!") == words_of("don't she said 3 5") == ["don", "t", "she", "said", "3", "5"]
    )
    assert fold("  An   Éclair!") == "an éclair"


def test_words_of_a_script_without_spaces_are_its_characters():
    assert words_of("東京2026の夏abc") == ["東", "京", "2026", "の", "夏", "abc"]
    assert len(words_of("한국어 문장")) == 2


def test_what_stands_in_quotations_is_not_own():
    """Nested ones too; markup and entities are gone."""
    quoted = "<blockquote cite='x'>a <blockquote>b</blockquote> c</blockquote>"
    html = f"<p>Mine &amp; <b>yours</b></p>{quoted}<p>end</p></blockquote>"

    assert own_words("", html) == ["mine", "yours", "end"]
    assert own_words("as it is", "<p>as it is</p>") == ["as", "it", "is"]
    assert own_words("", "<p>mine</p><blockquote>open") == ["mine"]


def test_the_same_words_have_the_same_hash_and_few_words_none():
    """Whatever the markup; a text that is mostly a quotation has none."""
    quoting = f"<p>Look:</p><blockquote>{TEXT}</blockquote>"

    assert text_hash(TEXT) == text_hash(TEXT.upper().replace(" ", ", "), f"<i>{TEXT}</i>") is not None
    assert text_hash(TEXT) != text_hash(TEXT + " more")
    assert text_hash("word " * 39) is None
    assert text_hash(TEXT, quoting) is None
    assert text_hash(f"{TEXT} {TEXT}", f"{TEXT}<blockquote>{TEXT}</blockquote>") is not None
    assert text_hash("lone \ud800 " * 40) is not None


def test_sketches_share_what_texts_share():
    """Samples are the same for the same runs of words; long texts give one in sixteen, short ones one in four."""
    sketches = Sketches()
    words = [f"word{n}" for n in range(800)]
    long, tail, short = sketches.of(words), sketches.of(words[100:]), sketches.of(words[:100])

    assert long >= tail
    assert long & short == {shingle for shingle in long if int(shingle[0][4:]) < 98}
    assert 20 < len(long) < 90
    assert 10 < len(short) < 45
    assert sketches.of([]) == sketches.of(["a", "b"]) == set()


def test_resemblance_and_containment_are_shares():
    one, other = shingles(words_of("a b c d e")), shingles(words_of("a b c d x"))

    assert resemblance(one, other) == 0.5
    assert containment(one, other) == 2 / 3
    assert containment(set(), one) == 1
    assert resemblance(set(), set()) == 0
    assert shingles(["a"]) == {("a",)}
