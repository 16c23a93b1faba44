"""Nothing leaves that was not read back.

The symbol is taken out of the finished file and read by another hand than drew it (zxing-cpp):
clean, out of focus, and with its middle covered. What does not give the payload byte for byte is
withheld. In a PDF each symbol must also lie beside its own vendor code, for a right code at the
wrong stall is paid to the wrong trader; and the first page is looked at as a printer would.
"""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable, Sequence
from typing import Literal

import pypdfium2 as pdfium
import zxingcpp
from msgspec import Struct
from PIL import Image, ImageDraw, ImageFilter
from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE

from tracker.domain.errors import TrackerError
from tracker.stickers.image import QUIET_ZONE

PROOF_PX = 4
"""Pixels a module at least, in every reading."""

BLUR_MODULES = 0.4
"""Sigma of the Gaussian (measured: at 0.6 no valid code is read, at 0.4 all)."""

COVERED = 0.12
"""Side of the covered square in the middle, as a share of the symbol's width."""

PDFIUM = threading.Lock()
"""PDFium may be used by one thread at a time, whatever the document."""

Reading = Literal["clean", "blurred", "covered", "page", "label"]

_POINTS_PER_MM = 72 / 25.4
# A bare format is taken too, but not declared to be.
_FORMATS = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_RUN = re.compile(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z")
_SVG_SYMBOL = re.compile(r'<path fill="#000" d="((?:M\d+ \d+h\d+v1h-\d+z)+)"/>')


class ProofFailed(TrackerError):
    """A drawn symbol did not read back as its payload; nothing was released.

    `reading`: which look failed; `id`: the code's. Both are in `extra` too.
    """

    status = 500
    title = "Print withheld"
    default_code = "PROOF_FAILED"

    def __init__(self, code: str, reading: Reading) -> None:
        super().__init__(
            f"The print of code {code or '(without id)'} failed its proof ({reading}), so nothing "
            "was released. Try again; if it fails again, issue the code anew.",
            id=code,
            reading=reading,
        )
        self.id = code
        self.reading = reading


class Placed(Struct, frozen=True):
    """A symbol on a page, and what must stand beside it.

    `modules`: across, quiet zone included. `x`, `y`, `side`: of the symbol with its quiet zone,
    mm from the page's **upper** left corner. `label`: words that must be readable in `around`
    (left, top, right, bottom; same measure).
    """

    code: str
    payload: str
    modules: int
    x: float
    y: float
    side: float
    label: tuple[str, ...] = ()
    around: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)


