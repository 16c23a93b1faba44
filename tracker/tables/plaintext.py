"""Text files as lines: which encoding, and every line checked while it is read."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO

from tracker.domain.errors import BadFile, TooLarge

SAMPLE_BYTES = 64 * 1024
LINE_CHARS_MAX = 256 * 1024  # a line beyond this is no row of a list

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8", "UTF-8 with BOM"),
    (b"\xff\xfe", "utf-16-le", "UTF-16"),
    (b"\xfe\xff", "utf-16-be", "UTF-16"),
)
_SAVE_AS = "In the spreadsheet program choose “Save as” and “CSV UTF-8”, or send it as XLSX."


class Encoding(tuple[str, int, str]):
    """Codec name, bytes of the mark at the start of the file, and a name for people."""

    __slots__ = ()


def detect(sample: bytes) -> Encoding:
    """The encoding of a file by its first bytes; UTF-8 unless a mark or NUL bytes say UTF-16.

    Raises BadFile `WRONG_ENCODING` for UTF-32 and `NUL_BYTES` for what is not text.
    """
    if sample[:4] in {b"\xff\xfe\0\0", b"\0\0\xfe\xff"}:
        raise BadFile(f"The file is in UTF-32. {_SAVE_AS}", code="WRONG_ENCODING")
    for mark, codec, name in _BOMS:
        if sample.startswith(mark):
            return Encoding((codec, len(mark), name))
    if b"\0" in sample:
        # Vietnamese in UTF-16 still has half of its high bytes zero: spaces, digits, separators.
        even, odd = sample[0::2].count(0), sample[1::2].count(0)
        pairs = max(len(sample) // 2, 1)
        if odd > 0.3 * pairs and even < 0.02 * pairs:
            return Encoding(("utf-16-le", 0, "UTF-16"))
        if even > 0.3 * pairs and odd < 0.02 * pairs:
            return Encoding(("utf-16-be", 0, "UTF-16"))
        raise nul_bytes()
    return Encoding(("utf-8", 0, "UTF-8"))


def nul_bytes() -> BadFile:
    """The refusal for a file with NUL bytes where text should be."""
    return BadFile(
        "The file holds NUL bytes: it is damaged or not a table. Save the list anew as “CSV UTF-8”"
        " or XLSX.",
        code="NUL_BYTES",
    )


def lines(file: IO[bytes], encoding: Encoding) -> Iterator[str]:
    """The file's lines with their line ends, decoded strictly, in constant memory.

    Lines end at CR LF, LF or CR. Several iterators may be alive on one file. Raises BadFile
    `WRONG_ENCODING` or `NUL_BYTES` and TooLarge `LINE_TOO_LONG`, each with the line number.
    """
    codec, mark_bytes, _ = encoding
    raw = io.BufferedReader(_View(file, mark_bytes), buffer_size=1024 * 1024)
    text = io.TextIOWrapper(raw, encoding=codec, errors="strict", newline="")
    number = 0
    try:
        while line := text.readline(LINE_CHARS_MAX):
            number += 1
            if "\0" in line:
                raise nul_bytes()
            if len(line) == LINE_CHARS_MAX:
                raise TooLarge(f"Line {number} is too long for a table.", code="LINE_TOO_LONG")
            yield line
    except UnicodeDecodeError as error:
        raise BadFile(
            f"The text is not {encoding[2]} (near line {number + 1}): Vietnamese letters would be "
            f"lost. {_SAVE_AS}",
            code="WRONG_ENCODING",
        ) from error


class _View(io.RawIOBase):
    """A reader with a position of its own: closing it leaves the caller's file open."""

    def __init__(self, file: IO[bytes], start: int) -> None:
        super().__init__()
        self._file = file
        self._position = start

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        self._file.seek(self._position)
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
