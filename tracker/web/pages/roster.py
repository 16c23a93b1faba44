"""A market's roster: search, filters, a page of vendors, the file to take home, a new vendor."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from litestar import Controller, get, post
from litestar.params import FromPath

from tracker.access.keys import Principal
from tracker.access.roles import Permission
from tracker.api.conventions import tables
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.api.resources.vendors import NewVendor, wanted
from tracker.domain.errors import TrackerError
from tracker.domain.text import search_key
from tracker.services import vendor_table, vendors
from tracker.services.roster_lines import SORTS, Sort, sorts
from tracker.services.vendor_reading import Filter
from tracker.vietqr.banks import banks
from tracker.web import forms, view
from tracker.web.forms import Typed
from tracker.web.roster_rows import COLUMNS, STAGES, rows
from tracker.web.route import page
from tracker.web.words import bank_name

CHARS_MAX: Final = 80
"""Of what is searched for, as the API takes it."""

FILTERS: Final = ("q", "stage", "zone", "category", "bank", "reason")
CAUSES: Final = ("no_account", "not_issued", "not_printed", "printed_not_attached", "removed")


class Roster(Controller):
    """Who trades in a market."""

    @get("/markets/{market:str}/roster", opt=page(Permission.VENDORS_READ))
    async def show(self, request: ApiRequest, market: FromPath[str]) -> Reply:
        """Fifty vendors at a time, as the reader may see them."""
        given = asked(request)
        sort: Sort = next((one for one in SORTS if one == given["sort"]), "stall")
        number = given["page"]
        found = await request.service.rosters.find(
            request.principal,
            market,
            _filter(given),
            sort=sort,
            page=int(number) if number.isascii() and number.isdigit() else 1,
        )
        here = f"/markets/{market}/roster"

        def link(**changed: str) -> str:
            query = {**given, "page": "", **changed}
            kept = urlencode({name: text for name, text in query.items() if text})
            return f"{here}?{kept}" if kept else here

        return view.render(
            request,
            "roster",
            market=found.place,
            found=found,
            given=given,
            narrowed=[name for name in FILTERS if given[name]],
            typed=Typed(given),
            link=link,
            file=link().replace("/roster", "/roster.xlsx", 1),
            sorts=sorts(request.principal, market),
            sort=sort,
            stages=STAGES,
            causes=CAUSES,
            banks={bin_: bank_name(bin_) for bin_ in found.choices.banks},
            zones=[(name, name) for name in found.choices.zones],
            categories=[(name, name) for name in found.choices.categories],
            columns=COLUMNS,
            rows=rows(view.reader_of(request).language, found.lines),
        )

    @get("/markets/{market:str}/roster.xlsx", opt=page(Permission.VENDORS_READ))
    async def download(self, request: ApiRequest, market: FromPath[str]) -> Reply:
        """All that the filters leave, as a workbook that can be corrected and imported again."""
        tracker, me = request.tracker, request.principal
        await tracker.market(market)
        filled = vendor_table.roster(tracker, me, market, _filter(asked(request)))
        headings = [*vendor_table.COLUMNS.values()]
        return await tables.table("xlsx", f"{market}-tieu-thuong", headings, filled)

    @get("/markets/{market:str}/roster/new", opt=page(Permission.VENDORS_WRITE))
    async def show_new(self, request: ApiRequest, market: FromPath[str]) -> Reply:
        """The form of a registration."""
        return await _new(request, market, Typed({"stall": request.query_params.get("stall", "")}))

    @post("/markets/{market:str}/roster/new", opt=page(Permission.VENDORS_WRITE), status_code=303)
    async def register(self, request: ApiRequest, market: FromPath[str]) -> Reply:
        """Registers; the same name at the stall is the vendor who is there."""
        given = await forms.values(request)
        try:
            new = wanted(forms.read(given, NewVendor))
            done = await vendors.register(request.tracker, request.principal, market, new)
        except TrackerError as refused:
            if refused.status >= 500:
                raise
            return await _new(request, market, Typed(given, refused))
        said = "vendor_registered" if done.created else "vendor_matched"
        return view.see(f"/vendors/{done.vendor.vendor}", said)


def asked(request: ApiRequest) -> dict[str, str]:
    """What the query asks for, of what this page knows."""
    query = request.query_params
    known = (*FILTERS, "sort", "page")
    return {name: query.get(name, "")[:CHARS_MAX] for name in known}


def _filter(given: dict[str, str]) -> Filter:
    """A stage that there is not finds nobody, as any other filter does."""
    chosen: dict[str, Any] = {name: given[name] or None for name in FILTERS}
    return Filter(**chosen)


async def _new(request: ApiRequest, market: str, typed: Typed) -> Reply:
    found = await request.service.rosters.find(request.principal, market, Filter(), size=1)
    refused = typed.refused
    return view.render(
        request,
        "roster_new",
        200 if refused is None else refused.status,
        market=found.place,
        typed=typed,
        zones=sorted({*found.place.zones, *found.choices.zones}, key=search_key),
        categories=found.choices.categories,
        banks=bank_choices(request.principal),
        holder=None if refused is None else refused.extra.get("vendor"),
    )


def bank_choices(who: Principal) -> list[tuple[str, str]]:
    """The banks whose accounts this reader may link, by name; those that take VietQR transfers."""
    some = [one for one in banks().values() if one.vietqr_transfer and who.may_bin(one.bin)]
    named = sorted(some, key=lambda one: search_key(one.short_name))
    return [(one.bin, f"{one.short_name} – {one.full_name}") for one in named]
