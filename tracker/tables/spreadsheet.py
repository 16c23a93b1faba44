"""XLSX workbooks: the one visible sheet that holds the list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import python_calamine as calamine

from tracker.domain.errors import BadFile
from tracker.tables import zipguard
from tracker.tables.grid import Grid, Row, find_header, head
from tracker.tables.headers import Kind

SHEETS_MAX = 100


def open_spreadsheet(file: IO[bytes], kind: Kind) -> Grid:
    """The sheet of a workbook that has a heading row, as a grid.

    Hidden sheets and sheets without such a row are named in `ignored_sheets`. Raises TooLarge or
    BadFile as `zipguard.check` does, `EMPTY_FILE` without any content, and `SEVERAL_LISTS` where
    two visible sheets hold one: reading either alone would lose the other.
    """
    zipguard.check(file)
    file.seek(0)
    grids = _sheets(file)
    names = [name for name, _ in grids]
    visible = [(name, sheet) for name, sheet in grids if sheet is not None]
    if not visible:
        raise BadFile("The workbook has no visible sheet with content.", code="EMPTY_FILE")
    lists = [
        (name, sheet)
        for name, sheet in visible
        if find_header(head(_grid(name, sheet)), kind) is not None
    ]
    if len(lists) > 1:
        raise BadFile(
            f"{len(lists)} sheets hold a list: {', '.join(f'“{name}”' for name, _ in lists)}. "
            "Put them into one sheet, or send each as a file of its own.",
            code="SEVERAL_LISTS",
        )
    name, sheet = (lists or visible)[0]
    return _grid(name, sheet, tuple(other for other in names if other != name))


def _sheets(file: IO[bytes]) -> list[tuple[str, calamine.CalamineSheet | None]]:
    """All sheets with content by name; None in place of a hidden one, which is not loaded."""
    try:
        book = calamine.CalamineWorkbook.from_object(file)
        found: list[tuple[str, calamine.CalamineSheet | None]] = []
        for meta in book.sheets_metadata[:SHEETS_MAX]:
            if meta.typ != calamine.SheetTypeEnum.WorkSheet:
                continue
            if meta.visible != calamine.SheetVisibleEnum.Visible:
                found.append((meta.name, None))
                continue
            sheet = book.get_sheet_by_name(meta.name)
            if sheet.start is not None:
                found.append((meta.name, sheet))
    except calamine.PasswordError as error:
        raise BadFile("The file has a password. Save it without one.", code="PASSWORD") from error
    except (calamine.CalamineError, ValueError, OSError) as error:
        raise _damaged() from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # the reader is Rust; its panics are not
            raise  # Exceptions, and must not end a worker
        raise _damaged() from error
    return found


def _damaged() -> BadFile:
    return BadFile(
        "The XLSX file is damaged. Open it in a spreadsheet program and save it again.",
        code="DAMAGED_XLSX",
    )


def _grid(name: str, sheet: calamine.CalamineSheet, others: tuple[str, ...] = ()) -> Grid:
    return Grid(
        format="xlsx",
        rows=lambda: _rows(sheet),
        source=f"XLSX, sheet “{name}”",
        ignored_sheets=others,
    )


def _rows(sheet: calamine.CalamineSheet) -> Iterator[Row]:
    """The rows that have content; a cell merged downwards counts in each of its rows.

    Offices merge the zone over all its stalls: the file stores it once, people read it in each.
    """
    first_column = (sheet.start or (0, 0))[1]
    merged: dict[int, list[tuple[int, int]]] = {}
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        if left == right >= first_column and bottom > top:
            merged.setdefault(top, []).append((left - first_column, bottom))
    open_cells: dict[int, tuple[int, object]] = {}
    for index, cells in enumerate(sheet.iter_rows()):
        if not any(cell != "" and (type(cell) is not str or cell.strip()) for cell in cells):
            continue
        for column, (bottom, value) in list(open_cells.items()):
            if index > bottom:
                del open_cells[column]
            elif cells[column] == "":
                cells[column] = value  # type: ignore[call-overload]
        for column, bottom in merged.get(index, ()):
            if column < len(cells):
                open_cells[column] = (bottom, cells[column])
        yield index + 1, cells  # type: ignore[misc]  # calamine's cell types are ours, less None
