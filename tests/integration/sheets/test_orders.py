"""Which codes a sheet is of, in which order, with which numbers, and who may have it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.integration.registry import ADMIN, VCB
from tests.integration.sheets.office import (
    BANK,
    EVERYBODY,
    MANAGER,
    MARKET,
    OTHER,
    PREFIX,
    Office,
    symbols,
    words,
)
from tracker.access.keys import Principal
from tracker.domain.errors import Forbidden, Invalid, KeyReused, NotFound
from tracker.services import code_life, sheet_codes, sheets


def test_all_codes_by_zone_and_stall_with_their_own_payloads(office: Office) -> None:
    job = office.order()
    assert (job.kind, job.id[0], job.total) == ("sheets", "p", 6)
    result = office.work(job)
    assert result["stickers"] == 6
    assert result["left_out"] == []
    assert result["sheet"] == f"/v1/sheets/{job.id}"
    assert result["kept_until"] == "2023-05-03T08:00:00+07:00"
    pdf = office.pdf(job)
    assert [office.stalls()[s] for s in symbols(pdf)] == EVERYBODY
    assert office.prints() == [1] * 6
    assert words(pdf).count("In lần 1") == 6


def test_each_print_has_its_number_and_is_stated_by_its_job(office: Office) -> None:
    office.run(code_life.print_again(office.tracker, ADMIN, office.code(1)))
    job = office.order(printed="any", zone="Khu A")
    office.work(job)
    assert office.prints() == [2, 1, 1, 0, 0, 0]
    text = words(office.pdf(job))
    assert (text.count("In lần 1"), text.count("In lần 2")) == (2, 1)
    number = int(office.code(1).split("-")[1])
    history = office.run(office.tracker.reader.history(MARKET, PREFIX, number))
    last: Any = history.facts[-1]
    assert (last.by, last.sheet, last.number) == (job.id, job.id, 2)


def test_filters(office: Office) -> None:
    assert office.printed(zone="Khu B") == ["B1", "B2", "B03"]
    assert office.printed(printed="before", bin_=VCB) == ["B2"]
    listed = [office.code(n).partition(".")[0] for n in (6, 1, 6)]
    assert office.printed(vendors=[listed[0].lower(), *listed[1:]], printed="any") == ["A10", "B03"]
    assert office.printed() == ["A1", "A2"]
    with pytest.raises(Invalid) as nothing:
        office.order()
    assert nothing.value.code == "NOTHING_TO_PRINT"
    assert office.printed(printed="before", columns=4, rows=4) == [
        *["A1", "A2", "A10", "B1", "B2", "B03"]
    ]


def test_orders_that_are_refused(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    first = office.code(1).partition(".")[0]
    with pytest.raises(Invalid) as unknown:
        office.order(vendors=[first, "CP7-0001-0", "nonsense", "CVT-0099-A", first])
    assert unknown.value.code == "INVALID_BODY"
    assert [f.pointer for f in unknown.value.faults][:2] == ["/vendors/1", "/vendors/2"]
    assert {f.code for f in unknown.value.faults} == {"VENDOR_UNKNOWN"}
    with pytest.raises(Invalid):
        office.order(columns=5, rows=5)
    with pytest.raises(Invalid, match="No bank has this BIN"):
        office.order(bin_="000000")
    monkeypatch.setattr(sheet_codes, "STICKERS_MAX", 5)
    with pytest.raises(Invalid) as many:
        office.order()
    assert many.value.code == "TOO_MANY_STICKERS"
    assert office.run(office.tracker.jobs.open_ids()) == []


def test_scope(office: Office) -> None:
    job = office.order(BANK)
    office.work(job)
    assert [office.stalls()[s] for s in symbols(office.pdf(job, BANK))] == ["A2", "B1", "B03"]
    with pytest.raises(NotFound):
        office.order(BANK, bin_=VCB)
    with pytest.raises(NotFound):
        office.order(MANAGER, market=OTHER)
    for role, refusal in (("field", Forbidden), ("auditor", Forbidden), ("ioc", NotFound)):
        who = Principal("x", "", role, markets=frozenset({MARKET}))  # type: ignore[arg-type]
        with pytest.raises(refusal):
            office.order(who)
        with pytest.raises(refusal):
            office.pdf(job, who)
    for stranger in (MANAGER, Principal("a", "", "admin", markets=frozenset({OTHER}))):
        with pytest.raises(NotFound, match="or you may not see it"):
            office.pdf(job, stranger)
    assert office.pdf(job, ADMIN)


def test_a_key_is_one_sheet_though_all_is_printed_by_now(office: Office) -> None:
    job = office.order(key="k", zone="Khu B")
    assert office.order(key="k", zone="Khu B").id == job.id
    office.work(job)
    assert office.order(key="k", zone="Khu B").state == "done"
    with pytest.raises(KeyReused):
        office.order(key="k", zone="Khu A")

    async def both() -> set[str]:
        one = sheets.accept(office.tracker, ADMIN, market=MARKET, key="two")
        other = sheets.accept(office.another(), ADMIN, market=MARKET, key="two")
        return {job.id for job in await asyncio.gather(one, other)}

    (id_,) = office.run(both())
    assert office.run(office.tracker.jobs.open_ids()) == [id_]
    assert office.prints() == [0, 0, 0, 1, 1, 1]
