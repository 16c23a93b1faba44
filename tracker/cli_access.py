"""`tracker keys …` and `tracker people …`: who may come in, and with what."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from tracker.access.keys import ROLES
from tracker.cli_parts import comma_list, place, show_json, with_store

if TYPE_CHECKING:
    from tracker.services.context import Tracker


@click.group()
def keys() -> None:
    """API keys: create, list, rotate, revoke. Output is JSON."""


@keys.command("create")
@place
@click.option(
    "--role",
    required=True,
    type=click.Choice(list(ROLES)),
)
@click.option("--name", required=True, help="who holds the key")
@click.option("--bins", callback=comma_list, help="the bank's BINs, separated by commas")
@click.option(
    "--markets", callback=comma_list, help="ids of markets; none = all (not for manager, field)"
)
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help="first day it is not valid")
def keys_create(
    role: Any,
    name: str,
    bins: tuple[str, ...],
    markets: tuple[str, ...],
    expires: datetime | None,
    **given: Any,
) -> None:
    """Make a key. Its secret is in the answer, once."""
    from tracker.commands import OFFICE
    from tracker.domain.days import day_number, start_of
    from tracker.services import keys as service

    until = None if expires is None else start_of(day_number(expires.date()))

    async def work(tracker: Tracker) -> None:
        show_json(
            await service.create(
                tracker, OFFICE.id, name=name, role=role, bins=bins, markets=markets, expires=until
            )
        )

    with_store(given, work, first=True)


@keys.command("list")
@place
def keys_list(**given: Any) -> None:
    """All keys without their secrets, one JSON array."""
    from tracker.services import keys as service

    async def work(tracker: Tracker) -> None:
        show_json(await service.listed(tracker))

    with_store(given, work)


@keys.command("revoke")
@place
@click.argument("key")
def keys_revoke(key: str, **given: Any) -> None:
    """End a key by its id."""
    from tracker.commands import OFFICE
    from tracker.services import keys as service

    async def work(tracker: Tracker) -> None:
        show_json(await service.revoke(tracker, OFFICE.id, key))

    with_store(given, work)


@keys.command("rotate")
@place
@click.argument("key")
@click.option(
    "--overlap-hours",
    type=click.IntRange(0, 720),
    default=24,
    show_default=True,
    help="how long the present secret opens beside the new one; 0 for one that leaked",
)
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help="first day it is not valid")
def rotate(key: str, overlap_hours: int, expires: datetime | None, **given: Any) -> None:
    """Give a key another secret. It is in the answer, once; the key's id stays."""
    from tracker.commands import OFFICE
    from tracker.domain.days import day_number, start_of
    from tracker.services import keys as service

    until = None if expires is None else start_of(day_number(expires.date()))

    async def work(tracker: Tracker) -> None:
        show_json(
            await service.rotate(tracker, OFFICE, key, overlap_hours=overlap_hours, expires=until)
        )

    with_store(given, work)


@click.group()
def people() -> None:
    """People who sign in on the web: add, list, invite, disable. Output is JSON."""


@people.command("add")
@place
@click.option("--name", required=True, help="the person's name")
@click.option("--login", required=True, help="e-mail address or phone number")
@click.option("--role", required=True, type=click.Choice(list(ROLES)))
@click.option("--bins", callback=comma_list, help="a bank's BINs, separated by commas")
@click.option(
    "--markets", callback=comma_list, help="ids of markets; none = all (not for manager, field)"
)
def people_add(
    name: str,
    login: str,
    role: Any,
    bins: tuple[str, ...],
    markets: tuple[str, ...],
    **given: Any,
) -> None:
    """Add a person and make the one-time link with which they choose a password."""
    from tracker.commands import OFFICE
    from tracker.services import invitations
    from tracker.services import people as service
    from tracker.services.people import NewPerson

    async def work(tracker: Tracker) -> None:
        new = NewPerson(name, login, role, bins, markets)
        person, made = await service.add(tracker, OFFICE, new)
        if not made:
            show_json({"person": person})
            return
        invitation = await invitations.invite(tracker, OFFICE, person.id)
        show_json({"person": person, "invitation": invitation})

    with_store(given, work, first=True)


@people.command("list")
@place
def people_list(**given: Any) -> None:
    """All people, one JSON array."""
    from tracker.commands import OFFICE
    from tracker.services import people as service

    async def work(tracker: Tracker) -> None:
        show_json(await service.listed(tracker, OFFICE))

    with_store(given, work)


@people.command("invite")
@place
@click.argument("person")
def people_invite(person: str, **given: Any) -> None:
    """Make a new one-time link for a person (id), also for who forgot the password."""
    from tracker.commands import OFFICE
    from tracker.services import invitations

    async def work(tracker: Tracker) -> None:
        show_json(await invitations.invite(tracker, OFFICE, person))

    with_store(given, work)


@people.command("disable")
@place
@click.argument("person")
def people_disable(person: str, **given: Any) -> None:
    """Sign a person (id) out everywhere, for good; what they stated stays theirs."""
    from tracker.commands import OFFICE
    from tracker.services import people as service
    from tracker.services.people import PersonChange

    async def work(tracker: Tracker) -> None:
        gone = PersonChange(active=False)
        show_json(await service.change(tracker, OFFICE, person, gone, lambda _: None))

    with_store(given, work)
