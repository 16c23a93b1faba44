"""Figures of wards, provinces and groups of markets for a day."""

from __future__ import annotations

from datetime import date as Date  # `date` is the word of the contract

from litestar import Controller, get
from litestar.params import FromPath
from msgspec import Struct

from tracker.access.roles import Permission
from tracker.api.conventions import conditional
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.moments import AsOf, moment
from tracker.api.conventions.replies import Reply
from tracker.api.operation import Answer, operation
from tracker.api.resources.figures import (
    Completeness,
    Denominator,
    Figures,
    Flag,
    LeftOut,
    SummedActivity,
    SummedBreakdowns,
    Waterfall,
)
from tracker.domain.days import day_number


class Summed(Struct, frozen=True, forbid_unknown_fields=True):
    """A published body that was summed."""

    market: str
    revision: int
    digest: str


class AreaKey(Struct, frozen=True, forbid_unknown_fields=True):
    """The unit that the code names on the day; (code, valid_from) is its key."""

    code: str
    valid_from: str
    name: str


class RollUp(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Sums of numerators over the sum of denominators, from the day's published bodies.

    `markets` were summed, as `inputs` lists them; `missing` were open and are not published yet.
    """

    date: str
    definition_version: str
    markets: int
    denominator: Denominator
    figures: Figures
    activity: SummedActivity
    waterfall: Waterfall
    completeness: Completeness
    flags: list[Flag]
    breakdowns: SummedBreakdowns
    left_out: LeftOut
    inputs: list[Summed]
    missing: list[str]


class GroupRollUp(RollUp, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The sums of a group as it was on the day."""

    group: str


class AreaRollUp(RollUp, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The sums of a unit. `unassigned` were open and belong to no unit of that day."""

    area: AreaKey
    unassigned: list[str]


class RollUpsOfDays(Controller):
    """Sums that can be recomputed from the snapshots that they list."""

    tags = ("snapshots",)

    @get(
        "/v1/areas/{area:str}/snapshots/{date:str}",
        summary="Get the figures of a ward or province",
        opt=operation(
            Permission.SNAPSHOTS_READ,
            {200: Answer("Sums over the unit's markets.", AreaRollUp, headers=("ETag",))},
        ),
    )
    async def area_snapshot(
        self,
        request: ApiRequest,
        area: FromPath[str],
        date: FromPath[Date],
        as_of: AsOf = None,
    ) -> Reply:
        """The unit that the code names on that day: the same digits name other places before
        2025-07-01 than after. A province sums the markets of its wards of that day.

        404 where the code names no unit then, and where a market of it is out of your scope.
        """
        found = await request.service.roll_ups.area(
            request.principal, area, day_number(date), moment("as_of", as_of)
        )
        return conditional.reply(request, found.body, etag=found.etag)

    @get(
        "/v1/groups/{group:str}/snapshots/{date:str}",
        summary="Get the figures of a group",
        opt=operation(
            Permission.SNAPSHOTS_READ,
            {200: Answer("Sums over the group's markets.", GroupRollUp, headers=("ETag",))},
        ),
    )
    async def group_snapshot(
        self,
        request: ApiRequest,
        group: FromPath[str],
        date: FromPath[Date],
        as_of: AsOf = None,
    ) -> Reply:
        """The group as it was on that day; `city` is every market.

        404 where there was no such group then, and where a market of it is out of your scope.
        """
        found = await request.service.roll_ups.group(
            request.principal, group, day_number(date), moment("as_of", as_of)
        )
        return conditional.reply(request, found.body, etag=found.etag)
