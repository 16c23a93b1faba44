"""From a file that somebody sent to typed rows; what it is, is decided by its content.

    table = read_roster(file)          # BadFile or TooLarge here, before the first row
    for row in table: ...              # RosterRow, in the order of the file; may be repeated

The whole file is checked when it is opened, so that iterating raises nothing: an import that has
begun to write never finds a wrong encoding at line 50 000. Whoever opens the very bytes again
that were checked says so (`checked`), and saves reading them once more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import IO, Generic, TypeVar

from msgspec import Struct

from tracker.domain.errors import BadFile, TooLarge
from tracker.tables.activity import ActivityRow, activity_maker
from tracker.tables.cells import Cell, text
from tracker.tables.delimited import open_delimited
from tracker.tables.grid import Grid, Header, find_header, head, header_fault
from tracker.tables.headers import ACTIVITY, BANK, REGISTRATION, ROSTER, Columns, Kind, understand
from tracker.tables.jsonlines import open_jsonlines
from tracker.tables.plaintext import SAMPLE_BYTES, detect
from tracker.tables.registration import RegistrationRow, registration_maker
from tracker.tables.rows import BankRow, Maker, RosterRow, bank_maker, roster_maker
from tracker.tables.spreadsheet import open_spreadsheet

FILE_BYTES_MAX = 200 * 1024 * 1024  # about two million rows of CSV; more is several markets' files

R = TypeVar("R", bound=RosterRow | BankRow | ActivityRow | RegistrationRow)

_AS_TABLE = "Send the list as XLSX or “CSV UTF-8”."
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"RIFF", "a picture or sound file"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"%PDF", "a PDF file"),
    (b"{\\rtf", "a text document"),
    (b"\x1f\x8b", "a compressed file"),
    (b"Rar!", "a compressed archive"),
    (b"7z\xbc\xaf", "a compressed archive"),
    (b"SQLite format 3", "a database"),
)
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


class Table(Generic[R]):
    """The rows of one file and what was understood of it.

    Iterating starts at the first row each time and needs the file open. Several iterations may
    interleave in one thread; a table is not for two threads at once.
    """

    def __init__(
        self, grid: Grid, header: Header, make: Maker[R], *, checked: bool = False
    ) -> None:
        self._grid = grid
        self._header = header
        self._make = make
        self.format = grid.format
        """csv, jsonl or xlsx."""
        self.source = grid.source
        """What the file is, for people: separator and encoding, or the sheet."""
        self.columns: dict[str, str] = header.columns.headings
        """Field → heading as written."""
        self.ignored: tuple[str, ...] = header.columns.ignored
        """Headings that were not understood or not needed; their cells are not read."""
        self.ignored_sheets: tuple[str, ...] = grid.ignored_sheets
        """Other sheets of the workbook that have content or are hidden."""
        self.header_rows: tuple[int, ...] = header.rows
        """Row numbers of the heading; whatever stands above it is a title and is not read."""
        self._widths: Counter[int] | None = None
        self._width_max: int | None = None
        if not checked:
            self._counted()

    @property
    def total_rows(self) -> int:
        """Rows that iterating yields, blank ones not among them."""
        return self._counted().total()

    def _counted(self) -> Counter[int]:
        """How many rows have how many cells: the file read to its end, once."""
        if self._widths is None:
            self._widths = Counter(len(cells) for _, cells in self._data())
        return self._widths

    def _too_wide(self, cells: int) -> bool:
        if self._width_max is None:
            # Some programs end each line with a separator: what nearly all have is no accident.
            most = 0.8 * self.total_rows
            usual = (width for width, rows in self._counted().items() if rows >= most)
            self._width_max = max(self._header.width, *usual, 0)
        return cells > self._width_max

    def __iter__(self) -> Iterator[R]:
        width = self._header.width
        make = self._make
        headings = self._repeats()
        for number, cells in self._data():
            faults: list[tuple[str, str]] = []
            if len(cells) > width:
                # An unquoted comma has moved everything after it, even if the cell that now
                # stands outside is empty.
                if self._too_wide(len(cells)) or any(text(cell) for cell in cells[width:]):
                    faults.append(("row", "EXTRA_CELLS"))
                cells = cells[:width]  # noqa: PLW2901
            elif len(cells) < width:
                cells = [*cells, *[""] * (width - len(cells))]  # noqa: PLW2901
            if headings and all(cells[at] == heading for at, heading in headings):
                faults.append(("row", "HEADER_REPEATED"))
            cells.append("")
            yield make(number, cells, faults)

    def written(self) -> Iterator[tuple[int, list[Cell]]]:
        """Row number and cells as they were written, as many as the heading has and its own."""
        return self._data()

    @property
    def headings(self) -> list[str]:
        """The heading row as it was written; of JSON lines the keys."""
        if self._grid.keys:
            return list(self._grid.keys)
        found = [""] * self._header.width
        for number, cells in self._grid.rows():
            if number > (self._header.rows[-1] if self._header.rows else 0):
                break
            if number in self._header.rows:
                below = [text(cell) for cell in cells[: len(found)]]
                found[: len(below)] = [low or high for low, high in zip(below, found, strict=False)]
        return found

    def _data(self) -> Iterator[tuple[int, list[Cell]]]:
        last = self._header.rows[-1] if self._header.rows else 0
        return (row for row in self._grid.rows() if row[0] > last)

    def _repeats(self) -> list[tuple[int, Cell]]:
        """Places and texts of the heading row, to know it again on a later printed page."""
        for number, cells in self._grid.rows():
            if number in self._header.rows:
                at = [column for column in self._header.columns.at.values() if column < len(cells)]
                return [(column, cells[column]) for column in at if cells[column] not in {None, ""}]
        return []


class Matched(Struct, frozen=True):
    """Columns as somebody matched them who looked at the file: the heading's row number (0 for
    JSON lines), and the 0-based column of each field.
    """

    row: int
    at: dict[str, int]


class Peek(Struct, frozen=True):
    """The first rows of a file that nobody understands yet, and the fields that are wanted."""

    source: str
    rows: list[tuple[int, list[str]]]
    fields: tuple[str, ...]
    required: tuple[str, ...]


def read_roster(
    file: IO[bytes],
    *,
    bytes_max: int = FILE_BYTES_MAX,
    matched: Matched | None = None,
    checked: bool = False,
) -> Table[RosterRow]:
    """The rows of a market's roster: XLSX, CSV or JSON lines in a seekable binary file.

    `matched` wins over what the headings say; `checked`: these bytes were read to their end
    before. Raises TooLarge and BadFile, whose code says what is wrong and whose detail what to do.
    """
    grid, header = _open(file, ROSTER, bytes_max, matched)
    return Table(grid, header, roster_maker(header.columns.at), checked=checked)


def read_bank(
    file: IO[bytes],
    *,
    bytes_max: int = FILE_BYTES_MAX,
    matched: Matched | None = None,
    checked: bool = False,
) -> Table[BankRow]:
    """The rows of a bank's file of accounts and attachments; as `read_roster`."""
    grid, header = _open(file, BANK, bytes_max, matched)
    return Table(grid, header, bank_maker(header.columns.at), checked=checked)


