"""`verify` and `rebuild` on a store that others write to."""

from __future__ import annotations

import asyncio

from tests.integration.audit.world import MARKET, SPACE, World
from tests.integration.conftest import Run
from tests.integration.registry import ADMIN, MARKETS, OPENED, attach, code_of, publish, trader
from tracker.services import codes, vendors
from tracker.services.context import Tracker


class TestWhileOthersWrite:
    async def write(self, tracker: Tracker, turn: int) -> None:
        """A trader comes, gets a code, hangs it, takes it down; now and then days are published."""
        for market, prefix in MARKETS.items():
            n = 10 + turn
            await vendors.register(tracker, ADMIN, market, trader(n, partner_ref=f"ref-{n}"))
            code = await code_of(tracker, market, prefix, n)
            await attach(tracker, code, tracker.now(), ref=f"hung-{n}")
            if turn % 2:
                await codes.remove(tracker, ADMIN, code, occurred_at=None, reason="fraud")
            if turn % 4 == 0:
                await publish(tracker, OPENED + 5 + turn)

    def test_verify_finds_nothing(self, run: Run, world: World) -> None:
        async def scene() -> int:
            looks = 0
            writing = asyncio.gather(*(self.turns(world, n) for n in range(3)))
            while not writing.done():
                assert await world.verify() == []
                looks += 1
            await writing
            return looks

        assert run(scene()) > 3
        assert run(world.verify()) == []

    def test_rebuild_loses_nothing(self, run: Run, world: World) -> None:
        async def scene() -> int:
            attempts = 0
            writing = asyncio.gather(*(self.turns(world, n) for n in range(3)))
            while not writing.done():
                await world.client.hincrby(SPACE.deltas, f"{OPENED}:r", 1)
                await world.client.hdel(SPACE.names, "s:A02")
                attempts += sum(r.attempts for r in await world.rebuild())
            await writing
            await world.rebuild()
            return attempts

        assert run(scene()) > 9
        assert run(world.verify()) == []
        reader = world.tracker.reader
        stalls = [f"s:A{10 + 100 * n + turn:02d}" for n in range(3) for turn in range(8)]
        assert None not in run(reader.holders(MARKET, stalls))

    async def turns(self, world: World, writer: int) -> None:
        for turn in range(8):
            await self.write(world.tracker, 100 * writer + turn)
