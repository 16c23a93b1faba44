"""`/v1/markets/{market}/targets`: what a market's figures are to reach."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct, json

from tracker.access.roles import Permission
from tracker.api.conventions import conditional, replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.paging import LIMIT, After, Limit, Page, page_of
from tracker.api.conventions.replies import Reply
from tracker.api.conventions.retries import once
from tracker.api.operation import Answer, operation
from tracker.api.resources.fields import Day, OptionalDay
from tracker.domain.days import day_number
from tracker.domain.facts import TargetFigure
from tracker.services import targets
from tracker.services.context import Once
from tracker.services.targets import TargetOut


class NewTarget(Struct, frozen=True, forbid_unknown_fields=True):
    """How many vendors a figure is to reach by a day; 0 takes the target back."""

    figure: TargetFigure
    due_on: Day
    vendors: Annotated[int, Meta(ge=0, le=1_000_000)]
    effective_on: OptionalDay = None


class Targets(Controller):
    """What offices promise, kept beside what is."""

    tags = ("markets",)

    @get(
        "/v1/markets/{market:str}/targets",
        summary="List a market's targets",
        opt=operation(
            Permission.MARKETS_READ,
            {200: Answer("Targets by effective day.", Page[TargetOut], headers=("ETag",))},
        ),
    )
    async def list_targets(
        self, request: ApiRequest, market: FromPath[str], limit: Limit = LIMIT, after: After = None
    ) -> Reply:
        """All that was stated: for a figure and a day due the last effective one counts."""
        found = await targets.listed(request.tracker, request.principal, market)
        page = page_of(request, list(enumerate(found)), _number, limit, after)
        shown = Page([target for _, target in page.items], page.next)
        return conditional.reply(request, json.encode(shown))

    @post(
        "/v1/markets/{market:str}/targets",
        summary="Set a target",
        opt=operation(
            Permission.MARKETS_WRITE,
            {
                201: Answer("The target was recorded.", TargetOut),
                200: Answer("This target stands already.", TargetOut),
            },
            problems=("BUSY",),
            body={
                "figure": "attached",
                "due_on": "2026-12-31",
                "vendors": 150,
                "effective_on": "2026-01-01",
            },
            retries=True,
        ),
    )
    async def set_target(
        self, request: ApiRequest, market: FromPath[str], data: JSONBody[NewTarget]
    ) -> Reply:
        """In place of the target for the same figure and day, from `effective_on` (today) on."""
        since = None if data.effective_on is None else day_number(data.effective_on)

        async def act(key: Once | None) -> tuple[TargetOut, bool]:
            return await targets.state(
                request.tracker,
                request.principal,
                market,
                figure=data.figure,
                due_on=day_number(data.due_on),
                vendors=data.vendors,
                effective_on=since,
                once=key,
            )

        return await once(request, data, act, _render_target)


def _render_target(stated: tuple[TargetOut, bool]) -> Reply:
    target, new = stated
    return replies.data(target, 201 if new else 200)


def _number(numbered: tuple[int, TargetOut]) -> str:
    return f"{numbered[0]:06d}"
