"""Throw random and mutated payloads at the parser; it must answer each one.

    python -m benchmarks.fuzz_vietqr [--inputs 1000000] [--seed 0] [--json]

Any exception is a failure. Besides, what is not rejected must hold to what the fields promise, and
must say the same with a byte order mark before it and a line end behind.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter

from tracker.vietqr import LocalName, Parsed, compose, parse
from tracker.vietqr.lines import parse_line
from tracker.vietqr.tlv import crc

# Signs that parsers trip over: digits of other scripts, marks, white space, halves of pairs.
ODD = (
    "0123456789ABCDEFabcdef .-+_eEđĐ٠١９²ⅷ😀"
    "\u0301\ufeff\u200b\u00a0\u3000\u2028\n\r\t\0\x7f\ud800\udfff"
)
SEEDS = (
    compose("970436", "1234567890123", "CVT-0042-A"),
    compose("970418", "V3CAS0042q", amount_vnd=125_000, bill="HD1", purpose="tien ca", mcc="5422"),
    compose("970403", "9704031234567890", card=True, merchant_name="Đặng Thị Hoa", city="Vũng Tàu"),
    compose("970422", "1", local=LocalName("vi", "Cô Bảy Đặng", "Vũng Tàu"), single_use=True),
    "00020101021126280010A0000007750110010011223353037045802VN6304",
    "00020101021138540010A00000072701240006970403011027709402820206QRPUSH5204581253037045502035703"
    "1.55802VN5910QUAN COM 76007VUNGTAU6304",
)


def mutated(rng: random.Random) -> str:
    """One input: half of them mutated payloads, most of those with a right checksum again."""
    if rng.random() < 0.15:
        return "".join(rng.choices(ODD, k=rng.randrange(0, 160)))
    text = rng.choice(SEEDS)
    for _ in range(rng.randrange(0, 5)):
        at, other = rng.randrange(len(text) + 1), rng.randrange(len(text) + 1)
        low, high = min(at, other), max(at, other)
        match rng.randrange(6):
            case 0:
                text = text[:at] + rng.choice(ODD) + text[at + 1 :]
            case 1:
                text = text[:at] + rng.choice(ODD) + text[at:]
            case 2:
                text = text[:at] + text[at + rng.randrange(1, 5) :]
            case 3:
                text = text[:high] + text[low:high] + text[high:]
            case 4:
                text = text[:at] + f"{rng.randrange(100):02d}" + text[at + 2 :]
            case _:
                text = text[:at] + rng.choice(SEEDS)[low:high] + text[at:]
        text = text or "0"
    if rng.random() < 0.7:
        body = text[: text.rfind("6304")] + "6304" if "6304" in text else text + "6304"
        text = body + crc(body.encode(errors="replace").decode())
        if rng.random() < 0.1:
            text = body + text[-4:].lower() + rng.choice(("", " ", "\r\n"))
    return text


def check(text: str) -> Parsed:
    """Parse and hold the result to its promises. Raises `AssertionError`."""
    parsed = parse(text)
    ranks = {problem.severity for problem in parsed.problems} - {"warning"}
    assert (parsed.verdict == "ok") == (not ranks), text
    assert all(0 <= problem.position <= len(text) for problem in parsed.problems), text
    if parsed.verdict in {"ok", "lenient"}:
        assert parsed.bin is not None, text
        assert len(parsed.bin) == 6, text
        assert parsed.bin.isascii(), text
        assert parsed.bin.isdigit(), text
        assert parsed.account, text
        assert len(parsed.account) <= 19, text
        assert parsed.initiation in {"static", "dynamic"}, text
        assert parsed.amount is None or parsed.amount > 0, text
        wrapped = "\ufeff" + text.removeprefix("\ufeff") + "\n"
        assert parse(wrapped).account == parsed.account, text
    else:
        assert parsed.bin is None, text
    return parsed


def run(inputs: int, seed: int) -> Counter[str]:
    """Check `inputs` inputs drawn from `seed`; how often each verdict came."""
    rng = random.Random(seed)
    verdicts: Counter[str] = Counter()
    for n in range(inputs):
        text = mutated(rng)
        verdicts[check(text).verdict] += 1
        if n % 50 == 0:
            parse_line(text)
            parse_line(json.dumps({"id": n, "payload": text}))
    return verdicts


def main() -> int:
    """Run and print; 0 if every input was answered."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--inputs", type=int, default=1_000_000)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    began = time.perf_counter()
    verdicts = run(chosen.inputs, chosen.seed)
    seconds = time.perf_counter() - began
    if chosen.json:
        report = {"inputs": chosen.inputs, "seed": chosen.seed, "seconds": round(seconds, 1)}
        print(json.dumps({**report, "exceptions": 0, "verdicts": dict(verdicts)}))
    else:
        print(f"{chosen.inputs} inputs, seed {chosen.seed}, {seconds:.1f} s, no exception")
        for verdict, count in verdicts.most_common():
            print(f"  {verdict:12} {count}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
