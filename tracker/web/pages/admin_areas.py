"""Administrative units: find one, add one, end one."""

from __future__ import annotations

import re
from datetime import date
from functools import partial
from typing import Annotated, Final

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, QueryParameter

from tracker.access.roles import Permission, hidden
from tracker.api.conventions import bodies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.api.resources.areas import NewArea
from tracker.domain.areas import Unit
from tracker.domain.days import day_date, day_number
from tracker.domain.errors import Fault
from tracker.domain.text import search_key
from tracker.services import areas
from tracker.services.areas import AreaOut
from tracker.web import forms, listing, view
from tracker.web.forms import Typed
from tracker.web.pages import acting, admin_forms
from tracker.web.route import page

_KEY: Final = re.compile(r"([0-9]{2,5})\.([0-9]{4}-[0-9]{2}-[0-9]{2})", re.ASCII)
"""Code and first day: a code alone names no unit."""


class AdminAreas(Controller):
    """Wards and provinces over time."""

    @get("/admin/areas", opt=page(Permission.AREAS_WRITE))
    async def show_all(
        self,
        request: ApiRequest,
        q: FromQuery[str] = "",
        on: FromQuery[str] = "",
        skip: Annotated[str, QueryParameter(name="page")] = "",
    ) -> Reply:
        """Units valid on a day (today where none is said; `all`: ever), with what `q` says."""
        units = await areas.units(request.tracker)
        names = {unit.code: unit.name for unit in units if unit.parent is None}
        day = _day(on) or acting.today(request)
        if on != "all":
            number = day_number(date.fromisoformat(day))
            units = [unit for unit in units if unit.valid_on(number)]
        wanted = search_key(q)
        found = [unit for unit in units if _says(unit, names, wanted)]
        found.sort(key=lambda unit: (unit.parent is not None, unit.code, unit.valid_from))
        return view.render(
            request,
            "admin_areas",
            some=listing.some([_shown(unit) for unit in found], skip),
            names=names,
            q=q,
            on=on,
            day=day,
            typed=Typed({"q": q, "on": "" if on == "all" else day}),
        )

    @get("/admin/areas/new", opt=page(Permission.AREAS_WRITE))
    async def show_new(self, request: ApiRequest) -> Reply:
        """The form of a new unit."""
        return await _form(request, None, Typed())

    @post("/admin/areas/new", opt=page(Permission.AREAS_WRITE), status_code=303)
    async def add(self, request: ApiRequest) -> Reply:
        """Adds it; the same again changes nothing."""

        async def deed(given: dict[str, str]) -> Reply:
            new = forms.read(given, NewArea)
            await areas.add(request.tracker, request.principal, _wanted(new))
            return view.see(f"/admin/areas?q={new.code}&on=all", "area_added")

        return await admin_forms.attempt(request, partial(_form, request, None), deed)

    @get("/admin/areas/{unit:str}", opt=page(Permission.AREAS_WRITE))
    async def show_end(self, request: ApiRequest, unit: FromPath[str]) -> Reply:
        """The form of a unit's end."""
        return await _form(request, await _unit(request, unit), Typed())

    @post("/admin/areas/{unit:str}", opt=page(Permission.AREAS_WRITE), status_code=303)
    async def end(self, request: ApiRequest, unit: FromPath[str]) -> Reply:
        """Gives it its end: the first day on which it is no more."""
        known = await _unit(request, unit)

        async def deed(given: dict[str, str]) -> Reply:
            shown = _shown(known)
            fixed = {"code": shown.code, "name": shown.name, "valid_from": shown.valid_from}
            new = forms.read({**given, **fixed, "parent": shown.parent or ""}, NewArea)
            if new.valid_to is None:
                raise bodies.refusal([Fault("/valid_to", "MISSING", "This is required.")])
            await areas.add(request.tracker, request.principal, _wanted(new))
            return view.see(f"/admin/areas?q={new.code}&on=all", "area_ended")

        return await admin_forms.attempt(request, partial(_form, request, known), deed)


def _says(unit: Unit, names: dict[str, str], wanted: str) -> bool:
    """Whether code, name or province hold what is looked for."""
    return wanted in search_key(f"{unit.code} {unit.name} {names.get(unit.parent or '', '')}")


def _day(text: str) -> str | None:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def _wanted(new: NewArea) -> AreaOut:
    end = None if new.valid_to is None else new.valid_to.isoformat()
    return AreaOut(new.code, new.name, new.parent, new.valid_from.isoformat(), end)


def _shown(unit: Unit) -> AreaOut:
    end = None if unit.valid_to is None else day_date(unit.valid_to).isoformat()
    first = day_date(unit.valid_from).isoformat()
    return AreaOut(unit.code, unit.name, unit.parent, first, end)


async def _unit(request: ApiRequest, key: str) -> Unit:
    """The unit of `<code>.<first day>`; raises `NotFound`."""
    part = _KEY.fullmatch(key)
    for unit in await areas.units(request.tracker) if part else []:
        if part and (unit.code, day_date(unit.valid_from).isoformat()) == part.groups():
            return unit
    raise hidden()


async def _form(request: ApiRequest, unit: Unit | None, typed: Typed) -> Reply:
    shown = None if unit is None else _shown(unit)
    provinces = [
        (one.code, f"{one.name} ({one.code})")
        for one in await areas.units(request.tracker)
        if one.parent is None and one.valid_to is None
    ]
    provinces.sort(key=lambda pair: search_key(pair[1]))
    status = acting.status_of(typed)
    return view.render(request, "admin_area", status, unit=shown, provinces=provinces, typed=typed)
