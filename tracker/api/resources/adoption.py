"""Live adoption: what a wall screen polls."""

from __future__ import annotations

from litestar import Controller, get
from litestar.params import FromPath

from tracker.access.roles import Permission
from tracker.api.conventions import conditional
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.api.operation import Answer, operation
from tracker.api.resources.figures import Adoption as Body
from tracker.api.resources.figures import CityAdoption


class Adoption(Controller):
    """The figures as they stand now, of a market and of all."""

    tags = ("adoption",)

    @get(
        "/v1/markets/{market:str}/adoption",
        summary="Get a market's adoption now",
        opt=operation(
            Permission.ADOPTION_READ,
            {200: Answer("The figures now; a change is seen at once.", Body, headers=("ETag",))},
        ),
    )
    async def market_adoption(self, request: ApiRequest, market: FromPath[str]) -> Reply:
        """Every figure with its count, and its rate of the one denominator."""
        live = await request.service.live.market(request.principal, market)
        return conditional.reply(request, live.body, etag=live.etag)

    @get(
        "/v1/adoption",
        summary="Get the city's adoption now",
        opt=operation(
            Permission.ADOPTION_READ,
            {200: Answer("Sums over the open markets in scope.", CityAdoption, headers=("ETag",))},
        ),
    )
    async def city_adoption(self, request: ApiRequest) -> Reply:
        """Sums of numerators over the sum of denominators, with the inputs that were summed."""
        live = await request.service.live.city(request.principal)
        return conditional.reply(request, live.body, etag=live.etag)
