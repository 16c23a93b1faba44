"""API keys: their form, their digest, and whom they stand for."""

from __future__ import annotations

import hashlib
import os
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.access.keys import (
    ROLES,
    NewKey,
    Principal,
    Role,
    digest,
    matches,
    new_key,
    parse,
    scope_faults,
)


@given(st.randoms(use_true_random=False))
def test_a_new_key_parses_and_matches_its_digest(random: Random) -> None:
    key = new_key(random.randbytes)
    parsed = parse(key.secret_text)
    assert parsed is not None
    key_id, secret = parsed
    assert (key_id, len(key_id), len(secret)) == (key.id, 8, 43)
    assert key.digest == hashlib.sha256(secret.encode()).digest()
    assert matches(secret, key.digest)
    assert not matches(secret[:-1] + ("A" if secret[-1] != "A" else "B"), key.digest)


def test_the_form_is_fixed() -> None:
    key = new_key(lambda n: b"\xff" * n)  # base64url of it is full of underscores
    assert key.secret_text == "ctk_77777777_" + "_" * 42 + "8"
    assert parse(key.secret_text) == ("77777777", "_" * 42 + "8")


def test_keys_differ_and_do_not_show_in_a_repr() -> None:
    one, two = new_key(os.urandom), new_key(os.urandom)
    assert one.id != two.id
    assert one.digest != two.digest
    assert one.secret_text not in repr(one)
    assert isinstance(one, NewKey)


GOOD = "ctk_abcdefg2_" + "A" * 43


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ctk_",
        GOOD + "A",
        GOOD[:-1],
        GOOD + "\n",
        " " + GOOD,
        GOOD.replace("ctk", "CTK"),
        GOOD.replace("abcdefg2", "ABCDEFG2"),
        GOOD.replace("abcdefg2", "abcdefg1"),
        GOOD[:-1] + "=",
        GOOD[:-1] + "é",
        GOOD[:-1] + "+",
    ],
)
def test_what_is_not_a_key_is_none(text: str) -> None:
    assert parse(GOOD) == ("abcdefg2", "A" * 43)
    assert parse(text) is None


@given(st.text())
def test_any_text_is_parsed_and_compared_without_an_error(text: str) -> None:
    assert parse(text) is None
    assert not matches(text, digest("A" * 43))


@pytest.mark.parametrize("role", ROLES)
def test_market_scope(role: Role) -> None:
    everywhere = Principal("k1", "n", role)
    one = Principal("k2", "n", role, markets=frozenset({"cho-vung-tau"}))
    assert everywhere.may_market("cho-vung-tau") is (role not in ("manager", "field"))
    assert one.may_market("cho-vung-tau")
    assert not one.may_market("cho-phuong-7")


@pytest.mark.parametrize("role", ROLES)
def test_bank_scope(role: Role) -> None:
    unbounded = Principal("k1", "n", role)
    one = Principal("k2", "n", role, bins=frozenset({"970436"}))
    assert unbounded.may_bin("970436") is (role != "bank")
    assert one.may_bin("970436")
    assert not one.may_bin("970405")


def test_expiry_is_the_first_moment_that_is_too_late() -> None:
    assert not Principal("k", "n", "ioc").expired(10**15)
    key = Principal("k", "n", "ioc", expires_at_ms=1000)
    assert [key.expired(now) for now in (999, 1000, 1001)] == [False, True, True]


def test_a_principal_is_a_value() -> None:
    assert len({Principal("k", "n", "ioc"), Principal("k", "n", "ioc")}) == 1
    with pytest.raises(AttributeError):
        Principal("k", "n", "ioc").role = "admin"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("role", "bins", "markets", "codes"),
    [
        ("bank", {"970436"}, set(), []),
        ("bank", set(), {"m"}, ["BINS_MISSING"]),
        ("bank", {"97043", "97043x", "９７０４３６"}, set(), ["BIN_MALFORMED"] * 3),
        ("manager", set(), set(), ["MARKETS_MISSING"]),
        ("field", {"x"}, set(), ["BIN_MALFORMED", "MARKETS_MISSING"]),
        ("field", set(), {"m"}, []),
        ("admin", set(), set(), []),
        ("ioc", set(), set(), []),
        ("auditor", set(), set(), []),
    ],
)
def test_a_scope_is_checked_before_a_key_is_made(
    role: Role, bins: set[str], markets: set[str], codes: list[str]
) -> None:
    faults = scope_faults(role, frozenset(bins), frozenset(markets))
    assert [fault.code for fault in faults] == codes
