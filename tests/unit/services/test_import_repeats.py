"""A dry run remembers what comes again, for as long as it comes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tracker.services.import_repeats import Repeats

NAMES = st.tuples(st.sampled_from(["cho-a", "cho-b"]), st.sampled_from(["s:A1", "s:A2", "v::R"]))


@given(rows=st.lists(st.lists(NAMES, max_size=3), max_size=12))
def test_a_name_comes_until_its_last_row(rows: list[list[tuple[str, str]]]) -> None:
    repeats = Repeats()
    for row, names in enumerate(rows):
        for market, name in names:
            repeats.note(market, name, row)
    for row in range(len(rows) + 1):
        for market, name in {name for names in rows[:row] for name in names}:
            comes = any((market, name) in names for names in rows[row:])
            assert repeats.since(market, name, row) == comes


def test_of_no_rows_nothing_comes() -> None:
    assert not Repeats().since("cho-a", "s:A1", 0)
