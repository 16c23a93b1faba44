"""Several sealers at once, sealers that are killed, and writers beside them: one chain of seals."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys

from tests.integration.audit import sealer
from tests.integration.audit.test_live import TestWhileOthersWrite as Writers
from tests.integration.audit.test_seals import QUIET_MS, grow, seals_of
from tests.integration.audit.world import MARKET, World
from tests.integration.conftest import Run
from tests.integration.registry import MARKETS, tracker_on
from tracker.domain.seal import SEAL_ENTRIES
from tracker.services.audit_seals import SealCheck
from tracker.services.seals import seal
from tracker.settings import Settings
from tracker.store.keys import SERVICE, Space
from tracker.store.views import ViewStore

LEDGER = "cho-dong"
MANY = [f"cho-{n}" for n in range(30)]
ROUNDS = 2


async def fit(world: World, space: str) -> bool:
    """Whether the seals of a ledger fit it."""
    check = SealCheck(space, await world.tracker.seals.all(space))
    position = await world.tracker.reader.position(space)
    async for entry in ViewStore(world.client).ledger(space, 0, position):
        check.add(entry)
    check.end(position)
    return check.faults == []


class TestSealers:
    def test_two_at_once_write_each_seal_once(self, run: Run, world: World) -> None:
        async def scene() -> int:
            done = 0
            for _ in range(20):
                await grow(world, LEDGER, SEAL_ENTRIES // 4)
                world.clock.ms += QUIET_MS
                runs = await asyncio.gather(*(seal(world.tracker, [LEDGER]) for _ in range(3)))
                assert not any(r.damaged for r in runs)
                done += sum(r.entries for r in runs)
            return done

        assert run(scene()) == 20 * SEAL_ENTRIES // 4
        assert len(run(seals_of(world, LEDGER))) == 20
        assert run(fit(world, LEDGER))

    def test_beside_writers_seal_what_they_wrote(self, run: Run, world: World) -> None:
        world.tracker.settings = Settings(seal_quiet_s=0)
        other = tracker_on(world.client, world.clock)
        other.settings = Settings(seal_quiet_s=0)

        async def scene() -> None:
            writing = asyncio.gather(*(Writers().turns(world, n) for n in range(3)))
            while not writing.done():
                await asyncio.gather(seal(world.tracker), seal(other), world.verify())
                assert await world.verify() == []
            await writing
            await seal(other)

        run(scene())
        assert run(world.verify()) == []
        for space in (SERVICE, *MARKETS):
            end = run(world.tracker.reader.position(space))
            assert run(seals_of(world, space))[-1][1] == end
        assert len(run(seals_of(world, MARKET))) > 3

    def test_that_are_killed_leave_whole_chains(
        self, run: Run, world: World, store_url: str
    ) -> None:
        """Killed with -9 as soon as so many of a round's seals are seen, anywhere in its work."""
        dice = random.Random(9)
        for round_ in range(1, ROUNDS + 1):
            for ledger in MANY:
                run(grow(world, ledger, 20))
            world.clock.ms += QUIET_MS
            program = [sys.executable, "-m", sealer.__name__, store_url, str(world.clock())]
            with subprocess.Popen([*program, *MANY]) as process:
                enough = len(MANY) * (round_ - 1) + dice.randint(1, len(MANY))
                while run(count(world)) < enough:
                    assert process.poll() in (None, 0)
                process.kill()
            for ledger in MANY:
                assert run(fit(world, ledger))
            run(seal(world.tracker, MANY))
            assert run(count(world)) == len(MANY) * round_
        for ledger in MANY:
            assert len(run(seals_of(world, ledger))) == ROUNDS
            assert run(fit(world, ledger))


async def count(world: World) -> int:
    """How many seals the many ledgers have."""
    pipeline = world.client.pipeline(transaction=False)
    for ledger in MANY:
        pipeline.hlen(Space(ledger).seals)
    return sum(max(0, fields - 1) for fields in await pipeline.execute())
