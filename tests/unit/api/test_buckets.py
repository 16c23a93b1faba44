"""Limits by address: an even flow, and a burst of a minute's worth at most."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tracker.api.conventions.limits import ADDRESSES_MAX, Buckets, Rate, group_of
from tracker.domain.errors import TooMany


def passes(buckets: Buckets, now: int, address: str = "192.0.2.1") -> bool:
    try:
        buckets.take(address, now)
    except TooMany:
        return False
    return True


@given(st.integers(1, 30), st.lists(st.integers(0, 20_000), max_size=150))
def test_within_any_minute_at_most_a_burst_and_a_minutes_flow(
    per_min: int, gaps: list[int]
) -> None:
    buckets, now, times = Buckets("address", per_min), 0, []
    for gap in gaps:
        now += gap
        if passes(buckets, now):
            times.append(now)
    for begin in times:
        assert sum(begin <= time < begin + 60_000 for time in times) <= 2 * per_min


@given(st.integers(1, 1_000), st.lists(st.integers(0, 3_000), max_size=60))
def test_who_waits_as_long_as_it_is_told_passes(per_min: int, gaps: list[int]) -> None:
    buckets, now = Buckets("address", per_min), 0
    for gap in gaps:
        now += gap
        try:
            buckets.take("192.0.2.1", now)
        except TooMany as refused:
            now += refused.retry_after_s * 1_000
            assert passes(buckets, now)


def test_a_quiet_address_has_its_whole_burst_again() -> None:
    buckets = Buckets("address", 3)
    assert [passes(buckets, 0) for _ in range(4)] == [True, True, True, False]
    assert [passes(buckets, 60_000) for _ in range(4)] == [True, True, True, False]
    assert buckets.take("192.0.2.9", 60_000) == Rate("address", 3, 2, 20)


def test_a_clock_that_was_set_back_blocks_nobody() -> None:
    buckets = Buckets("address", 2)
    assert [passes(buckets, 10_000_000) for _ in range(3)] == [True, True, False]
    assert [passes(buckets, 0) for _ in range(3)] == [True, True, False]


def test_zero_is_no_limit() -> None:
    buckets = Buckets("address", 0)
    assert all(buckets.take("192.0.2.1", 0) is None for _ in range(1_000))


def test_addresses_that_are_remembered_have_an_end() -> None:
    buckets = Buckets("address", 1)
    for n in range(ADDRESSES_MAX + 1):
        assert passes(buckets, 0, f"client-{n}")
    assert passes(buckets, 0, "client-0")
    assert not passes(buckets, 0, f"client-{ADDRESSES_MAX}")


def test_a_network_of_one_line_is_one_address() -> None:
    assert group_of("2001:db8:1:2::1") == group_of("2001:db8:1:2:ffff::9")
    assert group_of("2001:db8:1:2::1") != group_of("2001:db8:1:3::1")
    assert group_of("::ffff:192.0.2.1") == group_of("192.0.2.1")
    assert group_of("not an address") == "not an address"
