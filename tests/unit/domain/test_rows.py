"""Rows and rosters: what stands of a vendor, and what a market's rows and sets are counted for."""

from __future__ import annotations

import pytest

from tests.unit.domain.life import BIDV, VCB, Life, at
from tests.unit.domain.place import on
from tests.unit.domain.standing import HANGING, ISSUED, REGISTERED, numbers, roster, roster_of
from tracker.domain import rows
from tracker.domain.bitmaps import NONE, bitmap, who
from tracker.domain.facts import FindingOpened, IncidentHandled, IncidentOpened, Scanned
from tracker.domain.lines import closings
from tracker.domain.roster import NOBODY, Bank, Group, Roster
from tracker.domain.rows import EMPTY, ROW_BYTES, Row, Sets, Step, groups_of, pack, unpack
from tracker.domain.views import views_of

GROUPS = {"zone:A", "category:seafood"}
OTHERS = ("970403", "970407", "970415")


def steps(life: Life) -> list[Step]:
    return rows.steps(closings(life.history.states()))


def last(life: Life) -> Row:
    return unpack(steps(life)[-1].row)


def sets(life: Life) -> Sets:
    return steps(life)[-1].sets


def hanging() -> Life:
    """Registered on 1 May, issued on 2 May, attached on 10 May."""
    life = Life().issued_on("2023-05-02 09:00")
    life.attach("2023-05-10 09:00")
    return life


