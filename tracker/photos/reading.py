"""All QR symbols of a grey picture: one plain look, and harder ones only where that falls short.

Nine of ten photographs need the plain look alone. zxing-cpp tells too where it found a symbol
that it could not decode; such a place is looked at again from close up, sharpened. Where it found
nothing at all, the whole picture is sharpened or evened out. How much is tried is bounded by
count, so that a photograph gives the same on a slow day; a bound of processor time is there for
pictures that somebody drew to keep a core busy.
(Ways and figures were chosen by measurement: `benchmarks/photos.py` and blurs beyond it.)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import zxingcpp
from PIL import Image, ImageChops, ImageFilter, ImageOps

CLOSE_UPS_MAX: Final = 12
"""Places looked at again in one picture; each costs 20 to 90 ms where it gives nothing."""

PROCESSOR_S_MAX: Final = 3.0
"""After this much time of a processor nothing further is begun. A photograph takes under 1 s."""

LOOK_PIXELS_MAX: Final = 4_000_000
"""In one look. A larger picture is looked at halved, then in tiles: the library's time grows with
the square of finder patterns, and a drawn field of them at 12 megapixels took it 29 s."""

_TILE_PX: Final = 2_200
_OVERLAP_PX: Final = 400
"""Of tiles; a symbol that is larger was read in the halved picture."""

_SIDE_PX_MIN: Final = 30
"""Anything smaller that looks like a symbol is texture."""

_MARGIN: Final = 0.3
"""Around a close-up, as a share of its side: the place of a blurred symbol is a guess."""

_CLOSE_UPS: Final = ((800, 8, 400), (360, 3, 400), (260, 2, 400), (640, 5, 150))
"""Side in pixels that the symbol is brought to, then radius (pixels) and per cent of unsharp
masking. The first undoes a blur of σ 0.6 module, which no decoder reads as it is."""

_HEX_OF_ECI: Final = b"]Q2".hex(" ").upper()
_PLAIN: Final = zxingcpp.TextMode.Plain
_MODEL_2: Final = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCodeModel2)


Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""


class Symbol(NamedTuple):
    """A symbol and the upright box around it in pixels; `text` None where it is not decoded."""

    text: str | None
    left: float
    top: float
    right: float
    bottom: float

    @property
    def side(self) -> float:
        """The longer side of the box."""
        return max(self.right - self.left, self.bottom - self.top)

    @property
    def middle(self) -> tuple[float, float]:
        """The middle of the box."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def holds(self, other: Symbol) -> bool:
        """Whether the middle of another lies within this box."""
        x, y = other.middle
        return self.left <= x <= self.right and self.top <= y <= self.bottom


def read_symbols(picture: Image.Image) -> list[Symbol]:
    """The decoded symbols of a picture in mode L, in no order, each once."""
    search = _Search(picture)
    view, factor = _small(picture, LOOK_PIXELS_MAX)
    search.look(view, 1 / factor)
    if factor > 1:
        for box in _tiles(picture.size):
            search.look(picture.crop(box), 1.0, box)
    if not search.found:
        for way in _WAYS:
            if search.found or search.spent():
                break
            search.look(*way(picture))
    return search.found


class _Search:
    """What is found so far, and what is left of the close-ups."""

    def __init__(self, picture: Image.Image) -> None:
        self._picture = picture
        self._close_ups = CLOSE_UPS_MAX
        self._end = time.thread_time() + PROCESSOR_S_MAX
        self._tried: list[Symbol] = []
        self.found: list[Symbol] = []

    def spent(self) -> bool:
        """Whether the time is up."""
        return time.thread_time() > self._end

    def look(self, view: Image.Image, scale: float, at: Box = (0, 0, 0, 0)) -> None:
        """Reads a view of the picture, `scale` times as large, cut out `at` a box."""
        if self.spent():
            return
        seen = [_scaled(each, 1 / scale, at[0], at[1]) for each in _seen(view)]
        self._add(each for each in seen if each.text is not None)
        places = sorted((each for each in seen if each.text is None), key=lambda each: -each.side)
        for place in places:
            if self._close_ups and not self._known(place) and not self.spent():
                self._close_ups -= 1
                self._tried.append(place)
                self._add(_close_up(self._picture, place))

    def _known(self, place: Symbol) -> bool:
        """Whether a place was read, or tried with about the same box."""
        return any(each.holds(place) for each in self.found) or any(
            each.holds(place) and 0.8 < place.side / each.side < 1.25 for each in self._tried
        )

    def _add(self, symbols: Iterator[Symbol]) -> None:
        for symbol in symbols:
            same = (each for each in self.found if each.text == symbol.text)
            if not any(each.holds(symbol) or symbol.holds(each) for each in same):
                self.found.append(symbol)


def _seen(view: Image.Image) -> Iterator[Symbol]:
    for code in zxingcpp.read_barcodes(view, _MODEL_2, text_mode=_PLAIN, return_errors=True):
        at = code.position
        corners = (at.top_left, at.top_right, at.bottom_right, at.bottom_left)
        xs, ys = [corner.x for corner in corners], [corner.y for corner in corners]
        text = _text(code, view) if code.valid else None
        symbol = Symbol(text, min(xs), min(ys), max(xs), max(ys))
        if text is not None or symbol.side >= _SIDE_PX_MIN:
            yield symbol


