"""Do the seals of a ledger fit its entries, and each other?

The entries go by once, each hashed as it comes. A seal that does not fit says that an entry or the
seal itself was changed; the seal after it, which was made over the right digest, tells which.
"""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tracker.domain.seal import genesis, sealed_bytes
from tracker.services.audit_difference import NONE, Difference
from tracker.store.seals import NEWEST, Newest, Seal, StoredSeals, read_newest, read_seal
from tracker.store.views import RawEntry

_NUMBER = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)

ENTRIES_CHANGED = "an entry was changed"
SEAL_CHANGED = "the seal was changed, its entries are as they were"
EITHER_CHANGED = "an entry or the seal was changed"


class _Part(NamedTuple):
    """A part of the ledger that one seal covers; one whose record is lost has no digest.

    Where several records in a row are lost, their part is one, and `whole` is false: what stood
    behind it cannot be computed.
    """

    number: str
    first: int
    last: int
    digest: bytes | None
    whole: bool = True

    @property
    def subject(self) -> str:
        return f"{self.number} (entries {self.first} to {self.last})"


class _Doubt(NamedTuple):
    """A seal that does not fit, until the next one tells why: what its entries give instead."""

    part: _Part
    digest: bytes
    given: bytes


class SealCheck:
    """The seals of one ledger, to be compared with its entries as they go by, in order.

    `faults` are complete after `end`.
    """

    def __init__(self, space: str, stored: StoredSeals) -> None:
        self.faults: list[Difference] = []
        self._space = space
        if stored.wrong:
            self._fault("all", "what the service writes", stored.wrong)
        self._newest = self._read_newest(stored.records)
        self._parts = deque(self._plan(self._read_seals(stored.records)))
        self._last = self._parts[-1] if self._parts else None
        self._doubt: _Doubt | None = None
        self._hashes = [hashlib.sha256(genesis(space))]

    def add(self, entry: RawEntry) -> None:
        """The next entry."""
        while self._parts and self._parts[0].last < entry.position:
            self._close(self._parts.popleft())
        if self._parts:
            subject = (entry.subject or "").encode()
            raw = sealed_bytes(entry.position, subject, entry.raw or b"")
            for hash_ in self._hashes:
                hash_.update(raw)

    def end(self, position: int) -> None:
        """The ledger ends with this position; may be said again of a ledger that has grown."""
        while self._parts and self._parts[0].last <= position:
            self._close(self._parts.popleft())
        if self._parts:
            should = f"the ledger to go on to entry {self._parts[-1].last}"
            self._fault(self._parts[0].subject, should, f"its end at entry {position}")
            self._parts.clear()
            self._last = None  # the newest record repeats a digest that was not reached
        self._settle()
        self._last = None

    def _close(self, part: _Part) -> None:
        """A part's entries are all there: its seal must be one of those that they give.

        They give more than one where it is not known which digest stood before them, and none
        where that is lost: then the seal stands unproven behind others that are named.
        """
        given = [hash_.digest() for hash_ in self._hashes]
        if part.digest in given:
            if self._doubt is not None:
                proven = given.index(part.digest) == 1
                self._decide(SEAL_CHANGED if proven else ENTRIES_CHANGED)
            follows = [part.digest]
        elif part.digest is None:
            self._decide(EITHER_CHANGED)
            follows = given if part.whole else []
        elif not given:
            follows = [part.digest]
        else:
            self._decide(EITHER_CHANGED)
            self._doubt = _Doubt(part, part.digest, given[0])
            follows = [part.digest, given[0]]
        self._hashes = [hashlib.sha256(digest) for digest in follows]

    def _settle(self) -> None:
        """The newest record repeats the last digest: it tells of the last seal what others do."""
        repeated = None if self._newest is None else self._newest.digest
        if (
            self._newest is not None
            and self._last
            and str(self._newest.ordinal) != self._last.number
        ):
            repeated = None  # of another seal, which was named
        if self._doubt is not None:
            whys = {self._doubt.digest: ENTRIES_CHANGED, self._doubt.given: SEAL_CHANGED}
            self._decide(whys.get(repeated or b"", EITHER_CHANGED))
        elif self._last is not None and repeated is not None:
            digest = self._last.digest
            if digest is not None and repeated != digest:
                self._fault(NEWEST, f"sha256 {_short(digest)}", f"sha256 {_short(repeated)}")

    def _decide(self, why: str) -> None:
        if self._doubt is not None:
            part, digest, given = self._doubt
            self._fault(part.subject, f"sha256 {_short(digest)}", f"sha256 {_short(given)}: {why}")
            self._doubt = None

    # ── the records ──────────────────────────────────────────────────────────────────────────

    def _read_newest(self, stored: Mapping[str, bytes]) -> Newest | None:
        raw = stored.get(NEWEST)
        newest = None if raw is None else read_newest(raw)
        if stored and newest is None:
            found = NONE if raw is None else "bytes that are none"
            self._fault(NEWEST, "the number of the newest seal", found)
        return newest

    def _read_seals(self, stored: Mapping[str, bytes]) -> dict[int, Seal | None]:
        """The seals by number, in order; None for one that is unreadable."""
        seals: dict[int, Seal | None] = {}
        for field, raw in stored.items():
            if _NUMBER.fullmatch(field):
                seals[int(field)] = read_seal(raw)
            elif field != NEWEST:
                self._fault(field, NONE, "a record of no number")
        for number, seal in sorted(seals.items()):
            if seal is None:
                self._fault(str(number), "a seal", "bytes that are none")
        return dict(sorted(seals.items()))

    def _plan(self, seals: Mapping[int, Seal | None]) -> Iterator[_Part]:
        """The parts of the ledger, one after the other; names what is missing between them."""
        number = known = position = 0  # the last seal, the last one that could be read, its end
        for next_, seal in seals.items():
            self._missing(number + 1, next_ - 1)
            number = next_
            if seal is None:
                continue
            if seal.first > position + 1 and known < number - 1:
                lost, whole = _span(known + 1, number - 1), known == number - 2
                yield _Part(lost, position + 1, seal.first - 1, None, whole)
                position = seal.first - 1
            if seal.first != position + 1:
                begins = f"to begin with entry {position + 1}"
                self._fault(
                    _Part(str(number), seal.first, seal.last, None).subject,
                    begins,
                    f"entry {seal.first}",
                )
            known = number
            if seal.last > position:
                yield _Part(str(number), position + 1, seal.last, seal.digest)
                position = seal.last
        if self._newest is None:
            return
        newest, reached = self._newest, (number, position)
        self._missing(number + 1, newest.ordinal)
        if newest.ordinal == number + 1 and known == number and newest.last > position:
            yield _Part(str(newest.ordinal), position + 1, newest.last, newest.digest)
        said = newest.ordinal, newest.last
        if said != reached and newest.ordinal <= number == known:
            self._fault(NEWEST, *("number {}, up to entry {}".format(*x) for x in (reached, said)))

    def _missing(self, first: int, last: int) -> None:
        if first <= last:
            self._fault(_span(first, last), "a seal", NONE)

    def _fault(self, subject: str, expected: str, found: str) -> None:
        self.faults.append(Difference(self._space, "seal", subject, expected, found))


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first} to {last}"


def _short(digest: bytes) -> str:
    return digest.hex()[:12]
