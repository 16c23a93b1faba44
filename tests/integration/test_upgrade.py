"""A store of another form is refused, an older one is brought forward from its ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.integration.conftest import Run
from tests.integration.registry import Clock, build, tracker_on
from tracker.bootstrap import open_tracker
from tracker.domain.errors import TrackerError
from tracker.services import audit
from tracker.services.schema import SchemaMismatch
from tracker.services.upgrade import upgrade
from tracker.settings import Settings
from tracker.store.keys import SCHEMA_VERSION, Space
from tracker.store.schema_version import SCHEMA, SchemaVersion, of_server

SPACE = Space("cho-vung-tau")


@pytest.fixture
def settings(store: Redis, store_url: str, tmp_path: Path) -> Settings:
    """Settings of an empty store."""
    return Settings(data=tmp_path, store_url=store_url, queue_url=store_url)


async def opening(settings: Settings, **more: Any) -> None:
    """What every process does at its start."""
    async with open_tracker(settings, **more):
        pass


async def made_before(store: Any) -> Any:
    """A store that a program without a number wrote, whose rows have a form of before."""
    clock = Clock()
    tracker = tracker_on(store, clock)
    await build(tracker, clock)
    await store.delete(SCHEMA_VERSION, SPACE.rows, SPACE.sets)
    await store.hset(SPACE.gone, "7", "Khu A")
    return tracker


def test_an_empty_store_gets_the_present_form(settings: Settings, store: Any, run: Run) -> None:
    run(opening(settings))
    assert run(store.get(SCHEMA_VERSION)) == str(SCHEMA).encode()
    run(opening(settings))


def test_a_store_with_facts_and_no_number_is_older_and_refused(
    settings: Settings, store: Any, store_url: str, run: Run
) -> None:
    run(made_before(store))
    assert run(SchemaVersion(store).read()).version == of_server(store_url).version == 1
    with pytest.raises(SchemaMismatch, match="tracker upgrade") as refused:
        run(opening(settings))
    assert refused.value.code == "SCHEMA_OLDER"
    run(opening(settings, older=True))


def test_an_upgrade_makes_the_views_anew_and_may_be_repeated(
    settings: Settings, store: Any, run: Run
) -> None:
    tracker = run(made_before(store))

    async def differences() -> list[str]:
        return [found.text() async for found in audit.verify(tracker)]

    assert run(differences()) != []
    ledger = run(store.xrange(SPACE.ledger))

    async def whole() -> list[str]:
        return [done.space async for done in upgrade(tracker)]

    assert len(run(whole())) == 3
    assert run(differences()) == []
    assert run(store.xrange(SPACE.ledger)) == ledger
    assert not run(store.exists(SPACE.gone))
    run(opening(settings))
    assert len(run(whole())) == 3


def test_a_damaged_ledger_is_not_taken_for_upgraded(
    settings: Settings, store: Any, run: Run
) -> None:
    tracker = run(made_before(store))
    run(store.xdel(SPACE.ledger, "0-5"))

    async def refused() -> list[str]:
        return [done.space async for done in upgrade(tracker) if done.refused]

    assert run(refused()) == ["cho-vung-tau"]
    with pytest.raises(SchemaMismatch):
        run(opening(settings))


@pytest.mark.parametrize(
    ("said", "code"), [(str(SCHEMA + 1), "SCHEMA_NEWER"), ("restoring", "RESTORE_UNFINISHED")]
)
def test_a_newer_store_and_one_half_restored_are_refused_by_all(
    settings: Settings, store: Any, run: Run, said: str, code: str
) -> None:
    run(store.set(SCHEMA_VERSION, said))
    for older in (False, True):
        with pytest.raises(TrackerError) as refused:
            run(opening(settings, older=older))
        assert refused.value.code == code
    assert run(store.dbsize()) == 1
