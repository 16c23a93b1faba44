"""Text as the registry keeps and compares it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.worlds import examples
from tracker.domain.text import nfc, search_key, squeeze, walking_order, without_marks

LETTERS = (
    "aăâbcdđeêghiklmnoôơpqrstuưvxyĂÂĐÊÔƠƯ "
    "áàảãạắằẳẵặấầẩẫậéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ"
)
VIETNAMESE = st.text(LETTERS, max_size=20)
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Đặng Thị Hoa", "dang thi hoa"),
        ("  NGUYỄN   văn Ước ", "nguyen van uoc"),
        ("Ðặng", "dang"),
        ("đ", "d"),
        ("Vũng Tàu", "vung tau"),
        ("", ""),
    ],
)
def test_folded_text_has_no_marks_no_case_and_single_spaces(text: str, folded: str) -> None:
    assert search_key(text) == folded


@examples(100)
@given(VIETNAMESE)
def test_all_spellings_of_one_name_have_one_key(name: str) -> None:
    spellings = {
        name,
        name.upper(),
        name.lower(),
        unicodedata.normalize("NFD", name),
        unicodedata.normalize("NFD", name).upper(),
        without_marks(name),
        f" {name}\t",
        nfc(name),
    }
    assert {search_key(spelling) for spelling in spellings} == {search_key(name)}
    assert search_key(name).isascii()


@examples(100)
@given(ANY)
def test_a_key_is_its_own_key(text: str) -> None:
    assert search_key(search_key(text)) == search_key(text)


@examples(100)
@given(ANY)
def test_composed_and_decomposed_text_have_one_key(text: str) -> None:
    assert search_key(unicodedata.normalize("NFD", text)) == search_key(nfc(text))


@examples(100)
@given(VIETNAMESE)
def test_kept_text_is_composed_and_squeezed_text_has_single_spaces(name: str) -> None:
    kept = nfc(unicodedata.normalize("NFD", name))
    assert kept == unicodedata.normalize("NFC", name) == nfc(kept)
    squeezed = squeeze(f"\n {name}\t")
    assert squeezed == squeezed.strip()
    assert "  " not in squeezed


def test_stalls_are_sorted_as_one_walks_by() -> None:
    stalls = ["B1", "A10", "A2-10", "A2", "A2-9", "A02", "10", "9"]
    walked = ["9", "10", "A2", "A02", "A2-9", "A2-10", "A10", "B1"]
    assert sorted(stalls, key=walking_order) == walked


def test_marks_alone_are_dropped_case_stays() -> None:
    assert without_marks("Đặng Thị Hoa") == "Dang Thi Hoa"


def test_every_character_loses_just_what_combines() -> None:
    for point in (*range(0xD800), *range(0xE000, 0x20000)):
        known = unicodedata.normalize("NFKD", chr(point))
        if not set(known) & set("ĐÐƉđðɖ"):
            naive = "".join(c for c in known if not unicodedata.combining(c))
            assert without_marks(chr(point)) == naive
