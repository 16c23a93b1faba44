"""The doctor's look at what runs beside the service: workers, the schedule, jobs, derived work."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from tracker.domain.days import DAY_MS, day_date, moment_of, start_of
from tracker.domain.facts import decode_fact
from tracker.services import job_list, keys, seals
from tracker.services.context import Tracker
from tracker.services.doctor import Finding, error, note, warning
from tracker.services.readiness import TICK_LATE_S
from tracker.services.readings import due_until, read_jobs, read_markets
from tracker.store.keys import SERVICE
from tracker.store.seals import read_newest

HOUR_S: Final = 3_600
JOB_WAITS_S: Final = 600
FEED_LATE_S: Final = 300
BACKLOG_ENTRIES: Final = 10_000
EXPIRES_SOON_MS: Final = 14 * DAY_MS
EXPIRED_TOLD_MS: Final = 30 * DAY_MS
SEAL_LATE_MS: Final = 600_000
FAILED_WITHIN_MS: Final = DAY_MS
NAMED_MAX: Final = 5
SPACES_A_LOOK: Final = 500

START: Final = "Start it: `tracker up`, or the process of its own; then see its log."


async def look_at_workers(tracker: Tracker) -> list[Finding]:
    """The queue, a worker for each of its parts, the schedule."""
    found = []
    if tracker.queue is not None:
        alive = await tracker.queue.workers()
        for queue, count in alive.items():
            if not count:
                says = f"No worker of the queue {queue} lives: its jobs wait."
                found.append(error("NO_WORKER", says, START))
    beat = await tracker.beats.last_tick()
    late_s = 0 if beat is None else (tracker.now() - beat.at) // 1000
    if beat is None or late_s > TICK_LATE_S:
        when = "never" if beat is None else f"{late_s} seconds ago"
        says = f"The schedule last looked at the clock {when}: no day is closed, nothing is sealed."
        found.append(error("SCHEDULE_LATE", says, START))
    elif not beat.whole:
        says = "A part of the schedule fails each time; the others go on."
        found.append(error("SCHEDULE_FAILS", says, "The schedule's log names the part."))
    return found


async def look_at_jobs(tracker: Tracker) -> list[Finding]:
    """Jobs that wait for long, that fail again and again, and that were given up lately."""
    now, found = tracker.now(), list[Finding]()
    open_ = (await read_jobs(tracker.client, now)).open
    for queue, waiting in open_.items():
        if waiting.oldest_s > JOB_WAITS_S:
            minutes = waiting.oldest_s // 60
            says = (
                f"{waiting.count} jobs of {queue} are open, the oldest for {minutes:.0f} minutes."
            )
            found.append(warning("JOBS_WAIT", says, "See whether its worker is busy or away."))
    stuck = [job.id for job in await job_list.open_jobs(tracker) if job.attempts > 1]
    given_up = [
        job.id
        for job in await job_list.failed(tracker)
        if job.problem is not None
        and job.problem.code == "INTERNAL"
        and now - job.created < FAILED_WITHIN_MS
    ]
    if stuck:
        says = f"{len(stuck)} jobs failed and are tried again: {_some(stuck)}."
        found.append(warning("JOBS_FAILING", says, "The worker's log has the places."))
    if given_up:
        says = f"{len(given_up)} jobs of the last day were given up: {_some(given_up)}."
        do = "The worker's log has the places; send the file again once that is mended."
        found.append(error("JOBS_GIVEN_UP", says, do))
    return found


async def look_at_markets(tracker: Tracker) -> list[Finding]:
    """Days not closed, figures overtaken, publications that the feed lacks."""
    now, settings = tracker.now(), tracker.settings
    state, found = await read_markets(tracker.client, settings, now), list[Finding]()
    if state.unclosed:
        kind = error if state.unclosed > 1 else warning
        says = f"{state.unclosed} days are over and not closed."
        do = "See whether the schedule and the worker of snapshots live; they catch up alone."
        found.append(kind("DAYS_UNCLOSED", says, do))
    elif state.unclosed == 0:
        found += await _unpublished(tracker, due_until(settings, now))
    if state.outdated.oldest_s > settings.revision_quiet_s + HOUR_S:
        says = f"The figures of {state.outdated.count} markets are overtaken since over an hour."
        do = "See whether the worker of snapshots lives; late facts are published by it."
        found.append(warning("FIGURES_OUTDATED", says, do))
    if state.unfed.oldest_s > FEED_LATE_S:
        says = f"The feed lacks publications of {state.unfed.count} markets since over 5 minutes."
        do = "See whether the schedule lives: it completes the feed."
        found.append(error("FEED_BEHIND", says, do))
    return found


async def _unpublished(tracker: Tracker, day: int) -> list[Finding]:
    """Markets that were open and known on a closed day and have no figures for it.

    A market that was made later has none of that day until somebody asks for them.
    """
    markets = list(await tracker.reader.markets())
    there = await tracker.publications.latest_of(markets, day)
    missing = [market for market in markets if market not in there]
    states = await tracker.reader.some_markets(missing) if missing else []
    lacking = []
    for market in [market.id for market in states if market.open_on(day)]:
        facts = await tracker.reader.market_facts(market)
        if facts[0].recorded < start_of(day + 1):
            lacking.append(market)
    if not lacking:
        return []
    says = f"{len(lacking)} markets have no figures for {day_date(day)}: {_some(lacking)}."
    do = f"tracker snapshot --from {day_date(day)}"
    return [warning("DAY_UNPUBLISHED", says, do)]


async def look_at_derived(tracker: Tracker) -> list[Finding]:
    """Erasures, seals and findings: what the schedule still has to do."""
    now, found = tracker.now(), list[Finding]()
    markets = list(await tracker.reader.markets())
    waiting = await tracker.erasures.waiting(markets)
    late = [one for one in waiting if now - one.at > HOUR_S * 1000]
    if late:
        says = f"{len(late)} erasures of over an hour ago are not done everywhere."
        do = "See the schedule's log; mostly the store cannot write its log anew (disk)."
        found.append(error("ERASURES_WAIT", says, do))
    behind = sum(last - done for done, last in (await tracker.examined.behind(markets)).values())
    if behind > BACKLOG_ENTRIES:
        says = f"{behind} entries were not yet looked at for shared accounts and references."
        do = "After a large import that takes minutes; else see the schedule's log."
        found.append(warning("FINDINGS_BEHIND", says, do))
    return found + await _seals(tracker, [SERVICE, *markets])


async def _seals(tracker: Tracker, spaces: list[str]) -> list[Finding]:
    """Ledgers that cannot be sealed, and entries that wait for their seal for too long."""
    damaged, waiting = [], []
    for start in range(0, len(spaces), SPACES_A_LOOK):
        for one in await tracker.seals.look(spaces[start : start + SPACES_A_LOOK]):
            newest = None if one.newest is None else read_newest(one.newest)
            sealed = newest.last if newest else 0
            if one.wrong or (one.newest is not None and newest is None) or sealed > one.position:
                damaged.append(one.space)
            elif sealed < one.position:
                waiting.append((one.space, sealed + 1))
    facts = await tracker.seals.facts(waiting)
    until = tracker.now() - seals.WAIT_MAX_MS - SEAL_LATE_MS
    late = [
        space
        for (space, _), raw in zip(waiting, facts, strict=True)
        if raw is None or decode_fact(raw).recorded < until
    ]
    found = []
    if damaged:
        says = f"{len(damaged)} ledgers are not sealed any further: {_some(damaged)}."
        do = "Run `tracker verify`; it names what is damaged."
        found.append(error("SEALS_DAMAGED", says, do))
    if late:
        says = (
            f"Entries of {len(late)} ledgers wait for their seal for over an hour: {_some(late)}."
        )
        found.append(warning("SEALS_LATE", says, "See whether the schedule lives, and its log."))
    return found


async def look_at_keys(tracker: Tracker) -> list[Finding]:
    """Keys that end soon, and those that ended and were not replaced."""
    now, soon, ended = tracker.now(), list[str](), list[str]()
    for key in await keys.listed(tracker):
        if key.expires_at is None or key.revoked_at is not None:
            continue
        left_ms = moment_of(datetime.fromisoformat(key.expires_at)) - now
        if 0 < left_ms <= EXPIRES_SOON_MS:
            soon.append(key.id)
        elif -EXPIRED_TOLD_MS < left_ms <= 0:
            ended.append(key.id)
    found = []
    if soon:
        says = f"{len(soon)} keys end within two weeks: {_some(soon)}."
        do = "Make their holders new ones: `tracker keys create`, then revoke the old ones."
        found.append(warning("KEYS_EXPIRE", says, do))
    if ended:
        says = f"{len(ended)} keys ended within the last month: {_some(ended)}."
        found.append(note("KEYS_ENDED", says, "Revoke them if their holders have new ones."))
    return found


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED_MAX} more" if len(names) > NAMED_MAX else ""
    return ", ".join(sorted(names)[:NAMED_MAX]) + more
