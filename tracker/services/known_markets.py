"""Markets as this process read them last: enough to decide on, where the commit compares them.

A market changes a few times a year, and each registration is decided on it. What is remembered is
never trusted by itself: who decides on it has the commit expect the version that was remembered
(`Commit.expect`), so nothing is written on a market that has changed since, in whichever process.
A refusal is never decided on it either: who would refuse reads first.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from tracker.domain.market import Market

MARKETS_MAX: Final = 4_096
"""Markets that a process remembers, some MB; beyond, the one not asked for longest goes."""


class KnownMarkets:
    """What one process remembers of markets."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Market] = OrderedDict()

    def get(self, market: str) -> Market | None:
        """The market as it was read last."""
        found = self._known.get(market)
        if found is not None:
            self._known.move_to_end(market)
        return found

    def keep(self, read: Market) -> None:
        """Remembers a market that was just read."""
        self._known[read.id] = read
        self._known.move_to_end(read.id)
        if len(self._known) > MARKETS_MAX:
            self._known.popitem(last=False)

    def forget(self, market: str) -> None:
        """It is another one now."""
        self._known.pop(market, None)
