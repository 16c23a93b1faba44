"""Administrative units over time: the seed of the first start, and what the department adds."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from tracker.access.keys import Principal
from tracker.domain.days import day_date, day_number
from tracker.domain.facts import AreaAdded, AreasSeeded
from tracker.services import areas_seed
from tracker.services.context import ATTEMPTS_MAX, Once, Tracker, busy
from tracker.store.commit import Commit, Done
from tracker.store.keys import SERVICE, Space

AREAS = "areas"
"""The service's subject that holds the administrative units."""


class AreaOut(Struct, frozen=True):
    """An administrative unit; (code, valid_from) is its key, `valid_to` is exclusive."""

    code: str
    name: str
    parent: str | None
    valid_from: str
    valid_to: str | None


async def listed(tracker: Tracker) -> list[AreaOut]:
    """All administrative units, those that have ended too, by code and first day."""
    found: dict[tuple[str, int], AreaOut] = {}
    for fact in await tracker.reader.service(AREAS):
        rows = fact.areas if isinstance(fact, AreasSeeded) else ()
        if isinstance(fact, AreaAdded):
            rows = ((fact.code, fact.name, fact.parent, fact.valid_from, fact.valid_to),)
        for code, name, parent, valid_from, valid_to in rows:
            found[code, valid_from] = AreaOut(
                code,
                name,
                parent,
                day_date(valid_from).isoformat(),
                None if valid_to is None else day_date(valid_to).isoformat(),
            )
    return [found[key] for key in sorted(found)]


async def add(
    tracker: Tracker, principal: Principal, new: AreaOut, once: Once | None = None
) -> tuple[AreaOut, bool]:
    """A unit, or the same (code, valid_from) with another end; the flag tells a new one."""
    for _ in range(ATTEMPTS_MAX):
        facts = await tracker.reader.service(AREAS)
        known = [a for a in await listed(tracker) if a == new]
        commit = Commit(Space(SERVICE))
        now = tracker.now()
        if not known:
            fact = AreaAdded(
                now,
                now,
                principal.id,
                code=new.code,
                name=new.name,
                parent=new.parent,
                valid_from=_day(new.valid_from),
                valid_to=None if new.valid_to is None else _day(new.valid_to),
            )
            commit.append(AREAS, len(facts), [fact])
        if once is not None:
            commit.answer(once.key, once.seal((new, not known)))
        if known and once is None:
            return new, False
        if isinstance(await tracker.commit(commit), Done):
            return new, not known
    raise busy()


async def seed(tracker: Tracker) -> None:
    """First start: the units of today and Vũng Tàu's 17 before them, as one fact."""
    if await tracker.reader.service(AREAS):
        return
    rows = tuple(
        (
            area.code,
            area.name,
            area.parent,
            day_number(area.valid_from),
            None if area.valid_to is None else day_number(area.valid_to),
        )
        for area in areas_seed.seed_areas()
    )
    now = tracker.now()
    commit = Commit(Space(SERVICE))
    source = "vietnam-provinces 2025.10.1; Decision 19/2025/QD-TTg"
    commit.append(AREAS, 0, [AreasSeeded(now, now, "start", source=source, areas=rows)])
    await tracker.committer.commit(commit)


def _day(text: str) -> int:
    return day_number(date.fromisoformat(text))
