"""Photographs of stickers as a phone takes them at a stall, drawn from a seed.

A `Shot` says how: distance, turn, tilt, focus, light, contrast, clutter and JPEG quality. `take`
draws it: stickers of `tracker.stickers` on a wall, seen by a pinhole camera, then lens, light,
sensor noise and JPEG. The same shot gives the same picture. The `CLASSES` each push one thing to
its end and keep the rest moderate; `everything` draws all of them over their whole ranges at once.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from functools import lru_cache
from random import Random

from msgspec import Struct
from msgspec.structs import replace
from PIL import Image, ImageFilter

from benchmarks.stickers import stickers
from benchmarks.surroundings import Spot, clutter, light, noisy, wall
from tracker.stickers.design import SYMBOL, WIDTH
from tracker.stickers.image import QUIET_ZONE, matrix
from tracker.stickers.make import MASK, sticker

SIZE = (1280, 960)
MASTER_PX = 16
"""Pixels a module of the drawn stickers, before the camera looks at them."""

_POOL = 5
_INCH_MM = 25.4


class Shot(Struct, frozen=True):
    """How one photograph is taken.

    `module_px`: pixels a module at the symbol's middle, in the direction that tilt does not
    shorten. `turn`, `tilt`, `axis` in degrees: in the picture, out of it, and about which line of
    the sticker. `blur`: sigma of the Gaussian in modules. `contrast`: black to white as a share of
    the full scale. `shade`: share of the light that is missing at the dark end of the picture.
    `noise`: of the sensor, sigma in levels of 255. `clutter`: things beside the sticker.
    `codes`: stickers in the picture; `whole`: the sticker, or its symbol alone.
    """

    seed: str
    module_px: float = 6.0
    turn: float = 0.0
    tilt: float = 0.0
    axis: float = 0.0
    blur: float = 0.0
    contrast: float = 0.9
    shade: float = 0.0
    noise: float = 2.0
    clutter: int = 0
    quality: int = 85
    codes: int = 1
    whole: bool = True


class Photo(Struct, frozen=True):
    """A picture as RGB and as the JPEG file of it, and what its stickers and other codes say."""

    jpeg: bytes
    payloads: tuple[str, ...]
    others: tuple[str, ...]


def moderate(random: Random, seed: str) -> Shot:
    """An ordinary shot by somebody who takes care."""
    return Shot(
        seed=seed,
        module_px=random.uniform(5, 8),
        turn=random.uniform(-20, 20),
        tilt=random.uniform(0, 15),
        axis=random.uniform(0, 180),
        blur=random.uniform(0, 0.2),
        contrast=random.uniform(0.6, 0.95),
        shade=random.uniform(0, 0.3),
        noise=random.uniform(1, 3),
        clutter=random.randint(0, 4),
        quality=random.randint(70, 92),
        whole=random.random() < 0.8,
    )


def everything(random: Random, seed: str) -> Shot:
    """All at once, each over its whole range."""
    return Shot(
        seed=seed,
        module_px=random.uniform(3, 12),
        turn=random.uniform(0, 360),
        tilt=random.uniform(0, 45),
        axis=random.uniform(0, 180),
        blur=random.uniform(0, 0.5),
        contrast=random.uniform(0.2, 0.95),
        shade=random.uniform(0, 0.6),
        noise=random.uniform(1, 4),
        clutter=random.randint(0, 10),
        quality=random.randint(40, 95),
        whole=random.random() < 0.5,
    )


CLASSES: dict[str, Callable[[Random], dict[str, float | int | bool]]] = {
    "rotation 0-360°": lambda r: {"turn": r.uniform(0, 360)},
    "tilt 30-45°": lambda r: {"tilt": r.uniform(30, 45)},
    "blur σ 0.35-0.5 module": lambda r: {"blur": r.uniform(0.35, 0.5)},
    "contrast 20-30 %": lambda r: {"contrast": r.uniform(0.2, 0.3)},
    "small, 3-4 px a module": lambda r: {"module_px": r.uniform(3, 4)},
    "large, 9-12 px a module": lambda r: {"module_px": r.uniform(9, 12)},
    "clutter": lambda r: {"clutter": r.randint(12, 24), "module_px": r.uniform(3.5, 6)},
    "light falls off by 50-80 %": lambda r: {"shade": r.uniform(0.5, 0.8)},
    "JPEG quality 40-55": lambda r: {"quality": r.randint(40, 55)},
    "symbol alone": lambda r: {"whole": False, "turn": r.uniform(0, 360)},
    "two to four codes": lambda r: {
        "codes": r.randint(2, 4),
        "module_px": r.uniform(3.5, 5.5),
        "whole": False,
        "clutter": 0,
        "turn": r.uniform(0, 360),
    },
    "everything at once": lambda _: {},
}


def shot(name: str, number: int, seed: int = 3) -> Shot:
    """The shot with this number of a class."""
    key = f"{seed}/{name}/{number}"
    random = Random(key)
    if name == "everything at once":
        return everything(random, key)
    return replace(moderate(random, key), **CLASSES[name](random))


def take(how: Shot) -> Photo:
    """The photograph."""
    random = Random(how.seed)
    scene = wall(random, SIZE)
    places = _places(how, random)
    others = tuple(clutter(scene, random, how.clutter, places, _radius(how)))
    payloads = []
    for place, number in zip(places, random.sample(range(_POOL), how.codes), strict=True):
        _stick(scene, how, number, place)
        payloads.append(_drawn(number)[1])
    scene = light(scene, random, how.contrast, how.shade)
    scene = scene.filter(ImageFilter.GaussianBlur(how.blur * how.module_px))
    scene = noisy(scene, how.noise, random)
    file = io.BytesIO()
    scene.save(file, "JPEG", quality=how.quality)
    return Photo(file.getvalue(), tuple(payloads), others)


# ── the stickers and where they hang ─────────────────────────────────────────────────────────


@lru_cache(maxsize=_POOL)
def _drawn(number: int) -> tuple[Image.Image, str, tuple[int, int, int, int]]:
    """A sticker, its payload, and the box of its symbol with the quiet zone."""
    data = stickers(_POOL)[number]
    total = len(matrix(data.payload, MASK)) + 2 * QUIET_ZONE
    dpi = math.ceil(MASTER_PX * total / SYMBOL.side * _INCH_MM) + 1
    with Image.open(io.BytesIO(sticker(data, "png", dpi=dpi))) as file:
        picture = file.convert("RGB")
    px_mm = picture.width / WIDTH
    side = MASTER_PX * total
    middle_x, middle_y = ((at + SYMBOL.side / 2) * px_mm for at in (SYMBOL.x, SYMBOL.y))
    left, top = round(middle_x - side / 2), round(middle_y - side / 2)
    return picture, data.payload, (left, top, left + side, top + side)


def _modules(number: int = 0) -> int:
    left, _, right, _ = _drawn(number)[2]
    return (right - left) // MASTER_PX


def _radius(how: Shot) -> float:
    """Of the circle that holds a symbol with its quiet zone, in pixels."""
    return how.module_px * max(map(_modules, range(_POOL))) * math.sqrt(0.5) + 4


def _places(how: Shot, random: Random) -> list[Spot]:
    """The middles of the symbols: one anywhere in the picture, several in its quarters."""
    radius = _radius(how)
    cells: list[tuple[float, float, float, float]] = [(0, 0, *SIZE)]
    if how.codes > 1:
        width, height = SIZE[0] / 2, SIZE[1] / 2
        cells = [
            (x * width, y * height, (x + 1) * width, (y + 1) * height)
            for y in range(2)
            for x in range(2)
        ]
        cells = sorted(random.sample(cells, how.codes), key=lambda cell: (cell[1], cell[0]))
    return [
        (_between(random, left, right, radius), _between(random, top, bottom, radius))
        for left, top, right, bottom in cells
    ]


def _between(random: Random, low: float, high: float, margin: float) -> float:
    middle = (low + high) / 2
    return random.uniform(min(low + margin, middle), max(high - margin, middle))


def _stick(scene: Image.Image, how: Shot, number: int, place: Spot) -> None:
    """Draws the sticker as the camera sees it, twice as fine as the picture, then averaged."""
    master, _, box = _drawn(number)
    picture = master if how.whole else master.crop(box)
    scale = how.module_px / MASTER_PX
    shrink = min(1.0, 2 * scale)
    small = picture.resize(
        (round(picture.width * shrink), round(picture.height * shrink)), Image.Resampling.BOX
    )
    corner = (box[0], box[1]) if how.whole else (0, 0)
    middle_x, middle_y = ((at + (box[2] - box[0]) / 2) * shrink for at in corner)
    rows = _camera(how, scale / shrink * 2, (place[0] * 2, place[1] * 2), (middle_x, middle_y))
    left, top, right, bottom = (edge // 2 * 2 for edge in _extent(rows, small.size))
    rows = [
        [a - by * c for a, c in zip(row, rows[2], strict=True)]
        for row, by in zip(rows, (left, top, 0), strict=True)
    ]
    way, seen = Image.Transform.PERSPECTIVE, _back(rows)
    size = (right - left, bottom - top)
    fine = small.transform(size, way, seen, Image.Resampling.BICUBIC)
    mask = Image.new("L", small.size, 255).transform(size, way, seen, Image.Resampling.BILINEAR)
    scene.paste(fine.reduce(2), (left // 2, top // 2), mask.reduce(2))


Rows = list[list[float]]


def _camera(how: Shot, scale: float, at: Spot, middle: Spot) -> Rows:
    """The map from the sticker to the picture, as a matrix of homogeneous coordinates.

    Pinhole at four picture heights from the symbol's middle; the sticker is turned about `axis`
    in its plane by `tilt`, then by `turn` in the picture.
    """
    far = 4.0 * SIZE[1]
    turn, tilt, axis = (math.radians(each) for each in (how.turn, how.tilt, how.axis))
    c, s = math.cos(axis), math.sin(axis)
    k = math.cos(tilt)
    # Rodrigues' rotation about (c, s, 0), the two columns of the plane.
    x = (c * c + s * s * k, c * s * (1 - k))
    y = (c * s * (1 - k), s * s + c * c * k)
    z = (-s * math.sin(tilt), c * math.sin(tilt))
    ct, st = math.cos(turn), math.sin(turn)
    spun = (
        [ct * a - st * b for a, b in zip(x, y, strict=True)],
        [st * a + ct * b for a, b in zip(x, y, strict=True)],
    )
    rows = [
        [far * scale * a + at[i] * scale * depth for a, depth in zip(spun[i], z, strict=True)]
        + [at[i] * far]
        for i in range(2)
    ]
    rows.append([scale * z[0], scale * z[1], far])
    return [[a, b, d - a * middle[0] - b * middle[1]] for a, b, d in rows]


def _extent(rows: Rows, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The box in the picture, twice as fine, that holds a sticker of this size."""
    xs, ys = [], []
    for u, v in ((0, 0), (size[0], 0), (size[0], size[1]), (0, size[1])):
        x, y, w = (a * u + b * v + c for a, b, c in rows)
        xs.append(x / w)
        ys.append(y / w)
    return (
        max(0, math.floor(min(xs))),
        max(0, math.floor(min(ys))),
        min(2 * SIZE[0], math.ceil(max(xs)) + 2),
        min(2 * SIZE[1], math.ceil(max(ys)) + 2),
    )


def _back(rows: Rows) -> tuple[float, ...]:
    """The coefficients of the map back, as Pillow wants them."""
    back = _adjugate(rows)
    return tuple(value / back[2][2] for row in back for value in row)[:8]


def _adjugate(m: Rows) -> Rows:
    """The inverse but for a factor."""
    return [
        [
            m[(j + 1) % 3][(i + 1) % 3] * m[(j + 2) % 3][(i + 2) % 3]
            - m[(j + 1) % 3][(i + 2) % 3] * m[(j + 2) % 3][(i + 1) % 3]
            for j in range(3)
        ]
        for i in range(3)
    ]
