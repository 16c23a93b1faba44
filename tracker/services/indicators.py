"""The catalogue of indicators that others report: a definition is for ever, a change a version."""

from __future__ import annotations

from msgspec import Struct

from tracker.access.roles import hidden
from tracker.domain import indicators
from tracker.domain.days import moment_text
from tracker.domain.errors import Conflict, Fault, Invalid
from tracker.domain.facts import IndicatorDefined
from tracker.services import indicators_seed
from tracker.services.context import ATTEMPTS_MAX, Once, Tracker, busy
from tracker.store.commit import Commit, Done
from tracker.store.keys import SERVICE, Space

DEFINITIONS = "indicator:"
"""What the service's subjects begin with that hold definitions; the indicator's id follows."""


class IndicatorOut(Struct, frozen=True):
    """One version of an indicator's definition."""

    id: str
    version: str
    name_vi: str
    name_en: str
    numerator: str
    denominator: str
    unit: str
    period: str
    disaggregations: list[str]
    defined_at: str


async def listed(tracker: Tracker, *, every: bool = False) -> list[IndicatorOut]:
    """The catalogue by id: the newest version of each, or all of them in their order."""
    found = await tracker.reader.service_subjects(DEFINITIONS)
    known = [list(indicators.definitions(facts).values()) for facts in found.values()]
    return [_defined(fact) for facts in known for fact in (facts if every else facts[-1:])]


async def define(
    tracker: Tracker, new: IndicatorDefined, once: Once | None = None
) -> tuple[IndicatorOut, bool]:
    """A new indicator or version; the same again is the one that stands. The flag tells a new one.

    Raises `Conflict` `DEFINITION_EXISTS` where this version says something else.
    """
    subject = DEFINITIONS + new.indicator
    for _ in range(ATTEMPTS_MAX):
        facts = await tracker.reader.service(subject)
        known = indicators.definitions(facts).get(new.version)
        if known is not None and not indicators.same_definition(known, new):
            raise Conflict(
                f"Version {new.version} of {new.indicator} says something else. A changed "
                "definition needs a new version.",
                code="DEFINITION_EXISTS",
            )
        result = _defined(known or new), known is None
        commit = Commit(Space(SERVICE))
        if known is None:
            commit.append(subject, len(facts), [new])
        elif once is None:
            return result
        if once is not None:
            commit.answer(once.key, once.seal(result))
        if isinstance(await tracker.commit(commit), Done):
            return result
    raise busy()


async def seed(tracker: Tracker) -> None:
    """First start: the indicators of the city's own reports, as definitions without values."""
    now = tracker.now()
    for known in indicators_seed.definitions(now):
        subject = DEFINITIONS + known.indicator
        if not await tracker.reader.service(subject):
            commit = Commit(Space(SERVICE))
            commit.append(subject, 0, [known])
            await tracker.committer.commit(commit)


async def definition(tracker: Tracker, indicator: str, version: str | None) -> IndicatorDefined:
    """A version of an indicator's definition, the newest where none is named.

    Raises `NotFound` for an unknown indicator, `Invalid` `VERSION_UNKNOWN`.
    """
    known = indicators.definitions(await tracker.reader.service(DEFINITIONS + indicator))
    if not known:
        raise hidden()
    if version is None:
        return list(known.values())[-1]
    if version not in known:
        raise Invalid(
            f"This indicator has no version {version}. Known: {', '.join(known)}.",
            code="VERSION_UNKNOWN",
            faults=(Fault("/version", "VERSION_UNKNOWN", f"Known: {', '.join(known)}."),),
        )
    return known[version]


def _defined(fact: IndicatorDefined) -> IndicatorOut:
    return IndicatorOut(
        fact.indicator,
        fact.version,
        fact.name_vi,
        fact.name_en,
        fact.numerator,
        fact.denominator,
        fact.unit,
        fact.period,
        list(fact.disaggregations),
        moment_text(fact.recorded),
    )
