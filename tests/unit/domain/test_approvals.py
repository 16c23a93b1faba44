"""Four eyes: how far an approval is, what may be asked, what an approval comes to."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.life import BIDV, NOW, VCB, Life, at, refusal, when
from tests.unit.domain.vault import VAULT
from tracker.domain import decide, decide_vendor, decide_void
from tracker.domain.approvals import (
    VALID_MS,
    Approval,
    Asker,
    approvals,
    approved_void,
    same_side,
    state_of,
    suspension,
)
from tracker.domain.days import DAY_MS, day_number, start_of
from tracker.domain.decide import Stated
from tracker.domain.decide_approvals import (
    ask_account,
    ask_census,
    ask_status,
    ask_void,
    granted,
    granted_of_market,
)
from tracker.domain.facts import (
    AccountAsked,
    AccountDetails,
    AccountLinked,
    ApprovalDecided,
    CensusAsked,
    CensusDeclared,
    CodeIssued,
    MarketFact,
    MarketOpened,
    Status,
    StatusAsked,
    StatusChanged,
    VendorFact,
    VoidAsked,
    Voided,
)
from tracker.domain.views import views_of

BANK = Asker("bank-key", (VCB,))
MANAGER = Asker("manager", ())
NEW = AccountDetails("9999", "DANG THI HOA")
STATED = Stated(NOW, NOW, "bank-key")


def hung() -> Life:
    """With a sticker that hangs: e1 registered, e2 linked, e3 issued, e4 attached."""
    life = Life().issued_on("2023-05-02 08:00")
    life.attach("2023-05-03 08:00")
    return life


def asked(life: Life, details: AccountDetails = NEW, asker: Asker = BANK) -> int:
    """The event that asks for another account."""
    wish = ask_account(life.history, VAULT, STATED, asker, bin_=VCB, details=details)
    if isinstance(wish, int):
        return wish
    life.then([wish])
    return life.last_event


def approve(life: Life, event: int, moment: int = NOW) -> list[object]:
    """What an approval came to."""
    life.then([ApprovalDecided(moment, moment, "manager", event, "approved", "ok")])
    approval = approvals(life.history.facts)[event]
    facts = granted(life.history, VAULT, moment, approval)
    life.then(facts)
    return [type(fact) for fact in facts]


def state(life: Life, event: int, moment: int = NOW) -> str:
    """How far it is."""
    facts = life.history.facts
    return state_of(facts, approvals(facts)[event], moment)


class TestAnAccount:
    def test_that_is_approved_supersedes_the_code(self) -> None:
        life = hung()
        event = asked(life)
        assert state(life, event) == "waiting"
        assert life.vendor.codes[1].attached_at is not None
        assert approve(life, event) == [AccountLinked, CodeIssued]
        assert state(life, event) == "approved"
        vendor = life.vendor
        assert (vendor.stage, vendor.codes[1].ended) == ("issued", "superseded")
        assert (vendor.codes[2].version, vendor.codes[2].attached_at) == (2, None)
        assert decide.details_of(vendor.accounts[VCB].details, VAULT) == NEW
        assert {fact.by for fact in life.history.facts[-2:]} == {f"CVT-0042-{_check(life)}.e5"}

    def test_back_to_a_former_one_is_its_former_version(self) -> None:
        life = hung()
        approve(life, asked(life))
        event = asked(life, AccountDetails("0071000123456", "DANG THI HOA"))
        approve(life, event)
        assert [code.version for code in life.vendor.codes.values()] == [1, 2, 1]

    def test_sent_again_waits_under_the_same_approval(self) -> None:
        life = hung()
        event = asked(life)
        assert asked(life, AccountDetails("9999", "Đặng Thị Hoa")) == event
        assert asked(life, asker=Asker("another-key", (BIDV, VCB))) == event
        assert asked(life, asker=MANAGER) == event + 1
        assert asked(life, AccountDetails("8888", "DANG THI HOA")) == event + 2
        assert asked(life) == event

    def test_is_stale_once_the_code_or_the_account_is_another(self) -> None:
        revoked, changed = hung(), hung()
        event = asked(revoked)
        asked(changed)
        other = asked(changed, asker=MANAGER)
        revoked.revoke("2023-06-30 12:00")
        approve(changed, other)
        assert (state(revoked, event), state(changed, event)) == ("stale", "stale")

    def test_is_not_asked_for_without_a_live_code(self) -> None:
        life = Life()
        wrong = refusal(
            lambda: ask_account(life.history, VAULT, STATED, BANK, bin_=VCB, details=NEW)
        )
        assert wrong.code == "CODE_NOT_LIVE"


def _check(life: Life) -> str:
    return life.history.vendor_code[-1]


class TestTheClock:
    @given(later=st.integers(0, 20 * DAY_MS))
    def test_alone_ends_it_after_seven_days(self, later: int) -> None:
        life = hung()
        event = asked(life)
        ends = "waiting" if later < VALID_MS else "expired"
        assert state(life, event, NOW + later) == ends

    def test_expired_it_is_asked_for_anew(self) -> None:
        life = hung()
        event = asked(life)
        late = Stated(NOW + VALID_MS, NOW + VALID_MS, "bank-key")
        wish = ask_account(life.history, VAULT, late, BANK, bin_=VCB, details=NEW)
        assert isinstance(wish, AccountAsked)
        assert state(life, event, late.now) == "expired"

    def test_does_not_reopen_what_was_decided(self) -> None:
        life = hung()
        event = asked(life)
        life.then([ApprovalDecided(NOW, NOW, "manager", event, "rejected", "no")])
        assert state(life, event, NOW + 2 * VALID_MS) == "rejected"


def lift(
    life: Life,
    moment: str = "2023-06-30 12:00",
    status: Status = "trading",
    reason: str | None = None,
) -> int | StatusAsked | None:
    """Asks for another status."""
    return ask_status(life.history, when(moment), MANAGER, status=status, reason=reason)


class TestASuspension:
    def suspended(self, reason: str = "Fraud ") -> Life:
        life = Life()
        life.then([StatusChanged(*when("2023-06-01 08:00"), "suspended", reason)])
        return life

    @pytest.mark.parametrize(
        ("status", "reason"),
        [("trading", None), ("left", None), ("suspended", "nghỉ bán")],
    )
    def test_for_fraud_is_not_ended_alone_by_any_way_round(
        self, status: Status, reason: str | None
    ) -> None:
        life = self.suspended()
        wish = lift(life, status=status, reason=reason)
        assert isinstance(wish, StatusAsked)
        assert (wish.standing, wish.since) == (2, None)
        life.then([wish])
        assert lift(life, status=status, reason=reason) == 3
        assert approve(life, 3, NOW + 1000) == [StatusChanged]
        assert (life.vendor.status, life.vendor.status_reason) == (status, reason)
        assert life.history.facts[-1].at == NOW + 1000

    def test_for_fraud_is_lifted_since_the_day_that_was_asked_for(self) -> None:
        life = self.suspended()
        wish = lift(life, "2023-06-20 08:00", "trading")
        assert isinstance(wish, StatusAsked)
        life.then([wish])
        approve(life, 3)
        assert life.history.facts[-1].at == at("2023-06-20 08:00")

    def test_for_another_reason_is_ended_alone(self) -> None:
        life = self.suspended("nghỉ bán")
        assert suspension(life.history.facts) is None
        assert lift(life, "2023-06-30 12:00", "trading") is None

    def test_that_changes_nothing_of_today_needs_nobody(self) -> None:
        """A status of a time before the suspension leaves it as it is."""
        life = self.suspended()
        assert lift(life, "2023-05-20 08:00", "left") is None

    def test_that_was_lifted_otherwise_leaves_nothing_to_approve(self) -> None:
        life = self.suspended()
        wish = lift(life, "2023-06-30 12:00", "trading")
        assert isinstance(wish, StatusAsked)
        life.then([wish])
        life.void(2)
        assert state(life, 3) == "stale"
        assert (
            decide_vendor.change_status(life.history, STATED, status="trading", reason=None) == []
        )


class TestAVoid:
    def test_that_is_approved_is_the_approvals_and_nobodys_own(self) -> None:
        life = hung()
        wish = ask_void(life.history.facts, STATED, MANAGER, event=4, reason="nhầm")
        assert isinstance(wish, VoidAsked)
        life.then([wish])
        assert ask_void(life.history.facts, STATED, MANAGER, event=4, reason="nhầm") == 5
        assert approve(life, 5) == [Voided]
        facts, name = life.history.facts, life.history.vendor_code
        assert facts[-1].by == f"{name}.e5"
        assert life.vendor.stage == "issued"
        assert approved_void(facts, name, "manager", event=4, reason="nhầm") == 7
        assert approved_void(facts, name, "manager", event=4, reason="khác") is None
        assert approved_void(facts, name, "bank-key", event=4, reason="nhầm") is None

    def test_of_an_asking_or_a_decision_there_is_none(self) -> None:
        life = hung()
        approve(life, asked(life))
        for event in (5, 6):
            wrong = refusal(
                lambda event=event: decide_void.void(  # type: ignore[misc]
                    life.history, STATED, event=event, reason="x"
                )
            )
            assert wrong.code == "EVENT_NOT_VOIDABLE"


def market(*censuses: tuple[str, int]) -> tuple[MarketFact, ...]:
    """A market with censuses by day."""
    opened = MarketOpened(0, 0, "admin", "Chợ", "CVT", None, None)
    declared = [CensusDeclared(at(f"{day} 00:00"), NOW, "manager", n, "sổ") for day, n in censuses]
    return (opened, *declared)


def lower(facts: tuple[MarketFact, ...], day: str, vendors: int) -> int | CensusAsked | None:
    """Asks for a census."""
    effective_on = day_number(date.fromisoformat(day))
    return ask_census(
        facts, STATED, MANAGER, effective_on=effective_on, vendors=vendors, source="sổ"
    )


class TestACensus:
    @given(
        before=st.lists(st.tuples(st.integers(1, 28), st.integers(0, 500)), max_size=4),
        day=st.integers(1, 28),
        vendors=st.integers(0, 500),
    )
    def test_needs_a_second_person_where_it_is_below_the_one_of_its_day(
        self, before: list[tuple[int, int]], day: int, vendors: int
    ) -> None:
        facts = market(*((f"2023-05-{d:02d}", n) for d, n in before))
        effective = [(d, k, n) for k, (d, n) in enumerate(before) if d <= day]
        standing = max(effective)[2] if effective else None
        wish = lower(facts, f"2023-05-{day:02d}", vendors)
        assert isinstance(wish, CensusAsked) == (standing is not None and vendors < standing)

    def test_that_is_approved_counts_from_its_day(self) -> None:
        facts = market(("2023-01-01", 542))
        wish = lower(facts, "2023-05-01", 500)
        assert isinstance(wish, CensusAsked)
        facts = (*facts, wish)
        assert lower(facts, "2023-05-01", 500) == 3
        approval = Approval(3, wish)
        made = granted_of_market(facts, "CVT", NOW, approval)
        assert made == [
            CensusDeclared(start_of(wish.effective_on), NOW, "CVT.e3", vendors=500, source="sổ")
        ]
        assert state_of((*facts, *made), approval, NOW) == "stale"


def test_the_same_side_is_who_asked_and_every_key_of_the_bank() -> None:
    wish = VoidAsked(NOW, NOW, "j.2", 1, "x", "bank-key", (VCB,))
    assert same_side(wish, Asker("bank-key", ()))
    assert same_side(wish, Asker("twin", (BIDV, VCB)))
    assert not same_side(wish, Asker("other", (BIDV,)))
    assert not same_side(wish, MANAGER)


@given(st.permutations(range(4)))
def test_asking_and_deciding_change_no_view(order: list[int]) -> None:
    life = hung()
    before = views_of(life.history)
    wishes: list[VendorFact] = [
        AccountAsked(NOW, NOW, "b", VCB, 1, 2, b"", "b", (VCB,)),
        StatusAsked(NOW, NOW, "b", "trading", None, None, 1, "b"),
        VoidAsked(NOW, NOW, "b", 4, "x", "b"),
        ApprovalDecided(NOW, NOW, "m", 5, "stale", "x"),
    ]
    life.then([wishes[n] for n in order])
    assert views_of(life.history) == before
