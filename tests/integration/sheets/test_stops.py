"""Whatever stops a worker or comes between: each code is printed once, as its sheet says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.integration.registry import ADMIN, BIDV
from tests.integration.sheets.office import (
    MARKET,
    Office,
    symbols,
    words,
)
from tracker.domain.errors import Conflict, NotFound
from tracker.services import code_life, codes, sheets
from tracker.stickers.sheet import sheet as draw
from tracker.store.commit import Commit, Committer, Outcome
from tracker.store.keys import Space


class Stopped(Exception):
    """The worker was killed."""


class Mortal(Committer):
    """Sends so many commits and dies."""

    def __init__(self, store: Redis, commits: int) -> None:
        super().__init__(store)
        self._left = commits

    async def commit_many(self, commits: Sequence[Commit]) -> list[Outcome]:
        """Some of the commits; then the end."""
        some = commits[: self._left]
        self._left -= len(some)
        outcomes = await super().commit_many(some) if some else []
        if len(some) < len(commits):
            raise Stopped
        return outcomes


class Overtaken(Committer):
    """Lets another writer go first, once."""

    def __init__(self, store: Redis, other: Callable[[], Any]) -> None:
        super().__init__(store)
        self._other: Callable[[], Any] | None = other

    async def commit_many(self, commits: Sequence[Commit]) -> list[Outcome]:
        """What the other writes; then the commits."""
        other, self._other = self._other, None
        if other is not None:
            await other()
        return await super().commit_many(commits)


@pytest.mark.parametrize("commits", [0, 1, 5])
def test_stopped_while_the_prints_are_recorded(office: Office, commits: int) -> None:
    job = office.order(printed="any")
    with pytest.raises(Stopped):
        office.work(job, office.another(Mortal(office.store, commits)))
    assert sum(office.prints()) == commits
    with pytest.raises(Conflict) as waits:
        office.pdf(job)
    assert waits.value.code == "SHEET_NOT_READY"
    office.work(job)
    assert office.prints() == [1] * 6
    assert words(office.pdf(job)).count("In lần 1") == 6


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("printed", ["never", "any"])
def test_stopped_before_and_after_the_pdf_is_kept(
    office: Office, printed: str, *, kept: bool
) -> None:
    job = office.order(printed=printed)
    dying = office.another()

    async def put_file(id_: str, sealed: Sequence[bytes], *, kept_ms: int) -> None:
        if kept:
            await office.tracker.jobs.put_file(id_, sealed, kept_ms=kept_ms)
        raise Stopped

    dying.jobs.put_file = put_file  # type: ignore[method-assign]
    with pytest.raises(Stopped):
        office.work(job, dying)
    assert office.prints() == [1] * 6
    # Another sheet prints one of them, before this one goes on: ours stays number 1.
    office.run(code_life.print_again(office.tracker, ADMIN, office.code(1)))
    assert office.work(job)["stickers"] == 6
    assert office.prints() == [2, 1, 1, 1, 1, 1]
    assert words(office.pdf(job)).count("In lần 1") == 6


def test_two_runs_at_once(office: Office) -> None:
    job = office.order()

    async def both() -> list[Any]:
        runs = (sheets.run(tracker, job) for tracker in (office.tracker, office.another()))
        return list(await asyncio.gather(*runs))

    one, other = office.run(both())
    assert one == other
    assert one["stickers"] == 6
    assert office.prints() == [1] * 6
    assert len(symbols(office.pdf(job))) == 6


@pytest.mark.parametrize("printed", ["never", "any"])
def test_a_code_that_another_prints_while_it_is_drawn(office: Office, printed: str) -> None:
    job = office.order(printed=printed)
    code = office.code(5)
    other = Overtaken(office.store, lambda: code_life.print_again(office.another(), ADMIN, code))
    result = office.work(job, office.another(other))
    text = words(office.pdf(job))
    if printed == "never":
        assert result["left_out"] == [{"code": code, "reason": "PRINTED"}]
        assert (text.count("In lần 1"), text.count("In lần 2")) == (5, 0)
        assert office.prints() == [1] * 6
    else:
        assert result["left_out"] == []
        assert (text.count("In lần 1"), text.count("In lần 2")) == (5, 1)
        assert office.prints() == [1, 1, 1, 1, 2, 1]


def test_a_change_that_leaves_the_print_as_it_is_draws_nothing_anew(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []

    def counted(stickers: Any, *more: Any) -> bytes:
        drawn.append(len(stickers))
        return draw(stickers, *more)

    monkeypatch.setattr(sheets, "sheet", counted)
    job = office.order()
    code = office.code(5)

    async def attach() -> None:
        now = office.clock()
        await codes.attach(office.another(), ADMIN, code, occurred_at=now, evidence="photo")

    result = office.work(job, office.another(Overtaken(office.store, attach)))
    assert (result["stickers"], drawn) == (6, [6])
    assert office.prints() == [1] * 6


def test_what_became_of_codes_since_the_order(office: Office) -> None:
    job = office.order()
    revoked, erased = office.code(1), office.code(2)
    office.run(code_life.revoke(office.tracker, ADMIN, revoked, reason="closed"))
    office.run(office.store.hdel(Space(MARKET).data_keys, str(int(erased.split("-")[1]))))
    late = office.code(4)

    async def revoke_late() -> None:
        await code_life.revoke(office.another(), ADMIN, late, reason="closed")

    result = office.work(job, office.another(Overtaken(office.store, revoke_late)))
    assert result["left_out"] == sorted(
        [
            {"code": revoked, "reason": "CODE_NOT_LIVE"},
            {"code": erased, "reason": "ERASED"},
            {"code": late, "reason": "CODE_NOT_LIVE"},
        ],
        key=lambda one: one["code"],
    )
    assert result["stickers"] == len(symbols(office.pdf(job))) == 3


def test_a_sheet_with_nothing_left_is_none(office: Office) -> None:
    job = office.order(zone="Khu A", bin_=BIDV)
    office.run(code_life.revoke(office.tracker, ADMIN, office.code(2), reason="closed"))
    result = office.work(job)
    assert (result["stickers"], result["sheet"], result["kept_until"]) == (0, None, None)
    with pytest.raises(NotFound) as gone:
        office.pdf(job)
    assert gone.value.code == "SHEET_GONE"
