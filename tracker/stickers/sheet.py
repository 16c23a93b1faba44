"""Stickers on A4, with crop marks, as one PDF that is proved before it is returned.

    sheet(stickers, Layout(columns=2, rows=2), progress) -> bytes

Stickers go row by row, in the order given. Every symbol is taken out of the finished file and
read three times, its place and the vendor code beside it are checked, and the first page is read
as a picture (see `proof`). The same arguments give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from tracker.domain.errors import Fault, Invalid
from tracker.stickers import image, proof
from tracker.stickers.design import HEIGHT, WIDTH, Drawing, Square, Sticker, Text, design
from tracker.stickers.fonts import EM, face
from tracker.stickers.make import EMBEDDED_PX, MASK, STICKER_MM_MIN, placed
from tracker.stickers.pdf import Pdf, lines, painted

PAGE_WIDTH_MM, PAGE_HEIGHT_MM = 210.0, 297.0
STICKERS_MAX = 5_000
"""On one sheet job; an office that prints more makes several files."""

MARK_MM, MARK_AWAY_MM, MARK_WIDTH_MM = 4.0, 1.0, 0.1
"""Crop marks: length, distance from the sticker, width of the line."""

Pages = Sequence[Sequence[proof.Placed]]
"""What must be read on each page."""

Progress = Callable[[int, int], object]
"""Called with the stickers done and the stickers in all; done never falls and ends at all."""


class Layout(Struct, frozen=True):
    """How stickers stand on a page: `columns` × `rows`, the largest that fit.

    `margin_mm`: free at every edge, at least 8 (crop marks stand there, and printers do not
    reach the edge); `gap_mm`: between stickers. 2 × 2 gives stickers 92 mm wide, 3 × 3 59 mm.
    """

    columns: int = 2
    rows: int = 2
    margin_mm: float = 10.0
    gap_mm: float = 6.0

    @property
    def width_mm(self) -> float:
        """Width of a sticker; its height is `width_mm` × √2."""
        wide = (PAGE_WIDTH_MM - 2 * self.margin_mm + self.gap_mm) / self.columns - self.gap_mm
        high = (PAGE_HEIGHT_MM - 2 * self.margin_mm + self.gap_mm) / self.rows - self.gap_mm
        return min(wide, high * WIDTH / HEIGHT)


def sheet(
    stickers: Sequence[Sticker],
    layout: Layout | None = None,
    progress: Progress | None = None,
    *,
    prove: Callable[[bytes, Pages, Callable[[int], object]], None] = proof.prove_pdf,
) -> bytes:
    """All stickers as one PDF of A4 pages, in the order given.

    Raises `Invalid` for no sticker, more than `STICKERS_MAX`, a layout that does not fit on A4 or
    a payload that does not fit into a symbol, and `ProofFailed` with the id of the code whose
    print does not read back; then nothing is released. `prove` looks at the finished file: another
    one only in tests.
    """
    layout = layout or Layout()
    check_layout(layout)
    if not 1 <= len(stickers) <= STICKERS_MAX:
        raise _refusal("stickers", f"a sheet holds 1 to {STICKERS_MAX} stickers")
    masks: list[int | None] = [MASK] * len(stickers)
    count = _Count(len(stickers), progress)
    while True:
        data, pages = _drawn(stickers, masks, layout, count)
        try:
            prove(data, pages, count.proved)
        except proof.ProofFailed as failed:
            # The mask that saves choosing failed one symbol: choose the best for that one.
            again = [i for i, each in enumerate(stickers) if each.code == failed.id]
            if not again or any(masks[i] is None for i in again):
                raise
            for i in again:
                masks[i] = None
            count.restart()
        else:
            return data


class _Count:
    """Progress in stickers: drawing one is half of it, its proof the other half."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.total, self.progress = total, progress
        self.halves = self.told = 0

    def restart(self) -> None:
        self.halves = 0

    def drawn(self) -> None:
        self.proved(1)

    def proved(self, stickers: int) -> None:
        self.halves += stickers
        if self.progress and self.halves // 2 > self.told:
            self.told = self.halves // 2
            self.progress(self.told, self.total)


