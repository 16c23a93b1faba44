"""The views of one space as a whole: read at one position, and swapped for others in one step.

For `verify` and `rebuild` only. Nothing here trusts what it reads: a key of a wrong type, an entry
without its fields or a number that is none is handed on as it is, for it is what is looked for.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from msgspec import Struct, field
from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import ResponseError, WatchError

from tracker.domain.rows import EMPTY, ROW_BYTES
from tracker.store.keys import FEED, FEED_LAST, SERVICE, Space
from tracker.store.packing import Damaged, unpack
from tracker.store.reads import LEDGER_PAGE, SETS, pairs

FIELDS_MAX = 1_000
"""Fields a command of the swap: bounds one command to some hundred kB."""

BODIES_MAX = 100
"""Bodies a read: about 200 kB."""


class SpaceViews(Struct):
    """Every view of a space: documents, names, day lines (decimal), rows, sets, publications, and
    which approvals were asked for (decimal moments).
    """

    docs: dict[str, bytes] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    lines: dict[str, str] = field(default_factory=dict)
    rows: dict[str, bytes] = field(default_factory=dict)
    sets: dict[str, bytes] = field(default_factory=dict)
    published: dict[str, bytes] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)


class Stored(NamedTuple):
    """What the store holds of a space, at one position of its ledger.

    `position` is that of the last entry ever written, there or not. `wrong` names what could not
    be read (as the fields are called here) and why; it is empty here.
    """

    position: int
    views: SpaceViews
    bodies: frozenset[str]
    data_keys: frozenset[str]
    numbers: int
    wrong: dict[str, str]


class RawEntry(NamedTuple):
    """A ledger entry as it is stored; None where a field is missing."""

    position: int
    subject: str | None
    raw: bytes | None


class RawFeedEntry(NamedTuple):
    """A feed entry as it is stored: market, `<day>.<revision>`, when that was published (ms).

    Of a reported value: the service's name, the position in its ledger.
    """

    position: int
    market: str
    body: str
    published: str | None


class FeedState(NamedTuple):
    """The feed's last position, and the last number of each market that it says it took over."""

    position: int
    last: dict[str, str]
    wrong: dict[str, str]


class ViewStore:
    """Reads and swaps whole views."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client  # redis-py types replies as unions that say nothing
        self._sets: Any = AsyncScript(client, SETS)

    async def read(self, name: str) -> Stored:
        """Everything but the ledger's entries and the bodies themselves, in one atomic step."""
        space = Space(name)
        pipeline = self._client.pipeline(transaction=True)
        pipeline.xinfo_stream(space.ledger)
        for key in (space.docs, space.names, space.deltas, space.published):
            pipeline.hgetall(key)
        pipeline.hkeys(space.bodies)
        pipeline.hkeys(space.data_keys)
        pipeline.get(space.numbers)
        pipeline.get(space.rows)
        await self._sets(keys=[space.sets], client=pipeline)
        pipeline.hgetall(space.asked)
        labels = ["ledger", "docs", "names", "lines", "published", "bodies", "data_keys", "numbers"]
        labels += ["rows", "sets", "asked"]
        found, wrong = _sort(labels, await pipeline.execute(raise_on_error=False))
        views = SpaceViews(
            docs={_text(k): v for k, v in found.get("docs", {}).items()},
            names={_text(k): _text(v) for k, v in found.get("names", {}).items()},
            lines={_text(k): _text(v) for k, v in found.get("lines", {}).items()},
            rows=rows_of(found.get("rows") or b""),
            sets={_text(k): v.rstrip(b"\0") for k, v in pairs(found.get("sets", ()))},
            published={_text(k): v for k, v in found.get("published", {}).items()},
            asked={_text(k): _text(v) for k, v in found.get("asked", {}).items()},
        )
        return Stored(
            position=_last_position(found, wrong),
            views=views,
            bodies=frozenset(map(_text, found.get("bodies", ()))),
            data_keys=frozenset(map(_text, found.get("data_keys", ()))),
            numbers=_number(found.get("numbers"), wrong),
            wrong=wrong,
        )

    async def position(self, name: str) -> int:
        """The position of the last entry ever written, there or not."""
        reply = await _reply(self._client.xinfo_stream(Space(name).ledger))
        found, wrong = _sort(["ledger"], [reply])
        return _last_position(found, wrong)

    async def ledger(self, name: str, after: int, until: int) -> AsyncIterator[RawEntry]:
        """The entries after a position up to and with another, in order."""
        async for position, fields in self._stream(Space(name).ledger, after, until):
            subject = fields.get(b"n")
            yield RawEntry(position, None if subject is None else _text(subject), fields.get(b"e"))

    async def bodies(
        self, name: str, wanted: Sequence[str]
    ) -> AsyncIterator[tuple[str, bytes | None]]:
        """Published bodies by name; None where there is none, b'' where it does not unpack."""
        for start in range(0, len(wanted), BODIES_MAX):
            some = wanted[start : start + BODIES_MAX]
            for body, packed in zip(
                some, await self._client.hmget(Space(name).bodies, list(some)), strict=True
            ):
                yield body, None if packed is None else _unpacked(packed)

    async def swap(self, name: str, position: int, views: SpaceViews, numbers: int) -> bool:
        """Puts these views in the place of those that are there, in one atomic step.

        Only if the ledger's last entry is the one at `position`; else nothing is written and the
        answer is False. The counter of vendor numbers is raised to `numbers`, never lowered.
        """
        space = Space(name)
        async with self._client.pipeline(transaction=True) as step:
            await step.watch(space.ledger, space.numbers)
            labels = ["ledger", "numbers"]
            replies = [
                await _reply(step.xinfo_stream(space.ledger)),
                await _reply(step.get(space.numbers)),
            ]
            found, wrong = _sort(labels, replies)
            if _last_position(found, wrong) != position or "ledger" in wrong:
                return False
            step.multi()
            _put_hash(step, space.docs, views.docs)
            _put_hash(step, space.names, views.names)
            _put_hash(step, space.deltas, views.lines)
            _put_hash(step, space.published, views.published)
            step.delete(space.rows, space.gone)
            if views.rows:
                step.set(space.rows, row_bytes(views.rows))
            step.delete(space.sets)
            for set_, vendors in views.sets.items():
                step.sadd(space.sets, set_)
                step.set(space.set(set_), vendors)
            _put_hash(step, space.asked, views.asked)
            if _number(found.get("numbers"), wrong) < numbers or "numbers" in wrong:
                step.set(space.numbers, numbers)
            try:
                await step.execute()
            except WatchError:
                return False
        return True

    # ── the feed ─────────────────────────────────────────────────────────────────────────────

    async def feed_state(self) -> FeedState:
        """How far the feed is, at one moment."""
        pipeline = self._client.pipeline(transaction=True)
        pipeline.xinfo_stream(FEED)
        pipeline.hgetall(FEED_LAST)
        labels = ["ledger", "last"]
        found, wrong = _sort(labels, await pipeline.execute(raise_on_error=False))
        last = {_text(k): _text(v) for k, v in found.get("last", {}).items()}
        return FeedState(_last_position(found, wrong), last, wrong)

    async def feed(self, until: int) -> AsyncIterator[RawFeedEntry]:
        """The feed's entries up to a position, in order."""
        async for position, fields in self._stream(FEED, 0, until):
            at = fields.get(b"t")
            published = None if at is None else _text(at)
            if b"v" in fields:
                yield RawFeedEntry(position, SERVICE, _text(fields[b"v"]), published)
                continue
            market, body = fields.get(b"m", b""), fields.get(b"r", b"")
            yield RawFeedEntry(position, _text(market), _text(body), published)

    async def set_feed_last(self, market: str, seen: str | None, ordinal: int) -> None:
        """Corrects a market's last number in the feed, unless it is not `seen` any more."""
        async with self._client.pipeline(transaction=True) as step:
            while True:
                await step.watch(FEED_LAST)
                stored = await step.hget(FEED_LAST, market)
                if (None if stored is None else _text(stored)) != seen:
                    return
                step.multi()
                step.hset(FEED_LAST, market, ordinal)
                try:
                    await step.execute()
                except WatchError:
                    continue  # another market's number was written
                return

    async def _stream(
        self, key: str, after: int, until: int
    ) -> AsyncIterator[tuple[int, dict[bytes, bytes]]]:
        while after < until:
            page = await self._client.xrange(key, f"(0-{after}", f"0-{until}", count=LEDGER_PAGE)
            for id_, fields in page:
                after = int(id_.partition(b"-")[2])
                yield after, fields
            if len(page) < LEDGER_PAGE:
                return


