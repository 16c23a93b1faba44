"""The files of another city, in another mess: Chợ Đông Ba in Huế."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Sequence
from datetime import date

import pytest
from openpyxl import Workbook

from tests.integration.imports.office import MARKET, VCB, Office, Outcome
from tracker.domain.errors import BadFile

HEADING = ("TT", "Mã lô", "Chủ hộ kinh doanh", "Điện thoại liên hệ", "Mặt hàng KD", "Nợ đọng")
BANK_HEADING = "Tên chợ\tMã lô\tBIN\tSố tài khoản\tTên chủ tài khoản\tNgày gắn mã\tMã tham chiếu"


@pytest.fixture
def hue(city: Office) -> Office:
    """Chợ Đông Ba, open since 1899 by the books, 2000 by ours."""
    city.open_market(name="Chợ Đông Ba", opened_on=date(2000, 1, 1))
    return city


def workbook() -> bytes:
    """A roster with merged titles, numbered columns, merged zones, notes, and a totals line."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Danh sách 2026"
    rows: Sequence[Sequence[object]] = (
        ("UBND THÀNH PHỐ HUẾ", None, None, None, None, None),
        ("DANH SÁCH HỘ KINH DOANH CHỢ ĐÔNG BA", None, None, None, None, None),
        ("(Kèm theo Công văn số 12/BQL ngày 05/11/2026)", None, None, None, None, None),
        (None,) * 6,
        HEADING,
        ("(1)", "(2)", "(3)", "(4)", "(5)", "(6)"),
        (1, "ki-ốt 12", "Tôn Nữ Thị Hường", "0234.3 822 123", "Mắm ruốc", 0),
        (2, "Lô 3-Ô 14", "Hồ Đắc  Khoa", "+84 (0) 905-123-456", "Nón lá", 120_000),
        (3, "lô 3 – ô 15", "HỒ THỊ BÉ", 905_123_457, "Nón lá", None),
        (4, "B 7", "Lê Công Tuấn", "0905.123.458 / 0912.000.111 (con gái)", "Vải", None),
        (5, 21, "Tổng Thị Nga", "không có", "Vải", None),
        (None,) * 6,
        (6, "B 7", "Lê Công  tuấn ", None, None, None),
        (7, "B 8", None, None, "bỏ trống", None),
        ("Tổng cộng", None, "7 hộ", None, None, 120_000),
    )
    for row in rows:
        sheet.append(list(row))
    for cells in ("A1:F1", "A2:F2", "A3:F3", "A15:B15"):
        sheet.merge_cells(cells)
    book.create_sheet("Ghi chú").append(["Người lập: văn phòng"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def import_workbook(hue: Office) -> Outcome:
    """The roster, as of today's opening day."""
    return hue.work(hue.accept("roster", workbook(), market=MARKET))


def test_the_workbook(hue: Office) -> None:
    outcome = import_workbook(hue)
    assert [row["row"] for row in outcome.rows] == [7, 8, 9, 10, 11, 13, 14, 15]
    assert outcome.said == ["accepted"] * 5 + ["duplicate", "NAME_MISSING", "TOTAL_LINE"]
    assert outcome.result["ignored"] == {"columns": ["Nợ đọng"], "sheets": ["Ghi chú"]}
    people = {stall: hue.person(stall) for stall in ("KI-ỐT12", "LÔ3-Ô14", "LÔ3-Ô15", "B7", "21")}
    assert people == {
        "KI-ỐT12": ("Tôn Nữ Thị Hường", "02343822123"),
        "LÔ3-Ô14": ("Hồ Đắc Khoa", "0905123456"),
        "LÔ3-Ô15": ("HỒ THỊ BÉ", "0905123457"),
        "B7": ("Lê Công Tuấn", "0905123458"),
        "21": ("Tổng Thị Nga", None),
    }
    before = hue.state()
    assert import_workbook(hue).said[:5] == ["duplicate"] * 5
    assert hue.state() == before


def test_a_bank_that_writes_utf_16_with_tabs(hue: Office) -> None:
    import_workbook(hue)
    lines = [
        f"Chợ Đông Ba\tKI-ỐT 12\t{VCB}\t0071 0009 12345\tTON NU THI HUONG\t16/4/2026\tHUE-1",
        f"cho dong ba\tLô 3 - Ô 14\t{VCB}\t1023.456.789\tNGUYEN VAN CHAU\t\tHUE-2",
        f"CHỢ ĐÔNG BA\tlô 3-ô 15\t{VCB}\t77\tHO THI BE\t2026-04-17 08:30\tHUE-3",
        f"Chợ An Cựu\tB 7\t{VCB}\t88\tLE CONG TUAN\t\tHUE-4",
    ]
    content = "\r\n".join((BANK_HEADING, *lines))
    files = [("\ufeff" + content).encode("utf-16-be")]
    files += [content.encode("utf-16-be"), content.encode("utf-16"), content.encode()]
    for raw, said in zip(files, ("accepted", *["duplicate"] * 3), strict=True):
        outcome = hue.work(hue.accept("attachments", raw))
        assert outcome.said == [said] * 3 + ["MARKET_UNKNOWN"]
    assert hue.counts() == (5, 3, 2)
    assert hue.counts(date(2026, 4, 16)) == (5, 1, 1)
    assert hue.vendor("LÔ3-Ô14").accounts[VCB].owner == "family"


def test_windows_1258_is_refused_and_utf_8_of_the_same_is_not(hue: Office) -> None:
    text = "Mã lô;Chủ hộ kinh doanh\nki-ốt 9;Hồ Đắc Khoa\n"
    old = "".join(_windows_1258(text))
    with pytest.raises(BadFile) as caught:
        hue.accept("roster", old.encode("cp1258"), market=MARKET)
    assert caught.value.code == "WRONG_ENCODING"
    assert hue.work(hue.accept("roster", old, market=MARKET)).said == ["accepted"]
    assert hue.person("KI-ỐT9") == ("Hồ Đắc Khoa", None)


def _windows_1258(text: str) -> list[str]:
    """The text as that code page holds it: circumflex and horn composed, tones apart."""
    tones = "\u0300\u0301\u0303\u0309\u0323"
    out = []
    for char in text:
        parts = unicodedata.normalize("NFD", char)
        base = "".join(part for part in parts if part not in tones)
        out.append(unicodedata.normalize("NFC", base))
        out += [part for part in parts if part in tones]
    return out


def test_json_lines(hue: Office) -> None:
    lines = (
        '{"stall": "ki-ốt 12", "name": "Tôn Nữ Thị Hường", "phone": "0905123456"}\n'
        '{"stall": "Lô 3-Ô 14", "name": "Hồ Đắc Khoa"}\n\n{"stall": "B7", "name": null}\n'
    )
    outcome = hue.work(hue.accept("roster", lines, market=MARKET))
    assert outcome.said == ["accepted", "accepted", "NAME_MISSING"]
