"""How many photographs of stickers are read, a class, and at what price.

    python -m benchmarks.photos [--count 40] [--seed 3] [--only CLASS] [--save DIR] [--json FILE]

Every class of `benchmarks.scenes` gets `--count` pictures of 1280 × 960 pixels, drawn from the
seed. A picture counts as read if the text of every sticker in it was found, byte for byte, and no
text that is nowhere in the scene. The yardstick of time is one bare zxing-cpp read (QR codes, its
defaults) of the picture already decoded to grey; `read_codes` has to decode the JPEG as well. The
two take turns, and the ratio is the median of the pictures' ratios.
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import zxingcpp
from msgspec import Struct
from PIL import Image

from benchmarks.common import Line, Result, finish, options
from benchmarks.scenes import CLASSES, Photo, shot, take
from tracker.photos import read_codes

RATE_MIN = 0.95
RATIO_MAX = 3.0
_MODEL_2 = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCodeModel2)


class Outcome(Struct, frozen=True):
    """One picture: whether all of it was read, by us and by the bare read, and both times."""

    read: bool
    read_bare: bool
    seconds: float
    seconds_bare: float


def judged(photo: Photo) -> Outcome:
    """Reads one picture both ways."""
    with Image.open(io.BytesIO(photo.jpeg)) as file:
        decoded = file.convert("L")
    texts, seconds = _timed(lambda: read_codes(photo.jpeg))
    bare, seconds_bare = _timed(lambda: zxingcpp.read_barcodes(decoded, _MODEL_2))
    return Outcome(
        read=_right(photo, texts),
        read_bare=_right(photo, [code.text for code in bare]),
        seconds=seconds,
        seconds_bare=seconds_bare,
    )


def measure(count: int, seed: int, only: str, save: Path | None) -> dict[str, list[Outcome]]:
    """The outcomes of all pictures by class."""
    outcomes: dict[str, list[Outcome]] = {}
    for name in CLASSES:
        if only not in name:
            continue
        outcomes[name] = []
        for number in range(count):
            photo = take(shot(name, number, seed))
            outcomes[name].append(judged(photo))
            if save:
                save.mkdir(parents=True, exist_ok=True)
                known = "read" if outcomes[name][-1].read else "missed"
                file = f"{list(CLASSES).index(name):02d}-{number:03d}-{known}.jpg"
                (save / file).write_bytes(photo.jpeg)
    return outcomes


def _timed(job: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    done = job()
    return done, time.perf_counter() - start


def _right(photo: Photo, texts: list[str]) -> bool:
    return set(photo.payloads) <= set(texts) <= {*photo.payloads, *photo.others}


def main() -> int:
    """Measure and print; 1 if a class is read too seldom or reading takes too long."""
    parser = options(__doc__)
    parser.add_argument("--count", type=int, default=40, help="pictures a class")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--only", default="", metavar="CLASS", help="classes with this in the name")
    parser.add_argument("--save", type=Path, metavar="DIR", help="keep the pictures there")
    chosen = parser.parse_args()
    outcomes = measure(chosen.count, chosen.seed, chosen.only, chosen.save)
    if chosen.count < 1 or not outcomes:
        parser.error("no picture to measure")
    result = Result("photos")
    for name, each in outcomes.items():
        result.at_least(f"read: {name}", sum(one.read for one in each) / len(each), RATE_MIN)
    every = [one for each in outcomes.values() for one in each]
    ratio = median(one.seconds / one.seconds_bare for one in every)
    result.told("read by the bare read", f"{sum(one.read_bare for one in every) / len(every):.1%}")
    result.told("median time a picture", f"{median(one.seconds for one in every) * 1e3:.1f} ms")
    result.told("longest", f"{max(one.seconds for one in every) * 1e3:.0f} ms")
    bar = f"≤ {RATIO_MAX:g} ×"
    result.lines.append(
        Line("time against the bare read", f"{ratio:.2f} ×", bar, ratio <= RATIO_MAX)
    )
    result.figures = {
        "count": chosen.count,
        "seed": chosen.seed,
        "rates": {
            name: sum(one.read for one in each) / len(each) for name, each in outcomes.items()
        },
        "rates_bare": {
            name: sum(one.read_bare for one in each) / len(each) for name, each in outcomes.items()
        },
        "ratio": ratio,
        "median_s": median(one.seconds for one in every),
        "median_bare_s": median(one.seconds_bare for one in every),
        "longest_s": max(one.seconds for one in every),
    }
    return finish(result, chosen.json)


if __name__ == "__main__":
    sys.exit(main())
