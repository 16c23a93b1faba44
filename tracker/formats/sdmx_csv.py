"""The feed as SDMX-CSV 2.1.0: one observation a row, in the terms of `tracker.formats.structure`.

UTF-8 without BOM, as the format asks for. Every row names its structure and the action `R`: the
observation replaces what the reader has under the same dimensions. Later rows are later
publications, and each has every indicator, zeros too, so that nothing of an earlier one stays.

A value that is there has the status `A`, or `P` while the day is not final. One that is not there
is `NaN`: with `Q`, and confidential, where it is withheld, else with `M`. Reported values are
observations of a dataflow of their own, the only ones with a comparator.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tracker.formats import Bodies, Names, reported
from tracker.formats.indicators import INDICATORS, readable
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

_CRLF: Final = "\r\n"


def encode(bodies: Bodies, names: Names) -> bytes:
    """All observations of the bodies below the header line; `names` are the structure's matter."""
    del names
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator=_CRLF)
    writer.writerow(COLUMNS)
    for body in bodies:
        if reported.is_value(body):
            writer.writerows(reported.observations(body))
        else:
            out.writelines(_rows(body))
    return out.getvalue().encode()


def _rows(body: Mapping[str, Any]) -> Iterator[str]:
    """The lines of one publication, in the order of the indicators; no cell needs quotes."""
    values = readable(body)
    area, date, updated = body["area_code"] or NO_AREA, body["date"], body["published_at"]
    head = f"dataflow,{DATAFLOW},R,D,{area},{body['market']},"
    there = "A" if body.get("completeness", {}).get("final", True) else "P"
    for indicator in INDICATORS:
        code, unit, value = indicator.code, indicator.unit, indicator.value(values)
        if value is None:
            number, status = "NaN", "Q,C" if indicator.withheld(values) else "M,F"
            decimals = 2 if unit == "PERCENT" else 0
        elif unit == "PERCENT":
            number, status, decimals = f"{value:.2f}", f"{there},F", 2
        else:
            number, status, decimals = str(value), f"{there},F", 0
        yield f"{head}{code},{date},{number},{unit},0,{decimals},{status},{updated},{_CRLF}"
