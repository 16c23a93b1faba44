"""Can this process work, part by part; asked often, by balancers, and quick whatever hangs.

Parts of two kinds: without the **store** nothing can be answered. Without the **queue**, workers or
the schedule everything is answered and kept, and what they do comes later: a balancer that took
the service away for that would turn a delay into an outage, so they are told and do not count,
unless they are asked to (`strict`).
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from typing import Final

from msgspec import Struct

from tracker.services.context import Tracker
from tracker.store import durability, failures

ANSWER_S: Final = 2.0
"""What has not answered after so long is not ready; a balancer's own patience is a few seconds."""

TICK_LATE_S: Final = 120
"""A look at the clock takes seconds, and after a long outage a minute."""

OK: Final = "ok"


class Part(Struct, frozen=True):
    """What one part says of itself: `ok`, or why not with a code; `needed` to answer at all."""

    name: str
    said: str = OK
    code: str = ""
    needed: bool = False

    @property
    def ready(self) -> bool:
        """Whether the part works."""
        return not self.code


class Readiness:
    """Looks of this process at all parts: one at a time, for all who ask meanwhile."""

    def __init__(self, tracker: Tracker, *, answer_s: float = ANSWER_S) -> None:
        self._tracker = tracker
        self._answer_s = answer_s
        self._looking: asyncio.Task[list[Part]] | None = None
        self._asking: asyncio.Task[dict[str, int]] | None = None

    async def parts(self) -> list[Part]:
        """All parts, the needed ones first."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return await asyncio.shield(self._looking)

    async def _look(self) -> list[Part]:
        looks = (self._store, self._queue, self._schedule, self._disk)
        found = await asyncio.gather(*(self._within(look) for look in looks))
        parts = [part for some in found for part in some]
        return sorted(parts, key=lambda part: not part.needed)

    async def _within(self, look: Callable[[], Awaitable[list[Part]]]) -> list[Part]:
        """One look, cut off when its time is over; the parts it speaks for are not ready then."""
        name = look.__name__.removeprefix("_")
        needed = look == self._store
        try:
            async with asyncio.timeout(self._answer_s):
                return await look()
        except TimeoutError:
            said = f"It did not answer within {self._answer_s:g} seconds."
            return [Part(name, said, "STORE_SILENT", needed)]
        except Exception as error:
            away = failures.refusal(error)
            if away is None:
                raise
            return [Part(name, away.detail, away.code, needed)]

    async def _store(self) -> list[Part]:
        reasons = await durability.check(self._tracker.client)
        store = Part("store", needed=True)
        if not reasons:
            return [store, Part("durability", needed=True)]
        said = "; ".join(reasons)
        if self._tracker.settings.accept_volatile_store:
            return [store, Part("durability", f"volatile, accepted: {said}", needed=True)]
        return [store, Part("durability", said, "STORE_VOLATILE", needed=True)]

    async def _queue(self) -> list[Part]:
        if self._tracker.queue is None:
            return []
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._tracker.queue.workers())
            self._asking.add_done_callback(lambda task: task.cancelled() or task.exception())
        # A question that hangs keeps its thread; the next look waits for the same one.
        alive = await asyncio.shield(self._asking)
        gone = [name for name, count in alive.items() if not count]
        if not gone:
            return [Part("queue"), Part("workers")]
        said = f"No worker for: {', '.join(gone)}. Jobs wait."
        return [Part("queue"), Part("workers", said, "NO_WORKER")]

    async def _schedule(self) -> list[Part]:
        beat = await self._tracker.beats.last_tick()
        if beat is None:
            return [Part("schedule", "It has not run yet.", "SCHEDULE_LATE")]
        late_s = (self._tracker.now() - beat.at) // 1000
        if late_s > TICK_LATE_S:
            said = f"It looked at the clock {late_s} seconds ago. Days are not closed."
            return [Part("schedule", said, "SCHEDULE_LATE")]
        if not beat.whole:
            return [Part("schedule", "A part of it fails; its log says which.", "SCHEDULE_FAILS")]
        return [Part("schedule")]

    async def _disk(self) -> list[Part]:
        """Only where the store's files are ours: elsewhere nothing that matters is on this disk."""
        settings = self._tracker.settings
        if settings.store_url is not None or not settings.data.is_dir():
            return []
        free = (await asyncio.to_thread(shutil.disk_usage, settings.data)).free
        least = settings.store_free_bytes_min
        if free < least:
            said = f"{free >> 20} MiB are free, less than {least >> 20}: nothing is written."
            return [Part("disk", said, "DISK_LOW")]
        return [Part("disk")]
