"""Rows out: nothing that a spreadsheet would run, and the same rows when they come back."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.tables import cells, read_roster, write_csv, write_xlsx
from tracker.tables.writing import OutCell

COLUMNS = ["Số sạp", "Họ và tên", "Điện thoại", "Ghi chú"]
DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"]


def test_csv_bytes() -> None:
    out = io.BytesIO()
    rows: list[list[OutCell]] = [["A1", '=HYPERLINK("x")', None, True], ["Đ,2", "-", 7, -1.5]]
    assert write_csv(out, COLUMNS, [*rows, [date(2023, 4, 16)]]) == 3
    assert out.getvalue().decode("utf-8") == (
        "\ufeffSố sạp,Họ và tên,Điện thoại,Ghi chú\r\n"
        'A1,"\'=HYPERLINK(""x"")",,true\r\n'
        '"Đ,2",\'-,7,-1.5\r\n'
        "2023-04-16\r\n"
    )


@pytest.mark.parametrize("name", DANGEROUS)
def test_no_cell_is_a_formula_and_all_come_back(name: str) -> None:
    for write in (write_csv, write_xlsx):
        out = io.BytesIO()
        write(out, COLUMNS, [["A1", name, "0912345678", ""]])
        (row,) = read_roster(out)
        assert row.name == " ".join(cells.text(name).split())
        assert row.phone == "0912345678"
    with zipfile.ZipFile(out) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


def test_xlsx_keeps_text_numbers_and_days() -> None:
    from openpyxl import load_workbook

    out = io.BytesIO()
    row: list[OutCell] = ["0012", 7, True, date(2023, 4, 16), None, "https://x"]
    assert write_xlsx(out, list("abcdef"), [row], sheet="Danh sách", widths=[8, 30]) == 1
    sheet = load_workbook(out)["Danh sách"]
    written = [cell.value for cell in sheet[2]]
    assert written[:3] == ["0012", 7, True]
    assert str(written[3]).startswith("2023-04-16")
    assert written[4:] == [None, "https://x"]


def test_equal_rows_are_equal_bytes() -> None:
    first, second = io.BytesIO(), io.BytesIO()
    write_xlsx(first, COLUMNS, [["A1", "An", "", ""]])
    write_xlsx(second, COLUMNS, [["A1", "An", "", ""]])
    assert first.getvalue() == second.getvalue()


def test_an_error_among_the_rows_leaves_the_file_open_and_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def rows() -> Iterator[list[OutCell]]:
        yield ["A1"]
        raise RuntimeError("the store went away")

    for write in (write_csv, write_xlsx):
        out = io.BytesIO()
        with pytest.raises(RuntimeError):
            write(out, COLUMNS, rows())
        assert not out.closed
    assert out.getvalue() == b""  # no workbook that looks whole
    assert list(tmp_path.iterdir()) == []  # and no rows in clear left behind


WORDS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff"), max_size=20
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=5))
def test_rows_survive_the_way_through_both_formats(pairs: list[tuple[str, str]]) -> None:
    wanted = [(cells.person_name(n), cells.person_name(z)) for n, z in pairs]
    for write in (write_csv, write_xlsx):
        out = io.BytesIO()
        write(out, ["Số sạp", "Họ tên", "Khu"], [[f"A{i}", *p] for i, p in enumerate(pairs)])
        rows = list(read_roster(out))
        assert [row.stall for row in rows] == [f"A{i}" for i in range(len(pairs))]
        assert [(row.name, row.zone) for row in rows] == wanted
