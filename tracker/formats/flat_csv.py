"""The feed as one flat table: a row a publication, for spreadsheets and simple adapters.

UTF-8 with BOM, commas, dot decimals, CR LF. **The header line never changes its order and only
grows at its end**: who reads by position today reads right tomorrow. Text that a spreadsheet would
run is written as `tracker.tables.writing` writes it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tracker.formats import Bodies, Names, reported
from tracker.tables.writing import OutCell, write_csv

MEDIA_TYPE: Final = "text/csv"
BOM: Final = b"\xef\xbb\xbf"

REASONS: Final = (
    "tax_worry",
    "fraud",
    "lost_phone",
    "no_signal",
    "bank_change",
    "moved_stall",
    "closed",
    "other",
    "superseded",
    "revoked",
)
"""Why attachments ended: the reasons of a removal, and what ends a code."""

FLAGS: Final = (
    "no_census",
    "registered_exceeds_census",
    "swap_suspected",
)
"""Findings of the closed list that snapshots can have; new ones are columns at the end."""

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
    "issued",
    "issued_rate",
    "attached",
    "attached_rate",
    "waterfall_opening",
    "waterfall_attached",
    "waterfall_reattached",
    "waterfall_removed",
    *(f"waterfall_removed_{reason}" for reason in REASONS),
    "waterfall_left",
    "waterfall_closing",
    "denominator_opening",
    "denominator_change",
    "denominator_closing",
    *(f"flag_{code}" for code in FLAGS),
    "content_digest",
    "digest",
    "previous_digest",
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
    base, removed = body.get("denominator", {}), fall.get("removed", {})
    change, found = fall.get("denominator", {}), {f["code"]: f["count"] for f in body["flags"]}
    yield body["market"]
    yield names.get(body["market"], body["market"])
    yield from (body.get(name) for name in COLUMNS[2:8])
    yield base.get("value")
    yield base.get("basis")
    yield figures.get("registered", {}).get("count")
    for name in ("issued", "attached"):
        yield figures.get(name, {}).get("count")
        yield figures.get(name, {}).get("rate")
    yield from (fall.get(name) for name in ("opening", "attached", "reattached"))
    yield sum(removed.values())
    yield from (removed.get(reason, 0) for reason in REASONS)
    yield from (fall.get(name) for name in ("left", "closing"))
    yield from (change.get(name) for name in ("opening", "change", "closing"))
    yield from (found.get(code, 0) for code in FLAGS)
    yield from (body.get(name) for name in ("content_digest", "digest", "previous_digest"))
    yield from (None for _ in reported.COLUMNS)
