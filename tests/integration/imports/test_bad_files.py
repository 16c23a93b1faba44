"""Files that cannot be taken: a clear word at once, and nothing half-written."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.integration.imports.office import (
    ADMIN,
    MARKET,
    ROSTER_HEADING,
    VCB,
    Office,
    csv,
)
from tracker.domain.errors import BadFile, KeyReused, TooLarge, TrackerError
from tracker.services import imports

MIB = 1024 * 1024
GOOD = csv(ROSTER_HEADING, ["1,Đặng Thị Hoa,A1,,,"])


def png() -> bytes:
    """A picture of one pixel."""
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        (b"IDAT", b""),
        (b"IEND", b""),
    )
    out = b"\x89PNG\r\n\x1a\n"
    for name, body in chunks:
        out += struct.pack(">I", len(body)) + name + body
        out += struct.pack(">I", zlib.crc32(name + body))
    return out


def zip_bomb() -> bytes:
    """A workbook whose one sheet unpacks to 250 MB."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            for _ in range(250):
                sheet.write(b"<c/>" * (MIB // 4))
    return out.getvalue()


def far_cell() -> bytes:
    """A workbook of a few kB with one cell in the last corner: 17 milliard cells as a block."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"], sheet["B1"], sheet["XFD1048576"] = "Số sạp", "Họ và tên", "x"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


BAD: dict[str, tuple[bytes, type[TrackerError], str]] = {
    "empty": (b"", BadFile, "EMPTY_FILE"),
    "white space": (b"\xef\xbb\xbf \r\n\r\n", BadFile, "EMPTY_FILE"),
    "picture renamed .xlsx": (png(), BadFile, "NOT_A_TABLE"),
    "PDF": (b"%PDF-1.7\n", BadFile, "NOT_A_TABLE"),
    "old XLS": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), BadFile, "OLD_XLS"),
    "ZIP of something": (b"PK\x05\x06" + bytes(18), BadFile, "NOT_A_TABLE"),
    "cut workbook": (b"PK\x03\x04" + bytes(500), BadFile, "DAMAGED_XLSX"),
    "web page": (b"<html><table></table></html>", BadFile, "NOT_A_TABLE"),
    "windows-1258": (GOOD.encode("cp1258", "replace"), BadFile, "WRONG_ENCODING"),
    "UTF-32": (GOOD.encode("utf-32"), BadFile, "WRONG_ENCODING"),
    "NUL bytes": (GOOD.encode() + b"2,L\0n,A2\n", BadFile, "NUL_BYTES"),
    "wrong byte at the end": (GOOD.encode() * 2_000 + b"1,L\xean,A2\n", BadFile, "WRONG_ENCODING"),
    "one column": ("Số sạp\nA1\nA2\n".encode(), BadFile, "ONE_COLUMN"),
    "no heading": (b"1,Lan,A1\n2,Mai,A2\n", BadFile, "HEADER_NOT_FOUND"),
    "no stalls": ("STT,Họ và tên\n1,Lan\n".encode(), BadFile, "COLUMN_MISSING"),
    "twice a column": ("Số sạp,Quầy,Họ và tên\nA1,A1,L\n".encode(), BadFile, "SAME_COLUMN_TWICE"),
    "open quotation mark": ((GOOD + '2,"Lan,A2\n').encode(), BadFile, "BAD_QUOTES"),
    "endless line": (GOOD.encode() + b"x" * MIB, TooLarge, "LINE_TOO_LONG"),
    "JSON array": (b'[{"stall": "A1", "name": "Lan"}]', BadFile, "BAD_JSON"),
}


@pytest.fixture
def untouched(office: Office) -> Iterator[None]:
    """After the test no job, no file and no fact is there that was not before."""
    before = office.state()
    yield
    assert office.state() == before
    assert office.run(office.tracker.jobs.open_ids()) == []
    assert office.run(office.store.keys("{jobs}:*")) == []


def refused(office: Office, content: bytes, error: type[TrackerError], code: str) -> None:
    """The file is refused with this error, whose detail is a sentence and quotes no row."""
    with pytest.raises(error) as caught:
        office.accept("roster", content, market=MARKET)
    assert caught.value.code == code
    assert len(caught.value.detail.split()) > 3
    assert "Hoa" not in caught.value.detail


@pytest.mark.parametrize("name", BAD)
@pytest.mark.usefixtures("untouched")
def test_a_file_that_is_no_list(office: Office, name: str) -> None:
    refused(office, *BAD[name])


@pytest.mark.usefixtures("untouched")
def test_workbooks_made_to_burst(office: Office) -> None:
    for content in (zip_bomb(), far_cell()):
        assert len(content) < MIB
        tracemalloc.start()
        with pytest.raises((BadFile, TooLarge)) as caught:
            office.accept("roster", content, market=MARKET)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert caught.value.code != "BAD_FILE"
        assert peak < 30 * MIB


@pytest.mark.usefixtures("untouched")
def test_300_mb_are_refused_at_the_limit(office: Office) -> None:
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        yield GOOD.encode()
        while sent < 300 * MIB:
            sent += MIB
            yield bytes(MIB)

    limit = office.tracker.settings.upload_bytes_max
    tracemalloc.start()
    with pytest.raises(TooLarge) as caught:
        office.run(
            imports.accept(
                office.tracker,
                ADMIN,
                kind="roster",
                market=MARKET,
                effective_on=None,
                dry_run=False,
                chunks=body(),
            )
        )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.code == "FILE_TOO_LARGE"
    assert str(limit // MIB) in caught.value.detail
    assert limit < 300 * MIB
    assert sent <= limit + MIB  # the rest was not even asked for
    assert peak < 1.2 * limit


def test_cells_that_begin_like_formulas_are_text(office: Office) -> None:
    outcome = office.roster(
        "1,=1+1,A1,@SUM(A1),-2,,",
        '2,"=HYPERLINK(""http://x"")",A2,+Khu,=cmd|calc,0912345678,=R1',
        "3,'=Lan,A3,,,,",
    )
    assert outcome.said == ["accepted"] * 3
    assert office.person("A1")[0] == "=1+1"
    assert office.person("A2")[0] == '=HYPERLINK("http://x")'
    assert office.person("A3")[0] == "=Lan"
    assert (office.vendor("A1").zone, office.vendor("A2").category) == ("@SUM(A1)", "=cmd|calc")
    bank = office.bank(f",A1,{VCB},=1001,=HO,,,=R1", f",A1,{VCB},1001,=HO,,,=R1")
    assert bank.said == ["ACCOUNT_UNREADABLE", "accepted"]


def test_a_key_used_for_another_file(office: Office) -> None:
    job = office.accept("roster", GOOD, market=MARKET, key="k1")
    with pytest.raises(KeyReused):
        office.accept("roster", GOOD + "2,Mai,A2,,,\n", market=MARKET, key="k1")
    with pytest.raises(KeyReused):
        office.accept("roster", GOOD, market=MARKET, key="k1", dry_run=True)
    assert office.run(office.tracker.jobs.open_ids()) == [job.id]
    assert len(office.files()) == 1
    assert office.work(job).said == ["accepted"]


def test_the_waiting_file_and_the_results_hold_nothing_personal(office: Office) -> None:
    line = "1,Đặng Thị Hoa,A1,,,0912345678"
    job = office.accept("roster", csv(ROSTER_HEADING, [line]), market=MARKET)
    office.work(job)
    for name in ("Đặng Thị Hoa".encode(), b"0912345678", b"912345678"):
        for key in office.run(office.store.keys("*")):
            assert name not in office.run(office.store.dump(key))
