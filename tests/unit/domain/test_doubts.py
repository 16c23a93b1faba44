"""Doubts about names: what is the same, what is nearly so, and how many there can be."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.codes import vendor_code
from tracker.domain.doubts import WHOLE_MAX, Doubt, Named, of_names

NAMES = st.lists(st.text("abc ", max_size=5), max_size=9)


def people(*names: str) -> list[Named]:
    return [Named(vendor_code("CVT", n), name, 1) for n, name in enumerate(names, 1)]


def told(*names: str) -> set[tuple[str, int, int]]:
    codes = {vendor_code("CVT", n): n for n in range(1, len(names) + 1)}
    doubts = list(of_names(people(*names)))
    found: set[tuple[str, int, int]] = {
        (doubt.kind, codes[doubt.vendor], codes[doubt.other]) for doubt in doubts
    }
    assert len(found) == len(doubts)
    return found


def distance(one: str, other: str) -> int:
    """Levenshtein's, the plain way."""
    row = list(range(len(other) + 1))
    for n, c in enumerate(one, 1):
        last, row[0] = row[0], n
        for m, d in enumerate(other, 1):
            last, row[m] = row[m], min(row[m] + 1, row[m - 1] + 1, last + (c != d))
    return row[-1]


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ("dang thi hoa", "dang thi hoa", "same_name"),
        ("dang thi hoa", "dang thihoa", "same_name"),
        ("dang thi hoa", "dang thi hoan", "similar_name"),
        ("dang thi hoa", "dang thi hoe", "similar_name"),
        ("dang thi hoa", "dang thi nhe", None),
        ("dang thi hoa", "hoa thi dang", None),
    ],
)
def test_two_names(one: str, other: str, kind: str | None) -> None:
    assert told(one, other) == (set() if kind is None else {(kind, 1, 2)})


@given(NAMES)
def test_each_two_names_a_letter_apart_are_told_by_one_pair(names: list[str]) -> None:
    packed = ["".join(name.split()) for name in names]
    first = {name: packed.index(name) + 1 for name in packed}
    similar = {
        ("similar_name", *sorted((first[one], first[other])))
        for one, other in combinations(set(packed), 2)
        if distance(one, other) == 1
    }
    same = {
        ("same_name", n + 1, m + 1)
        for n, m in combinations(range(len(packed)), 2)
        if packed[n] == packed[m]
    }
    assert told(*names) == similar | same


def test_a_name_that_half_the_market_bears_is_told_by_neighbours() -> None:
    many = 10 * WHOLE_MAX
    assert len(told(*["nguyen van an"] * many)) == many - 1


def test_a_doubt_is_addressed_by_kind_and_vendors() -> None:
    (doubt,) = of_names(people("an", "an"))
    first, second = vendor_code("CVT", 1), vendor_code("CVT", 2)
    assert doubt == Doubt("same_name", first, second, "1.1")
    assert doubt.id == f"same_name.{first}.{second}"