def _text(code: zxingcpp.Barcode, view: Image.Image) -> str:
    """The characters of a symbol.

    Its bytes are UTF-8 if they can be: banking apps take them so, announced (ECI 26) or not. If
    they cannot, an announced character set decides, and without one the default of ISO/IEC 18004,
    which is ISO 8859-1; the library would guess there, and takes some Vietnamese for Japanese.
    """
    try:
        return str(code.bytes.decode())
    except UnicodeDecodeError:
        again = zxingcpp.read_barcodes(view, _MODEL_2, text_mode=zxingcpp.TextMode.HexECI)
        announced = any(
            each.bytes == code.bytes and each.text.startswith(_HEX_OF_ECI) for each in again
        )
        return str(code.text) if announced else str(code.bytes.decode("latin-1"))


def _scaled(symbol: Symbol, factor: float, x: float = 0.0, y: float = 0.0) -> Symbol:
    left, top, right, bottom = (value * factor for value in symbol[1:])
    return Symbol(symbol.text, left + x, top + y, right + x, bottom + y)


def _close_up(picture: Image.Image, place: Symbol) -> Iterator[Symbol]:
    """What is read at a place when it is cut out, brought to a size and sharpened."""
    margin = place.side * _MARGIN
    left, top = max(0, int(place.left - margin)), max(0, int(place.top - margin))
    right = min(picture.width, int(place.right + margin) + 1)
    bottom = min(picture.height, int(place.bottom + margin) + 1)
    cut = picture.crop((left, top, right, bottom))
    for side, radius, per_cent in _CLOSE_UPS:
        factor = side / place.side
        size = (max(1, round(cut.width * factor)), max(1, round(cut.height * factor)))
        view = cut.resize(size, Image.Resampling.BICUBIC)
        view = view.filter(ImageFilter.UnsharpMask(radius, per_cent, 0))
        read = [each for each in _seen(view) if each.text is not None]
        if read:
            yield from (_scaled(each, 1 / factor, left, top) for each in read)
            return


def _tiles(size: tuple[int, int]) -> Iterator[Box]:
    """Boxes that cover a picture and overlap."""
    spans = []
    for length in size:
        count = max(1, -(-(length - _OVERLAP_PX) // (_TILE_PX - _OVERLAP_PX)))
        tile = -(-(length + (count - 1) * _OVERLAP_PX) // count)
        starts = (min(i * (tile - _OVERLAP_PX), length - tile) for i in range(count))
        spans.append([(start, start + tile) for start in starts])
    for top, bottom in spans[1]:
        for left, right in spans[0]:
            yield left, top, right, bottom


# ── ways to look at a whole picture again ────────────────────────────────────────────────────


def _small(picture: Image.Image, pixels_max: int) -> tuple[Image.Image, int]:
    factor = 1
    while picture.width * picture.height > pixels_max * factor * factor:
        factor *= 2
    return (picture.reduce(factor) if factor > 1 else picture), factor


def _sharp(picture: Image.Image) -> tuple[Image.Image, float]:
    """Out of focus: σ 0.5 module and more at 3 to 7 pixels a module."""
    view, factor = _small(picture, LOOK_PIXELS_MAX)
    return view.filter(ImageFilter.UnsharpMask(3, 250, 0)), 1 / factor


def _sharp_small(picture: Image.Image) -> tuple[Image.Image, float]:
    """Out of focus and close up; noise averages away."""
    view, factor = _small(picture, LOOK_PIXELS_MAX // 4)
    if factor == 1:
        view, factor = picture.reduce(2), 2
    return _even(view).filter(ImageFilter.UnsharpMask(3, 250, 0)), 1 / factor


def _evened(picture: Image.Image) -> tuple[Image.Image, float]:
    """Little contrast, deep shade or glare."""
    view, factor = _small(picture, LOOK_PIXELS_MAX)
    return _even(view), 1 / factor


def _soft(picture: Image.Image) -> tuple[Image.Image, float]:
    """Grain, halftone or the grid of a screen."""
    view, factor = _small(picture, LOOK_PIXELS_MAX)
    return view.filter(ImageFilter.BoxBlur(1)), 1 / factor


def _large(picture: Image.Image) -> tuple[Image.Image, float]:
    """Tiny symbols in a small picture, or some out of focus too far away."""
    view, factor = _small(picture, LOOK_PIXELS_MAX // 2)
    size = (view.width * 2, view.height * 2)
    large = view.resize(size, Image.Resampling.BICUBIC)
    return large.filter(ImageFilter.UnsharpMask(6, 300, 0)), 2 / factor


def _even(view: Image.Image) -> Image.Image:
    """Minus its own coarse light, stretched to the full scale."""
    around = view.reduce(8).filter(ImageFilter.BoxBlur(6)).resize(view.size)
    return ImageOps.autocontrast(ImageChops.subtract(view, around, 1, 128), 1)


_WAYS: Final[tuple[Callable[[Image.Image], tuple[Image.Image, float]], ...]] = (
    _sharp,
    _sharp_small,
    _evened,
    _soft,
    _large,
)
