"""Moments in a query: RFC 3339 with an offset."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from litestar.params import QueryParameter

from tracker.domain.days import moment_of
from tracker.domain.errors import Fault, Invalid

_FORM = "RFC 3339 with an offset, such as 2026-11-21T08:30:00+07:00."

AsOf = Annotated[
    str | None,
    QueryParameter(
        description=f"What had been published by then. {_FORM}",
        schema_extra={"format": "date-time"},
    ),
]
UpdatedAfter = Annotated[
    str | None,
    QueryParameter(
        description=f"Only what was published later. {_FORM}", schema_extra={"format": "date-time"}
    ),
]


def moment(name: str, given: str | None) -> int | None:
    """A moment of the query in ms; raises `Invalid` (`INVALID_PARAMETER`).

    A plus sign that was sent as it is arrives as a space: what is meant is clear, so it counts.
    """
    if given is None:
        return None
    try:
        value = datetime.fromisoformat(given.replace(" ", "+"))
        if "T" in given.upper() and value.tzinfo is not None:
            return moment_of(value)
    except (ValueError, OverflowError):
        pass
    raise Invalid(
        "A part of the address or its query is wrong; `errors` names each.",
        code="INVALID_PARAMETER",
        faults=(Fault(f"/query/{name}", "PARAMETER", f"This must be a time: {_FORM}"),),
    )
