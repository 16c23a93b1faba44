"""What may happen to a vendor, what is refused, and with which code."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest

from tests.unit.domain.life import BIDV, BY, NOW, VCB, Life, at, refusal, when
from tests.unit.domain.vault import VAULT
from tracker.domain import decide
from tracker.domain.decide import CLOCK_SKEW_MS, Stated, stated
from tracker.domain.errors import Conflict, Invalid, NotFound, TrackerError
from tracker.domain.facts import (
    AccountDetails,
    AccountLinked,
    AccountUnlinked,
    CodeIssued,
    Moved,
    Person,
    ProfileChanged,
    Registered,
)
from tracker.domain.vendor import History
from tracker.domain.views import views_of

OTHER_NUMBER = "0071000999999"


def issued() -> Life:
    """Registered on 1 May 08:00, code issued on 2 May 09:00."""
    return Life().issued_on("2023-05-02 09:00")


def attached() -> Life:
    """Attached on 10 May 09:00."""
    life = issued()
    life.attach("2023-05-10 09:00")
    return life


def left() -> Life:
    life = attached()
    life.status("2023-05-20 09:00", "left")
    return life


def revoked() -> Life:
    life = attached()
    life.revoke("2023-05-20 09:00")
    return life


REFUSED: dict[str, tuple[Callable[[], object], type[TrackerError], str]] = {
    "link before registration": (
        lambda: Life().link("2023-05-01 07:59"),
        Invalid,
        "BEFORE_REGISTRATION",
    ),
    "profile before registration": (
        lambda: Life().profile("2023-04-30 08:00", zone="B"),
        Invalid,
        "BEFORE_REGISTRATION",
    ),
    "issue before registration": (
        lambda: issued().issue("2023-05-01 07:59"),
        Invalid,
        "BEFORE_REGISTRATION",
    ),
    "attach before registration": (
        lambda: issued().attach("2023-05-01 07:59"),
        Invalid,
        "BEFORE_REGISTRATION",
    ),
    "remove before registration": (
        lambda: attached().remove("2023-05-01 07:59"),
        Invalid,
        "BEFORE_REGISTRATION",
    ),
    "attach before the issue": (
        lambda: issued().attach("2023-05-02 08:59:59.999"),
        Invalid,
        "BEFORE_ISSUE",
    ),
    "remove before the attachment": (
        lambda: attached().remove("2023-05-10 08:59:59.999"),
        Invalid,
        "BEFORE_ATTACHMENT",
    ),
    "in the future": (
        lambda: stated(NOW + CLOCK_SKEW_MS + 1, NOW, BY),
        Invalid,
        "IN_FUTURE",
    ),
    "another account behind a live code": (
        lambda: issued().link("2023-05-20 09:00", number=OTHER_NUMBER),
        Conflict,
        "ACCOUNT_HAS_LIVE_CODE",
    ),
    "a code without an account": (
        lambda: Life().issue("2023-05-02 09:00"),
        Conflict,
        "NO_ACCOUNT_AT_BANK",
    ),
    "a code with an account at another bank": (
        lambda: issued().issue("2023-05-02 09:00", bin_=BIDV),
        Conflict,
        "NO_ACCOUNT_AT_BANK",
    ),
    "attach a revoked code": (
        lambda: revoked().attach("2023-05-21 09:00"),
        Conflict,
        "CODE_NOT_LIVE",
    ),
    "remove what never hung": (
        lambda: issued().remove("2023-05-20 09:00"),
        Conflict,
        "NOT_ATTACHED",
    ),
    "link after leaving": (lambda: left().link("2023-05-21 09:00"), Conflict, "VENDOR_LEFT"),
    "issue after leaving": (lambda: left().issue("2023-05-21 09:00"), Conflict, "VENDOR_LEFT"),
    "attach after leaving": (lambda: left().attach("2023-05-21 09:00"), Conflict, "VENDOR_LEFT"),
    "remove after leaving": (lambda: left().remove("2023-05-21 09:00"), Conflict, "VENDOR_LEFT"),
    "profile after leaving": (
        lambda: left().profile("2023-05-21 09:00", zone="B"),
        Conflict,
        "VENDOR_LEFT",
    ),
    "a vendor who never was": (lambda: Life(None).link("2023-05-02 09:00"), NotFound, "NOT_FOUND"),
    "a code that never was": (
        lambda: issued().attach("2023-05-10 09:00", 2),
        NotFound,
        "NOT_FOUND",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused_with_the_code_of_the_contract(what: str) -> None:
    wish, kind, code = REFUSED[what]
    error = refusal(wish)
    assert (type(error), error.code) == (kind, code)


@pytest.mark.parametrize("what", REFUSED)
def test_a_refusal_says_nothing_personal(what: str) -> None:
    error = refusal(REFUSED[what][0])
    said = " ".join([error.detail, *error.extra.values()]).casefold()
    assert not [text for text in ("hoa", "0901234567", "0071000") if text in said]


@pytest.mark.parametrize("what", [w for w, (_, kind, _) in REFUSED.items() if kind is Conflict])
def test_a_conflict_names_the_vendor_by_the_code_on_the_sticker(what: str) -> None:
    assert refusal(REFUSED[what][0]).extra == {"vendor": "CVT-0042-A"}


class TestWhenThingsHappen:
    def test_a_wish_without_a_time_happens_now(self) -> None:
        assert stated(None, NOW, BY) == Stated(NOW, NOW, BY)

    def test_the_past_is_kept(self) -> None:
        assert stated(NOW - 1, NOW, BY) == Stated(NOW - 1, NOW, BY)

    def test_a_clock_that_runs_a_little_ahead_says_now(self) -> None:
        assert stated(NOW + CLOCK_SKEW_MS, NOW, BY) == Stated(NOW, NOW, BY)

    @pytest.mark.parametrize(
        "wish",
        [
            lambda: Life().link("2023-05-01 08:00"),
            lambda: issued().attach("2023-05-02 09:00"),
            lambda: attached().remove("2023-05-10 09:00"),
        ],
    )
    def test_the_very_moment_of_what_it_belongs_to_is_not_before_it(
        self, wish: Callable[[], list[object]]
    ) -> None:
        assert len(wish()) == 1

    def test_equal_times_follow_the_order_of_the_ledger(self) -> None:
        life = Life()
        life.issued_on("2023-05-01 08:00")
        life.attach("2023-05-01 08:00")
        life.remove("2023-05-01 08:00")
        removed = life.history.replay().stage
        life.attach("2023-05-01 08:00")
        assert (removed, life.history.replay().stage) == ("issued", "attached")


class TestRegister:
    def test_a_new_vendor_trades_at_the_stall_from_the_stated_moment(self) -> None:
        vendor = Life().vendor
        assert (vendor.stall, vendor.status, vendor.zone) == ("B12", "trading", "A")
        assert (vendor.registered_at, vendor.registered_by) == (at("2023-05-01 08:00"), BY)
        assert decide.person_of(vendor, VAULT) == Person("Đặng Thị Hoa", "0901234567")

    def test_the_partners_reference_is_unique_by_bank(self) -> None:
        history = History("CVT", 7)
        facts = decide.register(
            history,
            VAULT,
            when("2023-05-01 08:00"),
            stall="C1",
            person=Person("Hoa"),
            bin_=VCB,
            ref="r-1",
        )
        assert views_of(history.then(*facts)).names == {"s:C1": "7", f"v:{VCB}:r-1": "7"}

    def test_who_left_gives_the_stall_back_and_keeps_the_reference(self) -> None:
        history = History("CVT", 7)
        life = Life(None)
        life.history = history
        life.then(
            decide.register(
                history,
                VAULT,
                when("2023-05-01 08:00"),
                stall="C1",
                person=Person("Hoa"),
                ref="r-1",
            )
        )
        life.status("2023-05-20 09:00", "left")
        assert views_of(life.history).names == {"v::r-1": "7"}


class TestProfile:
    def test_what_is_not_given_changes_nothing(self) -> None:
        life = Life()
        assert life.profile("2023-05-02 09:00") == []
        (fact,) = life.profile("2023-05-02 09:00", zone="B")
        assert isinstance(fact, ProfileChanged)
        assert (fact.zone, fact.category, fact.personal) == ("B", None, None)

    def test_what_is_given_as_it_was_is_no_news(self) -> None:
        same = {"phone": "0901234567", "zone": "A", "category": "seafood"}
        assert Life().profile("2023-05-02 09:00", **same) == []

    def test_a_new_phone_keeps_the_name(self) -> None:
        life = Life()
        life.profile("2023-05-02 09:00", phone="0912")
        assert decide.person_of(life.vendor, VAULT) == Person("Đặng Thị Hoa", "0912")

    def test_a_late_change_of_the_zone_leaves_the_category_of_its_own_day_alone(self) -> None:
        life = Life()
        life.profile("2023-05-20 09:00", category="fruit")
        life.profile("2023-05-10 09:00", zone="B")
        then = life.history.replay(before=at("2023-05-11 00:00"))
        assert (then.zone, then.category) == ("B", "seafood")

    def test_a_late_change_told_twice_is_told_once(self) -> None:
        life = Life()
        life.profile("2023-05-20 09:00", phone="0920")
        assert len(life.profile("2023-05-10 09:00", phone="0910")) == 1
        assert life.profile("2023-05-10 09:00", phone="0910") == []


class TestAccounts:
    @pytest.mark.parametrize(
        ("holder", "owner"),
        [
            ("DANG THI HOA", "own"),
            ("Đặng Thị Hoa", "own"),
            ("đặng  thị hoa ", "own"),
            (unicodedata.normalize("NFD", "Đặng Thị Hoa"), "own"),
            ("DANG THI HOAN", "family"),
            ("TRAN VAN DUNG", "family"),
        ],
    )
    def test_an_account_is_the_vendors_own_by_folded_name_else_the_familys(
        self, holder: str, owner: str
    ) -> None:
        (fact,) = Life().link("2023-05-02 09:00", holder=holder)
        assert isinstance(fact, AccountLinked)
        assert fact.owner == owner

    def test_the_same_account_is_no_news(self) -> None:
        assert issued().link("2023-05-20 09:00") == []

    def test_another_holder_of_the_same_number_is_news_even_behind_a_live_code(self) -> None:
        (fact,) = issued().link("2023-05-20 09:00", holder="TRAN VAN DUNG")
        assert isinstance(fact, AccountLinked)
        assert fact.owner == "family"

    def test_an_account_at_another_bank_stands_beside_the_first(self) -> None:
        life = issued()
        life.link("2023-05-20 09:00", number=OTHER_NUMBER, bin_=BIDV)
        assert set(life.vendor.accounts) == {VCB, BIDV}

    def test_without_a_live_code_the_account_may_be_replaced(self) -> None:
        life = revoked()
        life.link("2023-05-21 09:00", number=OTHER_NUMBER)
        details = decide.details_of(life.vendor.accounts[VCB].details, VAULT)
        assert details == AccountDetails(OTHER_NUMBER, "DANG THI HOA")

    def test_unlinking_does_not_let_another_number_slip_behind_the_live_code(self) -> None:
        life = issued()
        life.then([AccountUnlinked(*when("2023-05-19 09:00"), bin=VCB)])
        error = refusal(lambda: life.link("2023-05-20 09:00", number=OTHER_NUMBER))
        assert error.code == "ACCOUNT_HAS_LIVE_CODE"

    def test_a_late_link_told_twice_is_told_once(self) -> None:
        life = Life()
        life.link("2023-05-20 09:00")
        assert len(life.link("2023-05-10 09:00", number=OTHER_NUMBER)) == 1
        assert life.link("2023-05-10 09:00", number=OTHER_NUMBER) == []


def issue_of(facts: list[object]) -> tuple[int, int]:
    """Ordinal and version of the one code issued."""
    (fact,) = facts
    assert isinstance(fact, CodeIssued)
    return fact.code, fact.version


class TestVersions:
    def test_an_unchanged_payload_is_a_reprint_and_no_news(self) -> None:
        life = issued()
        assert life.issue("2023-05-20 09:00") == []

    def test_issued_again_after_a_revocation_is_the_same_version_under_a_new_ordinal(self) -> None:
        life = revoked()
        assert issue_of([*life.issue("2023-05-21 09:00")]) == (2, 1)

    def test_another_account_is_another_version(self) -> None:
        life = revoked()
        life.link("2023-05-21 09:00", number=OTHER_NUMBER)
        assert issue_of([*life.issue("2023-05-21 09:00")]) == (2, 2)

    def test_back_to_the_first_account_is_back_to_the_first_version(self) -> None:
        life = revoked()
        life.link("2023-05-21 09:00", number=OTHER_NUMBER)
        life.issue("2023-05-21 09:00")
        life.revoke("2023-05-22 09:00", code=2)
        life.link("2023-05-23 09:00")
        assert issue_of([*life.issue("2023-05-23 09:00")]) == (3, 1)

    def test_versions_are_counted_by_bank_and_ordinals_by_vendor(self) -> None:
        life = revoked()
        life.link("2023-05-21 09:00", number=OTHER_NUMBER)
        assert issue_of([*life.issue("2023-05-21 09:00")]) == (2, 2)
        life.link("2023-05-22 09:00", number=OTHER_NUMBER, bin_=BIDV)
        assert issue_of([*life.issue("2023-05-22 09:00", bin_=BIDV)]) == (3, 1)
        assert life.vendor.codes[2].live

    def test_a_code_pays_the_account_as_it_was_when_the_code_was_issued(self) -> None:
        life = revoked()
        life.link("2023-05-21 09:00", number=OTHER_NUMBER)
        behind = decide.account_behind(life.history, life.vendor.codes[1])
        assert decide.details_of(behind.details, VAULT).number != OTHER_NUMBER

    def test_a_code_whose_issue_was_voided_keeps_its_ordinal_for_ever(self) -> None:
        """Its sticker may hang somewhere, and facts about it are in the ledger."""
        life = issued()
        life.attach("2023-05-10 09:00")
        life.void(3)
        assert issue_of([*life.issue("2023-05-05 09:00")])[0] == 2
        assert life.vendor.stage == "issued"

    def test_a_version_whose_issue_was_voided_never_becomes_another_payload(self) -> None:
        life = issued()
        life.void(3)
        life.link("2023-05-10 09:00", number=OTHER_NUMBER)
        assert issue_of([*life.issue("2023-05-10 09:00")])[1] == 2

    def test_a_late_issue_that_a_later_one_superseded_told_twice_is_told_once(self) -> None:
        life = revoked()
        life.link("2023-05-21 09:00", number=OTHER_NUMBER)
        assert len(life.issue("2023-05-01 09:00")) == 1
        assert life.issue("2023-05-01 09:00") == []

    def test_the_same_row_sent_again_does_not_undo_a_revocation(self) -> None:
        life = revoked()
        assert life.issue("2023-05-02 09:00") == []
        assert life.vendor.stage == "registered"


class TestAttachAndRemove:
    def test_a_sticker_that_hangs_is_no_news(self) -> None:
        assert attached().attach("2023-05-11 09:00") == []

    def test_a_removal_told_twice_is_told_once(self) -> None:
        life = attached()
        assert len(life.remove("2023-05-20 09:00", reason="fraud")) == 1
        assert life.remove("2023-05-20 09:00", reason="fraud") == []

    def test_a_removal_for_another_reason_finds_nothing_that_hangs(self) -> None:
        life = attached()
        life.remove("2023-05-20 09:00", reason="fraud")
        error = refusal(lambda: life.remove("2023-05-20 09:00", reason="closed"))
        assert error.code == "NOT_ATTACHED"

    def test_a_removal_that_was_taken_back_does_not_answer_for_another(self) -> None:
        life = attached()
        life.remove("2023-05-12 09:00", reason="fraud")
        life.void(life.last_event)
        life.revoke("2023-05-20 09:00")
        error = refusal(lambda: life.remove("2023-05-21 09:00", reason="fraud"))
        assert error.code == "NOT_ATTACHED"

    def test_an_older_removal_does_not_answer_where_a_revocation_ended_the_code(self) -> None:
        life = attached()
        life.remove("2023-05-12 09:00", reason="fraud")
        life.attach("2023-05-14 09:00")
        life.revoke("2023-05-20 09:00")
        error = refusal(lambda: life.remove("2023-05-21 09:00", reason="fraud"))
        assert error.code == "NOT_ATTACHED"

    def test_the_attachment_of_a_file_sent_again_after_a_removal_is_no_news(self) -> None:
        life = attached()
        life.remove("2023-05-20 09:00")
        assert life.attach("2023-05-10 09:00") == []


class TestVoiding:
    def test_a_voided_fact_counts_as_if_it_had_never_been_stated(self) -> None:
        life = attached()
        life.void(life.last_event)
        assert life.history.replay() == issued().history.replay()

    def test_a_voiding_that_is_voided_takes_nothing_back(self) -> None:
        life = attached()
        life.void(life.last_event)
        life.void(life.last_event)
        assert life.vendor.stage == "attached"

    def test_a_sticker_hangs_since_the_first_of_two_attachments_without_an_end_between(
        self,
    ) -> None:
        life = attached()
        life.remove("2023-05-12 09:00")
        life.attach("2023-05-14 09:00")
        life.void(5)
        assert life.vendor.codes[1].attached_at == at("2023-05-10 09:00")

    def test_a_vendor_whose_registration_was_voided_is_nobody(self) -> None:
        life = attached()
        life.void(1)
        assert life.vendor.standing == (False, False, False)
        assert refusal(lambda: life.link("2023-05-20 09:00")).code == "NOT_FOUND"

    def test_nor_does_a_move_register_them(self) -> None:
        life = Life()
        life.then([Moved(*when("2023-05-05 09:00"), stall="C1")])
        life.void(1)
        assert life.vendor.standing == (False, False, False)
        assert views_of(life.history).names == {}

    def test_a_reference_keeps_its_bank_when_the_issue_of_its_code_is_voided(self) -> None:
        """Else the references of two banks meet under no bank at all."""
        life = issued()
        life.then(
            decide.attach(
                life.history, when("2023-05-10 09:00"), code=1, evidence="declared", ref="r-1"
            )
        )
        life.void(3)
        assert views_of(life.history).names == {"s:B12": "42", f"e:{VCB}:r-1": "42.4"}

    def test_the_registration_is_the_first_fact(self) -> None:
        assert isinstance(Life().history.facts[0], Registered)
