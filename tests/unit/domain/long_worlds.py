"""Markets over a hundred and thirty days: lives with long pauses, what banks reported, targets.

The rules of 30 and 90 days bite only where facts lie so far apart. So the six days of a life of
`worlds` are pulled apart by a rhythm: much happens on few days, and between them just 1, 29, 30,
89 or 90 days pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from random import Random
from typing import Final, NamedTuple, TypeVar

from msgspec.structs import replace

from tests.unit.domain.oracle import since_1970
from tests.unit.domain.oracle_content import Report, Whole
from tests.unit.domain.standing import roster_of
from tests.unit.domain.worlds import (
    BANKS,
    DAYS,
    FIRST,
    LIVELY,
    NOW,
    TIMES,
    Step,
    lived,
    step_of,
)
from tracker.domain import rows
from tracker.domain.activity import first_days
from tracker.domain.bitmaps import bitmap
from tracker.domain.days import day_of, start_of
from tracker.domain.facts import (
    AreasAssigned,
    CensusDeclared,
    Fact,
    MarketClosed,
    MarketFact,
    MarketOpened,
    TargetFigure,
    TargetSet,
    Voided,
)
from tracker.domain.figures import WINDOW_DAYS, Grounds
from tracker.domain.lines import Falls, Lines, closings
from tracker.domain.market import market_of
from tracker.domain.paid import Paid
from tracker.domain.roster import Roster
from tracker.domain.targets import PACE_DAYS
from tracker.domain.vendor import History
from tracker.domain.views import views_of

SPAN: Final = 132
LONG: Final = range(FIRST - 2, FIRST + SPAN)
"""Every day of a world, and a few before and after."""

RHYTHMS: Final = (
    (1, 1, 1, 1, 1),
    (1, 29, 1, 59, 1),
    (30, 1, 29, 30, 1),
    (1, 30, 60, 1, 30),
    (89, 1, 1, 29, 1),
    (1, 1, 90, 1, 29),
    (2, 9, 31, 1, 80),
    (60, 30, 1, 7, 1),
)
"""Days from each day on which much happens to the next."""

NUMBERS: Final = (1, 2, 9, 24)
"""Vendor numbers may have gaps."""

STRANGERS: Final = (5, 30)
"""Numbers of the reports that no history has (any more)."""

REPORTERS: Final = (*BANKS, "970405")
"""The banks that report; at the last of them nobody has an account."""

FIGURES: Final[tuple[TargetFigure, ...]] = ("attached", "active_30d")
GOALS: Final = (0, 1, 2, 3, 4, 300, 5000)
F = TypeVar("F", bound=Fact)


class World(NamedTuple):
    """A market's facts, its vendors' histories, and the reports by day and bank."""

    facts: tuple[MarketFact, ...]
    roster: tuple[History, ...]
    reports: Mapping[int, Mapping[str, Report]]

    def told(self) -> Whole:
        """The world as the oracle takes it."""
        vendors = {history.number: history.facts for history in self.roster}
        reports = {since_1970(day): reports for day, reports in self.reports.items()}
        return Whole(self.facts, vendors, reports)


class Kept(NamedTuple):
    """What the store keeps of a world, and its histories to look up what was earlier."""

    world: World
    lines: Lines
    roster: Roster
    steps: Mapping[int, Sequence[rows.Step]]
    first: bytes

    def grounds(self, first: int, last: int) -> Grounds:
        """What the figures of these days are made of, no more than they need."""
        market = market_of("cho-vung-tau", self.world.facts)
        assert market is not None
        earliest = first - PACE_DAYS if market.targets else first
        past = {number: self.steps[number] for number in self.roster.unsaid(earliest)}
        falls = {place: count for place, count in self.lines.items() if first <= place[0] <= last}
        reports = {
            day: {
                bin_: (report.payments, report.amount_vnd, bitmap(sorted(report.vendors)))
                for bin_, report in by_bank.items()
            }
            for day, by_bank in self.world.reports.items()
            if first - WINDOW_DAYS < day <= last
        }
        paid = Paid(reports, self.first)
        return Grounds(market, Falls(falls), self.roster, past, paid)


def kept(world: World) -> Kept:
    """The views of all vendors, and since when each was paid."""
    lines: Lines = Lines()
    views_by = {}
    for history in world.roster:
        views = views_of(history)
        lines.update(views.lines)
        views_by[history.number] = views
    sets = [
        (day, bitmap(sorted(report.vendors)))
        for day, by_bank in world.reports.items()
        for report in by_bank.values()
    ]
    steps = {history.number: rows.steps(closings(history.states())) for history in world.roster}
    return Kept(world, lines, roster_of(views_by), steps, first_days(sets).encoded())


# ── at random ────────────────────────────────────────────────────────────────────────────────


def world(seed: int) -> World:
    """The world of a number: up to four vendors, each living by its own rhythm."""
    random = Random(seed)
    numbers = NUMBERS[: random.choice((0, 1, 2, 3, 4, 4, 4))]
    roster = tuple(_vendor(random, number) for number in numbers)
    facts = stretched(_market(random), random.choice(RHYTHMS))
    return World(facts, roster, _reports(random))


def stretched(facts: Iterable[F], rhythm: Sequence[int]) -> tuple[F, ...]:
    """The same facts, pulled apart: day n after the first is the rhythm's n-th."""
    days = list(accumulate(rhythm, initial=0))

    def later(fact: F) -> F:
        n = day_of(fact.at) - FIRST
        return replace(fact, at=fact.at + start_of(FIRST + days[n]) - start_of(FIRST + n))

    return tuple(map(later, facts))


