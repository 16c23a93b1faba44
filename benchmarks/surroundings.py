"""What stands around a sticker in a photograph, and what light and sensor do to all of it."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from random import Random

import zxingcpp
from PIL import Image, ImageChops, ImageDraw, ImageFont

from tracker.stickers.fonts import face

Spot = tuple[float, float]

_WORDS = (
    "CÁ THU MỘT NẮNG", "Bún riêu cua", "Rau sạch Đà Lạt", "Gạo ST25 · 28.000 ₫/kg", "0903 555 017",
    "KHÔNG HÚT THUỐC", "Sạp B12", "TRÁI CÂY TƯƠI", "Giảm giá 20 %", "Mời cô chú ghé xem",
)  # fmt: skip
_WALLS = ((196, 178, 150), (120, 136, 128), (210, 205, 196), (92, 74, 58), (150, 160, 172))
_NOISE_SIGMA = 52.2
"""Of the mean of two uniform bytes, in levels."""


def wall(random: Random, size: tuple[int, int]) -> Image.Image:
    """A wall, a board or tiles, with stains and grain."""
    picture = Image.new("RGB", size, random.choice(_WALLS))
    draw = ImageDraw.Draw(picture)
    if random.random() < 0.5:
        step, shift = random.randint(40, 160), random.randint(-40, 40)
        line = tuple(random.randint(40, 200) for _ in range(3))
        for x in range(-size[1], size[0] + size[1], step):
            draw.line((x, 0, x + shift, size[1]), fill=line, width=random.randint(1, 5))
        if random.random() < 0.5:
            for y in range(0, size[1], step):
                draw.line((0, y, size[0], y), fill=line, width=2)
    for grain, strength in ((8, 0.25), (60, 0.15), (400, 0.1)):
        stains = _field(random, grain, size)
        picture = Image.blend(picture, Image.merge("RGB", [stains] * 3), strength)
    return picture


def clutter(
    scene: Image.Image, random: Random, count: int, places: Sequence[Spot], radius: float
) -> Iterator[str]:
    """Draws `count` things that keep clear of the symbols; yields what foreign QR codes say."""
    things = [_sign, _goods, _cloth, _barcode, _foreign]
    for _ in range(count):
        thing = random.choice(things)
        picture, text = thing(random)
        picture = picture.rotate(random.uniform(-40, 40), expand=True)
        for _ in range(20):
            x = random.uniform(-0.1, 0.95) * scene.width
            y = random.uniform(-0.1, 0.95) * scene.height
            middle = x + picture.width / 2, y + picture.height / 2
            reach = radius + math.hypot(*picture.size) / 2
            if all(math.dist(middle, place) > reach for place in places):
                scene.paste(picture, (round(x), round(y)), picture)
                if text:
                    yield text
                break


def light(scene: Image.Image, random: Random, contrast: float, shade: float) -> Image.Image:
    """Light from one side or a lamp's spot, and the contrast that is left."""
    ramp = Image.linear_gradient("L") if random.random() < 0.6 else Image.radial_gradient("L")
    ramp = ramp.rotate(random.uniform(0, 360), Image.Resampling.BICUBIC, expand=False)
    edge, end = ramp.width * 3 // 20, ramp.width * 17 // 20  # what turning left black is outside
    ramp = ramp.crop((edge, edge, end, end))
    ramp = ramp.resize(scene.size, Image.Resampling.BICUBIC)
    dimmed = ramp.point([round(255 - shade * value) for value in range(256)])
    lit = ImageChops.multiply(scene, Image.merge("RGB", [dimmed] * 3))
    black = random.uniform(0, 1 - contrast) * 255
    table = [round(black + contrast * value) for value in range(256)]
    tint = [random.uniform(0.88, 1.0) for _ in range(3)]
    return lit.point([round(value * share) for share in tint for value in table])


def noisy(scene: Image.Image, sigma: float, random: Random) -> Image.Image:
    """Noise of the sensor, the same in all colours, sigma in levels of 255."""
    one, other = (
        Image.frombytes("L", scene.size, random.randbytes(scene.width * scene.height))
        for _ in range(2)
    )
    share = sigma / _NOISE_SIGMA
    noise = ImageChops.add(one, other, scale=2).point(
        [round(127 + share * (v - 127)) for v in range(256)]
    )
    return ImageChops.add(scene, Image.merge("RGB", [noise] * 3), offset=-127)


def _field(random: Random, grain: int, size: tuple[int, int]) -> Image.Image:
    width, height = grain, max(2, grain * 3 // 4)
    field = Image.frombytes("L", (width, height), random.randbytes(width * height))
    return field.resize(size, Image.Resampling.BICUBIC)


def _sign(random: Random) -> tuple[Image.Image, str]:
    text = random.choice(_WORDS)
    font = _font(random.choice((18, 28, 44, 64)))
    left, top, right, bottom = font.getbbox(text)
    size = (int(right - left) + 30, int(bottom - top) + 24)
    paper, ink = random.sample([(255, 255, 255), (20, 30, 40), (200, 30, 30), (255, 220, 60)], 2)
    picture = Image.new("RGBA", size, (*paper, 255))
    ImageDraw.Draw(picture).text((15 - left, 12 - top), text, font=font, fill=ink)
    return picture, ""


def _goods(random: Random) -> tuple[Image.Image, str]:
    """Round things in a heap."""
    side = random.randint(120, 300)
    picture = Image.new("RGBA", (side, side))
    draw = ImageDraw.Draw(picture)
    colour = [random.randint(60, 240) for _ in range(3)]
    for _ in range(12):
        r = side // 8
        x, y = random.randint(r, side - r), random.randint(r, side - r)
        fill = tuple(max(0, min(255, part + random.randint(-30, 30))) for part in colour)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=(*fill, 255), outline=(40, 30, 20))
    return picture, ""


def _cloth(random: Random) -> tuple[Image.Image, str]:
    """Checks that look a little like a symbol."""
    step, count = random.randint(4, 14), random.randint(12, 20)
    bits = Image.frombytes("L", (count, count), random.randbytes(count * count))
    checks = bits.point([0] * 128 + [255] * 128).resize((count * step,) * 2, Image.Resampling.BOX)
    colour = random.randint(0, 120)
    picture = Image.merge("RGB", [checks.point(lambda v: v if v else colour)] * 3).convert("RGBA")
    return picture, ""


def _barcode(random: Random) -> tuple[Image.Image, str]:
    digits = "893" + "".join(random.choices("0123456789", k=9))
    return _written(digits, zxingcpp.BarcodeFormat.EAN13, random.randint(2, 3)), ""


def _foreign(random: Random) -> tuple[Image.Image, str]:
    """A QR code of somebody else."""
    text = f"https://zalo.example/{random.randrange(10**9)}"
    return _written(text, zxingcpp.BarcodeFormat.QRCode, random.randint(3, 5)), text


def _written(text: str, kind: zxingcpp.BarcodeFormat, scale: int) -> Image.Image:
    code = zxingcpp.create_barcode(text, kind).to_image(scale=scale, add_quiet_zones=True)
    return Image.fromarray(code).convert("RGBA")


@lru_cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(io.BytesIO(face("Bold").program), size)
