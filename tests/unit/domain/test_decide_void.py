"""What can be taken back, what cannot, and that taking back twice is restoring."""

from __future__ import annotations

from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.life import BY, NOW, VCB, Life, outcome, refusal, when
from tests.unit.domain.worlds import examples, lives
from tracker.domain import decide_void
from tracker.domain.days import start_of
from tracker.domain.decide import Stated
from tracker.domain.facts import (
    AccountUnlinked,
    CensusDeclared,
    Fact,
    FindingOpened,
    IncidentHandled,
    IncidentOpened,
    MarketOpened,
    Voided,
)
from tracker.domain.market import market_of
from tracker.domain.vendor import History, Vendor, in_order
from tracker.domain.views import views_of

LATER = when("2023-06-30 12:00")


def void(life: Life, event: int, reason: str = "wrong", by: str = BY) -> list[object]:
    told = LATER._replace(by=by)
    return list(life.then(decide_void.void(life.history, told, event=event, reason=reason)))


def refused(life: Life, event: int, reason: str = "wrong", by: str = BY) -> str:
    return refusal(lambda: void(life, event, reason, by)).code


def test_a_void_takes_back_and_a_void_of_it_restores() -> None:
    life = Life().issued_on("2023-05-02 08:00")
    life.attach("2023-05-03 08:00")
    before = life.vendor
    assert void(life, 4) == [Voided(*LATER, event=4, reason="wrong")]
    assert life.vendor.stage == "issued"
    void(life, 5)
    assert life.vendor == before
    void(life, 4)
    assert life.vendor.stage == "issued"
    assert decide_void.voids(life.history.facts) == {4: 7, 5: 6}


def test_the_same_void_is_nothing_new_and_another_is_refused() -> None:
    life = Life()
    life.profile("2023-05-03 08:00", zone="C")
    void(life, 2)
    assert void(life, 2) == []
    assert decide_void.same(life.history.facts, BY, event=2, reason="wrong") == 3
    assert refused(life, 2, reason="another") == "ALREADY_VOIDED"
    assert refused(life, 2, by="key-2") == "ALREADY_VOIDED"
    assert "CVT-0042-" in refusal(lambda: void(life, 2, by="key-2")).detail
    for nothing in (0, 9):
        assert refused(life, nothing) == "NOT_FOUND"


def test_an_account_behind_a_live_code_stays_until_the_code_ends() -> None:
    life = Life().issued_on("2023-05-02 08:00")
    for event in (1, 2):
        wrong = refusal(lambda e=event: void(life, e))  # type: ignore[misc]
        assert wrong.code == "EVENT_IN_USE"
        assert f"{life.history.vendor_code}.e3" in wrong.detail
    void(life, 3)
    assert void(life, 2)
    assert void(life, 1)
    assert life.vendor.stall is None
    assert views_of(life.history).names == {}


def test_a_code_does_not_become_live_again_over_an_account_that_is_gone() -> None:
    life = Life().issued_on("2023-05-02 08:00")
    life.revoke("2023-05-10 08:00")
    life.then([AccountUnlinked(*when("2023-05-11 08:00"), bin=VCB)])
    assert refused(life, 4) == "EVENT_IN_USE"
    void(life, 5)
    assert void(life, 4)
    assert life.vendor.stage == "issued"


def test_a_registration_stays_while_a_strangers_code_hangs() -> None:
    life = Life()
    life.then([IncidentOpened(*when("2023-05-02 08:00"), bin=VCB, personal=b"")])
    assert refused(life, 1) == "EVENT_IN_USE"
    told = when("2023-05-03 08:00")
    life.then([IncidentHandled(*told, incident=2, state="dismissed", reason="x")])
    assert void(life, 1)


def test_what_nobody_stated_is_not_taken_back() -> None:
    life = Life()
    life.then([FindingOpened(*when("2023-05-02 08:00"), "duplicate_account", "CVT-0001-B")])
    assert refused(life, 2) == "EVENT_NOT_VOIDABLE"
    opened = MarketOpened(0, NOW, BY, "Chợ", "CVT", None, None)
    wrong = refusal(lambda: decide_void.void_of([opened], "CVT", LATER, event=1, reason="x"))
    assert wrong.code == "EVENT_NOT_VOIDABLE"


def test_a_census_that_is_taken_back_gives_way_to_the_one_before() -> None:
    facts: list[Fact] = [
        MarketOpened(0, NOW, BY, "Chợ", "CVT", None, None),
        CensusDeclared(start_of(19_000), NOW, BY, 500, "office"),
        CensusDeclared(start_of(19_100), NOW, BY, 5_000, "office"),
    ]
    made = decide_void.void_of(facts, "CVT", LATER, event=3, reason="one nought too many")
    assert made is not None
    assert decide_void.first_moved(facts, made) == start_of(19_100)
    market = market_of("m", (*facts, made))  # type: ignore[arg-type]
    assert market is not None
    assert market.census_on(19_200) == 500
    again = decide_void.void_of([*facts, made], "CVT", LATER, event=4, reason="it was right")
    assert again is not None
    assert decide_void.first_moved([*facts, made], again) == start_of(19_100)


def groundless(vendor: Vendor, history: History) -> bool:
    """A live code of nobody, or with no account."""
    gone = {event for event, _ in enumerate(history.facts, 1)} - {
        n for n, _ in in_order(history.facts)
    }
    return any(
        code.live
        and (vendor.stall is None or code.bin not in vendor.accounts or code.account in gone)
        for code in vendor.codes.values()
    )


@examples(200)
@given(lives(), st.lists(st.integers(0, 40), min_size=1, max_size=12))
def test_voids_in_any_order_leave_no_live_code_of_nobody_and_can_be_undone(
    history: History, picks: list[int]
) -> None:
    sound = not groundless(history.replay(), history)
    for pick in picks:
        event = pick % history.version + 1
        told = Stated(NOW, NOW, f"key-{pick % 2}")
        before = history.replay()
        facts, code = outcome(partial(decide_void.void, history, told, event=event, reason="wrong"))
        assert code in {"", "ALREADY_VOIDED", "EVENT_IN_USE"}
        if code:
            continue
        history = history.then(*facts)
        assert decide_void.void(history, told, event=event, reason="wrong") == []
        assert event not in {n for n, _ in in_order(history.facts)}
        if sound:
            assert not groundless(history.replay(), history)
        if facts:
            restored = history.then(Voided(*told, event=history.version, reason="x"))
            assert restored.replay() == before