def prove_symbol(picture: Image.Image, modules: int, payload: str, code: str) -> None:
    """The three readings of a symbol as it is embedded.

    `picture`: the symbol with its quiet zone and nothing else; `modules` across, quiet zone
    included. Brought to whole pixels a module, 4 or more, by averaging, so that no pixel goes
    unseen. Raises `ProofFailed`.
    """
    grey = picture.convert("L")
    px = max(PROOF_PX, min(grey.width // modules, 2 * PROOF_PX - 1))
    if grey.width != px * modules:
        grey = grey.resize((px * modules, px * modules), Image.Resampling.BOX)
    _read(grey, payload, code, "clean")
    _read(grey.filter(ImageFilter.GaussianBlur(BLUR_MODULES * px)), payload, code, "blurred")
    _read(_covered(grey, modules, px), payload, code, "covered")


def prove_png(
    data: bytes, box: tuple[int, int, int], modules: int, payload: str, code: str
) -> None:
    """`prove_symbol` for a PNG; `box`: x, y and side in pixels of the symbol with quiet zone."""
    with Image.open(io.BytesIO(data)) as picture:
        x, y, side = box
        prove_symbol(picture.crop((x, y, x + side, y + side)), modules, payload, code)


def prove_svg(data: str, modules: int, payload: str, code: str) -> None:
    """`prove_symbol` for the path in an SVG, drawn from its own numbers."""
    found = _SVG_SYMBOL.findall(data)
    if len(found) != 1:
        raise ProofFailed(code, "clean")
    side = modules * PROOF_PX
    picture = Image.new("L", (side, side), 255)
    draw = ImageDraw.Draw(picture)
    for x, y, run, back in _RUN.findall(found[0]):
        if run != back:
            raise ProofFailed(code, "clean")
        left, top = int(x) * PROOF_PX, int(y) * PROOF_PX
        draw.rectangle((left, top, left + int(run) * PROOF_PX - 1, top + PROOF_PX - 1), fill=0)
    prove_symbol(picture, modules, payload, code)


def prove_pdf(
    data: bytes, pages: Sequence[Sequence[Placed]], progress: Callable[[int], object] | None = None
) -> None:
    """Every symbol of a finished PDF, its place and its label; the first page as a picture.

    `pages`: what must be on each page, in the order of drawing, and nothing else. `progress` is
    called after each page with the number of symbols on it. Raises `ProofFailed`.
    """
    with PDFIUM:
        document = pdfium.PdfDocument(data)
    try:
        for number, placed in enumerate(pages):
            with PDFIUM:
                pictures = _embedded(document, number, placed)
                raster = None if number else _raster(document, placed)
            for each, picture in zip(placed, pictures, strict=True):
                prove_symbol(picture, each.modules, each.payload, each.code)
            if raster is not None:
                _prove_raster(*raster, placed)
            if progress:
                progress(len(placed))
    finally:
        with PDFIUM:
            document.close()


def _embedded(
    document: pdfium.PdfDocument, number: int, placed: Sequence[Placed]
) -> list[Image.Image]:
    """The images of a page as they are in the file, after a look at where they and words are."""
    page = document[number]
    try:
        height = page.get_height()
        images = list(page.get_objects(filter=[FPDF_PAGEOBJ_IMAGE]))
        if len(images) != len(placed):
            raise ProofFailed(placed[0].code, "clean")
        words = page.get_textpage()
        try:
            for image, each in zip(images, placed, strict=True):
                _check_place(image.get_bounds(), height, each)
                if each.label:
                    _check_label(words, height, each)
        finally:
            words.close()
        return [_picture(image) for image in images]
    finally:
        page.close()


def _picture(image: pdfium.PdfImage) -> Image.Image:
    bitmap = image.get_bitmap()
    bitmap.warn_on_close = False  # its memory goes with it: hence the copy
    try:
        picture: Image.Image = bitmap.to_pil().copy()
        return picture
    finally:
        bitmap.close()


def _check_place(bounds: Sequence[float], height: float, each: Placed) -> None:
    k = _POINTS_PER_MM
    left, top, side = each.x * k, height - each.y * k, each.side * k
    wanted = (left, top - side, left + side, top)
    if any(abs(a - b) > 0.5 for a, b in zip(bounds, wanted, strict=True)):
        raise ProofFailed(each.code, "page")


def _check_label(words: pdfium.PdfTextPage, height: float, each: Placed) -> None:
    left, top, right, bottom = (value * _POINTS_PER_MM for value in each.around)
    text = words.get_text_bounded(left, height - bottom, right, height - top)
    if not all(word in text for word in each.label):
        raise ProofFailed(each.code, "label")


def _raster(document: pdfium.PdfDocument, placed: Sequence[Placed]) -> tuple[Image.Image, float]:
    """The first page in grey, and its pixels a millimetre: 4 a module and more."""
    per_mm = max((PROOF_PX + 1) * each.modules / each.side for each in placed)
    page = document[0]
    try:
        bitmap = page.render(scale=per_mm / _POINTS_PER_MM, grayscale=True)
        try:
            return bitmap.to_pil().copy(), per_mm
        finally:
            bitmap.close()
    finally:
        page.close()


def _prove_raster(picture: Image.Image, per_mm: float, placed: Sequence[Placed]) -> None:
    for each in placed:
        left, top, side = (round(value * per_mm) for value in (each.x, each.y, each.side))
        crop = picture.crop((left, top, left + side, top + side))
        _read(crop, each.payload, each.code, "page")


def _covered(picture: Image.Image, modules: int, px: int) -> Image.Image:
    """A copy with a square in the middle, in the colour that more of it is not."""
    width = (modules - 2 * QUIET_ZONE) * px
    half = COVERED * width / 2
    middle = picture.width / 2
    box = (round(middle - half), round(middle - half), round(middle + half), round(middle + half))
    histogram = picture.crop(box).histogram()
    dark = sum(histogram[:128])
    copy = picture.copy()
    copy.paste(255 if dark * 2 >= sum(histogram) else 0, box)
    return copy


def _read(picture: Image.Image, payload: str, code: str, reading: Reading) -> None:
    found = zxingcpp.read_barcode(picture, _FORMATS, try_invert=False)
    if found is None or found.bytes != payload.encode():
        raise ProofFailed(code, reading)
