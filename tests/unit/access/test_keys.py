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
    checked,
    digest,
    matches,
    new_key,
    parse,
    reach_faults,
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
    assert key.secret_text == "cmt_77777777_" + "_" * 42 + "8" + "02M0j4"
    assert parse(key.secret_text) == ("77777777", "_" * 42 + "8")


def test_keys_differ_and_do_not_show_in_a_repr() -> None:
    one, two = new_key(os.urandom), new_key(os.urandom)
    assert one.id != two.id
    assert one.digest != two.digest
    assert one.secret_text not in repr(one)
    assert isinstance(one, NewKey)


def test_another_secret_of_a_key_keeps_its_id() -> None:
    one = new_key(os.urandom)
    two = new_key(os.urandom, one.id)
    assert (two.id, two.digest == one.digest) == (one.id, False)


@given(st.randoms(use_true_random=False))
def test_one_wrong_character_is_no_key(random: Random) -> None:
    text = new_key(random.randbytes).secret_text
    place = random.randrange(len(text))
    other = random.choice("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
    assert (parse(text[:place] + other + text[place + 1 :]) is None) is (other != text[place])


def test_the_check_is_crc_32_in_base_62_of_all_before_it() -> None:
    # computed apart: zlib.crc32(b"123456789") == 0xCBF43926 (the check value of CRC-32)
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    text = checked("123456789")
    number = 0
    for character in text.removeprefix("123456789"):
        number = 62 * number + digits.index(character)
    assert (len(text), number) == (15, 0xCBF43926)


def test_a_key_of_the_old_form_is_still_read() -> None:
    assert parse("ctk_abcdefg2_" + "A" * 43) == ("abcdefg2", "A" * 43)


GOOD = "ctk_abcdefg2_" + "A" * 43
NEW = checked("cmt_abcdefg2_" + "A" * 43)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ctk_",
        NEW[:-1],
        NEW[:-6],
        NEW + "0",
        NEW + "\n",
        NEW.replace("cmt", "ctk"),
        checked(NEW),
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


@pytest.mark.parametrize(
    ("own", "given", "codes"),
    [
        ((set(), set()), (set(), set()), []),
        ((set(), set()), ({"970436"}, {"m"}), []),
        ((set(), {"m"}), (set(), {"m"}), []),
        ((set(), {"m", "n"}), (set(), {"m"}), []),
        ((set(), {"m"}), (set(), set()), ["/markets"]),
        ((set(), {"m"}), (set(), {"m", "n"}), ["/markets"]),
        (({"970436"}, set()), (set(), set()), ["/bins"]),
        (({"970436"}, {"m"}), ({"970405"}, {"n"}), ["/markets", "/bins"]),
    ],
)
def test_nobody_hands_out_more_than_they_have(
    own: tuple[set[str], set[str]], given: tuple[set[str], set[str]], codes: list[str]
) -> None:
    by = Principal("k", "n", "admin", frozenset(own[0]), frozenset(own[1]))
    faults = reach_faults(by, frozenset(given[0]), frozenset(given[1]))
    assert [fault.pointer for fault in faults] == codes
    assert by.covers(*given) is (not codes)
