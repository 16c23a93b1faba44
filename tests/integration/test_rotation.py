"""The master key is replaced while others register, retry and import; a stop loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.integration.conftest import Run
from tests.integration.registry import ADMIN, Clock, build, dispatch, trader
from tracker.access.master_key import BadMasterKey, KeySource, MasterKey, in_file, put_in_file
from tracker.access.vault import Keyring
from tracker.services import account_index, audit, imports, rotation, vendor_reading, vendors
from tracker.services.context import Tracker
from tracker.settings import Settings
from tracker.store.jobs import finished
from tracker.store.keys import SERVICE, Space
from tracker.store.sealed import Change, SealedStore
from tracker.store.secrets import LOOKUP, Secrets

MARKET = "cho-vung-tau"
ROSTER = "Số sạp,Họ tên\nB01,Trần Thị Một\nB02,Trần Thị Hai\n"


class Process:
    """One process of the service: a keyring of its own over the key file, a clock for it."""

    def __init__(self, run: Run, store: Redis, data: Path, clock: Clock) -> None:
        self.run = run
        self.seconds = 0.0
        source = KeySource(data, None)
        masters = source.load(create=True)
        secrets = Secrets(store)
        wrapped = run(secrets.put_once(LOOKUP, Keyring(masters).wrap(b"s" * 32)))
        lookup_secret = Keyring(masters).unwrap(wrapped)
        self.keyring = Keyring(
            masters,
            lookup_secret=lookup_secret,
            source=source.changed,
            monotonic=lambda: self.seconds,
        )
        self.tracker = Tracker(
            settings=Settings(data=data),
            client=store,
            keyring=self.keyring,
            now=clock,
            dispatch=dispatch,
        )

    def name_of(self, stall: str) -> Any:
        holder = self.run(self.tracker.reader.holders(MARKET, [f"s:{stall}"]))[0]
        history = self.run(self.tracker.reader.history(MARKET, "CVT", int(holder or 0)))
        return self.run(vendor_reading.get(self.tracker, ADMIN, history.vendor_code)).name


class Service:
    """Two processes over one store and one key file."""

    def __init__(self, run: Run, store: Redis, data: Path) -> None:
        self.run, self.store, self.data, self.clock = run, store, data, Clock()
        self.one, self.two = (Process(run, store, data, self.clock) for _ in range(2))
        run(build(self.one.tracker, self.clock))
        self.waited = 0

    async def wait(self, seconds: float) -> None:
        """Time passes for both processes, and the second goes on with its work."""
        self.waited += 1
        self.one.seconds += seconds
        self.two.seconds += seconds
        self.clock.ms += int(seconds * 1000)
        await vendors.register(
            self.two.tracker, ADMIN, MARKET, trader(60 + self.waited, issue_code=False)
        )

    def rotate(self) -> rotation.Rotated:
        return self.run(rotation.rotate(self.one.tracker, from_environment=False, wait=self.wait))

    def fresh(self) -> Process:
        """A process that starts now."""
        return Process(self.run, self.store, self.data, self.clock)

    def held(self) -> dict[str, int]:
        return self.run(rotation.held(self.one.tracker))

    def accept(self) -> Any:
        async def chunks() -> AsyncIterator[bytes]:
            yield ROSTER.encode()

        return self.run(
            imports.accept(
                self.one.tracker,
                ADMIN,
                kind="roster",
                market=MARKET,
                effective_on=None,
                dry_run=False,
                chunks=chunks(),
            )
        )


@pytest.fixture
def service(run: Run, store: Redis, tmp_path: Path) -> Service:
    return Service(run, store, tmp_path)


def test_afterwards_everything_is_under_the_new_key_alone(service: Service) -> None:
    (old,) = in_file(service.data)
    count = sum(service.held().values())
    done = service.rotate()
    (new,) = in_file(service.data)
    assert done.finished
    assert new.id != old.id
    assert done.key == new.id.hex()
    assert set(service.held()) == {new.id.hex()}
    assert sum(service.held().values()) == count + service.waited
    for process in (service.one, service.two, service.fresh()):
        assert process.name_of("A05") == "Nguyễn Thị 5"
        assert process.name_of("A61") == "Nguyễn Thị 61"  # registered meanwhile

    tracker = service.fresh().tracker

    async def differences() -> list[Any]:
        return [d async for d in audit.verify(tracker)]

    assert service.run(differences()) == []


def test_look_ups_outlive_the_key(service: Service) -> None:
    service.run(account_index.complete_all(service.one.tracker))
    service.rotate()
    found = account_index.holders(service.fresh().tracker, "account", "970436", "0071000900005")
    assert len(service.run(found)) == 2


def test_stored_answers_and_people_are_wrapped_anew(service: Service) -> None:
    space, client = Space(MARKET), service.store
    sealed = service.one.keyring.seal_answer(f"{MARKET}:k".encode(), b"answer")
    service.run(client.set(space.answers + "k", sealed, px=50_000))
    person = service.one.keyring.wrap(b"p" * 32)
    service.run(client.hset(Space(SERVICE).data_keys, "pabcdefgh", person))
    service.rotate()
    fresh = service.fresh().keyring
    again: Any = service.run(client.get(space.answers + "k"))
    assert again != sealed
    assert fresh.open_answer(f"{MARKET}:k".encode(), again) == b"answer"
    assert 0 < service.run(client.pttl(space.answers + "k")) <= 50_000
    kept: Any = service.run(client.hget(Space(SERVICE).data_keys, "pabcdefgh"))
    assert fresh.unwrap(kept) == b"p" * 32


def test_an_upload_before_it_is_imported_after_it(service: Service) -> None:
    job = service.accept()
    first = service.rotate()
    assert (first.finished, first.at_work) == (False, [job.id])
    assert len(in_file(service.data)) == 2  # the worker may write its record with the old key
    fresh = service.fresh()
    known: Any = service.run(fresh.tracker.jobs.get(job.id))
    result = service.run(imports.run(fresh.tracker, known))
    assert result["totals"]["accepted"] == 2
    service.run(fresh.tracker.jobs.save(finished(known, result)))
    assert service.rotate().finished
    assert len(in_file(service.data)) == 1


class Killed(Exception):
    """What a stop of the process is here."""


class Dying(SealedStore):
    """The store of a process that is killed before one of its writes."""

    def __init__(self, client: Redis, writes: int) -> None:
        super().__init__(client)
        self._left = writes

    async def _put(self, key: str, kind: str, changes: list[Change]) -> int:
        self._left -= bool(changes)
        if self._left < 0:
            raise Killed
        return await super()._put(key, kind, changes)


def test_a_stop_at_any_moment_loses_nothing_and_the_same_command_goes_on(
    service: Service,
) -> None:
    (old,) = in_file(service.data)
    for writes in (0, 1, 1):  # two markets and the look-up key are to be written
        service.one.tracker.sealed = Dying(service.store, writes)
        with pytest.raises(Killed):
            service.rotate()
        assert [key.id for key in in_file(service.data)][1:] == [old.id]
        assert service.fresh().name_of("A05") == "Nguyễn Thị 5"
    service.one.tracker.sealed = SealedStore(service.store)
    new = in_file(service.data)[0]
    assert service.rotate().key == new.id.hex()  # the one that was begun with, not a third
    assert set(service.held()) == {new.id.hex()}


def test_an_erasure_at_the_same_moment_stays_one(service: Service) -> None:
    """A key that was read before it was deleted is not put back."""
    space = Space(MARKET)
    wrapped: Any = service.run(service.store.hget(space.data_keys, "5"))
    put_in_file(service.data, [MasterKey(b"n" * 32), *in_file(service.data)])
    service.one.keyring.refresh()
    again = service.one.keyring.rewrapped(wrapped)
    assert again is not None
    service.run(service.store.hdel(space.data_keys, "5"))
    put = service.one.tracker.sealed.put_data_keys(MARKET, [Change("5", wrapped, again)])
    assert service.run(put) == 0
    assert service.run(service.store.hget(space.data_keys, "5")) is None


def test_keys_of_the_environment_are_the_operators_to_put_and_take(service: Service) -> None:
    new = MasterKey(b"n" * 32)
    put_in_file(service.data, [new, *in_file(service.data)])  # stands for the environment here
    done = service.run(
        rotation.rotate(service.one.tracker, from_environment=True, wait=service.wait)
    )
    assert (done.finished, done.key) == (True, new.id.hex())
    assert len(in_file(service.data)) == 2
    assert set(service.held()) == {new.id.hex()}


def test_without_a_key_file_nothing_is_begun(service: Service) -> None:
    (service.data / "master.key").unlink()
    with pytest.raises(BadMasterKey, match="no key file"):
        service.rotate()


def test_many_writers_and_a_rotation_at_once(service: Service) -> None:
    """Registrations through both processes all the while: every name opens afterwards."""

    async def writing(process: Process, first: int) -> None:
        for n in range(first, first + 15):
            await vendors.register(process.tracker, ADMIN, MARKET, trader(n, issue_code=False))
            await asyncio.sleep(0)

    async def all_() -> None:
        rotating = rotation.rotate(service.one.tracker, from_environment=False, wait=service.wait)
        await asyncio.gather(writing(service.one, 100), writing(service.two, 200), rotating)

    service.run(all_())
    assert service.rotate().finished
    fresh = service.fresh()
    for n in (*range(100, 115), *range(200, 215)):
        assert fresh.name_of(f"A{n:02d}") == f"Nguyễn Thị {n}"
