"""The sample with three months of activity, reported as banks do and closed day by day.

Built once for the whole module, in which nothing is changed; each test reads what was published.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Iterator
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, TypeVar

import pytest
from msgspec import json

from tests.integration import three_months
from tests.integration.api.city import City
from tests.integration.api.over_time import on
from tests.integration.registry import ADMIN, Clock
from tests.integration.three_months import BIDV, FIRST, LAST, VIETCOMBANK, ThreeMonths, days
from tracker.domain.days import day_number
from tracker.domain.withholding import restore
from tracker.sample import bank_files, expected, roster_files
from tracker.services import areas, audit, groups, imports, schedule, snapshots
from tracker.services.published import one
from tracker.store.client import connect

T = TypeVar("T")
Body = dict[str, Any]
MARKETS = tuple(expected().markets)
EFFECTIVE_ON = "2023-01-01"
NO_MONEY = {"payments": None, "amount_vnd": None, "vendors": None}


class Summer:
    """The city of the sample from its first file to the end of the three months and a week."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.plan = ThreeMonths()
        self.codes: dict[three_months.Stall, str] = {}
        """The id of the code at a stall."""

    def live(self) -> None:
        """Everything that happens, in its order."""
        self._set_up()
        changes = iter([*self.plan.changes, None])
        change = next(changes)
        for day in days(FIRST, LAST + timedelta(days=8)):
            on(self.city, day.isoformat(), 0)
            self.city.clock.ms += 10 * 60_000
            self._close()
            on(self.city, day.isoformat(), 9)
            while change is not None and change.day == day:
                self._change(change)
                change = next(changes)
            if day <= LAST:
                on(self.city, day.isoformat(), 22)
                self._report(day)

    def _set_up(self) -> None:
        city = self.city
        for bin_ in self.plan.bins:
            city.keys[bin_] = city.new_key("bank", bins=(bin_,))
        city.keys["field"] = city.new_key("field", markets=MARKETS)
        city.run(areas.seed(city.tracker))
        city.run(groups.seed(city.tracker))
        on(city, FIRST.isoformat(), 0)
        for id_, its in expected().markets.items():
            body = {
                "id": id_,
                "name": its.name,
                "prefix": its.prefix,
                "area_code": its.area_code,
                "opened_on": "2000-01-01",
            }
            assert city.post("admin", "/v1/markets", body).status_code == 201
        for market, roster in roster_files().items():
            self._import(roster.read_bytes(), "roster", market)
        for bank in bank_files().values():
            self._import(bank.read_bytes(), "attachments", None)
        for market, its in expected().markets.items():
            found = city.run(city.tracker.reader.all_histories(market, its.prefix))
            for history in found.values():
                vendor = history.replay()
                if vendor.codes and vendor.stall:
                    self.codes[market, vendor.stall] = history.code_id(1)
        assert set(self.codes) == {customer.stall for customer in self.plan.customers}
        city.run(city.tracker.schedule_state.close(day_number(FIRST) - 2))

    def _import(self, content: bytes, kind: str, market: str | None) -> None:
        fields = {"kind": kind, "effective_on": EFFECTIVE_ON}
        if market is not None:
            fields["market"] = market
        answer = self.city.call(
            "admin", "POST", "/v1/imports", data=fields, files={"file": ("file", content)}
        )
        assert answer.status_code == 202, answer.text
        assert self.city.worked(answer.json()["id"], imports.run)["state"] == "done"

    def _close(self) -> None:
        """What the schedule does after midnight, and the worker then."""
        tracker = self.city.tracker
        self.city.run(schedule.tick(tracker))
        (job,) = self.city.run(tracker.jobs.open_ids())
        assert self.city.worked(job, snapshots.run)["state"] == "done"

    def _change(self, change: three_months.Change) -> None:
        code = self.codes[change.stall]
        if change.reason is None:
            answer = self.city.post("field", f"/v1/codes/{code}/attachments", {})
        else:
            body = {"reason": change.reason}
            answer = self.city.post("field", f"/v1/codes/{code}/removals", body)
        assert answer.is_success, answer.text

    def _report(self, day: date) -> None:
        for bin_ in self.plan.reports(day):
            lines = [
                {
                    "vendor": self.codes[stall].rpartition(".")[0],
                    "payments": paid.payments,
                    "amount_vnd": paid.amount_vnd,
                }
                for stall, paid in self.plan.lines(day, bin_).items()
            ]
            if bin_ == VIETCOMBANK:  # market by market
                for market, its in expected().markets.items():
                    own = [line for line in lines if str(line["vendor"]).startswith(its.prefix)]
                    path = f"/v1/markets/{market}/activity/{day}/{bin_}"
                    answer = self.city.call(bin_, "PUT", path, {"lines": own})
                    assert answer.status_code == 200, answer.text
            else:  # all markets in one file
                table = "vendor,payments,amount_vnd\n" + "".join(
                    f"{line['vendor']},{line['payments']},{line['amount_vnd']}\n" for line in lines
                )
                answer = self.city.call(
                    bin_,
                    "PUT",
                    f"/v1/activity/{day}/{bin_}",
                    content=table.encode(),
                    headers={"Content-Type": "text/csv"},
                )
                assert answer.status_code == 202, answer.text
                done = self.city.worked(answer.json()["id"], imports.run)
                assert done["state"] == "done"
                assert done["result"]["totals"]["rejected"] == 0

    # ── what was published ───────────────────────────────────────────────────────────────────

    def bodies(self, day: date, revision: int | None = None) -> dict[str, Body]:
        """Each market's published body of a day, with what is withheld in it put back."""
        found = {}
        for market in MARKETS:
            reading = one(self.city.tracker, ADMIN, market, day_number(day), revision, details=True)
            body = json.decode(self.city.run(reading))
            found[market] = restore(body, body.pop("details"))
        return found

    def whole_city(self, day: date) -> Body:
        """The city's roll-up of a day."""
        answer = self.city.get("admin", f"/v1/groups/city/snapshots/{day}")
        assert answer.status_code == 200, answer.text
        body: Body = answer.json()
        return body


