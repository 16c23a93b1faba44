"""A seal changes with everything that it covers, and can be recomputed from its description."""

from __future__ import annotations

import hashlib
import struct

from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.seal import (
    SEAL_ENTRIES,
    SealedEntry,
    Stretch,
    digest_of,
    genesis,
    stretches,
)

SUBJECTS = st.sampled_from([b"0", b"1", b"12", b"key:abc"])
FACTS = st.binary(min_size=1, max_size=40)


@st.composite
def ledgers(draw: st.DrawFn) -> list[SealedEntry]:
    first = draw(st.integers(1, 2**40))
    facts = draw(st.lists(st.tuples(SUBJECTS, FACTS), min_size=1, max_size=8))
    return [SealedEntry(first + n, *entry) for n, entry in enumerate(facts)]


def by_the_book(previous: bytes, entries: list[SealedEntry]) -> bytes:
    """The digest as the description says it, made without the code that it describes."""
    whole = previous
    for position, subject, fact in entries:
        whole += struct.pack(">QL", position, len(subject)) + subject
        whole += struct.pack(">L", len(fact)) + fact
    return hashlib.sha256(whole).digest()


GENESIS = genesis("cho-vung-tau")


class TestADigest:
    @given(ledgers())
    def test_is_what_its_description_says(self, entries: list[SealedEntry]) -> None:
        assert digest_of(GENESIS, entries) == by_the_book(GENESIS, entries)

    def test_is_the_same_for_ever(self) -> None:
        entries = [SealedEntry(1, b"0", b"\x94\x01"), SealedEntry(2, b"17", b"")]
        assert digest_of(genesis("cho-ben"), entries).hex() == (
            "35d32f9710a6c67273cc30e26c58cd29b35799a783360c2abf60ad35bf5a76c3"
        )

    @given(ledgers(), st.data())
    def test_changes_with_any_bit(self, entries: list[SealedEntry], data: st.DataObject) -> None:
        n = data.draw(st.integers(0, len(entries) - 1))
        position, *fields = entries[n]
        which = data.draw(st.integers(0, 1))
        raw = bytearray(fields[which])
        bit = data.draw(st.integers(0, 8 * len(raw) - 1))
        raw[bit // 8] ^= 1 << bit % 8
        other = [*entries]
        fields[which] = bytes(raw)
        other[n] = SealedEntry(position, *fields)
        assert digest_of(GENESIS, other) != digest_of(GENESIS, entries)

    @given(ledgers(), st.data())
    def test_changes_where_bytes_move_between_fields_and_entries(
        self, entries: list[SealedEntry], data: st.DataObject
    ) -> None:
        n = data.draw(st.integers(0, len(entries) - 1))
        _, subject, fact = entries[n]
        other = [*entries]
        other[n] = entries[n]._replace(subject=subject + fact[:1], fact=fact[1:])
        assert digest_of(GENESIS, other) != digest_of(GENESIS, entries)

    @given(ledgers(), st.data())
    def test_changes_with_a_position(self, entries: list[SealedEntry], data: st.DataObject) -> None:
        n = data.draw(st.integers(0, len(entries) - 1))
        other = [*entries]
        other[n] = entries[n]._replace(position=entries[n].position ^ data.draw(st.integers(1, 9)))
        assert digest_of(GENESIS, other) != digest_of(GENESIS, entries)

    @given(ledgers(), st.data())
    def test_changes_where_an_entry_is_missing_or_one_too_many(
        self, entries: list[SealedEntry], data: st.DataObject
    ) -> None:
        n = data.draw(st.integers(0, len(entries) - 1))
        digest = digest_of(GENESIS, entries)
        assert digest_of(GENESIS, entries[:n] + entries[n + 1 :]) != digest
        assert digest_of(GENESIS, [*entries[:n], entries[n], *entries[n:]]) != digest

    @given(ledgers(), st.data())
    def test_changes_with_the_order(self, entries: list[SealedEntry], data: st.DataObject) -> None:
        other = data.draw(st.permutations(entries))
        same = other == entries
        assert (digest_of(GENESIS, other) == digest_of(GENESIS, entries)) is same

    @given(ledgers())
    def test_changes_with_the_seal_before(self, entries: list[SealedEntry]) -> None:
        digest = digest_of(GENESIS, entries)
        assert digest_of(digest, entries) != digest
        assert digest_of(genesis("cho-phuong-7"), entries) != digest


class TestStretches:
    @given(st.integers(0, 5_000), st.integers(0, 5_000))
    def test_follow_each_other_without_a_gap(self, after: int, more: int) -> None:
        found = list(stretches(after, after + more, quiet=True))
        covered = [n for first, last in found for n in range(first, last + 1)]
        assert covered == list(range(after + 1, after + more + 1))
        assert all(last - first < SEAL_ENTRIES for first, last in found)

    @given(st.integers(0, 5_000), st.integers(0, 5_000))
    def test_of_a_ledger_that_still_grows_are_full(self, after: int, more: int) -> None:
        found = list(stretches(after, after + more, quiet=False))
        assert len(found) == more // SEAL_ENTRIES
        assert all(last - first + 1 == SEAL_ENTRIES for first, last in found)

    def test_of_a_ledger_that_was_cut_are_none(self) -> None:
        assert list(stretches(7, 5, quiet=True)) == []
        assert list(stretches(7, 8, quiet=True)) == [Stretch(8, 8)]
