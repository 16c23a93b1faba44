"""Is a ledger whole as it goes by, into a backup or out of one?"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from tracker.domain.seal import genesis, sealed_bytes
from tracker.services.backup_lines import SealLine
from tracker.store.dump_shapes import Damaged
from tracker.store.seals import NEWEST, Seal, read_seal


class LedgerCheck:
    """Entries of one ledger as they go by: positions without gaps, seals that fit them.

    `digest` is what a seal of the entries since the last one would have. Raises what `refusal`
    makes of a sentence.
    """

    def __init__(self, name: str, refusal: Callable[[str], Exception] = Damaged) -> None:
        self._refusal = refusal
        self.position = 0
        self._name = name
        self._sealed = 0
        self._number = 0
        self._hash = hashlib.sha256(genesis(name))

    @property
    def digest(self) -> str:
        """Hex."""
        return self._hash.hexdigest()

    def add(self, position: int, subject: bytes, fact: bytes) -> None:
        """The next entry."""
        if position != self.position + 1:
            raise self._refusal(f"The ledger {self._name} lacks entry {self.position + 1}.")
        self.position = position
        self._hash.update(sealed_bytes(position, subject, fact))

    def seal(self, seal: SealLine) -> None:
        """The seal that ends here."""
        follows = (seal.number, seal.first) == (self._number + 1, self._sealed + 1)
        if not follows or (seal.last, seal.digest) != (self.position, self.digest):
            raise self._refusal(f"Seal {seal.number} of {self._name} does not fit its entries.")
        self._number, self._sealed = seal.number, seal.last
        self._hash = hashlib.sha256(bytes.fromhex(seal.digest))


def seals_of(name: str, records: Mapping[str, bytes]) -> list[SealLine]:
    """The seals of a ledger in their order."""
    made = []
    for number, raw in records.items():
        if number != NEWEST:
            seal: Seal | None = read_seal(raw) if number.isdecimal() else None
            if seal is None:
                raise Damaged(f"Seal {number} of the ledger {name} is none.")
            made.append(SealLine(int(number), seal.first, seal.last, seal.digest.hex()))
    return sorted(made, key=lambda seal: seal.number)
