"""JSON lines: one object a line, its keys are the headings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import msgspec

from tracker.domain.errors import BadFile
from tracker.tables.cells import Cell
from tracker.tables.grid import Grid, Row
from tracker.tables.plaintext import Encoding, lines

KEYS_MAX = 100  # different keys in one file; a table has a dozen


def open_jsonlines(file: IO[bytes], encoding: Encoding) -> Grid:
    """A JSON lines file as a grid, read through once to check every line and collect the keys.

    Raises BadFile `BAD_JSON` with the line number.
    """
    keys: dict[str, None] = {}
    for number, record in _objects(file, encoding):
        if record.keys() - keys.keys():
            keys.update(dict.fromkeys(record))
        if len(keys) > KEYS_MAX:
            raise _bad(number, f"brings the file to more than {KEYS_MAX} different keys")

    def rows() -> Iterator[Row]:
        for number, record in _objects(file, encoding):
            cells = [record.get(key) for key in keys]
            if any(cell is not None and str(cell).strip() for cell in cells):
                yield number, cells

    return Grid(format="jsonl", rows=rows, source=f"JSON lines, {encoding[2]}", keys=tuple(keys))


def _objects(file: IO[bytes], encoding: Encoding) -> Iterator[tuple[int, dict[str, Cell]]]:
    decoder = msgspec.json.Decoder(dict[str, str | int | float | bool | None])
    for number, line in enumerate(lines(file, encoding), 1):
        if line.strip():
            try:
                yield number, decoder.decode(line)  # type: ignore[misc]
            except msgspec.ValidationError as error:
                raise _bad(number, "is not one object of texts and numbers") from error
            except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
                raise _bad(number, "is not JSON; write one object on each line") from error


def _bad(number: int, what: str) -> BadFile:
    return BadFile(f"Line {number} {what}.", code="BAD_JSON")
