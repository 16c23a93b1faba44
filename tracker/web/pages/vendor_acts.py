"""What is done to a trader: corrected, moved, suspended, gone, paid through which account."""

from __future__ import annotations

from functools import partial
from typing import Any

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery
from msgspec import Struct
from msgspec.structs import replace

from tracker.access.roles import Permission, hidden
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.api.resources.fields import OptionalLabel, PersonName, Phone
from tracker.api.resources.vendor_accounts import AccountBody
from tracker.api.resources.vendor_life import NewMove, StatusBody
from tracker.domain.approvals import FRAUD
from tracker.domain.errors import Fault, Forbidden, Invalid
from tracker.domain.text import search_key
from tracker.services import vendor_life, vendors
from tracker.services.shapes import VendorOut
from tracker.services.vendor_life import Correction
from tracker.services.vendor_reading import Filter
from tracker.services.vendors import NewAccount
from tracker.web import forms, view
from tracker.web.forms import Typed
from tracker.web.pages import acting
from tracker.web.pages.roster import bank_choices
from tracker.web.pages.vendor import CHANGES, standing_of
from tracker.web.route import page
from tracker.web.words import bank_name


class Profile(Struct, frozen=True):
    """A trader as the form shows them: what is left empty is cleared."""

    name: PersonName
    phone: Phone = None
    zone: OptionalLabel = None
    category: OptionalLabel = None


class VendorActs(Controller):
    """Each with a page of its own, so that a phone shows one thing at a time."""

    @get("/vendors/{vendor:str}/edit", opt=page(Permission.VENDORS_WRITE))
    async def show_edit(self, request: ApiRequest, vendor: FromPath[str]) -> Reply:
        """The form with what is known."""
        return await _edit(request, vendor, Typed())

    @post("/vendors/{vendor:str}/edit", opt=page(Permission.VENDORS_WRITE), status_code=303)
    async def edit(self, request: ApiRequest, vendor: FromPath[str]) -> Reply:
        """Corrects what differs."""

        async def deed(given: dict[str, str]) -> Reply:
            new = forms.read(given, Profile)
            wanted = Correction(new.name, new.phone, new.zone, new.category)
            check = acting.unchanged(given)
            await vendor_life.correct(request.tracker, request.principal, vendor, wanted, check)
            return view.see(f"/vendors/{vendor}", "vendor_saved")

        return await acting.attempt(request, partial(_edit, request, vendor), deed)

    @get("/vendors/{vendor:str}/move", opt=page(Permission.VENDORS_MANAGE))
    async def show_move(self, request: ApiRequest, vendor: FromPath[str]) -> Reply:
        """The form of a move."""
        return await _act(request, "move", vendor, Typed())

    @post("/vendors/{vendor:str}/move", opt=page(Permission.VENDORS_MANAGE), status_code=303)
    async def move(self, request: ApiRequest, vendor: FromPath[str]) -> Reply:
        """Moves; another vendor at the stall is named."""

        async def deed(given: dict[str, str]) -> Reply:
            _, shown = await standing_of(request, vendor)
            new = forms.read(acting.dated(request, given, _since(shown)), NewMove)
            await vendor_life.move(
                request.tracker,
                request.principal,
                vendor,
                stall=new.stall,
                occurred_at=acting.moment(new.occurred_at),
            )
            return view.see(f"/vendors/{vendor}", "vendor_moved")

        return await acting.attempt(request, partial(_act, request, "move", vendor), deed)

    @get("/vendors/{vendor:str}/status", opt=page(Permission.VENDORS_MANAGE))
    async def show_status(
        self, request: ApiRequest, vendor: FromPath[str], to: FromQuery[str] = ""
    ) -> Reply:
        """The form of a change of status to `to`."""
        return await _status(request, vendor, Typed({"status": to}))

    @post("/vendors/{vendor:str}/status", opt=page(Permission.VENDORS_MANAGE), status_code=303)
    async def put_status(self, request: ApiRequest, vendor: FromPath[str]) -> Reply:
        """Changes it, or asks a second person to."""

        async def deed(given: dict[str, str]) -> Reply:
            _, shown = await standing_of(request, vendor)
            new = forms.read(acting.dated(request, given, _since(shown)), StatusBody)
            fraud = new.status == "suspended" and "fraud" in given
            result = await vendor_life.put_status(
                request.tracker,
                request.principal,
                vendor,
                status=new.status,
                reason=FRAUD if fraud else new.reason,
                check=acting.unchanged(given),
                occurred_at=acting.moment(new.occurred_at),
            )
            return acting.done(result, f"/vendors/{vendor}", "vendor_status")

        return await acting.attempt(request, partial(_status, request, vendor), deed)

    @get("/vendors/{vendor:str}/account", opt=page(Permission.ACCOUNTS_WRITE))
    async def show_account(
        self,
        request: ApiRequest,
        vendor: FromPath[str],
        bin: FromQuery[str] = "",  # noqa: A002  # the word of the contract
    ) -> Reply:
        """The form of an account; `bin` names the bank of one that is replaced."""
        return await _account(request, vendor, Typed({"bin": bin}))

    @post("/vendors/{vendor:str}/account", opt=page(Permission.ACCOUNTS_WRITE), status_code=303)
    async def put_account(self, request: ApiRequest, vendor: FromPath[str]) -> Reply:
        """Links or replaces it, or asks a second person to."""

        async def deed(given: dict[str, str]) -> Reply:
            if not given.get("bin"):
                faults = [Fault("/bin", "MISSING", "Choose the bank.")]
                try:
                    forms.read(given, AccountBody)
                except Invalid as wrong:
                    faults += wrong.faults
                raise Invalid("The form has faults.", code="INVALID_BODY", faults=tuple(faults))
            body = forms.read(given, AccountBody)
            result = await vendors.link_account(
                request.tracker,
                request.principal,
                vendor,
                NewAccount(given["bin"], body.number, body.holder),
                acting.unchanged(given),
            )
            return acting.done(result, f"/vendors/{vendor}", "account_linked")

        return await acting.attempt(request, partial(_account, request, vendor), deed)

    @get("/vendors/{vendor:str}/unlink", opt=page(Permission.ACCOUNTS_WRITE))
    async def show_unlink(
        self,
        request: ApiRequest,
        vendor: FromPath[str],
        bin: FromQuery[str] = "",  # noqa: A002  # the word of the contract
    ) -> Reply:
        """Asks whether the account at this bank is to go."""
        return await _unlink(request, vendor, Typed({"bin": bin}))

    @post("/vendors/{vendor:str}/unlink", opt=page(Permission.ACCOUNTS_WRITE), status_code=303)
    async def unlink(self, request: ApiRequest, vendor: FromPath[str]) -> Reply:
        """Unlinks it."""

        async def deed(given: dict[str, str]) -> Reply:
            if not request.principal.may_bin(given.get("bin", "")):
                raise hidden()
            await vendor_life.unlink_account(
                request.tracker, request.principal, vendor, given["bin"], acting.unchanged(given)
            )
            return view.see(f"/vendors/{vendor}", "account_unlinked")

        return await acting.attempt(request, partial(_unlink, request, vendor), deed)


