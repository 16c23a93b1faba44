"""What the comparison of seals and entries says, for each thing that can be damaged."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec import msgpack

from tracker.domain.seal import SealedEntry, digest_of, genesis
from tracker.services.audit_seals import (
    EITHER_CHANGED,
    ENTRIES_CHANGED,
    SEAL_CHANGED,
    SealCheck,
)
from tracker.store.seals import NEWEST, Newest, Seal, StoredSeals
from tracker.store.views import RawEntry

SPACE = "cho-ben"
LENGTHS = (3, 5, 1, 4)
ENTRIES = [RawEntry(n, str(n % 3), b"fact %d" % n) for n in range(1, sum(LENGTHS) + 1)]
TAIL = [RawEntry(sum(LENGTHS) + 1, "1", b"not sealed yet")]


def made() -> dict[str, bytes]:
    """The seals of the entries, as they are stored."""
    records, position, digest = {}, 0, genesis(SPACE)
    for number, length in enumerate(LENGTHS, 1):
        some = ENTRIES[position : position + length]
        sealed = [SealedEntry(e.position, (e.subject or "").encode(), e.raw or b"") for e in some]
        digest = digest_of(digest, sealed)
        records[str(number)] = msgpack.encode(Seal(position + 1, position + length, digest))
        position += length
    records[NEWEST] = msgpack.encode(Newest(len(LENGTHS), position, digest))
    return records


def said(records: dict[str, bytes], entries: list[RawEntry]) -> list[tuple[str, str, str]]:
    """Subject, expected and found of each difference."""
    check = SealCheck(SPACE, StoredSeals(records))
    for entry in entries:
        check.add(entry)
    last = entries[-1].position if entries else 0
    check.end(last)
    check.end(last + 5)  # as `rebuild` does, of a ledger that has grown
    assert {(d.space, d.kind) for d in check.faults} <= {(SPACE, "seal")}
    return [(d.subject, d.expected, d.found) for d in check.faults]


def flipped(raw: bytes, at: int = -1) -> bytes:
    """One bit changed."""
    changed = bytearray(raw)
    changed[at] ^= 1
    return bytes(changed)


def change(position: int, how: Callable[[RawEntry], RawEntry]) -> list[RawEntry]:
    """The entries with one of them changed."""
    return [how(e) if e.position == position else e for e in [*ENTRIES, *TAIL]]


def whys(found: list[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """Subjects and reasons of digests that do not fit."""
    return [(subject, is_.partition(": ")[2]) for subject, _, is_ in found]


class TestSeals:
    def test_that_fit_give_nothing(self) -> None:
        assert said(made(), [*ENTRIES, *TAIL]) == []
        assert said(made(), ENTRIES) == []
        assert said({}, ENTRIES) == []
        assert said({}, []) == []

    @pytest.mark.parametrize(
        ("position", "subject"),
        [
            (1, "1 (entries 1 to 3)"),
            (8, "2 (entries 4 to 8)"),
            (9, "3 (entries 9 to 9)"),
            (13, "4 (entries 10 to 13)"),
        ],
    )
    def test_name_the_stretch_of_an_entry_that_was_changed(
        self, position: int, subject: str
    ) -> None:
        ways: list[Callable[[RawEntry], RawEntry]] = [
            lambda e: e._replace(raw=flipped(e.raw or b"")),
            lambda e: e._replace(subject="7"),
            lambda e: e._replace(subject=None),
            lambda e: e._replace(raw=None),
        ]
        for way in ways:
            assert whys(said(made(), change(position, way))) == [(subject, ENTRIES_CHANGED)]

    def test_name_each_stretch_of_several(self) -> None:
        entries = [e._replace(raw=b"?") if e.position in (2, 5, 6, 12) else e for e in ENTRIES]
        found = whys(said(made(), entries))
        assert [subject.split()[0] for subject, _ in found] == ["1", "2", "4"]
        assert [why for _, why in found] == [EITHER_CHANGED, ENTRIES_CHANGED, ENTRIES_CHANGED]

    def test_name_the_stretch_of_an_entry_that_is_gone(self) -> None:
        entries = [e for e in ENTRIES if e.position != 8]
        assert whys(said(made(), entries)) == [("2 (entries 4 to 8)", ENTRIES_CHANGED)]

    @pytest.mark.parametrize("number", range(1, 5))
    def test_that_were_changed_themselves_are_told_apart_from_their_entries(
        self, number: int
    ) -> None:
        records = made()
        records[str(number)] = flipped(records[str(number)])
        ((subject, why),) = whys(said(records, ENTRIES))
        assert subject.startswith(f"{number} (entries ")
        assert why == SEAL_CHANGED

    @pytest.mark.parametrize("number", range(1, 5))
    def test_one_that_is_missing(self, number: int) -> None:
        records = made()
        del records[str(number)]
        assert said(records, ENTRIES) == [(str(number), "a seal", "none")]

    @pytest.mark.parametrize("number", range(1, 5))
    def test_one_that_is_missing_hides_no_changed_entry(self, number: int) -> None:
        records = made()
        del records[str(number)]
        for position in range(1, 14):
            entries = change(position, lambda e: e._replace(raw=b"?"))
            assert len(said(records, entries)) == 2

    def test_several_that_are_missing(self) -> None:
        records = made()
        del records["2"], records["3"]
        assert said(records, ENTRIES) == [("2 to 3", "a seal", "none")]
        first = change(1, lambda e: e._replace(raw=b"?"))
        assert len(said(records, first)) == 2

    def test_one_that_is_no_record(self) -> None:
        for raw in (b"", b"\xc1", msgpack.encode([1, 2]), msgpack.encode([5, 4, bytes(32)])):
            records = {**made(), "2": raw}
            assert said(records, ENTRIES) == [("2", "a seal", "bytes that are none")]

    def test_one_under_another_name(self) -> None:
        records = made()
        records["r"] = records.pop("2")
        assert said(records, ENTRIES) == [
            ("r", "none", "a record of no number"),
            ("2", "a seal", "none"),
        ]

    def test_one_with_another_beginning_or_end(self) -> None:
        records = made()
        seal = msgpack.decode(records["2"], type=Seal)
        records["2"] = msgpack.encode(Seal(seal.first + 1, seal.last, seal.digest))
        assert said(records, ENTRIES) == [
            ("2 (entries 5 to 8)", "to begin with entry 4", "entry 5")
        ]
        for last in (5, 9, 2**40):
            records["2"] = msgpack.encode(Seal(seal.first, last, seal.digest))
            assert said(records, ENTRIES)

    def test_of_a_ledger_that_was_cut(self) -> None:
        assert said(made(), ENTRIES[:6]) == [
            ("2 (entries 4 to 8)", "the ledger to go on to entry 13", "its end at entry 6")
        ]
        assert [subject for subject, *_ in said(made(), [])] == ["1 (entries 1 to 3)"]

    def test_of_another_ledger(self) -> None:
        check = SealCheck("cho-khac", StoredSeals(made()))
        for entry in ENTRIES:
            check.add(entry)
        check.end(len(ENTRIES))
        assert [d.subject for d in check.faults] == ["1 (entries 1 to 3)"]

    def test_of_another_type(self) -> None:
        check = SealCheck(SPACE, StoredSeals({}, "a key of another type"))
        check.end(0)
        assert [(d.subject, d.found) for d in check.faults] == [("all", "a key of another type")]


class TestTheNewestRecord:
    def test_is_missing(self) -> None:
        records = made()
        del records[NEWEST]
        assert said(records, ENTRIES) == [(NEWEST, "the number of the newest seal", "none")]

    def test_is_none(self) -> None:
        records = {**made(), NEWEST: b"?"}
        assert [is_ for *_, is_ in said(records, ENTRIES)] == ["bytes that are none"]

    def test_says_something_else(self) -> None:
        newest = msgpack.decode(made()[NEWEST], type=Newest)
        others = [
            (Newest(3, newest.last, newest.digest), NEWEST),
            (Newest(4, 12, newest.digest), NEWEST),
            (Newest(4, newest.last, flipped(newest.digest)), NEWEST),
            (Newest(6, newest.last, newest.digest), "5 to 6"),
        ]
        for other, subject in others:
            found = said({**made(), NEWEST: msgpack.encode(other)}, ENTRIES)
            assert [name for name, *_ in found] == [subject]
