"""`verify` finds nothing where nothing is wrong, and `rebuild` changes nothing."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from tests.integration.audit.world import MARKET, SPACE, World, content
from tests.integration.conftest import Run
from tests.integration.registry import MARKETS, Clock, dump
from tracker.domain.errors import NotFound
from tracker.services.audit import Progress, verify
from tracker.store.keys import FEED_LAST, SERVICE, Space


class TestAClean:
    def test_registry_has_no_difference(self, run: Run, world: World) -> None:
        seen: list[tuple[int, int]] = []

        async def scene() -> Progress:
            last = Progress()

            def saw(progress: Progress) -> None:
                nonlocal last
                last = progress
                seen.append((progress.done, progress.spaces))

            assert [d async for d in verify(world.tracker, seen=saw)] == []
            return last

        last = run(scene())
        assert seen == [(1, 3), (2, 3), (3, 3)]
        assert (last.vendors, last.publications) == (13, 9)
        assert last.entries == 69

    def test_registry_is_rebuilt_into_the_same(self, run: Run, world: World) -> None:
        before = run(content(world))
        rebuilt = run(world.rebuild())
        assert [(r.space, r.attempts, r.refused) for r in rebuilt] == [
            (space, 1, ()) for space in (SERVICE, *sorted(MARKETS))
        ]
        assert run(content(world)) == before
        assert run(world.verify()) == []

    def test_store_is_clean(self, run: Run, store: Redis) -> None:
        empty = World(store, Clock())
        assert run(empty.verify()) == []
        assert [r.space for r in run(empty.rebuild())] == [SERVICE]

    def test_verify_writes_nothing_and_needs_no_key(self, run: Run, world: World) -> None:
        before = run(dump(world.client))
        world.tracker.keyring = None  # type: ignore[assignment]
        assert run(world.verify()) == []
        assert run(dump(world.client)) == before

    def test_markets_can_be_chosen(self, run: Run, world: World) -> None:
        run(world.client.hset(SPACE.names, "s:Z9", "7"))
        assert run(world.verify("cho-phuong-7")) == []
        assert len(run(world.verify(MARKET))) == 1
        assert [r.space for r in run(world.rebuild("cho-phuong-7"))] == ["cho-phuong-7"]
        assert len(run(world.verify(SERVICE, MARKET))) == 1
        with pytest.raises(NotFound, match="cho-khac"):
            run(world.verify("cho-khac"))
        with pytest.raises(NotFound):
            run(world.rebuild("cho-khac"))

    def test_registry_after_all_views_were_lost(self, run: Run, world: World) -> None:
        """Of the service too: its markets are found by its ledger, not by their names."""
        before = run(content(world))
        for space in (SERVICE, *MARKETS):
            keys = Space(space)
            views = (keys.docs, keys.names, keys.deltas, keys.published, keys.numbers)
            run(world.client.delete(*views, keys.rows, keys.sets, keys.reports))
        run(world.client.delete(FEED_LAST))
        assert {d.space for d in run(world.verify())} == {SERVICE, *MARKETS}
        run(world.rebuild())
        assert run(world.verify()) == []
        assert run(content(world)) == before
