"""Close days, recompute outdated ones, publish."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from msgspec.structs import replace

from tracker.domain.days import day_of
from tracker.domain.errors import Invalid
from tracker.domain.facts import Published
from tracker.domain.figures import FINAL_AFTER_DAYS, WINDOW_DAYS, content
from tracker.domain.snapshot import GENESIS, canonical, encoded, publish
from tracker.domain.withholding import withhold
from tracker.services.context import ATTEMPTS_MAX, Tracker, busy, reused
from tracker.services.job_ids import new_job
from tracker.store.commit import Commit, Done, Stale
from tracker.store.jobs import Job
from tracker.store.keys import Space
from tracker.store.look import Look
from tracker.store.publications import HEAD, add_publication, read_head, read_latest

BATCH = 25
"""Markets read and published in one round trip: 1 MB of replies where they have 600 vendors."""

LANES = 8
"""Batches under way at once: the store works on some while the worker computes another. Each waits
for five answers, of which some stand behind another batch's long reading, so it takes many."""

BREATH = 5
"""Markets computed before the replies of other batches are taken and their requests sent."""

DAYS_PER_COMMIT = 31
"""Days of one market looked at and published in one step: bounds what one reads and writes."""

RUN_DAYS_MAX = 3_660
"""Days of one run: ten years."""


async def start_run(
    tracker: Tracker,
    by: str,
    *,
    first: int,
    last: int,
    markets: Sequence[str] | None = None,
    key: str | None = None,
    fingerprint: bytes = b"",
) -> Job:
    """Asks the workers to (re)compute the days `first`…`last` of some or all markets.

    The same `key` with the same `fingerprint` is the same job. Raises `Invalid` `DAY_NOT_OVER`
    where `last` is not over yet, `RANGE` where the days are not one; `KeyReused`.
    """
    today = day_of(tracker.now())
    if last >= today:
        raise Invalid(
            "A day can be closed when it is over; the last may be yesterday.", code="DAY_NOT_OVER"
        )
    if not 0 <= last - first < RUN_DAYS_MAX:
        raise Invalid(f"Give a range of 1 to {RUN_DAYS_MAX} days, first to last.", code="RANGE")
    params = {"mode": "days", "from": first, "to": last, "markets": markets and list(markets)}
    job = new_job(tracker, "snapshots", by, params)
    known = await tracker.jobs.create(job, key, fingerprint)
    if known.fingerprint != fingerprint:
        raise reused()
    await tracker.dispatch(known.job)
    return job if known.job == job.id else await tracker.jobs.get(known.job) or job


async def run(tracker: Tracker, job: Job) -> dict[str, Any]:
    """The job itself; safe to run twice and at once, for the same content is published once.

    It goes on after the market up to which it came before; its progress counts days of markets.
    """
    if job.params["mode"] == "outdated":
        return await _run_outdated(tracker, job)
    markets = sorted(job.params["markets"] or await tracker.reader.markets())
    went = _Run(tracker, job, markets)
    lanes = [went.lane() for _ in range(LANES)]
    for failed in await asyncio.gather(*lanes, return_exceptions=True):
        if failed is not None:
            raise failed
    if job.params.get("closes"):
        await tracker.schedule_state.close(job.params["to"])
    return {"markets": len(markets), "days": len(went.days), "published": went.published}


