"""The payment code as a picture: PNG of one bit a pixel, SVG of one path.

Byte mode only, since a scanner that expects one mode misreads a mixture (EMVCo QRCPS MPM v1.0
§4.12.1); error correction M; a quiet zone of 4 modules (ISO/IEC 18004). The same arguments give
the same bytes.
"""

from __future__ import annotations

import struct
import zlib
from functools import lru_cache

from qrcode import util

from tracker.domain.errors import Fault, Invalid
from tracker.stickers import symbol

QUIET_ZONE = 4
"""Modules of white on each side (ISO/IEC 18004)."""

MODULE_PX_MIN = 3
"""Below this many pixels a module cheap decoders fail (measured)."""

SIDE_PX_MAX = 10_000
SIDE_MM_MAX = 1_000.0
_MM_PER_INCH = 25.4

Matrix = tuple[tuple[bool, ...], ...]
"""Square; rows from the top, True is dark; without the quiet zone."""


def matrix(payload: str, mask: int | None = None) -> Matrix:
    """The modules of `payload`: UTF-8 in byte mode, smallest version, error correction M.

    `mask` 0-7 saves choosing the best of eight, which is nearly all of the work; every decoder
    reads all eight. Non-ASCII text is announced as UTF-8 by ECI 26, without which scanners guess.
    Raises `Invalid` if the text is empty, is no Unicode or does not fit into a symbol.
    """
    return _matrix(payload, mask)


# One code is wanted as PNG, SVG and on a sheet within moments.
@lru_cache(maxsize=128)
def _matrix(payload: str, mask: int | None) -> Matrix:
    try:
        data = payload.encode()
    except UnicodeEncodeError:
        raise _refusal("payload", "the payload is not valid Unicode text") from None
    if not data:
        raise _refusal("payload", "there is no payload")
    found = symbol.codewords(data, eci=not payload.isascii())
    if found is None:
        raise _refusal("payload", "the payload does not fit into a QR symbol")
    version, words = found
    if mask is not None:
        return symbol.modules(version, words, mask)
    # The least penalty of ISO/IEC 18004, as the library counts it.
    drawn = (symbol.modules(version, words, each) for each in range(8))
    return min(drawn, key=util.lost_point)


def png(payload: str, *, module_px: int = 8, mask: int | None = None) -> bytes:
    """The code as PNG, `module_px` pixels a module, quiet zone included.

    `module_px`: 3 and more, up to a picture of 10 000 pixels. Raises `Invalid`.
    """
    modules = matrix(payload, mask)
    total = len(modules) + 2 * QUIET_ZONE
    most = SIDE_PX_MAX // total
    if not MODULE_PX_MIN <= module_px <= most:
        raise _refusal("module_px", f"module_px must be {MODULE_PX_MIN} to {most}")
    return _png(modules, module_px, module_px * total)


def png_mm(payload: str, *, size_mm: float, dpi: int, mask: int | None = None) -> bytes:
    """The code as PNG that prints `size_mm` millimetres wide, quiet zone included, at `dpi`.

    All modules have the same whole number of pixels, or they would blur; what is left over goes
    into the quiet zone. The resolution stands in the file (pHYs). Raises `Invalid` where a module
    would have fewer than 3 pixels or the picture more than 10 000.
    """
    modules = matrix(payload, mask)
    total = len(modules) + 2 * QUIET_ZONE
    _check_mm(size_mm)
    if not 1 <= dpi <= 4_800:
        raise _refusal("dpi", "dpi must be 1 to 4800")
    side = round(size_mm / _MM_PER_INCH * dpi)
    if side > SIDE_PX_MAX:
        raise _refusal("size_mm", f"the picture would be over {SIDE_PX_MAX} pixels wide")
    if side // total < MODULE_PX_MIN:
        least_mm = total * MODULE_PX_MIN / dpi * _MM_PER_INCH
        raise _refusal("size_mm", f"at {dpi} dpi this code needs {least_mm:.1f} mm and more")
    return _png(modules, side // total, side, dpi)


def svg(payload: str, *, size_mm: float, mask: int | None = None) -> str:
    """The code as SVG, `size_mm` millimetres wide, quiet zone included: one path on white.

    No script and no style attribute, so it may stand in a page with a strict content policy.
    Raises `Invalid` for a size that is not above 0 and at most 1 000 mm.
    """
    modules = matrix(payload, mask)
    _check_mm(size_mm)
    total = len(modules) + 2 * QUIET_ZONE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size_mm:g}mm" height="{size_mm:g}mm" '
        f'viewBox="0 0 {total} {total}" shape-rendering="crispEdges">'
        f'<rect width="{total}" height="{total}" fill="#fff"/>'
        f'<path fill="#000" d="{svg_path(modules)}"/></svg>'
    )


def svg_path(modules: Matrix) -> str:
    """Path data of the dark modules, one unit a module, quiet zone to the left and above.

    A run of dark modules in a row is one rectangle: fewer seams and a fifth of the text.
    """
    parts = []
    for y, row in enumerate(modules, QUIET_ZONE):
        x = 0
        while x < len(row):
            run = x
            while run < len(row) and row[run]:
                run += 1
            if run > x:
                parts.append(f"M{x + QUIET_ZONE} {y}h{run - x}v1h-{run - x}z")
            x = run + 1
    return "".join(parts)


def _png(modules: Matrix, module_px: int, side: int, dpi: int = 0) -> bytes:
    """A square greyscale PNG of one bit a pixel, the symbol in its middle (PNG, W3C 2003)."""
    stride = (side + 7) // 8
    before = (side - module_px * len(modules)) // 2
    after = side - before - module_px * len(modules)
    # White is 1. After the first line of a module each further line is "as above" (filter 2,
    # all zero), which packs to next to nothing.
    blank, same = b"\0" + _bits("1" * side, stride), b"\2" + bytes(stride)
    dark, light = b"0" * module_px, b"1" * module_px
    lines = [blank, same * (before - 1)]
    for row in modules:
        middle = bytes(row).replace(b"\1", dark).replace(b"\0", light).decode()
        line = "1" * before + middle + "1" * after
        lines += (b"\0" + _bits(line, stride), same * (module_px - 1))
    lines += [blank, same * (after - 1)]
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    per_metre = round(dpi / _MM_PER_INCH * 1_000)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1)) if dpi else b"",
            _chunk(b"IDAT", zlib.compress(b"".join(lines), 6)),
            _chunk(b"IEND", b""),
        )
    )


def _bits(line: str, stride: int) -> bytes:
    return int(line.ljust(8 * stride, "0"), 2).to_bytes(stride, "big")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _check_mm(size_mm: float) -> None:
    if not 0 < size_mm <= SIDE_MM_MAX:
        raise _refusal("size_mm", f"size_mm must be above 0 and at most {SIDE_MM_MAX:g}")


def _refusal(name: str, detail: str) -> Invalid:
    return Invalid(detail, faults=(Fault(pointer=f"/{name}", code="VALUE", detail=detail),))
