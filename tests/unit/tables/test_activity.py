"""A bank's file of payments: headings and whole numbers as people and programs write them."""

from __future__ import annotations

import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.errors import BadFile
from tracker.tables.activity import ActivityRow, whole_number
from tracker.tables.cells import Cell
from tracker.tables.reading import read_activity


def rows(content: str) -> list[ActivityRow]:
    return list(read_activity(io.BytesIO(content.encode())))


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        (12, 12),
        (12.0, 12),
        ("12", 12),
        (" 12 ", 12),
        ("1250000", 1_250_000),
        ("1.250.000", 1_250_000),
        ("1,250,000", 1_250_000),
        ("1 250 000", 1_250_000),
        ("1\u00a0250\u00a0000", 1_250_000),
        ("-3", -3),
        (-3, -3),
        ("0", 0),
    ],
)
def test_a_whole_number(cell: Cell, number: int) -> None:
    assert whole_number(cell) == (number, "")


@pytest.mark.parametrize(
    "cell", ["1,25", "1.5", 1.5, "1.250,000", "12 34", "1e6", "x", True, date(2024, 1, 2), 10**15]
)
def test_no_whole_number(cell: Cell) -> None:
    assert whole_number(cell) == (None, "NUMBER_UNREADABLE")


@pytest.mark.parametrize("cell", ["", None, "  "])
def test_an_empty_cell_is_missing(cell: Cell) -> None:
    assert whole_number(cell) == (None, "NUMBER_MISSING")


@given(st.integers(0, 10**14), st.sampled_from([".", ",", " ", ""]))
def test_any_number_in_groups(number: int, mark: str) -> None:
    assert whole_number(f"{number:,}".replace(",", mark)) == (number, "")


@pytest.mark.parametrize(
    "heading",
    [
        "vendor,payments,amount_vnd,date,bin",
        "Mã tiểu thương,Số giao dịch,Số tiền,Ngày,Mã ngân hàng",
        "Mã hộ kinh doanh,Số lượng GD,Tổng tiền (VND),Ngày giao dịch,BIN",
        "Vendor code,Number of transactions,Total amount,Transaction date,Bank code",
    ],
)
def test_headings(heading: str) -> None:
    assert rows(f"{heading}\nCVT-0001-A,3,45000,2024-05-06,970436\n") == [
        ActivityRow(2, "CVT-0001-A", 3, 45_000, date(2024, 5, 6), "970436", ())
    ]


def test_json_lines() -> None:
    (row,) = rows('{"vendor":"CVT-0001-A","payments":3,"amount_vnd":45000}\n')
    assert (row.vendor, row.payments, row.amount_vnd, row.rejection()) == (
        "CVT-0001-A",
        3,
        45_000,
        None,
    )


def test_every_fault_of_a_row() -> None:
    (row,) = rows(f"vendor,payments,amount_vnd,date,bin\n{'x' * 41},?,,31/31/2024,97\n")
    assert row.faults == (
        ("vendor", "VENDOR_CODE_INVALID"),
        ("payments", "NUMBER_UNREADABLE"),
        ("amount_vnd", "NUMBER_MISSING"),
        ("date", "DATE_UNREADABLE"),
        ("bin", "BIN_UNREADABLE"),
    )


def test_a_column_that_is_needed() -> None:
    with pytest.raises(BadFile) as refused:
        rows("vendor,payments\nCVT-0001-A,3\n")
    assert refused.value.code == "COLUMN_MISSING"