def rows_of(raw: bytes) -> dict[str, bytes]:
    """The rows that say something, by vendor number; what is left over at the end counts too."""
    places = range(0, len(raw), ROW_BYTES)
    found = {str(place // ROW_BYTES): raw[place : place + ROW_BYTES] for place in places}
    return {number: row for number, row in found.items() if row != EMPTY}


def row_bytes(rows: Mapping[str, bytes]) -> bytes:
    """The rows side by side; the inverse of `rows_of`."""
    raw = bytearray((max(map(int, rows)) + 1) * ROW_BYTES)
    for number, row in rows.items():
        start = int(number) * ROW_BYTES
        raw[start : start + ROW_BYTES] = row
    return bytes(raw)


def _put_hash(step: Any, key: str, content: Mapping[str, str | bytes]) -> None:
    step.delete(key)
    items = iter(content.items())
    while some := dict(islice(items, FIELDS_MAX)):
        step.hset(key, mapping=some)


async def _reply(reading: Any) -> Any:
    try:
        return await reading
    except ResponseError as error:
        return error


def _sort(labels: Sequence[str], replies: Sequence[Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """What was read and what was not, by label. A stream that is not there is an empty one."""
    found, wrong = {}, {}
    for label, reply in zip(labels, replies, strict=True):
        if not isinstance(reply, Exception):
            found[label] = reply
        elif str(reply).startswith("WRONGTYPE"):
            wrong[label] = "a key of another type"
        elif "no such key" not in str(reply):
            raise reply
    return found, wrong


def _last_position(found: Mapping[str, Any], wrong: dict[str, str]) -> int:
    if "ledger" not in found:
        return 0
    time, _, position = _text(found["ledger"]["last-generated-id"]).partition("-")
    if time != "0":
        wrong["ledger"] = f"an entry with the foreign id {time}-{position}"
    return int(position)


def _number(raw: bytes | None, wrong: dict[str, str]) -> int:
    text = _text(raw or b"0")
    if text.isascii() and text.isdigit():
        return int(text)
    wrong["numbers"] = "no number"
    return 0


def _text(raw: bytes | str) -> str:
    return raw if isinstance(raw, str) else raw.decode(errors="backslashreplace")


def _unpacked(packed: bytes) -> bytes:
    try:
        return unpack(packed)
    except Damaged:
        return b""
