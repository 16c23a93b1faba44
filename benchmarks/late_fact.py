"""How soon a fact that arrives late is a new revision in the feed.

    python -m benchmarks.late_fact [--size 10] [--json FILE]

`tracker up` as it ships, idle, with a quiet time of one second, on the demo's data. A sticker that
hung since last week is reported over HTTP; the clock runs from that answer until the feed, polled
as an operations centre would, has a revision of yesterday that it did not have.
"""

from __future__ import annotations

import http.client
import re
import sys
import time
from pathlib import Path
from typing import Any, Final

from msgspec import json

from benchmarks import common
from benchmarks.common import LOCALHOST, TRACKER, Result, Running
from tracker.domain.days import day_of, moment_text, start_of

BAR_S: Final = 5.0
DEADLINE_S: Final = 60.0
LOOK_S: Final = 0.2
"""Between two looks into the feed: a key may make 600 requests a minute."""
KEY: Final = re.compile(r"^ +admin +(\S+)$", re.MULTILINE)
MARKET: Final = "cho-vung-tau"


class Caller:
    """Speaks to the service with one key."""

    def __init__(self, port: int, secret: str) -> None:
        self._port = port
        self._headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's body. Raises `RuntimeError` where it is no success."""
        connection = http.client.HTTPConnection(LOCALHOST, self._port, timeout=10)
        data = None if body is None else json.encode(body)
        connection.request(method, path, body=data, headers=self._headers)
        answer = connection.getresponse()
        raw = answer.read()
        connection.close()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {raw[:300]!r}")
        return json.decode(raw)

    def codes(self, count: int) -> list[str]:
        """Live codes of the market whose stickers do not hang."""
        path = f"/v1/markets/{MARKET}/vendors?stage=issued&limit={count}"
        found = [vendor["codes"] for vendor in self.call("GET", path)["items"]]
        return [next(code["id"] for code in codes if code["state"] == "live") for codes in found]

    def feed_end(self) -> str:
        """The cursor after everything that the feed has."""
        after = ""
        while True:
            page = self.call("GET", f"/v1/snapshots?limit=1000{after}")
            if "next" not in page:
                return after
            after = f"&after={page['next']}"

    def new_in_feed(self, known: set[tuple[str, str, int]], after: str) -> set[Any]:
        """What follows in the feed, but for what is known."""
        page = self.call("GET", f"/v1/snapshots?limit=1000{after}")
        items = {(i["market"], i["date"], i["revision"]) for i in page["items"]}
        return items - known


def late(caller: Caller, code: str) -> float:
    """Reports a sticker of last week; seconds until the feed has a revision of it."""
    after = caller.feed_end()
    known = caller.new_in_feed(set(), after)
    last_week = moment_text(start_of(day_of(int(time.time() * 1000)) - 7))
    began = time.perf_counter()
    body = {"occurred_at": last_week, "evidence": {"kind": "declared"}}
    caller.call("POST", f"/v1/codes/{code}/attachments", body)
    while not any(market == MARKET for market, _, _ in caller.new_in_feed(known, after)):
        if time.perf_counter() - began > DEADLINE_S:
            raise TimeoutError("The feed has no new revision.")
        time.sleep(LOOK_S)
    return time.perf_counter() - began


def measure(directory: Path, size: int) -> list[float]:
    """Seconds of each late fact."""
    data, port = directory / "data", common.free_port()
    command = [*TRACKER, "demo", "--data", str(data), "--port", str(port)]
    with Running(command, directory / "demo.log", {"TRACKER_REVISION_QUIET_S": "1"}) as running:
        running.await_words("Ctrl-C")
        found = KEY.search(running.said())
        assert found is not None, running.said()
        caller = Caller(port, found[1])
        return [late(caller, code) for code in caller.codes(size)]


def main() -> int:
    """Measures and prints; 0 where the bar is reached."""
    parser = common.options(__doc__)
    parser.add_argument("--size", type=int, default=10, help="late facts, one after the other")
    chosen = parser.parse_args()
    with common.scratch() as directory:
        times = measure(directory, chosen.size)
    result = Result("late_fact", figures={"seconds": common.spread(times)})
    result.at_most("late fact to a new revision in the feed, the slowest", max(times), BAR_S)
    result.told("the median", f"{sorted(times)[len(times) // 2]:.2f} s")
    return common.finish(result, chosen.json)


if __name__ == "__main__":
    sys.exit(main())