def _vendor(random: Random, number: int) -> History:
    """A life told as it happened, then some facts that were forgotten."""

    def steps(most: int) -> list[Step]:
        return [step_of(random.randrange(2**16), LIVELY) for _ in range(random.randrange(most))]

    born = start_of(FIRST + random.choice((0, 0, 1))) + random.choice(TIMES)
    course = [*sorted(steps(28), key=lambda step: step.at), *steps(7)]
    history = lived(number, born, course)
    return replace(history, facts=stretched(history.facts, random.choice(RHYTHMS)))


def _market(random: Random) -> list[MarketFact]:
    """Censuses, targets, areas and an end, some of them taken back or restored."""
    opened = MarketOpened(start_of(FIRST), NOW, "key", "Chợ", "CVT", "26506", FIRST + 40)
    facts: list[MarketFact] = [opened]
    for _ in range(random.randrange(12)):
        when = (start_of(FIRST + random.randrange(DAYS)) + random.choice(TIMES), NOW, "key")
        facts.append(_of_market(random, when, len(facts)))
    return facts


def _of_market(random: Random, when: tuple[int, int, str], known: int) -> MarketFact:
    match random.choice(("census", "target", "target", "target", "areas", "closed", "void")):
        case "void" if known > 1:
            return Voided(*when, event=random.randint(2, known), reason="wrong")
        case "areas":
            cut = FIRST + random.randrange(SPAN)
            later = ("26501", 9, cut + random.randrange(3), random.choice((None, FIRST + SPAN)))
            return AreasAssigned(*when, areas=(("26500", 7, FIRST + 1, cut), later))
        case "closed":
            return MarketClosed(*when)
        case "target":
            figure, due = random.choice(FIGURES), FIRST + random.choice((0, 20, 60, 100, 4000))
            return TargetSet(*when, figure=figure, due_on=due, vendors=random.choice(GOALS))
        case _:
            return CensusDeclared(*when, vendors=random.randrange(6), source="office")


def _reports(random: Random) -> dict[int, dict[str, Report]]:
    """What the banks reported: of some days nothing, of some vendors never anything.

    A quiet bank reports seldom, a busy vendor is paid on most days: so each number of paid days,
    and each pause between two, comes about.
    """
    diligence = {bin_: random.choice((0, 0.04, 0.3, 0.95)) for bin_ in REPORTERS}
    busy = {n: random.choice((0, 0.02, 0.15, 0.6)) for n in (*NUMBERS, *STRANGERS)}
    idle = range(random.randrange(SPAN), SPAN + random.randrange(100))
    found: dict[int, dict[str, Report]] = {}
    for day in range(FIRST - 20, FIRST + SPAN):
        for bin_ in REPORTERS:
            if random.random() < diligence[bin_] and day - FIRST not in idle:
                paid = frozenset(n for n, often in busy.items() if random.random() < often)
                payments = len(paid) * random.randint(1, 9)
                report = Report(payments, payments * random.randint(1, 90_000), paid)
                found.setdefault(day, {})[bin_] = report
    return found
