"""What holds of every history, however it came about: counted against the oracle and itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import DecodeError, msgpack
from msgspec.structs import replace

from tests.unit.domain import oracle
from tests.unit.domain.oracle import is_attached, is_issued, on_roster
from tests.unit.domain.standing import roster_of
from tests.unit.domain.worlds import (
    COMMANDS,
    DAYS,
    FIRST,
    HOUR,
    LIVELY,
    NOW,
    PICKS,
    Step,
    born,
    command,
    courses,
    examples,
    lived,
    lives,
    moments,
    rosters,
    step_of,
    tried,
)
from tracker.domain import rows
from tracker.domain.days import day_date, day_of, start_of
from tracker.domain.facts import CodeIssued, IncidentHandled, Scanned, VendorFact, Voided, encode
from tracker.domain.lines import Lines, closings, day_lines
from tracker.domain.roster import Roster as Table
from tracker.domain.vendor import History, Sealed, Standing, Vendor
from tracker.domain.views import EMPTY, Views, views_of

WINDOW = range(FIRST - 1, FIRST + DAYS + 1)
Roster = tuple[History, ...]


def lines_of(roster: Roster) -> Lines:
    """The day lines of a market: the sums over its vendors."""
    lines = Lines()
    for history in roster:
        lines.update(day_lines(history))
    return lines


def table_of(roster: Roster, day: int) -> Table:
    """The rows of a market at the end of a day, as they are made from the present ones."""
    present = roster_of({history.number: views_of(history) for history in roster})
    past = {history.number: rows.steps(closings(history.states())) for history in roster}
    return present.on(day, past)


class TestAgainstTheOracle:
    """A vendor counts for what the text of the definition says, told by brute force."""

    @examples(120)
    @given(lives(size=9) | lives(size=12, what=LIVELY))
    def test_a_vendor_stands_at_the_end_of_every_day_as_the_definition_says(
        self, history: History
    ) -> None:
        for day in WINDOW:
            past = oracle.happened(history.facts, oracle.end(day_date(day)))
            defined = Standing(on_roster(past), is_issued(past), is_attached(past))
            assert history.replay(before=start_of(day + 1)).standing == defined

    @examples(120)
    @given(lives(size=9) | lives(size=12, what=LIVELY))
    def test_a_vendor_is_on_the_line_of_the_waterfall_that_the_definition_says(
        self, history: History
    ) -> None:
        name = {"+": "attached", "~": "reattached", "x": "left"}
        found = day_lines(history)
        for day in WINDOW:
            lines = [line for on, line in found if on == day and line != "r"]
            defined = oracle.line_of(history.facts, day_date(day))
            assert lines == [] if defined is None else len(lines) == 1
            if defined is not None and lines[0].startswith("-"):
                assert ("removed", lines[0][1:]) == defined
            elif defined is not None:
                assert (name[lines[0]], "") == defined


class TestInvariants:
    """What no sequence of commands and facts can break."""

    @examples(70)
    @given(rosters())
    def test_attached_never_exceeds_issued_nor_issued_registered(self, roster: Roster) -> None:
        for day in WINDOW:
            table = table_of(roster, day)
            on_roster, issued, attached = (
                table.where(flag) for flag in (rows.ON_ROSTER, rows.ISSUED, rows.ATTACHED)
            )
            assert set(attached) <= set(issued) <= set(on_roster)
            assert set(on_roster) <= {history.number for history in roster}

    @examples(70)
    @given(rosters())
    def test_the_day_lines_tell_how_one_day_came_from_the_day_before(self, roster: Roster) -> None:
        lines = lines_of(roster)
        before = (0, 0)
        for day in range(FIRST, FIRST + DAYS + 1):
            standings = [history.replay(before=start_of(day + 1)).standing for history in roster]
            now = sum(s.registered for s in standings), sum(s.attached for s in standings)
            own = {line: n for (on, line), n in lines.items() if on == day and n}
            gained = own.get("+", 0) + own.get("~", 0)
            lost = sum(n for line, n in own.items() if line[0] in "-x")
            assert now == (before[0] + own.get("r", 0), before[1] + gained - lost)
            assert all(n > 0 for line, n in own.items() if line != "r")
            before = now

    @examples(70)
    @given(rosters())
    def test_the_rows_of_a_day_count_the_vendors_that_a_replay_counts_one_by_one(
        self, roster: Roster
    ) -> None:
        for day in WINDOW:
            standings = [history.replay(before=start_of(day + 1)).standing for history in roster]
            one_by_one = tuple(sum(stage) for stage in zip(*standings, strict=True))
            counts = table_of(roster, day).counts(verified_from=day, stale_before=day)
            assert counts[:3] == one_by_one

    @examples(100)
    @given(lives(size=12, what=LIVELY))
    def test_a_row_is_true_from_its_day_until_the_next(self, history: History) -> None:
        steps = rows.steps(closings(history.states()))
        assert [step.day for step in steps] == sorted({step.day for step in steps})
        for day in WINDOW:
            step = next((s for s in reversed(steps) if s.day <= day), rows.Step(0, rows.EMPTY))
            row, vendor = rows.unpack(step.row), history.replay(before=start_of(day + 1))
            assert row.last == step.day
            assert (rows.ON_ROSTER in step.sets) == vendor.on_roster
            groups = {name for name in step.sets if name.startswith((rows.ZONE, rows.CATEGORY))}
            named = rows.groups_of(vendor.zone, vendor.category) if vendor.on_roster else []
            assert groups == set(named)
            assert (rows.INCIDENT in step.sets) == bool(vendor.incidents)

    @examples(70)
    @given(lives())
    def test_the_last_state_on_the_way_is_the_replay_of_all(self, history: History) -> None:
        states = [state for _, state in history.states()]
        assert history.replay() == (states[-1] if states else Vendor())
        assert history.replay(before=NOW) == history.replay()

    @examples(70)
    @given(lives())
    def test_a_bank_never_has_two_live_codes_and_an_ended_code_never_hangs(
        self, history: History
    ) -> None:
        for _, state in history.states():
            live = [code.bin for code in state.codes.values() if code.live]
            assert len(live) == len(set(live))
            assert all(c.live or c.attached_at is None for c in state.codes.values())

    @examples(120)
    @given(lives())
    def test_a_code_is_never_given_twice_not_even_after_its_issue_was_voided(
        self, history: History
    ) -> None:
        given_ = [fact.code for fact in history.facts if isinstance(fact, CodeIssued)]
        assert len(given_) == len(set(given_))


def told_in_order(history: History, order: list[int]) -> tuple[History, dict[int, int]]:
    """The same facts recorded in another order, and the new ordinal of each old one.

    What points at an event points at it still. A voiding is recorded after what it voids.
    """
    facts = history.facts
    voids = [n for n in range(1, len(facts) + 1) if isinstance(facts[n - 1], Voided)]
    shuffled = [n for n in order if n not in voids] + voids
    becomes = {old: new for new, old in enumerate(shuffled, 1)}

    def pointing(fact: VendorFact) -> VendorFact:
        match fact:
            case CodeIssued():
                return replace(fact, account=becomes[fact.account])
            case IncidentHandled():
                return replace(fact, incident=becomes[fact.incident])
            case Scanned(incident=int(opened)):
                return replace(fact, incident=becomes[opened])
            case Voided():
                return replace(fact, event=becomes[fact.event])
            case _:
                return fact

    retold = tuple(pointing(facts[n - 1]) for n in shuffled)
    return History(history.prefix, history.number, retold), becomes


def renumbered(vendor: Vendor, becomes: Mapping[int, int]) -> Vendor:
    """A state with the events that it points at under their new ordinals."""

    def seal(sealed: Sealed | None) -> Sealed | None:
        return None if sealed is None else Sealed(becomes[sealed.event], sealed.blob)

    return replace(
        vendor,
        person=seal(vendor.person),
        accounts={bin_: replace(a, details=seal(a.details)) for bin_, a in vendor.accounts.items()},
        codes={
            n: replace(c, account=becomes[c.account], supplied=seal(c.supplied))
            for n, c in vendor.codes.items()
        },
        incidents={
            becomes[n]: replace(i, seen=Sealed(becomes[n], i.seen.blob))
            for n, i in vendor.incidents.items()
        },
    )


@st.composite
def retold_lives(draw: st.DrawFn) -> tuple[History, History, dict[int, int]]:
    """A history in which no two facts share a moment, and the same facts told in another order."""
    history = draw(lives() | lives(what=LIVELY))
    size = len(history.facts)
    spread = draw(st.lists(moments(), min_size=size, max_size=size).map(sorted))
    rank = sorted(range(size), key=lambda n: (history.facts[n].at, n))
    facts = list(history.facts)
    for place, n in enumerate(rank):
        facts[n] = replace(facts[n], at=spread[place] + place)
    distinct = replace(history, facts=tuple(facts))
    order = draw(st.permutations(range(1, size + 1)))
    retold, becomes = told_in_order(distinct, order)
    return distinct, retold, becomes


class TestLateFacts:
    """A fact that arrives late is the same fact in time."""

    @examples(80)
    @given(retold_lives())
    def test_the_same_facts_give_the_same_state_at_every_moment_in_whatever_order_told(
        self, lives_: tuple[History, History, dict[int, int]]
    ) -> None:
        history, retold, becomes = lives_
        for fact in history.facts:
            for moment in (fact.at, fact.at + 1):
                state = renumbered(history.replay(before=moment), becomes)
                assert retold.replay(before=moment) == state

    @examples(80)
    @given(retold_lives())
    def test_the_same_facts_give_the_same_day_lines_in_whatever_order_told(
        self, lives_: tuple[History, History, dict[int, int]]
    ) -> None:
        history, retold, _ = lives_
        assert day_lines(retold) == day_lines(history)

    @examples(80)
    @given(retold_lives())
    def test_the_same_facts_give_the_same_rows_in_whatever_order_told(
        self, lives_: tuple[History, History, dict[int, int]]
    ) -> None:
        history, retold, _ = lives_
        assert rows.steps(closings(retold.states())) == rows.steps(closings(history.states()))

    @examples(70)
    @given(lives(), st.integers(0, 20))
    def test_a_late_fact_changes_no_day_before_its_own(self, history: History, cut: int) -> None:
        size = 1 + cut % len(history.facts)
        before = day_lines(replace(history, facts=history.facts[: size - 1]))
        after = day_lines(replace(history, facts=history.facts[:size]))
        fact = history.facts[size - 1]
        while isinstance(fact, Voided):  # it brings news of the day of what it takes back
            fact = history.facts[fact.event - 1]
        changed = {day for day, line in before | after if before[day, line] != after[day, line]}
        assert all(day_date(day) >= oracle.local_day(fact.at) for day in changed)

    @examples(70)
    @given(lives(what=LIVELY), st.integers(0, 20))
    def test_a_late_fact_changes_no_row_of_a_day_before_its_own(
        self, history: History, cut: int
    ) -> None:
        size = 1 + cut % len(history.facts)
        before, after = (
            rows.steps(closings(replace(history, facts=history.facts[:n]).states()))
            for n in (size - 1, size)
        )
        fact = history.facts[size - 1]
        while isinstance(fact, Voided):
            fact = history.facts[fact.event - 1]
        own = day_of(fact.at)
        assert [s for s in before if s.day < own] == [s for s in after if s.day < own]


class Store:
    """What the commit script keeps, as far as views go: names, sums of day lines, rows, sets."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.lines: Counter[tuple[int, str]] = Counter()
        self.rows: dict[int, bytes] = {}
        self.sets: dict[str, set[int]] = {}

    def commit(self, number: int, old: Views, new: Views) -> None:
        """The difference between two views, written as a commit writes it."""
        for name, holder in old.names.items():
            if name not in new.names:
                assert self.names.pop(name) == holder
        for name, holder in new.names.items():
            if old.names.get(name) != holder:
                assert self.names.setdefault(name, holder) == holder
        for key in old.lines.keys() | new.lines.keys():
            self.lines[key] += new.lines[key] - old.lines[key]
            if self.lines[key] == 0:
                del self.lines[key]
        if new.row != old.row:
            self.rows[number] = new.row
        for name in old.sets - new.sets:
            self.sets[name].remove(number)
        for name in new.sets - old.sets:
            self.sets.setdefault(name, set()).add(number)


