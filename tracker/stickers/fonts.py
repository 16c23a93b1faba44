"""The typeface of stickers: Be Vietnam Pro (SIL Open Font License 1.1), static, two weights.

It has every Vietnamese letter and ₫. Measures are in thousandths of an em, the font's own unit.
"""

from __future__ import annotations

import io
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from msgspec import Struct

Weight = Literal["Medium", "Bold"]

EM = 1_000
"""Units an em, in this typeface."""

_NOT_EMBEDDED = ("DSIG", "GDEF", "GPOS", "GSUB", "STAT", "gasp", "meta", "name", "post", "OS/2")
_PACKAGE = "fontpkg_be_vietnam_pro"


class Face(Struct, frozen=True):
    """One weight.

    `program`: the TrueType font to embed, cut down to the characters that it maps: no layout
    tables, no hints, no alternates. `glyphs`: glyph number in that program by character.
    `advances`: by glyph number; `widths`: the same by character. `bounds`: x_min, y_min, x_max,
    y_max of the ink by glyph number, the baseline at 0, y upwards; zeros where there is none.
    `box`: those of the whole face.
    """

    name: str
    program: bytes
    glyphs: dict[str, int]
    advances: tuple[int, ...]
    widths: dict[str, int]
    bounds: tuple[tuple[int, int, int, int], ...]
    box: tuple[int, int, int, int]
    ascent: int
    descent: int
    cap_height: int

    def width(self, text: str) -> int:
        """Advance of `text`, set solid. Raises `KeyError` for a character that is not there."""
        return sum(map(self.widths.__getitem__, text))


@cache
def face(weight: Weight) -> Face:
    """The face of a weight; read and cut down once a process (about 0.2 s)."""
    from fontTools import subset  # noqa: PLC0415  # a tenth of a start that may draw nothing

    font = _opened(weight)
    options = subset.Options(
        layout_features=[],
        hinting=False,
        glyph_names=False,
        notdef_outline=True,
        recalc_timestamp=False,
    )
    cutter = subset.Subsetter(options)
    characters: dict[int, str] = font.getBestCmap()
    capital = font["OS/2"].sCapHeight
    for table in _NOT_EMBEDDED:
        if table in font:
            del font[table]
    cutter.populate(unicodes=characters)
    cutter.subset(font)
    buffer = io.BytesIO()
    font.save(buffer, reorderTables=True)
    names = font.getGlyphOrder()
    shapes = [font["glyf"][name] for name in names]
    glyphs = {chr(point): font.getGlyphID(name) for point, name in sorted(characters.items())}
    advances = tuple(font["hmtx"][name][0] for name in names)
    head, line = font["head"], font["hhea"]
    return Face(
        name=f"BeVietnamPro-{weight}",
        program=buffer.getvalue(),
        glyphs=glyphs,
        advances=advances,
        widths={c: advances[glyph] for c, glyph in glyphs.items()},
        bounds=tuple(_bounds(shape) for shape in shapes),
        box=(head.xMin, head.yMin, head.xMax, head.yMax),
        ascent=line.ascent,
        descent=line.descent,
        cap_height=capital,
    )


@cache
def outlines(weight: Weight) -> dict[str, str]:
    """SVG path data of every character: EM units an em, the baseline at 0, **y upwards**."""
    from fontTools.pens.svgPathPen import SVGPathPen  # noqa: PLC0415  # as above

    font = _opened(weight)
    glyphs = font.getGlyphSet()
    drawn = {}
    for point, name in font.getBestCmap().items():
        pen = SVGPathPen(glyphs, ntos=lambda number: f"{round(number)}")
        glyphs[name].draw(pen)
        drawn[chr(point)] = str(pen.getCommands())
    return drawn


def _opened(weight: Weight) -> Any:
    from fontTools.ttLib import TTFont  # noqa: PLC0415  # as above

    data = files(_PACKAGE).joinpath("files", f"BeVietnamPro-{weight}.ttf").read_bytes()
    return TTFont(io.BytesIO(data), recalcTimestamp=False)


def _bounds(shape: Any) -> tuple[int, int, int, int]:
    if not shape.numberOfContours:
        return (0, 0, 0, 0)
    return (shape.xMin, shape.yMin, shape.xMax, shape.yMax)
