"""Seals: what gets one and when, and that `verify` names what does not fit one."""

from __future__ import annotations

import random
from typing import Any

import pytest
from msgspec import Raw, msgpack

from tests.integration.audit.world import MARKET, SPACE, World
from tests.integration.conftest import Run
from tests.integration.registry import ADMIN, MARKETS, dump, trader
from tracker.domain.seal import SEAL_ENTRIES
from tracker.services import schedule, vendors
from tracker.services.seals import LOOK_MS_MAX, WAIT_MAX_MS, Sealed, seal
from tracker.store.keys import SERVICE, Space
from tracker.store.seals import NEWEST, Newest, Seal

QUIET_MS = 300_000


@pytest.fixture
def sealed(world: World, run: Run) -> World:
    """The registry with one seal a ledger."""
    world.clock.ms += QUIET_MS
    done = run(seal(world.tracker))
    assert (done.seals, done.entries, done.damaged) == (3, 69, {})
    return world


async def seals_of(world: World, space: str = MARKET) -> list[tuple[int, int]]:
    """First and last entry of each seal, in order."""
    found = await world.client.hgetall(Space(space).seals)
    newest = found.pop(NEWEST.encode(), None)
    seals = {int(n): msgpack.decode(raw, type=Seal) for n, raw in found.items()}
    assert sorted(seals) == list(range(1, len(seals) + 1))
    if newest is not None:
        last = msgpack.decode(newest, type=Newest)
        assert last == Newest(len(seals), seals[len(seals)].last, seals[len(seals)].digest)
    return [(seals[n].first, seals[n].last) for n in sorted(seals)]


async def grow(world: World, space: str, entries: int) -> None:
    """A ledger gets so many more entries: the last one of the service's, again and again."""
    ((_, fields),) = await world.client.xrevrange(Space(SERVICE).ledger, count=1)
    fact = msgpack.decode(fields[b"e"], type=list[Raw])
    fact[2] = Raw(msgpack.encode(world.clock()))  # recorded now
    pipeline = world.client.pipeline(transaction=False)
    for n in range(entries):
        entry = {b"n": b"key:%d" % (n % 7), b"e": msgpack.encode(fact)}
        pipeline.xadd(Space(space).ledger, entry, id="0-*")
    await pipeline.execute()


class TestWhatIsSealed:
    def test_is_every_ledger_that_is_quiet(self, run: Run, world: World) -> None:
        world.clock.ms += QUIET_MS
        assert run(seal(world.tracker)).seals == 3
        for space in (SERVICE, *MARKETS):
            end = run(world.tracker.reader.position(space))
            assert run(seals_of(world, space)) == [(1, end)]
        assert run(world.verify()) == []

    def test_is_sealed_once(self, run: Run, sealed: World) -> None:
        before = run(dump(sealed.client))
        assert run(seal(sealed.tracker)) == Sealed()
        assert run(dump(sealed.client)) == before

    def test_goes_on_where_it_ended(self, run: Run, sealed: World) -> None:
        (first,) = run(seals_of(sealed))
        run(vendors.register(sealed.tracker, ADMIN, MARKET, trader(50)))
        assert run(seal(sealed.tracker)) == Sealed()
        sealed.clock.ms += QUIET_MS
        end = run(sealed.tracker.reader.position(MARKET))
        assert run(seal(sealed.tracker)).seals == 1
        assert run(seals_of(sealed)) == [first, (first[1] + 1, end)]
        assert run(sealed.verify()) == []

    def test_is_each_full_stretch_of_a_busy_ledger(self, run: Run, world: World) -> None:
        run(grow(world, "busy", 2 * SEAL_ENTRIES + 10))
        assert run(seal(world.tracker, ["busy"])).entries == 2 * SEAL_ENTRIES
        run(grow(world, "busy", SEAL_ENTRIES - 11))
        assert run(seal(world.tracker, ["busy"])) == Sealed()
        run(grow(world, "busy", 1))
        assert run(seal(world.tracker, ["busy"])).seals == 1
        assert run(seals_of(world, "busy")) == [(1, 1000), (1001, 2000), (2001, 3000)]

    def test_is_what_waited_for_long_in_a_ledger_that_is_never_quiet(
        self, run: Run, world: World
    ) -> None:
        began = world.clock()
        while world.clock() < began + WAIT_MAX_MS:
            run(grow(world, "restless", 1))
            assert run(seal(world.tracker, ["restless"])) == Sealed()
            world.clock.ms += QUIET_MS - 1_000
        run(grow(world, "restless", 1))
        end = run(world.tracker.reader.position("restless"))
        assert run(seal(world.tracker, ["restless"])).entries == end
        assert run(seals_of(world, "restless")) == [(1, end)]

    def test_is_bounded_a_run(self, run: Run, world: World) -> None:
        run(grow(world, "long", 21 * SEAL_ENTRIES))
        run(grow(world, "short", SEAL_ENTRIES))
        done = run(seal(world.tracker, ["long", "short"], entries_max=1))
        assert (done.unfinished, done.entries) == (True, 20 * SEAL_ENTRIES)
        done = run(seal(world.tracker, ["long", "short"]))
        assert (done.unfinished, done.entries) == (False, 2 * SEAL_ENTRIES)
        assert len(run(seals_of(world, "long"))) == 21

    def test_is_done_by_the_schedule(self, run: Run, sealed: World) -> None:
        (first,) = run(seals_of(sealed))
        run(grow(sealed, MARKET, 1))
        run(schedule.tick(sealed.tracker))
        assert run(seals_of(sealed)) == [first]
        sealed.clock.ms += QUIET_MS
        run(schedule.tick(sealed.tracker))
        second = first[1] + 1, run(sealed.tracker.reader.position(MARKET))  # and what it found
        assert run(seals_of(sealed)) == [first, second]
        run(grow(sealed, MARKET, SEAL_ENTRIES))
        run(schedule.tick(sealed.tracker))  # too soon for another look
        assert run(seals_of(sealed)) == [first, second]
        sealed.clock.ms += LOOK_MS_MAX
        run(schedule.tick(sealed.tracker))
        assert run(seals_of(sealed))[2:] == [(second[1] + 1, second[1] + SEAL_ENTRIES)]


