"""What a commit does to day lines, rows, records and marks."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.integration.conftest import Run
from tests.integration.store.commits import (
    BANK,
    DAY,
    MARKET,
    SPACE,
    Shop,
    attached,
    issued,
    left,
    new,
    registered,
    removed,
    when,
)
from tracker.domain import rows
from tracker.domain.facts import ProfileChanged, Voided
from tracker.domain.views import Views
from tracker.store.commit import Commit, Done, Stale


@pytest.fixture
def shop(store: Redis) -> Shop:
    return Shop(store)


class TestViews:
    def test_a_day_line_that_comes_to_nothing_is_dropped(self, run: Run, shop: Shop) -> None:
        run(shop.write(new(), registered(), *issued(), attached()))
        lines = run(shop.hash(SPACE.deltas))
        assert lines == {f"{DAY}:r": "1", f"{DAY + 2}:+": "1"}
        run(shop.write(run(shop.history()), Voided(*when(), event=4, reason="wrong")))
        assert run(shop.hash(SPACE.deltas)) == {f"{DAY}:r": "1"}

    def test_lines_of_many_vendors_add_up(self, run: Run, shop: Shop) -> None:
        for number in range(1, 4):
            run(shop.write(new(number), registered(f"B{number}")))
        run(shop.write(run(shop.history(2)), left()))
        lines = run(shop.hash(SPACE.deltas))
        assert lines == {f"{DAY}:r": "3", f"{DAY + 3}:r": "-1"}

    def test_a_row_says_since_when_a_vendor_stands_where_it_does(
        self, run: Run, shop: Shop
    ) -> None:
        run(shop.write(new(5), registered(), *issued(), attached()))
        assert run(shop.row(5)) == rows.Row(since=DAY + 2, last=DAY + 2)
        run(shop.write(run(shop.history(5)), removed(DAY + 3)))
        assert run(shop.row(5)) == rows.Row(last=DAY + 3)
        assert run(shop.row(4)) == rows.Row()

    def test_a_vendor_is_in_the_sets_of_its_standing_and_in_no_other(
        self, run: Run, shop: Shop
    ) -> None:
        run(shop.write(new(5), registered(), *issued(), attached()))
        stands = {"roster": [5], f"account:{BANK}": [5], f"issued:{BANK}": [5]}
        assert run(shop.sets()) == stands | {f"attached:{BANK}": [5]}
        run(shop.write(run(shop.history(5)), removed(DAY + 3)))
        assert run(shop.sets()) == stands
        run(shop.write(run(shop.history(5)), ProfileChanged(*when(), "Khu A", "cá")))
        run(shop.write(run(shop.history(5)), ProfileChanged(*when(), "Khu B", "")))
        assert run(shop.sets()) == stands | {"zone:Khu B": [5]}

    def test_a_set_of_nobody_is_gone_and_begins_anew(self, run: Run, shop: Shop) -> None:
        for number in (0, 7, 8, 1_000):
            run(shop.write(new(number), registered(f"B{number}")))
        assert run(shop.sets()) == {"roster": [0, 7, 8, 1_000]}
        for number in (1_000, 8, 0, 7):
            run(shop.write(run(shop.history(number)), left()))
        assert run(shop.sets()) == {}
        assert not run(shop.client.exists(SPACE.sets, SPACE.set("roster")))

    def test_what_the_index_does_not_name_is_nobodys(self, run: Run, shop: Shop) -> None:
        run(shop.client.set(SPACE.set("roster"), b"\xff"))
        run(shop.write(new(5), registered()))
        assert run(shop.sets()) == {"roster": [5]}

    def test_one_commit_may_move_many_vendors(self, run: Run, shop: Shop) -> None:
        commit = Commit(SPACE)
        for number in (3, 4, 19):
            commit.vendor(new(number), [registered(f"B{number}")])
        run(shop.committer.commit(commit))
        assert run(shop.sets()) == {"roster": [3, 4, 19]}

    def test_bit_by_bit_a_set_is_what_python_says(self, run: Run, shop: Shop) -> None:
        random, stands = Random(7), set[int]()
        for step in range(400):
            number, becomes = random.randrange(40), random.random() < (step < 200) * 0.4 + 0.3
            commit = Commit(SPACE)
            commit.vendor_views(number, _seen(number in stands), _seen(becomes))
            assert run(shop.committer.commit(commit)) == Done(0)
            (stands.add if becomes else stands.discard)(number)
            assert run(shop.sets()) == ({"roster": sorted(stands)} if stands else {})


def _seen(inside: bool) -> Views:
    return Views({}, Counter(), rows.EMPTY, frozenset({"roster"} if inside else ()))


class TestRecords:
    def commit(self, value: bytes, **condition: Any) -> Commit:
        commit = Commit(SPACE)
        commit.record(SPACE.published, "head", value, **condition)
        return commit

    def test_conditions(self, run: Run, shop: Shop) -> None:
        async def send(value: bytes, **condition: Any) -> Any:
            return await shop.committer.commit(self.commit(value, **condition))

        assert run(send(b"0", expected=b"?", new=False)) == Stale("head")
        assert run(send(b"a", new=True)) == Done(0)
        assert run(send(b"b", new=True)) == Stale("head")
        assert run(send(b"b", expected=b"?", new=False)) == Stale("head")
        assert run(send(b"b", expected=b"a", new=False)) == Done(0)
        assert run(send(b"c", new=False)) == Done(0)
        assert run(shop.hash(SPACE.published)) == {"head": "c"}

    def test_a_field_written_twice_has_the_first_condition_and_the_last_value(
        self, run: Run, shop: Shop
    ) -> None:
        twice = self.commit(b"a", new=True)
        twice.record(SPACE.published, "head", b"b", expected=b"a", new=False)
        assert run(shop.committer.commit(twice)) == Done(0)
        assert run(shop.hash(SPACE.published)) == {"head": "b"}


class TestMarks:
    def test_the_earliest_day_stands_at_the_last_position(self, run: Run, shop: Shop) -> None:
        run(shop.write(new(1), registered("B1", DAY + 5)))
        run(shop.write(new(2), registered("B2", DAY + 2)))
        run(shop.write(new(3), registered("B3", DAY + 7)))
        mark = run(shop.hash(SPACE.marks))
        assert (mark["day"], mark["position"]) == (str(DAY + 2), "3")
        assert run(shop.reader.marks([MARKET, "another"]))[MARKET][0] == DAY + 2

    def test_settling_drops_the_mark_unless_a_later_fact_made_it(
        self, run: Run, shop: Shop
    ) -> None:
        def settle(position: int) -> Commit:
            commit = Commit(SPACE)
            commit.settled(position)
            return commit

        run(shop.write(new(1), registered("B1")))
        run(shop.write(new(2), registered("B2")))
        run(shop.committer.commit(settle(1)))
        assert run(shop.hash(SPACE.marks))["position"] == "2"
        run(shop.committer.commit(settle(2)))
        assert run(shop.hash(SPACE.marks)) == {}

    def test_a_voided_fact_marks_the_day_that_it_belonged_to(self, run: Run, shop: Shop) -> None:
        run(shop.write(new(), registered()))
        run(shop.client.delete(SPACE.marks))
        late = Voided(*when(DAY + 4), event=1, reason="wrong")
        run(shop.write(run(shop.history()), late))
        assert run(shop.hash(SPACE.marks))["day"] == str(DAY)
