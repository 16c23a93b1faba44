"""A bit flipped in the log of a stopped store: it loads silently, and `verify` names it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.integration.audit.world import MARKET, World
from tests.integration.registry import ADMIN, Clock, build, trader
from tracker.domain.days import day_date
from tracker.services import vendors
from tracker.services.audit import Difference
from tracker.services.seals import seal
from tracker.store.client import connect, connect_sync
from tracker.store.embedded import EmbeddedServer, Limits, StoreNotStarted
from tracker.store.keys import SERVICE, Space

QUICK = Limits(start_s=20, stop_s=10, backoff_first_s=0.01, backoff_max_s=0.05)
PLACES = 10
SPACES = (SERVICE, MARKET, "cho-phuong-7")


class Payload(NamedTuple):
    """Bytes of one ledger entry in the log: its subject or its fact."""

    space: str
    position: int
    start: int
    size: int


class Written(NamedTuple):
    """A stopped store with three stretches sealed a market, and its clock."""

    data: Path
    ms: int
    seals: dict[str, list[int]]

    def subject(self, payload: Payload) -> str:
        """How the seal over an entry is named."""
        lasts = self.seals[payload.space]
        number = next(n for n, last in enumerate(lasts, 1) if payload.position <= last)
        return f"{number} (entries {([0, *lasts])[number - 1] + 1} to {lasts[number - 1]})"


def commands(log: bytes) -> Iterator[list[tuple[int, bytes]]]:
    """The commands of an append-only file: each argument with where it begins."""
    at = 0
    while at < len(log):
        end = log.index(b"\r\n", at)
        arguments, count = [], int(log[at + 1 : end])
        at = end + 2
        for _ in range(count):
            end = log.index(b"\r\n", at)
            start, size = end + 2, int(log[at + 1 : end])
            arguments.append((start, log[start : start + size]))
            at = start + size + 2
        yield arguments


def payloads(log: bytes) -> list[Payload]:
    """Every subject and fact that was written to a ledger."""
    ledgers = {Space(space).ledger.encode(): space for space in SPACES}
    found = []
    for (_, name), *arguments in commands(log):
        if name.upper() != b"XADD" or arguments[0][1] not in ledgers:
            continue
        (_, id_), _, subject, _, fact = arguments[-5:]
        for start, value in (subject, fact):
            position = int(id_.partition(b"-")[2])
            found.append(Payload(ledgers[arguments[0][1]], position, start, len(value)))
    return found


def log_of(data: Path) -> Path:
    """The part of the log that is written to."""
    return next((data / "appendonlydir").glob("*.incr.aof"))


def flip(path: Path, bit: int) -> None:
    """One bit of a file changed; the same again changes it back."""
    log = bytearray(path.read_bytes())
    log[bit // 8] ^= 1 << bit % 8
    path.write_bytes(log)


def differences(written: Written) -> list[Difference] | None:
    """What `verify` says of the store, started again; None where it does not load."""

    async def verified(url: str) -> list[Difference]:
        client, clock = connect(url), Clock()
        clock.ms = written.ms
        found = await World(client, clock).verify()
        await client.aclose()
        return found

    try:
        with EmbeddedServer(written.data, limits=QUICK) as server:
            return asyncio.run(verified(server.url()))
    except StoreNotStarted:
        return None


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    data = tmp_path_factory.mktemp("log") / "data"

    async def scene(url: str) -> tuple[int, dict[str, list[int]]]:
        client: Any = connect(url)
        clock = Clock()
        world = World(client, clock)
        await build(world.tracker, clock)
        lasts: dict[str, list[int]] = {space: [] for space in SPACES}
        for n in range(3):
            for market in SPACES[1:]:
                await vendors.register(world.tracker, ADMIN, market, trader(60 + n))
            clock.ms += 600_000
            await seal(world.tracker)
            for space in SPACES:
                last = await world.tracker.reader.position(space)
                if last not in lasts[space]:
                    lasts[space].append(last)
        assert await world.verify() == []
        await client.aclose()
        return clock.ms, lasts

    with EmbeddedServer(data, limits=QUICK) as server:
        return Written(data, *asyncio.run(scene(server.url())))


class TestTheLog:
    def test_as_it_was_is_clean(self, written: Written) -> None:
        entries = {(p.space, p.position) for p in payloads(log_of(written.data).read_bytes())}
        assert len(entries) == sum(lasts[-1] for lasts in written.seals.values())
        assert differences(written) == []

    def test_with_a_bit_of_an_entry_flipped(self, written: Written) -> None:
        """What the store loads `verify` names: the market, the seal, and the entries under it."""
        dice, log, loaded = random.Random(542), log_of(written.data), 0
        places = payloads(log.read_bytes())
        weights = [place.size for place in places]
        for place in dice.choices(places, weights, k=PLACES):
            bit = 8 * place.start + dice.randrange(8 * place.size)
            flip(log, bit)
            found = differences(written)
            flip(log, bit)
            if found is None:
                continue
            loaded += 1
            seals = [(d.space, d.subject) for d in found if d.kind == "seal"]
            assert seals == [(place.space, written.subject(place))], (place, bit)
        assert loaded == PLACES  # nothing in the log itself guards an entry's bytes
        assert differences(written) == []

    def test_with_a_bit_of_a_snapshot_flipped(self, written: Written) -> None:
        dice, log, space = random.Random(42), log_of(written.data), Space(MARKET)
        bodies = [
            (field.decode(), start, len(value))
            for (_, name), *rest in commands(log.read_bytes())
            if name.upper() == b"HSET" and rest[0][1] == space.bodies.encode()
            for (_, field), (start, value) in zip(rest[1::2], rest[2::2], strict=True)
        ]
        for field, start, size in dice.choices(bodies, k=3):
            bit = 8 * start + dice.randrange(8 * size)
            flip(log, bit)
            found = differences(written)
            flip(log, bit)
            day, _, revision = field.partition(".")
            name = f"{day_date(int(day)).isoformat()}.{revision}"
            assert found is not None
            assert {(d.space, d.kind, d.subject) for d in found} == {(MARKET, "body", name)}

    def test_that_was_rewritten_does_not_load_with_a_bit_flipped(self, written: Written) -> None:
        """The base file that rewriting leaves has a checksum; whatever loads is named."""
        with EmbeddedServer(written.data, limits=QUICK) as server:
            rewrite(server.url())
        base = next((written.data / "appendonlydir").glob("*.base.*"))
        assert payloads(log_of(written.data).read_bytes()) == []
        assert differences(written) == []
        dice = random.Random(374)
        for _ in range(3):
            bit = dice.randrange(8 * 200, 8 * base.stat().st_size)
            flip(base, bit)
            found = differences(written)
            flip(base, bit)
            assert found is None or found
        assert differences(written) == []


def rewrite(url: str) -> None:
    """Has the log rewritten and waits for it."""
    going = ("aof_rewrite_in_progress", "aof_rewrite_scheduled")
    with connect_sync(url) as client:
        client.bgrewriteaof()
        while any(client.info("persistence")[field] for field in going):
            pass
