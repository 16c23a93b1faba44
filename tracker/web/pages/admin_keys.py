"""API keys: who holds one, make, rotate, revoke. A secret is shown once, on the answer's page."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from typing import Annotated, Any, Final

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, QueryParameter

from tracker.access.keys import reach_faults
from tracker.access.roles import Permission, hidden
from tracker.api.conventions import bodies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.api.resources.keys import NewKey, Rotation
from tracker.domain.days import moment_of
from tracker.domain.errors import Fault
from tracker.domain.text import search_key
from tracker.services import keys, markets
from tracker.services.context import Answered
from tracker.services.keys import KeyOut
from tracker.web import forms, listing, view
from tracker.web.forms import Typed
from tracker.web.pages import acting, admin_forms
from tracker.web.pages.admin import ends_soon, live
from tracker.web.route import page
from tracker.web.words import bank_name

OVERLAPS: Final = ("24", "0", "168", "720")
"""Hours for which a rotated key's earlier secret opens too; 0 where it leaked."""


class AdminKeys(Controller):
    """The list and what is done to each."""

    @get("/admin/keys", opt=page(Permission.KEYS_MANAGE))
    async def show_all(
        self,
        request: ApiRequest,
        q: FromQuery[str] = "",
        ended: FromQuery[str] = "",
        skip: Annotated[str, QueryParameter(name="page")] = "",
    ) -> Reply:
        """Those that open, the newest first; with `ended` the others."""
        now, wanted = request.tracker.now(), search_key(q)
        every = await keys.listed(request.tracker, request.principal)
        found = [
            one
            for one in reversed(every)
            if live(one, now) is not bool(ended) and wanted in search_key(f"{one.name} {one.id}")
        ]
        return view.render(
            request,
            "admin_keys",
            some=listing.some(found, skip),
            soon={one.id for one in found if ends_soon(one, now)},
            overlapping={one.id for one in found if _overlaps(one, now)},
            names=dict(await _markets(request)),
            bank_name=bank_name,
            q=q,
            ended=ended,
            typed=Typed({"q": q}),
        )

    @get("/admin/keys/new", opt=page(Permission.KEYS_MANAGE))
    async def show_new(self, request: ApiRequest) -> Reply:
        """The form."""
        return await _new(request, Typed())

    @post("/admin/keys/new", opt=page(Permission.KEYS_MANAGE), status_code=200)
    async def create(self, request: ApiRequest) -> Reply:
        """Makes it and shows its secret, this once."""

        async def deed(given: dict[str, str]) -> Reply:
            new = forms.read(_until_its_evening(given), NewKey)
            me = request.principal
            beyond = reach_faults(me, frozenset(new.bins), frozenset(new.markets))
            if beyond:
                raise bodies.refusal(beyond)
            made = await keys.create(
                request.tracker,
                me.id,
                name=new.name,
                role=new.role,
                bins=tuple(dict.fromkeys(new.bins)),
                markets=tuple(dict.fromkeys(new.markets)),
                expires=None if new.expires_at is None else moment_of(new.expires_at),
                once=admin_forms.once(request, given),
            )
            return view.render(request, "admin_secret", key=made, rotated=False)

        return await _once_shown(request, partial(_new, request), deed)

    @get("/admin/keys/{key:str}", opt=page(Permission.KEYS_MANAGE))
    async def show(self, request: ApiRequest, key: FromPath[str]) -> Reply:
        """One key: rotate it, revoke it."""
        return await _one(request, key, Typed())

    @post("/admin/keys/{key:str}/rotation", opt=page(Permission.KEYS_MANAGE), status_code=200)
    async def rotate(self, request: ApiRequest, key: FromPath[str]) -> Reply:
        """Makes another secret and shows it, this once."""

        async def deed(given: dict[str, str]) -> Reply:
            new = forms.read(_until_its_evening(given), Rotation)
            made = await keys.rotate(
                request.tracker,
                request.principal,
                key,
                overlap_hours=new.overlap_hours,
                expires=None if new.expires_at is None else moment_of(new.expires_at),
                once=admin_forms.once(request, given),
            )
            return view.render(request, "admin_secret", key=made, rotated=True)

        return await _once_shown(request, partial(_one, request, key), deed)

    @post("/admin/keys/{key:str}/revocation", opt=page(Permission.KEYS_MANAGE), status_code=303)
    async def revoke(self, request: ApiRequest, key: FromPath[str]) -> Reply:
        """Ends it for good, from now on."""

        async def deed(given: dict[str, str]) -> Reply:
            if "sure" not in given:
                raise bodies.refusal([Fault("/sure", "UNSURE", "Tick the box.")])
            me = request.principal
            await keys.revoke(request.tracker, me.id, key, me)
            return view.see(f"/admin/keys/{key}", "key_revoked")

        return await admin_forms.attempt(request, partial(_one, request, key), deed)


async def _once_shown(request: ApiRequest, form: Any, deed: Any) -> Reply:
    """As `attempt`; a form that was done before shows no secret again."""
    try:
        return await admin_forms.attempt(request, form, deed)
    except Answered:
        return view.see("/admin/keys", "secret_shown_before")


def _until_its_evening(given: dict[str, str]) -> dict[str, str]:
    """The form with the last day of a key as its last second by Vietnam's clocks."""
    text = given.get("expires_at", "").strip()
    try:
        date.fromisoformat(text)
    except ValueError:
        return given
    return {**given, "expires_at": f"{text}T23:59:59+07:00"}


def _overlaps(key: KeyOut, now: int) -> bool:
    until = key.overlap_until
    return until is not None and moment_of(datetime.fromisoformat(until)) > now


async def _new(request: ApiRequest, typed: Typed) -> Reply:
    return view.render(
        request,
        "admin_key_new",
        acting.status_of(typed),
        typed=typed,
        roles=admin_forms.every_role(request),
        banks=admin_forms.every_bank(),
        markets=await _markets(request),
        form=admin_forms.new_token(request, typed),
    )


async def _markets(request: ApiRequest) -> list[tuple[str, str]]:
    found = await markets.listed(request.tracker, request.principal)
    return sorted(((one.id, one.name) for one in found), key=lambda pair: search_key(pair[1]))


async def _one(request: ApiRequest, key: str, typed: Typed) -> Reply:
    now = request.tracker.now()
    every = await keys.listed(request.tracker, request.principal)
    found = next((one for one in every if one.id == key), None)
    if found is None:
        raise hidden()
    return view.render(
        request,
        "admin_key",
        acting.status_of(typed),
        key=found,
        live=live(found, now),
        soon=ends_soon(found, now),
        overlapping=_overlaps(found, now),
        overlaps=OVERLAPS,
        names=dict(await _markets(request)),
        bank_name=bank_name,
        typed=typed,
        form=admin_forms.new_token(request, typed),
    )
