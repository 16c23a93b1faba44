"""The references of the HTTP benchmarks: Litestar handlers that do next to nothing.

    BENCH_STORE_URL=… python -m benchmarks.reference PORT

`/r0` sends a constant, `/r1` sends what one EVALSHA reads: the same bytes, which the benchmark
put into the store under `BODY`. `/w1` takes a body and writes it under a new key with one EVALSHA.
`/r1l` and `/w1l` are the same after one more EVALSHA, the service's own, that counts the request in
its key's window (`tracker.store.doorkeeper`). Client, pool, server and collector are set up as the
service does it (`tracker.store.client`, `tracker.server`, `tracker.app`); there is no key, no log,
no ETag.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops, RuntimeModes
from litestar import Litestar, MediaType, Request, get, post
from litestar.datastructures import State

from benchmarks.common import LOCALHOST
from tracker import collector
from tracker.settings import REQUESTS_PER_MIN_MAX, Settings
from tracker.store.client import connect
from tracker.store.doorkeeper import SCRIPT, WINDOW_US
from tracker.store.keys import SERVICE, Space, window

BODY: Final = "{bench}:body"
STORE_URL: Final = "BENCH_STORE_URL"
READ: Final = "return redis.call('GET', KEYS[1])"
WRITE: Final = "return redis.call('SET', KEYS[1], ARGV[1])"
WRITTEN: Final = "{bench}:written"
SUBJECT: Final = "bench:reference"
DOCUMENT: Final = b"\xdd\x00\x00\x00\x00" + b"k" * 120
"""As long as the document of a key."""


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


@get("/r1l", media_type=MediaType.JSON)
async def read_counted(state: State) -> bytes:
    """As `/r1`, counted."""
    await _count(state)
    body: bytes = await state.store.evalsha(state.sha, 1, BODY)
    return body


@post("/w1", media_type=MediaType.JSON)
async def write(request: Request[Any, Any, Any], state: State) -> bytes:
    """The bytes; the body is written under one key."""
    return await _write(state, await request.body())


@post("/w1l", media_type=MediaType.JSON)
async def write_counted(request: Request[Any, Any, Any], state: State) -> bytes:
    """As `/w1`, counted."""
    await _count(state)
    return await _write(state, await request.body())


async def _count(state: State) -> None:
    document = Space(SERVICE).docs
    passes, *_ = await state.store.evalsha(
        *(state.count, 2, document, window(SUBJECT)),
        *(SUBJECT, DOCUMENT, REQUESTS_PER_MIN_MAX, WINDOW_US),
    )
    assert passes == 1


async def _write(state: State, body: bytes) -> bytes:
    state.written += 1
    await state.store.evalsha(state.write, 1, f"{WRITTEN}:{state.written}", body)
    answer: bytes = state.body
    return answer


def create() -> Litestar:
    """The application of the reference's server process."""

    @asynccontextmanager
    async def store(app: Litestar) -> AsyncIterator[None]:
        connections_max = Settings().store_connections_max
        client: Any = connect(os.environ[STORE_URL], max_connections=connections_max)
        await client.hset(Space(SERVICE).docs, SUBJECT, DOCUMENT)
        app.state.update(
            {
                "store": client,
                "sha": await client.script_load(READ),
                "write": await client.script_load(WRITE),
                "count": await client.script_load(SCRIPT),
                "body": await client.get(BODY),
                "written": 0,
            }
        )
        yield
        await client.aclose()

    app = Litestar(
        [constant, read, read_counted, write, write_counted],
        lifespan=[store],
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
    collector.settle()
    return app


def serve(port: int, application: str = "benchmarks.reference:create") -> None:
    """Serves with the settings of `tracker.server.serve`."""
    Granian(
        application,
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
