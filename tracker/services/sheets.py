"""Sheets of many stickers: order one, have it drawn by a worker, fetch the PDF.

A job draws first, records the prints then, keeps the PDF last. So no PDF can be fetched whose
prints are not in the ledger, and prints of a PDF that nobody can fetch stand only for the moment
between the two last steps: nothing there can fail but store or worker, and the run that comes
after draws the sheet again with the very numbers that were recorded. A drawing that fails has
recorded nothing. Where others printed the same code meanwhile, the numbers on the drawing are
wrong: ours are recorded by then, and the sheet is drawn once more, with those.

What stays: a job that is given up after five dead attempts, the last of them between the two
steps, leaves prints without a PDF. A sheet of `printed: before` prints them anew.

The PDF is sealed under a key of its job and kept for a day. Two runs at once keep whole files,
the later in place of the earlier.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from tracker.access.keys import Principal
from tracker.access.roles import Permission, hidden, require
from tracker.access.vault import UploadCipher
from tracker.domain.days import DAY_MS, moment_text
from tracker.domain.errors import Conflict, NotFound
from tracker.services import room
from tracker.services.context import ATTEMPTS_MAX, Tracker, busy, reused
from tracker.services.job_ids import new_job, speaking
from tracker.services.sheet_codes import Chosen, Order, Printed, Reason, choose, record, select
from tracker.services.vendors import require_bin
from tracker.stickers.proof import ProofFailed
from tracker.stickers.sheet import Layout, check_layout, sheet
from tracker.store.jobs import FILE_CHUNK_BYTES, Job, KnownKey

KEPT_MS = DAY_MS
"""How long a PDF can be fetched: it holds names and accounts, and can be drawn again."""

PROGRESS_S = 0.5
"""Between two notes of the progress in the job's record."""

FAILED_MAX = 20
"""Codes that fail their proof and are left out. More are no fault of a code but of the drawing."""


async def accept(
    tracker: Tracker,
    principal: Principal,
    *,
    market: str,
    vendors: list[str] | None = None,
    zone: str | None = None,
    printed: Printed = "never",
    bin_: str | None = None,
    columns: int = 2,
    rows: int = 2,
    key: str | None = None,
) -> Job:
    """Fixes which codes are to be printed, `columns` × `rows` a page, and asks the workers for it.

    A bank prints codes at its BINs only. The same `key` with the same order is the same job,
    though all is printed by now. Raises `Invalid` as `sheet_codes.select` and for a layout that
    does not fit on A4; `KeyReused`.
    """
    require(principal, Permission.SHEETS_WRITE, market)
    if bin_ is not None:
        require_bin(principal, bin_)
    check_layout(Layout(columns, rows))
    listed = ["all"] if vendors is None else ["these", *vendors]
    ordered = [market, zone or "", printed, bin_ or "", str(columns), str(rows), *listed]
    fingerprint = tracker.keyring.lookup("sheet", *ordered)
    known = None if key is None else await tracker.jobs.known(key)
    before = None if known is None else await _before(tracker, known, fingerprint)
    if before is not None:
        return before
    await room.for_job(tracker, principal)
    place = await tracker.market(market)
    order = Order(market=market, vendors=vendors, zone=zone, printed=printed, bin=bin_)
    codes = await select(tracker, principal, place, order)
    job = new_job(tracker, "sheets", principal.id, {})
    _, wrapped = UploadCipher.create(tracker.keyring, job.id)
    params = {
        "market": market,
        "printed": printed,
        "codes": codes,
        "columns": columns,
        "rows": rows,
        "key": wrapped,
        **speaking(principal),
    }
    job = replace(job, params=params, total=len(codes))
    known = await tracker.jobs.create(job, key, fingerprint)
    if known.job == job.id:
        await tracker.dispatch(job.id)
        return job
    return await _before(tracker, known, fingerprint) or job


async def _before(tracker: Tracker, known: KnownKey, fingerprint: bytes) -> Job | None:
    """The job that the same order under the same key began."""
    if known.fingerprint != fingerprint:
        raise reused()
    return await tracker.jobs.get(known.job)


# ── the job ──────────────────────────────────────────────────────────────────────────────────


