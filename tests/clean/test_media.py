"""Steps images and embeds (cleaning.md 3.10, 3.11)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from feedmill.ingest.clean import CleanContext, Recipe, clean
from feedmill.ingest.clean.rulebook import providers

Tidy = Callable[..., str]
PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
REAL = '<p><img src="https://a.example/real.jpg" alt="A"></p>'


@pytest.mark.parametrize(
    "html",
    [
        f"<img src='{PIXEL}' data-src='https://a.example/real.jpg' alt=A>",
        "<img src='/img/blank.gif' data-lazy-src='https://a.example/real.jpg' alt=A>",
        "<img data-original='https://a.example/real.jpg' alt=' A '>",
        "<img src='https://a.example/real.jpg' alt=A loading=lazy class=c id=i>",
        f"<img src='{PIXEL}' alt=A data-x=y><noscript><img src='https://a.example/real.jpg' alt=A></noscript>",
        f"<noscript><img src='https://a.example/real.jpg' alt=A></noscript><img data-src='{PIXEL}' src='{PIXEL}'>",
        f"<div><img src='{PIXEL}'></div><noscript><img src='https://a.example/real.jpg' alt=A></noscript>",
        "<noscript><img src='https://a.example/real.jpg' alt=A></noscript>",
        "<img src='https://a.example/real.jpg' alt=A><noscript><img src='https://a.example/real.jpg' alt=A></noscript>",
        "<a href='https://a.example/real.jpg'><img src='https://a.example/real.jpg' alt=A></a>",
        "<amp-img src='https://a.example/real.jpg' alt=A></amp-img>",
        "<picture><source type=image/avif><img src='https://a.example/real.jpg' alt=A></picture>",
    ],
)
def test_the_real_image_is_found(html: str, tidy: Tidy) -> None:
    assert REAL == tidy(html)


def test_a_noscript_with_another_image_is_used_beside_it(tidy: Tidy) -> None:
    out = tidy("<img src='/1.jpg'><noscript><img src='/2.jpg'></noscript>")

    assert "/1.jpg" in out
    assert "/2.jpg" in out


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (
            "<img srcset='a.jpg 400w, b.jpg 1200w, c.jpg 3000w' sizes='(min-width: 1px)  50vw'>",
            ("2024/05/b.jpg", ' sizes="(min-width: 1px) 50vw"'),
        ),
        (
            "<img src='/s.jpg' srcset='/a.jpg 1x, /b.jpg 2x'>",
            ("https://mill.example/s.jpg", "https://mill.example/b.jpg 2x"),
        ),
        ("<img srcset='/a.jpg, /b.jpg 2x'>", ('src="https://mill.example/a.jpg"', "b.jpg 2x")),
        ("<img srcset='/a.jpg 3000w'>", ('src="https://mill.example/a.jpg"', "3000w")),
        ("<img data-srcset='/a.jpg 300w' src='data:,'>", ('src="https://mill.example/a.jpg"', "300w")),
        (
            "<img src='/s.jpg' srcset='javascript:x 1x, /b.jpg 2x, data:image/png;base64,AA 3x, /c.jpg evil'>",
            ("/s.jpg", 'srcset="https://mill.example/b.jpg 2x"'),
        ),
        ("<img src='/s.jpg' srcset='/a,b.jpg 1x\n,/c.jpg 2x' sizes=auto>", ("a,b.jpg 1x, https", "c.jpg 2x")),
        (
            "<picture><source srcset='/a.avif 1x'><source srcset='/a.webp 800w'><img alt=A></picture>",
            ("a.webp", "800w"),
        ),
        ("<img src=/i.jpg width=300 height='20.5px' title=' T  t '>", ('width="300"', 'height="20" ')),
    ],
)
def test_candidates_and_sizes(html: str, expected: tuple[str, ...], tidy: Tidy) -> None:
    out = tidy(html).replace('">', '" >')

    assert [True] * len(expected) == [part in out for part in expected], out
    assert "javascript" not in out


@pytest.mark.parametrize(
    "html",
    [
        "<img src='https://a.example/p.gif' width=1 height=1>",
        "<img src='https://a.example/p.gif' width=0 height=0>",
        "<img src='https://a.example/p.gif' style='width:1px; height: 1px'>",
        "<img src='https://a.example/p.gif' style='display:none'>",
        "<img src='https://pixel.wp.com/b.gif?x'>",
        "<img src='//feeds.feedburner.com/~r/x'>",
        "<img src='http://da.feedsportal.com/x.img'>",
        "<img data-src='https://pixel.quantserve.com/p.gif'>",
        f"<img src='{PIXEL}'>",
        "<img>",
        "<img src='mailto:a@b.example'>",
        "<img src='javascript:x'>",
        "<a href='https://feeds.feedburner.com/~a/x'><img src='https://feeds.feedburner.com/~a/x'></a>",
    ],
)
def test_what_is_no_picture_goes(html: str, tidy: Tidy) -> None:
    assert "<p>x</p>" == tidy(f"<p>x</p>{html}")


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>well <img class=wp-smiley src='/s.gif' alt=':-)'> done</p>", "<p>well :-) done</p>"),
        ("<p>well <img src='https://abs.twimg.com/emoji/v2/72x72/1f600.png' alt='😀'> done</p>", "<p>well 😀 done</p>"),
        ("<p>well <img src='/images/smilies/icon.gif'> done</p>", "<p>well done</p>"),
    ],
)
def test_small_faces_are_text(html: str, expected: str, tidy: Tidy) -> None:
    assert expected == tidy(html)


def test_icons_with_words_stay(tidy: Tidy) -> None:
    """Sixteen pixels are small, not nothing."""
    assert 'alt="new"' in tidy("<p>x <img src='/n.png' width=16 height=16 alt=new></p>")


def test_an_image_linked_to_its_large_copy_keeps_the_link(tidy: Tidy) -> None:
    assert "s1600" in tidy("<a href='/s1600/i.jpg'><img src='/s320/i.jpg'></a>")


def test_the_lead_image_is_no_icon(context: CleanContext) -> None:
    html = "<img src='/i.png' width=32 height=32><p>x</p><img src='/lead.jpg?a=1&amp;b=2'>"

    assert "https://mill.example/lead.jpg?a=1&b=2" == clean(html, context).lead_image
    assert clean("<p>x</p>", context).lead_image is None


def test_images_without_the_step_are_written_as_they_are(tidy: Tidy) -> None:
    out = tidy("<p><img src='https://a.example/p.gif' width=1 height=1><img></p>", Recipe(switches={"images": False}))

    assert '<p><img src="https://a.example/p.gif" alt=""></p>' == out


EMBEDS = {
    "https://www.youtube.com/embed/abcdefghijk?rel=0": ("YouTube", "https://www.youtube.com/watch?v=abcdefghijk"),
    "//www.youtube-nocookie.com/embed/abcdefghijk": ("YouTube", "https://www.youtube.com/watch?v=abcdefghijk"),
    "https://www.youtube.com/embed/videoseries?list=PL123": ("YouTube", "https://www.youtube.com/playlist?list=PL123"),
    "https://player.vimeo.com/video/12345?h=0a1b": ("Vimeo", "https://vimeo.com/12345/0a1b"),
    "https://player.vimeo.com/video/12345": ("Vimeo", "https://vimeo.com/12345"),
    "https://open.spotify.com/embed/album/4aBc": ("Spotify", "https://open.spotify.com/album/4aBc"),
    "https://w.soundcloud.com/player/?url=https%3A//soundcloud.com/ada/song&x=1": (
        "SoundCloud",
        "https://soundcloud.com/ada/song",
    ),
    "https://codepen.io/ada/embed/xYz?tab=js": ("CodePen", "https://codepen.io/ada/pen/xYz"),
    "https://archive.org/embed/mill1900": ("Internet Archive", "https://archive.org/details/mill1900"),
    "https://tube.example/videos/embed/8a7b6c5d-1111": ("PeerTube", "https://tube.example/w/8a7b6c5d-1111"),
    "https://unknown.example/w?utm_source=x&id=2": ("unknown.example", "https://unknown.example/w?id=2"),
}


@pytest.mark.parametrize("src", EMBEDS)
def test_frames_become_links(src: str, tidy: Tidy) -> None:
    name, url = EMBEDS[src]

    assert f'<p><a href="{url}" rel="noopener noreferrer">{name}</a></p>' == tidy(f'<iframe src="{src}"></iframe>')


@pytest.mark.parametrize(
    "html",
    [
        "<iframe data-src='https://www.youtube.com/embed/abcdefghijk'></iframe>",
        "<iframe src='about:blank' data-lazy-src='https://www.youtube.com/embed/abcdefghijk'></iframe>",
        "<object data='https://www.youtube.com/v/abcdefghijk'><embed src='https://www.youtube.com/v/abcdefghijk'></object>",
        "<object><param name=movie value='https://www.youtube.com/v/abcdefghijk'></object>",
        "<object><embed src='https://www.youtube.com/v/abcdefghijk'></object>",
        "<embed src='https://www.youtube.com/v/abcdefghijk'>",
        "<lite-youtube videoid=abcdefghijk></lite-youtube>",
        "<amp-youtube data-videoid=abcdefghijk></amp-youtube>",
        "<amp-iframe src='https://www.youtube.com/embed/abcdefghijk'></amp-iframe>",
        "<p><iframe src='https://www.youtube.com/embed/abcdefghijk' title='YouTube video player'></iframe></p>",
    ],
)
def test_every_way_to_embed_a_video(html: str, tidy: Tidy) -> None:
    url = "https://www.youtube.com/watch?v=abcdefghijk"

    assert f'<p><a href="{url}" rel="noopener noreferrer">YouTube</a></p>' == tidy(html)


@pytest.mark.parametrize(
    "html",
    [
        "<iframe src='https://ads.example.net/x'></iframe>",
        "<iframe src='https://www.facebook.com/plugins/like.php?x'></iframe>",
        "<iframe src='https://a.example/x' width=1 height=1></iframe>",
        "<iframe src='https://a.example/x' style='display:none'></iframe>",
        "<iframe src='javascript:x'></iframe>",
        "<iframe srcdoc='x'></iframe>",
        "<iframe></iframe>",
        "<object><param name=quality value=high></object>",
        "<video></video>",
        "<audio src='javascript:x'></audio>",
        "<script src='https://a.example/x.js'></script>",
        "<lite-youtube videoid='x y' hidden></lite-youtube>" * 0 + "<amp-iframe src='javascript:x'></amp-iframe>",
        "<script src='https://gist.github.com.evil.example/x'></script>",
    ],
)
def test_frames_that_nobody_reads_go(html: str, tidy: Tidy) -> None:
    assert "<p>x</p>" == tidy(f"<p>x</p>{html}")


def test_an_address_that_a_pattern_cannot_read_stands_for_itself(tidy: Tidy) -> None:
    """SoundCloud's player around something that is no address."""
    out = tidy("<iframe src='https://w.soundcloud.com/player/?url=javascript%3Ax'></iframe>")

    assert ">w.soundcloud.com</a>" in out