def busy_rosters() -> st.SearchStrategy[Roster]:
    """Two vendors to whom everything happens."""
    return st.tuples(*(lives(number, 9, LIVELY) for number in (1, 2)))


class TestViews:
    """Differences of views, commit by commit, add up to the views of the whole."""

    @examples(90)
    @given(rosters() | busy_rosters(), st.randoms(use_true_random=False))
    def test_what_the_commits_wrote_is_what_a_rebuild_would_write(
        self, roster: Roster, random: Random
    ) -> None:
        store = Store()
        turns = [h for history in roster for h in [history] * len(history.facts)]
        random.shuffle(turns)
        done: Counter[int] = Counter()
        for history in turns:
            told = done[history.number]
            done[history.number] += 1
            before = replace(history, facts=history.facts[:told])
            after = replace(history, facts=history.facts[: told + 1])
            store.commit(history.number, views_of(before), views_of(after))
        whole = {history.number: views_of(history) for history in roster}
        assert store.names == {n: by for views in whole.values() for n, by in views.names.items()}
        assert store.lines == {place: n for place, n in lines_of(roster).items() if n}
        assert {(name, number) for name, those in store.sets.items() for number in those} == {
            (name, number) for number, views in whole.items() for name in views.sets
        }
        written = {number: row for number, row in store.rows.items() if row != rows.EMPTY}
        assert written == {n: views.row for n, views in whole.items() if views.row != rows.EMPTY}

    @examples(90)
    @given(lives(size=12, what=LIVELY), st.randoms(use_true_random=False))
    def test_facts_that_were_damaged_and_still_decode_have_views(
        self, history: History, random: Random
    ) -> None:
        """So `verify` gets through any ledger and says where it differs."""
        decode = msgpack.Decoder(VendorFact).decode
        for _ in range(20):
            place = random.randrange(len(history.facts))
            raw = bytearray(encode(history.facts[place]))
            raw[random.randrange(len(raw))] ^= 1 << random.randrange(8)
            try:
                damaged: VendorFact = decode(bytes(raw))
            except (DecodeError, UnicodeDecodeError):
                continue
            facts = (*history.facts[:place], damaged, *history.facts[place + 1 :])
            assert views_of(replace(history, facts=facts)).row is not None

    @examples(90)
    @given(lives() | lives(size=12, what=LIVELY))
    def test_the_row_is_the_standing_by_all_facts_and_the_lines_have_no_zero(
        self, history: History
    ) -> None:
        views = views_of(history)
        stages = rows.ON_ROSTER, rows.ISSUED, rows.ATTACHED
        found = tuple(any(name.startswith(stage) for name in views.sets) for stage in stages)
        assert found == history.replay().standing
        assert all(views.lines.values())

    def test_nobody_holds_nothing(self) -> None:
        assert views_of(History("CVT", 1)) == EMPTY


