"""Administrative units over time: the seed of the first start, and what the department adds."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from tracker.access.keys import Principal
from tracker.domain.areas import Unit, units_of
from tracker.domain.days import day_date, day_number
from tracker.domain.facts import AreaAdded, AreasSeeded, known_by
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


async def units(tracker: Tracker, known_at: int | None = None) -> list[Unit]:
    """All units, those that have ended too, by code and first day; as known at a moment (ms)."""
    return units_of(known_by(await tracker.reader.service(AREAS), known_at))


async def listed(tracker: Tracker) -> list[AreaOut]:
    """All administrative units, those that have ended too, by code and first day."""
    return [
        AreaOut(
            unit.code,
            unit.name,
            unit.parent,
            day_date(unit.valid_from).isoformat(),
            None if unit.valid_to is None else day_date(unit.valid_to).isoformat(),
        )
        for unit in await units(tracker)
    ]


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
