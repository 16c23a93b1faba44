"""Vendor codes: their check character, their typed forms, and every slip of the pen caught."""

from __future__ import annotations

from string import ascii_uppercase, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.life import refusal
from tests.unit.domain.worlds import examples
from tracker.domain.codes import (
    check_character,
    code_id,
    event_id,
    parse_code_id,
    parse_vendor_code,
    vendor_code,
)

ALPHABET = digits + ascii_uppercase + "*"
PREFIXES = st.from_regex(r"[A-Z][A-Z0-9]{2}", fullmatch=True)
NUMBERS = st.one_of(st.integers(1, 9_999), st.integers(10_000, 9_999_999))


def check_by_the_standard(text: str) -> str:
    """ISO 7064 MOD 37-2 as the standard tells it: the weighted sum, check included, is 1."""
    weights = [pow(2, len(text) - place, 37) for place in range(len(text))]
    total = sum(w * ALPHABET.index(c) for w, c in zip(weights, text, strict=True))
    return next(c for c in ALPHABET if (total + ALPHABET.index(c)) % 37 == 1)


@st.composite
def given_codes(draw: st.DrawFn) -> str:
    """Codes that are given out: those whose check is not `*`."""
    prefix = draw(PREFIXES)
    number = draw(NUMBERS.filter(lambda n: check_character(prefix, n) != "*"))
    return vendor_code(prefix, number)


def test_the_code_of_the_domain_page() -> None:
    assert vendor_code("CVT", 42) == "CVT-0042-A"
    assert parse_vendor_code("CVT-0042-A") == ("CVT", 42)


@examples(80)
@given(PREFIXES, NUMBERS)
def test_the_check_character_is_that_of_the_standard(prefix: str, number: int) -> None:
    assert check_character(prefix, number) == check_by_the_standard(f"{prefix}{number:04d}")


def test_one_number_in_thirty_seven_is_skipped() -> None:
    skipped = [n for n in range(1, 3_701) if check_character("CVT", n) == "*"]
    assert 80 <= len(skipped) <= 120
    assert vendor_code("CVT", skipped[0]).endswith("-*")


@examples(80)
@given(given_codes(), st.booleans(), st.booleans(), st.booleans())
def test_typed_in_lower_case_or_without_dashes_it_is_the_same_code(
    code: str, lower: bool, dashes: bool, spaces: bool
) -> None:
    typed = code if dashes else code.replace("-", "")
    typed = f"  {typed}\n" if spaces else typed
    prefix, number = parse_vendor_code(typed.lower() if lower else typed)
    assert vendor_code(prefix, number) == code


def accepted(typed: str) -> bool:
    """Whether it is taken for a vendor code; if not, the error is the one of the contract."""
    try:
        parse_vendor_code(typed)
    except Exception:
        assert refusal(lambda: parse_vendor_code(typed)).code == "VENDOR_CODE_INVALID"
        return False
    return True


@examples(100)
@given(given_codes(), st.data())
def test_every_single_wrong_character_is_caught(code: str, data: st.DataObject) -> None:
    place = data.draw(st.sampled_from([n for n, c in enumerate(code) if c != "-"]))
    wrong = data.draw(st.sampled_from(ALPHABET.replace(code[place], "")))
    assert not accepted(code[:place] + wrong + code[place + 1 :])


@examples(80)
@given(given_codes())
def test_every_transposition_of_neighbours_is_caught(code: str) -> None:
    letters = code.replace("-", "")
    for n in range(len(letters) - 1):
        left, right = letters[n], letters[n + 1]
        if left != right:
            assert not accepted(letters[:n] + right + left + letters[n + 2 :])


@pytest.mark.parametrize("typed", ["AAC-00042-8", "AAC000428", "ABA-00042-8"])
def test_a_first_digit_misread_as_zero_is_caught_too(typed: str) -> None:
    """These are AAC-20042-8 and ABA-20042-8 misread; a printed number has no spare zeros."""
    assert accepted(typed.replace("0", "2", 1))
    assert not accepted(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "CVT",
        "CVT-42-A",
        "CVT-0042",
        "CVT-0042-",
        "CVT--0042-A",
        "CV-0042-A",
        "0VT-0042-A",
        "CVT-0042-A ·",
        "CVT-0042-A.c1",
        "CVT_0042_A",
        "CVT-٠٠٤٢-A",
        "CVT-12345678-A",
    ],
)
def test_what_has_not_the_form_is_no_code(typed: str) -> None:
    assert not accepted(typed)


def test_ids_of_codes_and_events_begin_with_the_vendor_code() -> None:
    assert code_id("CVT-0042-A", 1) == "CVT-0042-A.c1"
    assert event_id("CVT-0042-A", 3) == "CVT-0042-A.e3"
    assert event_id("CVT", 7) == "CVT.e7"
    assert parse_code_id("CVT-0042-A.c1") == ("CVT", 42, 1)
    assert parse_code_id("CVT-0042-A.c12") == ("CVT", 42, 12)


@pytest.mark.parametrize("text", ["CVT-0042-A", "CVT-0042-A.c", "CVT-0042-A.c0", "CVT-0042-A.e1"])
def test_an_id_of_another_form_is_not_found(text: str) -> None:
    assert refusal(lambda: parse_code_id(text)).code == "NOT_FOUND"


def test_a_code_of_a_vendor_code_that_is_none_is_not_found() -> None:
    assert refusal(lambda: parse_code_id("CVT-0042-B.c1")).code == "NOT_FOUND"
