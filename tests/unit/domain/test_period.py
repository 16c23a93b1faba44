"""A period compares its two ends; told a second time by replaying each vendor up to both."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.life import Life, at
from tests.unit.domain.worlds import DAYS, FIRST, examples, rosters
from tracker.domain.days import day_of, start_of
from tracker.domain.lines import day_lines
from tracker.domain.period import period
from tracker.domain.reasons import why_left
from tracker.domain.vendor import History

days = st.integers(FIRST - 1, FIRST + DAYS)


@examples(70)
@given(rosters(), days, days)
def test_a_period_is_the_difference_of_its_two_ends(
    roster: tuple[History, ...], one: int, other: int
) -> None:
    first, last = min(one, other), max(one, other)
    found = period(roster, first, last)
    lines, causes = Counter[str](), Counter[str | None]()
    for history in roster:
        before = history.replay(before=start_of(first))
        after = history.replay(before=start_of(last + 1))
        was, now = before.standing.attached, after.standing.attached
        if now and not was:
            lines["reattached" if before.first_attached_at is not None else "attached"] += 1
        elif was and not now:
            lines[after.last_end if after.on_roster else "left"] += 1
        causes[why_left(after)] += 1
    del causes[None]
    assert found.why_left == causes
    assert (found.attached, found.reattached) == (
        lines.pop("attached", 0),
        lines.pop("reattached", 0),
    )
    assert found.left == lines.pop("left", 0)
    assert found.removed == lines
    ends = [[h.replay(before=start_of(day)).standing for h in roster] for day in (first, last + 1)]
    assert (found.opening, found.closing) == tuple(sum(s.attached for s in end) for end in ends)
    assert found.registered == tuple(sum(s.registered for s in end) for end in ends)
    removed = sum(found.removed.values())
    gained = found.attached + found.reattached - removed - found.left
    assert found.closing - found.opening == gained


@examples(70)
@given(rosters(), days)
def test_of_one_day_it_is_the_days_own_waterfall(roster: tuple[History, ...], day: int) -> None:
    found = period(roster, day, day)
    lines = Counter[str]()
    for history in roster:
        lines.update({line: n for (on, line), n in day_lines(history).items() if on == day})
    own = {"+": found.attached, "~": found.reattached, "x": found.left}
    own |= {f"-{reason}": count for reason, count in found.removed.items()}
    del lines["r"]
    assert Counter(own) == lines


@examples(40)
@given(rosters())
def test_the_trend_has_the_attached_of_every_day(roster: tuple[History, ...]) -> None:
    found = period(roster, FIRST, FIRST + DAYS)
    for n, count in enumerate(found.attached_on):
        moment = start_of(FIRST + n)
        assert count == sum(h.replay(before=moment).standing.attached for h in roster)


def test_who_was_removed_and_came_back_within_is_on_no_line() -> None:
    life = Life().issued_on("2023-05-02 09:00")
    life.attach("2023-05-10 09:00")
    life.remove("2023-05-20 09:00")
    life.attach("2023-05-25 09:00")
    first, last = day_of(at("2023-05-15 00:00")), day_of(at("2023-05-31 00:00"))
    found = period([life.history], first, last)
    assert (found.attached, found.reattached, found.removed, found.left) == (0, 0, {}, 0)
    assert found.attached_on[5:7] == [1, 0]
