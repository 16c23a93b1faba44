"""Bodies are kept small, and come back byte for byte, those of before too."""

from __future__ import annotations

import hashlib
import zlib
from contextlib import suppress
from importlib.resources import files
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from benchmarks.body_dictionary import sample
from tracker.store.packing import DICTIONARY, TEXT_MAX, Damaged, pack, unpack

DIGEST = b'"sha256:' + b"0123456789abcdef" * 4 + b'"'
BODY, _ = sample(Random(7), 600)
FIXED = {1: "850ea0f11f3b4a13644f925bd222f369f248d5656db25e825363c0de0f08623f"}
"""The digest of each dictionary: what was packed with one is read with the same bytes for ever."""


class TestPack:
    @given(some.lists(some.sampled_from([DIGEST, b"sha256:", b'"', b"x", DIGEST[:-1], b"{}"])))
    def test_gives_back_every_text(self, parts: list[bytes]) -> None:
        text = b"".join(parts)
        assert unpack(pack(text)) == text

    @given(some.binary(max_size=300))
    def test_gives_back_all_bytes(self, text: bytes) -> None:
        assert unpack(pack(text)) == text

    @pytest.mark.parametrize("text", [b'"sha256:"' + DIGEST, DIGEST * 256, b""])
    def test_gives_back_what_looks_like_what_it_leaves(self, text: bytes) -> None:
        assert unpack(pack(text)) == text

    def test_makes_a_body_small(self) -> None:
        packed = pack(BODY)
        assert unpack(packed) == BODY
        assert len(packed) < len(zlib.compress(BODY, 9)) * 0.65

    def test_writes_by_a_dictionary_that_never_changes(self) -> None:
        found = {
            number: hashlib.sha256(_file(number)).hexdigest() for number in range(1, DICTIONARY + 1)
        }
        assert found == FIXED


class TestUnpack:
    def test_reads_what_was_written_before_there_was_a_dictionary(self) -> None:
        assert all(unpack(zlib.compress(BODY, level)) == BODY for level in (1, 6, 9))

    @pytest.mark.parametrize("cut", [0, 1, 2, 40, 98, 99, -1])
    def test_refuses_what_is_cut_off(self, cut: int) -> None:
        for packed in (pack(BODY), zlib.compress(BODY)):
            with pytest.raises(Damaged):
                unpack(packed[:cut])

    @pytest.mark.parametrize("raw", [b"?", b"\0\0", b"\x02\0", b"not packed", b"x\x9c", b"x"])
    def test_refuses_what_is_none(self, raw: bytes) -> None:
        with pytest.raises(Damaged):
            unpack(raw)

    def test_refuses_digests_without_a_place(self) -> None:
        packed = pack(BODY)
        with pytest.raises(Damaged, match="places"):
            unpack(packed[:1] + b"\x01" + packed[2:34] + packed[2 + 32 * packed[1] :])

    def test_refuses_what_claims_to_be_huge(self) -> None:
        with pytest.raises(Damaged, match="more than a body"):
            unpack(pack(b"0" * (TEXT_MAX + 1)))
        with pytest.raises(Damaged, match="more than a body"):
            unpack(zlib.compress(b"0" * (TEXT_MAX + 1)))

    @given(some.data())
    def test_never_fails_in_another_way(self, data: some.DataObject) -> None:
        packed = bytearray(pack(BODY))
        bit = data.draw(some.integers(0, len(packed) * 8 - 1))
        packed[bit >> 3] ^= 1 << (bit & 7)
        with suppress(Damaged):
            unpack(bytes(packed))


def _file(number: int) -> bytes:
    return files("tracker.store").joinpath(f"bodies-{number}.dict").read_bytes()
