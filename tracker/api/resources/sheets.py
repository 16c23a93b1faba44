"""`/v1/sheets`: stickers of many vendors as one PDF of A4 pages."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from tracker.access.roles import Permission
from tracker.api import links
from tracker.api.conventions import replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.api.conventions.retries import REPLAYED, key_of
from tracker.api.operation import Answer, operation
from tracker.api.resources.fields import Bin, MarketId, OptionalLabel
from tracker.api.resources.jobs import JobOut, accepted
from tracker.services import sheets

PDF: Final = "application/pdf"

OnPage = Annotated[
    int, Meta(ge=1, le=4, description="Of stickers on a page: 2 × 2 are 92 mm wide, 4 × 4 43 mm.")
]


class NewSheet(Struct, frozen=True, forbid_unknown_fields=True):
    """Which live codes of a market are printed, and how many on a page."""

    market: MarketId
    vendors: (
        Annotated[
            tuple[Annotated[str, Meta(max_length=16, examples=["CVT-0001-7"])], ...],
            Meta(min_length=1, max_length=2000, description="Vendor codes; by default all."),
        ]
        | None
    ) = None
    zone: OptionalLabel = None
    printed: Annotated[
        Literal["never", "before", "any"],
        Meta(description="Codes never printed yet, those to be printed again, or both."),
    ] = "never"
    bin: Bin | None = None
    columns: OnPage = 2
    rows: OnPage = 2


class Sheets(Controller):
    """Sheets are drawn by a job; every symbol on them was read back."""

    tags = ("sheets",)

    @post(
        "/v1/sheets",
        summary="Order a sheet of stickers",
        opt=operation(
            Permission.SHEETS_WRITE,
            {
                202: Answer(
                    "A job was started.", JobOut, headers=("Location",), links=links.SHEET_JOB
                )
            },
            problems=("NOTHING_TO_PRINT", "TOO_MANY_STICKERS", "BIN_UNKNOWN", "JOBS_WAITING"),
            body={"market": "cho-vung-tau", "printed": "any", "columns": 3, "rows": 3},
            retries=True,
        ),
        status_code=202,
    )
    async def order_sheet(self, request: ApiRequest, data: JSONBody[NewSheet]) -> Reply:
        """Stickers by zone and stall, up to 2 000; the prints are recorded on the codes.

        Which codes are printed is fixed now. The job's `result` has `sheet`, the address of the
        PDF, `kept_until`, the number of `stickers`, and `left_out`: codes that were replaced,
        printed by others or erased meanwhile, or that did not read back. A bank prints codes at
        its BINs only.
        """
        key = key_of(request)
        known = key and await request.tracker.jobs.known(key)
        job = await sheets.accept(
            request.tracker,
            request.principal,
            market=data.market,
            vendors=None if data.vendors is None else list(data.vendors),
            zone=data.zone,
            printed=data.printed,
            bin_=data.bin,
            columns=data.columns,
            rows=data.rows,
            key=key,
        )
        reply = accepted(job)
        return reply.plus(REPLAYED) if known else reply

    @get(
        "/v1/sheets/{sheet:str}",
        summary="Fetch a sheet",
        opt=operation(
            Permission.SHEETS_READ,
            {200: Answer("The sheet.", None, PDF, headers=("Content-Disposition",))},
            problems=("SHEET_NOT_READY", "SHEET_GONE"),
        ),
    )
    async def get_sheet(self, request: ApiRequest, sheet: FromPath[str]) -> Reply:
        """The PDF, for a day after it was drawn: your own; an admin may fetch all in scope.

        Print it at 100 %. It holds names and account numbers: keep it as you keep those.
        """
        drawn = await sheets.pdf(request.tracker, request.principal, sheet)
        name = f'attachment; filename="stickers-{sheet}.pdf"'.encode()
        return replies.content(drawn, PDF, 200, (b"content-disposition", name))
