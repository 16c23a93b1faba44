"""PDF 1.4, as little of it as stickers need.

Text in two embedded fonts, filled shapes, one-bit images. Written here and not with a library for
three reasons: the symbol goes in as the PNG's own compressed rows, so nothing redraws it between
drawing and proof; the fonts are cut down once a process and not once a file; and the same input
gives the same bytes (no clock, no random id). ISO 32000-1 is cited by section.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache

from tracker.stickers.design import HEIGHT, Drawing, Rect
from tracker.stickers.fonts import Face, Weight, face

POINTS_PER_MM = 72 / 25.4

_FONTS: dict[Weight, str] = {"Medium": "F1", "Bold": "F2"}
_CURVE = 0.5523  # a quarter of a circle as one cubic curve
_CATALOG, _PAGES, _INFO = 1, 2, 3


class Pdf:
    """A file in the making: `image` and `page` as often as needed, then `finish`.

    `fonts`: whether text will be drawn, for a file without text should carry no fonts.
    """

    def __init__(self, *, fonts: bool = True) -> None:
        # Catalogue, page tree and information are filled in at the end.
        self._objects: list[bytes] = [b"", b"", b""]
        self._pages: list[int] = []
        names = [f"/{name} {self._font(weight)} 0 R" for weight, name in _FONTS.items() if fonts]
        self._fonts = " ".join(names)

    def image(self, png: bytes) -> int:
        """Puts a greyscale PNG of one bit a pixel into the file; its number, for `page`.

        The rows stay compressed as they are (§7.4.4.4: predictor 15 is PNG's).
        """
        side, rows = _rows(png)
        return self._stream(
            f"/Type/XObject/Subtype/Image/Width {side}/Height {side}/ColorSpace/DeviceGray"
            f"/BitsPerComponent 1/DecodeParms<</Predictor 15/BitsPerComponent 1/Columns {side}>>",
            rows,
        )

    def page(self, width_mm: float, height_mm: float, content: str, images: Sequence[int]) -> None:
        """Adds a page. In its content the images are called `/S0`, `/S1`, … in this order."""
        drawn = self._stream("", zlib.compress(content.encode("ascii"), 9))
        symbols = " ".join(f"/S{i} {number} 0 R" for i, number in enumerate(images))
        size = f"{_n(width_mm * POINTS_PER_MM)} {_n(height_mm * POINTS_PER_MM)}"
        self._pages.append(
            self._add(
                f"<</Type/Page/Parent {_PAGES} 0 R/MediaBox[0 0 {size}]/Contents {drawn} 0 R"
                f"/Resources<</Font<<{self._fonts}>>/XObject<<{symbols}>>>>>>"
            )
        )

    def finish(self) -> bytes:
        """The file. Viewers are asked not to scale on printing (§12.2): millimetres are meant."""
        kids = " ".join(f"{number} 0 R" for number in self._pages)
        self._objects[_CATALOG - 1] = (
            f"<</Type/Catalog/Pages {_PAGES} 0 R/Lang(vi)/ViewerPreferences<</PrintScaling/None>>>>"
        ).encode()
        self._objects[_PAGES - 1] = (
            f"<</Type/Pages/Count {len(self._pages)}/Kids[{kids}]>>".encode()
        )
        self._objects[_INFO - 1] = b"<</Producer(cashless-market-tracker)>>"
        out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
        table = [b"0000000000 65535 f \n"]
        for number, body in enumerate(self._objects, 1):
            table.append(b"%010d 00000 n \n" % len(out))
            out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
        id_ = hashlib.sha256(out).hexdigest()[:32]
        start = len(out)
        out += b"xref\n0 %d\n%s" % (len(table), b"".join(table))
        out += (
            f"trailer\n<</Size {len(table)}/Root {_CATALOG} 0 R/Info {_INFO} 0 R"
            f"/ID[<{id_}><{id_}>]>>\nstartxref\n{start}\n%%EOF\n"
        ).encode()
        return bytes(out)

    def _add(self, body: str | bytes) -> int:
        self._objects.append(body.encode("ascii") if isinstance(body, str) else body)
        return len(self._objects)

    def _stream(self, entries: str, data: bytes) -> int:
        head = f"<<{entries}/Filter/FlateDecode/Length {len(data)}>>stream\n".encode()
        return self._add(head + data + b"\nendstream")

    def _font(self, weight: Weight) -> int:
        """A font by glyph numbers (§9.7), with the table back to Unicode for copying (§9.10)."""
        program, meaning, name = _font_streams(weight)
        the = face(weight)
        program_at = self._stream(f"/Length1 {len(the.program)}", program)
        meaning_at = self._stream("", meaning)
        box = " ".join(map(str, the.box))
        descriptor = self._add(
            f"<</Type/FontDescriptor/FontName/{name}/Flags 4/FontBBox[{box}]/ItalicAngle 0"
            f"/Ascent {the.ascent}/Descent {the.descent}/CapHeight {the.cap_height}/StemV 110"
            f"/FontFile2 {program_at} 0 R>>"
        )
        widths = " ".join(map(str, the.advances))
        descendant = self._add(
            f"<</Type/Font/Subtype/CIDFontType2/BaseFont/{name}/CIDToGIDMap/Identity"
            f"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
            f"/FontDescriptor {descriptor} 0 R/W[0[{widths}]]>>"
        )
        return self._add(
            f"<</Type/Font/Subtype/Type0/BaseFont/{name}/Encoding/Identity-H"
            f"/DescendantFonts[{descendant} 0 R]/ToUnicode {meaning_at} 0 R>>"
        )


def painted(drawing: Drawing, *, x_mm: float, top_mm: float, scale: float, symbol: str = "") -> str:
    """Page content of a drawing whose upper left corner lies at `x_mm`, `top_mm` from the page's
    **lower** left corner, `scale` times as large. `symbol`: the image's name, if there is one."""
    unit = scale * POINTS_PER_MM
    left, below = x_mm * POINTS_PER_MM, (top_mm - HEIGHT * scale) * POINTS_PER_MM
    out = [f"q {unit:.6f} 0 0 {unit:.6f} {_n(left)} {_n(below)} cm"]
    out += [_shape(rect) for rect in drawing.rects]
    fill = font = ""
    out.append("BT")
    for text in drawing.texts:
        if text.fill != fill:
            fill = text.fill
            out.append(f"{_colour(fill)} rg")
        wanted = f"/{_FONTS[text.weight]} {text.size:.3f} Tf"
        if wanted != font:
            font = wanted
            out.append(font)
        glyphs = _glyph_codes(text.weight)
        shown = "".join([glyphs[c] for c in text.text])
        out.append(f"1 0 0 1 {text.x:.2f} {HEIGHT - text.y:.2f} Tm <{shown}> Tj")
    out.append("ET")
    if symbol:
        at = drawing.symbol
        side = _n(at.side)
        out.append(
            f"q {side} 0 0 {side} {_n(at.x)} {_n(HEIGHT - at.y - at.side)} cm /{symbol} Do Q"
        )
    out.append("Q")
    return "\n".join(out)


def lines(segments: Iterable[tuple[float, float, float, float]], width_mm: float) -> str:
    """Page content of black lines, each x and y of both ends in mm from the lower left corner."""
    k = POINTS_PER_MM
    drawn = (f"{_n(a * k)} {_n(b * k)} m {_n(c * k)} {_n(d * k)} l" for a, b, c, d in segments)
    return f"q 0 G {_n(width_mm * k)} w " + " ".join(drawn) + " S Q"


@lru_cache(maxsize=32)  # they are the same on every sticker
def _shape(rect: Rect) -> str:
    x, y, w, h = rect.x, HEIGHT - rect.y - rect.height, rect.width, rect.height
    if not rect.radius:
        return f"{_colour(rect.fill)} rg {_n(x)} {_n(y)} {_n(w)} {_n(h)} re f"
    r = rect.radius
    c = r * (1 - _CURVE)

    def p(*points: float) -> str:
        return " ".join(map(_n, points))

    return (
        f"{_colour(rect.fill)} rg {p(x + r, y)} m {p(x + w - r, y)} l "
        f"{p(x + w - c, y, x + w, y + c, x + w, y + r)} c {p(x + w, y + h - r)} l "
        f"{p(x + w, y + h - c, x + w - c, y + h, x + w - r, y + h)} c {p(x + r, y + h)} l "
        f"{p(x + c, y + h, x, y + h - c, x, y + h - r)} c {p(x, y + r)} l "
        f"{p(x, y + c, x + c, y, x + r, y)} c h f"
    )


def _n(number: float) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".")


