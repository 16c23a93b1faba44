"""People by their facts, logins as they are compared, passwords that would be guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.facts import (
    PasswordSet,
    PersonAdded,
    PersonChanged,
    PersonInvited,
    ServiceFact,
)
from tracker.domain.people import login_fault, login_of, password_fault, person_state

WHO = "pabcdefgh"
ADDED = PersonAdded(1, 1, "x", WHO, "manager", (), ("m1",), b"one")


def test_a_person_is_what_the_facts_come_to() -> None:
    state = person_state(
        [
            ADDED,
            PersonInvited(2, 2, "x", WHO, 99),
            PasswordSet(3, 3, WHO, WHO, "invitation"),
            PersonChanged(4, 4, "x", WHO, role="bank", bins=("970436",), markets=()),
            PersonChanged(5, 5, "x", WHO, active=False, personal=b"two"),
        ]
    )
    assert state is not None
    assert (state.role, state.bins, state.markets) == ("bank", ("970436",), ())
    assert (state.personal, state.sealed_by) == (b"two", 5)
    assert (state.active, state.stamp, state.invited_until, state.version) == (False, 3, None, 5)


def test_a_link_waits_until_a_password_is_chosen() -> None:
    invited: list[ServiceFact] = [ADDED, PersonInvited(2, 2, "x", WHO, 99)]
    state = person_state(invited)
    assert state is not None
    assert (state.invited_until, state.stamp) == (99, 0)


def test_no_facts_are_nobody() -> None:
    assert person_state([]) is None
    assert person_state([PasswordSet(3, 3, WHO, WHO, "password")]) is None


@pytest.mark.parametrize(
    ("typed", "login"),
    [
        (" Mai@Example.VN ", "mai@example.vn"),
        ("+84 912 345 678", "0912345678"),
        ("0912.345.678", "0912345678"),
        ("(0912) 345-678", "0912345678"),
        ("+44 20 7946 0000", "+442079460000"),
        ("mai-12345678@x.vn", "mai-12345678@x.vn"),
        ("Hòa", "hòa"),
    ],
)
def test_a_login_is_the_same_however_it_is_typed(typed: str, login: str) -> None:
    assert login_of(typed) == login
    assert login_fault(login) is None


@given(st.text(max_size=30))
def test_a_login_is_kept_as_it_is_compared(text: str) -> None:
    once = login_of(text)
    if login_fault(once) is None:
        assert login_of(once) == once


@pytest.mark.parametrize("login", ["", "ab", "a b c", "x" * 101, "a\x00bc", "mai\u200bmai"])
def test_what_is_no_login_is_refused(login: str) -> None:
    assert login_fault(login) is not None


@pytest.mark.parametrize(
    "password",
    ["", "short", "ninechars", "aaaaaaaaaaaa", "ababababababab", "x1mai0912345678", "p" * 201],
)
def test_a_password_that_would_be_guessed_is_refused(password: str) -> None:
    assert password_fault(password, "0912345678") is not None


@pytest.mark.parametrize(
    "password", ["xuống chợ sớm mai", "correct horse battery", "𝄞" * 4 + "abcdefg"]
)
def test_a_phrase_will_do(password: str) -> None:
    assert password_fault(password, "mai@example.vn") is None
    assert password_fault("lethimai " + password, "LeThiMai@example.vn".lower()) is not None
