"""Other cities' files, with another mess."""

from __future__ import annotations

import io
import unicodedata
from datetime import date

import pytest

from tests.unit.tables.helpers import HEADING, roster, workbook
from tracker.tables import RosterRow, read_bank, read_roster, total_line

ROWS = "1;Nguyễn Thị Hoa;A1;Khu A;0912345678\r\n2;Trần Văn Út;a 2;Khu A;\r\n"


def _summary(rows: list[RosterRow]) -> list[tuple[int, str, str]]:
    return [(row.row, row.stall, row.name) for row in rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_one_list_in_every_shape(encoding: str, mark: str, end: str, form: str) -> None:
    text = f"{HEADING}\r\n{ROWS}".replace(";", mark).replace("\r\n", end)
    rows = list(roster(unicodedata.normalize(form, text), encoding))  # type: ignore[arg-type]
    assert _summary(rows) == [(2, "A1", "Nguyễn Thị Hoa"), (3, "A2", "Trần Văn Út")]
    assert rows[0].phone == "0912345678"


def test_title_rows_blank_lines_and_quoted_line_breaks_keep_the_files_own_line_numbers() -> None:
    text = (
        "sep=;\r\nỦY BAN NHÂN DÂN;;;;\r\n\r\n"
        '"DANH SÁCH\r\nTIỂU THƯƠNG";;;;\r\n'
        f"{HEADING}\r\n(1);(2);(3);(4);(5)\r\n"
        '1;"Nguyễn\nThị Hoa";A1;"Khu\r\nA";\r\n'
        ";;;;\r\n   \r\n2;Út;A2;;\r\n;Tổng cộng;2;;"
    )
    table = roster(text)
    rows = list(table)
    assert table.header_rows == (6, 7)
    assert _summary(rows) == [(8, "A1", "Nguyễn Thị Hoa"), (13, "A2", "Út"), (14, "2", "Tổng cộng")]
    assert rows[0].zone == "Khu A"
    assert total_line(rows[2].serial, rows[2].name)
    assert table.total_rows == 3


def test_commas_inside_a_file_of_semicolons() -> None:
    table = roster("Họ tên;Số sạp;Ngành hàng\nAn;B1;rau, củ, quả, thịt, cá\n")
    assert table.source == "CSV, semicolon, UTF-8"
    assert next(iter(table)).category == "rau, củ, quả, thịt, cá"


def test_an_unquoted_comma_is_a_fault_of_its_row_even_where_the_last_cell_is_empty() -> None:
    table = roster(
        "Họ tên,Số sạp,Ngành hàng,Khu,Ghi chú\nAn,B1,thịt,A,\nBa,B2,rau, củ,A,\nTư,B3,cá,A,mới,!\n"
    )
    assert [row.faults for row in table] == [
        (),
        (("row", "EXTRA_CELLS"),),
        (("row", "EXTRA_CELLS"),),
    ]


def test_lines_that_all_end_with_a_separator_are_no_fault() -> None:
    assert not any(row.faults for row in roster("Họ tên,Số sạp\n" + "An,B1,\n" * 9 + "Tổng,9\n"))


@pytest.mark.parametrize(
    "text",
    [
        "Họ tên,Số sạp,Ngành hàng\nAn,B1,thịt\nBa,B2,rau, củ\nTư,B3,cá,\n",
        "Họ tên,Số sạp\n" + "An,B1,\n" * 9 + "Tổng,9\n",
        f"{HEADING}\r\n{ROWS}",
    ],
)
def test_a_file_that_was_checked_before_is_read_alike(text: str) -> None:
    table = read_roster(io.BytesIO(text.encode()), checked=True)
    assert list(table) == list(roster(text))
    assert table.total_rows == roster(text).total_rows


def test_a_heading_repeated_on_the_next_printed_page_is_no_trader() -> None:
    rows = list(roster(f"{HEADING}\n{ROWS}{HEADING}\n{ROWS}"))
    assert [row.rejection() for row in rows] == [None, None, ("row", "HEADER_REPEATED"), None, None]


def test_warnings_do_not_reject() -> None:
    first, second = roster(f"{HEADING}\n1;Nguy?n;A1;;12\n2;An;{'A' * 30};;\n")
    assert first.faults == (("phone", "PHONE_UNREADABLE"), ("name", "LETTERS_LOST"))
    assert first.rejection() is None
    assert second.rejection() == ("stall", "STALL_TOO_LONG")


def test_cells_that_begin_with_a_formula_sign_are_text() -> None:
    for name in ("=1+1", "+An", "-An", "@An", '=HYPERLINK("http://x")'):
        table = read_roster(workbook([["Họ tên", "Số sạp"], ["", "B0"]]))
        assert table.total_rows == 1
        quoted = '"' + name.replace('"', '""') + '"'
        assert next(iter(roster(f"Họ tên,Số sạp\n{quoted},B1\n"))).name == name


def test_a_workbook_with_merged_titles_zones_and_two_heading_rows() -> None:
    file = workbook(
        [
            ["DANH SÁCH HỘ KINH DOANH CHỢ MỚI"],
            [None],
            ["TT", "Họ và tên chủ hộ", "Địa điểm", None, "Điện thoại", "Ngành nghề", "Diện tích"],
            [None, None, "Khu", "Quầy", None, None, "m2"],
            ["A", "B", 1, 2, 3, 4, 5],
            [1, "Nguyễn Thị Hoa", "Khu A", 12, 912345678, "rau", 4.5],
            [2, "Trần Văn Út", None, "a 13", "0912.345.679", "cá", 5],
            [None, None, None, None, None, None, None],
            [3, "=1+1", None, "A14", None, None, None],
            ["Tổng cộng", None, None, 3, None, None, None],
        ],
        merge=["A1:G1", "A3:A4", "B3:B4", "C3:D3", "E3:E4", "F3:F4", "C6:C9", "A10:B10"],
    )
    table = read_roster(file)
    rows = list(table)
    assert table.header_rows == (3, 4, 5)
    assert table.columns["stall"] == "Quầy"
    assert table.ignored == ("m2",)
    assert [(r.row, r.stall, r.zone, r.phone) for r in rows[:2]] == [
        (6, "12", "Khu A", "0912345678"),
        (7, "A13", "Khu A", "0912345679"),
    ]
    assert rows[2].row == 9
    assert rows[2].zone == "Khu A"
    assert total_line(rows[-1].serial, rows[-1].name)
    assert len(rows) == table.total_rows == 4


def test_a_list_that_does_not_begin_in_the_first_column() -> None:
    file = workbook([[], [None, "Họ tên", "Sạp"], [None, "An", "A1"], [], [None, "Ba", "A2"]])
    assert _summary(list(read_roster(file))) == [(3, "A1", "An"), (5, "A2", "Ba")]


def test_other_sheets_are_mentioned() -> None:
    from openpyxl import Workbook

    book = Workbook()
    first = book.active
    assert first is not None
    first.title = "Hướng dẫn"
    first.append(["Điền vào trang sau"])
    hidden = book.create_sheet("Ẩn")
    hidden.append(["Họ tên", "Số sạp"])
    hidden.sheet_state = "hidden"
    listing = book.create_sheet("Danh sách")
    listing.append(["Họ tên", "Số sạp"])
    listing.append(["An", "A1"])
    file = io.BytesIO()
    book.save(file)
    table = read_roster(file)
    assert table.source == "XLSX, sheet “Danh sách”"
    assert table.ignored_sheets == ("Hướng dẫn", "Ẩn")


def test_a_bank_workbook_with_numbers_and_days() -> None:
    file = workbook(
        [
            ["Chợ", "Quầy", "Mã BIN", "Số TK", "Chủ TK", "Ngày cấp", "Ngày gắn", "Mã KH"],
            ["cho-moi", "B1", 970436, "0012345678", "AN", date(2023, 4, 1), "16/04/2023", 7],
            ["cho-moi", "B2", 970436, 12345678, "BA", None, "16.4.23", None],
            ["cho-moi", "B3", 970436, 9704123456789012345, "TU", None, "04/16/2023", None],
            ["cho-moi", date(2023, 5, 3), "VCB", "9.7E+15", "NAM", None, None, None],
        ]
    )
    first, second, third, fourth = read_bank(file)
    assert (first.bin, first.account, first.partner_ref) == ("970436", "0012345678", "7")
    assert (first.issued_on, first.attached_on) == (date(2023, 4, 1), date(2023, 4, 16))
    assert (second.account, second.faults) == ("12345678", (("account", "ACCOUNT_AS_NUMBER"),))
    assert second.rejection() is None
    assert third.account == ""
    assert third.faults == (("account", "ACCOUNT_MANGLED"), ("attached_on", "DATE_UNREADABLE"))
    assert [code for _, code in fourth.faults] == [
        "STALL_MANGLED",
        "BIN_UNREADABLE",
        "ACCOUNT_MANGLED",
    ]


def test_json_lines() -> None:
    text = '{"stall": "b 1", "name": "An", "age": 7}\n\n{"name": "Ba", "stall": 2, "phone": null}\n'
    table = roster(text)
    assert _summary(list(table)) == [(1, "B1", "An"), (3, "2", "Ba")]
    assert (table.format, table.ignored, table.total_rows) == ("jsonl", ("age",), 2)
