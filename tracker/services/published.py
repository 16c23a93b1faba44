"""Reading what was published of a market."""

from __future__ import annotations

from msgspec import json

from tracker.access.keys import Principal
from tracker.access.roles import hidden
from tracker.domain.errors import Forbidden
from tracker.domain.snapshot import canonical
from tracker.services.context import Tracker
from tracker.services.feed import published_at
from tracker.services.sight import SHOWN, Sight, sight


async def one(
    tracker: Tracker,
    principal: Principal,
    market: str,
    day: int,
    revision: int | None = None,
    as_of: int | None = None,
    details: bool = False,
) -> bytes:
    """The published body of a day, its latest revision or the one asked for.

    With `as_of` (ms) what had been published by then: the latest revision of that time. With
    `details` what the body withholds goes along under that name, as far as the principal may see
    it. Raises `NotFound`, `Forbidden` for details that are not the principal's.
    """
    if not principal.may_market(market):
        raise hidden()
    as_ = sight(principal)
    if details and not sees_details(principal):
        raise Forbidden("Your role reads what is published, without what is withheld in it.")
    latest = (await tracker.publications.latest_days(market, [day])).get(day)
    last = latest.revision if latest else 0
    wanted = [last] if revision is None else [revision]
    if as_of is not None and revision is None:
        wanted = list(range(last, 0, -1))
    for number in wanted:
        place = (market, day, number)
        body = (await tracker.publications.bodies([place]))[0]
        if body is None or (as_of is not None and published_at(body) > as_of):
            continue
        if not details:
            return body
        withheld = (await tracker.publications.details([place]))[0]
        return _with_details(body, withheld, as_)
    raise hidden()


def sees_details(principal: Principal) -> bool:
    """Whether the principal may see anything of what published bodies withhold."""
    return sight(principal) != SHOWN


def _with_details(body: bytes, withheld: bytes, as_: Sight) -> bytes:
    details = json.decode(withheld) if withheld else {}
    if as_ is not None:
        banks = details.get("breakdowns", {}).get("bank", [])
        own = [row for row in banks if row["key"] in as_]
        details = {"breakdowns": {"bank": own}} if own else {}
    return canonical({**json.decode(body), "details": details})


async def listed(
    tracker: Tracker,
    principal: Principal,
    market: str,
    *,
    first: int | None,
    last: int | None,
    every: bool,
    after: tuple[int, int] | None,
    limit: int,
) -> tuple[list[bytes], tuple[int, int] | None]:
    """Published bodies of a market by day and revision, after a (day, revision).

    The latest revision of each day, or with `every` all of them; and where to go on, if anywhere.
    """
    if not principal.may_market(market) or await tracker.reader.market(market) is None:
        raise hidden()
    days = [
        day
        for day in await tracker.publications.published_days(market)
        if (first is None or day >= first) and (last is None or day <= last)
    ]
    if after is not None:
        days = [day for day in days if day >= after[0]]
    latest = await tracker.publications.latest_days(market, days) if days else {}
    wanted = [
        (market, day, revision)
        for day in days
        for revision in range(1 if every else latest[day].revision, latest[day].revision + 1)
        if after is None or (day, revision) > after
    ]
    some = wanted[:limit]
    bodies = [body for body in await tracker.publications.bodies(some) if body is not None]
    return bodies, some[-1][1:] if len(wanted) > limit else None
