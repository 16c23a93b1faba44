"""Publications are written once; the feed has each of them once and in order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from tests.integration.conftest import Run
from tests.integration.store.commits import DAY, MARKET, SPACE
from tracker.domain.facts import Published
from tracker.store.commit import Commit, Committer, Done, Outcome, Stale
from tracker.store.keys import FEED, FEED_LAST, Space
from tracker.store.publications import (
    HEAD,
    Head,
    Latest,
    Publications,
    add_publication,
    read_head,
    read_latest,
)


def fact(ordinal: int, day: int = DAY, revision: int = 1) -> Published:
    """The market's publication with this number."""
    return Published(
        *(0, 0, "test"),
        day=day,
        revision=revision,
        position=ordinal,
        ordinal=ordinal,
        content_digest=b"content%d" % ordinal,
        digest=b"digest%d" % ordinal,
    )


class Press:
    """Publishes on the test's store."""

    def __init__(self, store: Redis) -> None:
        self.client: Any = store
        self.committer = Committer(store)
        self.publications = Publications(store)

    async def publish(self, *facts: Published, market: str = MARKET) -> Outcome:
        """These publications in one commit, against the records as they stand."""
        commit, fields = Commit(Space(market)), [HEAD, *(str(f.day) for f in facts)]
        records = await self.publications.records(market, fields)
        for one in facts:
            body = f'{{"of":{one.ordinal}}}'.encode()
            records = add_publication(commit, Space(market), one, body, b"", records)
        return await self.committer.commit(commit)

    async def feed(self) -> list[tuple[int, str, int, int]]:
        """All of the feed."""
        return [
            (e.position, e.market, e.day, e.revision)
            for e in await self.publications.feed_page(0, 1_000)
        ]


@pytest.fixture
def press(store: Redis) -> Press:
    return Press(store)


def test_a_publication_is_entry_body_latest_and_head(run: Run, press: Press) -> None:
    assert run(press.publish(fact(1))) == Done(1)
    records = run(press.publications.records(MARKET, [HEAD, str(DAY), "#1"]))
    assert read_head(records) == Head(1, b"digest1")
    assert read_latest(records, DAY) == Latest(1, b"content1")
    assert records["#1"] == f"{DAY}.1.0".encode()
    bodies = run(press.publications.bodies([(MARKET, DAY, 1), (MARKET, DAY, 2)]))
    assert bodies == [b'{"of":1}', None]
    assert run(press.publications.published_days(MARKET)) == [DAY]


def test_many_days_in_one_commit(run: Run, press: Press) -> None:
    assert run(press.publish(*(fact(n, DAY + n) for n in range(1, 32)))) == Done(31)
    assert run(press.publish(fact(32, DAY + 40), fact(33, DAY + 1, 2))) == Done(33)
    records = run(press.publications.records(MARKET, [HEAD]))
    assert read_head(records) == Head(33, b"digest33")
    latest = run(press.publications.latest_days(MARKET, [DAY + 1, DAY + 2, DAY + 90]))
    assert {day: found.revision for day, found in latest.items()} == {DAY + 1: 2, DAY + 2: 1}


def test_of_two_that_publish_the_same_one_is_stale(run: Run, press: Press) -> None:
    async def scene() -> list[Outcome]:
        return await asyncio.gather(*(press.publish(fact(1)) for _ in range(2)))

    outcomes = run(scene())
    assert sorted(type(o).__name__ for o in outcomes) == ["Done", "Stale"]
    assert run(press.client.xlen(SPACE.ledger)) == 1
    assert isinstance(run(press.publish(fact(1))), Stale)


def test_feeding_again_adds_nothing(run: Run, press: Press) -> None:
    run(press.publish(fact(1), fact(2, DAY + 1)))
    assert run(press.publications.unfed([MARKET, "nobody"])) == [MARKET]
    assert run(press.publications.feed_market(MARKET)) == 2
    assert run(press.publications.feed_market(MARKET)) == 0
    assert run(press.publications.unfed([MARKET])) == []
    run(press.publish(fact(3, DAY, 2)))
    assert run(press.publications.feed_market(MARKET)) == 1
    entries = [(1, MARKET, DAY, 1), (2, MARKET, DAY + 1, 1), (3, MARKET, DAY, 2)]
    assert run(press.feed()) == entries
    assert run(press.publications.feed_position()) == 3
    assert [e[:4] for e in run(press.publications.feed_page(1, 1))] == entries[1:2]
    assert run(press.publications.feed_market("nobody")) == 0


def test_an_entry_says_when_it_was_published(run: Run, press: Press) -> None:
    run(press.publish(replace(fact(1), at=7, recorded=7)))
    run(press.publications.feed_market(MARKET))
    assert [e.published for e in run(press.publications.feed_page(0, 9))] == [7]


def test_a_chain_of_before_moments_were_kept_is_still_fed(run: Run, press: Press) -> None:
    run(press.publish(fact(1), fact(2, DAY + 1)))
    run(press.client.hset(SPACE.published, "#1", f"{DAY}.1"))
    assert run(press.publications.feed_market(MARKET)) == 2
    assert [e.published for e in run(press.publications.feed_page(0, 9))] == [None, 0]


def test_many_feeders_at_once_add_each_once(run: Run, press: Press) -> None:
    async def scene() -> None:
        for n in range(1, 21):
            for market in ("one", "two"):
                await press.publish(fact(n, DAY + n), market=market)
            feeders = [press.publications.feed_market(m) for m in ("one", "two") for _ in range(6)]
            added = await asyncio.gather(*feeders)
            assert sum(added) >= 2

    run(scene())
    feed = run(press.feed())
    assert [position for position, *_ in feed] == list(range(1, 41))
    for market in ("one", "two"):
        assert [day for _, m, day, _ in feed if m == market] == [DAY + n for n in range(1, 21)]


def test_a_chain_with_a_hole_is_refused(run: Run, press: Press) -> None:
    run(press.publish(fact(1), fact(2, DAY + 1), fact(3, DAY + 2)))
    run(press.client.hdel(SPACE.published, "#2"))
    with pytest.raises(LookupError, match=MARKET):
        run(press.publications.feed_market(MARKET))
    assert run(press.client.exists(FEED, FEED_LAST)) == 0
