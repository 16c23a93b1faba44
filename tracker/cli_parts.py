"""What the modules of the command line share: flags, a store to work on, JSON out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tracker.domain.errors import NotFound
from tracker.settings import EXPLAINED, Settings, variable

if TYPE_CHECKING:
    from tracker.services.context import Tracker

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


def option(*names: str, **more: Any) -> Callable[[F], F]:
    """A flag that is a setting (`setting=`); what is not given comes from the environment."""
    setting = more.pop("setting")
    env = f"  [env: {variable(setting)}]"
    return click.option(*names, setting, default=None, help=EXPLAINED[setting] + env, **more)


def place(command: F) -> F:
    """The flags that every command takes: a script may give all commands the same ones."""
    command = option("--port", setting="port", type=click.IntRange(0, 65535))(command)
    command = option("--host", setting="host")(command)
    return option("--data", setting="data", type=click.Path(path_type=Path))(command)


def comma_list(_ctx: click.Context, _param: click.Parameter, value: str | None) -> tuple[str, ...]:
    """The words of a flag that takes several, separated by commas."""
    return tuple(part.strip() for part in (value or "").split(",") if part.strip())


def with_store(
    given: dict[str, Any],
    work_: Callable[[Tracker], Awaitable[T]],
    *,
    alone: bool = True,
    first: bool = False,
    older: bool = False,
) -> T:
    """Runs a use case on the store that runs on the data directory.

    Where none runs and `alone` is set, the store is started for the time of the command: keys can
    be made and a ledger verified while the service is down. Only with `first` may the data
    directory be new, and only with `older` the store of an older form (`tracker upgrade`).
    """
    import asyncio

    from tracker.bootstrap import open_tracker
    from tracker.processes import embedded_server
    from tracker.store.embedded import socket_of

    settings = Settings.read(**given)

    async def run() -> T:
        async with open_tracker(settings, older=older) as tracker:
            return await work_(tracker)

    if settings.store_url is not None or not alone or socket_of(settings.data) is not None:
        return asyncio.run(run())
    if not (first or settings.data.is_dir()):
        raise NotFound(f"There is no data directory {settings.data}. Give another one with --data.")
    with embedded_server(settings):
        return asyncio.run(run())


def show_json(value: Any) -> None:
    """Prints a value as JSON that people can read."""
    from msgspec import json

    click.echo(json.format(json.encode(value), indent=2).decode())
