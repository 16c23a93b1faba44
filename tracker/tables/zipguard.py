"""Is this workbook safe to open? Asked before any of it is handed to the XLSX reader.

The reader (calamine) holds a sheet as one dense block of cells: a file of 5 KB with content in A1
and in XFD1048576 asks it for 550 GB and **ends the process**. A ZIP directory may lie, and a
string that a million cells share is copied a million times. So every XML part is unpacked here
once, in a stream with a running limit, and its cells are counted: what passes is known to fit.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO
from xml.parsers import expat

from tracker.domain.errors import BadFile, TooLarge
from tracker.tables.grid import COLUMNS_MAX

MIB = 1024 * 1024
UNPACKED_BYTES_MAX = 200 * MIB  # of all parts together: about 100 000 rows with twelve columns
ENTRIES_MAX = 2_000  # parts in the archive; a workbook with fifty sheets has about two hundred
DIRECTORY_BYTES_MAX = 1 * MIB
RATIO_MAX = 250  # real sheets pack 5 to 60 fold, a bomb about 1 000 fold
RATIO_FROM_BYTES = 4 * MIB  # below this the ratio says nothing and does no harm
ROWS_MAX = 100_000
BLOCK_CELLS_MAX = 5_000_000  # the dense block of one sheet; 32 bytes a cell in the reader
TEXT_CHARS_MAX = 100_000_000  # shared strings as often as cells repeat them, all sheets together
_CHUNK = 256 * 1024
_UNREADABLE = (zipfile.BadZipFile, struct.error, ValueError, OSError, NotImplementedError)
"""What `zipfile` says of a directory that makes no sense; the last of a version that it lacks."""

AS_CSV = "Save the sheet as “CSV UTF-8” and send that."
_DAMAGED = "The XLSX file is damaged. Open it in a spreadsheet program and save it again."


def check(file: IO[bytes]) -> None:
    """Raise TooLarge or BadFile unless the workbook in `file` fits all limits above.

    Leaves the file position anywhere. Costs about one second for 100 000 rows of eight columns.
    """
    entries = _entries(file)
    budget = UNPACKED_BYTES_MAX
    scan = _Scan()
    for entry in sorted(entries, key=lambda e: "sharedstrings" not in e.filename.lower()):
        parts = _inflate(file, entry, budget)
        first = next(parts, b"")
        if entry.filename.lower().endswith(".vml") or not _is_xml(first):
            budget -= len(first) + sum(map(len, parts))
            continue
        budget -= scan.part(first, parts)


def _entries(file: IO[bytes]) -> list[zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(_SmallReads(file)) as archive:
            entries = archive.infolist()
    except _UNREADABLE as error:
        raise BadFile(_DAMAGED, code="DAMAGED_XLSX") from error
    if len(entries) > ENTRIES_MAX:
        raise _bomb(f"more than {ENTRIES_MAX} parts")
    if any(e.flag_bits & 0x1 for e in entries):
        raise BadFile("The file has a password. Save it without one.", code="PASSWORD")
    names = {e.filename.lower() for e in entries}
    if "xl/workbook.xml" not in names:
        raise _not_a_workbook(names)
    if any(e.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} for e in entries):
        raise BadFile(_DAMAGED, code="DAMAGED_XLSX")
    if sum(e.file_size for e in entries) > UNPACKED_BYTES_MAX:
        raise _unpacked()
    for e in entries:
        if e.file_size > RATIO_FROM_BYTES and e.file_size > RATIO_MAX * max(e.compress_size, 1):
            raise _bomb(f"a part packed more than {RATIO_MAX} fold")
    return entries


def _not_a_workbook(names: set[str]) -> BadFile:
    if "xl/workbook.bin" in names or "content.xml" in names:
        what = "This is an XLSB or OpenDocument sheet. Save it as XLSX or “CSV UTF-8”."
    elif "word/document.xml" in names:
        what = "This is a text document. Copy its table into a spreadsheet and save it as XLSX."
    else:
        what = "This is a ZIP archive, not a workbook. Unpack it and send the file inside."
    return BadFile(what, code="NOT_A_TABLE")


class _SmallReads:
    """A file for `zipfile` that refuses to read a directory of many million entries at once."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > DIRECTORY_BYTES_MAX:
            raise _bomb(f"a directory of more than {DIRECTORY_BYTES_MAX // MIB} MiB")
        return self._file.read(size)  # without a size: the tail, at most 64 KiB


def _inflate(file: IO[bytes], entry: zipfile.ZipInfo, budget: int) -> Iterator[bytes]:
    """The unpacked bytes of one entry in chunks; never more than the budget or than it claims."""
    file.seek(entry.header_offset)
    head = file.read(30)
    if len(head) < 30 or head[:4] != b"PK\x03\x04":
        raise BadFile(_DAMAGED, code="DAMAGED_XLSX")
    name_bytes, extra_bytes = struct.unpack("<HH", head[26:30])
    position = entry.header_offset + 30 + name_bytes + extra_bytes
    left, seen = entry.compress_size, 0
    stored = entry.compress_type == zipfile.ZIP_STORED
    unpack = zlib.decompressobj(-15)
    packed = b""
    while left or packed:
        if not packed:
            file.seek(position)
            packed = file.read(min(left, _CHUNK))
            if not packed:
                raise BadFile(_DAMAGED, code="DAMAGED_XLSX")
            position, left = position + len(packed), left - len(packed)
        try:
            chunk = packed if stored else unpack.decompress(packed, _CHUNK)
        except zlib.error as error:
            raise BadFile(_DAMAGED, code="DAMAGED_XLSX") from error
        packed = b"" if stored or unpack.eof else unpack.unconsumed_tail
        seen += len(chunk)
        if seen > budget:
            raise _unpacked()
        if seen > entry.file_size:
            raise _bomb("a part that is larger than it claims")
        if chunk:
            yield chunk
        if unpack.eof:
            return


