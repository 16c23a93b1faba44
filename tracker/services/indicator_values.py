"""Values of indicators, by area and day, as others report them.

A value that differs from what stands for its area and day is the next revision, the ones before
stay readable; each revision enters the feed of publications, in the order of the service's ledger.
"""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from tracker.access.keys import Principal
from tracker.domain import indicators
from tracker.domain.days import day_date, day_number, day_of, start_of
from tracker.domain.errors import Fault, Invalid
from tracker.domain.facts import IndicatorReported
from tracker.domain.indicators import RATE_CONTRADICTS, Stated
from tracker.services import areas
from tracker.services.context import ATTEMPTS_MAX, Once, Tracker, busy
from tracker.services.indicators import definition
from tracker.store.commit import Commit, Done
from tracker.store.keys import SERVICE, Space

SERIES = "values:"
"""What the service's subjects begin with that hold values.

`<indicator>:<area>:<first day of the area>` follows, so a document stays small.
"""


class ValueOut(Struct, frozen=True):
    """A value as it was reported; `rate` in percent, computed or, where `bare`, as it came."""

    indicator: str
    version: str
    area: str
    area_valid_from: str
    date: str
    revision: int
    numerator: int | None
    denominator: int | None
    rate: float | None
    bare: bool
    comparator: str
    source: str
    published_at: str


class NewValue(Struct, frozen=True):
    """A value to be recorded; `day` is a day, `version` None the newest definition."""

    area: str
    day: int
    source: str
    stated: Stated
    version: str | None = None


async def report(
    tracker: Tracker,
    principal: Principal,
    indicator: str,
    new: NewValue,
    once: Once | None = None,
) -> tuple[ValueOut, bool]:
    """Records a value; the same again is the revision that stands. The flag tells a new one.

    Raises `NotFound` for an unknown indicator; `Invalid` `VERSION_UNKNOWN`, `AREA_UNKNOWN`,
    `IN_FUTURE`, `RATE_CONTRADICTS` and `INVALID_BODY`, the last two with every fault.
    """
    defined = await definition(tracker, indicator, new.version)
    _check(new.stated, defined.unit)
    if new.day > day_of(tracker.now()):
        raise Invalid("A value cannot be of a day that lies ahead.", code="IN_FUTURE")
    area_from = await _area_from(tracker, new.area, new.day)
    subject = f"{SERIES}{indicator}:{new.area}:{area_from}"
    for _ in range(ATTEMPTS_MAX):
        facts = await tracker.reader.service(subject)
        last = indicators.latest(indicators.reported(facts)).get(new.day)
        known = last is not None and indicators.same_value(
            last, new.stated, defined.version, new.source
        )
        if last is None or not known:
            now, stated = tracker.now(), new.stated
            value = IndicatorReported(
                start_of(new.day),
                now,
                principal.id,
                indicator=indicator,
                version=defined.version,
                area=new.area,
                area_from=area_from,
                day=new.day,
                revision=1 if last is None else last.revision + 1,
                source=new.source,
                numerator=stated.numerator,
                denominator=stated.denominator,
                rate=stated.rate if stated.bare else None,
                comparator=stated.comparator,
            )
        else:
            value = last
        result = _value(value), not known
        commit = Commit(Space(SERVICE))
        if not known:
            commit.append(subject, len(facts), [value])
        elif once is None:
            return result
        if once is not None:
            commit.answer(once.key, once.seal(result))
        if isinstance(await tracker.commit(commit), Done):
            await tracker.reported.feed()
            return result
    raise busy()


async def values(
    tracker: Tracker,
    indicator: str,
    *,
    first: int | None = None,
    last: int | None = None,
    area: str | None = None,
    every: bool = False,
) -> list[ValueOut]:
    """An indicator's values by day, area and revision: the latest revisions, or all of them.

    `first` and `last` are days, `area` a unit's code. Raises `NotFound`.
    """
    await definition(tracker, indicator, None)
    prefix = f"{SERIES}{indicator}:" if area is None else f"{SERIES}{indicator}:{area}:"
    found: list[IndicatorReported] = []
    for facts in (await tracker.reader.service_subjects(prefix)).values():
        series = indicators.reported(facts)
        found += series if every else indicators.latest(series).values()
    within = [
        value
        for value in found
        if (first is None or value.day >= first) and (last is None or value.day <= last)
    ]
    within.sort(key=lambda v: (v.day, v.area, v.area_from, v.revision))
    return [_value(value) for value in within]


def _check(stated: Stated, unit: str) -> None:
    faults = tuple(indicators.faults(stated, unit))
    for fault in faults:
        if fault.code == RATE_CONTRADICTS:
            raise Invalid(
                f"The rate contradicts its own two numbers: {fault.detail} Nothing was written.",
                code=RATE_CONTRADICTS,
                faults=faults,
            )
    if faults:
        raise Invalid(
            "The value is no share that there can be; `errors` names each fault. Nothing was "
            "written.",
            code="INVALID_BODY",
            faults=faults,
        )


async def _area_from(tracker: Tracker, code: str, day: int) -> int:
    """The first day of the unit that had this code on a day; raises `Invalid` `AREA_UNKNOWN`."""
    on = day_date(day).isoformat()
    for area in await areas.listed(tracker):
        if area.code == code and area.valid_from <= on < (area.valid_to or "9999"):
            return day_number(date.fromisoformat(area.valid_from))
    raise Invalid(
        f"No administrative unit had this code on {on}. GET /v1/areas lists them with their days.",
        code="AREA_UNKNOWN",
        faults=(Fault("/area", "AREA_UNKNOWN", f"Not a unit on {on}."),),
    )


def _value(fact: IndicatorReported) -> ValueOut:
    return ValueOut(version=fact.version, source=fact.source, **indicators.item(fact))
