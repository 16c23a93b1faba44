"""Published snapshots of a market, and runs that compute them anew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date as Date  # `date` is the word of the contract
from typing import Annotated, Literal

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct, field

from tracker.access.roles import Permission
from tracker.api import links
from tracker.api.conventions import bodies, conditional, replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.moments import AsOf, moment
from tracker.api.conventions.paging import LIMIT, After, Cursor, Limit, Page, clamped
from tracker.api.conventions.replies import Reply
from tracker.api.conventions.retries import REPLAYED, fingerprint, key_of
from tracker.api.operation import Answer, operation
from tracker.api.resources.fields import Day, MarketId
from tracker.api.resources.figures import Snapshot
from tracker.api.resources.jobs import JobOut, accepted
from tracker.domain.days import day_number
from tracker.domain.errors import Fault
from tracker.services import published, room, snapshots


class NewRun(Struct, frozen=True, forbid_unknown_fields=True):
    """Days to be computed anew, of some or all markets in scope."""

    first: Day = field(name="from")
    last: Day = field(name="to")
    markets: Annotated[tuple[MarketId, ...], Meta(min_length=1, max_length=1000)] | None = None

    def faults(self) -> Iterator[Fault]:
        """The days must be a range."""
        if self.last < self.first:
            yield Fault("/to", "ORDER", "This must not be before `from`.")


class Snapshots(Controller):
    """The figures of closed days, numbered by revision."""

    tags = ("snapshots",)

    @get(
        "/v1/markets/{market:str}/snapshots",
        summary="List a market's snapshots",
        opt=operation(
            Permission.SNAPSHOTS_READ,
            {
                200: Answer(
                    "Published bodies by day and revision.", Page[Snapshot], headers=("ETag",)
                )
            },
            query={"from": "2023-05-31", "to": "2023-05-31", "revision": "all"},
        ),
    )
    async def list_snapshots(
        self,
        request: ApiRequest,
        market: FromPath[str],
        first: Annotated[Date | None, QueryParameter(name="from", description="First day.")] = None,
        last: Annotated[Date | None, QueryParameter(name="to", description="Last day.")] = None,
        revision: Annotated[
            Literal["latest", "all"], QueryParameter(description="Of each day.")
        ] = "latest",
        limit: Limit = LIMIT,
        after: After = None,
    ) -> Reply:
        """The latest revision of each day, or all of them: old ones stay readable for ever."""
        cursor = Cursor(request, first, last, revision)
        place = cursor.read(after)
        found, reached = await published.listed(
            request.tracker,
            request.principal,
            market,
            first=None if first is None else day_number(first),
            last=None if last is None else day_number(last),
            every=revision == "all",
            after=None if place is None else _pair(place),
            limit=clamped(limit),
        )
        following = None if reached is None else cursor.write(f"{reached[0]}.{reached[1]}")
        return conditional.reply(request, replies.joined(found, following))

    @get(
        "/v1/markets/{market:str}/snapshots/{date:str}",
        summary="Get a snapshot",
        opt=operation(
            Permission.SNAPSHOTS_READ,
            {200: Answer("The published body.", Snapshot, headers=("ETag",))},
            query={"revision": 1},
        ),
    )
    async def get_snapshot(
        self,
        request: ApiRequest,
        market: FromPath[str],
        date: FromPath[Date],
        revision: Annotated[
            int | None, QueryParameter(ge=1, description="By default the latest.")
        ] = None,
        as_of: AsOf = None,
        details: Annotated[
            bool, QueryParameter(description="With what the body withholds, where you may see it.")
        ] = False,
    ) -> Reply:
        """The day's latest revision, or the one asked for, byte for byte as it was digested.

        With `as_of` what had been published by then. With `details=true` those who may see small
        rows and money (a bank its own) get them beside the body, which stays as it is.
        """
        body = await published.one(
            request.tracker,
            request.principal,
            market,
            day_number(date),
            revision,
            moment("as_of", as_of),
            details=details,
        )
        return conditional.reply(request, body)

    @post(
        "/v1/snapshots/runs",
        summary="Compute days anew",
        opt=operation(
            Permission.SNAPSHOTS_RUN,
            {202: Answer("A job was started.", JobOut, headers=("Location",), links=links.JOB)},
            problems=("DAY_NOT_OVER", "RANGE", "JOBS_WAITING"),
            body={"from": "2023-05-31", "to": "2023-05-31", "markets": ["cho-vung-tau"]},
            retries=True,
        ),
        status_code=202,
    )
    async def run_snapshots(self, request: ApiRequest, data: JSONBody[NewRun]) -> Reply:
        """A day whose figures differ gets a new revision; a day that has not changed none."""
        markets = await _in_scope(request, data.markets)
        key = key_of(request)
        known = key and await request.tracker.jobs.known(key)
        if not known:
            await room.for_job(request.tracker, request.principal)
        job = await snapshots.start_run(
            request.tracker,
            request.principal.id,
            first=day_number(data.first),
            last=day_number(data.last),
            markets=markets,
            key=key,
            fingerprint=fingerprint(request, data),
        )
        reply = accepted(job)
        return reply.plus(REPLAYED) if known else reply


async def _in_scope(request: ApiRequest, wanted: tuple[str, ...] | None) -> list[str] | None:
    """The markets of a run: those asked for, or all in scope (None: simply all)."""
    principal = request.principal
    known = [m for m in await request.tracker.reader.markets() if principal.may_market(m)]
    if wanted is None:
        bounded = bool(principal.markets) or principal.role == "manager"
        return known if bounded else None
    unknown = [n for n, market in enumerate(wanted) if market not in known]
    if unknown:
        raise bodies.refusal(
            Fault(f"/markets/{n}", "MARKET_UNKNOWN", "No market in your scope has this id.")
            for n in unknown
        )
    return list(dict.fromkeys(wanted))


def _pair(place: str) -> tuple[int, int]:
    day, _, revision = place.partition(".")
    return int(day), int(revision)
