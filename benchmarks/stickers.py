"""542 stickers with proof as one PDF, against 542 plain QR pictures, in the same run.

    python -m benchmarks.stickers [--stickers 542] [--rounds 3] [--out FILE.pdf] [--json]

The yardstick is `qrcode.make(payload).save(png)` with nothing around it; half of it runs before
the sheet and half after, so that a machine that gets busy slows both. The sheet's time includes
every symbol's three readings, the labels and the look at the first page; in the first round also
reading the fonts. The ratio is the median of the rounds' (wall clock); beside it stands the one
by processor time, which other programs disturb less.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import qrcode

from tracker.domain.codes import check_character, code_id, vendor_code
from tracker.stickers.checkmark import check_mark
from tracker.stickers.design import Sticker
from tracker.stickers.sheet import sheet
from tracker.vietqr import compose
from tracker.vietqr.banks import banks
from tracker.vietqr.text import payload_name

RATIO_MAX = 0.5
BYTES_MAX = 2_000_000
_SURNAMES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Huỳnh", "Đặng", "Võ", "Bùi", "Đỗ")
_MIDDLES = ("Thị", "Văn", "Ngọc", "Thị Mỹ", "Hữu", "Thị Kim", "Quốc")
_GIVEN = ("Hoa", "Bảy", "Phượng", "Hường", "Ánh Tuyết", "Dũng", "Mười Hai", "Yến", "Quỳnh Như")


def stickers(count: int) -> list[Sticker]:
    """Made-up traders of one market, at all banks in turn."""
    key = bytes(32)
    listed = list(banks().values())
    numbers = (n for n in range(1, 2 * count + 40) if check_character("CVT", n) != "*")
    made = []
    for i, number in zip(range(count), numbers, strict=False):
        bank = listed[i % len(listed)]
        vendor = vendor_code("CVT", number)
        code = code_id(vendor, 1)
        account = f"{7_000_000_000 + 7_919 * number}"
        name = f"{_SURNAMES[i % 10]} {_MIDDLES[i % 7]} {_GIVEN[i % 9]}"
        made.append(
            Sticker(
                market="Chợ Vũng Tàu",
                stall=f"{'ABCDEF'[i % 6]}{i // 6 + 1:02d}",
                name=name,
                bank=bank.short_name,
                bank_full=bank.full_name,
                account=f"•••• {account[-4:]}",
                holder=payload_name(name, 70),
                code=code,
                vendor=vendor,
                version=1,
                print_number=1,
                mark=check_mark(key, code, 1),
                payload=compose(bank.bin, account, vendor),
            )
        )
    return made


def plain(payloads: list[str]) -> None:
    """One plain picture each."""
    for payload in payloads:
        qrcode.make(payload).save(io.BytesIO())


def timed(job: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock on the wall and of this process."""
    wall, own = time.perf_counter(), time.process_time()
    job()
    return time.perf_counter() - wall, time.process_time() - own


def measure(count: int, rounds: int, out: Path | None) -> dict[str, float]:
    """Median seconds of both sides, the ratios, and the size of the file."""
    made = stickers(count)
    payloads = [each.payload for each in made]
    before, after = payloads[: count // 2], payloads[count // 2 :]
    plain_s, sheet_s, ratios, own = [], [], [], []
    for _ in range(rounds):
        first = timed(lambda: plain(before))
        sheets = timed(lambda: sheet(made))
        second = timed(lambda: plain(after))
        plain_s.append(first[0] + second[0])
        sheet_s.append(sheets[0])
        ratios.append(sheets[0] / plain_s[-1])
        own.append(sheets[1] / (first[1] + second[1]))
    data = sheet(made)
    if out:
        out.write_bytes(data)
    return {
        "stickers": count,
        "plain_s": round(median(plain_s), 3),
        "sheet_s": round(median(sheet_s), 3),
        "ratio": round(median(ratios), 3),
        "ratio_first": round(ratios[0], 3),
        "ratio_processor": round(median(own), 3),
        "bytes": len(data),
    }


def main() -> int:
    """Measure and print; 0 if the sheet takes at most half the time and 2 MB."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--stickers", type=int, default=542)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--out", type=Path)
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    result = measure(chosen.stickers, chosen.rounds, chosen.out)
    if chosen.json:
        print(json.dumps({**result, "ratio_max": RATIO_MAX, "bytes_max": BYTES_MAX}))
    else:
        print(f"{chosen.stickers} plain pictures      {result['plain_s']:7.3f} s")
        print(f"{chosen.stickers} stickers with proof {result['sheet_s']:7.3f} s")
        print(f"ratio {result['ratio']}, first round {result['ratio_first']}")
        print(f"ratio of processor time {result['ratio_processor']}")
        print(f"PDF {result['bytes'] / 1e6:.2f} MB")
    return 0 if result["ratio"] <= RATIO_MAX and result["bytes"] <= BYTES_MAX else 1


if __name__ == "__main__":
    sys.exit(main())
