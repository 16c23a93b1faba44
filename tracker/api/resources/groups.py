"""`/v1/groups`: named groups of markets over time."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, get, post
from litestar.params import JSONBody
from msgspec import Meta, Struct, json

from tracker.access.roles import Permission
from tracker.api import links
from tracker.api.conventions import conditional, replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.paging import LIMIT, After, Limit, Page, page_of
from tracker.api.conventions.replies import Reply
from tracker.api.conventions.retries import once
from tracker.api.operation import Answer, operation
from tracker.api.resources.fields import MARKET_EXAMPLE, Day, Label, MarketId
from tracker.domain.days import day_number
from tracker.domain.groups import CITY
from tracker.services import groups
from tracker.services.context import Once
from tracker.services.groups import GroupOut
from tracker.services.groups import NewGroup as Wanted
from tracker.store.keys import SERVICE

GROUP_EXAMPLE = "cho-hai-san"


class NewGroup(Struct, frozen=True, forbid_unknown_fields=True):
    """A group, or what a known one is from a day on (today, where none is given)."""

    id: Annotated[
        str,
        Meta(
            max_length=64,
            pattern="^[a-z0-9]+(-[a-z0-9]+)*$",
            description="The group's id: lower-case letters, digits and single dashes.",
            examples=[GROUP_EXAMPLE],
            extra_json_schema={"not": {"const": CITY}},
        ),
    ]
    name: Label
    markets: Annotated[tuple[MarketId, ...], Meta(min_length=1, max_length=10_000)]
    effective_on: Annotated[Day | None, Meta(description="From this day on.")] = None


class Groups(Controller):
    """Groups whose figures are summed; `city` is made at the first start and holds all markets."""

    tags = ("groups",)

    @get(
        "/v1/groups",
        summary="List groups",
        opt=operation(
            Permission.MARKETS_READ,
            {200: Answer("Groups by id.", Page[GroupOut], headers=("ETag",))},
        ),
    )
    async def list_groups(
        self, request: ApiRequest, limit: Limit = LIMIT, after: After = None
    ) -> Reply:
        """Each as it stands today, where all its markets are in your scope."""
        found = await groups.listed(request.tracker, request.principal)
        return conditional.reply(request, json.encode(page_of(request, found, _id, limit, after)))

    @post(
        "/v1/groups",
        summary="Define a group",
        opt=operation(
            Permission.GROUPS_WRITE,
            {
                201: Answer("The definition was recorded.", GroupOut, links=links.GROUP),
                200: Answer("The group is just so on that day.", GroupOut, links=links.GROUP),
            },
            problems=("BUSY",),
            body={
                "id": GROUP_EXAMPLE,
                "name": "Các chợ hải sản",
                "markets": [MARKET_EXAMPLE],
                "effective_on": "2023-01-01",
            },
            retries=True,
        ),
    )
    async def define_group(self, request: ApiRequest, data: JSONBody[NewGroup]) -> Reply:
        """A new group, or a known one from a day on: earlier days are summed as it was then."""
        since = None if data.effective_on is None else day_number(data.effective_on)
        wanted = Wanted(data.id, data.name, data.markets, since)

        async def act(key: Once | None) -> tuple[GroupOut, bool]:
            return await groups.define(request.tracker, request.principal, wanted, key)

        return await once(request, data, act, _render, space=SERVICE)


def _render(defined: tuple[GroupOut, bool]) -> Reply:
    group, new = defined
    return replies.data(group, 201 if new else 200)


def _id(group: GroupOut) -> str:
    return group.id