async def run(tracker: Tracker, job: Job) -> dict[str, Any]:
    """The job itself; safe to run twice and at once."""
    place = await tracker.market(job.params["market"])
    failed: dict[str, Reason] = {}
    for _ in range(ATTEMPTS_MAX):
        chosen, left_out = await choose(tracker, job, place)
        drawing = _Drawing(tracker, job, failed)
        data, drawn = await drawing.draw(chosen)
        if not await record(tracker, job, place, drawn):
            continue
        if drawn:
            await _keep(tracker, job, data)
        reasons = sorted({**left_out, **failed}.items())
        return {
            "stickers": len(drawn),
            "left_out": [{"code": code, "reason": reason} for code, reason in reasons],
            "sheet": f"/v1/sheets/{job.id}" if drawn else None,
            "kept_until": moment_text(tracker.now() + KEPT_MS) if drawn else None,
        }
    raise busy()


class _Drawing:
    """Draws in a thread, notes the progress, and leaves out what fails its proof."""

    def __init__(self, tracker: Tracker, job: Job, failed: dict[str, Reason]) -> None:
        self._tracker = tracker
        self._job = job
        self._failed = failed
        self._reached = job.done

    async def draw(self, chosen: Sequence[Chosen]) -> tuple[bytes, list[Chosen]]:
        """The PDF and what is on it; empty where nothing is left.

        Raises `ProofFailed` where `FAILED_MAX` are not enough.
        """
        while rest := [one for one in chosen if one.sticker.code not in self._failed]:
            try:
                return await self._attempt(rest), rest
            except ProofFailed as error:
                known = {one.sticker.code for one in rest}
                if error.id not in known or len(self._failed) >= FAILED_MAX:
                    raise
                self._failed[error.id] = "PROOF_FAILED"
        return b"", []

    async def _attempt(self, chosen: Sequence[Chosen]) -> bytes:
        layout = Layout(self._job.params["columns"], self._job.params["rows"])
        stickers = [one.sticker for one in chosen]
        drawing = asyncio.create_task(asyncio.to_thread(sheet, stickers, layout, self._told))
        try:
            while not (await asyncio.wait({drawing}, timeout=PROGRESS_S))[0]:
                if self._reached > self._job.done:
                    self._job = replace(self._job, done=self._reached, state="running")
                    await self._tracker.jobs.save(self._job)
            return await drawing
        finally:
            drawing.cancel()

    def _told(self, done: int, _total: int) -> None:
        """Takes the progress, in the thread; it never falls, though a sheet be drawn again."""
        self._reached = max(self._reached, done)


async def _keep(tracker: Tracker, job: Job, data: bytes) -> None:
    cipher = UploadCipher.resume(tracker.keyring, job.id, job.params["key"])
    file = io.BytesIO(data)
    sealed = cipher.seal_all(iter(lambda: file.read(FILE_CHUNK_BYTES), b""))
    await tracker.jobs.put_file(job.id, list(sealed), kept_ms=KEPT_MS)


# ── reading ──────────────────────────────────────────────────────────────────────────────────


async def pdf(tracker: Tracker, principal: Principal, id_: str) -> bytes:
    """The PDF of a sheet that the principal ordered; an admin may fetch all in scope.

    Raises `Conflict` `SHEET_NOT_READY` while it is drawn; `NotFound`, with the code `SHEET_GONE`
    for those who may know that there was one.
    """
    require(principal, Permission.SHEETS_READ)
    job = await tracker.jobs.get(id_)
    if (
        job is None
        or job.kind != "sheets"
        or (job.by != principal.id and principal.role != "admin")
        or not principal.may_market(job.params["market"])
    ):
        raise hidden()
    sealed = await tracker.jobs.file(id_)
    if sealed:
        cipher = UploadCipher.resume(tracker.keyring, id_, job.params["key"])
        return b"".join(cipher.open_all(sealed))
    if not job.ended:
        raise Conflict(
            f"The sheet is being drawn. Ask /v1/jobs/{id_} until it is done.",
            code="SHEET_NOT_READY",
        )
    raise NotFound(
        "The sheet is gone: a PDF is kept for a day, and one that failed has none. Order it again.",
        code="SHEET_GONE",
    )
