"""Rows out as CSV and XLSX, streamed, with nothing in them that a spreadsheet would run.

A trader may be called `=HYPERLINK(…)`. Text that begins with `=`, `+`, `-`, `@`, a tab or a line
break is written as text: in XLSX as a string cell, in CSV behind an apostrophe, which `cells.text`
takes off again when the file comes back.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from tracker.domain.errors import TooLarge
from tracker.tables.cells import FORMULA_STARTS

if TYPE_CHECKING:
    import xlsxwriter
    from typing_extensions import Buffer  # in the standard library from Python 3.12

OutCell = str | int | float | bool | date | None

SHEET_ROWS_MAX = 1_048_575  # Excel's rows, less the heading
CELL_CHARS_MAX = 32_767  # Excel's limit for the text of one cell
# A workbook carries its day of creation; a fixed one makes equal rows equal bytes.
_CREATED = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)


def write_csv(out: IO[bytes], columns: Sequence[str], rows: Iterable[Sequence[OutCell]]) -> int:
    """Write a heading line and rows as UTF-8 with BOM, commas, CR LF; the number of rows.

    None is an empty cell, a date `YYYY-MM-DD`, a truth value `true` or `false`. `out` stays open.
    """
    raw = io.BufferedWriter(_Unclosed(out))
    text = io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
    count = 0
    try:
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow([_csv_cell(column) for column in columns])
        for row in rows:
            writer.writerow([_csv_cell(cell) for cell in row])
            count += 1
    finally:
        text.detach().flush()
    return count


def csv_piece(rows: Iterable[Sequence[OutCell]], *, mark: bool = False) -> bytes:
    """Some rows as `write_csv` writes them, with the byte order mark at the start of a file."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([_csv_cell(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig" if mark else "utf-8")


def _csv_cell(cell: OutCell) -> str | int | float:
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return cell.isoformat() if isinstance(cell, date) else cell


class Sheet(NamedTuple):
    """One sheet of a workbook: its name (up to 31 characters), headings, rows, column widths."""

    name: str
    columns: Sequence[str]
    rows: Iterable[Sequence[OutCell]]
    widths: Sequence[int] = ()


def write_xlsx(
    out: IO[bytes],
    columns: Sequence[str],
    rows: Iterable[Sequence[OutCell]],
    *,
    sheet: str = "Sheet1",
    widths: Sequence[int] = (),
) -> int:
    """Write a heading row and rows as one sheet; the number of rows. See `write_book`."""
    return write_book(out, [Sheet(sheet, columns, rows, widths)])[0]


def write_book(out: IO[bytes], sheets: Iterable[Sheet]) -> list[int]:
    """Write sheets one after the other, in constant memory; the number of rows of each.

    Text is always a string cell, never a formula, link or number: account numbers and phones keep
    their zeros. `widths` are column widths in characters. `out` stays open and, on an
    error, as it was. The rows pass through a private temporary file. Raises TooLarge
    `TOO_MANY_ROWS` beyond Excel's rows and ValueError for a text beyond Excel's cell.
    """
    import xlsxwriter  # noqa: PLC0415  # a service that gives out no workbook need not load it

    book = xlsxwriter.Workbook(
        out,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    try:
        book.set_properties({"created": _CREATED})
        formats = (
            book.add_format({"bold": True}),
            book.add_format({"num_format": "yyyy-mm-dd"}),
        )
        counts = [_fill(book, sheet, *formats) for sheet in sheets]
    except BaseException:
        book.filename = io.BytesIO()  # half a list must not look like a whole one; closing it
        book.close()  # removes the temporary file with the rows
        raise
    book.close()
    return counts


def _fill(book: xlsxwriter.Workbook, sheet: Sheet, bold: Any, day: Any) -> int:
    page = book.add_worksheet(sheet.name)
    for column, width in enumerate(sheet.widths):
        page.set_column(column, column, width)
    page.freeze_panes(1, 0)
    for column, heading in enumerate(sheet.columns):
        page.write_string(0, column, heading, bold)
    count = 0
    for count, row in enumerate(sheet.rows, 1):
        if count > SHEET_ROWS_MAX:
            raise TooLarge("The list is too long for XLSX; ask for CSV.", code="TOO_MANY_ROWS")
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                if len(cell) > CELL_CHARS_MAX:
                    raise ValueError(f"text of {len(cell)} characters in one XLSX cell")
                page.write_string(count, column, cell)
            elif isinstance(cell, bool):
                page.write_boolean(count, column, cell)
            elif isinstance(cell, int | float):
                page.write_number(count, column, cell)
            elif cell is not None:
                page.write_datetime(count, column, cell, day)
    return count


class _Unclosed(io.RawIOBase):
    """A writer that leaves the caller's file open when it is dropped half-way."""

    def __init__(self, out: IO[bytes]) -> None:
        super().__init__()
        self._out = out

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer, /) -> int:
        return self._out.write(data)
