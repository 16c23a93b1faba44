"""A body of many rows, each read for itself: a JSON array, JSON lines or CSV, by content type.

What is wrong with a row is said of that row; only what cannot be told apart into rows at all is
refused whole.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, Final, Generic, TypeVar

import msgspec
from msgspec import Struct

from tracker.api.catalogue import faults
from tracker.api.conventions import bodies
from tracker.api.conventions.call import ApiRequest, UnsupportedMedia
from tracker.domain.errors import Fault, Invalid, TooLarge
from tracker.services import row_details
from tracker.tables.reading import read_registrations

T = TypeVar("T")

JSON_LINES: Final = frozenset(
    {"application/jsonl", "application/x-ndjson", "application/ndjson", "application/x-jsonlines"}
)
CSV: Final = "text/csv"


class Given(Struct, Generic[T], frozen=True):
    """A row as it was given: what it says, or all that is wrong with it.

    `row` is the place in a JSON array, from 1, or the line of the file.
    """

    row: int
    value: T | None = None
    faults: tuple[Fault, ...] = ()


async def read(request: ApiRequest, shape: type[T], rows_max: int) -> list[Given[T]]:
    """The rows of the body, each as `shape`, at most `rows_max`.

    Raises `UnsupportedMedia`, `TooLarge` (`TOO_MANY_ROWS`), `Invalid` (`MALFORMED_JSON`,
    `INVALID_BODY` for a body without rows) and, for CSV, `BadFile`.
    """
    if request.header(b"content-encoding"):
        raise UnsupportedMedia("Send the body as it is; only imports may be compressed.")
    media_type = request.content_type[0]
    body = await request.body()
    if media_type in JSON_LINES:
        found = _lines(body)
    elif media_type == CSV:
        found = _table(body)
    elif not media_type or media_type == "application/json":
        found = _array(body)
    else:
        raise UnsupportedMedia(
            "Send a JSON array (`application/json`), JSON lines (`application/jsonl`) or CSV "
            "(`text/csv`)."
        )
    rows: list[Given[T]] = []
    for number, raw, wrong in found:
        if len(rows) == rows_max:
            raise TooLarge(
                f"One call takes {rows_max} rows. Send more of them as a file through /v1/imports.",
                code="TOO_MANY_ROWS",
            )
        rows.append(Given(number, faults=wrong) if wrong else _checked(number, raw, shape))
    if not rows:
        raise bodies.refusal([Fault("", "TOO_SHORT", "Send at least one row.")])
    return rows


def _checked(number: int, raw: Any, shape: type[T]) -> Given[T]:
    try:
        return Given(number, bodies.check(raw, shape))
    except Invalid as refused:
        return Given(number, faults=refused.faults)


_Found = tuple[int, Any, tuple[Fault, ...]]


def _array(body: bytes) -> Iterator[_Found]:
    raw = _decoded(body)
    if not isinstance(raw, list):
        raise bodies.refusal([Fault("", "TYPE", "This must be a list of rows.")])
    return ((number, one, ()) for number, one in enumerate(raw, 1))


def _lines(body: bytes) -> Iterator[_Found]:
    for number, line in enumerate(body.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if line.strip():
            try:
                yield number, _decoded(line), ()
            except Invalid as refused:
                yield number, None, (Fault("", refused.code, refused.detail),)


def _decoded(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (ValueError, RecursionError):
        raise Invalid(
            "This is not JSON in UTF-8. Check brackets, quotes and encoding.",
            code="MALFORMED_JSON",
        ) from None


def _table(body: bytes) -> Iterator[_Found]:
    for row in read_registrations(io.BytesIO(body)):
        wrong = tuple(Fault(f"/{field}", code, _said(code)) for field, code in row.faults)
        yield row.row, row.fields, wrong


def _said(code: str) -> str:
    entry = faults().get(code)
    if entry is not None:
        return f"{entry.meaning} {entry.mend}"
    return row_details.DETAILS.get(code, ("This cannot be read.",))[0]
