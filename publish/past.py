"""The pages of the past, brought up to date: months, their list, the search page and its index.

In:  the lines of what a publication may show, newest first; its edition; the ledger.
Out: files put into the ledger; what went wrong, as sentences.
Never: renders a month in which nothing changed; lets a page that fails cost anything but itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from feedmill.publish.about import source_title
from feedmill.publish.aggregate import Edition
from feedmill.publish.frame import frame_key
from feedmill.publish.gather import Line, Memory, Planet
from feedmill.publish.ledger import Ledger, digest
from feedmill.publish.months import (
    SEARCH_FOLDER,
    Month,
    items_of,
    leaves,
    month_pages,
    months_of,
    page_name,
    search_index,
    search_months,
)
from feedmill.publish.render import place, works


def put_past(store: Memory, planet: Planet, ledger: Ledger, edition: Edition, lines: Sequence[Line]) -> Iterator[str]:
    """Each month that changed, then what lists the months."""
    around, publication = edition.around, edition.publication
    if not (around.archive or around.search):
        return
    titles = {record.row: source_title(record) for record in planet.records}
    months = months_of(lines, titles)
    pages = leaves(months)
    beside = month_pages(pages)
    by_row = {record.row: record for record in planet.records}
    frame = digest(works(), frame_key(edition))
    for month in pages:
        newer, older = beside[month.name]
        key = digest(frame, month.key, newer and newer.name, older and older.name)
        page = place(publication, page_name(month))
        index = place(publication, f"{SEARCH_FOLDER}/{month.name}.json")
        names = ([page] if around.archive else []) + ([index] if around.search else [])
        if not [name for name in names if not ledger.fresh(name, key)]:
            continue
        items = items_of(store.headlines(month.rows), by_row, titles)
        if around.archive:
            from feedmill.publish.page import render_month

            yield from put_page(
                ledger, page, key,
                lambda month=month, items=items, newer=newer, older=older: render_month(  # type: ignore[misc]
                    edition, month, items, newer=newer, older=older
                ),
            )  # fmt: skip
        if around.search:
            ledger.put(index, search_index(items), key)
        if ledger.full:
            ledger.flush()
    yield from _indexes(ledger, edition, months, frame)


def _indexes(ledger: Ledger, edition: Edition, months: Sequence[Month], frame: str) -> Iterator[str]:
    """`frame`: the digest of what stands around every page."""
    publication = edition.publication
    if edition.around.archive:
        for month in months:
            if month.days:
                counted = [(day.name, len(day.rows)) for day in month.days]
                yield from put_page(
                    ledger,
                    place(publication, page_name(month)),
                    digest(frame, month.name, counted),
                    lambda month=month: _days_page(edition, month),  # type: ignore[misc]
                )
        yield from put_page(
            ledger,
            place(publication, "archive/index.html"),
            digest(frame, [(month.name, len(month.rows)) for month in months]),
            lambda: _months_page(edition, months),
        )
    if edition.around.search:
        yield from put_page(ledger, place(publication, "search.html"), frame, lambda: _search_page(edition))
        name, data = place(publication, f"{SEARCH_FOLDER}/months.json"), search_months(leaves(months))
        if not ledger.fresh(name, digest(data)):
            ledger.put(name, data, digest(data))


def _days_page(edition: Edition, month: Month) -> bytes:
    from feedmill.publish.page import render_days

    return render_days(edition, month)


def _months_page(edition: Edition, months: Sequence[Month]) -> bytes:
    from feedmill.publish.page import render_months

    return render_months(edition, months)


def _search_page(edition: Edition) -> bytes:
    from feedmill.publish.page import render_search

    return render_search(edition)


def put_page(ledger: Ledger, name: str, key: str, make: Callable[[], bytes]) -> Iterator[str]:
    """A page that is not fresh; one that fails keeps its last good file."""
    if ledger.fresh(name, key):
        return
    from feedmill.publish.check import check

    try:
        data = make()
        wrong = check("html", data)
    except Exception as error:  # noqa: BLE001  a theme that fails must never stop the feeds
        data, wrong = b"", [repr(error)]
    if wrong:
        ledger.keep(name)
        yield f"{name} was not rendered, the last good one stays: {'; '.join(wrong)}"
        return
    ledger.put(name, data, key)