class TestADamagedLedger:
    """It is not sealed any further: a seal would say that the damage belongs there."""

    def refused(self, run: Run, world: World, why: str) -> None:
        before = run(seals_of(world))
        run(grow(world, MARKET, SEAL_ENTRIES))
        world.clock.ms += QUIET_MS
        done = run(seal(world.tracker))
        assert list(done.damaged) == [MARKET]
        assert why in done.damaged[MARKET]
        assert run(seals_of(world)) == before

    def test_that_lacks_an_entry(self, run: Run, world: World) -> None:
        run(world.client.xdel(SPACE.ledger, "0-7"))
        self.refused(run, world, "not all are there")

    def test_that_lacks_a_part_of_an_entry(self, run: Run, world: World) -> None:
        run(world.client.xadd(SPACE.ledger, {"n": "1"}, id="0-*"))
        self.refused(run, world, "not all are there")

    def test_that_ends_with_no_fact(self, run: Run, world: World) -> None:
        run(world.client.xadd(SPACE.ledger, {"n": "1", "e": b"?"}, id="0-*"))
        world.clock.ms += QUIET_MS
        assert "is no fact" in run(seal(world.tracker)).damaged[MARKET]
        assert run(seals_of(world)) == []

    def test_that_was_cut(self, run: Run, sealed: World) -> None:
        run(sealed.client.delete(SPACE.ledger))
        run(grow(sealed, MARKET, 3))
        sealed.clock.ms += QUIET_MS
        assert "ends with entry 3" in run(seal(sealed.tracker)).damaged[MARKET]

    def test_whose_seals_are_of_another_type(self, run: Run, world: World) -> None:
        run(world.client.set(SPACE.seals, "no hash"))
        world.clock.ms += QUIET_MS
        done = run(seal(world.tracker))
        assert (done.seals, list(done.damaged)) == (2, [MARKET])
        found = [(d.kind, d.subject, d.found) for d in run(world.verify())]
        assert found == [("seal", "all", "a key of another type")]

    def test_whose_newest_seal_is_lost_or_unreadable(self, run: Run, sealed: World) -> None:
        run(grow(sealed, MARKET, SEAL_ENTRIES))
        sealed.clock.ms += QUIET_MS
        run(sealed.client.hset(SPACE.seals, NEWEST, b"?"))
        assert "newest seal" in run(seal(sealed.tracker)).damaged[MARKET]
        run(sealed.client.hdel(SPACE.seals, NEWEST))
        assert "there already" in run(seal(sealed.tracker)).damaged[MARKET]
        assert run(sealed.client.hlen(SPACE.seals)) == 1


async def rewrite(world: World, position: int, change: Any) -> None:
    """The market's ledger with one entry's fields changed."""
    entries = await world.client.xrange(SPACE.ledger)
    pipeline = world.client.pipeline(transaction=True)
    pipeline.delete(SPACE.ledger)
    for n, (id_, fields) in enumerate(entries, 1):
        pipeline.xadd(SPACE.ledger, change(dict(fields)) if n == position else fields, id=id_)
    await pipeline.execute()


def flip(raw: bytes, bit: int) -> bytes:
    """One bit changed."""
    changed = bytearray(raw)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


class TestAChangedEntry:
    def test_is_named_whatever_bit_it_was(self, run: Run, sealed: World) -> None:
        dice = random.Random(168)
        entries = run(sealed.client.xrange(SPACE.ledger))
        seal_1 = f"1 (entries 1 to {len(entries)})"
        for _ in range(60):
            position = dice.randint(1, len(entries))
            field = dice.choice([b"e", b"e", b"e", b"n"])
            bit = dice.randrange(8 * len(entries[position - 1][1][field]))
            change = lambda f, k=field, b=bit: {**f, k: flip(f[k], b)}  # noqa: E731
            run(rewrite(sealed, position, change))
            found = run(sealed.verify())
            named = [(d.space, d.subject) for d in found if d.kind == "seal"]
            assert named == [(MARKET, seal_1)], (position, field, bit)
            run(rewrite(sealed, position, change))
        assert run(sealed.verify()) == []

    def test_lets_nothing_be_rebuilt(self, run: Run, sealed: World) -> None:
        """The views are made from the ledger, and it is not what it was."""
        run(rewrite(sealed, 5, lambda f: {**f, b"e": flip(f[b"e"], 8 * len(f[b"e"]) - 1)}))
        before = run(dump(sealed.client))
        refused = [r for r in run(sealed.rebuild()) if r.refused]
        assert [r.space for r in refused] == [MARKET]
        assert "seal" in {d.kind for d in refused[0].refused}
        assert "restore a backup" in refused[0].text()
        after = run(dump(sealed.client))
        tag = SPACE.ledger.rpartition(":")[0].encode()
        assert {k: v for k, v in after.items() if k.startswith(tag)} == {
            k: v for k, v in before.items() if k.startswith(tag)
        }


class TestRebuild:
    def test_keeps_the_seals(self, run: Run, sealed: World) -> None:
        before = run(sealed.client.hgetall(SPACE.seals))
        assert not any(r.refused for r in run(sealed.rebuild()))
        assert run(sealed.client.hgetall(SPACE.seals)) == before
        assert run(sealed.verify()) == []
