"""The commit: versions, unique names and answers, and many writers at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from tests.integration.conftest import Run
from tests.integration.registry import dump
from tests.integration.store.commits import (
    MARKET,
    SPACE,
    Shop,
    attached,
    issued,
    left,
    moved,
    new,
    plan,
    registered,
    removed,
    when,
)
from tracker.domain.facts import ZoneAdded
from tracker.store.commit import Commit, Done, Replayed, Stale, Taken


@pytest.fixture
def shop(store: Redis) -> Shop:
    return Shop(store)


class TestVersions:
    def test_each_fact_is_a_ledger_entry_and_stands_in_the_document(
        self, run: Run, shop: Shop
    ) -> None:
        assert run(shop.write(new(), registered(), *issued())) == Done(3)
        assert run(shop.write(run(shop.history()), attached())) == Done(4)
        entries = run(_ledger(shop))
        assert [e.position for e in entries] == [1, 2, 3, 4]
        assert tuple(e.fact for e in entries) == run(shop.history()).facts

    def test_a_version_that_is_not_the_stored_one_is_stale(
        self, run: Run, shop: Shop, store: Redis
    ) -> None:
        run(shop.write(new(), registered()))
        known = run(shop.history())
        run(shop.write(known, *issued()))
        before = run(dump(store))
        assert run(shop.write(known, moved("B13"))) == Stale("1")
        assert run(shop.write(new(), registered("B14"))) == Stale("1")
        ahead = run(shop.history()).then(attached())
        assert run(shop.write(ahead, removed())) == Stale("1")
        assert run(dump(store)) == before

    def test_one_stale_document_of_two_holds_both_back(
        self, run: Run, shop: Shop, store: Redis
    ) -> None:
        run(shop.write(new(1), registered("B1")))
        before = run(dump(store))
        both = plan(new(2), registered("B2"))
        both.vendor(new(1), [registered("B3")])
        assert run(shop.committer.commit(both)) == Stale("1")
        assert run(dump(store)) == before

    def test_positions_have_no_gap_whatever_was_refused(self, run: Run, shop: Shop) -> None:
        for number in range(1, 6):
            run(shop.write(new(number), registered(f"B{number}")))
            run(shop.write(new(number), registered(f"C{number}")))  # stale
            run(shop.write(new(90 + number), registered("B1")))  # taken
        assert [e.position for e in run(_ledger(shop))] == [1, 2, 3, 4, 5]

    def test_an_entry_alone_stands_in_no_document(self, run: Run, shop: Shop) -> None:
        commit = Commit(SPACE)
        commit.entry("0", ZoneAdded(*when(), zone="Khu A"))
        assert run(shop.committer.commit(commit)) == Done(1)
        assert run(shop.client.exists(SPACE.docs)) == 0


class TestNames:
    def test_a_taken_name_says_whose_it_is(self, run: Run, shop: Shop, store: Redis) -> None:
        run(shop.write(new(1), registered("B12")))
        before = run(dump(store))
        assert run(shop.write(new(2), registered("B12"))) == Taken("s:B12", "1")
        assert run(dump(store)) == before

    def test_a_move_frees_the_old_stall_and_takes_the_new_one(self, run: Run, shop: Shop) -> None:
        run(shop.write(new(1), registered("B12")))
        run(shop.write(run(shop.history()), moved("B13")))
        assert run(shop.hash(SPACE.names)) == {"s:B13": "1"}
        assert isinstance(run(shop.write(new(2), registered("B12"))), Done)

    def test_who_leaves_frees_the_stall_and_keeps_the_reference(self, run: Run, shop: Shop) -> None:
        run(shop.write(new(1), registered("B12", ref="r1")))
        run(shop.write(run(shop.history()), left()))
        assert run(shop.hash(SPACE.names)) == {"v::r1": "1"}

    def test_a_name_may_go_from_the_holder_before_to_the_next(self, run: Run, shop: Shop) -> None:
        """A reference of a code that is issued again names the new code."""
        run(shop.write(new(), registered(), *issued(1, ref="q")))
        assert run(shop.hash(SPACE.names))["c:970436:q"] == "1.1"
        run(shop.write(run(shop.history()), *issued(2, ref="q")))
        assert run(shop.hash(SPACE.names))["c:970436:q"] == "1.2"

    def test_a_release_leaves_a_name_that_is_another_holders(
        self, run: Run, shop: Shop, store: Redis
    ) -> None:
        run(shop.write(new(1), registered("B12")))
        run(shop.client.hset(SPACE.names, "s:B12", "7"))
        run(shop.write(run(shop.history()), left()))
        assert run(shop.hash(SPACE.names)) == {"s:B12": "7"}


class TestAnswers:
    def test_the_same_key_gives_the_answer_and_writes_nothing(
        self, run: Run, shop: Shop, store: Redis
    ) -> None:
        def request(number: int) -> Commit:
            commit = plan(new(number), registered(f"B{number}"))
            commit.answer("key-1", b"answer %d" % number)
            return commit

        assert run(shop.committer.commit(request(1))) == Done(1)
        before = run(dump(store))
        assert run(shop.committer.commit(request(2))) == Replayed(b"answer 1")
        assert run(dump(store)) == before
        assert run(shop.reader.answer(MARKET, "key-1")) == b"answer 1"
        assert 0 < run(shop.client.pttl(SPACE.answers + "key-1")) <= 7 * 86_400_000

    def test_a_refused_commit_keeps_no_answer(self, run: Run, shop: Shop) -> None:
        run(shop.write(new(1), registered("B1")))
        commit = plan(new(2), registered("B1"))
        commit.answer("key-1", b"never")
        assert isinstance(run(shop.committer.commit(commit)), Taken)
        assert run(shop.reader.answer(MARKET, "key-1")) is None


class TestSending:
    def test_a_script_that_the_server_forgot_is_loaded(self, run: Run, shop: Shop) -> None:
        run(shop.write(new(1), registered("B1")))
        run(shop.client.script_flush())
        assert run(shop.write(new(2), registered("B2"))) == Done(2)
        run(shop.client.script_flush())
        many = [plan(new(n), registered(f"B{n}")) for n in (3, 4)]
        assert run(shop.committer.commit_many(many)) == [Done(3), Done(4)]

    def test_a_refused_one_among_many_holds_no_other_back(self, run: Run, shop: Shop) -> None:
        run(shop.write(new(2), registered("B2")))
        many = [plan(new(n), registered(f"C{n}")) for n in (1, 2, 3)]
        many.append(plan(new(4), registered("C1")))
        outcomes = run(shop.committer.commit_many(many))
        assert outcomes == [Done(2), Stale("2"), Done(3), Taken("s:C1", "1")]
        assert run(shop.committer.commit_many([])) == []

    def test_a_failed_one_among_many_raises_when_all_were_sent(self, run: Run, shop: Shop) -> None:
        bad = plan(new(2), registered("B2"))
        run(shop.client.rpush(SPACE.answers + "key", "a list"))
        bad.answer("key", b"")
        many = [plan(new(1), registered("B1")), bad, plan(new(3), registered("B3"))]
        with pytest.raises(ResponseError):
            run(shop.committer.commit_many(many))
        assert [e.subject for e in run(_ledger(shop))] == ["1", "3"]

    def test_of_many_at_once_one_wins_each_version(self, run: Run, shop: Shop) -> None:
        async def writer(name: int) -> int:
            done = 0
            for turn in range(15):
                known = await shop.history()
                outcome = await shop.write(known, moved(f"S{name}-{turn}"))
                assert isinstance(outcome, Done | Stale)
                done += isinstance(outcome, Done)
            return done

        async def scene() -> list[int]:
            await shop.write(new(), registered())
            return await asyncio.gather(*(writer(n) for n in range(8)))

        done = sum(run(scene()))
        history = run(shop.history())
        assert 15 <= done < 8 * 15
        assert history.version == 1 + done
        entries = run(_ledger(shop))
        assert [e.position for e in entries] == list(range(1, done + 2))
        assert tuple(e.fact for e in entries) == history.facts
        assert len(run(shop.hash(SPACE.names))) == 1

    def test_of_many_at_once_one_gets_the_stall(self, run: Run, shop: Shop) -> None:
        async def scene() -> list[Any]:
            return await asyncio.gather(*(shop.write(new(n), registered()) for n in range(1, 11)))

        outcomes = run(scene())
        assert sum(isinstance(o, Done) for o in outcomes) == 1
        assert sum(isinstance(o, Taken) for o in outcomes) == 9


async def _ledger(shop: Shop) -> list[Any]:
    return [entry async for entry in shop.reader.ledger(MARKET)]
