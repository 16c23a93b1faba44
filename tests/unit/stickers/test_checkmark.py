"""The check mark: stable, short, unlike its neighbours'."""

from __future__ import annotations

import pytest

from tests.unit.stickers.samples import KEY
from tracker.stickers.checkmark import ALPHABET, LENGTH, check_mark, spaced


def test_it_stays_what_it_was() -> None:
    """Stickers hang for years: a mark that changes would call them all forged."""
    assert check_mark(KEY, "CVT-0042-A.c1", 1) == "XXGC9W"
    assert spaced("C7K4PW") == "C7K 4PW"


def test_it_depends_on_key_code_and_version() -> None:
    marks = [
        check_mark(KEY, f"CVT-{n:04d}-A.c{c}", v) for n in range(50) for c in (1, 2) for v in (1, 2)
    ]
    marks.append(check_mark(KEY[::-1], "CVT-0000-A.c1", 1))
    # "c1" with version 11 must not be "c11" with version 1.
    marks += [check_mark(KEY, "CVT-0000-A.c1", 11), check_mark(KEY, "CVT-0000-A.c11", 1)]
    assert len(set(marks)) == len(marks)
    assert {len(mark) for mark in marks} == {LENGTH}
    assert set("".join(marks)) == set(ALPHABET)


def test_its_alphabet_has_no_look_alikes_and_no_vowels() -> None:
    assert len(set(ALPHABET)) == len(ALPHABET) == 20
    assert not set(ALPHABET) & set("AEIOU01258BILSVZ")


@pytest.mark.parametrize(
    ("key", "code", "version"),
    [(b"short", "a.c1", 1), (KEY, "", 1), (KEY, "a\nb", 1), (KEY, "a.c1", 0)],
)
def test_what_it_refuses(key: bytes, code: str, version: int) -> None:
    with pytest.raises(ValueError, match=r"must have|needs"):
        check_mark(key, code, version)
