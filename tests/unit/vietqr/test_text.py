import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.text import nfc, search_key
from tracker.vietqr.text import clamp, fold_ascii, is_ans, payload_name

# Every letter of the Vietnamese alphabet with every tone.
BASES = "aăâeêioôơuưy"
TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
LETTERS = "".join(nfc(base + tone) for base in BASES for tone in TONES) + "đbcdghklmnpqrstvx"
Vietnamese = st.text(st.sampled_from(LETTERS + LETTERS.upper() + " "), max_size=60)


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Đặng Thị Hoa", "DANG THI HOA"),
        ("  Nguyễn\t Văn   Ước ", "NGUYEN VAN UOC"),
        ("Ðỗ Đức", "DO DUC"),  # the first letter is an eth, as old input methods give it
        ("Weiß – O’Brien", "WEISS - O'BRIEN"),
        ("Ｈｏａ", "HOA"),
        ("Chị Bảy 😀", "CHI BAY"),
        ("陈", ""),
        ("", ""),
    ],
)
def test_payload_name(name: str, folded: str) -> None:
    assert payload_name(name) == folded
    assert payload_name(unicodedata.normalize("NFD", name)) == folded


@given(Vietnamese)
def test_every_vietnamese_letter_folds_to_its_base_letter(name: str) -> None:
    folded = fold_ascii(name)
    assert is_ans(folded)
    assert len(folded) == len(" ".join(name.split()))
    assert fold_ascii(unicodedata.normalize("NFD", name)) == folded


@given(Vietnamese)
def test_search_key_knows_a_name_however_it_is_typed(name: str) -> None:
    key = search_key(name)
    for other in (name.upper(), name.lower(), f" {name}  ", unicodedata.normalize("NFD", name)):
        assert search_key(other) == key
    assert search_key(key) == key
    assert search_key(payload_name(name, 1_000)) == key


@given(st.text())
def test_any_text_folds(text: str) -> None:
    assert is_ans(payload_name(text))
    assert len(payload_name(text)) <= 25
    assert search_key(unicodedata.normalize("NFD", text)) == search_key(text)


def test_search_key_keeps_other_scripts_apart() -> None:
    assert search_key("陈") != search_key("李")
    assert search_key("") == ""


@pytest.mark.parametrize(
    ("text", "limit", "clamped"),
    [
        ("NGUYEN THI HOANG ANH THU TRANG", 25, "NGUYEN THI HOANG ANH THU"),
        ("NGUYEN THI HOANG ANH THU T", 24, "NGUYEN THI HOANG ANH THU"),
        ("ABCDEFGHIJ", 10, "ABCDEFGHIJ"),
        ("ABCDEFGHIJK", 10, "ABCDEFGHIJ"),
        ("A BCDEFGHIJK", 10, "A"),
        ("xa\u0323\u0302y", 2, "x"),
        ("", 5, ""),
    ],
)
def test_clamp(text: str, limit: int, clamped: str) -> None:
    assert clamp(text, limit) == clamped


@given(st.text(), st.integers(1, 30))
def test_clamp_never_exceeds_and_never_empties(text: str, limit: int) -> None:
    clamped = clamp(text, limit)
    assert len(clamped) <= limit
    assert text.startswith(clamped)
    assert bool(clamped) == bool(text)
