"""Figures of a ward, a province or a group of markets for one day, summed on reading.

Which markets belong to it is decided by what is known now (or was known `as_of`) about that very
day: which units there were, where each market lay, whether it was open, who was in the group.
What is summed are the day's published bodies, so a sum can be recomputed from its `inputs`.

Whose scope does not hold every market of a sum does not get it: a part of a ward is no figure of
the ward, and the part that is left out could be had by subtraction.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from msgspec import Struct, json

from tracker.access.keys import Principal
from tracker.access.roles import hidden
from tracker.domain.areas import key_on, keys_within, unit_on
from tracker.domain.days import day_date
from tracker.domain.facts import known_by
from tracker.domain.figures import DEFINITION_VERSION
from tracker.domain.groups import group_on
from tracker.domain.market import Market
from tracker.domain.roll_up import roll_up
from tracker.domain.snapshot import canonical
from tracker.services import areas
from tracker.services.adoption import hash_of
from tracker.services.context import Tracker
from tracker.services.feed import published_at
from tracker.services.groups import subject

T = TypeVar("T")

BATCH = 500
"""Markets of one round trip: some MB of replies."""

CACHED_MAX = 64
"""Sums that a process keeps; one of a whole country's markets has about 1 MB."""


class Sum(Struct, frozen=True):
    """A summed body, encoded, and the ETag that changes with it."""

    body: bytes
    etag: str


class _Members(NamedTuple):
    """The markets of a sum that are open on the day; `others` belong to no unit then."""

    markets: list[str]
    others: list[str]


class RollUps:
    """Sums, exact at every call: what is kept is named by the revisions that were summed."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._kept: OrderedDict[bytes, Sum] = OrderedDict()

    async def area(
        self, principal: Principal, code: str, day: int, as_of: int | None = None
    ) -> Sum:
        """The unit that the code names on the day; a province with its wards of that day.

        Raises `NotFound` where the code names none then, or the scope does not hold all markets.
        """
        units = await areas.units(self._tracker, as_of)
        unit = unit_on(units, code, day)
        if unit is None:
            raise hidden()
        valid = frozenset(u.key for u in units if u.valid_on(day))
        within = keys_within(units, unit, day)

        def place(market: Market) -> bool | None:
            key = key_on(market, valid, day)
            return None if key is None else key in within

        members = await self._members(await self._tracker.reader.markets(), day, as_of, place)
        others = [market for market in members.others if principal.may_market(market)]
        since = day_date(unit.valid_from).isoformat()
        named = {"area": {"code": unit.code, "valid_from": since, "name": unit.name}}
        return await self._sum(
            principal, members.markets, day, as_of, named, {"unassigned": others}
        )

    async def group(
        self, principal: Principal, group: str, day: int, as_of: int | None = None
    ) -> Sum:
        """The group as it was on the day.

        Raises `NotFound` where it was not yet, or the scope does not hold all markets.
        """
        facts = await self._tracker.reader.service(subject(group))
        found = group_on(known_by(facts, as_of), day)
        if found is None:
            raise hidden()
        own = found.markets
        wanted = await self._tracker.reader.markets() if own is None else sorted(own)
        members = await self._members(wanted, day, as_of, lambda _: True)
        return await self._sum(principal, members.markets, day, as_of, {"group": group}, {})

    async def _members(
        self,
        markets: Iterable[str],
        day: int,
        as_of: int | None,
        place: Callable[[Market], bool | None],
    ) -> _Members:
        """Of these markets those that are open on the day and that `place` puts into the sum."""
        found = _Members([], [])
        for batch in _batches(list(markets)):
            for market in await self._tracker.reader.some_markets(batch, as_of):
                if not market.open_on(day):
                    continue
                inside = place(market)
                if inside is None:
                    found.others.append(market.id)
                elif inside:
                    found.markets.append(market.id)
        return found

    async def _sum(
        self,
        principal: Principal,
        markets: Sequence[str],
        day: int,
        as_of: int | None,
        named: dict[str, Any],
        more: dict[str, Any],
    ) -> Sum:
        if not all(principal.may_market(market) for market in markets):
            raise hidden()
        revisions = await self._revisions(markets, day, as_of)
        missing = [market for market in markets if market not in revisions]
        head = {
            **named,
            "date": day_date(day).isoformat(),
            "definition_version": DEFINITION_VERSION,
            "markets": len(revisions),
            "missing": missing,
            **more,
        }
        name = canonical([head, list(revisions.items())])
        kept = self._kept.get(name)
        if kept is None:
            parts = await self._bodies(revisions, day)
            inputs = [{key: p[key] for key in ("market", "revision", "digest")} for p in parts]
            body = canonical({**head, **roll_up(parts), "inputs": inputs})
            kept = self._kept[name] = Sum(body, f'"{hash_of(body)}"')
            if len(self._kept) > CACHED_MAX:
                self._kept.popitem(last=False)
        self._kept.move_to_end(name)
        return kept

    async def _revisions(
        self, markets: Sequence[str], day: int, as_of: int | None
    ) -> dict[str, int]:
        """The day's latest revision of each market that has one; the latest of that time."""
        found: dict[str, int] = {}
        for batch in _batches(markets):
            latest = await self._tracker.publications.latest_of(batch, day)
            found |= latest if as_of is None else await self._of_that_time(latest, day, as_of)
        return {market: found[market] for market in markets if market in found}

    async def _of_that_time(self, latest: dict[str, int], day: int, as_of: int) -> dict[str, int]:
        """As `latest`, and from there back to the revision that had been published by `as_of`."""
        found: dict[str, int] = {}
        open_ = latest
        while open_:
            wanted = [(market, day, revision) for market, revision in open_.items()]
            bodies = await self._tracker.publications.bodies(wanted)
            older: dict[str, int] = {}
            for (market, _, revision), body in zip(wanted, bodies, strict=True):
                if body is not None and published_at(body) <= as_of:
                    found[market] = revision
                elif revision > 1:
                    older[market] = revision - 1
            open_ = older
        return found

    async def _bodies(self, revisions: dict[str, int], day: int) -> list[dict[str, Any]]:
        parts: list[dict[str, Any]] = []
        for batch in _batches(list(revisions.items())):
            wanted = [(market, day, revision) for market, revision in batch]
            bodies = await self._tracker.publications.bodies(wanted)
            for (market, *_), body in zip(wanted, bodies, strict=True):
                if body is None:
                    raise LookupError(f"The body of {market} that its records name is not there.")
                parts.append(json.decode(body))
        return parts


def _batches(items: Sequence[T]) -> list[Sequence[T]]:
    return [items[start : start + BATCH] for start in range(0, len(items), BATCH)]
