"""What a replica lacks of what was acknowledged when its primary is killed: measured, by command.

    python -m tests.integration.cluster.replica_loss [rounds]

Writers send commits of one small fact as fast as answers come. After a second the primary is killed
(-9); then the replica, made a primary by hand, is asked what it has. Three ways: as it is by
default; with ``min-replicas-to-write 1``; and with ``WAIT 1`` before a write counts as answered.
In the last three the network between the two stands still for some seconds before the primary
dies, and what was on its way is gone.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from time import perf_counter
from typing import Any

import redis

from tests.integration.cluster.nodes import Node, until
from tracker.store.client import connect

WRITERS, SECONDS = 64, 1.0
ADD = "return redis.call('XADD', KEYS[1], '0-*', 'e', ARGV[1])"


class Link:
    """A connection from the replica to the primary that can stand still, and be cut."""

    def __init__(self, primary: Node) -> None:
        self._to = ("127.0.0.1", primary.port)
        self._flows, self._ends = Event(), list[socket.socket]()
        self._flows.set()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        Thread(target=self._accept, daemon=True).start()

    def stand_still(self) -> None:
        """Nothing that is sent arrives."""
        self._flows.clear()

    def cut(self) -> None:
        """Nothing that was sent will arrive."""
        for end in (*self._ends, self._server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._flows.set()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                ends = [self._server.accept()[0], socket.create_connection(self._to)]
                self._ends += ends
                for source, target in (ends, reversed(ends)):
                    Thread(target=self._copy, args=(source, target), daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while some := source.recv(65_536):
                self._flows.wait()
                target.sendall(some)
        target.close()


async def load(primary: Node, wait: bool, end: Any) -> tuple[int, float, float]:
    """Writes until the primary is gone: how many were acknowledged, in how many seconds, and for
    how many of them after the first.
    """
    known, last_s = 0, 0.0
    async with connect(f"redis://127.0.0.1:{primary.port}", max_connections=WRITERS) as client:

        async def write(n: int) -> None:
            nonlocal known, last_s
            key = f"{{m:{n}}}:ledger"
            while True:
                if wait:
                    pipeline: Any = client.pipeline(transaction=False)
                    pipeline.eval(ADD, 1, key, "x" * 100)
                    pipeline.wait(1, 1_000)
                    _, replicas = await pipeline.execute()
                    known += replicas
                else:
                    await client.eval(ADD, 1, key, "x" * 100)
                    known += 1
                last_s = perf_counter()

        began = perf_counter()
        writers = [asyncio.ensure_future(write(n)) for n in range(WRITERS)]
        await asyncio.sleep(SECONDS)
        await asyncio.to_thread(end)
        took = perf_counter() - began
        await asyncio.gather(*writers, return_exceptions=True)
    return known, took, last_s - began - SECONDS


def once(folder: Path, *, wait: bool = False, least: bool = False, held_s: float = 0) -> Any:
    """One primary, one replica, one death."""
    primary = Node(folder / "a")
    link = Link(primary)
    replica = Node(folder / "b", "--replicaof", f"127.0.0.1 {link.port}")
    until("linked", lambda: replica.info("replication").get("master_link_status") == "up")
    if least:
        primary.ask("CONFIG SET", "min-replicas-to-write", 1, "min-replicas-max-lag", 2)
        until("counted", lambda: primary.info("replication")["min_slaves_good_slaves"] == 1)

    def end() -> None:
        if held_s:
            link.stand_still()
            Event().wait(held_s)
            link.cut()
        primary.kill()

    known, took, went_on_s = asyncio.run(load(primary, wait, end))
    until("the link is down", lambda: replica.info("replication")["master_link_status"] == "down")
    replica.ask("REPLICAOF NO ONE")
    client: Any = redis.Redis(port=replica.port)
    there = sum(client.xlen(f"{{m:{n}}}:ledger") for n in range(WRITERS))
    primary.start()  # its own log has everything that was acknowledged
    kept = sum(primary.client.xlen(f"{{m:{n}}}:ledger") for n in range(WRITERS))
    replica.close()
    primary.close()
    return {
        "acknowledged": known,
        "a_second": round(known / took),
        "answered_for_s_after_the_link_stood": round(went_on_s, 1) if held_s else None,
        "replica_lacks": max(0, known - there),
        "primary_lacks_after_restart": max(0, known - kept),
    }


def main(rounds: int) -> None:
    """All ways, each so often."""
    ways: dict[str, dict[str, Any]] = {
        "default": {},
        "min-replicas-to-write 1": {"least": True},
        "WAIT 1": {"wait": True},
        "default, network stood still for 1 s": {"held_s": 1.0},
        "min-replicas-to-write 1, network stood still for 8 s": {"least": True, "held_s": 8.0},
        "WAIT 1, network stood still for 1 s": {"wait": True, "held_s": 1.0},
    }
    for name, way in ways.items():
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as folder:
                print(json.dumps({"way": name, **once(Path(folder), **way)}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
