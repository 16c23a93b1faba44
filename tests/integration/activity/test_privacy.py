"""A trader's own number and sum are nowhere once they were added up."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.integration.api.city import MARKET, City
from tests.integration.conftest import Run
from tests.integration.registry import VCB, Clock
from tests.integration.test_privacy_at_rest import values_of
from tracker.services import audit, imports

PLANTED = 73_519_246
"""Of one trader, among others; as JSON, as CSV, and as msgpack it would be these bytes."""

FORMS = (str(PLANTED).encode(), b"73.519.246", PLANTED.to_bytes(4, "big"))


@pytest.fixture
def city(run: Run, store: Redis) -> City:
    """A market with three customers of the bank."""
    made = City(run, store, Clock())
    made.open_market()
    for n in range(3):
        account = {"bin": VCB, "number": f"00710009{n:05d}"}
        made.register(stall=f"C{n}", name=f"Người {n}", account=account)
    return made


def found(city: City, store: Any) -> list[str]:
    places = city.run(values_of(store))
    return [where for where, content in places for form in FORMS if form in content]


def sums(city: City) -> list[tuple[str, int]]:
    vendors = city.get("manager", f"/v1/markets/{MARKET}/vendors").json()["items"]
    codes = [vendor["vendor"] for vendor in vendors]
    return list(zip(codes, (PLANTED, 12_000, 5), strict=True))


def test_neither_store_nor_log_nor_answer_has_a_traders_sum(
    city: City, store: Any, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    day = f"/v1/markets/{MARKET}/activity/2023-05-02/{VCB}"
    lines = [{"vendor": v, "payments": 3, "amount_vnd": amount} for v, amount in sums(city)]
    bad = {"vendor": "nobody", "payments": -1, "amount_vnd": PLANTED}
    answers = [
        city.call("bank", "PUT", day, {"lines": lines}),
        city.call("bank", "PUT", day, {"lines": [*lines, bad]}, key="again"),
        city.call("bank", "PUT", day, {"lines": [{**lines[0], "payments": f"{PLANTED}"}]}),
        city.get("bank", day),
    ]
    assert [answer.status_code for answer in answers] == [200, 207, 400, 200]
    rows = "".join(f"{v},3,{amount}\n" for v, amount in sums(city))
    table = f"vendor,payments,amount_vnd\n{rows}nobody,1,{PLANTED}\n".encode()
    path = f"/v1/activity/2023-05-02/{VCB}"
    query = f"/v1/imports?kind=activity&effective_on=2023-05-01&market={MARKET}"
    started = [
        city.call("bank", "PUT", path, content=table),
        city.call("bank", "POST", query, content=table, key="file"),
    ]
    assert [answer.status_code for answer in started] == [202, 202]
    assert found(city, store) == []
    for answer in started:
        job = answer.json()["id"]
        assert city.worked(job, imports.run)["state"] == "done"
        answers += [city.get("bank", f"/v1/jobs/{job}"), city.get("bank", f"/v1/jobs/{job}/rows")]
    assert found(city, store) == []

    async def differences() -> list[str]:
        return [one.text() async for one in audit.verify(city.tracker)]

    assert city.run(differences()) == []
    written = capfd.readouterr()
    said = "".join([*(a.text for a in answers), caplog.text, written.out, written.err])
    assert str(PLANTED) not in said


def test_the_search_can_fail(city: City, store: Any) -> None:
    for n, form in enumerate(FORMS):
        city.run(store.hset("planted", f"f{n}", b"x" + form + b"y"))
    assert len(found(city, store)) == len(FORMS)