class Published(dict[date, dict[str, Body]]):
    """Every day's latest bodies by market."""


@pytest.fixture(scope="module")
def summer(store_url: str) -> Iterator[Summer]:
    """The three months, lived through once."""

    async def whole(work: Awaitable[T]) -> T:
        return await work

    with asyncio.Runner() as runner:

        def run(work: Awaitable[Any], /) -> Any:
            return runner.run(whole(work))

        client = connect(store_url)
        try:
            run(client.flushall())
            summer = Summer(City(run, client, Clock()))
            summer.live()
            yield summer
        finally:
            run(client.aclose())


@pytest.fixture(scope="module")
def published(summer: Summer) -> Published:
    """All that stands at the end."""
    return Published({day: summer.bodies(day) for day in days()})


def count(body: Body, figure: str) -> int:
    """A figure's count."""
    number: int = body["figures"][figure]["count"]
    return number


def test_the_city_is_at_168_of_542_on_the_last_day(summer: Summer, published: Published) -> None:
    body = summer.whole_city(LAST)
    assert body["figures"]["attached"] == {"count": 168, "rate": 31}
    assert body["denominator"]["value"] == 542
    assert (body["markets"], body["missing"]) == (4, [])
    assert [i["revision"] for i in body["inputs"]] == [
        published[LAST][i["market"]]["revision"] for i in body["inputs"]
    ]


def _lines(falls: list[Body]) -> int:
    """What the lines of some waterfalls come to."""
    return sum(
        fall["attached"] + fall["reattached"] - fall["left"] - sum(fall["removed"].values())
        for fall in falls
    )


def test_every_waterfall_is_balanced(summer: Summer, published: Published) -> None:
    for market in MARKETS:
        falls = [published[day][market]["waterfall"] for day in days()]
        for day, fall in zip(days(), falls, strict=True):
            assert fall["opening"] + _lines([fall]) == fall["closing"], (market, day)
            assert fall["closing"] == count(published[day][market], "attached")
            base = fall["denominator"]
            assert base["opening"] + base["change"] == base["closing"]
            assert base["closing"] == published[day][market]["denominator"]["value"]
        for before, after in pairwise(falls):
            assert before["closing"] == after["opening"]
        assert falls[0]["opening"] + _lines(falls) == falls[-1]["closing"]
    falls = [summer.whole_city(day)["waterfall"] for day in days()]
    assert all(fall["opening"] + _lines([fall]) == fall["closing"] for fall in falls)
    assert falls[0]["opening"] + _lines(falls) == falls[-1]["closing"] == 168
    removed = sum((Counter(fall["removed"]) for fall in falls), Counter[str]())
    assert removed == Counter(change.reason for change in summer.plan.changes if change.reason)
    ups = [change for change in summer.plan.changes if change.reason is None]
    assert sum(fall["reattached"] + fall["attached"] for fall in falls) == len(ups)
    assert (len(ups), removed.total()) == (19, 19)


