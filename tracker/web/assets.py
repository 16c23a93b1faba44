"""Styles, scripts, pictures and the typeface, served by us, under names that change with them."""

from __future__ import annotations

import hashlib
import io
from functools import cache
from importlib.resources import files
from typing import Final

from msgspec import Struct

PREFIX: Final = "/assets/"
FOREVER: Final = (b"cache-control", b"public, max-age=31536000, immutable")

_KINDS: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
FACES: Final = {"regular.woff2": "Regular", "bold.woff2": "SemiBold"}
"""Be Vietnam Pro (SIL Open Font License 1.1) in the two weights that pages use."""

_LETTERS: Final = (
    *range(0x20, 0x7F),
    *range(0xA0, 0x180),
    *(0x1A0, 0x1A1, 0x1AF, 0x1B0),
    *range(0x1EA0, 0x1EFA),
    *map(ord, "–—‘’“”•…₫←↑→↓−"),
)
"""Latin, every Vietnamese letter, and the signs of our texts: 14 KB a weight instead of 135."""


class Asset(Struct, frozen=True):
    """A file as it is served."""

    body: bytes
    media_type: str


@cache
def addresses() -> dict[str, str]:
    """Address of each asset by its name; in it is a digest of what it is made from."""
    return {name: f"{PREFIX}{_digest(name)}/{name}" for name in (*_names(), *FACES)}


@cache
def asset(name: str) -> Asset | None:
    """The asset of this name; a face is cut down on first asking (about 0.3 s)."""
    if name in FACES:
        return Asset(_face(FACES[name]), _KINDS[".woff2"])
    if name not in _names():
        return None
    text = files("tracker.web").joinpath("static", name).read_bytes()
    if name.endswith(".css"):
        for face in FACES:
            text = text.replace(f"url({face})".encode(), f"url({addresses()[face]})".encode())
    return Asset(text, _KINDS[name[name.rindex(".") :]])


def _names() -> tuple[str, ...]:
    folder = files("tracker.web").joinpath("static")
    return tuple(sorted(one.name for one in folder.iterdir() if one.is_file()))


def _digest(name: str) -> str:
    if name in FACES:
        source = _program(FACES[name]) + repr(_LETTERS).encode()
    else:
        source = files("tracker.web").joinpath("static", name).read_bytes()
    return hashlib.sha256(source).hexdigest()[:12]


def _program(weight: str) -> bytes:
    folder = files("fontpkg_be_vietnam_pro").joinpath("files")
    return folder.joinpath(f"BeVietnamPro-{weight}.ttf").read_bytes()


def _face(weight: str) -> bytes:
    from fontTools import subset  # noqa: PLC0415  # a tenth of a start, needed at the first page
    from fontTools.ttLib import TTFont  # noqa: PLC0415  # as above

    font = TTFont(io.BytesIO(_program(weight)), recalcTimestamp=False)
    options = subset.Options(
        layout_features=["kern", "tnum", "ccmp", "mark"], hinting=False, recalc_timestamp=False
    )
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=_LETTERS)
    cutter.subset(font)
    font.flavor = "woff2"
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()
