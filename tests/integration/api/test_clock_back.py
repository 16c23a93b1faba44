"""A machine's clock that is set back: facts keep their order, and nothing is refused for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.integration.api.city import FIRST, MARKET, City
from tests.integration.conftest import Run
from tests.integration.registry import Clock
from tracker.bootstrap import open_tracker
from tracker.clock import BACK_MAX_MS, SteadyClock, wall_clock
from tracker.domain.errors import Unavailable
from tracker.services import audit
from tracker.settings import Settings
from tracker.store.beats import Beat, Beats


def test_what_happens_after_the_clock_was_set_back_counts_as_after(run: Run, store: Redis) -> None:
    machine, passed = Clock(), Clock()
    city = City(run, store, Clock())
    city.tracker.now = SteadyClock(wall=machine, elapsed=passed)
    city.open_market()
    city.register(issue_code=True)
    code, evidence = f"/v1/codes/{FIRST}.c1", {"evidence": {"kind": "declared"}}
    assert city.post("manager", f"{code}/attachments", evidence, key="1").status_code == 201
    machine.ms -= 20 * 60_000
    passed.ms += 1_000
    removed = city.post("manager", f"{code}/removals", {"reason": "other"}, key="2")
    assert removed.status_code == 201, removed.text
    assert city.get("manager", f"/v1/vendors/{FIRST}").json()["stage"] == "issued"

    async def read() -> tuple[list[int], list[str]]:
        recorded = [entry.fact.recorded async for entry in city.tracker.reader.ledger(MARKET)]
        return recorded, [found.text() async for found in audit.verify(city.tracker)]

    recorded, differences = run(read())
    assert recorded == sorted(recorded)
    assert differences == []


def test_a_process_that_starts_far_behind_the_store_is_refused(
    run: Run, store: Redis, store_url: str, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path, store_url=store_url)

    async def now() -> int:
        async with open_tracker(settings) as tracker:
            return tracker.now()

    run(now())  # which makes the keys
    soon = wall_clock() + BACK_MAX_MS - 60_000
    run(Beats(store).ticked(Beat(soon, 1, whole=True)))
    assert run(now()) >= soon
    run(Beats(store).ticked(Beat(soon + 120_000, 1, whole=True)))
    with pytest.raises(Unavailable, match="Set the clock right"):
        run(now())