def _since(shown: VendorOut) -> str | None:
    return shown.registered_at or None


async def _act(request: ApiRequest, act: str, vendor: str, typed: Typed, **given: Any) -> Reply:
    place, shown = await standing_of(request, vendor)
    return view.render(
        request,
        "vendor_act",
        acting.status_of(typed),
        **{
            "act": act,
            "heading": f"act.{act}",
            "market": place,
            "vendor": shown,
            "typed": typed,
            "today": acting.today(request),
            "holder": None if typed.refused is None else typed.refused.extra.get("vendor"),
            **given,
        },
    )


async def _edit(request: ApiRequest, vendor: str, typed: Typed) -> Reply:
    _, shown = await standing_of(request, vendor)
    if not isinstance(shown.name, str):
        raise Forbidden("You may not correct this vendor: the market's manager may.")
    known = {name: getattr(shown, name) or "" for name in ("name", "phone", "zone", "category")}
    roster = await request.service.rosters.find(request.principal, shown.market, Filter(), size=1)
    return await _act(
        request,
        "edit",
        vendor,
        replace(typed, values={**known, **typed.values}),
        zones=sorted({*roster.place.zones, *roster.choices.zones}, key=search_key),
        categories=roster.choices.categories,
        known=known,
    )


async def _status(request: ApiRequest, vendor: str, typed: Typed) -> Reply:
    to = typed.values.get("status", "")
    if to not in CHANGES:
        raise hidden()
    return await _act(request, "status", vendor, typed, heading=f"act.{to}", to=to)


async def _account(request: ApiRequest, vendor: str, typed: Typed) -> Reply:
    _, shown = await standing_of(request, vendor)
    known = next((one for one in shown.accounts if one.bin == typed.values.get("bin")), None)
    heading = "act.account" if known is None else "act.change_account"
    return await _act(
        request,
        "account",
        vendor,
        typed,
        heading=heading,
        known=known,
        banks=bank_choices(request.principal),
    )


async def _unlink(request: ApiRequest, vendor: str, typed: Typed) -> Reply:
    _, shown = await standing_of(request, vendor)
    known = next((one for one in shown.accounts if one.bin == typed.values.get("bin")), None)
    if known is None:
        raise hidden()
    return await _act(request, "unlink", vendor, typed, known=known, bank=bank_name(known.bin))