def _drawn(
    stickers: Sequence[Sticker], masks: Sequence[int | None], layout: Layout, count: _Count
) -> tuple[bytes, Pages]:
    """The file, and what must be read on each page."""
    file = Pdf()
    width = layout.width_mm
    scale = width / WIDTH
    corners = _corners(layout)
    size = len(corners)
    total = -(-len(stickers) // size)
    pages = []
    for start in range(0, len(stickers), size):
        on_page = stickers[start : start + size]
        used = corners[: len(on_page)]
        content = [lines(_crop_marks(used, layout), MARK_WIDTH_MM)]
        content.append(_foot(start // size + 1, total, layout))
        symbols, expected = [], []
        for i, (data, (x, y)) in enumerate(zip(on_page, used, strict=True)):
            mask = masks[start + i]
            symbols.append(file.image(image.png(data.payload, module_px=EMBEDDED_PX, mask=mask)))
            top = PAGE_HEIGHT_MM - y
            content.append(painted(design(data), x_mm=x, top_mm=top, scale=scale, symbol=f"S{i}"))
            expected.append(placed(data, mask, x=x, y=y, width=width))
            count.drawn()
        file.page(PAGE_WIDTH_MM, PAGE_HEIGHT_MM, "\n".join(content), symbols)
        pages.append(expected)
    return file.finish(), pages


def _corners(layout: Layout) -> list[tuple[float, float]]:
    """Upper left corners of the stickers, mm from the upper left of the page, row by row."""
    width = layout.width_mm
    height = width * HEIGHT / WIDTH
    across, down = width + layout.gap_mm, height + layout.gap_mm
    left = (PAGE_WIDTH_MM - layout.columns * across + layout.gap_mm) / 2
    top = (PAGE_HEIGHT_MM - layout.rows * down + layout.gap_mm) / 2
    return [
        (left + column * across, top + row * down)
        for row in range(layout.rows)
        for column in range(layout.columns)
    ]


def _crop_marks(
    corners: Sequence[tuple[float, float]], layout: Layout
) -> Iterator[tuple[float, float, float, float]]:
    """Two short lines at every corner, outside it; x and y up from the lower left of the page.

    Between stickers only where the gap has room for marks of both sides.
    """
    width = layout.width_mm
    height = width * HEIGHT / WIDTH
    inner = min(MARK_MM, layout.gap_mm / 2 - MARK_AWAY_MM)
    lefts, tops = {x for x, _ in corners}, {y for _, y in corners}
    for x, y in corners:
        for edge, way, outer in (
            (x, -1, x == min(lefts)),
            (x + width, 1, x == max(lefts)),
        ):
            if (length := MARK_MM if outer else inner) > 0:
                near, far = edge + way * MARK_AWAY_MM, edge + way * (MARK_AWAY_MM + length)
                for level in (y, y + height):
                    yield near, PAGE_HEIGHT_MM - level, far, PAGE_HEIGHT_MM - level
        for edge, way, outer in (
            (y, -1, y == min(tops)),
            (y + height, 1, y == max(tops)),
        ):
            if (length := MARK_MM if outer else inner) > 0:
                near, far = edge + way * MARK_AWAY_MM, edge + way * (MARK_AWAY_MM + length)
                for place in (x, x + width):
                    yield place, PAGE_HEIGHT_MM - near, place, PAGE_HEIGHT_MM - far


def _foot(page: int, pages: int, layout: Layout) -> str:
    """Below the stickers, outside the cut: the page, and how to print it."""
    words = f"Trang {page}/{pages} · In đúng cỡ 100 %, cắt theo dấu · Print at 100 %"
    size = 2.4
    x = (PAGE_WIDTH_MM - face("Medium").width(words) / EM * size) / 2
    foot = Text(x, PAGE_HEIGHT_MM - layout.margin_mm / 2, size, "Medium", "#4d5a66", words)
    nothing = Square(0, 0, 0)
    drawing = Drawing(rects=(), texts=(foot,), symbol=nothing)
    return painted(drawing, x_mm=0, top_mm=PAGE_HEIGHT_MM, scale=1)


def check_layout(layout: Layout) -> None:
    """Raises `Invalid` where the layout does not fit on A4."""
    if not (1 <= layout.columns <= 8 and 1 <= layout.rows <= 8):
        raise _refusal("layout", "a page has 1 to 8 columns and rows")
    if not (8 <= layout.margin_mm <= 50 and 0 <= layout.gap_mm <= 50):
        raise _refusal("layout", "margin_mm must be 8 to 50, gap_mm 0 to 50")
    if layout.width_mm < STICKER_MM_MIN:
        detail = f"stickers would be under {STICKER_MM_MIN:g} mm wide; take fewer a page"
        raise _refusal("layout", detail)


def _refusal(name: str, detail: str) -> Invalid:
    return Invalid(detail, faults=(Fault(pointer=f"/{name}", code="VALUE", detail=detail),))