def _is_xml(start: bytes) -> bool:
    return start.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")[:1] == b"<"


class _Scan:
    """Counts what the XML parts would become in memory; one for a whole workbook."""

    def __init__(self) -> None:
        self.string_chars: list[int] = []  # length of each shared string
        self._columns: dict[str, int] = {}  # letters: number, for those met so far
        self.text_chars = 0  # of the shared strings, as often as cells show them

    def part(self, first: bytes, rest: Iterator[bytes]) -> int:
        """Parse one part; its size in bytes. Raises as `check` does."""
        self._row = self._column = 0
        self._in_cell = self._filled = self._shared = self._string = False
        self._top = self._bottom = self._right = 0
        self._value = ""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._doctype
        size = len(first)
        try:
            parser.Parse(first, False)
            for chunk in rest:
                size += len(chunk)
                parser.Parse(chunk, False)
            parser.Parse(b"", True)
        except (expat.ExpatError, ValueError, IndexError) as error:
            raise BadFile(_DAMAGED, code="DAMAGED_XLSX") from error
        return size

    def _doctype(self, *_: object) -> None:
        raise BadFile(_DAMAGED, code="DAMAGED_XLSX")  # no workbook has one; entities hide in it

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        # The order is that of a sheet's frequency, and nothing is called that can be avoided:
        # this runs for each of a million elements.
        tag = name if ":" not in name else name.rpartition(":")[2]
        if tag == "c":
            self._in_cell, self._filled = True, False
            self._shared = attributes.get("t") == "s"
            reference = attributes.get("r")
            if reference is None:
                self._column += 1
                return
            letters = reference.rstrip("0123456789")
            self._column = self._columns.get(letters) or self._column_of(letters)
            self._row = int(reference[len(letters) :])
        elif tag == "v" or (self._in_cell and tag in {"is", "f"}):
            self._value = ""
            if self._in_cell and not self._filled:
                self._filled = True
                if self._row > self._bottom or self._row < self._top or self._column > self._right:
                    self._fits()
        elif tag == "row":
            self._in_cell = False
            self._row = int(attributes.get("r", self._row + 1))
            self._column = 0
        elif tag == "si":
            self._string = True
            self.string_chars.append(0)

    def _end(self, name: str) -> None:
        tag = name if ":" not in name else name.rpartition(":")[2]
        if tag == "v":
            if self._shared and self._value:
                self.text_chars += self.string_chars[int(self._value)]
                if self.text_chars > TEXT_CHARS_MAX:
                    raise TooLarge(
                        f"The workbook holds too much text. {AS_CSV}", code="FILE_TOO_LARGE"
                    )
            self._shared = False
        elif tag == "si":
            self._string = False

    def _characters(self, data: str) -> None:
        if self._shared:
            self._value += data
        elif self._string:
            self.string_chars[-1] += len(data)

    def _column_of(self, letters: str) -> int:
        """Column (from 1) of letters such as `AB`; ValueError if they name none."""
        if not 1 <= len(letters) <= 3 or not letters.isascii() or not letters.isalpha():
            raise ValueError(letters)
        column = 0
        for letter in letters.upper():
            column = column * 26 + ord(letter) - 64
        self._columns[letters] = column
        return column

    def _fits(self) -> None:
        self._top = min(self._top or self._row, self._row)
        self._bottom = max(self._bottom, self._row)
        self._right = max(self._right, self._column)
        if self._bottom - self._top >= ROWS_MAX:
            raise TooLarge(
                f"The sheet has content down to row {self._bottom}; XLSX is read up to {ROWS_MAX} "
                f"rows. {AS_CSV} If the list is short, delete what stands far below it.",
                code="TOO_MANY_ROWS",
            )
        if self._right > COLUMNS_MAX:
            raise TooLarge(
                f"The sheet has content beyond column {COLUMNS_MAX}. Delete what stands far to "
                "the right of the list.",
                code="TOO_MANY_COLUMNS",
            )
        if (self._bottom - self._top + 1) * self._right > BLOCK_CELLS_MAX:
            raise TooLarge(f"The sheet has too many cells. {AS_CSV}", code="FILE_TOO_LARGE")


def _bomb(what: str) -> TooLarge:
    return TooLarge(f"The file is refused: it holds {what}. {AS_CSV}", code="ZIP_BOMB")


def _unpacked() -> TooLarge:
    return TooLarge(
        f"The workbook unpacks to more than {UNPACKED_BYTES_MAX // MIB} MiB. {AS_CSV}",
        code="FILE_TOO_LARGE",
    )
