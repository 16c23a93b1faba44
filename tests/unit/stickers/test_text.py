"""Letters and fitting, measured with the typeface itself."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.stickers.samples import LETTERS
from tracker.stickers.fonts import EM, Weight, face, outlines
from tracker.stickers.text import CAPITAL, LEADING, fit, printable

NAMES = st.text(st.sampled_from(LETTERS + " -'."), max_size=90)
WEIGHTS: list[Weight] = ["Medium", "Bold"]


@pytest.mark.parametrize("weight", WEIGHTS)
def test_every_vietnamese_letter_has_a_glyph_of_its_own(weight: Weight) -> None:
    the = face(weight)
    assert len(LETTERS) == 2 * 89
    glyphs = {the.glyphs[c] for c in LETTERS + "₫•·…–"}
    assert len(glyphs) == len(LETTERS) + 5
    assert 0 not in glyphs
    assert all(the.bounds[glyph][3] > 0 for glyph in glyphs)
    assert all(outlines(weight)[c].startswith("M") for c in LETTERS)
    assert round(CAPITAL * EM) == the.cap_height


@given(NAMES)
def test_decomposed_input_is_the_composed_text(name: str) -> None:
    assert printable(unicodedata.normalize("NFD", name)) == printable(name)


@pytest.mark.parametrize(
    ("given_", "shown"),
    [
        ("  Ðặng \t thị\u00a0 Hoa\n", "Đặng thị Hoa"),  # eth, typed for Đ
        ("Cô Bảy\u202e\u200b\x00", "Cô Bảy"),
        ("Ｃô Ba ﬁ", "Cô Ba fi"),
        ("Lý 🐟 李", "Lý ? ?"),
        ("\ud800", ""),
        ("q\u0323", "q"),  # a mark that no letter carries
    ],
)
def test_what_the_typeface_lacks(given_: str, shown: str) -> None:
    assert printable(given_) == shown


@settings(max_examples=300, deadline=None)
@given(
    NAMES.map(printable).filter(bool),
    st.sampled_from(WEIGHTS),
    st.floats(20, 100),
    st.floats(3, 25),
    st.floats(2, 12),
    st.integers(1, 3),
)
def test_it_fits(
    text: str, weight: Weight, width: float, height: float, size_max: float, lines_max: int
) -> None:
    set_ = fit(
        text,
        weight,
        width=width,
        height=height,
        size_max=size_max,
        size_min=1.8,
        lines_max=lines_max,
    )
    the = face(weight)
    assert 1 <= len(set_.lines) <= lines_max
    assert set_.size <= size_max + 1e-9
    for line in set_.lines:
        assert the.width(line) / EM * set_.size <= width + 1e-6
    ink = [the.bounds[the.glyphs[c]] for line in set_.lines for c in line]
    block = ((len(set_.lines) - 1) * LEADING + CAPITAL) * set_.size
    above = max(max(box[3] for box in ink) / EM - CAPITAL, 0) * set_.size
    below = max(-min(box[1] for box in ink) / EM, 0) * set_.size
    assert block / 2 + max(above, below) <= height / 2 + 1e-6
    if "…" not in "".join(set_.lines):
        assert "".join(set_.lines).replace(" ", "") == text.replace(" ", "")


def test_a_break_must_be_worth_it() -> None:
    def lines(text: str) -> tuple[str, ...]:
        return fit(text, "Bold", width=95, height=12, size_max=7.2, size_min=2.6, lines_max=2).lines

    assert lines("Nguyễn Thị Mười Hai") == ("Nguyễn Thị Mười Hai",)
    assert lines("Hoàng Phủ Ngọc Tường Vi Nguyễn Đặng Khánh Quỳnh Như Ý") == (
        "Hoàng Phủ Ngọc Tường Vi",
        "Nguyễn Đặng Khánh Quỳnh Như Ý",
    )


def test_what_is_endless_is_cut_and_says_so() -> None:
    for text in ("Ư" * 500, "Ư " * 500, "Nguyễn " * 80):
        set_ = fit(printable(text), "Bold", width=40, height=8, size_max=5, size_min=2, lines_max=2)
        assert set_.lines[-1].endswith("…")
        assert set_.size >= 2
        assert all(face("Bold").width(line) / EM * set_.size <= 40 + 1e-6 for line in set_.lines)
