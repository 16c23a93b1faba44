"""`/v1/markets/{market}/activity` and `/v1/activity`: the bank's day."""

from __future__ import annotations

from datetime import date as Date  # `date` is the word of the contract
from typing import Annotated

from litestar import Controller, get, put
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct, json

from tracker.access.roles import Permission
from tracker.api import links
from tracker.api.contract_parts import PATHS
from tracker.api.conventions import conditional, replies, uploads
from tracker.api.conventions.call import ApiRequest, UnsupportedMedia
from tracker.api.conventions.replies import Reply
from tracker.api.operation import Answer, operation
from tracker.api.resources.imports import FILE_PROBLEMS
from tracker.api.resources.jobs import JobOut, accepted
from tracker.domain.activity import LINES_MAX, Line
from tracker.domain.days import day_date, day_number
from tracker.services import activity, imports
from tracker.services.activity import BankDayOut, Reported
from tracker.services.row_details import detail

_DAY = {"date": "2026-11-18"}
"""A day of the examples: one that is not too old when they are sent."""

_PROBLEMS = ("IN_FUTURE", "TOO_OLD", "BIN_UNKNOWN")


class ActivityLine(Struct, frozen=True, forbid_unknown_fields=True):
    """One vendor's day at the bank; number and sum are added up and not kept."""

    vendor: Annotated[str, Meta(max_length=40, description="The vendor code.", examples=["…"])]
    payments: Annotated[int, Meta(description="How many payments; 0 or more.")]
    amount_vnd: Annotated[int, Meta(description="Their sum in whole dong; 0 or more.")]


class ActivityBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The bank's whole day in this market."""

    lines: Annotated[
        tuple[ActivityLine, ...],
        Meta(max_length=LINES_MAX, description="One line a vendor; none is a day without payments"),
    ]


class DayOut(Struct, frozen=True):
    """The bank's day as it stands: the number and sum of all payments, how many were paid."""

    market: str
    date: str
    bin: str
    payments: int
    amount_vnd: int
    vendors: int


class Totals(Struct, frozen=True):
    """Lines by what became of them."""

    accepted: int
    duplicate: int
    rejected: int


class RefusedOut(Struct, frozen=True):
    """A line that does not count; `row` is its place among the lines, from 1."""

    row: int
    id: str | None
    status: str
    field: str
    code: str
    detail: str | None


class PartOut(Struct, frozen=True):
    """The day as it stands, where some lines do not count, and those lines.

    `recorded` tells whether the other lines are the day now. Where no line counts, nothing was
    written: the day stays as it was, null where it was never reported.
    """

    recorded: bool
    day: DayOut | None
    totals: Totals
    items: list[RefusedOut]


