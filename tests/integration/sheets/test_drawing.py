"""Proof, progress, and how the PDF is kept."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.registry import ADMIN
from tests.integration.sheets.office import (
    BANK,
    NAME,
    STALLS,
    Office,
    symbols,
    words,
)
from tracker.domain.days import DAY_MS
from tracker.domain.errors import NotFound
from tracker.services import sheets
from tracker.stickers.proof import ProofFailed
from tracker.stickers.sheet import sheet as draw
from tracker.store.jobs import Job


def failing(monkeypatch: pytest.MonkeyPatch, *bad: str) -> None:
    """Drawings of these codes do not read back."""

    def drawing(stickers: Any, *more: Any) -> bytes:
        for one in stickers:
            if one.code in bad:
                raise ProofFailed(one.code, "blurred")
        return draw(stickers, *more)

    monkeypatch.setattr(sheets, "sheet", drawing)


def test_codes_that_fail_their_proof_are_left_out(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = sorted(office.code(n) for n in (3, 5))
    failing(monkeypatch, *bad)
    job = office.order()
    result = office.work(job)
    assert result["left_out"] == [{"code": code, "reason": "PROOF_FAILED"} for code in bad]
    assert result["stickers"] == len(symbols(office.pdf(job))) == 4
    assert office.prints() == [1, 1, 0, 1, 0, 1]


def test_a_drawing_that_fails_throughout_records_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "FAILED_MAX", 3)
    failing(monkeypatch, *(office.code(n) for n in STALLS))
    job = office.order()
    with pytest.raises(ProofFailed):
        office.work(job)
    assert office.prints() == [0] * 6


def test_progress_is_noted_and_never_falls(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "PROGRESS_S", 0.001)
    noted: list[int] = []
    save = office.tracker.jobs.save

    async def saving(changed: Job) -> None:
        noted.append(changed.done)
        await save(changed)

    office.tracker.jobs.save = saving  # type: ignore[method-assign]
    job = office.order(columns=1, rows=1)
    office.run(sheets.run(office.tracker, job))
    assert noted
    assert noted == sorted(set(noted))
    assert noted[-1] <= 6


def test_the_pdf_is_sealed_and_kept_for_a_day(office: Office) -> None:
    job = office.order()
    office.work(job)
    pdf = office.pdf(job)
    name = f"{{jobs}}:{job.id}:file"
    values = list(office.run(office.store.hgetall(name)).values())
    assert sum(len(value) for value in values) == len(pdf) + 28 * len(values)
    assert not any(b"%PDF" in value or pdf[1000:1020] in value for value in values)
    assert DAY_MS - 60_000 < office.run(office.store.pttl(name)) <= DAY_MS
    record = office.run(office.store.get(f"{{jobs}}:{job.id}"))
    for personal in (NAME, "NGUYEN THI", "00710009"):
        assert personal.encode() not in record
    office.run(office.store.delete(name))
    with pytest.raises(NotFound) as gone:
        office.pdf(job)
    assert gone.value.code == "SHEET_GONE"
    with pytest.raises(NotFound) as never:
        office.run(sheets.pdf(office.tracker, ADMIN, "pabcdefghijklmnop"))
    assert never.value.code == "NOT_FOUND"


def test_a_bank_gets_the_holder_in_place_of_a_name_that_it_did_not_register(
    office: Office,
) -> None:
    job = office.order(BANK)
    office.work(job)
    text = words(office.pdf(job, BANK))
    assert "NGUYEN THI HONG GAM" in text
    assert NAME not in text
    whole = office.order()
    office.work(whole)
    assert NAME in words(office.pdf(whole))