def read_activity(file: IO[bytes], *, bytes_max: int = FILE_BYTES_MAX) -> Table[ActivityRow]:
    """The rows of a bank's file of who was paid on which day; as `read_roster`."""
    grid, header = _open(file, ACTIVITY, bytes_max)
    return Table(grid, header, activity_maker(header.columns.at))


def read_registrations(file: IO[bytes]) -> Table[RegistrationRow]:
    """The rows of a CSV of registrations, as `read_roster`; a body of its size, not a file."""
    grid, header = _open(file, REGISTRATION, FILE_BYTES_MAX)
    return Table(grid, header, registration_maker(header.columns.at))


def peek(file: IO[bytes], kind: Kind, count: int) -> Peek:
    """The first `count` rows of a file, whatever their columns mean; raises as `read_roster`."""
    grid = _grid(file, _sample(file, FILE_BYTES_MAX), kind)
    rows = [(number, [text(cell) for cell in cells]) for number, cells in head(grid)[:count]]
    if grid.keys:
        rows.insert(0, (0, list(grid.keys)))
    return Peek(grid.source, rows, tuple(kind.plain), tuple(kind.required))


def _open(
    file: IO[bytes], kind: Kind, bytes_max: int, matched: Matched | None = None
) -> tuple[Grid, Header]:
    grid = _grid(file, _sample(file, bytes_max), kind)
    if matched is not None:
        return grid, _as_matched(grid, kind, matched)
    if grid.format == "jsonl":
        header = _json_header(grid, kind)
    else:
        rows = head(grid)
        found = find_header(rows, kind)
        if found is None:
            raise header_fault(rows, kind)
        header = found
    return grid, header


