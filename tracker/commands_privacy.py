"""What the commands about personal data print: the master key, the list of the erased."""

from __future__ import annotations

from os import environ
from typing import IO, Any

from msgspec import DecodeError, json

from tracker.access.master_key import MASTER_KEY_ENV
from tracker.domain.days import moment_text
from tracker.domain.errors import Invalid
from tracker.services import erasure, rotation
from tracker.services.context import Tracker


async def rotate_master(tracker: Tracker) -> tuple[dict[str, Any], bool]:
    """What became of a rotation, and whether it is finished."""
    from_environment = bool(environ.get(MASTER_KEY_ENV, "").strip())
    done = await rotation.rotate(tracker, from_environment=from_environment)
    told: dict[str, Any] = {
        "master_key": done.key,
        "rewrapped": done.rewrapped,
        "finished": done.finished,
    }
    if not done.finished:
        told["waits_for_jobs"] = done.at_work
        told["next"] = "Nothing is lost; run the same command again when these jobs have ended."
    elif from_environment:
        told["next"] = (
            f"Nothing is under an older key. Take the older ones out of {MASTER_KEY_ENV}; keep "
            "them with the backups that they opened."
        )
    else:
        told["next"] = (
            "The older key has left the key file. Keep a copy of the new one in a safe place, and "
            "of the older one for as long as there are backups from before."
        )
    return told, done.finished


async def erased_list(tracker: Tracker) -> list[dict[str, str]]:
    """The vendors who were forgotten; nothing personal."""
    known = await erasure.listed(tracker)
    return [{"vendor": vendor, "erased_at": moment_text(at)} for vendor, at in known.items()]


async def erased_apply(tracker: Tracker, by: str, file: IO[bytes]) -> dict[str, list[str]]:
    """Forgets again whom such a list names; raises `Invalid` where it is none."""
    try:
        rows = json.decode(file.read(), type=list[dict[str, str]])
        vendors = [row["vendor"] for row in rows]
    except (DecodeError, KeyError):
        raise Invalid(
            "This is not a list of the erased. Give the output of `tracker erased list`.",
            code="BAD_FILE",
        ) from None
    return (await erasure.apply(tracker, by, vendors))._asdict()
