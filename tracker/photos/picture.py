"""From an uploaded file to a grey picture, upright, of a size that can be searched.

The format is what the content says, whatever the name. Everything that could make decoding dear
is known and refused before it begins.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Final

from PIL import Image

from tracker.photos import errors, jpeg, png, webp
from tracker.photos.header import Header

BYTES_MAX: Final = 12 * 1024**2
"""12 MiB: what the contract takes; a phone's 50-megapixel JPEG has about that."""

PIXELS_MAX: Final = 50_000_000
"""The best common phone cameras give 50 megapixels; a bomb claims thousands."""

DECODED_BYTES_MAX: Final = 200 * 1024**2
"""For decoding, so that a process stays under 300 MB: beside it live the file (twice, 24 MiB) and
Python with the libraries (40 MB). 13 megapixels of WebP, 40 of PNG, 50 of JPEG."""

SIDE_PX_MIN: Final = 42
"""The smallest QR symbol has 21 modules, and below 2 pixels a module none is read."""

VIEW_PIXELS_MAX: Final = 16_000_000
"""What is searched; larger pictures are halved. A 50-megapixel sensor resolves no more."""

_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture of that EXIF orientation upright."""

_OTHERS: Final = {
    b"GIF8": "a GIF",
    b"%PDF": "a PDF",
    b"BM": "a BMP",
    b"II*\0": "a TIFF",
    b"MM\0*": "a TIFF",
    b"PK\x03\x04": "an archive or a document",
}
_BRANDS: Final = {b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis"}


def grey(content: bytes) -> Image.Image:
    """The picture in `content` in mode L, upright, of at most 16 million pixels.

    Holds nothing of the file but its pixels. Raises `BadPicture`.
    """
    head = header(content)
    upright = _TURNS.get(head.orientation)
    try:
        view = _decoded(head)
    except MemoryError:
        raise
    except Exception as error:  # the decoders raise whatever broken data lead them to
        raise errors.damaged(f"The {head.kind} file is broken or ends too early") from error
    return view if upright is None else view.transpose(upright)


def header(content: bytes) -> Header:
    """Kind, size and cost, read without decoding and within all limits. Raises `BadPicture`."""
    if not content:
        raise errors.empty()
    if len(content) > BYTES_MAX:
        raise errors.too_large(BYTES_MAX)
    head = _kind(content)(content)
    pixels_max = min(PIXELS_MAX, int(DECODED_BYTES_MAX / head.cost))
    if head.width * head.height > pixels_max:
        raise errors.too_many_pixels(head.width, head.height, pixels_max)
    if min(head.width, head.height) < SIDE_PX_MIN:
        raise errors.too_small(head.width, head.height, SIDE_PX_MIN)
    return head


def _kind(content: bytes) -> Callable[[bytes], Header]:
    if content.startswith(b"\xff\xd8\xff"):
        return jpeg.header
    if content.startswith(png.SIGNATURE):
        return png.header
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return webp.header
    raise errors.other_format(_called(content))


def _called(content: bytes) -> str:
    """What was sent instead, for the person who sent it."""
    for start, name in _OTHERS.items():
        if content.startswith(start):
            return name
    if content[4:8] == b"ftyp":
        return "a HEIC or AVIF picture" if content[8:12] in _BRANDS else "a film"
    if b"<svg" in content[:4_096].lower():
        return "an SVG drawing"
    return "no picture that can be read"


def _decoded(head: Header) -> Image.Image:
    scale = 1
    while head.width * head.height > VIEW_PIXELS_MAX * scale * scale:
        scale *= 2
    with Image.open(io.BytesIO(head.data), formats=[head.kind]) as file:
        if file.size != (head.width, head.height):
            raise ValueError("the decoder sees another size than the header says")
        if head.kind == "JPEG":
            # Colours are not even decoded, and a reduced picture is computed as such.
            file.draft("L", (head.width // scale, head.height // scale))
            scale = 1
        file.load()
        view = _flat(file)
    return view.reduce(scale) if scale > 1 else view


def _flat(picture: Image.Image) -> Image.Image:
    """In grey; where a drawing is transparent, paper is white."""
    if picture.mode.startswith("I"):
        return picture.point(lambda level: level / 256).convert("L")  # 16 bits
    if not picture.has_transparency_data:
        return picture.convert("L")
    if picture.mode not in {"RGBA", "LA"}:
        picture = picture.convert("RGBA")
    paper = Image.new("L", picture.size, 255)
    paper.paste(picture.convert("L"), mask=picture.getchannel("A"))
    return paper
