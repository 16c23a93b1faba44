"""`/v1/areas`: administrative units, those that have ended too."""

from __future__ import annotations

from collections.abc import Iterator

from litestar import Controller, get, post
from litestar.params import JSONBody
from msgspec import Struct, json

from tracker.access.roles import Permission
from tracker.api.conventions import conditional, replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.paging import LIMIT, After, Limit, Page, page_of
from tracker.api.conventions.replies import Reply
from tracker.api.conventions.retries import once
from tracker.api.operation import Answer, operation
from tracker.api.resources.fields import AreaCode, Day, Label, OptionalDay
from tracker.domain.errors import Fault
from tracker.services import areas
from tracker.services.areas import AreaOut
from tracker.services.context import Once


class NewArea(Struct, frozen=True, forbid_unknown_fields=True):
    """A unit, or another end for one that is known; (code, valid_from) is its key."""

    code: AreaCode
    name: Label
    valid_from: Day
    parent: AreaCode | None = None
    valid_to: OptionalDay = None

    def faults(self) -> Iterator[Fault]:
        """The end must lie after the beginning."""
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            yield Fault("/valid_to", "ORDER", "This must be after valid_from; it is exclusive.")


class Areas(Controller):
    """Wards and provinces over time."""

    tags = ("areas",)

    @get(
        "/v1/areas",
        summary="List administrative units",
        opt=operation(
            Permission.AREAS_READ,
            {200: Answer("Units by code and first day.", Page[AreaOut], headers=("ETag",))},
            query={"limit": 5},
        ),
    )
    async def list_areas(
        self, request: ApiRequest, limit: Limit = LIMIT, after: After = None
    ) -> Reply:
        """A code alone does not name a unit: (code, valid_from) does, and valid_to is exclusive."""
        page = page_of(request, await areas.listed(request.tracker), _key, limit, after)
        return conditional.reply(request, json.encode(page))

    @post(
        "/v1/areas",
        summary="Add an administrative unit",
        opt=operation(
            Permission.AREAS_WRITE,
            {
                201: Answer("The unit was added, or has a new end.", AreaOut),
                200: Answer("The unit was known, just so.", AreaOut),
            },
            body={
                "code": "26506",
                "name": "Phường Vũng Tàu",
                "parent": "79",
                "valid_from": "2025-07-01",
            },
            retries=True,
        ),
    )
    async def add_area(self, request: ApiRequest, data: JSONBody[NewArea]) -> Reply:
        """Adds a unit, or gives a known one another end. The same again changes nothing."""
        new = AreaOut(
            code=data.code,
            name=data.name,
            parent=data.parent,
            valid_from=data.valid_from.isoformat(),
            valid_to=None if data.valid_to is None else data.valid_to.isoformat(),
        )

        async def act(key: Once | None) -> tuple[AreaOut, bool]:
            return await areas.add(request.tracker, request.principal, new, key)

        return await once(request, data, act, _render)


def _render(added: tuple[AreaOut, bool]) -> Reply:
    area, created = added
    return replies.data(area, 201 if created else 200)


def _key(area: AreaOut) -> str:
    return f"{area.code} {area.valid_from}"
