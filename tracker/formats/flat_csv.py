"""The feed as one flat table: a row a publication, for spreadsheets and simple adapters.

UTF-8 with BOM, commas, dot decimals, CR LF. **The header line never changes its order and only
grows at its end**: who reads by position today reads right tomorrow. Text that a spreadsheet would
run is written as `tracker.tables.writing` writes it.

A row is a market's day: breakdowns and targets, of which a day has many, are in the JSON alone.
Money that is withheld is an empty cell and `true` in the `…withheld` column of its period; empty
beside `false`, no bank reported. Banks are their BINs with spaces between.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tracker.formats import Bodies, Names, parts, reported
from tracker.tables.writing import OutCell, write_csv

MEDIA_TYPE: Final = "text/csv"
BOM: Final = b"\xef\xbb\xbf"

_FIRST_FIGURES: Final = ("issued", "attached")
_LATER_FIGURES: Final = parts.FIGURES[3:]

COLUMNS: Final = (
    "market",
    "market_name",
    "area_code",
    "date",
    "revision",
    "definition_version",
    "published_at",
    "ledger_position",
    "denominator",
    "denominator_basis",
    "registered",
    *(f"{name}{part}" for name in _FIRST_FIGURES for part in ("", "_rate")),
    "waterfall_opening",
    "waterfall_attached",
    "waterfall_reattached",
    "waterfall_removed",
    *(f"waterfall_removed_{reason}" for reason in parts.REASONS),
    "waterfall_left",
    "waterfall_closing",
    "denominator_opening",
    "denominator_change",
    "denominator_closing",
    *(f"flag_{code}" for code in parts.FIRST_FLAGS),
    "content_digest",
    "digest",
    "previous_digest",
    *(f"{name}{part}" for name in _LATER_FIGURES for part in ("", "_rate")),
    *("payments", "amount_vnd", "vendors_paid", "withheld"),
    *(f"month_to_date_{name}" for name in ("payments", "amount_vnd", "vendors_paid", "withheld")),
    *(f"completeness_{name}" for name in ("expected", "reported", "final")),
    *(f"flag_{code}" for code in parts.LATER_FLAGS),
    *reported.COLUMNS,
)


def encode(bodies: Bodies, names: Names, *, header: bool = True) -> bytes:
    """The rows, below BOM and header line; without `header` the rows alone, to be appended."""
    out = io.BytesIO()
    write_csv(out, COLUMNS, (_cells(body, names) for body in bodies))
    if header:
        return out.getvalue()
    return out.getvalue().partition(b"\r\n")[2]


def _cells(body: Mapping[str, Any], names: Names) -> list[OutCell]:
    if not reported.is_value(body):
        return list(row(body, names))
    found = reported.cells(body)
    return [found.get(column) for column in COLUMNS]


def row(body: Mapping[str, Any], names: Names) -> Iterator[OutCell]:
    """The cells of one snapshot, in the order of `COLUMNS`."""
    figures, fall = body.get("figures", {}), body.get("waterfall", {})
    base, removed = body.get("denominator", {}), parts.removed(body)
    change, flags = fall.get("denominator", {}), parts.flags(body)
    yield body["market"]
    yield names.get(body["market"], body["market"])
    yield from (body.get(name) for name in COLUMNS[2:8])
    yield base.get("value")
    yield base.get("basis")
    yield figures.get("registered", {}).get("count")
    yield from _shares(figures, _FIRST_FIGURES)
    yield from (fall.get(name) for name in ("opening", "attached", "reattached"))
    yield sum(removed.values())
    yield from (removed[reason] for reason in parts.REASONS)
    yield from (fall.get(name) for name in ("left", "closing"))
    yield from (change.get(name) for name in ("opening", "change", "closing"))
    yield from (flags[code] for code in parts.FIRST_FLAGS)
    yield from (body.get(name) for name in ("content_digest", "digest", "previous_digest"))
    yield from _shares(figures, _LATER_FIGURES)
    yield from _money(parts.day(body))
    yield from _money(parts.month(body))
    yield from _completeness(body.get("completeness"))
    yield from (flags.get(code) for code in parts.LATER_FLAGS)
    yield from (None for _ in reported.COLUMNS)


def _shares(figures: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[OutCell]:
    for name in names:
        found = figures.get(name, {})
        yield found.get("count")
        yield found.get("rate")


def _money(block: Mapping[str, Any]) -> Iterator[OutCell]:
    yield from (block.get(name) for name in parts.MONEY)
    yield block.get("withheld", False) if block else None


def _completeness(done: Mapping[str, Any] | None) -> Iterator[OutCell]:
    if done is None:
        yield from (None, None, None)
        return
    yield " ".join(done["expected"])
    yield " ".join(done["reported"])
    yield done["final"]
