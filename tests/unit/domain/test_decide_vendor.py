"""Moves, status and accounts that end; corrections; how far back a fact may be dated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.life import BIDV, BY, NOW, VCB, Life, at, outcome, refusal, when
from tests.unit.domain.vault import VAULT
from tests.unit.domain.worlds import examples, lives, moments
from tracker.domain import decide, decide_vendor
from tracker.domain.days import DAY_MS, day_of, start_of
from tracker.domain.decide import Stated
from tracker.domain.errors import NotFound
from tracker.domain.facts import AccountUnlinked, Moved, ProfileChanged, Status, StatusChanged
from tracker.domain.vendor import History
from tracker.domain.views import views_of

STATES: tuple[Status, ...] = ("left", "trading", "suspended")


def move(life: Life, moment: str, stall: str) -> list[object]:
    return list(life.then(decide_vendor.move(life.history, when(moment), stall=stall)))


def status(life: Life, moment: str, status: Status, reason: str | None = None) -> list[object]:
    facts = decide_vendor.change_status(
        life.history,
        when(moment),
        status=status,
        reason=reason,
    )
    return list(life.then(facts))


def test_a_move_changes_the_stall_and_the_same_again_is_nothing_new() -> None:
    life = Life()
    assert move(life, "2023-05-02 08:00", "B12") == []
    assert move(life, "2023-05-10 08:00", "C1") == [Moved(*when("2023-05-10 08:00"), stall="C1")]
    assert move(life, "2023-05-10 08:00", "C1") == []
    assert life.vendor.stall == "C1"
    assert decide_vendor.placed_by(life.history, "C1") == (2, life.history.facts[1])
    assert decide_vendor.placed_by(life.history, "B12") == (1, life.history.facts[0])
    with pytest.raises(NotFound):
        decide_vendor.placed_by(life.history, "Z9")


def test_a_move_learned_late_keeps_its_place() -> None:
    life = Life()
    move(life, "2023-05-20 08:00", "C1")
    assert len(move(life, "2023-05-10 08:00", "D1")) == 1
    assert life.vendor.stall == "C1"
    assert life.history.replay(before=at("2023-05-15 08:00")).stall == "D1"
    assert move(life, "2023-05-05 08:00", "B12") == []


def test_who_left_may_be_moved_before_they_come_back() -> None:
    life = Life()
    status(life, "2023-05-10 08:00", "left", "closed")
    move(life, "2023-05-20 08:00", "C1")
    assert views_of(life.history).names == {}
    status(life, "2023-05-21 08:00", "trading")
    assert set(views_of(life.history).names) == {"s:C1"}


def test_nothing_happens_before_registration_or_to_nobody() -> None:
    for wish in (
        lambda h: decide_vendor.move(h, when("2023-04-30 08:00"), stall="C1"),
        lambda h: decide_vendor.change_status(
            h, when("2023-04-30 08:00"), status="left", reason=None
        ),
    ):
        life, nobody = Life(), Life(registered=None)
        assert refusal(lambda w=wish, h=life.history: w(h)).code == "BEFORE_REGISTRATION"  # type: ignore[misc]
        assert refusal(lambda w=wish, h=nobody.history: w(h)).code == "NOT_FOUND"  # type: ignore[misc]


def test_a_status_that_stands_is_nothing_new_and_another_reason_is() -> None:
    life = Life()
    assert status(life, "2023-05-02 08:00", "trading") == []
    assert len(status(life, "2023-05-02 08:00", "suspended", "fraud")) == 1
    assert status(life, "2023-05-03 08:00", "suspended", "fraud") == []
    assert status(life, "2023-05-03 08:00", "suspended", "nghỉ bán") == [
        StatusChanged(*when("2023-05-03 08:00"), status="suspended", reason="nghỉ bán")
    ]
    assert life.vendor.on_roster
    status(life, "2023-05-04 08:00", "left", "closed")
    assert not life.vendor.on_roster


def test_an_account_without_a_live_code_can_go() -> None:
    life = Life().issued_on("2023-05-02 08:00")

    def unlink(bin_: str = VCB) -> list[object]:
        return list(
            life.then(
                decide_vendor.unlink_account(life.history, when("2023-05-20 08:00"), bin_=bin_)
            )
        )

    assert refusal(unlink).code == "ACCOUNT_HAS_LIVE_CODE"
    assert refusal(lambda: unlink(BIDV)).code == "NOT_FOUND"
    life.revoke("2023-05-10 08:00")
    assert unlink() == [AccountUnlinked(*when("2023-05-20 08:00"), bin=VCB)]
    assert refusal(unlink).code == "NOT_FOUND"
    assert refusal(lambda: life.issue("2023-05-21 08:00")).code == "NO_ACCOUNT_AT_BANK"


def correct(life: Life, **more: str | None) -> list[object]:
    given: dict[str, str | None] = {"phone": None, "zone": None, "category": None, **more}
    facts = decide.update_profile(life.history, VAULT, when("2023-05-20 08:00"), **given)
    return list(life.then(facts))


def test_a_correction_clears_by_an_empty_text_and_leaves_by_none() -> None:
    life = Life()
    assert correct(life) == []
    (fact,) = correct(life, name="Đặng Thị Hòa", zone="")
    assert isinstance(fact, ProfileChanged)
    person = decide.person_of(life.vendor, VAULT)
    assert (person.name, person.phone) == ("Đặng Thị Hòa", "0901234567")
    assert (life.vendor.zone, life.vendor.category) == (None, "seafood")
    assert correct(life, zone="") == []
    assert len(correct(life, phone="", category="")) == 1
    assert decide.person_of(life.vendor, VAULT).phone is None
    assert life.vendor.category is None
    assert correct(life, phone="", category="", zone="", name="Đặng Thị Hòa") == []


@given(st.integers(0, 400), st.integers(0, 400), st.integers(0, DAY_MS - 1))
def test_a_fact_is_too_far_back_by_whole_days_of_vietnam(back: int, most: int, time: int) -> None:
    moment = min(start_of(day_of(NOW) - back) + time, NOW)
    if back <= most:
        assert decide.stated(moment, NOW, BY, days_max=most) == Stated(moment, NOW, BY)
        return
    wrong = refusal(lambda: decide.stated(moment, NOW, BY, days_max=most))
    assert (wrong.code, wrong.status) == ("TOO_FAR_BACK", 400)
    assert decide.stated(moment, NOW, BY) == Stated(moment, NOW, BY)


def test_the_refusal_says_the_earliest_day() -> None:
    wrong = refusal(lambda: decide.stated(at("2023-05-30 23:59"), NOW, BY, days_max=30))
    assert "2023-05-31" in wrong.detail
    assert decide.stated(at("2023-05-31 00:00"), NOW, BY, days_max=30)


Wish = st.sampled_from(["move", "status", "unlink"])


@examples(150)
@given(lives(), Wish, moments(), st.integers(0, 5))
def test_what_was_recorded_is_nothing_new_the_second_time(
    history: History, wish: str, moment: int, pick: int
) -> None:
    """Whatever happened before: told twice, told once; and no wish fails in another way."""

    def do(known: History) -> list[object]:
        told = Stated(moment, NOW, "key")
        match wish:
            case "move":
                return list(decide_vendor.move(known, told, stall=f"M{pick}"))
            case "status":
                wanted = STATES[pick % 3]
                return list(decide_vendor.change_status(known, told, status=wanted, reason=None))
            case _:
                now = told._replace(at=NOW)  # accounts end when it is told
                return list(decide_vendor.unlink_account(known, now, bin_=(VCB, BIDV)[pick % 2]))

    facts, code = outcome(lambda: do(history))
    assert code in {
        "",
        "NOT_FOUND",
        "BEFORE_REGISTRATION",
        "VENDOR_LEFT",
        "ACCOUNT_HAS_LIVE_CODE",
    }
    if code:
        return
    after = history.then(*facts)  # type: ignore[arg-type]
    if wish == "unlink":
        assert (VCB, BIDV)[pick % 2] not in after.replay().accounts
        return
    assert do(after) == []
    if facts:
        assert after.replay(before=moment + 1) != history.replay(before=moment + 1)
