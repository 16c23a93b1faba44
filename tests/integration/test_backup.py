"""Backups are consistent while others write, whole or refused, and nobody erased comes back."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import json, msgpack, structs
from redis.asyncio import Redis

from tests.integration.conftest import Run
from tests.integration.registry import (
    ADMIN,
    MARKETS,
    OPENED,
    VCB,
    Clock,
    attach,
    build,
    dispatch,
    dump,
    publish,
    tracker_on,
    trader,
)
from tracker.access.master_key import BadMasterKey, MasterKey
from tracker.access.vault import Keyring
from tracker.domain.activity import Line
from tracker.domain.codes import vendor_code
from tracker.domain.days import DAY_MS
from tracker.domain.errors import Conflict, TrackerError
from tracker.services import (
    activity,
    audit,
    backup,
    codes,
    erasure,
    seals,
    snapshots,
    vendor_reading,
    vendors,
)
from tracker.services.adoption import LiveFigures
from tracker.services.backup_files import FileSeal, Manifest, digest_of
from tracker.services.backup_reading import BadBackup
from tracker.services.context import Tracker
from tracker.services.feed import follow
from tracker.services.job_ids import new_job
from tracker.services.restore import restore
from tracker.services.restore_point import Point, point_of
from tracker.services.restore_reading import Given, check_ledgers
from tracker.services.restore_writing import Written
from tracker.store.client import connect
from tracker.store.dump_shapes import Damaged
from tracker.store.embedded import EmbeddedServer
from tracker.store.keys import Space
from tracker.store.load import FEED_JUMP, NUMBERS_JUMP
from tracker.store.schema_version import SCHEMA, SchemaVersion
from tracker.store.secrets import LOOKUP, Secrets

MARKET = "cho-vung-tau"
MASTERS = (MasterKey(bytes(range(32))),)


@pytest.fixture(scope="session")
def other_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a second store, to restore into."""
    with EmbeddedServer(tmp_path_factory.mktemp("other") / "data") as server:
        yield server.url()


@pytest.fixture
def other(other_url: str, run: Run) -> Iterator[Redis]:
    """A client of the second store, emptied."""
    client = connect(other_url)
    run(client.flushall())
    yield client
    run(client.aclose())


class Place:
    """A running store with a small registry, an empty one beside it, and a folder."""

    def __init__(self, store: Redis, other: Redis, folder: Path) -> None:
        self.clock = Clock()
        self.tracker = tracker_on(store, self.clock)
        self.other: Any = other
        self.folder = folder / "backup"

    async def set_up(self) -> None:
        await SchemaVersion(self.tracker.client).read()
        await Secrets(self.tracker.client).put_once(
            LOOKUP, self.tracker.keyring.wrap(bytes(range(32)))
        )
        await build(self.tracker, self.clock)

    async def back_up(self) -> Manifest:
        return await backup.backup(self.tracker, self.folder)

    def opened(self, keyring: Keyring) -> Tracker:
        return Tracker(
            settings=self.tracker.settings,
            client=self.other,
            keyring=keyring,
            now=self.clock,
            dispatch=dispatch,
        )

    async def restore(self, **more: Any) -> Written:
        given = Given(self.folder, **{"masters": MASTERS, **more})
        return await restore(self.other, given, self.opened)

    @property
    def restored(self) -> Tracker:
        return self.opened(self.tracker.keyring)


@pytest.fixture
def place(store: Redis, other: Redis, run: Run, tmp_path: Path) -> Place:
    """Both stores; the first has two markets with publications."""
    made = Place(store, other, tmp_path)
    run(made.set_up())
    return made


async def differences(tracker: Tracker) -> list[str]:
    """What `verify` says."""
    return [found.text() async for found in audit.verify(tracker)]


async def figures(tracker: Tracker) -> dict[str, tuple[int, bytes]]:
    """Every market's ledger position and live figures."""
    standing = await LiveFigures(tracker).standing(list(MARKETS))
    return {market: (kept.position, kept.content) for market, kept in standing.items()}


