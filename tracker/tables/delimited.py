"""CSV in the shapes that offices send: comma, semicolon or tab, quoted line breaks, any mark."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice
from typing import IO

from tracker.domain.errors import BadFile
from tracker.tables.cells import text
from tracker.tables.grid import COLUMNS_MAX, HEADER_WITHIN_ROWS, Grid, Row
from tracker.tables.headers import Kind, recognised
from tracker.tables.plaintext import Encoding, lines

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
_SAMPLE_LINES = 4 * HEADER_WITHIN_ROWS


def open_delimited(file: IO[bytes], encoding: Encoding, kind: Kind) -> Grid:
    """A CSV file as a grid; the separator is the one under which the headings make sense."""
    sample = list(islice(lines(file, encoding), _SAMPLE_LINES))
    delimiter = max(_DELIMITERS, key=lambda mark: _score(sample, mark, kind))

    def rows() -> Iterator[Row]:
        return _rows(file, encoding, delimiter)

    source = f"CSV, {_DELIMITERS[delimiter]}, {encoding[2]}"
    return Grid(format="csv", rows=rows, source=source)


def _score(sample: list[str], delimiter: str, kind: Kind) -> tuple[int, int]:
    """Fields recognised in the best row, then cells in the widest: never by counting marks alone.

    "rau, củ; thịt, cá" has more commas than semicolons in a file that semicolons separate.
    """
    known, width = 0, 0
    try:
        for record in csv.reader(sample, delimiter=delimiter):
            words = [text(cell) for cell in record[:COLUMNS_MAX]]
            known = max(known, len(recognised(words, kind)))
            width = max(width, sum(map(bool, words)))
    except csv.Error:  # a quotation mark that only another separator explains
        pass
    return known, width


def _rows(file: IO[bytes], encoding: Encoding, delimiter: str) -> Iterator[Row]:
    # strict: a stray quotation mark would otherwise swallow rows up to the next one, unmentioned.
    reader = csv.reader(lines(file, encoding), delimiter=delimiter, strict=True)
    start = 1
    while True:
        try:
            record = next(reader, None)
        except csv.Error as error:
            raise BadFile(
                f"A quotation mark in the record that begins at line {start} is not closed or "
                "stands in the middle of a quoted cell. Double it or take it out.",
                code="BAD_QUOTES",
            ) from error
        if record is None:
            return
        if any(map(str.strip, record)):
            yield start, record  # type: ignore[misc]  # a list of str is a row of cells
        start = reader.line_num + 1
