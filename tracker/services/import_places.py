"""Which market a row of a bank's file means: the id or the name that it gives."""

from __future__ import annotations

from collections import Counter

from tracker.access.keys import Principal
from tracker.domain.text import search_key
from tracker.services.context import Tracker


class Places:
    """The markets in a principal's scope; with `only`, that one alone, named or not."""

    def __init__(self, tracker: Tracker, principal: Principal, only: str | None) -> None:
        self._tracker = tracker
        self._principal = principal
        self._only = only
        self._ids: frozenset[str] | None = None
        self._names: dict[str, str] | None = None
        self._known: dict[str, str | None] = {"": only}

    def known(self, written: str) -> str | None:
        """What `find` found before."""
        return self._known[written]

    async def find(self, written: str) -> str | None:
        """The market's id; None where none in scope, or more than one, is called so."""
        if written not in self._known:
            found = await self._look(written)
            self._known[written] = found if self._only in {None, found} else None
        return self._known[written]

    async def _look(self, written: str) -> str | None:
        if self._ids is None:
            markets = await self._tracker.reader.markets()
            self._ids = frozenset(filter(self._principal.may_market, markets))
        key = search_key(written)
        for id_ in (written, key):
            if id_ in self._ids:
                return id_
        if self._names is None:  # read only where a file calls markets by name
            places = await self._tracker.reader.some_markets(sorted(self._ids))
            shared = Counter(search_key(place.name) for place in places)
            named = {search_key(place.name): place.id for place in places}
            self._names = {name: id_ for name, id_ in named.items() if shared[name] == 1}
        return self._names.get(key)
