"""`/v1/snapshots`: everything that was ever published, in the order of publication.

The page ends without `next` where nothing follows **yet**; so that a poller can go on from there
for ever, every answer, 304 too, carries the cursor after its last entry in `Tracker-Cursor`. The
cursor is the same for all formats.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from litestar import Controller, get
from litestar.params import QueryParameter
from msgspec import UNSET, Meta, Struct, UnsetType, json

from tracker.access.roles import Permission
from tracker.api.conventions import conditional, encoded
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.encoded import Encoded, Kept
from tracker.api.conventions.guard import PUBLIC
from tracker.api.conventions.moments import AsOf, UpdatedAfter, moment
from tracker.api.conventions.negotiation import ALL, Format, WireFormat, chosen
from tracker.api.conventions.paging import LIMIT, After, Cursor, Limit, Page, clamped
from tracker.api.conventions.replies import Header, Reply
from tracker.api.operation import Answer, operation
from tracker.api.resources.figures import Snapshot
from tracker.api.resources.indicator_bodies import ReportedValue
from tracker.formats import Names, ngsi_context, structure
from tracker.services import feed
from tracker.services.feed import Window

Options = Annotated[
    Literal["keyValues", "normalized"] | None,
    QueryParameter(description="Of NGSI-LD: plain values, or each as a Property with its unit."),
]
_KEPT = "feed"
_WITH_NAMES: tuple[WireFormat, ...] = ("csv", "ngsi-ld")


class _Market(Struct):
    market: str | None = None


FeedItem = Annotated[
    Any,
    Meta(
        description="By its fields: `market` a snapshot, `indicator` a reported value.",
        extra_json_schema={
            "anyOf": [
                {"$ref": "#/components/schemas/Snapshot"},
                {"$ref": "#/components/schemas/ReportedValue"},
            ]
        },
    ),
]


class FeedPage(Struct, frozen=True, omit_defaults=True):
    """A page of the feed; `next` is the cursor of the page after it, absent at the end."""

    items: list[FeedItem]
    next: str | UnsetType = UNSET


class Feed(Controller):
    """What the IOC pulls."""

    tags = ("snapshots",)

    @get(
        "/v1/snapshots",
        summary="Follow all publications",
        opt=operation(
            Permission.SNAPSHOTS_READ,
            {
                200: Answer(
                    "Published snapshots and reported values, oldest first.",
                    FeedPage,
                    ALL,
                    headers=("ETag", "Tracker-Cursor"),
                    beside=(ReportedValue,),
                )
            },
            problems=("NOT_ACCEPTABLE",),
            query={"limit": 100},
        ),
    )
    async def follow_snapshots(
        self,
        request: ApiRequest,
        limit: Limit = LIMIT,
        after: After = None,
        wire_format: Format = None,
        options: Options = None,
        updated_after: UpdatedAfter = None,
        as_of: AsOf = None,
    ) -> Reply:
        """Keep `Tracker-Cursor` of each answer and give it as `after` the next time.

        Skip items that you do not know: other kinds may come. A revision never changes; what
        replaces it comes as an item of its own with a higher `revision`. With `updated_after` or
        `as_of` pages can be short: go on while there is a `next`, or a `Link` with `rel="next"`.

        JSON is complete. The other formats have every figure, money, completeness, flags and the
        waterfall, as each can say them, and no breakdowns or targets. Money that is withheld: `csv`
        an empty cell and `withheld`, `sdmx-csv` `NaN` with status Q, `ngsi-ld` no `kpiValue`.
        """
        form = chosen(request, wire_format)
        window = Window(moment("updated_after", updated_after), moment("as_of", as_of))
        cursor = Cursor(request, *window)
        start = int(cursor.read(after) or 0)
        key = (*_scope(request), form, options, _context(request, form), start, limit, window)
        kept = _kept(request)
        page = kept.get(key)
        final = page is not None
        if page is None:
            found = await feed.follow(
                request.tracker, request.principal, start, clamped(limit), window
            )
            here = cursor.write(str(found.reached))
            following = here if found.more else None
            headers: list[Header] = [(b"tracker-cursor", here.encode())]
            if found.more:
                times = {"updated_after": updated_after, "as_of": as_of}
                query = {"format": form, "limit": limit, "options": options, **times}
                headers.append(encoded.next_link(request, here, **query))
            page = await _encoded(request, form, options, found.bodies, following, *headers)
            final = found.more  # the feed only grows: what lies before its end can never change
        answer = await encoded.reply(request, form, page)
        if final:
            kept.put(key, page)
        return answer

    @get(
        "/v1/snapshots/latest",
        summary="Get each market's latest snapshot",
        opt=operation(
            Permission.SNAPSHOTS_READ,
            {
                200: Answer(
                    "The latest revision of each market's latest day, by market.",
                    Page[Snapshot],
                    ALL,
                    headers=("ETag",),
                )
            },
            problems=("NOT_ACCEPTABLE",),
            query={"limit": 100},
        ),
    )
    async def latest_snapshots(
        self,
        request: ApiRequest,
        limit: Limit = LIMIT,
        after: After = None,
        wire_format: Format = None,
        options: Options = None,
    ) -> Reply:
        """One row a market, for a wall screen. Markets without a snapshot are left out."""
        form = chosen(request, wire_format)
        cursor = Cursor(request)
        found, last = await feed.latest(
            request.tracker, request.principal, cursor.read(after), clamped(limit)
        )
        following = None if last is None else cursor.write(last)
        headers: list[Header] = []
        if following is not None:
            query = {"format": form, "limit": limit, "options": options}
            headers.append(encoded.next_link(request, following, **query))
        page = await _encoded(request, form, options, found, following, *headers)
        return await encoded.reply(request, form, page)

    @get(
        "/v1/structure",
        summary="Get the structure of the SDMX feed",
        opt=operation(
            Permission.SNAPSHOTS_READ,
            {
                200: Answer(
                    "An SDMX-JSON 2.1.0 structure message.",
                    None,
                    structure.MEDIA_TYPE,
                    headers=("ETag",),
                )
            },
        ),
    )
    async def get_structure(self, request: ApiRequest) -> Reply:
        """Dimensions, attributes and codes of `format=sdmx-csv`, with their version."""
        kind = f"{structure.MEDIA_TYPE}; version=2.1.0"
        return conditional.reply(request, json.encode(structure.message()), media_type=kind)

    @get(
        ngsi_context.PATH,
        summary="Get the JSON-LD context of the NGSI-LD feed",
        opt=operation(
            PUBLIC, {200: Answer("A JSON-LD context.", None, "application/ld+json", ("ETag",))}
        ),
    )
    async def get_context(self, request: ApiRequest) -> Reply:
        """The terms of `format=ngsi-ld`; this version never changes."""
        body = json.encode(ngsi_context.document())
        return conditional.reply(request, body, media_type="application/ld+json")


async def _encoded(
    request: ApiRequest,
    form: WireFormat,
    options: str | None,
    bodies: Sequence[bytes],
    following: str | None,
    *headers: Header,
) -> Encoded:
    """The page, in its form."""
    names: Names = {}
    if form in _WITH_NAMES:
        markets = (json.decode(body, type=_Market).market for body in bodies)
        names = await feed.names(request.tracker, (m for m in markets if m is not None))
    return await encoded.encoded(
        form,
        bodies,
        names,
        *headers,
        context=_context(request, form),
        normalized=options == "normalized",
        after=following,
    )


def _context(request: ApiRequest, form: WireFormat) -> str:
    return encoded.context_of(request) if form == "ngsi-ld" else ""


def _scope(request: ApiRequest) -> tuple[object, ...]:
    """What decides which publications the caller sees."""
    return request.principal.role, request.principal.markets


def _kept(request: ApiRequest) -> Kept:
    kept: Kept | None = request.app.state.get(_KEPT)
    if kept is None:
        kept = request.app.state[_KEPT] = Kept()
    return kept
