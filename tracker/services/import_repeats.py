"""Which names of a file come again: what a dry run has to remember of what it imagines.

A dry run writes nothing, so the store cannot tell it what rows of before would have done. Of a
million rows hardly any is about a stall that an earlier one was about; so the file is gone through
once for its names alone. They are kept as hashes, 16 bytes a name while they are counted and 16
bytes a name that repeats: two names with one hash (one pair in 10 million files of a million
rows) make the dry run remember something longer than it had to, no more.
"""

from __future__ import annotations

from array import array
from typing import Final

import numpy as np
from numpy.typing import NDArray

_NUMBERS: Final = "q"  # 64 bits, as `hash` gives them


class Repeats:
    """The last row in which each name stands that stands in more than one."""

    def __init__(self) -> None:
        self._noted = array(_NUMBERS), array(_NUMBERS)
        self._names: NDArray[np.int64] = np.empty(0, np.int64)
        self._last: NDArray[np.int64] = np.empty(0, np.int64)

    def note(self, market: str, name: str, row: int) -> None:
        """A row is about this name; all rows in the order of the file, before any question."""
        hashes, rows = self._noted
        hashes.append(hash((market, name)))
        rows.append(row)

    def _settle(self) -> None:
        hashes, rows = (np.array(noted, np.int64) for noted in self._noted)
        self._noted = array(_NUMBERS), array(_NUMBERS)
        order = np.argsort(hashes, kind="stable")
        hashes, rows = hashes[order], rows[order]
        last = np.append(hashes[1:] != hashes[:-1], True)[: len(hashes)]
        first = np.append(True, last[:-1])[: len(hashes)]
        repeated = last & ~first
        self._names, self._last = hashes[repeated], rows[repeated]

    def since(self, market: str, name: str, row: int) -> bool:
        """Whether the name, which stood in an earlier row, comes in this row or a later one."""
        if self._noted[0]:
            self._settle()
        sought = hash((market, name))
        place = int(np.searchsorted(self._names, sought))
        if place == len(self._names) or self._names[place] != sought:
            return False
        return bool(self._last[place] >= row)
