"""Whatever is printed: nothing leaves the sticker, runs into other text or into the symbol."""

from __future__ import annotations

import itertools

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.stickers.samples import LETTERS, sample
from tracker.domain.text import nfc
from tracker.stickers.checkmark import spaced
from tracker.stickers.design import HEIGHT, SYMBOL, WARNING, WIDTH, Drawing, Text, design
from tracker.stickers.fonts import EM, face
from tracker.vietqr.banks import banks

TEXTS = st.text(st.sampled_from(LETTERS + "0123456789 -/."), max_size=60)
Box = tuple[float, float, float, float]


def ink(text: Text) -> Box:
    """Left, top, right and bottom of what is black, mm from the upper left corner."""
    the, scale = face(text.weight), text.size / EM
    x, boxes = 0, []
    for c in text.text:
        left, low, right, high = the.bounds[the.glyphs[c]]
        if high > low:
            boxes.append((x + left, -high, x + right, -low))
        x += the.widths[c]
    columns = list(zip(*boxes, strict=True))
    left, top = min(columns[0]), min(columns[1])
    right, bottom = max(columns[2]), max(columns[3])
    return (
        text.x + left * scale,
        text.y + top * scale,
        text.x + right * scale,
        text.y + bottom * scale,
    )


def apart(a: Box, b: Box) -> bool:
    e = 1e-6
    return a[2] <= b[0] + e or b[2] <= a[0] + e or a[3] <= b[1] + e or b[3] <= a[1] + e


def check(drawing: Drawing) -> None:
    inked = [(text, ink(text)) for text in drawing.texts]
    symbol = (SYMBOL.x, SYMBOL.y, SYMBOL.x + SYMBOL.side, SYMBOL.y + SYMBOL.side)
    for text, box in inked:
        assert box[0] >= 3, text
        assert box[1] >= 3, text
        assert box[2] <= WIDTH - 3, text
        assert box[3] <= HEIGHT - 3, text
        assert apart(box, symbol), text
    for (one, a), (other, b) in itertools.combinations(inked, 2):
        same_block = one.size == other.size and one.weight == other.weight
        assert same_block or apart(a, b), (one, other)
    for rect in drawing.rects:
        box = (rect.x, rect.y, rect.x + rect.width, rect.y + rect.height)
        assert apart(box, symbol), rect


@settings(max_examples=150, deadline=None)
@given(TEXTS, TEXTS, TEXTS, TEXTS, TEXTS, st.integers(1, 999))
@example("CHỢ PHƯỜNG THẮNG NHẤT ẨM", "ẲỴ", "ẲNG ỴỆN", "Q", "ẲỴ ẲỴ ẲỴ ẲỴ ẲỴ ẲỴ ẲỴ ẲỴ ẲỴ ẲỴ ẲỴ ẲỴ", 1)
def test_nothing_collides(
    market: str, stall: str, name: str, holder: str, bank: str, number: int
) -> None:
    drawing = design(
        sample(
            market=market,
            stall=stall,
            name=name,
            holder=holder,
            bank=bank,
            bank_full=bank * 2,
            version=number,
            print_number=number,
        )
    )
    check(drawing)


def test_every_banks_names_are_whole() -> None:
    for bank in banks().values():
        drawing = design(sample(bank=bank.short_name, bank_full=bank.full_name))
        check(drawing)
        words = " ".join(text.text for text in drawing.texts)
        assert f"{bank.short_name} " in words
        assert nfc(bank.full_name) in words  # the table has decomposed ones


def test_what_is_on_it() -> None:
    data = sample(7, version=3, print_number=2)
    by_text = {text.text: text for text in design(data).texts}
    for wanted in (
        data.market,
        data.stall,
        data.name,
        data.holder,
        data.bank,
        data.account,
        data.vendor,
        WARNING,
        spaced(data.mark),
        "Bản 3",
        "In lần 2",
    ):
        assert wanted in by_text
    # Read at an arm's length: capitals of 4 mm and more on A6.
    assert by_text[data.stall].size > 10
    assert by_text[data.vendor].size > 6
    assert by_text[data.name].size > 6
    assert data.payload not in str(by_text)