class TestRow:
    def test_is_packed_in_eight_bytes_and_back(self) -> None:
        row = Row(19_000, 19_001, 19_002, 65_535)
        assert len(pack(row)) == ROW_BYTES == 8
        assert unpack(pack(row)) == row
        assert pack(Row()) == EMPTY

    def test_of_a_vendor_has_its_days_and_its_sets_standing_groups_and_banks(self) -> None:
        assert last(hanging()) == Row(since=on("2023-05-10"), last=on("2023-05-10"))
        banks = {f"account:{VCB}", f"issued:{VCB}", f"attached:{VCB}"}
        assert sets(hanging()) == REGISTERED | GROUPS | banks

    def test_of_a_vendor_that_left_counts_for_nothing(self) -> None:
        life = hanging()
        life.status("2023-05-20 09:00", "left")
        assert last(life) == Row(last=on("2023-05-20"))
        assert sets(life) == set()

    def test_who_left_is_still_among_those_that_had_an_incident(self) -> None:
        life = hanging()
        moment = at("2023-05-20 09:00")
        life.then([IncidentOpened(moment, moment, "key", VCB, b"")])
        life.status("2023-05-21 09:00", "left")
        assert sets(life) == {rows.INCIDENT}

    def test_stays_where_nothing_changes_that_counts(self) -> None:
        life = hanging()
        before = steps(life)
        life.profile("2023-05-20 09:00", phone="0907654321")
        assert steps(life) == before

    def test_is_one_a_day_the_state_at_its_end(self) -> None:
        life = Life("2023-05-10 08:00").issued_on("2023-05-10 09:00")
        life.attach("2023-05-10 10:00")
        life.remove("2023-05-10 11:00")
        (step,) = steps(life)
        assert step.day == on("2023-05-10")
        assert step.sets == REGISTERED | GROUPS | {f"account:{VCB}", f"issued:{VCB}"}

    def test_is_none_of_nobody_and_of_who_was_never_registered(self) -> None:
        life = Life()
        life.void(1)
        assert steps(life) == steps(Life(registered=None)) == []
        assert views_of(life.history).row == EMPTY

    def test_since_goes_on_over_a_day_with_the_sticker_off_and_on_again(self) -> None:
        life = hanging()
        life.remove("2023-05-20 09:00")
        life.attach("2023-05-20 10:00")
        life.issued_on("2023-05-25 09:00", bin_=BIDV)
        assert last(life).since == on("2023-05-10")

    def test_since_begins_anew_after_the_end_of_a_day_without_sticker(self) -> None:
        life = hanging()
        life.remove("2023-05-20 09:00")
        assert last(life).since == 0
        life.attach("2023-05-21 10:00")
        assert last(life).since == on("2023-05-21")

    def test_matched_is_the_last_match_of_a_live_code(self) -> None:
        life = hanging()
        for moment, verdict in (("12", "matched"), ("15", "matched"), ("18", "altered")):
            when = at(f"2023-05-{moment} 09:00")
            life.then([Scanned(when, when, "key", verdict=verdict, code=1)])
        assert last(life).matched == on("2023-05-15")
        life.revoke("2023-05-20 09:00")
        assert last(life).matched == 0

    def test_incidents_are_counted_until_somebody_dismisses_or_resolves_them(self) -> None:
        life = hanging()
        moment = at("2023-05-20 09:00")
        life.then([IncidentOpened(moment, moment, "key", VCB, b"")])
        opened = life.last_event
        life.then([IncidentOpened(moment, moment, "key", VCB, b"")])
        assert last(life).incidents == 2
        moment = at("2023-05-21 09:00")
        life.then([IncidentHandled(moment, moment, "key", opened, "confirmed", "seen")])
        assert last(life).incidents == 2
        life.then([IncidentHandled(moment, moment, "key", opened, "resolved", "gone")])
        assert last(life).incidents == 1
        assert rows.INCIDENT in sets(life)

    def test_findings_are_the_kinds_that_the_vendor_bears(self) -> None:
        life = hanging()
        moment = at("2023-05-20 09:00")
        for other in ("CVT-0001-A", "CVT-0002-B"):
            life.then([FindingOpened(moment, moment, "findings", "duplicate_account", other)])
        assert rows.DUPLICATE_ACCOUNT in sets(life)
        assert rows.PARTNER_REF_REUSED not in sets(life)
        life.then([FindingOpened(moment, moment, "findings", "partner_ref_reused", "VTB-0001-A")])
        assert {rows.DUPLICATE_ACCOUNT, rows.PARTNER_REF_REUSED} < sets(life)

    def test_a_vendor_is_in_the_sets_of_all_its_banks(self) -> None:
        life = Life()
        for n, bank in enumerate((VCB, *OTHERS)):
            life.link(f"2023-05-0{n + 2} 09:00", bin_=bank)
        accounts = {f"account:{bank}" for bank in (VCB, *OTHERS)}
        assert sets(life) == REGISTERED | GROUPS | accounts

    def test_another_zone_is_another_set_and_an_empty_name_is_none(self) -> None:
        life = Life()
        life.profile("2023-05-20 09:00", zone="B", category="")
        assert sets(life) == REGISTERED | {"zone:B"}
        assert groups_of(None, "") == []


