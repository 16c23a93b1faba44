"""An office that has stickers printed, and what is read on its sheets."""

from __future__ import annotations

import io
from typing import Any

import pypdfium2 as pdfium
import zxingcpp
from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE
from redis.asyncio import Redis

from tests.integration.conftest import Run
from tests.integration.registry import ADMIN, BIDV, OPENED, VCB, Clock, tracker_on
from tracker.access.keys import Principal
from tracker.services import codes, markets, sheets, vendors
from tracker.services.context import Tracker
from tracker.services.markets import NewMarket
from tracker.services.vendors import NewAccount, NewVendor
from tracker.store.commit import Committer
from tracker.store.jobs import Job, finished

MARKET, PREFIX, OTHER = "cho-vung-tau", "CVT", "cho-phuong-7"
BANK = Principal("bank0001", "a bank", "bank", bins=frozenset({BIDV}))
MANAGER = Principal("mana0001", "an office", "manager", markets=frozenset({MARKET}))
NAME = "Nguyễn Thị Hồng Gấm"
STALLS = {1: "A10", 2: "A2", 3: "A1", 4: "B1", 5: "B2", 6: "B03"}
"""The stall of each trader; odd ones are at VCB, even ones at BIDV; from 4 on in zone B."""
EVERYBODY = ["A1", "A2", "A10", "B1", "B2", "B03"]
"""The stalls as one walks by."""


class Office:
    """A market with six traders, who have a code each, and what is done with sheets there."""

    def __init__(self, run: Run, store: Redis, clock: Clock) -> None:
        self.run = run
        self.store: Any = store
        self.clock = clock
        self.tracker = tracker_on(store, clock)
        run(self._open())

    async def _open(self) -> None:
        for market, prefix in ((MARKET, PREFIX), (OTHER, "CP7")):
            new = NewMarket(market, "Chợ Vũng Tàu", prefix, None, OPENED)
            await markets.create(self.tracker, ADMIN, new)
        for n, stall in STALLS.items():
            account = NewAccount(VCB if n % 2 else BIDV, f"00710009{n:05d}")
            zone = "Khu A" if n < 4 else "Khu B"
            trader = NewVendor(stall=stall, name=NAME, zone=zone, account=account, issue_code=True)
            await vendors.register(self.tracker, ADMIN, MARKET, trader)

    def another(self, committer: Committer | None = None) -> Tracker:
        """A tracker of another process."""
        tracker = tracker_on(self.store, self.clock)
        tracker.committer = committer or tracker.committer
        return tracker

    def order(self, by: Principal = ADMIN, **order: Any) -> Job:
        """Orders a sheet; the job waits."""
        return self.run(sheets.accept(self.tracker, by, **{"market": MARKET, **order}))

    def work(self, job: Job, tracker: Tracker | None = None) -> dict[str, Any]:
        """Runs a job to its end."""
        result = self.run(sheets.run(tracker or self.tracker, job))
        self.run(self.tracker.jobs.save(finished(job, result)))
        return result

    def pdf(self, job: Job, by: Principal = ADMIN) -> bytes:
        """Fetches the sheet."""
        return self.run(sheets.pdf(self.tracker, by, job.id))

    def printed(self, **order: Any) -> list[str]:
        """Orders and draws a sheet; the stalls on it, in its order."""
        job = self.order(**order)
        self.work(job)
        return [self.stalls()[text] for text in symbols(self.pdf(job))]

    def code(self, n: int) -> str:
        """The id of a trader's code."""
        return self.run(self._code(n))

    async def _code(self, n: int) -> str:
        holder = (await self.tracker.reader.holders(MARKET, [f"s:{STALLS[n]}"]))[0]
        return (await self.tracker.reader.history(MARKET, PREFIX, int(holder or 0))).code_id(1)

    def stalls(self) -> dict[str, str]:
        """The stall of each payload."""
        return {
            self.run(codes.get(self.tracker, ADMIN, self.code(n))).payload or "": stall
            for n, stall in STALLS.items()
        }

    def prints(self) -> list[int]:
        """How often each trader's code was printed, as the ledger says."""
        return [self.run(codes.get(self.tracker, ADMIN, self.code(n))).prints or 0 for n in STALLS]


def symbols(pdf: bytes) -> list[str]:
    """What the symbols of a sheet say, in the order of the sheet."""
    document = pdfium.PdfDocument(pdf)
    found = []
    for page in document:
        for image in page.get_objects(filter=[FPDF_PAGEOBJ_IMAGE]):
            read = zxingcpp.read_barcode(image.get_bitmap().to_pil())
            assert read is not None
            found.append(read.text)
    document.close()
    return found


def words(pdf: bytes) -> str:
    """The text of a sheet."""
    document = pdfium.PdfDocument(io.BytesIO(pdf))
    text = "".join(page.get_textpage().get_text_range() for page in document)
    document.close()
    return text