def test_the_funnel_narrows_on_every_day(published: Published) -> None:
    order = ("active_30d", "active_90d", "transacting", "registered")
    for day, bodies in published.items():
        for market, body in bodies.items():
            counts = [count(body, figure) for figure in order]
            assert counts == sorted(counts), (market, day)
            assert count(body, "regular_90d") <= count(body, "active_90d")
            assert count(body, "dormant") <= count(body, "attached") <= count(body, "issued")
    assert count(published[LAST]["cho-vung-tau"], "active_30d") > 0


def test_figures_are_what_the_banks_reported(summer: Summer, published: Published) -> None:
    some = [FIRST, LAST, *random.Random(7).sample(list(days()), 8)]
    for day in some:
        for market, body in published[day].items():
            wanted = summer.plan.figures(market, day)
            assert {name: count(body, name) for name in wanted} == wanted, (market, day)
            assert body["denominator"] == {"value": wanted["registered"], "basis": "roster"}
            base = wanted["registered"]
            rate = body["figures"]["active_30d"]["rate"]
            assert abs(rate - 100 * wanted["active_30d"] / base) <= 0.005 + 1e-9
    last = [summer.plan.figures(market, LAST) for market in MARKETS]
    for name in ("transacting", "active_30d", "active_90d", "regular_90d", "dormant"):
        assert sum(wanted[name] for wanted in last) == count(summer.whole_city(LAST), name)
        assert any(wanted[name] for wanted in last), name


def _flag(body: Body, code: str) -> int:
    return sum(flag["count"] for flag in body["flags"] if flag["code"] == code)


def test_who_is_paid_without_a_sticker_is_flagged(summer: Summer, published: Published) -> None:
    flagged = 0
    for day, bodies in published.items():
        for market, body in bodies.items():
            wanted = summer.plan.unattached(market, day)
            assert _flag(body, "activity_without_attachment") == wanted, (market, day)
            flagged += wanted
    assert flagged > 50


def test_money_is_what_was_reported_and_the_month_is_the_sum_of_its_days(
    summer: Summer, published: Published
) -> None:
    for market in MARKETS:
        payments = amount = 0
        for day in days():
            if day.day == 1:
                payments = amount = 0
            activity = published[day][market]["activity"]
            month = activity["month_to_date"]
            wanted = summer.plan.money(market, day, day)
            assert wanted is not None
            assert activity == {**wanted._asdict(), "month_to_date": month}, (market, day)
            payments, amount = payments + wanted.payments, amount + wanted.amount_vnd
            assert (month["payments"], month["amount_vnd"]) == (payments, amount)
            whole = summer.plan.money(market, day.replace(day=1), day)
            assert whole is not None
            assert month == whole._asdict()


def test_money_of_each_bank(summer: Summer, published: Published) -> None:
    for day in (FIRST, min(summer.plan.forgotten), date(2023, 7, 31), LAST):
        for market, body in published[day].items():
            rows = {row["key"]: row for row in body["breakdowns"]["bank"]}
            assert set(rows) == set(summer.plan.bins)
            for bin_, row in rows.items():
                its = {name: row[name] for name in NO_MONEY}
                wanted = summer.plan.money(market, day, day, bin_)
                assert its == (NO_MONEY if wanted is None else wanted._asdict())
                month = summer.plan.money(market, day.replace(day=1), day, bin_)
                assert row["month_to_date"] == (NO_MONEY if month is None else month._asdict())


def test_a_day_that_a_bank_forgot_is_final_a_week_later_by_a_second_revision(
    summer: Summer, published: Published
) -> None:
    assert 5 < len(summer.plan.forgotten) < 20
    for day in days():
        forgotten = day in summer.plan.forgotten
        for body in published[day].values():
            missing = [VIETCOMBANK] if forgotten else []
            done = body["completeness"]
            assert done["expected"] == summer.plan.bins
            assert done["reported"] == sorted(set(summer.plan.bins) - set(missing))
            assert done["final"] is True
            assert _flag(body, "activity_missing") == len(missing)
            assert body["revision"] == (2 if forgotten else 1)
        if not forgotten:
            continue
        for market, first in summer.bodies(day, 1).items():
            last = published[day][market]
            assert first["completeness"]["final"] is False
            assert first["published_at"] == f"{day + timedelta(days=1)}T00:10:00+07:00"
            assert last["published_at"] == f"{day + timedelta(days=8)}T00:10:00+07:00"
            assert {**first["completeness"], "final": True} == last["completeness"]
            assert first["figures"] == last["figures"]
            assert BIDV in first["completeness"]["reported"]


def test_nothing_is_amiss(summer: Summer) -> None:
    async def differences() -> list[str]:
        return [found.text() async for found in audit.verify(summer.city.tracker)]

    assert summer.city.run(differences()) == []
