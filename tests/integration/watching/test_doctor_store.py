"""What the doctor says of the store: faults are made in a server of its own where it is quick."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.integration.conftest import Run
from tracker.access.master_key import MasterKey, put_in_file
from tracker.bootstrap import open_tracker
from tracker.cli_doctor import examine
from tracker.services import doctor_store
from tracker.services.doctor import Finding
from tracker.settings import Settings
from tracker.store.client import connect
from tracker.store.embedded import EmbeddedServer
from tracker.store.keys import SCHEMA_VERSION
from tracker.store.server_state import ServerState, read_server


class Own:
    """A server that a test may spoil, and its settings."""

    def __init__(self, server: EmbeddedServer, run: Run) -> None:
        self.server = server
        self.run = run
        self.client: Any = connect(server.url())
        self.settings = Settings(data=server.data_dir)

    def put(self, name: str, value: object) -> None:
        self.run(self.client.config_set(name, value))

    def said(self) -> set[str]:
        """The doctor's codes about the store alone."""
        found = self.run(doctor_store.look(self.settings, self.client))
        return codes(found)

    def state(self) -> ServerState:
        return self.run(read_server(self.client))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    with EmbeddedServer(tmp_path_factory.mktemp("doctor") / "data") as server:
        yield server


@pytest.fixture
def own(server: EmbeddedServer, run: Run) -> Iterator[Own]:
    own = Own(server, run)
    run(own.client.flushall())
    yield own
    for name, value in (("maxmemory", 0), ("appendfsync", "always")):
        own.put(name, value)
    run(own.client.aclose())


def codes(findings: list[Finding]) -> set[str]:
    return {f"{finding.severity} {finding.code}" for finding in findings}


def test_a_store_in_order_says_nothing(own: Own) -> None:
    assert own.said() == set()


def test_a_store_that_could_lose_facts(own: Own) -> None:
    own.put("appendfsync", "everysec")
    assert own.said() == {"error STORE_VOLATILE"}
    own.settings = replace(own.settings, accept_volatile_store=True)
    assert own.said() == {"warning STORE_VOLATILE"}


def test_memory_that_is_full_or_nearly(own: Own) -> None:
    used = own.state().memory_used
    own.put("maxmemory", int(used * 1.15))
    assert own.said() == {"warning MEMORY_HIGH"}
    own.put("maxmemory", used // 2)
    assert own.said() == {"error MEMORY_FULL"}
    own.put("maxmemory", 1)  # as the guard of the disk does
    assert own.said() == {"error WRITES_REFUSED"}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"memory_max": 0, "memory_used": 7, "memory_system": 10}, "warning MEMORY_UNLIMITED"),
        ({"log_write_ok": False}, "error LOG_WRITE_FAILED"),
        ({"log_rewrite_ok": False}, "warning LOG_REWRITE_FAILED"),
        ({"log_bytes": 1 << 30, "log_base_bytes": 1 << 20}, "warning LOG_LONG"),
        ({"clock_ms": 10_000, "asked_ms": 0}, "warning CLOCK_SKEW"),
        ({"clock_ms": 0, "asked_ms": 100_000}, "error CLOCK_SKEW"),
        ({"connections": 90, "connections_max": 100}, "warning CONNECTIONS_HIGH"),
        ({"evicted": 1}, "error EVICTED"),
    ],
)
def test_what_a_server_cannot_quickly_be_brought_to(
    own: Own, changed: dict[str, Any], said: str
) -> None:
    state = own.state()
    assert doctor_store.of_server("", state) == []
    assert codes(doctor_store.of_server("", replace(state, **changed))) == {said}


def test_a_wrong_master_key_and_a_newer_store(own: Own) -> None:
    async def first_start() -> None:
        async with open_tracker(own.settings):
            pass

    own.run(first_start())
    assert not {"error KEY_WRONG", "error SCHEMA_NEWER"} & said_in_all(own)
    put_in_file(own.settings.data, [MasterKey(b"another key of thirty-two bytes.")])
    own.run(own.client.set(SCHEMA_VERSION, 999))
    assert {"error KEY_WRONG", "error SCHEMA_NEWER"} <= said_in_all(own)


def said_in_all(own: Own) -> set[str]:
    """The codes of all looks, on this server."""
    return codes(own.run(examine(own.settings)))


def test_a_store_that_does_not_run_is_said_with_its_last_words(tmp_path: Path, run: Run) -> None:
    with EmbeddedServer(tmp_path / "data"):
        pass
    settings = Settings(data=tmp_path / "data")
    (down,) = [one for one in run(examine(settings)) if one.code == "SERVICE_DOWN"]
    assert "bye bye" in down.says
    assert down.severity == "error"


def test_a_store_that_is_away_or_hangs_ends_the_looks_in_time(
    tmp_path: Path, nobody: str, hanging: str, run: Run
) -> None:
    for url in (nobody, f"{hanging}?socket_timeout=0.5"):
        began = time.monotonic()
        settings = Settings(data=tmp_path, store_url=url, queue_url=url)
        assert "error STORE_AWAY" in codes(run(examine(settings)))
        assert time.monotonic() - began < 5
