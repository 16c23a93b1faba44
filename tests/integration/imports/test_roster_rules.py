"""What decides a row of a roster, one test a line of the table in the definitions."""

from __future__ import annotations

from datetime import date

import pytest

from tests.integration.imports.office import ADMIN, MARKET, Office
from tracker.services.vendors import NewVendor, register


def test_a_blank_line_is_not_a_row(office: Office) -> None:
    outcome = office.roster("1,Lan,A1,,,", "", ",,,,,", '  ,"",,,,', "2,Mai,A2,,,")
    assert outcome.said == ["accepted", "accepted"]
    assert [row["row"] for row in outcome.rows] == [2, 6]


@pytest.mark.parametrize(
    "line",
    [
        ",Tổng cộng,,,,",
        ",TỔNG SỐ HỘ: 126,,,,",
        ",Cộng,,,,",
        ",Cộng: 3,A9,,,",
        ",cộng khu A,,,,",
        ",Tong cong 126,,,,",
        "Tổng cộng,,,,,",
        ",Tổng,A1,,,",
    ],
)
def test_a_total_line(office: Office, line: str) -> None:
    outcome = office.roster("1,Lan,A1,,,", line)
    assert outcome.said == ["accepted", "TOTAL_LINE"]
    assert outcome.rows[1]["id"] is None
    assert office.counts()[0] == 1


@pytest.mark.parametrize("line", ["3,Tổng cộng,A9,,,", ",Tống Thị Hoa,A9,,,", ",Công,A9,,,"])
def test_what_only_looks_like_a_total_is_a_trader(office: Office, line: str) -> None:
    assert office.roster(line).said == ["accepted"]


def test_a_total_decomposed_and_upper_case(office: Office) -> None:
    assert office.roster(",TÔ\u0309NG CÔ\u0323NG,,,,").said == ["TOTAL_LINE"]


def test_no_stall(office: Office) -> None:
    outcome = office.roster("1,Lan,,,,")
    assert outcome.said == ["STALL_MISSING"]
    assert (outcome.rows[0]["field"], office.position()) == ("stall", 1)


def test_no_name_leaves_the_stall_untouched(office: Office) -> None:
    office.roster("1,Lan,A1,Khu A,Rau,0912345678", effective_on=date(2023, 1, 1))
    before = office.state()
    outcome = office.roster("1,,A1,Khu B,Cá,0987654321", "2,,A2,Khu B,,")
    assert outcome.said == ["NAME_MISSING", "NAME_MISSING"]
    assert outcome.rows[0]["field"] == "name"
    assert office.state() == before


def test_a_free_stall(office: Office) -> None:
    outcome = office.roster("1,Nguyễn Thị Hoa, b 12 ,Khu A,Rau củ,+84 912.345.678,R1")
    assert outcome.said == ["accepted"]
    vendor = office.vendor("B12")
    assert (vendor.zone, vendor.category, vendor.ref) == ("Khu A", "Rau củ", "R1")
    assert office.person("B12") == ("Nguyễn Thị Hoa", "0912345678")
    assert outcome.rows[0]["id"] == office.history("B12").vendor_code
    assert office.run(office.tracker.market(MARKET)).zones == ("Khu A",)


@pytest.mark.parametrize(
    "name", ["Nguyễn Thị Hoa", "NGUYỄN THỊ HOA", "Nguyen Thi Hoa", "  nguyễn  thị hoa "]
)
def test_the_same_folded_name_is_a_duplicate(office: Office, name: str) -> None:
    first = office.roster("1,Nguyễn Thị Hoa,A1,Khu A,Rau,0912345678")
    before = office.state()
    again = office.roster(f"7,{name},a1,Khu A,Rau,84 912 345 678", f"8,{name},A1,,,")
    assert again.said == ["duplicate", "duplicate"]
    assert again.rows[0]["id"] == first.rows[0]["id"]
    assert office.state() == before


@pytest.mark.parametrize(
    ("line", "phone", "zone", "category"),
    [
        ("1,Lan,A1,,,0987654321", "0987654321", "Khu A", "Rau"),
        ("1,LAN,A1,Khu B,,", "0912345678", "Khu B", "Rau"),
        ("1,Lan,A1,,Cá,", "0912345678", "Khu A", "Cá"),
        ("1,Lan,A1,Khu B,Cá,0987654321", "0987654321", "Khu B", "Cá"),
    ],
)
def test_what_is_given_and_differs_is_an_update(
    office: Office, line: str, phone: str, zone: str, category: str
) -> None:
    office.roster("1,Lan,A1,Khu A,Rau,0912345678")
    position = office.position()
    assert office.roster(line).said == ["accepted"]
    vendor = office.vendor("A1")
    assert (office.person("A1"), vendor.zone, vendor.category) == (("Lan", phone), zone, category)
    assert zone in office.run(office.tracker.market(MARKET)).zones
    grown = office.position()
    assert grown > position
    assert office.roster(line).said == ["duplicate"]
    assert office.position() == grown


