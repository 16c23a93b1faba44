"""A file on its way to the worker: taken whole, kept sealed under a key of its job."""

from __future__ import annotations

import hashlib
import io
from collections.abc import AsyncIterator
from typing import Any, Final

from msgspec.structs import replace

from tracker.access.keys import Principal
from tracker.access.vault import UploadCipher
from tracker.domain.errors import TooLarge
from tracker.services import room
from tracker.services.context import Tracker, reused
from tracker.services.job_ids import new_job, speaking
from tracker.store.jobs import FILE_CHUNK_BYTES, Job, JobProblem

LIGHT_ROWS_MAX: Final = 2_000
LIGHT_BYTES_MAX: Final = 1 << 20
"""A file up to both is imported by the worker in its own process: it takes less time than a fork
and a few MB, where a large one's memory is to be given back."""


async def receive(tracker: Tracker, chunks: AsyncIterator[bytes]) -> io.BytesIO:
    """The whole file.

    Raises `TooLarge` beyond the limit of the settings, `Unavailable` `UPLOADS_BUSY` where the
    process holds too many large ones.
    """
    largest = tracker.settings.upload_bytes_max
    file = tracker.uploads.new()
    async for chunk in chunks:
        tracker.uploads.write(file, chunk, largest)
        if file.tell() > largest:
            size = largest // (1024 * 1024)
            raise TooLarge(
                f"Files up to {size} MiB are taken. Split the file.", code="FILE_TOO_LARGE"
            )
    return file


async def take(
    tracker: Tracker,
    principal: Principal,
    file: io.BytesIO,
    params: dict[str, Any],
    *,
    rows: int,
    said: tuple[str, ...] = (),
    key: str | None = None,
    failed: JobProblem | None = None,
) -> Job:
    """Keeps the file for a new job with these params and has it dispatched.

    A job that `failed` before it began keeps its file too, and is not.

    The same `key` with the same file, of which the same was `said`, is the same job; raises
    `KeyReused` where it was another, `TooMany` where too many jobs wait already.
    """
    if key is None or await tracker.jobs.known(key) is None:
        await room.for_job(tracker, principal)
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    fingerprint = tracker.keyring.lookup("import", *said, digest)
    job = new_job(tracker, "import", principal.id, {})
    cipher, wrapped = UploadCipher.create(tracker.keyring, job.id)
    parts = iter(lambda: file.read(FILE_CHUNK_BYTES), b"")
    for number, sealed in enumerate(cipher.seal_all(parts)):
        await tracker.jobs.put_chunk(job.id, number, sealed)
    whole = {**params, "key": wrapped, **speaking(principal)}
    job = replace(job, params=whole, total=rows)
    known = await tracker.jobs.create(job, key, fingerprint)
    if known.job == job.id:
        if failed is None:
            light = rows <= LIGHT_ROWS_MAX and file.tell() <= LIGHT_BYTES_MAX
            await tracker.dispatch(job.id, light=light)
        else:
            job = replace(job, state="failed", problem=failed)
            await tracker.jobs.save(job)
        return job
    await tracker.jobs.drop_file(job.id)
    if known.fingerprint != fingerprint:
        raise reused()
    return await tracker.jobs.get(known.job) or job


async def opened(tracker: Tracker, job: Job) -> io.BytesIO:
    """The file of a job."""
    cipher = UploadCipher.resume(tracker.keyring, job.id, job.params["key"])
    file = io.BytesIO()
    number, pending = 0, b""
    async for sealed in tracker.jobs.chunks(job.id):  # one at a time: the file is held once
        if pending:
            file.write(cipher.open(number, pending, last=False))
            number += 1
        pending = sealed
    file.write(cipher.open(number, pending, last=True))
    return file