@lru_cache(maxsize=32)
def _colour(fill: str) -> str:
    return " ".join(_n(int(fill[i : i + 2], 16) / 255) for i in (1, 3, 5))


@cache
def _glyph_codes(weight: Weight) -> dict[str, str]:
    return {c: f"{glyph:04x}" for c, glyph in face(weight).glyphs.items()}


@cache
def _font_streams(weight: Weight) -> tuple[bytes, bytes, str]:
    """Program and Unicode table, compressed, and the name with the tag of a subset (§9.6.4)."""
    the = face(weight)
    digest = hashlib.sha256(the.program).digest()
    tag = "".join(chr(ord("A") + byte % 26) for byte in digest[:6])
    meaning = _to_unicode(the).encode("ascii")
    return zlib.compress(the.program, 9), zlib.compress(meaning, 9), f"{tag}+{the.name}"


def _to_unicode(the: Face) -> str:
    pairs = [f"<{glyph:04x}><{ord(c):04x}>" for c, glyph in the.glyphs.items()]
    blocks = [pairs[i : i + 100] for i in range(0, len(pairs), 100)]
    body = "\n".join(
        f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks
    )
    return (
        "/CIDInit/ProcSet findresource begin 12 dict begin begincmap\n"
        "/CIDSystemInfo<</Registry(Adobe)/Ordering(UCS)/Supplement 0>>def\n"
        "/CMapName/Adobe-Identity-UCS def/CMapType 2 def\n"
        "1 begincodespacerange<0000><ffff>endcodespacerange\n"
        f"{body}\nendcmap CMapName currentdict/CMap defineresource pop end end"
    )


def _rows(png: bytes) -> tuple[int, bytes]:
    """Side in pixels and compressed rows of a square greyscale PNG of one bit a pixel."""
    side, height, depth, colour = struct.unpack_from(">IIBB", png, 16)
    if (height, depth, colour) != (side, 1, 0):
        raise ValueError("the image is no square greyscale PNG of one bit a pixel")
    at, rows = 8, b""
    while at < len(png):
        size, kind = struct.unpack_from(">I4s", png, at)
        if kind == b"IDAT":
            rows += png[at + 8 : at + 8 + size]
        at += size + 12
    return side, rows
