"""Replacing the master key while the service runs.

The new key joins the old one in the key file; every process takes it over before it seals anything
(`Keyring`), so from then on nothing new is under the old key. What is, is wrapped anew by
compare-and-set, as often as it takes until a whole look finds nothing; then the old key leaves the
file. A stop at any moment loses nothing: both keys are in the file until the end, and the same
command goes on. Personal data themselves, and the look-up key, stay as they are.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final

from msgspec import Struct, msgpack
from msgspec.structs import replace

from tracker.access.master_key import (
    KEY_ID_BYTES,
    BadMasterKey,
    MasterKey,
    in_file,
    put_in_file,
)
from tracker.access.vault import REFRESH_S
from tracker.services.context import Tracker
from tracker.store.jobs import Job
from tracker.store.keys import SERVICE
from tracker.store.sealed import Change, fields_of

LOOKS_MAX: Final = 60
"""How often everything is looked at, a second apart, before the rest is left to another call."""

PAUSE_S: Final = 1.0


class Look(Struct):
    """What one look at everything found.

    Wrapped anew, changed by somebody meanwhile (so it is looked at again), and the ids of jobs at
    work that were asked for before the new key: their workers write the record that they read.
    """

    rewrapped: int = 0
    missed: int = 0
    at_work: list[str] = []

    @property
    def nothing(self) -> bool:
        """Whether there is nothing left to do."""
        return not (self.rewrapped or self.missed or self.at_work)


class Rotated(Struct, frozen=True):
    """What a rotation came to: the present key's id, how much was wrapped anew.

    Where it is not `finished` the old key stays, and `at_work` are the jobs that it waits for.
    """

    key: str
    rewrapped: int
    finished: bool
    at_work: list[str]


async def rotate(
    tracker: Tracker,
    *,
    from_environment: bool,
    wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Rotated:
    """Makes a new master key and wraps everything under it; goes on where it was stopped.

    `from_environment`: the keys stand in the environment of each process, newest first, where the
    operator has put the new one; then nothing is made or dropped here. Raises `BadMasterKey`.
    """
    data = tracker.settings.data
    if not from_environment:
        keys = in_file(data)
        if not keys:
            raise BadMasterKey(f"There is no key file in {data} to put a new master key into.")
        if len(keys) == 1:
            put_in_file(data, [MasterKey(tracker.random_bytes(32)), *keys])
    tracker.keyring.refresh()
    await wait(2 * REFRESH_S)  # whoever seals now has asked for the keys since
    begun, rewrapped, look = tracker.now(), 0, Look()
    for _ in range(LOOKS_MAX):
        look = await rewrap(tracker, begun)
        rewrapped += look.rewrapped
        if look.nothing:
            break
        await wait(PAUSE_S)
    if look.nothing and not from_environment:
        put_in_file(data, in_file(data)[:1])
    if look.nothing:
        await _rewrite_log(tracker)
    key = tracker.keyring.current_id.hex()
    return Rotated(key, rewrapped, look.nothing, look.at_work)


async def rewrap(tracker: Tracker, begun: int) -> Look:
    """Looks at everything that a master key seals, and wraps anew what is under an older one.

    `begun` is when the new key was the one that seals (ms).
    """
    look, keyring, sealed = Look(), tracker.keyring, tracker.sealed
    for space in (SERVICE, *await tracker.reader.markets()):
        async for found in sealed.data_keys(space):
            changes = fields_of(found, keyring.rewrapped)
            _count(look, changes, await sealed.put_data_keys(space, changes))
    changes = fields_of(await sealed.secrets(), keyring.rewrapped)
    _count(look, changes, await sealed.put_secrets(changes))
    async for answer in sealed.answers():
        other = keyring.resealed_answer(answer.context, answer.sealed)
        if other is not None:
            done = await sealed.put_answer(answer, other)
            look.rewrapped, look.missed = look.rewrapped + done, look.missed + (not done)
    async for id_, raw in sealed.job_records():
        await _rewrap_job(tracker, look, id_, raw, begun)
    return look


async def _rewrap_job(tracker: Tracker, look: Look, id_: str, raw: bytes, begun: int) -> None:
    job = msgpack.decode(raw, type=Job)
    wrapped = job.params.get("key")
    if not isinstance(wrapped, bytes):
        return
    other = tracker.keyring.rewrapped(wrapped, "uploads")
    if other is not None:
        changed = replace(job, params={**job.params, "key": other})
        done = await tracker.sealed.put_job(id_, raw, msgpack.encode(changed))
        look.rewrapped, look.missed = look.rewrapped + done, look.missed + (not done)
    if not job.ended and job.created <= begun:
        look.at_work.append(id_)


async def held(tracker: Tracker) -> dict[str, int]:
    """How many wrapped keys and sealed answers there are under each master key, by its id."""
    counts: Counter[bytes] = Counter()
    for space in (SERVICE, *await tracker.reader.markets()):
        async for found in tracker.sealed.data_keys(space):
            counts.update(raw[:KEY_ID_BYTES] for raw in found.values())
    counts.update(raw[:KEY_ID_BYTES] for raw in (await tracker.sealed.secrets()).values())
    async for answer in tracker.sealed.answers():
        counts[answer.sealed[:KEY_ID_BYTES]] += 1
    async for _, raw in tracker.sealed.job_records():
        wrapped = msgpack.decode(raw, type=Job).params.get("key")
        if isinstance(wrapped, bytes):
            counts[wrapped[:KEY_ID_BYTES]] += 1
    return {id_.hex(): count for id_, count in sorted(counts.items())}


def _count(look: Look, changes: list[Change], done: int) -> None:
    look.rewrapped += done
    look.missed += len(changes) - done


async def _rewrite_log(tracker: Tracker) -> None:
    """The log without what was wrapped under the old key; one that is at work holds it no more."""
    state = await tracker.erasures.log_state()
    if state.kept and not state.busy and not await tracker.erasures.rewrite_log():
        raise BadMasterKey(
            "Everything is under the new key, but the store refuses to write its log anew: the "
            "log still holds keys under the old one. Have it written anew by hand."
        )
