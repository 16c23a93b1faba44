"""What is kept of a bank's report, with the day's map, is the report that stands."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.facts import ActivityReported
from tracker.store.bank_reports import kept, of_fact, of_stored

LISTPACK_VALUE_MAX = 64
"""Longer values make the server keep a whole hash as a table."""

moments = st.integers(0, 2**48)
facts = st.builds(
    ActivityReported,
    moments,
    moments,
    st.text(max_size=40),
    day=st.integers(0, 65_535),
    bin=st.from_regex(r"\A[0-9]{6}\Z"),
    payments=st.integers(0, 2**48),
    amount_vnd=st.integers(0, 2**62),
    vendors=st.integers(0, 2_000_000),
    lines=st.binary(min_size=16, max_size=16),
    paid=st.binary(min_size=16, max_size=16),
)


@given(facts)
def test_what_is_kept_and_the_days_totals_give_the_report(fact: ActivityReported) -> None:
    totals = fact.payments, fact.amount_vnd
    assert of_stored(kept(fact), fact.day, fact.bin, *totals) == of_fact(fact)


@given(facts)
def test_what_is_kept_is_short_enough_to_be_packed(fact: ActivityReported) -> None:
    assert len(kept(fact)) <= LISTPACK_VALUE_MAX
