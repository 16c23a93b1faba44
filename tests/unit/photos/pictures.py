"""Pictures for the tests: symbols on paper, files of every kind, and parts of files."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence

from PIL import Image

from tracker.stickers import image, symbol

PAYLOADS = tuple(f"00020101021138{number:02d}payload of stall {number}" for number in range(6))

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def drawn(payload: str = PAYLOADS[0], module_px: int = 5) -> Image.Image:
    """A symbol with its quiet zone, in mode L."""
    with Image.open(io.BytesIO(image.png(payload, module_px=module_px))) as file:
        return file.convert("L")


def of_bytes(data: bytes, eci: int | None = None) -> Image.Image:
    """A symbol of version 5 in byte mode that holds any bytes, perhaps behind an ECI."""
    header = "" if eci is None else f"0111{eci:08b}"
    bits = f"{header}0100{len(data):08b}" + "".join(f"{byte:08b}" for byte in data) + "0000"
    bits += "0" * (-len(bits) % 8)
    words = list(int(bits, 2).to_bytes(len(bits) // 8))
    words += [(0xEC, 0x11)[i % 2] for i in range(86 - len(words))]  # 5-M holds 86 codewords
    modules = symbol.modules(5, words, 3)
    paper = Image.new("L", (len(modules) + 8,) * 2, 255)
    for y, row in enumerate(modules, 4):
        for x, dark in enumerate(row, 4):
            if dark:
                paper.putpixel((x, y), 0)
    return paper.resize((paper.width * 5, paper.height * 5), Image.Resampling.NEAREST)


def pasted(
    size: tuple[int, int], *symbols: tuple[Image.Image, tuple[int, int]], paper: int = 200
) -> Image.Image:
    """Symbols on a sheet, each with its upper left corner."""
    sheet = Image.new("L", size, paper)
    for each, corner in symbols:
        sheet.paste(each, corner)
    return sheet


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """The picture as a file."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(
    size: tuple[int, int], depth: int, colour: int, rows: bytes, extra: Sequence[bytes] = ()
) -> bytes:
    """A PNG of packed rows, with chunks before its pixels."""
    header = struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, 0)
    parts = (chunk(b"IHDR", header), *extra, chunk(b"IDAT", rows), chunk(b"IEND", b""))
    return SIGNATURE + b"".join(parts)


def zeros(length: int, level: int = 1) -> bytes:
    """That many zero bytes as a zlib stream, made without holding them."""
    packer = zlib.compressobj(level)
    block = bytes(min(length, 1 << 20))
    parts = [packer.compress(block) for _ in range(length // len(block))]
    parts.append(packer.compress(bytes(length % len(block))))
    return b"".join((*parts, packer.flush()))


def with_chunk(content: bytes, kind: bytes, body: bytes) -> bytes:
    """A PNG with one more chunk behind its header."""
    return content[:33] + chunk(kind, body) + content[33:]


def with_segment(content: bytes, marker: int, body: bytes) -> bytes:
    """A JPEG with one more segment at its beginning."""
    return (
        content[:2] + bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body + content[2:]
    )


def with_size(jpeg: bytes, width: int, height: int) -> bytes:
    """A JPEG that claims another size."""
    at = next(i for m in (b"\xff\xc0", b"\xff\xc2") if (i := jpeg.find(m)) > 0)
    return jpeg[: at + 5] + struct.pack(">HH", height, width) + jpeg[at + 9 :]


def exif(orientation: int, order: str = "<") -> bytes:
    """A TIFF block with an orientation and a place, without the `Exif` mark."""
    mark = b"II" if order == "<" else b"MM"
    artist = b"Nguyen Thi Mat\0"
    return (
        mark
        + struct.pack(order + "HIH", 42, 8, 2)
        + struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
        + struct.pack(order + "HHII", 0x013B, 2, len(artist), 38)
        + struct.pack(order + "I", 0)
        + artist
    )
