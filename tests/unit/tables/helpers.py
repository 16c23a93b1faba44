"""Small files made on the spot."""

from __future__ import annotations

import io
from collections.abc import Sequence

from tracker.tables import RosterRow, Table, read_roster

HEADING = "STT;Họ và tên;Số sạp;Khu;Điện thoại"


def roster(text: str, encoding: str = "utf-8") -> Table[RosterRow]:
    """The roster in a text file with this content."""
    return read_roster(io.BytesIO(text.encode(encoding)))


def workbook(rows: Sequence[Sequence[object]], merge: Sequence[str] = ()) -> io.BytesIO:
    """An XLSX file with one sheet as another program writes it."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    for cells in merge:
        sheet.merge_cells(cells)
    out = io.BytesIO()
    book.save(out)
    return out
