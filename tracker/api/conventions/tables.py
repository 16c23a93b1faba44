"""Lists as tables: CSV piece by piece as it is made, XLSX whole; JSON stays the usual form."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from litestar.params import QueryParameter

from tracker.api.conventions import replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.negotiation import NotAcceptable, weigh
from tracker.api.conventions.replies import JSON, Header, Reply
from tracker.domain.errors import TooLarge
from tracker.tables.writing import OutCell, csv_piece, write_xlsx

if TYPE_CHECKING:
    from litestar.types import Receive, Scope, Send

TableFormat = Literal["json", "csv", "xlsx"]
TableFormatGiven = Annotated[
    str | None,
    QueryParameter(
        name="format",
        description="One of json, csv, xlsx; wins over `Accept`.",
        schema_extra={"enum": ["json", "csv", "xlsx"]},
    ),
]
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
KINDS: Final[dict[TableFormat, str]] = {"json": JSON, "csv": "text/csv", "xlsx": XLSX}
ALL: Final = " ".join(KINDS.values())
"""All media types, as an operation names them."""

XLSX_ROWS_MAX: Final = 100_000
"""Rows of a workbook: it is made whole, in memory. More are given as CSV."""

_VARY: Final[Header] = (b"vary", b"accept")
_PRIVATE: Final[Header] = (b"cache-control", b"no-store")

Rows = AsyncIterator[Sequence[Sequence[OutCell]]]
"""Rows of cells, some at a time."""


def chosen(request: ApiRequest, given: str | None) -> TableFormat:
    """The form that the reader takes: `format`, else `Accept`; raises `NotAcceptable`."""
    if given is not None:
        for name in KINDS:
            if given == name:
                return name
        raise _refused()
    weights = weigh(request, KINDS.values())
    if weights is None:
        return "json"
    best = max(KINDS, key=lambda name: weights[KINDS[name]])
    if weights[KINDS[best]] <= 0:
        raise _refused()
    return best


async def table(
    format_: TableFormat, name: str, columns: Sequence[str], rows: Rows, *more: Header
) -> Reply:
    """The rows as CSV or XLSX, to be saved as `name` with the ending of the form.

    Raises `TooLarge` (`TOO_MANY_ROWS`) for a workbook beyond `XLSX_ROWS_MAX`.
    """
    saved = f'attachment; filename="{name}.{format_}"'.encode()
    headers = ((b"content-disposition", saved), _VARY, _PRIVATE, *more)
    if format_ == "csv":
        kind = (b"content-type", b"text/csv; charset=utf-8; header=present")
        return Pieces(200, (kind, *headers), b"", columns, rows)
    found: list[Sequence[OutCell]] = []
    async for some in rows:
        found += some
        if len(found) > XLSX_ROWS_MAX:
            raise TooLarge(
                f"A workbook has up to {XLSX_ROWS_MAX} rows. Ask for CSV.", code="TOO_MANY_ROWS"
            )
    out = io.BytesIO()
    await asyncio.to_thread(write_xlsx, out, columns, found)
    return replies.content(out.getvalue(), XLSX, 200, *headers)


class Pieces(Reply, frozen=True, array_like=True):
    """CSV that is sent while it is made; its `body` is empty.

    What fails after the first piece ends the connection: half a list must not look like a whole.
    """

    columns: Sequence[str]
    rows: Any

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the answer; the first rows are made before its status goes out."""
        rows: Rows = self.rows
        first = csv_piece([self.columns], mark=True)
        some = await anext(rows, None)
        await send(
            {"type": "http.response.start", "status": self.status, "headers": list(self.headers)}
        )
        while some is not None:
            piece = first + csv_piece(some)
            first = b""
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            some = await anext(rows, None)
        await send({"type": "http.response.body", "body": first, "more_body": False})


def _refused() -> NotAcceptable:
    forms = ", ".join(f"{name} ({kind})" for name, kind in KINDS.items())
    return NotAcceptable(f"This is given as {forms}.")