class _Run:
    """Days of many markets, batch by batch, several batches at once."""

    def __init__(self, tracker: Tracker, job: Job, markets: Sequence[str]) -> None:
        self._tracker = tracker
        self._job = job
        self._turn = asyncio.Lock()
        self.days = range(job.params["from"], job.params["to"] + 1)
        self.published = job.params.get("published", 0)
        self._after = job.params.get("after", "")
        left = [market for market in markets if market > self._after]
        size = min(BATCH, -(-len(left) // LANES)) or 1
        self._batches = [left[start : start + size] for start in range(0, len(left), size)]
        self._next = iter(range(len(self._batches)))
        self._ended: dict[int, int] = {}
        self._whole = 0
        self._total = len(markets) * len(self.days)
        self._done = (len(markets) - len(left)) * len(self.days)

    async def lane(self) -> None:
        """Works through the batches that no other lane has taken."""
        for number in self._next:
            self._ended[number] = await self._publish(self._batches[number])
            while self._whole in self._ended:
                self.published += self._ended.pop(self._whole)
                self._after = self._batches[self._whole][-1]
                self._whole += 1
            await self._save()

    async def _publish(self, batch: Sequence[str]) -> int:
        today = day_of(self._tracker.now())
        covers = self.days.start if self.days.stop == today else None
        new = await publish_days(
            self._tracker, batch, self.days, covers=covers, seen=self._seen, turn=self._turn
        )
        if self._job.params.get("closes"):
            final = [day - FINAL_AFTER_DAYS for day in self.days]
            new += await publish_days(self._tracker, batch, final, again=True, turn=self._turn)
        return new

    async def _seen(self, count: int) -> None:
        self._done += count
        if len(self.days) > DAYS_PER_COMMIT:  # else the batch is through, which is saved anyway
            await self._save()

    async def _save(self) -> None:
        params = {**self._job.params, "after": self._after, "published": self.published}
        now = replace(self._job, state="running", done=self._done, total=self._total, params=params)
        await self._tracker.jobs.save(now)


async def _run_outdated(tracker: Tracker, job: Job) -> dict[str, Any]:
    yesterday = day_of(tracker.now()) - 1
    published = 0
    markets = await outdated(tracker)
    job = replace(job, total=len(markets), done=0)
    for done, (market, since) in enumerate(markets.items(), 1):
        there = await tracker.publications.latest_days(market, range(since, yesterday + 1))
        days = sorted(there) or [yesterday]
        published += await publish_days(tracker, [market], days, again=True, covers=since)
        await tracker.jobs.save(replace(job, done=done, state="running"))
    return {"markets": len(markets), "published": published}


async def outdated(tracker: Tracker) -> dict[str, int]:
    """Markets with a fact on a closed day that has been quiet long enough, and since which day."""
    closed = await tracker.schedule_state.closed_until()
    if closed is None:
        return {}
    quiet = tracker.now() - tracker.settings.revision_quiet_s * 1000
    marks = await tracker.reader.marks(list(await tracker.reader.markets()))
    return {m: day for m, (day, at) in marks.items() if day <= closed and at <= quiet}


async def publish_days(
    tracker: Tracker,
    markets: Sequence[str],
    days: Sequence[int],
    *,
    again: bool = False,
    covers: int | None = None,
    seen: Callable[[int], Awaitable[None]] | None = None,
    turn: asyncio.Lock | None = None,
) -> int:
    """Publishes each of these days of each market whose content differs from its latest revision.

    With `again` only days that have a revision. `covers` says that no published day from then on
    is missing from `days`: outdated marks of these markets are dropped as far as they were seen.
    `seen` is told of how many days of markets were looked at, part by part. Of callers with the
    same `turn` one computes at a time, while the others read and write.
    Returns how many revisions were published. Raises `Unavailable` where other workers, or damaged
    publication records (`tracker verify` names them), never let a market be.
    """
    published, first, turn = 0, dict[str, Look](), turn or asyncio.Lock()
    for part in _chunks(days, DAYS_PER_COMMIT):
        published += await _publish_part(tracker, markets, part, first, turn, again=again)
        if seen is not None:
            await seen(len(markets) * len(part))
    if covers is not None:
        settled = []
        for market, look in first.items():
            if look.marked_day is not None and look.marked_day >= covers:
                commit = Commit(Space(market))
                commit.settled(look.position)
                settled.append(commit)
        await tracker.committer.commit_many(settled)
    return published


async def _publish_part(
    tracker: Tracker,
    markets: Sequence[str],
    days: Sequence[int],
    first: dict[str, Look],
    turn: asyncio.Lock,
    *,
    again: bool,
) -> int:
    """Some days in one commit a market; `first` gets each market's first look."""
    pending, published = list(markets), 0
    fields = [HEAD, *(str(day) for day in days)]
    for _ in range(ATTEMPTS_MAX):
        looks = await tracker.looks.at(pending, min(days), max(days), fields)
        planned = []
        async with turn:
            for number, (market, look) in enumerate(zip(pending, looks, strict=True), 1):
                first.setdefault(market, look)
                commit, facts = _plan(tracker, market, look, days, again=again)
                if facts:
                    planned.append((market, commit, facts))
                if number % BREATH == 0:
                    await asyncio.sleep(0)
        outcomes = await tracker.committer.commit_many([commit for _, commit, _ in planned])
        pending, new = [], []
        for (market, _, facts), outcome in zip(planned, outcomes, strict=True):
            if isinstance(outcome, Stale):
                pending.append(market)  # another worker published first: look again
            elif isinstance(outcome, Done):
                published += len(facts)
                new.append((market, facts))
        await tracker.publications.feed_new(new)
        if not pending:
            return published
    raise busy()


def _plan(
    tracker: Tracker, market: str, look: Look, days: Sequence[int], *, again: bool
) -> tuple[Commit, list[Published]]:
    space, now = Space(market), tracker.now()
    commit, facts, records = Commit(space), list[Published](), look.published
    if look.grounds is None:
        return commit, facts
    for day in days:
        latest = read_latest(records, day)
        if not look.grounds.market.open_on(day) or (again and latest is None):
            continue
        if not look.grounds.paid.whole(day - WINDOW_DAYS + 1, day):
            continue
        body, kept_back = withhold(content(look.grounds, day, now))
        body = encoded(body)
        details = canonical(kept_back) if kept_back else b""
        digests = _digest(canonical(body)), _digest(details) if details else b""
        if latest is not None and (latest.content_digest, latest.details_digest) == digests:
            continue
        head = read_head(records)
        revision = 1 if latest is None else latest.revision + 1
        whole = publish(
            body,
            digest=digests[0],
            revision=revision,
            position=look.position,
            published_at=now,
            previous=GENESIS if head is None else head.digest.hex(),
        )
        fact = Published(
            now,
            now,
            "snapshots",
            day=day,
            revision=revision,
            position=look.position,
            ordinal=1 if head is None else head.ordinal + 1,
            content_digest=digests[0],
            digest=bytes.fromhex(whole["digest"].removeprefix("sha256:")),
            details_digest=digests[1],
        )
        records = add_publication(commit, space, fact, canonical(whole), details, records)
        facts.append(fact)
    return commit, facts


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _chunks(days: Sequence[int], size: int) -> list[list[int]]:
    """The days in parts that each lie within so many days: what is read for a part is bounded."""
    parts: list[list[int]] = []
    for day in days:
        if parts and day - parts[-1][0] < size:
            parts[-1].append(day)
        else:
            parts.append([day])
    return parts
