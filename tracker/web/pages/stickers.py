"""Stickers: choose which, have the sheet drawn, print it."""

from __future__ import annotations

from typing import Final

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery
from msgspec import json

from tracker.access.roles import Permission, hidden
from tracker.api.conventions import replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.api.resources.sheets import PDF, NewSheet
from tracker.domain.errors import Fault, Invalid, TrackerError
from tracker.domain.text import squeeze
from tracker.services import job_rows, sheets
from tracker.services.stalls import vendors_at
from tracker.tables.cells import stall
from tracker.web import forms, view
from tracker.web.forms import Typed
from tracker.web.route import page
from tracker.web.words import bank_name

LAYOUTS: Final = ("2x2", "2x3", "3x3", "1x1")
STALLS_MAX: Final = 500
"""Stalls typed by hand; more are a zone."""

_TOKEN_BYTES: Final = 16


class Stickers(Controller):
    """Sheets of stickers of one market."""

    @get("/markets/{market:str}/stickers", opt=page(Permission.SHEETS_WRITE))
    async def choose(
        self, request: ApiRequest, market: FromPath[str], stall: FromQuery[str] = ""
    ) -> Reply:
        """Which stickers; `stall` is the one to print again."""
        given = {"stalls": stall, "printed": "any"} if stall else {}
        return await _choose(request, market, Typed(given))

    @post("/markets/{market:str}/stickers", opt=page(Permission.SHEETS_WRITE), status_code=303)
    async def order(self, request: ApiRequest, market: FromPath[str]) -> Reply:
        """Orders the sheet; the same form sent twice is the same sheet."""
        given = await forms.values(request)
        try:
            columns, _, rows = given.get("layout", "").partition("x")
            wanted = {**given, "market": market, "columns": columns, "rows": rows}
            new = forms.read(wanted, NewSheet)
            who = request.principal
            key = request.tracker.keyring.lookup("form", who.id, given.get("form", "")).hex()
            job = await sheets.accept(
                request.tracker,
                who,
                market=market,
                vendors=await _vendors(request, market, given.get("stalls", "")),
                zone=new.zone,
                printed=new.printed,
                bin_=new.bin,
                columns=new.columns,
                rows=new.rows,
                key=key if given.get("form") else None,
            )
        except TrackerError as refused:
            if refused.status >= 500:
                raise
            return await _choose(request, market, Typed(given, refused))
        return view.see(f"/markets/{market}/stickers/{job.id}")

    @get("/markets/{market:str}/stickers/{sheet:str}", opt=page(Permission.SHEETS_READ))
    async def show(self, request: ApiRequest, market: FromPath[str], sheet: FromPath[str]) -> Reply:
        """How far the drawing is, then the PDF, and what was left out of it."""
        job = await job_rows.get_job(request.tracker, request.principal, sheet)
        if job.kind != "sheets" or job.params["market"] != market:
            raise hidden()
        place = await request.tracker.market(market)
        return view.render(request, "sticker_sheet", market=place, job=job, result=job.result or {})

    @get("/markets/{market:str}/stickers/{sheet:str}/pdf", opt=page(Permission.SHEETS_READ))
    async def get_pdf(
        self, request: ApiRequest, market: FromPath[str], sheet: FromPath[str]
    ) -> Reply:
        """The PDF, for a day."""
        drawn = await sheets.pdf(request.tracker, request.principal, sheet)
        name = f'attachment; filename="{market}-{sheet}.pdf"'.encode()
        return replies.content(drawn, PDF, 200, (b"content-disposition", name))


async def _choose(request: ApiRequest, market: str, typed: Typed) -> Reply:
    tracker = request.tracker
    place = await tracker.market(market)
    live = json.decode((await request.service.live.market(request.principal, market)).body)
    banks = [row["key"] for row in live["breakdowns"]["bank"]]
    return view.render(
        request,
        "stickers",
        200 if typed.refused is None else typed.refused.status,
        market=place,
        zones=[(zone, zone) for zone in place.zones],
        banks=[(bin_, bank_name(bin_)) for bin_ in banks if request.principal.may_bin(bin_)],
        layouts=LAYOUTS,
        form=typed.values.get("form") or tracker.random_bytes(_TOKEN_BYTES).hex(),
        typed=typed,
    )


async def _vendors(request: ApiRequest, market: str, text: str) -> list[str] | None:
    """The vendors at the stalls that were typed, parted by commas or lines; None = all.

    Raises `Invalid` naming the stalls at which nobody is registered.
    """
    typed = [squeeze(part) for part in text.replace("\n", ",").replace(";", ",").split(",")]
    stalls = list(dict.fromkeys(stall(part)[0] for part in typed if part))
    if not stalls:
        return None
    if len(stalls) > STALLS_MAX:
        wrong = Fault("/stalls", "TOO_LONG", f"At most {STALLS_MAX} stalls.")
        raise Invalid("Too many stalls.", code="INVALID_BODY", faults=(wrong,))
    found = await vendors_at(request.tracker, request.principal, market, stalls)
    if unknown := [one for one, vendor in found.items() if vendor is None]:
        wrong = Fault("/stalls", "STALLS_UNKNOWN", ", ".join(unknown[:20]))
        raise Invalid("Nobody is registered there.", code="INVALID_BODY", faults=(wrong,))
    return [vendor for vendor in found.values() if vendor is not None]
