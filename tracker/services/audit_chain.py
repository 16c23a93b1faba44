"""Does each publication entry of a market's ledger follow the one before it?"""

from __future__ import annotations

from collections.abc import Iterator

from tracker.domain.facts import Published
from tracker.services.audit_difference import Difference, publication

DIGEST_BYTES = 32


class Chain:
    """The publications of one market, to be looked at in the order of the ledger."""

    def __init__(self, space: str) -> None:
        self._space = space
        self._ordinal = 0
        self._revisions: dict[int, int] = {}

    def faults(self, position: int, fact: Published) -> Iterator[Difference]:
        """What is wrong with the entry at a position: its own numbers, not the body's."""
        numbers = {
            "number {} in the chain": (self._ordinal + 1, fact.ordinal),
            "revision {} of the day": (self._revisions.get(fact.day, 0) + 1, fact.revision),
        }
        named = f"{position} (publication {publication(fact.day, fact.revision)})"
        for text, (should, is_) in numbers.items():
            if should != is_:
                yield self._fault(named, text.format(should), text.format(is_))
        self._ordinal, self._revisions[fact.day] = fact.ordinal, fact.revision
        if not 0 <= fact.position < position:
            before = f"made at an entry before {position}"
            yield self._fault(named, before, f"made at entry {fact.position}")
        digests = {"digest": fact.digest, "content_digest": fact.content_digest}
        if fact.details_digest:
            digests["details_digest"] = fact.details_digest
        for name, digest in digests.items():
            if len(digest) != DIGEST_BYTES:
                size = f"{name} of {{}} bytes"
                yield self._fault(named, size.format(DIGEST_BYTES), size.format(len(digest)))

    def _fault(self, subject: str, expected: str, found: str) -> Difference:
        return Difference(self._space, "ledger", subject, expected, found)
