"""One code, or one sticker, as a file: PNG, SVG or PDF at any size, proved before it is returned.

    code_image(payload, format_, size_mm=…, dpi=…)   the symbol with its quiet zone
    sticker(data, format_, size_mm=…, dpi=…)         the printed thing that hangs at the stall

The same arguments give the same bytes. Safe to call from threads.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from math import ceil
from typing import Literal, get_args

from PIL import Image
from pypdfium2 import PdfDocument

from tracker.domain.errors import Fault, Invalid
from tracker.stickers import image, proof
from tracker.stickers.design import HEIGHT, SYMBOL, WIDTH, Sticker, design
from tracker.stickers.pdf import POINTS_PER_MM, Pdf, painted
from tracker.stickers.svg import sticker_svg

Format = Literal["png", "svg", "pdf"]

MEDIA_TYPES: dict[Format, str] = {
    "png": "image/png",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
}

MASK = 3
"""Tried first: choosing the best of eight masks takes twenty times as long, and every reader
reads all eight. Where a symbol fails its proof under this one, the best is chosen after all."""

EMBEDDED_PX = 4
"""Pixels a module of a symbol in a PDF: what is proved is what is embedded, pixel for pixel."""

STICKER_MM_MIN, STICKER_MM_MAX = 40.0, 1_000.0
PIXELS_MAX = 25_000_000
"""Pixels of a PNG (A3 at 300 dpi has 17 million); for more there are SVG and PDF."""

_MM_PER_INCH = 25.4


def code_image(
    payload: str, format_: Format, *, size_mm: float = 60.0, dpi: int = 300, code: str = ""
) -> bytes:
    """The symbol of `payload`, `size_mm` millimetres wide with its quiet zone.

    `dpi` is for PNG alone: all modules get the same whole number of pixels, the rest goes into
    the quiet zone. `code`: the code's id, for the error. Raises `Invalid` for a size, resolution
    or payload that cannot be drawn and `ProofFailed` if it does not read back.
    """
    _check_format(format_)

    def draw(mask: int | None) -> bytes:
        modules = len(image.matrix(payload, mask)) + 2 * image.QUIET_ZONE
        if format_ == "svg":
            text = image.svg(payload, size_mm=size_mm, mask=mask)
            proof.prove_svg(text, modules, payload, code)
            return text.encode()
        if format_ == "png":
            _check_pixels(size_mm, size_mm, dpi)
            data = image.png_mm(payload, size_mm=size_mm, dpi=dpi, mask=mask)
            side = round(size_mm / _MM_PER_INCH * dpi)
            inner = side // modules * modules
            corner = (side - inner) // 2
            proof.prove_png(data, (corner, corner, inner), modules, payload, code)
            return data
        _check_size(size_mm, 0.0, image.SIDE_MM_MAX)
        file = Pdf(fonts=False)
        number = file.image(image.png(payload, module_px=EMBEDDED_PX, mask=mask))
        side_pt = f"{size_mm * POINTS_PER_MM:.3f}"
        file.page(size_mm, size_mm, f"q {side_pt} 0 0 {side_pt} 0 0 cm /S0 Do Q", [number])
        data = file.finish()
        whole = proof.Placed(code=code, payload=payload, modules=modules, x=0, y=0, side=size_mm)
        proof.prove_pdf(data, [[whole]])
        return data

    return released(draw)


def sticker(data: Sticker, format_: Format, *, size_mm: float = WIDTH, dpi: int = 300) -> bytes:
    """One sticker, `size_mm` millimetres **wide**, √2 times as high (105: A6).

    40 to 1 000 mm; `dpi` is for PNG alone, where the symbol's modules get whole pixels. In SVG
    the letters are outlines. Raises `Invalid` and `ProofFailed`.
    """
    _check_format(format_)
    _check_size(size_mm, STICKER_MM_MIN, STICKER_MM_MAX)

    def draw(mask: int | None) -> bytes:
        if format_ == "pdf":
            return _sticker_pdf(data, size_mm, mask)
        if format_ == "png":
            return _sticker_png(data, size_mm, dpi, mask)
        modules = image.matrix(data.payload, mask)
        text = sticker_svg(design(data), modules, size_mm=size_mm)
        total = len(modules) + 2 * image.QUIET_ZONE
        proof.prove_svg(text, total, data.payload, data.code)
        return text.encode()

    return released(draw)


def placed(data: Sticker, mask: int | None, *, x: float, y: float, width: float) -> proof.Placed:
    """Where the symbol of a sticker must be if its upper left corner is at `x`, `y` (mm)."""
    scale = width / WIDTH
    return proof.Placed(
        code=data.code,
        payload=data.payload,
        modules=len(image.matrix(data.payload, mask)) + 2 * image.QUIET_ZONE,
        x=x + SYMBOL.x * scale,
        y=y + SYMBOL.y * scale,
        side=SYMBOL.side * scale,
        label=(data.vendor, data.mark[:3], data.mark[3:]),
        around=(x, y, x + width, y + HEIGHT * scale),
    )


def released(draw: Callable[[int | None], bytes]) -> bytes:
    """What `draw` makes under the quick mask, or under the best if that fails its proof."""
    try:
        return draw(MASK)
    except proof.ProofFailed:
        return draw(None)


def _sticker_pdf(data: Sticker, size_mm: float, mask: int | None) -> bytes:
    scale = size_mm / WIDTH
    file = Pdf()
    number = file.image(image.png(data.payload, module_px=EMBEDDED_PX, mask=mask))
    height = HEIGHT * scale
    content = painted(design(data), x_mm=0, top_mm=height, scale=scale, symbol="S0")
    file.page(size_mm, height, content, [number])
    out = file.finish()
    proof.prove_pdf(out, [[placed(data, mask, x=0, y=0, width=size_mm)]])
    return out


def _sticker_png(data: Sticker, size_mm: float, dpi: int, mask: int | None) -> bytes:
    """The text as PDFium sets it; the symbol pasted in, so that its modules are whole pixels."""
    scale = size_mm / WIDTH
    _check_pixels(size_mm, HEIGHT * scale, dpi)
    per_mm = dpi / _MM_PER_INCH
    total = len(image.matrix(data.payload, mask)) + 2 * image.QUIET_ZONE
    box = SYMBOL.side * scale * per_mm
    module_px = int(box / total)
    if module_px < image.MODULE_PX_MIN:
        least = ceil(total * image.MODULE_PX_MIN / (SYMBOL.side * scale) * _MM_PER_INCH)
        raise _refusal("dpi", f"at this size the sticker needs {least} dpi and more")
    file = Pdf()
    file.page(
        size_mm,
        HEIGHT * scale,
        painted(design(data), x_mm=0, top_mm=HEIGHT * scale, scale=scale),
        [],
    )
    picture = _rendered(file.finish(), dpi)
    code_png = image.png(data.payload, module_px=module_px, mask=mask)
    with Image.open(io.BytesIO(code_png)) as symbol:
        side = symbol.width
        x, y = (round(at * scale * per_mm + (box - side) / 2) for at in (SYMBOL.x, SYMBOL.y))
        picture.paste(symbol, (x, y))
    out = io.BytesIO()
    picture.save(out, "PNG", dpi=(dpi, dpi))
    proof.prove_png(out.getvalue(), (x, y, side), total, data.payload, data.code)
    return out.getvalue()


def _rendered(data: bytes, dpi: int) -> Image.Image:
    with proof.PDFIUM:
        document = PdfDocument(data)
        try:
            page = document[0]
            try:
                bitmap = page.render(scale=dpi / 72)
                try:
                    picture: Image.Image = bitmap.to_pil().convert("RGB").copy()
                    return picture
                finally:
                    bitmap.close()
            finally:
                page.close()
        finally:
            document.close()


def _check_format(format_: str) -> None:
    if format_ not in get_args(Format):
        raise _refusal("format", "format must be png, svg or pdf")


def _check_size(size_mm: float, low: float, high: float) -> None:
    if not (size_mm > 0 and low <= size_mm <= high):
        raise _refusal("size_mm", f"size_mm must be above 0, {low:g} to {high:g}")


def _check_pixels(width_mm: float, height_mm: float, dpi: int) -> None:
    if not 1 <= dpi <= 4_800:
        raise _refusal("dpi", "dpi must be 1 to 4800")
    if width_mm * height_mm * (dpi / _MM_PER_INCH) ** 2 > PIXELS_MAX:
        detail = f"the picture would have over {PIXELS_MAX} pixels; take SVG or PDF, or less dpi"
        raise _refusal("dpi", detail)


def _refusal(name: str, detail: str) -> Invalid:
    return Invalid(detail, faults=(Fault(pointer=f"/{name}", code="VALUE", detail=detail),))
