"""Who may be forgotten, and what stays of them."""

from __future__ import annotations

from hypothesis import given

from tests.unit.domain.life import NOW, VCB, Life, refusal, when
from tests.unit.domain.worlds import examples, lives
from tracker.domain import decide_erasure, decide_vendor, decide_void
from tracker.domain.decide import Stated
from tracker.domain.errors import NotFound
from tracker.domain.facts import (
    AccountLinked,
    CodeIssued,
    CodeRevoked,
    PersonalDataErased,
    PersonalDataRead,
    Registered,
    StatusChanged,
)
from tracker.domain.vendor import History
from tracker.domain.views import views_of

LATER = when("2023-06-01 08:00")


def left(code: bool = False) -> Life:
    """Hoa, with or without a code that was revoked, who has left."""
    life = Life()
    if code:
        life.link("2023-05-02 08:00")
        life.issue("2023-05-02 08:00")
        life.then([CodeRevoked(*when("2023-05-03 08:00"), code=1, reason="left")])
    life.then([StatusChanged(*when("2023-05-04 08:00"), status="left")])
    return life


def test_who_trades_or_has_a_live_code_is_not_forgotten() -> None:
    life = Life()
    told = refusal(lambda: decide_erasure.erase(life.history, LATER))
    assert told.code == "STILL_ON_ROSTER"
    life.link("2023-05-02 08:00")
    life.issue("2023-05-02 08:00")
    told = refusal(lambda: decide_erasure.erase(life.history, LATER))
    assert (told.code, told.extra["vendor"]) == ("HAS_LIVE_CODES", life.history.vendor_code)
    life.then([StatusChanged(*when("2023-05-03 08:00"), status="left")])
    assert refusal(lambda: decide_erasure.erase(life.history, LATER)).code == "HAS_LIVE_CODES"


def test_who_has_left_is_forgotten_once() -> None:
    life = left(code=True)
    assert [type(f) for f in life.then(decide_erasure.erase(life.history, LATER))] == [
        PersonalDataErased
    ]
    assert life.vendor.erased
    assert decide_erasure.erase(life.history, LATER) == []
    assert refusal(lambda: decide_erasure.read(life.history, LATER)).code == "ERASED"


def test_an_older_copy_forgets_all_the_same() -> None:
    life = Life()
    life.link("2023-05-02 08:00")
    life.issue("2023-05-02 08:00")
    made = life.then(decide_erasure.erase(life.history, LATER, anyway=True))
    assert [type(fact) for fact in made] == [CodeRevoked, StatusChanged, PersonalDataErased]
    assert not life.vendor.on_roster
    assert not any(code.live for code in life.vendor.codes.values())


def test_who_was_forgotten_neither_comes_back_nor_pays() -> None:
    life = left(code=True)
    life.then(decide_erasure.erase(life.history, LATER))
    back = Stated(NOW, NOW, "k")
    for event in (4, 5):  # the code's revocation, and that they left
        told = refusal(
            lambda event=event: decide_void.void(life.history, back, event=event, reason="x")  # type: ignore[misc]
        )
        assert told.code == "EVENT_NOT_VOIDABLE"
    told = refusal(
        lambda: decide_vendor.change_status(life.history, back, status="trading", reason=None)
    )
    assert isinstance(told, NotFound)
    assert told.code == "ERASED"


def test_that_data_were_read_or_erased_is_not_taken_back() -> None:
    life = left()
    life.then(decide_erasure.read(life.history, LATER))
    life.then(decide_erasure.erase(life.history, LATER))
    for event in (life.last_event - 1, life.last_event):
        told = refusal(
            lambda event=event: decide_void.void(life.history, LATER, event=event, reason="x")  # type: ignore[misc]
        )
        assert told.code == "EVENT_NOT_VOIDABLE"


@examples(80)
@given(lives())
def test_reading_changes_no_state_and_no_view(history: History) -> None:
    after = history.then(PersonalDataRead(NOW, NOW, "k"))
    assert after.replay() == history.replay()
    assert views_of(after) == views_of(history)


@examples(80)
@given(lives())
def test_an_erasure_changes_no_count_and_frees_every_reference(history: History) -> None:
    *leaving, erased = decide_erasure.erase(history, Stated(NOW, NOW, "k"), anyway=True)
    history = history.then(*leaving)
    before = views_of(history)
    after = views_of(history.then(erased))
    assert (after.lines, after.row, after.sets) == (before.lines, before.row, before.sets)
    assert after.names == {}


def test_a_reference_is_free_again() -> None:
    stated = when("2023-05-02 08:00")
    facts = (
        Registered(*stated, stall="B12", personal=b"", bin=VCB, ref="r-1"),
        AccountLinked(*stated, bin=VCB, owner="own", personal=b"", ref="r-2"),
        CodeIssued(*stated, code=1, bin=VCB, account=2, version=1, ref="r-3"),
        CodeRevoked(*stated, code=1, reason="x"),
        StatusChanged(*stated, status="left"),
    )
    history = History("CVT", 42, facts)
    assert len(views_of(history).names) == 3
    assert views_of(history.then(PersonalDataErased(*LATER))).names == {}