def in_time(course: list[Step]) -> list[Step]:
    """Each step half a day after the one before: told as it happens."""
    return [step._replace(at=start_of(FIRST) + n * 6 * HOUR) for n, step in enumerate(course)]


class TestRepeating:
    """A command that brings no news gives no facts, so a retry changes nothing."""

    @pytest.mark.parametrize("what", COMMANDS)
    @examples(40)
    @given(courses(8, 16), st.integers(0, PICKS - 1))
    def test_the_same_command_twice_in_time_is_the_command_once(
        self, what: str, course: list[Step], pick: int
    ) -> None:
        history = lived(1, start_of(FIRST), in_time(course))
        step = Step(what, start_of(FIRST + DAYS), pick)
        do = command(history, step)
        once = history.then(*tried(history, do))
        assert tried(once, do) == []

    @pytest.mark.parametrize("what", COMMANDS)
    @examples(80)
    @given(lives(), moments(), st.integers(0, PICKS - 1))
    def test_the_same_late_command_twice_is_the_command_once(
        self, what: str, history: History, moment: int, pick: int
    ) -> None:
        do = command(history, Step(what, moment, pick))
        once = history.then(*tried(history, do))
        assert tried(once, do) == []

    @examples(70)
    @given(lives(), st.integers(0, 2**16).map(lambda n: step_of(n, COMMANDS)))
    def test_a_command_states_one_fact_at_the_moment_it_was_given(
        self, history: History, step: Step
    ) -> None:
        for fact in tried(history, command(history, step)):
            assert (fact.at, fact.recorded, fact.by) == (step.at, NOW, f"key-{step.pick}")
            assert fact.at >= history.replay().registered_at

    def test_a_new_vendor_is_one_fact(self) -> None:
        assert len(born(1, start_of(FIRST)).facts) == 1
