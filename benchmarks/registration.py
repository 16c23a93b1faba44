"""How close a durable registration comes to the least that a durable, counted write takes.

    python -m benchmarks.registration [--seconds 30] [--connections 64] [--json FILE]

A bank's POST of one vendor with account and Idempotency-Key, to the service as it ships (granian,
key checked, request counted, access log on, every commit synced before its answer), beside
references on the same server settings that take the same bodies and send answers of the same
length: W1 writes the body under one key with one EVALSHA, W1L counts the request in its key's
window by another EVALSHA before that. The same generator sends bursts of 300 requests to all in
turn, each for another stall; a ratio is the median of the rounds' ratios to W1L.
"""

from __future__ import annotations

import sys
from typing import Final

from msgspec import json

from benchmarks import answers, common
from benchmarks.answers import Bar
from benchmarks.load import Burst
from tracker.bootstrap import open_tracker
from tracker.commands import OFFICE
from tracker.domain.codes import vendor_code
from tracker.domain.days import day_of
from tracker.services import keys, markets, vendors
from tracker.services.vendors import NewAccount, NewVendor
from tracker.settings import Settings

MARKET: Final = "cho-lon-nhat"
PREFIX: Final = "CLN"
BIN: Final = "970436"
PATH: Final = f"/v1/markets/{MARKET}/vendors"
LIKE: Final = f"/v1/vendors/{vendor_code(PREFIX, 1)}"
BAR: Final = Bar(0.45)
BODY: Final = {
    "stall": "B{n}",
    "name": "Nguyễn Thị {n}",
    "zone": "Khu B",
    "category": "Cá",
    "account": {"bin": BIN, "number": "10010000{n}"},
}


async def prepare(settings: Settings) -> str:
    """A market with one vendor, whose answer is as long as those to come; a bank's key."""
    async with open_tracker(settings) as tracker:
        opened = day_of(tracker.now()) - 1
        new = markets.NewMarket(MARKET, "Chợ lớn nhất", PREFIX, None, opened)
        await markets.create(tracker, OFFICE, new)
        first = NewVendor(
            stall="A1", name="Nguyễn Thị 1", zone="Khu B", account=NewAccount(BIN, "1001000000")
        )
        await vendors.register(tracker, OFFICE, MARKET, first)
        made = await keys.create(tracker, OFFICE.id, name="bank", role="bank", bins=(BIN,))
        return made.secret or ""


def main() -> int:
    """Measures and prints; 0 where the bar is reached."""
    parser = common.options(__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="of measuring, for all")
    parser.add_argument("--connections", type=int, default=64)
    chosen = parser.parse_args()
    burst = Burst(
        port=0,
        path="",
        method="POST",
        body=json.encode(BODY).decode(),
        headers={"Idempotency-Key": "bench-{n}"},
        status=201,
        connections=chosen.connections,
    )
    with common.scratch() as directory:
        data = directory / "data"
        result = answers.measure_posts(
            "registration",
            data,
            PATH,
            prepare,
            BAR,
            seconds=chosen.seconds,
            burst=burst,
            like=LIKE,
        )
    return common.finish(result, chosen.json)


if __name__ == "__main__":
    sys.exit(main())