def test_an_unreadable_phone_changes_nothing_and_is_told(office: Office) -> None:
    office.roster("1,Lan,A1,,,0912345678")
    assert office.roster("1,Lan,A1,,,bận").said == ["duplicate"]
    new = office.roster("2,Mai,A2,,,bận")
    assert (new.said, new.rows[0]["code"]) == (["accepted"], "PHONE_UNREADABLE")
    assert "·" in new.rows[0]["detail"]
    assert office.person("A1") == ("Lan", "0912345678")


def test_an_update_belongs_after_what_was_said_last(office: Office) -> None:
    """An older roster that says something else counts once, and not in every later import."""
    office.roster("1,Lan,A1,,,0911111111", effective_on=date(2022, 1, 1))
    office.roster("1,Lan,A1,,,0922222222", effective_on=date(2024, 1, 1))
    assert office.roster("1,Lan,A1,,,0933333333", effective_on=date(2023, 1, 1)).said == [
        "accepted"
    ]
    assert office.person("A1") == ("Lan", "0933333333")
    position = office.position()
    assert office.roster("1,Lan,A1,,,0933333333", effective_on=date(2023, 1, 1)).said == [
        "duplicate"
    ]
    assert office.position() == position


def test_a_taken_stall(office: Office) -> None:
    first = office.roster("1,Lan,A1,,,0912345678")
    before = office.state()
    outcome = office.roster("1,Mai,A1,Khu Z,Cá,0987654321")
    assert outcome.said == ["STALL_TAKEN"]
    assert (outcome.rows[0]["id"], outcome.rows[0]["field"]) == (first.rows[0]["id"], "stall")
    assert office.state() == before  # not even its zone came in


def test_a_stall_taken_within_the_file(office: Office) -> None:
    outcome = office.roster("1,Lan,A1,,,", "2,Mai,A1,,,", "3,Lan,a 1,,,")
    assert outcome.said == ["accepted", "STALL_TAKEN", "duplicate"]


def test_the_same_name_at_two_stalls_is_two_vendors(office: Office) -> None:
    outcome = office.roster("1,Lan,A1,,,0912345678", "2,Lan,A2,,,0912345678")
    assert outcome.said == ["accepted", "accepted"]
    assert outcome.rows[0]["id"] != outcome.rows[1]["id"]


def test_a_ref_at_another_stall(office: Office) -> None:
    office.roster("1,Lan,A1,,,,R1")
    outcome = office.roster("1,Mai,A2,,,,R1", "2,Lan,A1,,,,R1", "3,Hoa,A3,,,,R3", "4,Cúc,A4,,,,R3")
    assert outcome.said == ["PARTNER_REF_TAKEN", "duplicate", "accepted", "PARTNER_REF_TAKEN"]


def test_vendors_that_a_later_roster_leaves_out_are_named_and_unchanged(office: Office) -> None:
    first = office.roster("1,Lan,A1,,,", "2,Mai,A2,,,", "3,Hoa,A3,,,", "4,Cúc,A4,,,")
    lan, mai, hoa, cuc = (row["id"] for row in first.rows)
    assert first.result["not_listed"] == []
    before = office.state()
    later = office.roster("1,Lan,A1,,,", "2,,A2,,,", "3,Bưởi,A3,,,")
    assert later.said == ["duplicate", "NAME_MISSING", "STALL_TAKEN"]
    assert later.result["not_listed"] == [mai, hoa, cuc]
    assert lan not in later.result["not_listed"]
    assert office.state() == before


def test_rows_without_a_vendor_use_up_no_number(office: Office) -> None:
    office.roster("1,Lan,A1,,,", "2,,A2,,,", "3,Mai,A1,,,", ",Tổng cộng: 2,A7,,,")
    assert office.number_last() == office.history("A1").number == 1


def test_a_vendor_of_the_api_is_known_to_the_roster(office: Office) -> None:
    new = NewVendor(stall="A1", name="Trần Văn Út", phone="0912345678")
    written = office.run(register(office.tracker, ADMIN, MARKET, new))
    outcome = office.roster("1,Tran Van Ut,A1,,,0912345678", "2,Lan,A1,,,")
    assert outcome.said == ["duplicate", "STALL_TAKEN"]
    assert outcome.rows[1]["id"] == written.vendor.vendor


def test_an_erased_vendor_refuses_its_row_only(office: Office) -> None:
    office.roster("1,Lan,A1,,,", "2,Mai,A2,,,")
    office.forget("A1")
    outcome = office.roster("1,Lan,A1,,,", "2,Mai,A2,,,0912345678")
    assert outcome.said == ["ERASED", "accepted"]


def test_columns_that_are_not_read_are_told(office: Office) -> None:
    content = "Số sạp,Họ và tên,Nợ thuế\nA1,Lan,12\n"
    outcome = office.work(office.accept("roster", content, market=MARKET))
    assert outcome.result["ignored"] == {"columns": ["Nợ thuế"], "sheets": []}


def test_a_row_that_says_too_much_or_too_long(office: Office) -> None:
    outcome = office.roster("1,Lan,A1,,,,,,x", f"2,{'a' * 2000},A2,,,", "3,Mai,03-May,,,")
    assert outcome.said == ["EXTRA_CELLS", "NAME_TOO_LONG", "STALL_MANGLED"]
    assert all("·" in row["detail"] for row in outcome.rows)
