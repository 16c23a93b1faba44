"""How much dearer strict parsing is than a bare TLV walk with checksum, in the same run.

    python -m benchmarks.vietqr_parse [--rounds 31] [--json]

Two yardsticks: the walk of the root alone, and one that opens the templates too. Both trust every
digit and length, and only compare the checksum. Rounds alternate, so that a busy machine slows all
three; the ratio is that of the medians.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from binascii import crc_hqx
from collections.abc import Callable

from tracker.vietqr import LocalName, compose, parse

PAYLOADS = (
    compose("970436", "1234567890123", "CVT-0042-A"),
    compose("970418", "V3CAS0042q"),
    compose("970405", "0562630149", amount_vnd=125_000, bill="HD0042", purpose="tien ca"),
    compose("970403", "9704031234567890", card=True, merchant_name="Đặng Thị Hoa", city="Vũng Tàu"),
    compose("970422", "77094028", merchant_name="Cô Bảy", local=LocalName("vi", "Cô Bảy")),
)
RATIO_MAX = 4.0


def bare(text: str) -> dict[str, str]:
    """One level of data objects, no rule checked."""
    objects = {}
    at, end = 0, len(text)
    while at < end:
        stop = at + 4 + int(text[at + 2 : at + 4])
        objects[text[at : at + 2]] = text[at + 4 : stop]
        at = stop
    return objects


def signed(text: str, root: dict[str, str]) -> bool:
    """Whether tag 63 is right."""
    return root["63"] == f"{crc_hqx(text[:-4].encode(), 0xFFFF):04X}"


def walk_root(text: str) -> bool:
    """The bare walk of the root, with checksum."""
    return signed(text, bare(text))


def walk_all(text: str) -> bool:
    """The bare walk of the root and of the templates 38, 38.01, 62 and 64, with checksum."""
    root = bare(text)
    bare(bare(root["38"])["01"])
    for tag in ("62", "64"):
        if tag in root:
            bare(root[tag])
    return signed(text, root)


def measure(rounds: int) -> dict[str, float]:
    """Median microseconds a payload of each of the three, and the ratios."""
    subjects: dict[str, Callable[[str], object]] = {
        "walk_root_us": walk_root,
        "walk_all_us": walk_all,
        "parse_us": parse,
    }
    assert all(walk_all(text) and parse(text).verdict == "ok" for text in PAYLOADS)
    repeats = 200
    times: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(rounds):
        for name, subject in subjects.items():
            began = time.perf_counter()
            for _ in range(repeats):
                for text in PAYLOADS:
                    subject(text)
            spent = time.perf_counter() - began
            times[name].append(spent / repeats / len(PAYLOADS) * 1e6)
    result = {name: round(statistics.median(spent), 2) for name, spent in times.items()}
    result["ratio_root"] = round(result["parse_us"] / result["walk_root_us"], 2)
    result["ratio_all"] = round(result["parse_us"] / result["walk_all_us"], 2)
    return result


def main() -> int:
    """Measure and print; 0 if parsing costs at most four times the walk of the root."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--rounds", type=int, default=31)
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    result = measure(chosen.rounds)
    if chosen.json:
        print(json.dumps({**result, "ratio_max": RATIO_MAX}))
    else:
        print(f"bare walk of the root  {result['walk_root_us']:6.2f} µs")
        print(f"bare walk, templates   {result['walk_all_us']:6.2f} µs")
        print(f"strict parse           {result['parse_us']:6.2f} µs")
        print(f"ratio {result['ratio_root']} to the root, {result['ratio_all']} to all levels")
    return 0 if result["ratio_root"] <= RATIO_MAX else 1


if __name__ == "__main__":
    sys.exit(main())
