"""`verify` knows the values in the feed; `rebuild` has the feed take over those that it lacks."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.integration.audit.world import SYS, World
from tests.integration.conftest import Run
from tests.integration.registry import ADMIN
from tracker.domain.days import day_number
from tracker.domain.indicators import Stated
from tracker.services import areas, indicator_values, indicators
from tracker.services.areas import AreaOut
from tracker.services.audit_feed import LAG_MS
from tracker.services.indicator_values import NewValue
from tracker.store.keys import FEED, FEED_LAST, SERVICE

AREA = AreaOut("77", "Tỉnh Bà Rịa - Vũng Tàu", None, "1991-08-12", "2025-07-01")
DAY = day_number(date(2022, 12, 31))


@pytest.fixture
def reported(run: Run, world: World) -> World:
    """Three revisions of a value, with facts of other kinds around them."""

    async def fill() -> None:
        await areas.add(world.tracker, ADMIN, AREA)
        await indicators.seed(world.tracker)
        for numerator in (1, 2, 3):
            new = NewValue("77", DAY, "the province", Stated(numerator, 10))
            await indicator_values.report(world.tracker, ADMIN, "digital-signatures", new)
        await areas.add(world.tracker, ADMIN, AreaOut("78", "Another", None, "1991-08-12", None))

    run(fill())
    return world


def entries(run: Run, world: World) -> list[tuple[bytes, dict[bytes, bytes]]]:
    found: list[Any] = run(world.client.xrange(FEED))
    return [entry for entry in found if b"v" in entry[1]]


def said(run: Run, world: World) -> list[tuple[str, str, str, str]]:
    assert all(d.space == SERVICE for d in run(world.verify()))
    return [(d.kind, d.subject, d.expected, d.found) for d in run(world.verify())]


def test_a_whole_feed_has_no_difference(run: Run, reported: World) -> None:
    assert len(entries(run, reported)) == 3
    assert said(run, reported) == []


def test_how_far_the_feed_looked_may_lie_behind_the_last_value(run: Run, reported: World) -> None:
    run(reported.tracker.reported.feed())
    end = run(reported.tracker.reader.position(SERVICE))
    assert run(reported.client.hget(FEED_LAST, SERVICE)) == str(end).encode()
    assert said(run, reported) == []


def test_an_entry_that_is_missing(run: Run, reported: World) -> None:
    id_, fields = entries(run, reported)[1]
    run(reported.client.xdel(FEED, id_))
    place = f"value at {fields[b'v'].decode()}"
    assert said(run, reported) == [("feed", place, "once", "not there")]


def test_an_entry_twice_and_one_of_nothing(run: Run, reported: World) -> None:
    _, fields = entries(run, reported)[1]
    run(reported.client.xadd(FEED, fields, id="0-*"))
    run(reported.client.xadd(FEED, {**fields, b"v": b"1"}, id="0-*"))
    place = f"value at {fields[b'v'].decode()}"
    assert said(run, reported) == [
        ("feed", place, "once", "2 times"),
        ("feed", "value at 1", "none", "1 times"),
    ]


@pytest.mark.parametrize("number", ["1", "99", "many"])
def test_a_number_that_would_double_or_lose_is_named_and_mended(
    run: Run, reported: World, number: str
) -> None:
    last = entries(run, reported)[-1]
    run(reported.client.xdel(FEED, last[0]))
    run(reported.client.hset(FEED_LAST, SERVICE, number))
    before = entries(run, reported)[-1][1][b"v"].decode()
    assert said(run, reported) == [("feed_last", "number", before, number)]
    assert not any(r.refused for r in run(reported.rebuild()))
    assert [fields for _, fields in entries(run, reported)][-1] == last[1]
    assert said(run, reported) == []


def test_a_value_that_was_never_fed_is_named_after_a_while(run: Run, reported: World) -> None:
    id_, fields = entries(run, reported)[-1]
    place = fields[b"v"].decode()
    run(reported.client.xdel(FEED, id_))
    run(reported.client.hset(FEED_LAST, SERVICE, int(place) - 1))
    assert said(run, reported) == []
    reported.clock.ms += LAG_MS + 1
    assert said(run, reported) == [("feed", f"value at {place}", "once", "not there")]
    run(reported.rebuild())
    assert said(run, reported) == []


def test_values_are_a_part_of_the_services_ledger(run: Run, reported: World) -> None:
    run(reported.client.hdel(SYS.docs, f"values:digital-signatures:77:{7_893}"))
    found = run(reported.verify())
    assert [(d.space, d.kind) for d in found] == [(SERVICE, "document")]