class TestRoster:
    def test_of_nobody_counts_nothing(self) -> None:
        assert set(NOBODY.counts(verified_from=1, stale_before=1)) == {0}
        assert NOBODY.banks() == {}
        assert NOBODY.groups(rows.ZONE, NONE) == []
        assert NOBODY.on(19_000, {}) is NOBODY
        assert NOBODY.where(rows.ON_ROSTER) == []

    def test_a_broken_row_at_the_end_is_not_one(self) -> None:
        late = pack(Row(last=9))
        assert Roster(late + late[:3], {}).unsaid(8) == [0]

    def test_a_vendor_of_a_number_that_was_never_given_out_is_nobody(self) -> None:
        some = roster(set(), HANGING, set(), set(), REGISTERED)
        assert some.where(rows.ON_ROSTER) == [1, 4]
        assert some.where(rows.ON_ROSTER, without=rows.ATTACHED) == [4]
        assert some.counts(verified_from=1, stale_before=1).registered == 2

    @pytest.mark.parametrize(
        ("matched", "verified", "stale"), [(0, 0, 1), (9, 0, 1), (10, 0, 0), (69, 0, 0), (70, 1, 0)]
    )
    def test_a_match_verifies_from_one_day_and_is_stale_before_another(
        self, matched: int, verified: int, stale: int
    ) -> None:
        some = roster((Row(matched=matched), HANGING), (Row(matched=matched), REGISTERED))
        counts = some.counts(verified_from=70, stale_before=10)
        assert (counts.verified, counts.stale) == (verified, stale)

    def test_counts_incidents_and_vendors_with_findings(self) -> None:
        counts = roster(
            (Row(incidents=60_000), HANGING | {rows.DUPLICATE_ACCOUNT, rows.PARTNER_REF_REUSED}),
            (Row(incidents=60_000), HANGING | {rows.DUPLICATE_ACCOUNT}),
        ).counts(verified_from=1, stale_before=1)
        assert counts.incidents == 120_000
        assert (counts.duplicate_account, counts.partner_ref_reused) == (2, 1)

    def test_attached_since_a_day_is_for_all_days_from_then_on(self) -> None:
        some = roster((Row(since=10), HANGING), (Row(since=11), HANGING), REGISTERED)
        assert numbers(some.attached_since(10)) == [0]
        assert numbers(some.attached_since(11)) == [0, 1]

    def test_is_on_an_earlier_day_what_the_steps_say(self) -> None:
        life = hanging()
        present = roster_of({1: views_of(life.history)})
        days = [on(f"2023-05-{day}") for day in ("01", "02", "09", "10")]
        assert present.unsaid(days[2]) == [1]
        assert present.unsaid(days[3]) == []
        stages = [
            present.on(day, {1: steps(life)}).counts(verified_from=0, stale_before=0)[:3]
            for day in (days[0] - 1, *days)
        ]
        assert stages == [(0, 0, 0), (1, 0, 0), (1, 1, 0), (1, 1, 0), (1, 1, 1)]

    def test_is_on_an_earlier_day_without_the_banks_of_later(self) -> None:
        life = hanging()
        for bank in OTHERS:
            life.link("2023-05-20 09:00", bin_=bank)
        present = roster_of({0: views_of(life.history)})
        assert present.banks() == {VCB: Bank(1, 1, 1), **dict.fromkeys(OTHERS, Bank(1, 0, 0))}
        before = present.on(on("2023-05-19"), {0: steps(life)}).banks()
        assert before == {VCB: Bank(1, 1, 1)}

    def test_who_did_not_change_is_the_same_on_an_earlier_day(self) -> None:
        still, life = hanging(), hanging()
        life.profile("2023-05-20 09:00", zone="B")
        present = roster_of({1: views_of(still.history), 70: views_of(life.history)})
        before = present.on(on("2023-05-19"), {70: steps(life)})
        assert [g[:2] for g in present.groups(rows.ZONE, NONE)] == [("A", 1), ("B", 1)]
        assert [g[:2] for g in before.groups(rows.ZONE, NONE)] == [("A", 2)]

    def test_counts_the_vendors_of_a_bank_by_what_they_have_there(self) -> None:
        some = roster(
            {f"account:{VCB}", f"issued:{VCB}", f"attached:{VCB}", f"account:{BIDV}"},
            {f"account:{BIDV}", f"issued:{BIDV}"},
            {f"issued:{VCB}"},
            {"account:000012"},
        )
        assert some.banks() == {"000012": Bank(1, 0, 0), BIDV: Bank(2, 1, 0), VCB: Bank(1, 2, 1)}
        assert list(some.banks()) == ["000012", BIDV, VCB]

    def test_groups_are_by_name_without_one_last_and_only_of_the_roster(self) -> None:
        some = roster(
            HANGING | {"zone:B"},
            ISSUED | {"zone:A"},
            REGISTERED,
            REGISTERED | {"zone:B"},
            {rows.INCIDENT},
        )
        active = who(bitmap([0, 2]))
        assert some.groups(rows.ZONE, active) == [
            Group("A", 1, 1, 0, 0),
            Group("B", 2, 1, 1, 1),
            Group(None, 1, 0, 0, 1),
        ]
        assert some.groups(rows.CATEGORY, active) == [Group(None, 4, 2, 1, 2)]
