"""The feed as SDMX-CSV 2.1.0: one observation a row, in the terms of `tracker.formats.structure`.

UTF-8 without BOM, as the format asks for. Every row names its structure and the action `R`: the
observation replaces what the reader has under the same dimensions. Later rows are later
publications. A value that is not there is `NaN`: with status `M` where it cannot exist (a rate of
nothing), with `Q` where it is withheld. Reported values are observations of a dataflow of their
own, the only ones with a comparator.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tracker.formats import Bodies, Names, reported
from tracker.formats.indicators import INDICATORS
from tracker.formats.structure import (
    ATTRIBUTES,
    COMPARATOR,
    DATAFLOW,
    DIMENSIONS,
    MEASURE,
    NO_AREA,
)

MEDIA_TYPE: Final = "application/vnd.sdmx.data+csv"
VERSION: Final = "2.1.0"
COLUMNS: Final = (
    *("STRUCTURE", "STRUCTURE_ID", "ACTION", *DIMENSIONS, MEASURE, *ATTRIBUTES),
    COMPARATOR,
)

_DECIMALS: Final = {"VENDOR": "0", "PERCENT": "2"}


def encode(bodies: Bodies, names: Names) -> bytes:
    """All observations of the bodies below the header line; `names` are the structure's matter."""
    del names
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for body in bodies:
        if reported.is_value(body):
            writer.writerows(reported.observations(body))
        else:
            writer.writerows((*row, "") for row in rows(body))
    return out.getvalue().encode()


def rows(body: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """The observations of one publication, in the order of the indicators."""
    area, market, date = body["area_code"] or NO_AREA, body["market"], body["date"]
    updated = body["published_at"]
    for indicator in INDICATORS:
        value = indicator.value(body)
        there = value is not None
        yield (
            "dataflow",
            DATAFLOW,
            "R",
            "D",
            area,
            market,
            indicator.code,
            date,
            _number(value, indicator.unit) if value is not None else "NaN",
            indicator.unit,
            "0",
            _DECIMALS[indicator.unit],
            "A" if there else "M",
            "F",
            updated,
        )


def _number(value: float, unit: str) -> str:
    return f"{value:.2f}" if unit == "PERCENT" else str(value)
