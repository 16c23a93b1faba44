"""The views of one space, made anew from the entries of its ledger and from nothing else."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import Any

from msgspec import DecodeError, msgpack

from tracker.domain.approvals import is_asked
from tracker.domain.bitmaps import bitmap
from tracker.domain.facts import (
    ActivityReported,
    AnyFact,
    FirstPaid,
    IndicatorReported,
    MarketFact,
    MarketFounded,
    MarketOpened,
    PersonalDataErased,
    Published,
    Registered,
    ServiceFact,
    VendorFact,
)
from tracker.domain.findings import findable
from tracker.domain.limits import VENDORS_MAX
from tracker.domain.rows import EMPTY
from tracker.domain.vendor import History
from tracker.domain.views import Views, views_of
from tracker.services.audit_chain import Chain
from tracker.services.audit_difference import NONE, Difference, Label
from tracker.services.audit_feed import Due, due
from tracker.services.audit_seals import SealCheck
from tracker.store.commit import MARKET, header
from tracker.store.keys import SERVICE
from tracker.store.publications import records_of
from tracker.store.seals import NO_SEALS, StoredSeals
from tracker.store.views import RawEntry, SpaceViews

_NUMBER = re.compile(r"[1-9][0-9]{0,6}", re.ASCII)
# A fact under a subject of another kind is as bad as one that does not decode.
_vendor_fact: msgpack.Decoder[Any] = msgpack.Decoder(VendorFact)
_market_fact: msgpack.Decoder[Any] = msgpack.Decoder(MarketFact)
_service_fact: msgpack.Decoder[Any] = msgpack.Decoder(ServiceFact)


class Ledger:
    """A ledger as far as it was read; more entries may be added, and the views taken again.

    `faults` are what is wrong with the ledger itself, and `clashes` (after `views`) unique names
    that two vendors hold by it: with any, the views are what the rest of it gives, which is good
    to compare with and not good enough to replace anything.
    """

    def __init__(self, space: str, prefix: str = "", seals: StoredSeals = NO_SEALS) -> None:
        self.space = space
        self.prefix = prefix
        self.position = 0
        self.entries = 0
        self.faults: list[Difference] = []
        self.clashes: list[Difference] = []
        self.sealed = SealCheck(space, seals)
        self.publications: list[Published] = []
        self.reported: list[Due] = []
        self.activity: list[ActivityReported | FirstPaid] = []
        self.founded: dict[str, str] = {}
        self._asked: dict[str, str] = {}
        self._chain = Chain(space)
        self._raws: dict[str, list[bytes]] = {}
        self._vendors: dict[int, list[VendorFact]] = {}
        self._views: dict[int, Views] = {}

    @property
    def label(self) -> Label:
        """How this space's subjects are named."""
        return Label(self.prefix)

    @property
    def registered(self) -> list[int]:
        """The numbers of all vendors that were ever registered."""
        return sorted(
            number
            for number, facts in self._vendors.items()
            if any(isinstance(fact, Registered) for fact in facts)
        )

    @property
    def erased(self) -> set[int]:
        """The numbers of the vendors whose personal data were erased."""
        return {
            number
            for number, facts in self._vendors.items()
            if any(isinstance(fact, PersonalDataErased) for fact in facts)
        }

    @property
    def findable(self) -> dict[int, bytes]:
        """The vendors that the account index must know, each with the state it is to be read in."""
        return {
            number: header(len(facts))
            for number, facts in self._vendors.items()
            if any(map(findable, facts))
        }

    @property
    def due(self) -> list[Due]:
        """What the feed is to hold of this space."""
        return self.reported if self.space == SERVICE else due(self.publications)

    @property
    def highest(self) -> int:
        """The highest vendor number used; 0 where there is none."""
        return max(self._vendors, default=0)

    def add(self, entry: RawEntry) -> None:
        """The next entry."""
        self.end(entry.position - 1)
        self.position = entry.position
        self.entries += 1
        self.sealed.add(entry)
        fact = None
        if entry.subject is not None and entry.raw is not None:
            fact = self._decode(entry.subject, entry.raw)
        if fact is None or entry.subject is None or entry.raw is None:
            self._fault(str(entry.position), "a fact", "an entry that is none")
            return
        if isinstance(fact, Published):
            self.faults += self._chain.faults(entry.position, fact)
            self.publications.append(fact)
            return
        if isinstance(fact, ActivityReported | FirstPaid):
            self.activity.append(fact)
            return
        if isinstance(fact, IndicatorReported):
            self.reported.append(Due(str(entry.position), fact.recorded, entry.position))
        raws = self._raws.setdefault(entry.subject, [])
        raws.append(entry.raw)
        if is_asked(fact):
            self._asked[f"{entry.subject}.{len(raws)}"] = str(fact.recorded)
        if isinstance(fact, MarketFounded):
            self.founded[fact.market] = fact.prefix
        elif isinstance(fact, MarketOpened):
            self.prefix = self.prefix or fact.prefix
        if self.space != SERVICE and entry.subject != MARKET:
            number = int(entry.subject)
            self._vendors.setdefault(number, []).append(fact)  # type: ignore[arg-type]
            self._views.pop(number, None)

    def end(self, position: int) -> None:
        """There must be no entry between the last one added and this position, inclusive."""
        first = self.position + 1
        if first <= position:
            which = str(position) if first == position else f"{first} to {position}"
            self._fault(which, "an entry at each position", NONE)
            self.position = position

    def _decode(self, subject: str, raw: bytes) -> AnyFact | None:
        if self.space == SERVICE:
            decoder = _service_fact
        elif subject == MARKET:
            decoder = _market_fact
        elif _NUMBER.fullmatch(subject) and int(subject) <= VENDORS_MAX:
            decoder = _vendor_fact
        else:
            return None
        try:
            fact: AnyFact = decoder.decode(raw)
        except (DecodeError, UnicodeDecodeError):
            return None
        return fact

    def _fault(self, subject: str, expected: str, found: str) -> None:
        self.faults.append(Difference(self.space, "ledger", subject, expected, found))

    def views(self) -> SpaceViews:
        """The views that this ledger gives."""
        self.clashes = []
        made = SpaceViews()
        for subject, raws in self._raws.items():
            made.docs[subject] = header(len(raws)) + b"".join(raws)
        made.asked = dict(self._asked)
        for market, prefix in self.founded.items():
            made.names[f"market:{market}"] = prefix
            made.names[f"prefix:{prefix}"] = market
        lines: Counter[tuple[int, str]] = Counter()
        sets: defaultdict[str, list[int]] = defaultdict(list)
        for number, facts in self._vendors.items():
            seen = self._views.get(number)
            if seen is None:
                seen = self._views[number] = views_of(History(self.prefix, number, tuple(facts)))
            for name, holder in seen.names.items():
                other = made.names.setdefault(name, holder)
                if other != holder:
                    both = f"{other} and {holder}"
                    self.clashes.append(Difference(self.space, "ledger", name, "one holder", both))
            for line, count in seen.lines.items():
                lines[line] += count
            if seen.row != EMPTY:
                made.rows[str(number)] = seen.row
            for set_ in seen.sets:
                sets[set_].append(number)
        made.lines = {f"{day}:{line}": str(n) for (day, line), n in lines.items() if n}
        made.sets = {name: bitmap(vendors) for name, vendors in sets.items()}
        for fact in self.publications:
            made.published.update(records_of(fact))
        return made
