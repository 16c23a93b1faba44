"""The references of the HTTP benchmarks: Litestar handlers that do next to nothing.

    BENCH_STORE_URL=… python -m benchmarks.reference PORT

`/r0` sends a constant, `/r1` sends what one EVALSHA reads: the same bytes, which the benchmark
put into the store under `BODY`. Client, pool, server and collector are set up as the service does
it (`tracker.store.client`, `tracker.server`, `tracker.app`); there is no key, no log, no ETag.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops, RuntimeModes
from litestar import Litestar, MediaType, get
from litestar.datastructures import State

from benchmarks.common import LOCALHOST
from tracker import collector
from tracker.settings import Settings
from tracker.store.client import connect

BODY: Final = "{bench}:body"
STORE_URL: Final = "BENCH_STORE_URL"
READ: Final = "return redis.call('GET', KEYS[1])"


@get("/r0", media_type=MediaType.JSON)
async def constant(state: State) -> bytes:
    """The bytes, as they were at the start."""
    body: bytes = state.body
    return body


@get("/r1", media_type=MediaType.JSON)
async def read(state: State) -> bytes:
    """The bytes, read with one EVALSHA."""
    body: bytes = await state.store.evalsha(state.sha, 1, BODY)
    return body


def create() -> Litestar:
    """The application of the reference's server process."""

    @asynccontextmanager
    async def store(app: Litestar) -> AsyncIterator[None]:
        connections_max = Settings().store_connections_max
        client: Any = connect(os.environ[STORE_URL], max_connections=connections_max)
        app.state.update(
            {"store": client, "sha": await client.script_load(READ), "body": await client.get(BODY)}
        )
        yield
        await client.aclose()

    app = Litestar(
        [constant, read], lifespan=[store], openapi_config=None, logging_config=None, debug=False
    )
    collector.settle()
    return app


def serve(port: int) -> None:
    """Serves with the settings of `tracker.server.serve`."""
    Granian(
        "benchmarks.reference:create",
        factory=True,
        address=LOCALHOST,
        port=port,
        interface=Interfaces.ASGI,
        workers=1,
        runtime_mode=RuntimeModes.st,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        websockets=False,
        respawn_failed_workers=True,
        log_enabled=False,
    ).serve()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
