"""Makes a dictionary for packing bodies (`tracker.store.packing`) from invented markets.

    python -m benchmarks.body_dictionary FILE     writes one
    python -m benchmarks.body_dictionary          what bodies weigh with the one in use

A dictionary in use is never made again: what was packed with it is read with the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from random import Random
from statistics import mean
from typing import Final, get_args

import zstandard

from tracker.domain import rows
from tracker.domain.activity import first_days
from tracker.domain.bitmaps import bitmap, who
from tracker.domain.days import day_number, start_of
from tracker.domain.facts import CensusDeclared, MarketFact, MarketOpened, TargetFigure, TargetSet
from tracker.domain.figures import Grounds, content
from tracker.domain.lines import KINDS, Falls
from tracker.domain.market import market_of
from tracker.domain.paid import Paid
from tracker.domain.roster import Roster
from tracker.domain.rows import Row, pack
from tracker.domain.snapshot import canonical, publish
from tracker.domain.withholding import withhold
from tracker.store import packing

BYTES: Final = 32_000
SAMPLES: Final = 900
BANKS: Final = (
    *("970436", "970418", "970405", "970415", "970422", "970407", "970423", "970432"),
    *("970403", "970441", "970443", "970437", "970448", "970431", "970426", "970449"),
)
ZONES: Final = tuple(f"{kind} {n}" for kind in ("Khu", "Dãy", "Nhà lồng") for n in "ABCDEFGH123456")
CATEGORIES: Final = (
    *("ăn uống", "cá", "cá khô", "dịch vụ", "đồ gia dụng", "gạo", "gia vị", "giày dép"),
    *("hải sản", "hàng khô", "hoa tươi", "mỹ phẩm", "quần áo", "rau", "rau củ", "tạp hóa"),
    *("thịt", "thực phẩm chế biến", "trái cây", "vải", "vàng bạc"),
)
NAMES: Final = ("cho-phuong-", "cho-", "market-", "cho-trung-tam-", "cho-hai-san-", "")
AREAS: Final = (None, "26506", "26526", "26536", "00070", "31135", "20194")
EPOCH: Final = day_number(date(2023, 1, 1))


def sample(random: Random, vendors: int) -> tuple[bytes, bytes]:
    """A body as it is published, and what it withholds (b'' = nothing)."""
    day = EPOCH + random.randint(200, 2_500)
    zones = random.sample(ZONES, random.randint(2, 8))
    categories = random.sample(CATEGORIES, random.randint(3, 9))
    banks = random.sample(BANKS[: random.choice((3, 6, 16))], 3)
    likely = random.uniform(0.3, 0.95), random.uniform(0.2, 0.9)
    numbers, table = defaultdict[str, list[int]](list), []
    for number in range(vendors):
        row, its = _standing(random, day, zones, categories, banks, likely)
        table.append(pack(row))
        for name in its:
            numbers[name].append(number)
    reports = _reports(random, day, banks, vendors) if random.random() < 0.85 else {}
    sets = [(d, raw or b"") for d, told in reports.items() for *_, raw in told.values()]
    kinds = random.sample(KINDS, random.choice((0, 0, 1, 2, 4)))
    name = f"{random.choice(NAMES)}{random.randint(1, 9_000)}"
    market = market_of(name, _facts(random, day, vendors))
    assert market is not None
    grounds = Grounds(
        market,
        Falls({(day, kind): random.randint(1, 9) for kind in kinds}),
        Roster(b"".join(table), {name: who(bitmap(some)) for name, some in numbers.items()}),
        {},
        Paid(reports, first_days(sets).encoded()),
    )
    now = start_of(day + 1) + random.choice((random.randint(0, 9_000_000), 8 * 86_400_000))
    body, kept_back = withhold(content(grounds, day, now))
    whole = publish(
        body,
        digest=hashlib.sha256(canonical(body)).digest(),
        revision=random.choice((1, 1, 1, 2, 3)),
        position=random.randint(100, 20_000),
        published_at=now,
        previous=random.randbytes(32).hex(),
    )
    return canonical(whole), canonical(kept_back) if kept_back else b""


def _standing(
    random: Random,
    day: int,
    zones: Sequence[str],
    categories: Sequence[str],
    banks: Sequence[str],
    likely: tuple[float, float],
) -> tuple[Row, list[str]]:
    issued = random.random() < likely[0]
    attached = issued and random.random() < likely[1]
    bank = random.choice(banks)
    row = Row(
        day - random.randrange(200) if attached else 0,
        day - random.randrange(30, 200),
        day - random.randrange(120) if attached else 0,
    )
    groups = rows.groups_of(random.choice(zones), random.choice(categories))
    sets = [rows.ON_ROSTER, rows.ACCOUNT + bank, *groups]
    sets += [rows.ISSUED + bank] * issued
    sets += [rows.ATTACHED + bank] * attached
    sets += [rows.DUPLICATE_ACCOUNT] * (random.random() < 0.01)
    return row._replace(incidents=int(random.random() < 0.01)), sets


def _reports(
    random: Random, day: int, banks: Sequence[str], vendors: int
) -> dict[int, dict[str, tuple[int, int, bytes | None]]]:
    usual = vendors * random.uniform(0.05, 0.4) / len(banks)
    found: dict[int, dict[str, tuple[int, int, bytes | None]]] = {}
    for number in range(day - 89, day + 1):
        for bank in banks:
            if random.random() < 0.97:
                paid = random.sample(range(vendors), int(usual * random.uniform(0.6, 1.4)))
                payments = len(paid) * random.randint(2, 5) + random.randrange(9)
                amount = payments * random.randint(30, 90) * 1_000 * bool(paid)
                found.setdefault(number, {})[bank] = payments * bool(paid), amount, bitmap(paid)
    return found


def _facts(random: Random, day: int, vendors: int) -> tuple[MarketFact, ...]:
    at = start_of(EPOCH)
    area = random.choice(AREAS)
    facts: list[MarketFact] = [
        MarketOpened(at, at, "key", "Chợ", "CVT", area, None if area is None else EPOCH)
    ]
    if random.random() < 0.7:
        facts.append(CensusDeclared(at, at, "key", vendors + random.randint(-3, 60), "office"))
    for figure in random.sample(get_args(TargetFigure), random.choice((0, 0, 1, 2))):
        due = day + random.randint(1, 400)
        facts.append(TargetSet(at, at, "key", figure, due, max(vendors - random.randrange(200), 1)))
    return tuple(facts)


def samples(seed: int, count: int) -> list[bytes]:
    """Bodies, and what they withhold, of markets from a dozen vendors to a thousand."""
    random = Random(seed)
    sizes = (random.choice((12, 40, 120, 300, 600, 600, 1_000)) for _ in range(count))
    return [text for size in sizes for text in sample(random, size) if text]


def main() -> int:
    """Writes a dictionary, or tells what the one in use does."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, nargs="?")
    file: Path | None = parser.parse_args().file
    if file is not None:
        rests: list[bytes | bytearray | memoryview] = []
        rests += [packing.blanked(text)[1] for text in samples(1, SAMPLES)]
        trained = zstandard.train_dictionary(BYTES, rests, level=packing.LEVEL)
        file.write_bytes(trained.as_bytes())
        return 0
    random = Random(2)
    for vendors in (40, 600):
        made = [sample(random, vendors) for _ in range(100)]
        for what, parts in (("bodies", [b for b, _ in made]), ("withheld", [d for _, d in made])):
            texts = [text for text in parts if text]
            packed = [len(packing.pack(text)) for text in texts]
            if packed:
                print(
                    f"{vendors} vendors, {what}: {mean(map(len, texts)):.0f} bytes of JSON,"
                    f" packed {mean(packed):.0f} ({min(packed)} to {max(packed)})"
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())
