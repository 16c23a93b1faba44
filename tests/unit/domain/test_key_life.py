"""A key by its facts: which secret opens, until when."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.facts import KeyCreated, KeyRevoked, KeyRotated, ServiceFact
from tracker.domain.key_life import key_life

KEY = "abcdefgh"


def created(expires: int | None = None) -> KeyCreated:
    return KeyCreated(0, 0, "x", KEY, "VCB", "bank", ("970436",), (), expires, b"0")


def rotated(at: int, digest: bytes, until: int, expires: int | None = None) -> KeyRotated:
    return KeyRotated(at, at, "x", KEY, digest, until, expires)


def opening(facts: list[ServiceFact], now: int) -> set[bytes]:
    life = key_life(facts)
    assert life is not None
    return {secret.digest for secret in life.opens(now)}


def test_no_facts_and_facts_of_others_are_no_key() -> None:
    assert key_life([]) is None
    assert key_life([KeyRevoked(0, 0, "x", KEY)]) is None


def test_both_secrets_open_until_the_overlap_ends() -> None:
    facts: list[ServiceFact] = [created(), rotated(10, b"1", 20)]
    assert opening(facts, 19) == {b"0", b"1"}
    assert opening(facts, 20) == {b"1"}


def test_an_overlap_of_nothing_ends_every_earlier_secret() -> None:
    facts: list[ServiceFact] = [created(), rotated(10, b"1", 100), rotated(11, b"2", 11)]
    assert opening(facts, 11) == {b"2"}


def test_a_second_rotation_makes_no_secret_live_longer() -> None:
    facts: list[ServiceFact] = [created(), rotated(10, b"1", 20), rotated(11, b"2", 100)]
    assert opening(facts, 19) == {b"0", b"1", b"2"}
    assert opening(facts, 20) == {b"1", b"2"}
    assert opening(facts, 100) == {b"2"}


def test_no_secret_outlives_the_keys_expiry_before_the_rotation() -> None:
    facts: list[ServiceFact] = [created(expires=15), rotated(10, b"1", 20, expires=50)]
    assert opening(facts, 15) == {b"1"}
    assert opening(facts, 50) == set()


def test_a_revoked_key_opens_by_no_secret() -> None:
    facts: list[ServiceFact] = [created(), rotated(10, b"1", 20), KeyRevoked(11, 11, "x", KEY)]
    assert opening(facts, 12) == set()


@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(0, 100)), max_size=8), st.integers(0, 500)
)
def test_the_newest_secret_opens_and_the_earlier_ones_only_end(
    rotations: list[tuple[int, int]], later: int
) -> None:
    facts: list[ServiceFact] = [created()]
    now = 0
    for number, (pause, overlap) in enumerate(rotations, 1):
        before = opening(facts, now)
        now += pause
        facts.append(rotated(now, bytes([number]), now + overlap))
        assert opening(facts, now) - {bytes([number])} <= before
        assert bytes([number]) in opening(facts, now)
    assert opening(facts, now + later) <= opening(facts, now)
    assert len(opening(facts, now + 101)) == 1
