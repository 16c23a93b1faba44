"""Files that are no lists: each refused before the first row, with a code and what to do."""

from __future__ import annotations

import contextlib
import io
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.tables.helpers import HEADING, workbook
from tracker.domain.errors import BadFile, TooLarge, TrackerError
from tracker.tables import read_bank, read_roster, zipguard

LIST = f"{HEADING}\n1;Nguyễn Thị Hoa;A1;Khu A;0912345678\n"
PIXEL = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + bytes(40)
SHEET = "xl/worksheets/sheet1.xml"


def _refused(data: bytes | io.BytesIO) -> TrackerError:
    file = io.BytesIO(data) if isinstance(data, bytes) else data
    with pytest.raises((BadFile, TooLarge)) as refused:
        read_roster(file)
    assert "Hoa" not in refused.value.detail
    assert "0912345678" not in refused.value.detail
    return refused.value


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "EMPTY_FILE"),
        (b"\xef\xbb\xbf \r\n\r\n", "EMPTY_FILE"),
        (PIXEL, "NOT_A_TABLE"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(40), "NOT_A_TABLE"),
        (b"\0\0\0\x18ftypheic" + bytes(40), "NOT_A_TABLE"),
        (b"%PDF-1.7\n...", "NOT_A_TABLE"),
        (b"\x1f\x8b\x08" + bytes(20), "NOT_A_TABLE"),
        (b"<html><table><tr><td>Stall</td></tr></table></html>", "NOT_A_TABLE"),
        ("\ufeff<?xml version='1.0'?><Workbook/>".encode("utf-16-le"), "NOT_A_TABLE"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "OLD_XLS"),
        (b"PK\x03\x04" + bytes(200), "DAMAGED_XLSX"),
        (LIST.encode().replace(b"A1", b"A\x001"), "NUL_BYTES"),
        ((LIST * 2000).encode() + b"\0", "NUL_BYTES"),
        (LIST.encode("utf-32"), "WRONG_ENCODING"),
        (LIST.replace("ễ", "ê").replace("ị", "i").replace("ọ", "o").replace("ố", "ô")
         .replace("ạ", "a").replace("Đ", "D").replace("ệ", "ê").encode("cp1252"), "WRONG_ENCODING"),
        (b"Ho ten,So sap\n" + b"An,A1\n" * 50_000 + b"\xd0,A2\n", "WRONG_ENCODING"),
        ("Số sạp\nA1\nA2\n".encode(), "ONE_COLUMN"),
        (b"A1\nA2\n", "ONE_COLUMN"),
        (b"An;A1;Khu A\nBa;A2;Khu A\n", "HEADER_NOT_FOUND"),
        ("Họ tên;Khu;Điện thoại\nAn;A;1\n".encode(), "COLUMN_MISSING"),
        ('Họ tên;Số sạp\n"An;A1\nBa;A2\n'.encode(), "BAD_QUOTES"),
        ('Họ tên;Số sạp\n"An;A1\n"Ba;A2\n'.encode(), "BAD_QUOTES"),
        (b'{"stall": "A1", "name": "An"}\nnot json\n', "BAD_JSON"),
        (b'{"stall": ["A1"], "name": "An"}\n', "BAD_JSON"),
        (b'{"stall": "A1"}\n', "ONE_COLUMN"),
        (b'[{"stall": "A1", "name": "An"}]', "BAD_JSON"),
        (b'{"stall": "\\ud800", "name": ' + b"[" * 10_000, "BAD_JSON"),
        (b"Ho ten,So sap\n" + b"x" * 300_000, "LINE_TOO_LONG"),
    ],
)  # fmt: skip
def test_refusals(data: bytes, code: str) -> None:
    assert _refused(data).code == code


def test_a_bank_file_without_accounts_says_which_column_is_missing() -> None:
    with pytest.raises(BadFile, match="“Số tài khoản”") as refused:
        read_bank(io.BytesIO(b"market,stall,bin\ncho,A1,970436\n"))
    assert refused.value.code == "COLUMN_MISSING"


def test_a_wrong_encoding_says_what_to_do() -> None:
    refused = _refused("Họ tên,Số sạp\n".encode() + "Đặng,A1\n".encode("utf-16-le")[1:] + b"\xff")
    assert "CSV UTF-8" in refused.detail


def test_a_file_of_300_mb_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    with path.open("wb") as file:
        file.write(LIST.encode())
        file.truncate(300 * 1024**2)  # sparse: takes no space
    with path.open("rb") as file, pytest.raises(TooLarge) as refused:
        read_roster(file)
    assert refused.value.code == "FILE_TOO_LARGE"


def _zip(parts: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def _parts() -> dict[str, bytes]:
    with zipfile.ZipFile(workbook([["Họ tên", "Số sạp"], ["An", "A1"]])) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _with_cells(cells: str, **more: bytes) -> bytes:
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<sheetData>{cells}</sheetData></worksheet>"
    )
    return _zip({**_parts(), SHEET: sheet.encode(), **more})


def test_the_parts_made_here_are_a_workbook() -> None:
    assert read_roster(io.BytesIO(_zip(_parts()))).total_rows == 1


