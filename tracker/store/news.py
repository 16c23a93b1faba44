"""In which markets something was written lately: what spares the schedule to ask all of them.

A commit is one market's slot and cannot write here in the same step. So each process notes the
markets of its commits and names them some tenths of a second later, many in one write. It is a
hint: what a dying process had noted is lost, and the schedule finds it when it asks all markets
(`tracker.services.waiting`). Nothing else may depend on it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any, Final, NamedTuple

import structlog
from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from tracker.store.cancelling import repeated
from tracker.store.commit import Commit, Committer, Outcome
from tracker.store.keys import NEWS, SERVICE

GATHER_S: Final = 0.25
"""How long markets are gathered before they are named: a busy process makes four writes a second,
and a late fact is in the feed within seconds."""

log = structlog.stdlib.get_logger("tracker.news")


class Heard(NamedTuple):
    """The news after a number: up to which one, and which markets.

    Not `whole`: the numbers begin anew, in a store that was replaced, so some may be missing.
    """

    reached: int
    markets: list[str]
    whole: bool


class News:
    """Notes the markets of a process's commits, names them, and hears of those of all."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client  # redis-py types replies as unions that say nothing
        self._tell = AsyncScript(client, files("tracker.store").joinpath("news.lua").read_text())
        self._noted: set[str] = set()
        self._some = asyncio.Event()

    def note(self, market: str) -> None:
        """Something was written in this market, or may have been."""
        if market != SERVICE:
            self._noted.add(market)
            self._some.set()

    async def flush(self) -> None:
        """Names what was noted; on a failure it stays noted, and the failure is raised."""
        self._some.clear()
        noted, self._noted = self._noted, set()
        if not noted:
            return
        try:
            await self._tell(keys=[NEWS], args=sorted(noted))
        except BaseException:
            self._noted |= noted
            raise

    async def since(self, number: int | None) -> Heard:
        """What was named after a number, in one round trip; nothing for None, but up to where."""
        pipeline = self._client.pipeline(transaction=False)
        highest: Any = {"byscore": True, "desc": True, "offset": 0, "num": 1}
        pipeline.zrange(NEWS, "+inf", "-inf", withscores=True, **highest)
        if number is not None:
            pipeline.zrange(NEWS, f"({number}", "+inf", byscore=True, withscores=True)
        newest, *found = await pipeline.execute()
        last = int(newest[0][1]) if newest else 0
        if number is None or last < number:
            return Heard(last, [], whole=False)
        (named,) = found
        reached = max((int(score) for _, score in named), default=number)
        return Heard(reached, [market.decode() for market, _ in named], whole=True)

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Names what is noted while it is open, and what is left at the end."""
        try:
            async with repeated(self._later):
                yield
        finally:
            await self._try()

    async def _later(self) -> None:
        await self._some.wait()
        await asyncio.sleep(GATHER_S)
        await self._try()

    async def _try(self) -> None:
        try:
            await self.flush()
        except Exception as error:  # a hint: the schedule finds it without
            log.warning("news not told", error=type(error).__name__)


class NotingCommitter(Committer):
    """A committer that notes the markets that it may have written to."""

    def __init__(self, client: Redis, news: News) -> None:
        super().__init__(client)
        self._news = news

    async def commit(self, commit: Commit) -> Outcome:
        """As `Committer.commit`; noted also where the outcome stays unknown."""
        try:
            return await super().commit(commit)
        finally:
            self._news.note(commit.space)

    async def commit_many(self, commits: Sequence[Commit]) -> list[Outcome]:
        """As `Committer.commit_many`."""
        try:
            return await super().commit_many(commits)
        finally:
            for commit in commits:
                self._news.note(commit.space)
