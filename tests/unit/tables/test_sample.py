"""The sample: every file is read, and not one row goes missing."""

from __future__ import annotations

import unicodedata

import pytest

from tracker import sample
from tracker.tables import RosterRow, Table, read_bank, read_roster, total_line

SHAPES = {
    "cho-vung-tau": ("XLSX, sheet “Danh sách”", (4,), 224),
    "cho-thang-nhat": ("CSV, semicolon, UTF-8 with BOM", (1,), 125),
    "cho-hai-san-nguyen-cong-tru": ("CSV, tab, UTF-16", (1,), 91),
    "cho-phuong-7": ("XLSX, sheet “Sheet”", (1,), 133),
}
BANK_ROWS = {"970405": 46, "970415": 32, "970418": 47, "970422": 32, "970436": 65}


def _roster(market: str) -> tuple[Table[RosterRow], list[RosterRow]]:
    with sample.roster_files()[market].open("rb") as file:
        table = read_roster(file)
        return table, list(table)


@pytest.mark.parametrize("market", SHAPES)
def test_every_row_of_a_roster_is_read(market: str) -> None:
    table, rows = _roster(market)
    source, header_rows, last_row = SHAPES[market]
    counts = sample.expected().markets[market].roster_rows
    assert len(rows) == table.total_rows == counts.accepted + counts.duplicate + counts.rejected
    assert (table.source, table.header_rows, rows[-1].row) == (source, header_rows, last_row)
    assert table.ignored == ()
    assert set(table.columns) == {"serial", "name", "stall", "category", "zone", "phone", "note"}
    assert not any(row.faults for row in rows)
    assert [row for row in rows if total_line(row.serial, row.name)] == rows[-1:]


@pytest.mark.parametrize("market", SHAPES)
def test_a_roster_comes_out_normalised(market: str) -> None:
    _, rows = _roster(market)
    vendors = [row for row in rows if row.name and row.stall and row.serial]
    assert len({row.stall for row in vendors}) == sample.expected().markets[market].vendors
    for row in vendors:
        assert unicodedata.is_normalized("NFC", row.name)
        assert row.name == " ".join(row.name.split())
        assert row.stall == row.stall.upper()
        assert row.phone == "" or (len(row.phone) == 10 and row.phone.startswith("09"))


@pytest.mark.parametrize("bank", BANK_ROWS)
def test_every_row_of_a_bank_is_read(bank: str) -> None:
    with sample.bank_files()[bank].open("rb") as file:
        table = read_bank(file)
        rows = list(table)
    assert len(rows) == table.total_rows == BANK_ROWS[bank]
    assert {row.bin for row in rows} == {bank}
    assert {row.market for row in rows} <= set(sample.expected().markets)
    assert not any(row.faults for row in rows)


def test_the_banks_files_add_up_to_the_expected_figures() -> None:
    issued: dict[str, int] = {}
    attached: dict[str, int] = {}
    for entry in sample.bank_files().values():
        with entry.open("rb") as file:
            for row in read_bank(file):
                issued[row.market] = issued.get(row.market, 0) + 1
                attached[row.market] = attached.get(row.market, 0) + (row.attached_on is not None)
    expected = sample.expected()
    assert issued == {slug: market.issued for slug, market in expected.markets.items()}
    assert attached == {slug: market.attached for slug, market in expected.markets.items()}
    assert sum(attached.values()) == expected.total.attached == 168
    assert sum(m.vendors for m in expected.markets.values()) == expected.total.vendors == 542


def test_a_table_can_be_read_twice() -> None:
    with sample.roster_files()["cho-thang-nhat"].open("rb") as file:
        table = read_roster(file)
        assert list(table) == list(table)