def test_a_zip_bomb() -> None:
    refused = _refused(_zip({**_parts(), "xl/media/x.bin": bytes(50 * 1024**2)}))
    assert refused.code == "ZIP_BOMB"


def test_a_workbook_that_claims_to_unpack_to_300_mb() -> None:
    data = bytearray(_zip({**_parts(), "xl/media/x.bin": b"x"}))
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = struct.pack("<I", 300 * 1024**2)
    assert _refused(bytes(data)).code == "FILE_TOO_LARGE"


def test_a_directory_that_lies_about_a_size() -> None:
    honest = b"<worksheet>" + b" " * 5_000_000 + b"</worksheet>"
    data = bytearray(_zip({**_parts(), "xl/worksheets/sheet9.xml": honest}))
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 16 : entry + 20] = struct.pack("<I", zlib.crc32(honest[:1000]))
    data[entry + 24 : entry + 28] = struct.pack("<I", 1000)
    assert _refused(bytes(data)).code == "ZIP_BOMB"


def test_two_cells_that_would_take_550_gb() -> None:
    cells = '<row><c r="A1"><v>1</v></c></row><row><c r="XFD1048576"><v>1</v></c></row>'
    assert _refused(_with_cells(cells)).code == "TOO_MANY_ROWS"
    assert _refused(_with_cells('<row><c r="XFD1"><v>1</v></c></row>')).code == "TOO_MANY_COLUMNS"
    prefixed = cells.replace("<c ", "<x:c xmlns:x='y' ").replace("</c>", "</x:c>")
    assert _refused(_with_cells(prefixed)).code == "TOO_MANY_ROWS"


def test_formatted_cells_without_content_do_not_count() -> None:
    cells = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>Họ tên</t></is></c>'
        '<c r="B1" t="inlineStr"><is><t>Số sạp</t></is></c></row>'
        '<row r="2"><c r="A2" t="inlineStr"><is><t>An</t></is></c>'
        '<c t="inlineStr"><is><t>A1</t></is></c></row>'
        '<row r="1048576"><c r="A1048576" s="0"/><c r="XFD1048576" s="0"/></row>'
    )
    assert read_roster(io.BytesIO(_with_cells(cells))).total_rows == 1


def test_one_long_text_that_a_million_cells_share() -> None:
    strings = b"<sst><si><t>" + b"ab" * 1_000_000 + b"</t></si></sst>"
    cells = "<row>" + '<c t="s"><v>0</v></c>' * 60 + "</row>"
    parts = {"xl/sharedStrings.xml": strings}
    assert _refused(_with_cells(cells, **parts)).code in {"FILE_TOO_LARGE", "ZIP_BOMB"}


def test_entities_are_refused() -> None:
    doctype = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet><sheetData/></worksheet>'
    assert _refused(_zip({**_parts(), SHEET: doctype})).code == "DAMAGED_XLSX"


def test_more_rows_than_xlsx_is_read_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipguard, "ROWS_MAX", 10)
    refused = _refused(workbook([["Họ tên", "Số sạp"], *([["An", "A1"]] * 10)]))
    assert refused.code == "TOO_MANY_ROWS"
    assert "CSV" in refused.detail


def test_archives_that_are_no_workbook() -> None:
    assert _refused(_zip({"anh.png": PIXEL})).code == "NOT_A_TABLE"
    assert "text document" in _refused(_zip({"word/document.xml": b"<x/>"})).detail
    assert "OpenDocument" in _refused(_zip({"content.xml": b"<x/>"})).detail


def test_a_workbook_without_content_and_one_with_two_lists() -> None:
    from openpyxl import Workbook

    assert _refused(workbook([])).code == "EMPTY_FILE"
    book = Workbook()
    for title in ("Khu A", "Khu B"):
        sheet = book.create_sheet(title)
        sheet.append(["Họ tên", "Số sạp"])
        sheet.append(["An", "A1"])
    file = io.BytesIO()
    book.save(file)
    refused = _refused(file)
    assert refused.code == "SEVERAL_LISTS"
    assert "“Khu A”, “Khu B”" in refused.detail


def test_a_workbook_packed_by_a_later_zip_is_refused() -> None:
    whole = bytearray(_WORKBOOK)
    directory = whole.index(b"PK\x01\x02")
    whole[directory + 6] = 99  # version needed to extract
    assert _refused(io.BytesIO(bytes(whole))).code == "DAMAGED_XLSX"


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_workbook_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    whole = bytearray(_WORKBOOK)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.just(len(whole)), st.integers(0, len(whole))))
    with contextlib.suppress(BadFile, TooLarge):
        list(read_roster(io.BytesIO(bytes(whole[:cut]))))


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_bytes_are_read_or_refused_and_nothing_else(tail: bytes) -> None:
    for data in (tail, LIST.encode() + tail, LIST.encode("utf-16") + tail):
        try:
            rows = list(read_roster(io.BytesIO(data)))
        except (BadFile, TooLarge):
            continue
        assert rows[0].stall == "A1" or data is tail


_WORKBOOK = workbook([["Họ tên", "Số sạp"], ["An", "A1"]]).getvalue()
