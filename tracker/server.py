"""The HTTP server around the application: granian, one event loop a process."""

from __future__ import annotations

import asyncio
import importlib
import multiprocessing
import os
from collections.abc import Callable
from typing import Final

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops, RuntimeModes

from tracker import collector
from tracker.bootstrap import open_tracker
from tracker.processes import told
from tracker.settings import Settings
from tracker.store import failures

APPLICATION: Final = "tracker.app"


def serve(settings: Settings, *, ready: Callable[[], None] = lambda: None) -> None:
    """Serves until SIGTERM or SIGINT; a server process that dies is started again.

    `ready` returns when there may be a store; until then the program is loaded. Raises what
    `open_tracker` raises, and `Unavailable` where the store refuses or is away: said here in one
    line, not by a server process that dies.
    """
    if multiprocessing.get_start_method() == "fork":  # its processes have what is loaded here
        with collector.loading():
            importlib.import_module(APPLICATION)
    ready()
    asyncio.run(_reach_store(settings))
    os.environ.update(told(settings, os.environ))  # the server's processes read their own
    Granian(
        f"{APPLICATION}:create",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=settings.processes,
        runtime_mode=RuntimeModes.st,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        websockets=False,
        respawn_failed_workers=True,
        log_enabled=settings.log_level == "debug",
    ).serve()


async def _reach_store(settings: Settings) -> None:
    try:
        async with open_tracker(settings):
            pass
    except Exception as error:
        refused = failures.refusal(error)
        if refused is None:
            raise
        raise refused from error
