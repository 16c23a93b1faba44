"""A new market: what was left empty is suggested, for id and prefix are for ever."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Final

from litestar import Controller, get, post

from tracker.access.roles import Permission
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.api.resources.markets import NewMarket
from tracker.domain.areas import Unit
from tracker.domain.days import day_number, day_of
from tracker.domain.text import search_key
from tracker.services import areas, markets
from tracker.services.markets import NewMarket as Wanted
from tracker.web import forms, view
from tracker.web.forms import Typed
from tracker.web.pages import acting, admin_forms
from tracker.web.route import page

PROVINCE: Final = re.compile(r"[0-9]{2}", re.ASCII)
HOME: Final = "79"
"""The province that a form begins with where no market names another."""


class AdminMarketNew(Controller):
    """Its form."""

    @get("/admin/markets/new", opt=page(Permission.MARKETS_WRITE))
    async def show_new(self, request: ApiRequest) -> Reply:
        """The form; the query holds what was typed where another province was asked for."""
        return await _new(request, Typed(dict(request.query_params.items())))

    @post("/admin/markets/new", opt=page(Permission.MARKETS_WRITE), status_code=303)
    async def create(self, request: ApiRequest) -> Reply:
        """Sets it up; where id or prefix were left empty they are suggested first."""

        async def deed(given: dict[str, str]) -> Reply:
            places = await markets.listed(request.tracker, request.principal)
            whole = suggested(given, {one.prefix for one in places})
            if whole != given and given.get("name", "").strip():
                return await _new(request, Typed(whole), asked=True)
            new = forms.read(given, NewMarket)
            wanted = Wanted(
                id=new.id,
                name=new.name,
                prefix=new.prefix,
                area_code=new.area_code,
                opened_on=day_number(new.opened_on),
                zones=new.zones,
            )
            done = await markets.create(request.tracker, request.principal, wanted)
            said = "market_made" if done.created else "market_was_there"
            return view.see(f"/admin/markets/{new.id}", said)

        return await admin_forms.attempt(request, partial(_new, request), deed)


def suggested(given: Mapping[str, str], taken: set[str]) -> dict[str, str]:
    """The form with an id and a prefix made from the name where they were left empty."""
    words = re.findall(r"[a-z0-9]+", search_key(given.get("name", "")))
    whole = dict(given)
    if not given.get("id", "").strip():
        whole["id"] = "-".join(words)[:64].strip("-")
    if not given.get("prefix", "").strip():
        whole["prefix"] = _prefix(words, taken)
    return whole


def _prefix(words: Sequence[str], taken: set[str]) -> str:
    """Three characters that no market has: the first letters of the name, else with a figure."""
    letters = "".join(word[0] for word in words).upper().lstrip("0123456789")
    start = (letters + "".join(words[-1:]).upper()[1:] + "XX")[:3] if letters else "CHO"
    tries = [start, *(f"{start[:2]}{n}" for n in range(1, 10))]
    return next((one for one in tries if one not in taken), "")


async def _new(request: ApiRequest, typed: Typed, *, asked: bool = False) -> Reply:
    today = day_of(request.tracker.now())
    units = [unit for unit in await areas.units(request.tracker) if unit.valid_on(today)]
    parents = {unit.code: unit.parent for unit in units}
    places = await markets.listed(request.tracker, request.principal)
    used = [parents.get(one.area_code or "") for one in places]
    usual = max({one for one in used if one}, key=used.count, default=HOME)
    province = typed.values.get("province", "")
    province = province if PROVINCE.fullmatch(province) else usual
    return view.render(
        request,
        "admin_market_new",
        acting.status_of(typed),
        typed=typed,
        asked=asked,
        province=province,
        provinces=_sorted(unit for unit in units if unit.parent is None),
        wards=_sorted(unit for unit in units if unit.parent == province),
    )


def _sorted(units: Iterable[Unit]) -> list[tuple[str, str]]:
    named = sorted(units, key=lambda unit: search_key(unit.name))
    return [(unit.code, f"{unit.name} ({unit.code})") for unit in named]