def _sample(file: IO[bytes], bytes_max: int) -> bytes:
    size = file.seek(0, 2)
    if size > bytes_max:
        raise TooLarge(
            f"The file has {size // 1024**2} MiB; up to {bytes_max // 1024**2} are read. Split it.",
            code="FILE_TOO_LARGE",
        )
    file.seek(0)
    sample = file.read(SAMPLE_BYTES)
    if not sample.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0"):
        raise BadFile("The file is empty.", code="EMPTY_FILE")
    return sample


def _grid(file: IO[bytes], sample: bytes, kind: Kind) -> Grid:
    if sample.startswith(_ZIP):
        return open_spreadsheet(file, kind)
    if sample.startswith(_OLD_OFFICE):
        raise BadFile(
            "This is an old XLS workbook, or an XLSX with a password. Save it as XLSX without one.",
            code="OLD_XLS",
        )
    what = next((name for magic, name in _MAGIC if sample.startswith(magic)), "")
    if what or sample[4:8] == b"ftyp":
        raise BadFile(f"This is {what or 'a picture or film'}. {_AS_TABLE}", code="NOT_A_TABLE")
    encoding = detect(sample)
    start = sample[encoding[1] :].decode(encoding[0], errors="ignore").lstrip()
    if start.startswith("<"):
        raise BadFile(
            "This is a web page (HTML or XML), even if its name ends in .xls. Open it in a "
            "spreadsheet program and save it as XLSX.",
            code="NOT_A_TABLE",
        )
    if start.startswith("["):
        raise BadFile(
            "Send JSON as lines: one object on each line, no brackets around them.", code="BAD_JSON"
        )
    if start.startswith("{"):
        return open_jsonlines(file, encoding)
    return open_delimited(file, encoding, kind)


def _as_matched(grid: Grid, kind: Kind, matched: Matched) -> Header:
    heads = {number: [text(cell) for cell in cells] for number, cells in head(grid)}
    words = list(grid.keys) if grid.keys else heads.get(matched.row)
    at, named = matched.at, set(matched.at.values())
    fits = (
        words is not None
        and kind.required.keys() <= at.keys() <= kind.plain.keys()
        and len(named) == len(at)
        and all(0 <= column < len(words) for column in named)
    )
    if words is None or not fits:
        wanted = " and ".join(f"“{heading}”" for heading in kind.required.values())
        raise BadFile(
            f"Choose the heading row and a column of its own for each field, {wanted} among them.",
            code="COLUMNS_MATCHED_WRONG",
        )
    columns = Columns(
        at=at,
        headings={field: words[column] for field, column in at.items()},
        ignored=tuple(w for n, w in enumerate(words) if w and n not in named),
    )
    return Header(columns, len(words), () if grid.keys else (matched.row,))


def _json_header(grid: Grid, kind: Kind) -> Header:
    columns: Columns = understand(grid.keys, kind)
    if not kind.required.keys() <= columns.at.keys():
        raise header_fault([(1, list(grid.keys))], kind)
    return Header(columns=columns, width=len(grid.keys), rows=())
