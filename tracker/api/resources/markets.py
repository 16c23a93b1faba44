"""`/v1/markets` and their censuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct, json

from tracker.access.roles import Permission
from tracker.api import links
from tracker.api.conventions import conditional, replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.paging import LIMIT, After, Limit, Page, page_of
from tracker.api.conventions.replies import Reply
from tracker.api.conventions.retries import once
from tracker.api.operation import Answer, operation
from tracker.api.resources.approvals import WAITS, waits
from tracker.api.resources.fields import MARKET_EXAMPLE, AreaCode, Day, Label, MarketId
from tracker.domain.days import day_number
from tracker.domain.errors import Fault
from tracker.services import markets
from tracker.services.approval_shapes import Pending
from tracker.services.context import Once
from tracker.services.markets import CensusOut, Created, MarketOut
from tracker.services.markets import NewMarket as Wanted
from tracker.store.keys import SERVICE


class NewMarket(Struct, frozen=True, forbid_unknown_fields=True):
    """A market to be set up."""

    id: Annotated[MarketId, Meta(extra_json_schema={"not": {"const": SERVICE}})]
    name: Label
    prefix: Annotated[
        str,
        Meta(
            pattern="^[A-Z][A-Z0-9]{2}$",
            description="What its vendor codes begin with: A-Z0-9, the first a letter.",
        ),
    ]
    opened_on: Day
    area_code: AreaCode | None = None
    zones: Annotated[tuple[Label, ...], Meta(max_length=200)] = ()

    def faults(self) -> Iterator[Fault]:
        """One id is the service's own."""
        if self.id == SERVICE:
            yield Fault("/id", "RESERVED", "This id is kept for the service itself.")


class NewCensus(Struct, frozen=True, forbid_unknown_fields=True):
    """A declared number of vendors."""

    effective_on: Day
    vendors: Annotated[int, Meta(ge=0, le=1_000_000)]
    source: Annotated[str, Meta(max_length=200, description="Who counted, or the document.")]


class Markets(Controller):
    """The markets and the declared numbers of their vendors."""

    tags = ("markets",)

    @get(
        "/v1/markets",
        summary="List markets",
        opt=operation(
            Permission.MARKETS_READ,
            {200: Answer("The markets in your scope, by id.", Page[MarketOut], headers=("ETag",))},
            query={"limit": 50},
        ),
    )
    async def list_markets(
        self, request: ApiRequest, limit: Limit = LIMIT, after: After = None
    ) -> Reply:
        """The markets within the scope of your key."""
        found = await markets.listed(request.tracker, request.principal)
        page = page_of(request, found, _id, limit, after)
        return conditional.reply(request, json.encode(page))

    @post(
        "/v1/markets",
        summary="Set up a market",
        opt=operation(
            Permission.MARKETS_WRITE,
            {
                201: Answer(
                    "The market was set up.",
                    MarketOut,
                    headers=("Location", "ETag"),
                    links=links.MARKET,
                ),
                200: Answer(
                    "The market was there, just so.",
                    MarketOut,
                    headers=("Location", "ETag"),
                    links=links.MARKET,
                ),
            },
            problems=("MARKET_EXISTS", "PREFIX_TAKEN", "PREFIX_INVALID", "AREA_UNKNOWN"),
            body={
                "id": MARKET_EXAMPLE,
                "name": "Chợ Vũng Tàu",
                "prefix": "CVT",
                "area_code": "26506",
                "opened_on": "2020-01-01",
                "zones": ["Khu A", "Khu B"],
            },
            retries=True,
        ),
    )
    async def create_market(self, request: ApiRequest, data: JSONBody[NewMarket]) -> Reply:
        """Sets up a market; zones may be added by imports later. The same again is no error."""
        wanted = Wanted(
            id=data.id,
            name=data.name,
            prefix=data.prefix,
            area_code=data.area_code,
            opened_on=day_number(data.opened_on),
            zones=data.zones,
        )

        async def act(key: Once | None) -> Created:
            return await markets.create(request.tracker, request.principal, wanted, key)

        return await once(request, data, act, _render, space=SERVICE)

    @get(
        "/v1/markets/{market:str}/census",
        summary="List a market's censuses",
        opt=operation(
            Permission.CENSUS_READ,
            {200: Answer("Censuses by effective day.", Page[CensusOut], headers=("ETag",))},
        ),
    )
    async def list_censuses(
        self, request: ApiRequest, market: FromPath[str], limit: Limit = LIMIT, after: After = None
    ) -> Reply:
        """The declared numbers of vendors; the latest effective one is the denominator."""
        found = await markets.censuses(request.tracker, request.principal, market)
        numbered = list(enumerate(found))
        page = page_of(request, numbered, _number, limit, after)
        shown = Page([census for _, census in page.items], page.next)
        return conditional.reply(request, json.encode(shown))

    @post(
        "/v1/markets/{market:str}/census",
        summary="Declare a census",
        opt=operation(
            Permission.CENSUS_WRITE,
            {
                201: Answer("The census was recorded.", CensusOut),
                200: Answer("This census stands already.", CensusOut),
                202: WAITS,
            },
            problems=("APPROVALS_WAITING",),
            body={"effective_on": "2023-01-01", "vendors": 214, "source": "Ban quản lý chợ"},
            retries=True,
        ),
    )
    async def declare_census(
        self, request: ApiRequest, market: FromPath[str], data: JSONBody[NewCensus]
    ) -> Reply:
        """The declared number of vendors, effective from a day, which may lie ahead.

        One that is lower than the census in force on that day waits for a second person.
        """

        async def act(key: Once | None) -> tuple[CensusOut, bool] | Pending:
            return await markets.declare_census(
                request.tracker,
                request.principal,
                market,
                effective_on=day_number(data.effective_on),
                vendors=data.vendors,
                source=data.source,
                once=key,
            )

        return await once(request, data, act, _render_census)


def _render(created: Created) -> Reply:
    market = created.market
    return replies.data(
        market,
        201 if created.created else 200,
        replies.location(f"/v1/markets/{market.id}"),
        (b"etag", etag_of(market).encode()),
    )


def _render_census(declared: tuple[CensusOut, bool] | Pending) -> Reply:
    if isinstance(declared, Pending):
        return waits(declared)
    census, created = declared
    return replies.data(census, 201 if created else 200)


def etag_of(market: MarketOut) -> str:
    """The ETag of a market: the number of facts about it."""
    return f'"{market.version}"'


def _id(market: MarketOut) -> str:
    return market.id


def _number(numbered: tuple[int, CensusOut]) -> str:
    return f"{numbered[0]:06d}"
