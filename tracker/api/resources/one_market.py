"""One market, and what becomes of it over time: its name, its units, its end."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, Struct, UnsetType, field, json

from tracker.access.roles import Permission
from tracker.api import links
from tracker.api.conventions import conditional, replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.api.conventions.retries import once
from tracker.api.operation import Answer, operation
from tracker.api.resources.fields import AreaCode, Day, Label, MarketId, OptionalDay
from tracker.api.resources.markets import etag_of
from tracker.domain.days import day_number
from tracker.services import market_changes, markets
from tracker.services.context import Once
from tracker.services.market_changes import Period
from tracker.services.markets import MarketOut


class AreaPeriod(Struct, frozen=True, forbid_unknown_fields=True):
    """The unit that the code names in this period; `to` is exclusive, without it: for now."""

    area_code: AreaCode
    first: Day = field(name="from")
    end: OptionalDay = field(default=None, name="to")


class MarketChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What changes (RFC 7396); `areas` replaces the whole list, null or `[]` clears it."""

    name: Label | UnsetType = UNSET
    areas: Annotated[tuple[AreaPeriod, ...], Meta(max_length=100)] | UnsetType | None = UNSET


class Closure(Struct, frozen=True, forbid_unknown_fields=True):
    """The first day on which the market is no more, why, and what it merged into."""

    closed_on: Day
    reason: Annotated[
        str, Meta(max_length=200, description="Kept in the ledger: name no person in it.")
    ]
    into: MarketId | None = None


class OneMarket(Controller):
    """Changes that count from a day on: what was before that day stays as it was."""

    tags = ("markets",)

    @get(
        "/v1/markets/{market:str}",
        summary="Get a market",
        opt=operation(
            Permission.MARKETS_READ,
            {200: Answer("The market.", MarketOut, headers=("ETag",), links=links.MARKET)},
        ),
    )
    async def get_market(self, request: ApiRequest, market: FromPath[str]) -> Reply:
        """Name, prefix, zones, and the administrative units that it belongs to over time."""
        found = await markets.get(request.tracker, request.principal, market)
        return conditional.reply(request, json.encode(found), etag=etag_of(found))

    @patch(
        "/v1/markets/{market:str}",
        summary="Change a market",
        opt=operation(
            Permission.MARKETS_WRITE,
            {200: Answer("The market after it.", MarketOut, headers=("ETag",))},
            problems=("BUSY",),
            body={
                "name": "Chợ Vũng Tàu",
                "areas": [{"area_code": "26506", "from": "2025-07-01"}],
            },
            if_match=True,
        ),
    )
    async def change_market(
        self, request: ApiRequest, market: FromPath[str], data: JSONBody[MarketChange]
    ) -> Reply:
        """A new name from now on, and the units that the market belongs to over time.

        A code must name one unit for its whole period: the same digits before and after
        2025-07-01 are different places, so split the period there. Published days that change get
        a new revision.
        """
        periods = None if data.areas is UNSET else [_period(one) for one in data.areas or ()]

        def check(standing: MarketOut) -> None:
            conditional.require_match(request, etag_of(standing))

        changed = await market_changes.change(
            request.tracker,
            request.principal,
            market,
            name=None if data.name is UNSET else data.name,
            periods=periods,
            check=check,
        )
        return conditional.written(json.encode(changed), etag=etag_of(changed))

    @post(
        "/v1/markets/{market:str}/closure",
        summary="Close a market, or merge it into another",
        opt=operation(
            Permission.MARKETS_WRITE,
            {
                201: Answer("The closure was recorded.", MarketOut, headers=("ETag",)),
                200: Answer("It was closed, just so.", MarketOut, headers=("ETag",)),
            },
            problems=("MARKET_CLOSED", "BEFORE_OPENING", "BUSY"),
            body={"closed_on": "2030-01-01", "reason": "Di dời theo quy hoạch"},
            retries=True,
        ),
    )
    async def close_market(
        self, request: ApiRequest, market: FromPath[str], data: JSONBody[Closure]
    ) -> Reply:
        """From that day on, which may lie ahead, the market has no figures and is in no sum;
        nobody is registered there, no code is issued or attached. What was published stays.
        """

        async def act(key: Once | None) -> tuple[MarketOut, bool]:
            return await market_changes.close(
                request.tracker,
                request.principal,
                market,
                closed_on=day_number(data.closed_on),
                into=data.into,
                reason=data.reason,
                once=key,
            )

        return await once(request, data, act, _render_closure)


def _period(given: AreaPeriod) -> Period:
    end = None if given.end is None else day_number(given.end)
    return Period(given.area_code, day_number(given.first), end)


def _render_closure(closed: tuple[MarketOut, bool]) -> Reply:
    market, new = closed
    return replies.data(market, 201 if new else 200, (b"etag", etag_of(market).encode()))
