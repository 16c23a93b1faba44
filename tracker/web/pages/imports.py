"""Files of an office or a bank: look at what was understood, mend, then apply."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Final

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from tracker.access.roles import Permission, hidden, require
from tracker.api.conventions import tables, uploads
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.domain.days import day_date, day_number
from tracker.domain.errors import Fault, Invalid, TrackerError
from tracker.services import import_trials, job_rows, job_table
from tracker.services.import_trials import MATCHABLE, Understood
from tracker.services.row_details import DETAILS
from tracker.store.jobs import Job, RowStatus
from tracker.tables.reading import Matched, Peek
from tracker.web import forms, view
from tracker.web.forms import Typed
from tracker.web.route import page
from tracker.web.texts import Language

KINDS: Final = ("roster", "attachments")
FAULTS: Final = 50
"""Refused rows that the page shows; the workbook has all of them."""

HEADS_CHARS: Final = 60
"""Of a row's cells where it is to be chosen as the heading."""

_SEE_ID: Final = re.compile(r" \((?:see|xem) `id`\)")
"""Where the API points at the field `id`, the page has a link."""

_COLUMN: Final = re.compile(r"at\.([a-z_]+)")


class Imports(Controller):
    """A market's files."""

    @get("/markets/{market:str}/imports", opt=page(Permission.IMPORTS_WRITE))
    async def choose(self, request: ApiRequest, market: FromPath[str]) -> Reply:
        """Which file, and since when it holds."""
        return await _choose(request, market, Typed())

    @post(
        "/markets/{market:str}/imports",
        opt=page(Permission.IMPORTS_WRITE),
        status_code=303,
        request_max_body_size=None,  # the upload counts for itself, by the setting for files
    )
    async def try_file(self, request: ApiRequest, market: FromPath[str]) -> Reply:
        """Tries the file; nothing is written yet."""
        given: dict[str, Any] = {}
        try:
            given, chunks = await uploads.receive(request, {})
            kind = given.get("kind", "")
            job = await import_trials.begin(
                request.tracker,
                request.principal,
                kind=kind if kind in KINDS else "roster",
                market=market,
                effective_on=_day(given.get("effective_on")),
                chunks=chunks,
            )
        except TrackerError as refused:
            if refused.status >= 500:
                raise
            return await _choose(request, market, Typed(given, refused))
        return view.see(f"/markets/{market}/imports/{job.id}")

    @get("/markets/{market:str}/imports/{job:str}", opt=page(Permission.IMPORTS_WRITE))
    async def show(self, request: ApiRequest, market: FromPath[str], job: FromPath[str]) -> Reply:
        """How far it is; what was understood, what is refused and why, and what can be done."""
        return await _show(request, market, await _job(request, market, job), Typed())

    @post(
        "/markets/{market:str}/imports/{job:str}/columns",
        opt=page(Permission.IMPORTS_WRITE),
        status_code=303,
    )
    async def match(self, request: ApiRequest, market: FromPath[str], job: FromPath[str]) -> Reply:
        """Tries the file anew with the columns as they were matched."""
        found = await _job(request, market, job)
        given = await forms.values(request)
        try:
            again = await import_trials.again(
                request.tracker, request.principal, found, _matched(given)
            )
        except TrackerError as refused:
            if refused.status >= 500:
                raise
            return await _show(request, market, found, Typed(given, refused))
        return view.see(f"/markets/{market}/imports/{again.id}")

    @post(
        "/markets/{market:str}/imports/{job:str}/application",
        opt=page(Permission.IMPORTS_WRITE),
        status_code=303,
    )
    async def apply(self, request: ApiRequest, market: FromPath[str], job: FromPath[str]) -> Reply:
        """Imports the file as it was tried."""
        found = await _job(request, market, job)
        try:
            applied = await import_trials.apply(request.tracker, request.principal, found)
        except TrackerError as refused:
            if refused.status >= 500 or refused.status == 404:
                raise
            return await _show(request, market, found, Typed({}, refused))
        return view.see(f"/markets/{market}/imports/{applied.id}")

    @get("/markets/{market:str}/imports/{job:str}/rows.xlsx", opt=page(Permission.IMPORTS_WRITE))
    async def get_rows(
        self,
        request: ApiRequest,
        market: FromPath[str],
        job: FromPath[str],
        only: FromQuery[str] = "",
    ) -> Reply:
        """The rows with what became of each beside it; with `only` the refused ones, to mend."""
        await _job(request, market, job)
        wanted: RowStatus | None = "rejected" if only == "rejected" else None
        sheet = await job_table.sheet(request.tracker, request.principal, job, wanted)
        return await tables.table("xlsx", f"{job}-rows", sheet.columns, sheet.rows)


