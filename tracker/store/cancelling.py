"""Work that is cancelled, where redis-py may keep that to itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress


def heed_cancelling() -> None:
    """Ends a task that was cancelled in vain.

    On Python 3.11 `asyncio.wait_for`, in which redis-py sends, swallows a cancellation that comes
    as it succeeds; the request for it stays.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


@asynccontextmanager
async def repeated(step: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Takes a step again and again while it is open."""

    async def forever() -> None:
        while True:
            await step()
            heed_cancelling()

    task = asyncio.create_task(forever())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
