"""What stands where on a sticker.

Drawn once in millimetres on A6 (105 × 148.5, x to the right, y **down** from the top) and scaled
as a whole. The payer, at an arm's length, gets the symbol, the trader's name and the name that
the app must show; trader and field team get stall and vendor code large, and what tells this
print from others beside it. Everything reads in black and white too: many offices have no more.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

from msgspec import Struct

from tracker.stickers.checkmark import spaced
from tracker.stickers.fonts import EM, Weight, face
from tracker.stickers.text import CAPITAL, LEADING, fit, printable

WIDTH, HEIGHT = 105.0, 148.5
"""The sheet of the design, mm (ISO 216 A6)."""

TITLE = "Quét mã để chuyển khoản"
TITLE_ENGLISH = "Scan to pay by bank transfer"
WARNING = "Kiểm tra tên người nhận trước khi chuyển"
WARNING_ENGLISH = "Check the recipient's name before you pay"

_NAVY, _INK, _GREY, _WHITE, _AMBER = "#0b2f4f", "#101820", "#4d5a66", "#ffffff", "#ffc533"

Align = Literal["left", "centre", "right"]


class Sticker(Struct, frozen=True):
    """What is printed on one sticker: finished text, nothing is looked up or decided here.

    `market`, `stall`, `name` (the trader's, with its Vietnamese letters), `bank` (short name),
    `bank_full`, `account` (**already masked**: `•••• 4242`), `holder` (as the banking app will
    show it: folded capitals), `code` (the code's id, `CVT-0042-A.c1`, for errors only), `vendor`
    (`CVT-0042-A`), `version` of the code and `print_number` of that version, both from 1,
    `mark` (see `checkmark`), `payload` (the symbol; not a byte of ours is added to it).
    """

    market: str
    stall: str
    name: str
    bank: str
    bank_full: str
    account: str
    holder: str
    code: str
    vendor: str
    version: int
    print_number: int
    mark: str
    payload: str


class Rect(Struct, frozen=True):
    """A filled rectangle; `radius` of its corners in mm."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    radius: float = 0.0


class Text(Struct, frozen=True):
    """One line, its left end at `x`, its baseline at `y`, `size` mm an em."""

    x: float
    y: float
    size: float
    weight: Weight
    fill: str
    text: str


class Square(Struct, frozen=True):
    """Where the symbol goes, quiet zone included; nothing else is drawn inside."""

    x: float
    y: float
    side: float


class Drawing(Struct, frozen=True):
    """A sticker in the units of the design: rectangles below, lines above, one symbol."""

    rects: tuple[Rect, ...]
    texts: tuple[Text, ...]
    symbol: Square


SYMBOL = Square(x=20.5, y=35.7, side=64.0)

_RECTS = (
    Rect(4, 4, 97, 21.4, _NAVY, 3),
    Rect(62, 5.8, 37.2, 17.8, _WHITE, 2),
    Rect(4, 111.8, 97, 24.8, _AMBER, 3),
    Rect(5.2, 120.9, 94.6, 14.5, _WHITE, 2),
)


def design(data: Sticker) -> Drawing:
    """The drawing of one sticker. Every text fits its place, whatever its length."""
    out = list(_fixed())
    _block(out, data.market, (8, 4.4, 51, 20.6), "Bold", 6.6, 2.6, _WHITE, lines=2)
    _block(out, data.stall, (63.5, 10.3, 34.2, 12.6), "Bold", 12, 2.6, _INK, "centre", lines=2)
    _block(out, data.name, (5, 99.7, 95, 11.4), "Bold", 7.2, 2.6, _INK, "centre", lines=2)
    _block(out, data.holder, (7.2, 124.9, 52, 10.2), "Bold", 5, 1.8, _INK, lines=2)
    _block(out, data.bank, (62, 121.2, 36.4, 4.9), "Bold", 3.8, 1.6, _INK)
    _block(out, data.bank_full, (62, 126.2, 36.4, 4.2), "Medium", 1.9, 1, _GREY, lines=2)
    _block(out, data.account, (62, 130.6, 36.4, 4.6), "Bold", 3.8, 1.6, _INK)
    _block(out, data.vendor, (4, 137.2, 50, 7.6), "Bold", 7, 2, _INK)
    _block(out, f"Bản {data.version}", (56, 137, 16, 3.4), "Medium", 2.1, 1, _GREY)
    _block(out, f"In lần {data.print_number}", (56, 141.2, 16, 3.4), "Medium", 2.1, 1, _GREY)
    _block(out, spaced(data.mark), (73, 140.2, 28, 4.8), "Bold", 4.4, 2, _INK, "right")
    return Drawing(rects=_RECTS, texts=tuple(out), symbol=SYMBOL)


@cache
def _fixed() -> tuple[Text, ...]:
    """What is the same on every sticker."""
    out: list[Text] = []
    _block(out, "QUẦY · STALL", (63.5, 6.2, 34.2, 4), "Medium", 2.4, 1, _GREY, "centre")
    _block(out, TITLE, (4, 25.6, 97, 7), "Bold", 5, 3, _NAVY, "centre")
    _block(out, TITLE_ENGLISH, (4, 32.6, 97, 3), "Medium", 2.3, 1, _GREY, "centre")
    _block(out, WARNING, (5, 112.1, 95, 5.4), "Bold", 3.9, 2, _INK, "centre")
    _block(out, WARNING_ENGLISH, (5, 117.6, 95, 3), "Medium", 2.3, 1, _INK, "centre")
    _block(out, "Tên trên ứng dụng · Recipient", (7.2, 121.3, 52, 3.4), "Medium", 2.2, 1, _GREY)
    _block(out, "Dấu kiểm tra · Check mark", (73, 137, 28, 3), "Medium", 2.1, 1, _GREY, "right")
    return tuple(out)


def _block(
    out: list[Text],
    text: str,
    box: tuple[float, float, float, float],
    weight: Weight,
    size_max: float,
    size_min: float,
    fill: str,
    align: Align = "left",
    lines: int = 1,
) -> None:
    """Sets `text` into a box of x, y, width and height, its capitals in the middle of it."""
    x, y, width, height = box
    shown = printable(text)
    if not shown:
        return
    set_ = fit(
        shown,
        weight,
        width=width,
        height=height,
        size_max=size_max,
        size_min=size_min,
        lines_max=lines,
    )
    block = ((len(set_.lines) - 1) * LEADING + CAPITAL) * set_.size
    baseline = y + (height - block) / 2 + CAPITAL * set_.size
    for line in set_.lines:
        free = width - face(weight).width(line) / EM * set_.size
        at = x + {"left": 0.0, "centre": free / 2, "right": free}[align]
        out.append(Text(at, baseline, set_.size, weight, fill, line))
        baseline += LEADING * set_.size