async def report(tracker: Tracker, day: int, *numbers: int) -> None:
    """A bank reports who was paid on a day."""
    lines = [Line(row, vendor_code("CVT", n), 1, 1000) for row, n in enumerate(numbers, 1)]
    await activity.report(tracker, "bank0001", MARKET, day=day, bin_=VCB, lines=lines)


# ── whole ────────────────────────────────────────────────────────────────────────────────────


def test_a_restored_store_is_the_one_that_was_backed_up(place: Place, run: Run) -> None:
    before = run(figures(place.tracker))
    made = run(place.back_up())
    done = run(place.restore())
    assert run(differences(place.restored)) == []
    assert run(figures(place.restored)) == before
    assert (done.markets, done.entries, done.left_out) == (2, made.entries, 0)
    names = set(run(dump(place.tracker.client))) - {b"{sys}:schema"}
    assert names - set(run(dump(place.other))) == set()
    assert run(SchemaVersion(place.other).read()).version == SCHEMA


def test_names_open_and_the_next_trader_gets_a_number_that_was_never_given(
    place: Place, run: Run
) -> None:
    highest = run(place.tracker.reader.reserve_numbers(MARKET, "CVT", 1))[-1]
    run(place.back_up())
    run(place.restore())
    code = vendor_code("CVT", 1)
    assert run(vendor_reading.get(place.restored, ADMIN, code)).name == "Nguyễn Thị 1"
    new = run(vendors.register(place.restored, ADMIN, MARKET, trader(77)))
    assert int(new.vendor.vendor.split("-")[1]) > highest + NUMBERS_JUMP - 1


def test_readers_of_the_feed_miss_nothing_that_is_published_after_a_restore(
    place: Place, run: Run
) -> None:
    run(place.back_up())
    place.clock.next_day()
    run(publish(place.tracker, OPENED + 4))
    cursor = run(follow(place.tracker, ADMIN, 0, 100)).reached  # of what the backup has not
    run(place.restore())
    run(publish(place.restored, OPENED + 4))
    seen = run(follow(place.restored, ADMIN, cursor, 100))
    assert len(seen.bodies) == 2
    assert seen.reached > FEED_JUMP


def test_open_jobs_and_stored_answers_come_along(place: Place, run: Run) -> None:
    tracker = place.tracker
    job = new_job(tracker, "snapshots", "schedule", {"mode": "outdated"})
    run(tracker.jobs.create(job, "key", b"f"))
    run(tracker.jobs.put_file(job.id, [b"x" * 600_000, b"y"], kept_ms=60_000))
    name = Space(MARKET).answers + "k1"
    sealed = tracker.keyring.seal_answer(f"{MARKET}:k1".encode(), b"answer")
    place.clock.ms = run(_server_ms(tracker))
    run(tracker.client.set(name, sealed, px=50_000))
    run(place.back_up())
    run(place.restore())
    assert run(place.restored.jobs.open_ids()) == [job.id]
    known = run(place.restored.jobs.known("key"))
    assert known is not None
    assert known.job == job.id
    assert [len(chunk) for chunk in run(place.restored.jobs.file(job.id))] == [600_000, 1]
    assert run(place.other.get(name)) == sealed
    assert 0 < run(place.other.pttl(name)) <= 50_000


async def _server_ms(tracker: Tracker) -> int:
    seconds, micros = await tracker.client.time()
    return int(seconds) * 1000 + int(micros) // 1000


def test_a_backup_under_writers_restores_clean_with_the_totals_of_its_own_positions(
    place: Place, run: Run
) -> None:
    tracker, stop, busy = place.tracker, asyncio.Event(), asyncio.Event()

    async def registering(market: str, n: int = 100) -> None:
        while not stop.is_set():
            made = await vendors.register(tracker, ADMIN, market, trader(n))
            for one in await codes.listed(tracker, ADMIN, made.vendor.vendor):
                await attach(tracker, one.id, place.clock())
            n += 1
            if n == 110:
                busy.set()

    async def publishing() -> None:
        while not stop.is_set():
            await publish(tracker, OPENED + 3)
            await asyncio.sleep(0)

    async def erasing(n: int = 200) -> None:
        while not stop.is_set():
            more = {"account": None, "issue_code": False}
            made = await vendors.register(tracker, ADMIN, MARKET, trader(n, **more))
            code = made.vendor.vendor
            await erasure.apply(tracker, "admin001", [code])
            n += 1

    async def work() -> Manifest:
        writers = [registering(market) for market in MARKETS]
        running = [asyncio.ensure_future(w) for w in (*writers, publishing(), erasing())]
        try:
            await busy.wait()
            made = await place.back_up()
        finally:
            stop.set()
            await asyncio.gather(*running)
        return made

    made = run(work())
    assert run(tracker.reader.position(MARKET)) > made.ledgers[MARKET].position
    done = run(place.restore())
    assert run(differences(place.restored)) == []
    assert done.entries == made.entries == sum(end.position for end in made.ledgers.values())