class ActivityDays(Controller):
    """What the banks report of each day."""

    tags = ("activity",)

    @get(
        "/v1/markets/{market:str}/activity/{date:str}/{bin:str}",
        summary="Get a bank's day",
        opt=operation(
            Permission.ACTIVITY_READ,
            {200: Answer("The bank's day as it stands.", BankDayOut, headers=("ETag",))},
            path=_DAY,
        ),
    )
    async def get_activity(
        self,
        request: ApiRequest,
        market: FromPath[str],
        date: FromPath[Date],
        bin: FromPath[str],  # noqa: A002  # the word of the contract
    ) -> Reply:
        """Number and sum of all payments, and the codes of the vendors paid.

        What each vendor was paid is not kept. `paid` is null once the set of vendors was dropped
        (after 24 months). A bank sees its own days; a day that it never reported is 404.
        """
        found = await activity.get(
            request.tracker, request.principal, market, day_number(date), bin
        )
        return conditional.reply(request, json.encode(found))

    @put(
        "/v1/markets/{market:str}/activity/{date:str}/{bin:str}",
        summary="Report a bank's day",
        opt=operation(
            Permission.ACTIVITY_WRITE,
            {
                200: Answer("The lines are the day now.", DayOut, links=links.BANK_DAY),
                207: Answer("Some lines do not count, or none does.", PartOut),
            },
            problems=(*_PROBLEMS, "BEFORE_OPENING", "MARKET_CLOSED", "BUSY"),
            body={"lines": [{"vendor": PATHS["vendor"], "payments": 12, "amount_vnd": 1_450_000}]},
            path=_DAY,
        ),
    )
    async def put_activity(
        self,
        request: ApiRequest,
        market: FromPath[str],
        date: FromPath[Date],
        bin: FromPath[str],  # noqa: A002  # the word of the contract
        data: JSONBody[ActivityBody],
    ) -> Reply:
        """Replaces the whole day of the bank in this market; the same lines again change nothing.

        A line counts if its vendor had an account at the bank by the end of that day. Lines that
        do not count are told in a 207, the others become the day. If there are lines and none of
        them counts, nothing is written; no lines at all are a day without payments. Today may be
        reported, and replaced when it is over.
        """
        activity.check_bank(bin)
        lines = [
            Line(row, line.vendor, line.payments, line.amount_vnd)
            for row, line in enumerate(data.lines, 1)
        ]
        said = await activity.report(
            request.tracker,
            request.principal.id,
            market,
            day=day_number(date),
            bin_=bin,
            lines=lines,
        )
        return _render(market, said)

    @put(
        "/v1/activity/{date:str}/{bin:str}",
        summary="Report a bank's day in all its markets",
        opt=operation(
            Permission.ACTIVITY_WRITE,
            {
                202: Answer(
                    "A job was started.", JobOut, headers=("Location",), links=links.ROWS_JOB
                )
            },
            problems=(
                *_PROBLEMS,
                "BAD_ENCODING",
                "MEDIA_TYPE",
                "JOBS_WAITING",
                "UPLOADS_BUSY",
                *FILE_PROBLEMS,
            ),
            file=f"vendor,payments,amount_vnd\n{PATHS['vendor']},12,1450000\n",
            path=_DAY,
            table=True,
        ),
        status_code=202,
        request_max_body_size=None,  # the upload counts for itself, by the setting for files
    )
    async def put_activity_everywhere(
        self,
        request: ApiRequest,
        date: FromPath[Date],
        bin: FromPath[str],  # noqa: A002  # the word of the contract
    ) -> Reply:
        """CSV or JSON lines of `vendor`, `payments`, `amount_vnd`; the market is the vendor's.

        The job replaces the day in one market after the other; its rows say what became of each
        line. A market of yours where the bank has accounts and that no line means is reported as a
        day without payments (`without_payments` of the result names it), so send the whole day in
        one file. A market of whose lines none counts stays as it was. `Content-Encoding: gzip` is
        taken. Sent again, the same file changes nothing; a day that the bank reports anew while
        the job waits is not overwritten.
        """
        if request.content_type[0] == uploads.FORM:
            raise UnsupportedMedia("Send CSV (`text/csv`) or JSON lines (`application/jsonl`).")
        _, chunks = await uploads.receive(request, {})
        job = await imports.accept_day(
            request.tracker,
            request.principal,
            day=day_number(date),
            bin_=bin,
            chunks=chunks,
        )
        return accepted(job)


def _render(market: str, said: Reported) -> Reply:
    standing = said.standing
    day = None
    if standing is not None:
        day = DayOut(
            market,
            day_date(standing.day).isoformat(),
            standing.bin,
            standing.payments,
            standing.amount_vnd,
            standing.vendors,
        )
    refused = said.decided.refused
    if day is not None and not refused:
        return replies.data(day)
    items = [
        RefusedOut(one.row, one.vendor, "rejected", one.field, one.code, detail(one.code))
        for one in refused
    ]
    totals = Totals(len(said.decided.accepted), 0, len(refused))
    return replies.data(PartOut(said.recorded, day, totals, items), 207)
