"""How long a store takes to be back after a kill: for `benchmarks.country`."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any, Final

from msgspec import Struct, structs

from benchmarks import common
from benchmarks.common import Result
from tracker.store.client import connect
from tracker.store.embedded import EmbeddedServer

WAIT_S_MAX: Final = 1_800.0
BAR_S: Final = 60.0
REWRITE_SHARE: Final = 0.25
"""The log is written anew once it has grown by so much (`tracker.store.binary`)."""


class Restart(Struct, frozen=True):
    """One restart: seconds, processor time of the server, bytes of its log."""

    seconds: float
    cpu_s: float
    log_bytes: int


def restart(store: EmbeddedServer) -> Restart:
    """Kills the server; its supervision starts it again."""
    pid, restarts = store.pid, store.restarts
    assert pid is not None
    log_bytes = _log_bytes(store.data_dir)
    began = time.perf_counter()
    os.kill(pid, signal.SIGKILL)
    assert store.wait_for("ready", timeout_s=WAIT_S_MAX, restarts=restarts + 1)
    return Restart(time.perf_counter() - began, common.cpu_s(store.pid), log_bytes)


def rewrite(store: EmbeddedServer) -> None:
    """Has the log written anew."""

    async def wait() -> None:
        client: Any = connect(store.url())
        await client.bgrewriteaof()
        while True:
            info = await client.info("persistence")
            if not (info["aof_rewrite_in_progress"] or info["aof_rewrite_scheduled"]):
                break
            await asyncio.sleep(0.1)
        await client.aclose()

    asyncio.run(wait())


def tell(result: Result, empty: Restart, store: EmbeddedServer, scale: float) -> None:
    """Kills the server twice: with the log as it is, and with it written anew.

    `scale` is how many times the store the country is; the log is then as long as it gets before
    it is written anew. The bar is held against processor time, for one thread loads; what a busy
    machine made of it is told too.
    """
    left = restart(store)
    rewrite(store)
    anew = restart(store)
    found = {"empty": empty, "as the load left it": left, "written anew": anew}
    for what, its in found.items():
        result.told(
            f"restart, log {what}: time · processor · size",
            f"{its.seconds:.2f} s · {its.cpu_s:.2f} s · {its.log_bytes / (1 << 20):.1f} MiB",
        )
    tail = REWRITE_SHARE * anew.log_bytes / left.log_bytes
    cpu = (anew.cpu_s - empty.cpu_s + tail * (left.cpu_s - empty.cpu_s)) * scale + empty.seconds
    wall = (anew.seconds - empty.seconds + tail * (left.seconds - empty.seconds)) * scale
    computed = "" if scale == 1.0 else "∼ "
    result.at_most(f"{computed}restart of the country on a core of its own", cpu, BAR_S)
    result.told(f"{computed}  and as this machine was", f"{wall + empty.seconds:.0f} s")
    result.figures["restart"] = {what: structs.asdict(its) for what, its in found.items()}
    result.figures["restart"] |= {"country_cpu_s": cpu, "country_s": wall + empty.seconds}


def _log_bytes(data: Path) -> int:
    return sum(file.stat().st_size for file in (data / "appendonlydir").iterdir())