async def _job(request: ApiRequest, market: str, id_: str) -> Job:
    found = await job_rows.get_job(request.tracker, request.principal, id_)
    if found.kind != "import" or import_trials.place_of(found) != market:
        raise hidden()
    return found


async def _choose(request: ApiRequest, market: str, typed: Typed) -> Reply:
    place = await request.tracker.market(market)
    reader = view.reader_of(request)
    kinds = [kind for kind in KINDS if reader.may(f"imports.{kind}", market)]
    status = typed.refused.status if typed.refused is not None else 200
    return view.render(request, "imports", status, market=place, kinds=kinds, typed=typed)


async def _show(request: ApiRequest, market: str, job: Job, typed: Typed) -> Reply:
    tracker, me = request.tracker, request.principal
    require(me, Permission.IMPORTS_WRITE, market)
    unread = job.problem is not None and job.problem.code in MATCHABLE
    peek = await import_trials.first_rows(tracker, me, job) if job.ended else None
    known = None if unread else await import_trials.understood(tracker, me, job)
    result = job.result or {}
    day = job.params.get("effective_on")
    return view.render(
        request,
        "import",
        typed.refused.status if typed.refused is not None else 200,
        market=await tracker.market(market),
        job=job,
        tried=bool(job.params["dry_run"]),
        kind=job.params["kind"],
        day=None if day is None else day_date(day),
        unread=unread,
        known_columns=known,
        peek=peek,
        **_choices(peek, known),
        totals=result.get("totals", {}),
        not_listed=result.get("not_listed") or [],
        faults=await import_trials.faults(tracker, me, job, FAULTS) if job.ended else [],
        row_detail=row_detail,
        typed=typed,
    )


def _choices(peek: Peek | None, known: Understood | None) -> dict[str, Any]:
    """The heading rows and columns that may be chosen, and which columns are matched now."""
    if peek is None or not peek.rows:
        return {"peek_rows": [], "peek_columns": [], "matched_at": {}, "heading": ""}
    rows = [(str(number), f"{number}: {_short(cells)}") for number, cells in peek.rows]
    likely = next((row for row in peek.rows if sum(map(bool, row[1])) > 1), peek.rows[0])
    heading = known.header_row if known else likely[0]
    heads = dict(peek.rows).get(heading, likely[1])
    width = max(len(cells) for _, cells in peek.rows)
    columns = [
        (str(n), f"{n + 1}: {heads[n] if n < len(heads) else ''}".strip(": ")) for n in range(width)
    ]
    named = {} if known is None else known.columns
    at = {field: str(heads.index(h)) for field, h in named.items() if h in heads}
    chosen = {"matched_at": at, "heading": str(heading)}
    return {"peek_rows": rows, "peek_columns": columns, **chosen}


def _short(cells: list[str]) -> str:
    text = " · ".join(cell for cell in cells if cell)
    return text if len(text) <= HEADS_CHARS else text[: HEADS_CHARS - 1] + "…"


def row_detail(language: Language, code: str | None) -> str:
    """What a row's code means, in the reader's language."""
    general = "TOO_LONG" if code and code.endswith("_TOO_LONG") else ""
    english, vietnamese = DETAILS.get(code or "") or DETAILS.get(general, ("", ""))
    return _SEE_ID.sub("", vietnamese if language == "vi" else english)


def _day(text: str | None) -> int | None:
    if not text:
        return None
    try:
        return day_number(date.fromisoformat(text))
    except ValueError:
        wrong = Fault("/effective_on", "VALUE", "A date such as 2026-11-21.")
        raise Invalid("The day is no date.", code="INVALID_BODY", faults=(wrong,)) from None


def _matched(given: dict[str, str]) -> Matched:
    """The fields `at.<field>` with a column each, and the heading's `row`."""
    at = {
        name[1]: int(text)
        for key, text in given.items()
        if (name := _COLUMN.fullmatch(key)) and text.isascii() and text.isdigit()
    }
    row = given.get("row", "")
    return Matched(int(row) if row.isascii() and row.isdigit() else 0, at)
