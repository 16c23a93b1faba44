"""A sticker as SVG: letters as outlines, so it looks the same where the typeface is missing.

No script, no style, no reference to anything outside; the text stands in the title for those who
cannot see it.
"""

from __future__ import annotations

from html import escape

from tracker.stickers.design import HEIGHT, WIDTH, Drawing, Text
from tracker.stickers.fonts import EM, face, outlines
from tracker.stickers.image import QUIET_ZONE, Matrix, svg_path


def sticker_svg(drawing: Drawing, modules: Matrix, *, size_mm: float) -> str:
    """The drawing with its symbol, `size_mm` millimetres wide."""
    total = len(modules) + 2 * QUIET_ZONE
    at = drawing.symbol
    label = escape(" · ".join(text.text for text in drawing.texts), quote=True)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size_mm:g}mm" '
        f'height="{size_mm * HEIGHT / WIDTH:.3f}mm" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" '
        f'role="img"><title>{label}</title>',
        f'<rect width="{WIDTH:g}" height="{HEIGHT:g}" fill="#fff"/>',
    ]
    parts += [
        f'<rect x="{r.x:g}" y="{r.y:g}" width="{r.width:g}" height="{r.height:g}" '
        f'rx="{r.radius:g}" fill="{r.fill}"/>'
        for r in drawing.rects
    ]
    parts += [_line(text) for text in drawing.texts]
    parts.append(
        f'<g transform="translate({at.x:g} {at.y:g}) scale({at.side / total:.6f})" '
        f'shape-rendering="crispEdges"><path fill="#000" d="{svg_path(modules)}"/></g></svg>'
    )
    return "".join(parts)


def _line(text: Text) -> str:
    shapes, the = outlines(text.weight), face(text.weight)
    scale = text.size / EM
    out = [
        f'<g fill="{text.fill}" transform="translate({text.x:.3f} {text.y:.3f}) '
        f'scale({scale:.6f} {-scale:.6f})">'
    ]
    x = 0
    for c in text.text:
        if shapes[c]:
            place = f' transform="translate({x} 0)"' if x else ""
            out.append(f'<path{place} d="{shapes[c]}"/>')
        x += the.advances[the.glyphs[c]]
    out.append("</g>")
    return "".join(out)
