"""Which findings hold: counted against a plain reading of the rule, for any course of changes."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.unit.domain.life import BIDV, NOW, VCB, Life, at, when
from tests.unit.domain.vault import VAULT
from tests.unit.domain.worlds import examples, lives
from tracker.domain import decide
from tracker.domain.facts import (
    AccountDetails,
    AccountUnlinked,
    FindingEnded,
    FindingKind,
    FindingOpened,
    IncidentOpened,
    Moved,
    Registered,
    StatusChanged,
    Voided,
)
from tracker.domain.findings import (
    WHOLE_MAX,
    Change,
    Holding,
    Key,
    Ref,
    changes,
    facts_of,
    findable,
    linked,
    refs_of,
    touches,
)
from tracker.domain.vendor import History
from tracker.domain.views import ref_name, views_of

DUPLICATE: FindingKind = "duplicate_account"
REUSED: FindingKind = "partner_ref_reused"
KEYS = [Key(kind, look) for kind in (DUPLICATE, REUSED) for look in ("k1", "k2", "k3")]
VENDORS = ["AAA-0001-X", "AAA-0002-X", "BBB-0001-X", "BBB-0002-X", "CCC-0001-X", "DDD-0001-X"]
NOBODY = Holding(False, frozenset(), frozenset())

World = dict[str, Holding]


def holding(*keys: Key, on_roster: bool = True) -> Holding:
    return Holding(on_roster, frozenset(keys) if on_roster else frozenset(), frozenset())


def told(world: World, about: dict[str, list[Change]]) -> World:
    """The vendors once they were told."""
    after = dict(world)
    for vendor, some in about.items():
        findings = set(after[vendor].findings)
        for change in some:
            finding = (change.kind, change.other)
            assert (finding in findings) is not change.opens, "told what it bears already"
            (findings.add if change.opens else findings.remove)(finding)
        after[vendor] = replace(after[vendor], findings=frozenset(findings))
    return after


def borne(world: World) -> set[tuple[str, FindingKind, str]]:
    return {(v, kind, other) for v, held in world.items() for kind, other in held.findings}


def rule(world: World) -> set[tuple[str, FindingKind, str]]:
    """By brute force: any two that share a key, references only across markets."""
    found = set()
    for one, other in combinations(world, 2):
        for key in world[one].keys & world[other].keys:
            if key.kind == DUPLICATE or one[:3] != other[:3]:
                found |= {(one, key.kind, other), (other, key.kind, one)}
    return found


def look_at(world: World, vendor: str, ever: set[Key], whole: int = WHOLE_MAX) -> World:
    """What the derived step does for one vendor: it reads those that share a key, or a finding."""
    others = {other for _, other in world[vendor].findings}
    seen = {
        v: held
        for v, held in world.items()
        if v == vendor
        or v in others
        or held.keys & ever
        or any(o == vendor for _, o in held.findings)
    }
    return told(world, changes(seen, ever, whole))


@examples(300)
@given(
    st.lists(
        st.tuples(st.sampled_from(VENDORS), st.frozensets(st.sampled_from(KEYS)), st.booleans()),
        max_size=25,
    )
)
def test_after_each_change_looked_at_the_findings_are_those_that_hold(
    steps: list[tuple[str, frozenset[Key], bool]],
) -> None:
    world: World = dict.fromkeys(VENDORS, NOBODY)
    ever: dict[str, set[Key]] = {vendor: set() for vendor in VENDORS}
    for vendor, keys, on_roster in steps:
        held = holding(*keys, on_roster=on_roster)
        world[vendor] = replace(held, findings=world[vendor].findings)
        ever[vendor] |= keys
        world = look_at(world, vendor, ever[vendor])
        assert borne(world) == rule(world)


@examples(200)
@given(st.lists(st.tuples(st.integers(0, 7), st.booleans()), max_size=40), st.integers(2, 4))
def test_at_a_crowded_key_everybody_bears_one_and_nobody_more_than_two(
    steps: list[tuple[int, bool]], whole: int
) -> None:
    crowd = [f"A{n:02d}-0001-X" for n in range(8)]
    world: World = dict.fromkeys(crowd, NOBODY)
    key = KEYS[0]
    for n, holds in steps:
        vendor = crowd[n]
        held = holding(*[key] if holds else [])
        world[vendor] = replace(held, findings=world[vendor].findings)
        world = look_at(world, vendor, {key}, whole)
        members = [v for v in crowd if key in world[v].keys]
        pairs = set(linked(DUPLICATE, members, whole))
        assert borne(world) == {(a, DUPLICATE, b) for pair in pairs for a, b in (pair, pair[::-1])}
        each = [len(world[v].findings) for v in members]
        if len(members) > whole:
            assert set(each) <= {1, 2}
        elif len(members) > 1:
            assert set(each) == {len(members) - 1}


@examples(150)
@given(lives(size=9))
def test_a_life_holds_the_references_that_are_taken_in_its_market(history: History) -> None:
    held = {ref_name(*ref) for ref in refs_of(history)}
    names = {name for name in views_of(history).names if name[:2] in {"v:", "c:"}}
    assert held == {name for name in names if not name.startswith("v::")}
    assert refs_of(history) <= refs_of(history, ever=True)


def test_twenty_are_told_of_each_other_and_one_more_of_their_neighbours() -> None:
    twenty = [f"CVT-{n:04d}-X" for n in range(WHOLE_MAX)]
    assert len(list(linked(DUPLICATE, twenty))) == WHOLE_MAX * (WHOLE_MAX - 1) // 2
    assert len(list(linked(DUPLICATE, [*twenty, "CVT-9999-X"]))) == WHOLE_MAX


def test_references_within_one_market_are_no_finding() -> None:
    assert list(linked(REUSED, ["AAA-0001-X", "AAA-0002-X"])) == []
    assert list(linked(REUSED, ["AAA-0001-X", "BBB-0001-X"])) == [("AAA-0001-X", "BBB-0001-X")]


def test_half_a_finding_is_made_whole_and_half_an_end_too() -> None:
    """What a death between two markets leaves behind."""
    one, other = VENDORS[0], VENDORS[2]
    half = replace(holding(KEYS[0]), findings=frozenset({(DUPLICATE, other)}))
    sharing = changes({one: half, other: holding(KEYS[0])}, {KEYS[0]})
    assert sharing == {other: [Change(DUPLICATE, one, opens=True)]}
    apart = changes({one: half, other: holding(KEYS[1])}, {KEYS[1]})
    assert apart == {one: [Change(DUPLICATE, other, opens=False)]}


def test_a_finding_with_somebody_unread_stays() -> None:
    half = replace(holding(), findings=frozenset({(DUPLICATE, "ZZZ-0001-X")}))
    assert changes({VENDORS[0]: half}, {KEYS[0]}) == {}


def test_two_that_share_something_else_too_stay_found() -> None:
    one, other = VENDORS[0], VENDORS[1]
    world = {
        one: replace(holding(KEYS[1]), findings=frozenset({(DUPLICATE, other)})),
        other: replace(holding(KEYS[1]), findings=frozenset({(DUPLICATE, one)})),
    }
    assert changes(world, {KEYS[0]}) == {}
    assert changes(world, {KEYS[0], KEYS[1]}) == {}


@pytest.mark.parametrize("leaves", [True, False])
def test_what_was_found_on_an_erased_vendor_stays_until_one_of_the_two_leaves(leaves: bool) -> None:
    one, other = VENDORS[0], VENDORS[1]
    erased = Holding(True, frozenset(), frozenset({(DUPLICATE, one)}), readable=False)
    second = replace(holding(on_roster=not leaves), findings=frozenset({(DUPLICATE, other)}))
    about = changes({other: erased, one: second}, {KEYS[0]})
    assert set(about) == ({one, other} if leaves else set())


class TestFacts:
    """Which facts matter, and which are written."""

    def test_a_reference_of_the_market_itself_is_nobody_else_s(self) -> None:
        own = Registered(NOW, NOW, "k", stall="A1", personal=b"", bin="", ref="7")
        bank = Registered(NOW, NOW, "k", stall="A1", personal=b"", bin=VCB, ref="7")
        assert refs_of(History("CVT", 1, (own,))) == set()
        assert refs_of(History("CVT", 1, (bank,))) == {Ref("v", VCB, "7")}
        assert not findable(own)
        assert not touches(own)
        assert findable(bank)
        assert touches(bank)

    def test_a_voided_reference_is_free_and_was_held(self) -> None:
        bank = Registered(NOW, NOW, "k", stall="A1", personal=b"", bin=VCB, ref="7")
        history = History("CVT", 1, (bank, Voided(NOW, NOW, "k", event=1, reason="wrong")))
        assert refs_of(history) == set()
        assert refs_of(history, ever=True) == {Ref("v", VCB, "7")}

    def test_references_of_accounts_and_codes_count(self) -> None:
        life = Life()
        life.then(
            decide.link_account(
                life.history,
                VAULT,
                when("2023-05-02 09:00"),
                bin_=VCB,
                details=AccountDetails("0071000", "DANG THI HOA"),
                ref="acc",
            )
        )
        moment = when("2023-05-02 10:00")
        life.then(decide.issue_code(life.history, VAULT, moment, bin_=VCB, ref="code"))
        life.link("2023-05-03 09:00", "99", BIDV)
        assert refs_of(life.history) == {Ref("v", VCB, "acc"), Ref("c", VCB, "code")}

    def test_only_what_may_change_a_share_is_looked_at(self) -> None:
        for fact in (
            StatusChanged(NOW, NOW, "k", status="left"),
            AccountUnlinked(NOW, NOW, "k", bin=VCB),
            Voided(NOW, NOW, "k", event=1, reason="x"),
        ):
            assert touches(fact)
            assert not findable(fact)
        opened = FindingOpened(NOW, NOW, "findings", kind=DUPLICATE, other=VENDORS[0])
        assert not touches(opened)
        assert not touches(Moved(NOW, NOW, "k", stall="A2"))
        seen = IncidentOpened(NOW, NOW, "k", bin=VCB, personal=b"")
        assert findable(seen)
        assert not touches(seen)

    def test_an_end_never_lies_before_what_it_ends_whatever_the_clock_says(self) -> None:
        life = Life()
        ahead, behind = at("2023-06-01 10:00"), at("2023-06-01 09:00")
        opens = facts_of(life.history, [Change(DUPLICATE, VENDORS[0], True)], ahead)
        assert opens == [FindingOpened(ahead, ahead, "findings", DUPLICATE, VENDORS[0])]
        life.then(list(opens))
        assert life.vendor.findings == {(DUPLICATE, VENDORS[0])}
        ends = facts_of(life.history, [Change(DUPLICATE, VENDORS[0], False)], behind)
        assert ends == [FindingEnded(ahead, behind, "findings", DUPLICATE, VENDORS[0])]
        life.then(list(ends))
        assert life.vendor.findings == frozenset()
