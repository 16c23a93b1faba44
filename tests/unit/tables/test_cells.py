"""Cells: what people write, and what must come of it."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.tables import cells
from tracker.tables.cells import Cell
from tracker.tables.phones import phone

# A workbook's times carry no zone.
AT_NOON = datetime(2023, 5, 3, 12, tzinfo=UTC).replace(tzinfo=None)
LATE = datetime(2023, 4, 16, 23, 59, tzinfo=UTC).replace(tzinfo=None)
NATIONAL = st.from_regex(r"0[3-9][0-9]{8}", fullmatch=True)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("0912345678", "0912345678"),
        ("0912 345 678", "0912345678"),
        ("0912.345.678", "0912345678"),
        ("0912-345-678", "0912345678"),
        ("+84912345678", "0912345678"),
        ("+84 (0) 912 345 678", "0912345678"),
        ("84912345678", "0912345678"),
        ("0084 912 345 678", "0912345678"),
        (912345678, "0912345678"),
        (912345678.0, "0912345678"),
        ("912345678", "0912345678"),
        ("0912345678 (con gái)", "0912345678"),
        ("0912345678 (2)", "0912345678"),
        ("0912345678 gọi buổi sáng", "0912345678"),
        ("chị Tư: 0912345678", "0912345678"),
        ("0912345678 / 0987654321", "0912345678"),
        ("0912345678 - 0987654321", "0912345678"),
        ("0912 345 678, 0987 654 321", "0912345678"),
        ("0912345678\n0987654321", "0912345678"),
        ("01234567890", "01234567890"),
        (1234567890, "01234567890"),
        ("(0254) 385 1234", "02543851234"),
        ("０９１２３４５６７８", "0912345678"),
        ("'+84912345678", "0912345678"),
        ("không có", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_phones(written: Cell, number: str) -> None:
    assert phone(written) == (number, "")


@pytest.mark.parametrize(
    "written", ["12345", "0912 345 67", "0912345678 901", "9.12E+08", "hỏi BQL", "+1 202 555 0100"]
)
def test_unreadable_phones_are_a_fault_and_never_half_a_number(written: str) -> None:
    assert phone(written) == ("", "PHONE_UNREADABLE")


@given(NATIONAL, st.sampled_from([" ", ".", "-"]), st.sampled_from([(4, 7), (3, 6), (2, 4)]))
def test_a_phone_reads_the_same_in_every_style(
    number: str, mark: str, cuts: tuple[int, int]
) -> None:
    first, second = cuts
    split = mark.join((number[:first], number[first:second], number[second:]))
    international = "+84" + mark + split[1:]
    for written in (number, split, international, number[1:], int(number), f"{split} (con gái)"):
        assert phone(written) == (number, "")


@given(st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.dates()))
def test_no_cell_makes_a_reader_fail(cell: Cell) -> None:
    number, fault = phone(cell)
    assert number == "" or number.isdigit()
    assert fault in {"", "PHONE_UNREADABLE"}
    assert unicodedata.is_normalized("NFC", cells.text(cell))
    cells.stall(cell)
    cells.account(cell)
    cells.bank_bin(cell)
    cells.day(cell)
    cells.person_name(cell)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("B12", "B12"),
        (" b 12 ", "B12"),
        ("Ｂ１２", "B12"),
        ("B-12", "B-12"),
        ("b – 12", "B-12"),
        ("B.12", "B.12"),
        (12.0, "12"),
        ("đ1", "Đ1"),
        ("đ\u200b1\u00a0", "Đ1"),
        (unicodedata.normalize("NFD", "lô ố 7"), "LÔỐ7"),
        ("=B12", "=B12"),
        ("", ""),
    ],
)
def test_stalls(written: Cell, code: str) -> None:
    assert cells.stall(written) == (code, "")


def test_a_stall_that_excel_took_for_a_day_is_mangled() -> None:
    for written in (date(2023, 5, 3), AT_NOON, "03-May", "May-23"):
        assert cells.stall(written) == ("", "STALL_MANGLED")
    assert cells.stall("A" * 25) == ("", "STALL_TOO_LONG")


@given(st.text(max_size=12))
def test_normalising_a_stall_twice_changes_nothing(written: str) -> None:
    code, fault = cells.stall(written)
    if not fault and not code.startswith("'"):
        assert cells.stall(code) == (code, "")
        assert not any(c.isspace() for c in code)


def test_text_is_composed_visible_and_never_a_formula() -> None:
    assert cells.text(unicodedata.normalize("NFD", " Đặng Thị\u00a0Hoa\u200b ")) == "Đặng Thị Hoa"
    assert cells.text("Ðặng") == "Đặng"
    assert cells.text("=1+1") == "=1+1"
    assert cells.text("'=1+1") == "=1+1"
    assert cells.text("'Bà Tư") == "'Bà Tư"
    assert cells.text("hai\ndòng") == "hai dòng"
    assert (cells.text(900269331.0), cells.text(1.5), cells.text(7)) == ("900269331", "1.5", "7")
    assert cells.person_name("  Phạm   Kim Ánh ") == "Phạm Kim Ánh"


def test_letters_lost_on_the_way_are_seen() -> None:
    assert cells.letters_lost("Nguy?n Th? Hoa")
    assert cells.letters_lost("Nguy\ufffdn")
    assert not cells.letters_lost("Nguyễn Thị Hoa")


@pytest.mark.parametrize(
    ("written", "number", "fault"),
    [
        ("0408 1472 6454", "040814726454", ""),
        ("0408.1472-6454", "040814726454", ""),
        ("", "", ""),
        (123456789012345.0, "123456789012345", "ACCOUNT_AS_NUMBER"),
        (9704123456789012.0, "", "ACCOUNT_MANGLED"),
        (1e18, "", "ACCOUNT_MANGLED"),
        ("9.7E+15", "", "ACCOUNT_MANGLED"),
        ("9,70436E+14", "", "ACCOUNT_MANGLED"),
        ("1E3456789", "", "ACCOUNT_MANGLED"),
        ("1" * 20, "", "ACCOUNT_UNREADABLE"),
        ("số 1", "", "ACCOUNT_UNREADABLE"),
        (-5, "", "ACCOUNT_UNREADABLE"),
        (float("nan"), "", "ACCOUNT_UNREADABLE"),
        (True, "", "ACCOUNT_UNREADABLE"),
    ],
)
def test_accounts(written: Cell, number: str, fault: str) -> None:
    assert cells.account(written) == (number, fault)


def test_bins() -> None:
    assert cells.bank_bin(970436.0) == ("970436", "")
    assert cells.bank_bin("VCB") == ("", "BIN_UNREADABLE")


@pytest.mark.parametrize(
    "written",
    [
        *("2023-04-16", "16/04/2023", "16-4-2023", "16.4.23", "20230416", "2023/4/16"),
        *("16/04/2023 08:30", "2023-04-16T08:30:00Z", "45032", 45032, 45032.4, 20230416),
        *(date(2023, 4, 16), LATE),
    ],
)
def test_days(written: Cell) -> None:
    assert cells.day(written) == (date(2023, 4, 16), "")


@pytest.mark.parametrize("written", ["04/16/2023", "31/4/2023", "hôm qua", "1/1/1900", 7, True])
def test_days_that_would_have_to_be_guessed_are_faults(written: Cell) -> None:
    assert cells.day(written) == (None, "DATE_UNREADABLE")


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_every_day_reads_in_every_style(when: date) -> None:
    styles = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%y", "%Y%m%d")
    assert {cells.day(when.strftime(style)) for style in styles} == {(when, "")}
    assert cells.day((when - date(1899, 12, 30)).days) == (when, "")


@pytest.mark.parametrize(
    ("serial", "name", "total"),
    [
        ("", "Tổng cộng", True),
        ("", "TỔNG CỘNG:", True),
        ("", "Cộng 126 hộ", True),
        ("", "Tong cong 126", True),
        ("", "TOTAL", True),
        ("Tổng cộng", "", True),
        ("", "Tống Thị Hoa", False),
        ("", "Tong Thi Hoa", False),
        ("", "Công Tằng Tôn Nữ", False),
        ("12", "Tổng cộng", False),
        ("", "", False),
    ],
)
def test_total_lines(serial: str, name: str, total: bool) -> None:
    assert cells.total_line(serial, name) is total
