"""A file as numbered rows of cells, before anybody knows what the columns mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from tracker.domain.errors import BadFile
from tracker.tables.cells import Cell, text
from tracker.tables.headers import Columns, Kind, field_of, recognised, understand

HEADER_WITHIN_ROWS = 30  # title rows, addresses and logos above a list; more is not a list
COLUMNS_MAX = 256  # columns looked at; cells further right are extra cells of their row
Row = tuple[int, list[Cell]]


class Grid(Struct, frozen=True):
    """One table of a file. `rows` starts anew at each call and leaves blank rows out.

    Row numbers are the file's own: the line where a record begins, the row of the sheet.
    """

    format: str  # csv, jsonl or xlsx
    rows: Callable[[], Iterator[Row]]
    source: str  # for people: "CSV, semicolon, UTF-8" or "XLSX, sheet “Danh sách”"
    keys: tuple[str, ...] = ()  # JSON lines: the headings, which stand in no row
    ignored_sheets: tuple[str, ...] = ()


class Header(Struct, frozen=True):
    """The heading row or rows of a grid; a column of numbers below them counts as one."""

    columns: Columns
    width: int  # columns that the heading row spans
    rows: tuple[int, ...]  # row numbers; empty for JSON lines


def head(grid: Grid) -> list[Row]:
    """The first rows of a grid, as many as the heading may need."""
    found: list[Row] = []
    for row in grid.rows():
        found.append(row)
        if len(found) >= HEADER_WITHIN_ROWS + 3:
            break
    return found


def find_header(rows: Sequence[Row], kind: Kind) -> Header | None:
    """The heading among the first rows: the first that names every required field, or None.

    Two rows together may do it: official forms put "Địa điểm" above "Khu" and "Sạp". A row that
    numbers the columns, "(1) (2) (3)", right below belongs to the heading and is no trader.
    """
    words = [[text(cell) for cell in cells[:COLUMNS_MAX]] for _, cells in rows]
    for first in range(min(len(rows), HEADER_WITHIN_ROWS)):
        merged, last = words[first], first
        if not _complete(merged, kind):
            below = words[first + 1] if first + 1 < len(words) else []
            both = _over(merged, below)
            if not recognised(merged, kind) or _has_number(below) or _complete(below, kind):
                continue
            if not _complete(both, kind):
                continue
            merged, last = both, first + 1
        elif first + 1 < len(words) and _continues(words[first + 1], merged, kind):
            merged, last = _over(merged, words[first + 1]), first + 1
        columns = understand(merged, kind)
        needed = [columns.at[field] for field in kind.required]
        if last + 1 < len(words) and _numbers_columns(words[last + 1], needed):
            last += 1
        unnamed = _unnamed(merged, words[last + 1 :])
        columns = Columns(columns.at, columns.headings, columns.ignored + unnamed)
        numbers = tuple(rows[i][0] for i in range(first, last + 1))
        return Header(columns=columns, width=len(merged), rows=numbers)
    return None


def header_fault(rows: Sequence[Row], kind: Kind) -> BadFile:
    """Why no heading was found, said so that its reader knows what to change."""
    wanted = " and ".join(f"“{heading}”" for heading in kind.required.values())
    widths = [sum(1 for cell in cells if text(cell)) for _, cells in rows]
    if rows and max(widths) <= 1:
        return BadFile(
            f"The file has a single column; a {kind.name} file needs at least {wanted}. If it is "
            "a CSV file, separate the cells with comma, semicolon or tab.",
            code="ONE_COLUMN",
        )
    known = [
        (number, recognised([text(cell) for cell in cells[:COLUMNS_MAX]], kind))
        for number, cells in rows[:HEADER_WITHIN_ROWS]
    ]
    number, fields = max(known, key=lambda found: len(found[1]), default=(0, frozenset[str]()))
    if len(fields) >= 2:
        missing = [h for field, h in kind.required.items() if field not in fields]
        names = " and ".join(f"“{heading}”" for heading in missing)
        return BadFile(
            f"The heading row {number} has no column that reads as {names}. Add or rename it.",
            code="COLUMN_MISSING",
        )
    return BadFile(
        f"No heading row within the first {HEADER_WITHIN_ROWS} rows. Put one above the list with "
        f"at least {wanted}; if its letters look wrong, save the file as “CSV UTF-8”.",
        code="HEADER_NOT_FOUND",
    )


def _complete(words: Sequence[str], kind: Kind) -> bool:
    return kind.required.keys() <= recognised(words, kind)


def _over(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    width = max(len(upper), len(lower))
    padded = [*upper, *[""] * (width - len(upper))]
    return [low or high for low, high in zip([*lower, *[""] * width], padded, strict=False)]


def _continues(below: Sequence[str], above: Sequence[str], kind: Kind) -> bool:
    """Does the row below still belong to the heading? It names fields, no person and no place."""
    named = [field_of(word, kind) for word in below]
    if _has_number(below) or not any(named) or not _complete(_over(above, below), kind):
        return False
    required = understand(above, kind).at
    return all(
        not below[at] or named[at] is not None
        for field, at in required.items()
        if field in kind.required and at < len(below)
    )


def _has_number(words: Sequence[str]) -> bool:
    return any(word[:1].isdigit() for word in words)  # "m2" is a heading, "2 m" is none


def _numbers_columns(words: Sequence[str], needed: Sequence[int]) -> bool:
    if not all(column < len(words) and words[column] for column in needed):
        return False
    marks = [word.strip("()[] ") for word in words if word]
    numbers = [int(mark) for mark in marks if mark.isascii() and mark.isdigit()]
    letters = [mark for mark in marks if len(mark) == 1 and mark.isalpha()]
    return (
        len(numbers) >= 2
        and len(numbers) + len(letters) == len(marks)
        and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        and numbers[0] <= 3
    )


def _unnamed(headings: Sequence[str], below: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Columns with content and no heading: not read, so they are mentioned by their place."""
    return tuple(
        f"column {column + 1} (no heading)"
        for column, heading in enumerate(headings)
        if not heading and any(len(row) > column and row[column] for row in below)
    )
