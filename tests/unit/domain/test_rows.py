"""Rows and rosters: sixteen numbers a vendor, and what a market's rows are counted for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tests.unit.domain.life import BIDV, VCB, Life, at
from tests.unit.domain.place import on
from tracker.domain import rows
from tracker.domain.facts import FindingOpened, IncidentHandled, IncidentOpened, Scanned
from tracker.domain.lines import closings
from tracker.domain.roster import NOBODY, Bank, Group, Roster
from tracker.domain.rows import EMPTY, ROW_BYTES, Row, Step, group_key, names_of, pack, unpack
from tracker.domain.views import views_of

HANGING = rows.ON_ROSTER | rows.ISSUED | rows.ATTACHED
OTHERS = ("970403", "970407", "970415")


def steps(life: Life) -> list[Step]:
    return rows.steps(closings(life.history.states()))


def last(life: Life) -> Row:
    return unpack(steps(life)[-1].row)


def hanging() -> Life:
    """Registered on 1 May, issued on 2 May, attached on 10 May."""
    life = Life().issued_on("2023-05-02 09:00")
    life.attach("2023-05-10 09:00")
    return life


def roster(*some: Row, names: Sequence[str] = ()) -> Roster:
    return Roster(b"".join(map(pack, some)), {group_key(name): name for name in names})


class TestRow:
    def test_is_packed_in_thirty_two_bytes_and_back(self) -> None:
        row = Row(HANGING, 19_000, 19_001, 19_002, 2**32 - 1, 7, 1, 2, 3, 65_535, 3, 255)
        assert len(pack(row)) == ROW_BYTES == 32
        assert unpack(pack(row)) == row
        assert pack(Row()) == EMPTY

    def test_of_a_vendor_has_its_standing_groups_and_days(self) -> None:
        row = last(hanging())
        assert row.flags == HANGING
        assert row.since == row.last == on("2023-05-10")
        assert (row.zone, row.category) == (group_key("A"), group_key("seafood"))
        assert row.bank_1 == int(VCB) | rows.BANK_ACCOUNT | rows.BANK_ISSUED | rows.BANK_ATTACHED
        assert (row.bank_2, row.bank_3) == (0, 0)

    def test_of_a_vendor_that_left_counts_for_nothing(self) -> None:
        life = hanging()
        life.status("2023-05-20 09:00", "left")
        assert last(life) == Row(last=on("2023-05-20"))

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
        assert unpack(step.row).flags == rows.ON_ROSTER | rows.ISSUED

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
        assert last(life).flags & rows.INCIDENT

    def test_findings_are_the_kinds_that_the_vendor_bears(self) -> None:
        life = hanging()
        moment = at("2023-05-20 09:00")
        for other in ("CVT-0001-A", "CVT-0002-B"):
            life.then([FindingOpened(moment, moment, "findings", "duplicate_account", other)])
        assert last(life).findings == rows.DUPLICATE_ACCOUNT
        life.then([FindingOpened(moment, moment, "findings", "partner_ref_reused", "VTB-0001-A")])
        assert last(life).findings == rows.DUPLICATE_ACCOUNT | rows.PARTNER_REF_REUSED

    def test_has_room_for_three_banks_and_says_that_there_are_more(self) -> None:
        life = Life()
        for n, bank in enumerate((VCB, *OTHERS[:2])):
            life.link(f"2023-05-0{n + 2} 09:00", bin_=bank)
        assert not last(life).flags & rows.MORE_BANKS
        life.link("2023-05-06 09:00", bin_=OTHERS[2])
        assert last(life).flags & rows.MORE_BANKS
        in_row = {bank & rows.BIN for bank in last(life)[6:9]}
        rest = {bank & rows.BIN for bank in steps(life)[-1].more}
        assert (len(in_row), len(rest)) == (3, 1)
        assert in_row | rest == {int(bank) for bank in (VCB, *OTHERS)}

    def test_every_name_that_was_ever_given_is_known_by_its_key(self) -> None:
        life = hanging()
        life.profile("2023-05-20 09:00", zone="B", category="")
        life.void(life.last_event)
        assert set(names_of(life.history).values()) == {"A", "B", "seafood"}
        assert all(group_key(name) == key for key, name in names_of(life.history).items())

    def test_no_name_has_the_key_of_none(self) -> None:
        assert group_key(None) == group_key("") == 0
        assert all(group_key(name) for name in ("A", "Khu hải sản"))


class TestRoster:
    def test_of_nobody_counts_nothing(self) -> None:
        assert len(NOBODY) == 0
        assert set(NOBODY.counts(verified_from=1, stale_before=1)) == {0}
        assert NOBODY.banks() == {}
        assert NOBODY.groups("zone", np.zeros(0, np.bool_)) == []
        assert NOBODY.on(19_000, {}) is NOBODY

    def test_a_broken_row_at_the_end_is_not_one(self) -> None:
        assert len(Roster(pack(Row()) + b"\1\2\3", {})) == 1

    def test_a_vendor_of_a_number_that_was_never_given_out_is_nobody(self) -> None:
        some = roster(Row(), Row(HANGING), Row(), Row(), Row(rows.ON_ROSTER))
        assert some.where(rows.ON_ROSTER) == [1, 4]
        assert some.where(rows.ON_ROSTER, without=rows.ATTACHED) == [4]
        assert some.counts(verified_from=1, stale_before=1).registered == 2

    @pytest.mark.parametrize(
        ("matched", "verified", "stale"), [(0, 0, 1), (9, 0, 1), (10, 0, 0), (69, 0, 0), (70, 1, 0)]
    )
    def test_a_match_verifies_from_one_day_and_is_stale_before_another(
        self, matched: int, verified: int, stale: int
    ) -> None:
        some = roster(Row(HANGING, matched=matched), Row(rows.ON_ROSTER, matched=matched))
        counts = some.counts(verified_from=70, stale_before=10)
        assert (counts.verified, counts.stale) == (verified, stale)

    def test_counts_incidents_and_vendors_with_findings(self) -> None:
        both = rows.DUPLICATE_ACCOUNT | rows.PARTNER_REF_REUSED
        counts = roster(
            Row(HANGING, incidents=60_000, findings=both),
            Row(HANGING, incidents=60_000, findings=rows.DUPLICATE_ACCOUNT),
        ).counts(verified_from=1, stale_before=1)
        assert counts.incidents == 120_000
        assert (counts.duplicate_account, counts.partner_ref_reused) == (2, 1)

    def test_attached_since_a_day_is_for_all_days_from_then_on(self) -> None:
        some = roster(Row(HANGING, since=10), Row(HANGING, since=11), Row(rows.ON_ROSTER))
        assert some.attached_since(10).tolist() == [True, False, False]
        assert some.attached_since(11).tolist() == [True, True, False]

    def test_is_on_an_earlier_day_what_the_steps_say(self) -> None:
        life = hanging()
        present = Roster(EMPTY + views_of(life.history).row, {})
        days = [on(f"2023-05-{day}") for day in ("01", "02", "09", "10")]
        assert present.unsaid(days[2]) == [1]
        assert present.unsaid(days[3]) == []
        stages = [
            present.on(day, {1: steps(life)}).counts(verified_from=0, stale_before=0)[:3]
            for day in (days[0] - 1, *days)
        ]
        assert stages == [(0, 0, 0), (1, 0, 0), (1, 1, 0), (1, 1, 0), (1, 1, 1)]

    def test_the_history_of_who_has_many_banks_is_asked_on_every_day(self) -> None:
        life = hanging()
        for bank in OTHERS:
            life.link("2023-05-20 09:00", bin_=bank)
        present = Roster(views_of(life.history).row, {})
        later = on("2024-01-01")
        assert present.unsaid(later) == [0]
        found = present.on(later, {0: steps(life)}).banks()
        assert found == {VCB: Bank(1, 1, 1), **dict.fromkeys(OTHERS, Bank(1, 0, 0))}
        before = present.on(on("2023-05-19"), {0: steps(life)}).banks()
        assert before == {VCB: Bank(1, 1, 1)}

    def test_counts_the_vendors_of_a_bank_by_what_they_have_there(self) -> None:
        account, code = rows.BANK_ACCOUNT, rows.BANK_ISSUED
        some = roster(
            Row(
                HANGING,
                bank_1=int(VCB) | account | code | rows.BANK_ATTACHED,
                bank_2=int(BIDV) | account,
            ),
            Row(HANGING, bank_1=int(BIDV) | account | code),
            Row(HANGING, bank_1=int(VCB) | code),
            Row(rows.ON_ROSTER, bank_1=12 | account),
        )
        assert some.banks() == {"000012": Bank(1, 0, 0), BIDV: Bank(2, 1, 0), VCB: Bank(1, 2, 1)}
        assert list(some.banks()) == ["000012", BIDV, VCB]

    def test_groups_are_by_name_without_one_last_and_only_of_the_roster(self) -> None:
        b, a, unused = group_key("B"), group_key("A"), "C"
        some = roster(
            Row(HANGING, zone=b),
            Row(rows.ON_ROSTER | rows.ISSUED, zone=a),
            Row(rows.ON_ROSTER),
            Row(rows.ON_ROSTER, zone=b),
            Row(rows.INCIDENT),
            names=("B", "A", unused),
        )
        active = np.array([True, False, True, False, True])
        assert some.groups("zone", active) == [
            Group("A", 1, 1, 0, 0),
            Group("B", 2, 1, 1, 1),
            Group(None, 1, 0, 0, 1),
        ]
        assert some.groups("category", active) == [Group(None, 4, 2, 1, 2)]