# ── whole or refused ─────────────────────────────────────────────────────────────────────────

FILES = [
    "manifest.json",
    backup.LEDGERS,
    backup.BODIES,
    backup.KEYS,
    backup.SPACES,
    backup.SERVICE_RECORDS,
    backup.FEED,
    backup.ANSWERS,
    backup.JOBS,
    backup.PAID,
    backup.ERASED,
]


def test_every_file_is_for_its_owner_alone_and_the_list_of_them_is_complete(
    place: Place, run: Run
) -> None:
    run(place.back_up())
    assert sorted(file.name for file in place.folder.iterdir()) == sorted(FILES)
    assert {file.stat().st_mode & 0o777 for file in place.folder.iterdir()} == {0o600}
    assert place.folder.stat().st_mode & 0o777 == 0o700


def test_one_flipped_bit_in_any_file_is_refused_and_named(place: Place, run: Run) -> None:
    run(place.back_up())
    for name in FILES:
        file = place.folder / name
        whole = file.read_bytes()
        for at in (0, len(whole) // 2, len(whole) - 1):
            flipped = bytearray(whole)
            flipped[at] ^= 1
            file.write_bytes(flipped)
            with pytest.raises(BadBackup, match=name):
                run(place.restore())
        file.write_bytes(whole)
    assert run(place.other.dbsize()) == 0


def test_a_file_that_is_cut_or_missing_is_refused_and_named(place: Place, run: Run) -> None:
    run(place.back_up())
    for name in FILES:
        file = place.folder / name
        whole = file.read_bytes()
        file.write_bytes(whole[:-1])
        with pytest.raises(BadBackup, match=name):
            run(place.restore())
        file.unlink()
        with pytest.raises(BadBackup, match=name):
            run(place.restore())
        file.write_bytes(whole)
    assert run(place.other.dbsize()) == 0


def test_nothing_is_left_of_a_backup_that_was_not_finished(place: Place, run: Run) -> None:
    run(place.tracker.client.xdel(Space(MARKET).ledger, "0-7"))
    with pytest.raises(Damaged, match="lacks entry 7"):
        run(place.back_up())
    assert list(place.folder.parent.iterdir()) == []


def test_a_backup_replaces_none(place: Place, run: Run) -> None:
    run(place.back_up())
    with pytest.raises(Conflict, match="there already"):
        run(place.back_up())


def test_a_store_that_holds_anything_is_left_alone(place: Place, run: Run) -> None:
    run(place.back_up())
    run(place.other.set("something", "1"))
    with pytest.raises(Conflict, match="not empty"):
        run(place.restore())
    assert run(place.other.dbsize()) == 1


def test_another_master_key_is_refused_before_anything_is_written(place: Place, run: Run) -> None:
    run(place.back_up())
    with pytest.raises(BadMasterKey, match=MASTERS[0].id.hex()):
        run(place.restore(masters=(MasterKey(b"x" * 32),)))
    assert run(place.other.dbsize()) == 0


def test_keys_may_lie_elsewhere_and_are_needed(place: Place, run: Run, tmp_path: Path) -> None:
    run(place.back_up())
    apart = (place.folder / backup.KEYS).rename(tmp_path / "apart.gz")
    with pytest.raises(BadBackup, match=backup.KEYS):
        run(place.restore())
    run(place.restore(keys_file=apart))
    first = run(vendor_reading.get(place.restored, ADMIN, vendor_code("CVT", 1)))
    assert first.name == "Nguyễn Thị 1"


def test_no_name_no_account_and_no_master_key_is_in_a_backup(place: Place, run: Run) -> None:
    run(place.back_up())
    told = b"".join(
        gzip.decompress(raw) if file.suffix == ".gz" else raw
        for file in place.folder.iterdir()
        for raw in [file.read_bytes()]
    )
    for secret in ("Nguyễn", "Nguy\\u1ec5n", "00710009", MASTERS[0].secret.hex()):
        assert secret.encode() not in told
    assert MASTERS[0].secret not in told


# ── the ledger without the service ───────────────────────────────────────────────────────────


def test_the_documented_check_of_a_ledger_runs_without_the_service(place: Place, run: Run) -> None:
    place.clock.ms += 10 * DAY_MS
    run(seals.keep_sealed(place.tracker))
    made = run(place.back_up())
    text = (Path(__file__).parents[2] / "docs" / "backup-format.md").read_text()
    program = text.partition("```python\n")[2].partition("```")[0]
    assert len(program.strip().splitlines()) <= 30
    command = [sys.executable, "-c", program, str(place.folder / backup.LEDGERS)]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"{made.entries} entries" in said.stdout
    assert "3 ledgers" in said.stdout
    spoilt = gzip.decompress((place.folder / backup.LEDGERS).read_bytes())
    wrong = spoilt.replace(b'"position":9,', b'"position":8,', 1)
    (place.folder / "wrong.gz").write_bytes(gzip.compress(wrong))
    command[-1] = str(place.folder / "wrong.gz")
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0
    check_ledgers(Given(place.folder))


def test_a_ledger_that_was_changed_with_its_checksums_does_not_fit_its_digests(
    place: Place, run: Run
) -> None:
    run(place.back_up())
    file = place.folder / backup.LEDGERS
    changed = gzip.decompress(file.read_bytes()).replace(b'"A03"', b'"A99"', 1)
    file.write_bytes(gzip.compress(changed))
    _sign(place.folder)
    with pytest.raises(BadBackup, match="does not end as it should"):
        check_ledgers(Given(place.folder))


def _sign(folder: Path, **changes: Any) -> None:
    """Makes the manifest anew, as somebody would who changes a backup."""
    manifest = json.decode((folder / "manifest.json").read_bytes(), type=Manifest)
    files = {}
    for name, seal in manifest.files.items():
        raw = (folder / name).read_bytes()
        files[name] = FileSeal(len(raw), hashlib.sha256(raw).hexdigest(), seal.lines)
    manifest = structs.replace(manifest, files=files, **changes)
    manifest = structs.replace(manifest, digest=digest_of(manifest))
    (folder / "manifest.json").write_bytes(json.encode(manifest))


def test_a_backup_of_a_newer_store_is_refused(place: Place, run: Run) -> None:
    run(place.back_up())
    _sign(place.folder, schema=SCHEMA + 1)
    with pytest.raises(BadBackup, match=f"version {SCHEMA + 1}"):
        run(place.restore())


# ── to a point ───────────────────────────────────────────────────────────────────────────────


def test_to_a_moment_nothing_recorded_later_is_there(place: Place, run: Run) -> None:
    tracker = place.tracker
    point, before = place.clock(), run(figures(place.tracker))
    place.clock.ms += 60_000
    late = run(vendors.register(tracker, ADMIN, MARKET, trader(50)))
    run(erasure.apply(tracker, "admin001", [vendor_code("CVT", 6)]))
    place.clock.next_day()
    run(publish(tracker, OPENED + 4))
    run(place.back_up())
    done = run(place.restore(point=Point(point)))
    assert done.left_out > 0
    assert done.erased_again == [vendor_code("CVT", 6)]
    assert run(differences(place.restored)) == []
    with pytest.raises(TrackerError):
        run(vendor_reading.get(place.restored, ADMIN, late.vendor.vendor))
    place.clock.ms = point
    after = run(figures(place.restored))
    assert after["cho-phuong-7"] == before["cho-phuong-7"]
    assert OPENED + 4 not in run(place.restored.publications.published_days(MARKET))
    place.clock.next_day()
    assert run(publish(place.restored, OPENED + 4)) == 2


def test_to_a_position_the_other_market_stays_whole(place: Place, run: Run) -> None:
    made = run(place.back_up())
    done = run(place.restore(point=point_of([f"{MARKET}:12"])))
    assert done.left_out == made.ledgers[MARKET].position - 12
    assert run(place.restored.reader.positions([MARKET, "cho-phuong-7"])) == [
        12,
        made.ledgers["cho-phuong-7"].position,
    ]
    assert run(differences(place.restored)) == []
    run(vendors.register(place.restored, ADMIN, MARKET, trader(90)))
    assert run(snapshots.publish_days(place.restored, [MARKET], [OPENED])) == 1


def test_a_market_that_was_not_founded_yet_is_not_there(place: Place, run: Run) -> None:
    run(place.back_up())
    done = run(place.restore(point=point_of(["sys:1"])))
    assert list(run(place.restored.reader.markets())) == [MARKET]
    assert done.markets == 1
    assert run(differences(place.restored)) == []


def test_a_set_that_was_replaced_since_is_lost_and_named_and_the_money_is_right(
    place: Place, run: Run
) -> None:
    tracker = place.tracker
    run(report(tracker, OPENED + 2, 3, 5))
    run(report(tracker, OPENED + 1, 3))
    point = place.clock()
    place.clock.ms += 60_000
    run(report(tracker, OPENED + 2, 3))
    run(report(tracker, OPENED, 3))
    run(place.back_up())
    done = run(place.restore(point=Point(point)))
    assert done.sets_lost == 1
    (named,) = run(differences(place.restored))
    assert "2023-05-04" in named
    assert "set of vendors" in named


def test_what_is_no_point_is_refused() -> None:
    assert point_of(["2026-11-20T10:00+07:00"]) == point_of(["2026-11-20T10:00"])
    assert point_of(["cho-a:7", "sys:9"]).positions == {"cho-a": 7, "sys": 9}
    for wrong in (["yesterday"], ["cho-a:x"], ["2026-11-20", "2026-11-21"]):
        with pytest.raises(TrackerError, match="no point"):
            point_of(wrong)


# ── the erased ───────────────────────────────────────────────────────────────────────────────


def test_whom_an_older_backup_still_knows_is_erased_again(place: Place, run: Run) -> None:
    erased = vendor_code("CVT", 2)
    run(place.back_up())
    newer = {erased: place.clock() + 1000, vendor_code("CVT", 999): place.clock()}
    done = run(place.restore(erased=newer))
    assert done.erased_again == [erased]
    assert run(vendor_reading.get(place.restored, ADMIN, erased)).name is None
    assert run(erasure.listed(place.restored)).keys() == newer.keys()
    assert run(differences(place.restored)) == []


def test_who_was_erased_before_the_backup_stays_erased_and_on_the_list(
    place: Place, run: Run
) -> None:
    erased = vendor_code("CVT", 2)
    run(erasure.apply(place.tracker, "admin001", [erased]))
    run(place.back_up())
    done = run(place.restore())
    assert done.erased_again == []
    assert run(vendor_reading.get(place.restored, ADMIN, erased)).name is None
    assert list(run(erasure.listed(place.restored))) == [erased]
    assert run(place.restored.reader.data_keys(MARKET, [2])) == [None]
    assert run(differences(place.restored)) == []


def test_what_a_stored_answer_says_of_the_erased_is_gone_too(place: Place, run: Run) -> None:
    erased, tracker = vendor_code("CVT", 2), place.tracker
    place.clock.ms = run(_server_ms(tracker))
    reply = (201, ((b"content-length", b"0"),), json.encode({"vendor": erased, "name": "Hoa"}))
    sealed = tracker.keyring.seal_answer(f"{MARKET}:k2".encode(), msgpack.encode((b"f", reply)))
    run(tracker.client.set(Space(MARKET).answers + "k2", sealed, px=50_000))
    run(place.back_up())
    run(place.restore(erased={erased: place.clock()}))
    found = run(place.other.get(Space(MARKET).answers + "k2"))
    opened = tracker.keyring.open_answer(f"{MARKET}:k2".encode(), found)
    assert erased.encode() in opened
    assert b"Hoa" not in opened
