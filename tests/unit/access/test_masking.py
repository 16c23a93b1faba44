"""What is shown of a person: masked forms, and which role gets which."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.access.keys import ROLES, Principal, Role
from tracker.access.masking import (
    Sight,
    View,
    mask_account,
    mask_name,
    mask_phone,
    sees_personal,
)

CLEAR, MASKED, HIDDEN = View.CLEAR, View.MASKED, View.HIDDEN


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("0123456789", "•••• 6789"),
        ("1234 5678 9012 4242", "•••• 4242"),
        ("12345678", "•••• 5678"),
        ("1234567", "•••• 567"),
        ("12345", "•••• 45"),
        ("12", "•••• 2"),
        ("1", "••••"),
        ("", "••••"),
        (" - ", "••••"),
    ],
)
def test_mask_account(number: str, shown: str) -> None:
    assert mask_account(number) == shown


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("0912345678", "•••• 678"),
        ("+84 912.345.678", "•••• 678"),
        ("113", "•••• 3"),
        ("", "••••"),
    ],
)
def test_mask_phone(phone: str, shown: str) -> None:
    assert mask_phone(phone) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Đặng Thị Hoa", "Đ. T. H."),
        (unicodedata.normalize("NFD", "Ánh  Ửng"), "Á. Ử."),
        ("hoa", "H."),
        ("(Hoa) 12", "H. •"),
        ("", "••••"),
        ("  ", "••••"),
    ],
)
def test_mask_name(name: str, shown: str) -> None:
    assert mask_name(name) == shown


@given(st.text("0123456789", max_size=24))
def test_no_more_than_half_of_a_number_is_shown(number: str) -> None:
    for mask in (mask_account, mask_phone):
        tail = mask(number).removeprefix("••••").strip()
        assert number.endswith(tail)
        assert len(tail) * 2 <= len(number)


@given(st.text())
def test_masks_take_any_text(text: str) -> None:
    assert mask_account(text).startswith("••••")
    assert mask_name(text)


def sight(role: Role, by: str | None, market: str = "m1") -> Sight:
    bins = frozenset({"970436"}) if role == "bank" else frozenset[str]()
    markets = frozenset({"m1"}) if role in ("manager", "field") else frozenset[str]()
    who = Principal("k", "n", role, bins, markets)
    return sees_personal(who, market=market, registered_by_bin=by)


def views(seen: Sight) -> tuple[View, ...]:
    """Name and phone; number and holder at bank 970436; number and holder at bank 970405."""
    a, b = "970436", "970405"
    return (seen.person, seen.number(a), seen.holder(a), seen.number(b), seen.holder(b))


PEOPLE = (CLEAR, MASKED, CLEAR, MASKED, CLEAR)


@pytest.mark.parametrize(
    ("role", "registered_by_bin", "shown"),
    [
        ("admin", None, PEOPLE),
        ("manager", "970436", PEOPLE),
        ("field", "970405", PEOPLE),
        ("auditor", None, (MASKED,) * 5),
        ("ioc", None, (HIDDEN,) * 5),
        ("bank", "970436", (CLEAR, CLEAR, CLEAR, HIDDEN, HIDDEN)),
        ("bank", "970405", (HIDDEN, CLEAR, CLEAR, HIDDEN, HIDDEN)),
        ("bank", None, (HIDDEN, CLEAR, CLEAR, HIDDEN, HIDDEN)),
    ],
)
def test_who_sees_what(role: Role, registered_by_bin: str | None, shown: tuple[View, ...]) -> None:
    assert views(sight(role, registered_by_bin)) == shown


@pytest.mark.parametrize("role", ROLES)
def test_nothing_of_a_market_out_of_scope(role: Role) -> None:
    who = Principal("k", "n", role, frozenset({"970436"}), frozenset({"m1"}))
    assert views(sees_personal(who, market="m2", registered_by_bin="970436")) == (HIDDEN,) * 5


def test_a_bank_without_bins_owns_nothing() -> None:
    who = Principal("k", "n", "bank")
    assert views(sees_personal(who, market="m1", registered_by_bin="970436")) == (HIDDEN,) * 5


def test_show() -> None:
    assert CLEAR.show("0123456789", mask_account) == "0123456789"
    assert MASKED.show("0123456789", mask_account) == "•••• 6789"
    assert HIDDEN.show("0123456789", mask_account) is None
    assert CLEAR.show(None, mask_account) is None
