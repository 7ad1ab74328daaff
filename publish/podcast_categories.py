"""Apple's categories of podcasts: those of today, and what became of those of before 2019.

In:  terms as podcasts write them, a category before those below it.
Out: categories with what lies below each, as directories know them today.
Never: a category that was not told.
"""

from __future__ import annotations

from collections.abc import Iterable

Categories = tuple[tuple[str, tuple[str, ...]], ...]  # (category, those below it)

_TODAY = {  # without "Religion" below "Religion & Spirituality", which validators have not heard of
    "Arts": "Books|Design|Fashion & Beauty|Food|Performing Arts|Visual Arts",
    "Business": "Careers|Entrepreneurship|Investing|Management|Marketing|Non-Profit",
    "Comedy": "Comedy Interviews|Improv|Stand-Up",
    "Education": "Courses|How To|Language Learning|Self-Improvement",
    "Fiction": "Comedy Fiction|Drama|Science Fiction",
    "Government": "",
    "Health & Fitness": "Alternative Health|Fitness|Medicine|Mental Health|Nutrition|Sexuality",
    "History": "",
    "Kids & Family": "Education for Kids|Parenting|Pets & Animals|Stories for Kids",
    "Leisure": "Animation & Manga|Automotive|Aviation|Crafts|Games|Hobbies|Home & Garden|Video Games",
    "Music": "Music Commentary|Music History|Music Interviews",
    "News": "Business News|Daily News|Entertainment News|News Commentary|Politics|Sports News|Tech News",
    "Religion & Spirituality": "Buddhism|Christianity|Hinduism|Islam|Judaism|Spirituality",
    "Science": "Astronomy|Chemistry|Earth Sciences|Life Sciences|Mathematics|Natural Sciences|Nature|Physics|"
    "Social Sciences",
    "Society & Culture": "Documentary|Personal Journals|Philosophy|Places & Travel|Relationships",
    "Sports": "Baseball|Basketball|Cricket|Fantasy Sports|Football|Golf|Hockey|Rugby|Running|Soccer|Swimming|Tennis|"
    "Volleyball|Wilderness|Wrestling",
    "TV & Film": "After Shows|Film History|Film Interviews|Film Reviews|TV Reviews",
    "Technology": "",
    "True Crime": "",
}
_BEFORE = {
    "Family": "Kids & Family",
    "Fitness & Nutrition": "Health & Fitness|Fitness",
    "Food": "Arts|Food",
    "Games & Hobbies": "Leisure",
    "Government & Organizations": "Government",
    "Health": "Health & Fitness",
    "Language Courses": "Education|Language Learning",
    "Literature": "Arts|Books",
    "Management & Marketing": "Business|Management",
    "Movies & Television": "TV & Film",
    "New Age": "Religion & Spirituality|Spirituality",
    "News & Politics": "News",
    "Other Games": "Leisure|Games",
    "Outdoor": "Sports|Wilderness",
    "Politics": "News|Politics",
    "Science & Medicine": "Science",
    "Self-Help": "Education|Self-Improvement",
    "Sports & Recreation": "Sports",
    "Tech News": "News|Tech News",
    "Training": "Education|How To",
    "Transportation": "Leisure",
    "Travel": "Society & Culture|Places & Travel",
}
_TOPS = {top.casefold(): top for top in _TODAY}
_BELOW = {top: {sub.casefold(): sub for sub in subs.split("|") if sub} for top, subs in _TODAY.items()}
_RENAMED = {name.casefold(): path.partition("|") for name, path in _BEFORE.items()}


def categories_of(terms: Iterable[str]) -> Categories:
    """The categories that these terms name, in their order, each once; what no directory knows is left out."""
    found: dict[str, dict[str, None]] = {}
    top = ""
    for term in terms:
        said = " ".join(term.split()).casefold()
        below = _BELOW.get(top, {})
        if said in below:
            found[top][below[said]] = None
        elif said in _TOPS:
            top = _TOPS[said]
            found.setdefault(top, {})
        elif said in _RENAMED:
            top, _, sub = _RENAMED[said]
            found.setdefault(top, {})
            if sub:
                found[top][sub] = None
        # Any other one is below the category before it, and nobody knows it any more.
    return tuple((top, tuple(subs)) for top, subs in found.items())