def test_a_vimeo_facade_is_a_link(tidy: Tidy) -> None:
    assert 'href="https://vimeo.com/12345"' in tidy("<lite-vimeo videoid=12345></lite-vimeo>")


def test_a_noscript_alone_among_other_nodes(tidy: Tidy) -> None:
    """Comments and words around it are no image; an image in words of its own is not its twin."""
    html = (
        "<!-- c --><noscript><img src='/n.jpg'></noscript><!-- d --><p>words <img src='/w.jpg'></p>"
        "<noscript>x</noscript>"
    )

    assert tidy(html).count("<img") == 2


def test_a_title_says_which_video(tidy: Tidy) -> None:
    out = tidy("<iframe src='https://www.youtube.com/embed/abcdefghijk' title='The mill wheel'></iframe>")

    assert ">YouTube: The mill wheel</a>" in out


def test_a_gist_script_is_a_link(tidy: Tidy) -> None:
    out = tidy("<p>x</p><script src='https://gist.github.com/ada/0123abcd.js'></script>")

    assert '<a href="https://gist.github.com/ada/0123abcd"' in out


def test_players_stay_with_controls(tidy: Tidy) -> None:
    video = "<video src='/v.mp4' poster='/p.jpg' autoplay loop onplay=x><p>No video?</p></video>"
    audio = "<audio><source src='/a.ogg' type='audio/ogg; codecs=vorbis'><source src='/a.mp3' type='evil'></audio>"

    assert (
        '<p><video controls="" poster="https://mill.example/p.jpg" src="https://mill.example/v.mp4"></video></p>'
        == tidy(video)
    )
    assert (
        '<p><audio controls=""><source src="https://mill.example/a.ogg" type="audio/ogg; codecs=vorbis">'
        '<source src="https://mill.example/a.mp3"></audio></p>' == tidy(audio)
    )


def test_embeds_without_the_step_are_dropped(tidy: Tidy) -> None:
    out = tidy(
        "<p>x</p><iframe src='https://a.example/'></iframe><video src='/v.mp4'></video>",
        Recipe(switches={"embeds": False}),
    )

    assert "<p>x</p>" == out


def test_every_provider_pattern_leads_somewhere() -> None:
    """A template names only groups that its pattern has."""
    for name, pattern, template in providers():
        assert name
        assert max((int(part[0]) for part in template.split("\\")[1:]), default=0) <= pattern.groups
