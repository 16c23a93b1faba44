"""Ways to damage one thing: in a view, which `rebuild` mends, or in a record, which it must not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec import json

from tests.integration.audit.world import DAY_1, DAY_2, FIRST, MARKET, SPACE, World
from tests.integration.registry import OPENED
from tracker.domain.bitmaps import members
from tracker.domain.codes import vendor_code
from tracker.domain.rows import ROW_BYTES, Row, pack, unpack
from tracker.domain.snapshot import canonical, sha256
from tracker.store import packing
from tracker.store.keys import FEED, FEED_LAST

Spoil = Callable[[World], Awaitable[tuple[str, ...]]]
"""Corrupts something; returns kind, subject, expected and found of the one difference."""


async def a_day_line(w: World) -> tuple[str, ...]:
    await w.client.hincrby(SPACE.deltas, f"{OPENED + 1}:+", 5)
    return "line", f"{DAY_2}:+", "4", "9"


async def a_day_line_missing(w: World) -> tuple[str, ...]:
    await w.client.hdel(SPACE.deltas, f"{OPENED}:r")
    return "line", f"{DAY_1}:r", "6", "none"


async def a_day_line_too_many(w: World) -> tuple[str, ...]:
    await w.client.hset(SPACE.deltas, f"{OPENED}:-fraud", "1")
    return "line", f"{DAY_1}:-fraud", "none", "1"


async def a_row_changed(w: World) -> tuple[str, ...]:
    number = await w.number(2)
    place = number * ROW_BYTES
    row = await w.client.getrange(SPACE.rows, place, place + ROW_BYTES - 1)
    changed = row[:2] + bytes([row[2] ^ 4]) + row[3:]
    await w.client.setrange(SPACE.rows, place, changed)
    return "row", await w.vendor(2), _row(row), _row(changed)


async def a_row_missing(w: World) -> tuple[str, ...]:
    place = await w.number(4) * ROW_BYTES
    row = await w.client.getrange(SPACE.rows, place, place + ROW_BYTES - 1)
    await w.client.setrange(SPACE.rows, place, bytes(ROW_BYTES))
    return "row", await w.vendor(4), _row(row), "none"


async def a_row_of_nobody(w: World) -> tuple[str, ...]:
    await w.client.setrange(SPACE.rows, 4_000 * ROW_BYTES, pack(Row(last=1)))
    return "row", vendor_code("CVT", 4_000), "none", "last=1"


async def a_set_too_many(w: World) -> tuple[str, ...]:
    await w.client.sadd(SPACE.sets, "zone:Khu X")
    await w.client.setbit(SPACE.set("zone:Khu X"), 4_000, 1)
    return "set", "zone:Khu X", "none", f"1 vendors with {vendor_code('CVT', 4_000)}"


async def a_vendor_in_no_set(w: World) -> tuple[str, ...]:
    number = await w.number(3)
    there = await w.client.bitcount(SPACE.set("roster"))
    await w.client.setbit(SPACE.set("roster"), number, 0)
    with_ = f" with {await w.vendor(3)}"
    return "set", "roster", f"{there} vendors{with_}", f"{there - 1} vendors"


async def a_set_not_in_the_index(w: World) -> tuple[str, ...]:
    set_ = "account:970418"
    count = await w.client.bitcount(SPACE.set(set_))
    await w.client.srem(SPACE.sets, set_)
    some = members(await w.client.get(SPACE.set(set_)))
    named = ", ".join(vendor_code("CVT", number) for number in some[:3])
    more = f" and {count - 3} more" if count > 3 else ""
    return "set", set_, f"{count} vendors with {named}{more}", "none"


async def a_set_without_its_bitmap(w: World) -> tuple[str, ...]:
    some = members(await w.client.get(SPACE.set("zone:Khu 0")))
    await w.client.delete(SPACE.set("zone:Khu 0"))
    named = ", ".join(vendor_code("CVT", number) for number in some[:3])
    more = f" and {len(some) - 3} more" if len(some) > 3 else ""
    return "set", "zone:Khu 0", f"{len(some)} vendors with {named}{more}", "0 vendors"


async def an_approval_too_many(w: World) -> tuple[str, ...]:
    await w.client.hset(SPACE.asked, f"{await w.number(3)}.4", "1")
    return "approval", f"{await w.vendor(3)}.e4", "none", "1"


def _row(raw: bytes) -> str:
    return " ".join(f"{name}={value}" for name, value in unpack(raw)._asdict().items() if value)


async def a_name_missing(w: World) -> tuple[str, ...]:
    holder = str(await w.number(3))
    await w.client.hdel(SPACE.names, "s:A03")
    return "name", "s:A03", holder, "none"


async def a_name_of_another(w: World) -> tuple[str, ...]:
    await w.client.hset(SPACE.names, "v::ref-5", "77")
    return "name", "v::ref-5", str(await w.number(5)), "77"


async def a_name_too_many(w: World) -> tuple[str, ...]:
    await w.client.hset(SPACE.names, "s:Z99", "1")
    return "name", "s:Z99", "none", "1"


async def a_document_missing(w: World) -> tuple[str, ...]:
    await w.client.hdel(SPACE.docs, str(await w.number(6)))
    return "document", await w.vendor(6), "*", "none"


async def a_document_changed(w: World) -> tuple[str, ...]:
    field = str(await w.number(6))
    raw = bytearray(await w.client.hget(SPACE.docs, field))
    raw[-2] ^= 1
    await w.client.hset(SPACE.docs, field, bytes(raw))
    return "document", await w.vendor(6), "*", "*"


async def a_document_cut(w: World) -> tuple[str, ...]:
    field = str(await w.number(6))
    await w.client.hset(SPACE.docs, field, b"?")
    found = f"1 bytes that are no document (sha256 {sha256(b'?')[7:19]})"
    return "document", await w.vendor(6), "*", found


async def a_document_too_many(w: World) -> tuple[str, ...]:
    await w.client.hset(SPACE.docs, "88", b"\xdd\0\0\0\0")
    return "document", vendor_code("CVT", 88), "none", "*"


async def the_markets_document(w: World) -> tuple[str, ...]:
    await w.client.hdel(SPACE.docs, "0")
    return "document", "market", "*", "none"


async def a_latest_revision(w: World) -> tuple[str, ...]:
    await w.client.hdel(SPACE.published, str(OPENED + 1))
    return "publication", DAY_2, "*", "none"


async def a_head(w: World) -> tuple[str, ...]:
    await w.client.hset(SPACE.published, "head", b"?")
    return "publication", "head", "*", "1 bytes that are no record"


async def a_number_in_the_chain(w: World) -> tuple[str, ...]:
    await w.client.hset(SPACE.published, "#2", FIRST)
    return "publication", "#2", "*", f"{DAY_1}.1"


async def the_counter(w: World) -> tuple[str, ...]:
    highest = max(map(int, await w.client.hkeys(SPACE.docs)))
    await w.client.set(SPACE.numbers, 3)
    return "counter", "vendor numbers", f"at least {highest}", "3"


async def the_counters_type(w: World) -> tuple[str, ...]:
    await w.client.set(SPACE.numbers, "many")
    return "counter", "vendor numbers", "what the service writes", "no number"


async def the_type_of_the_documents(w: World) -> tuple[str, ...]:
    await w.client.set(SPACE.docs, "no hash")
    return "document", "all", "what the service writes", "a key of another type"


async def the_type_of_the_rows(w: World) -> tuple[str, ...]:
    await w.client.delete(SPACE.rows)
    await w.client.rpush(SPACE.rows, 1)
    return "row", "all", "what the service writes", "a key of another type"


async def the_last_number_in_the_feed(w: World) -> tuple[str, ...]:
    await w.client.hdel(FEED_LAST, MARKET)
    return "feed_last", "number", "5", "none"


async def a_number_in_the_feed_too_high(w: World) -> tuple[str, ...]:
    await w.client.hset(FEED_LAST, MARKET, 9)
    return "feed_last", "number", "5", "9"


VIEWS = [
    *(a_day_line, a_day_line_missing, a_day_line_too_many),
    *(a_row_changed, a_row_missing, a_row_of_nobody, a_set_too_many),
    *(a_vendor_in_no_set, a_set_not_in_the_index, a_set_without_its_bitmap),
    an_approval_too_many,
    *(a_name_missing, a_name_of_another, a_name_too_many),
    *(a_document_missing, a_document_changed, a_document_cut, a_document_too_many),
    the_markets_document,
    *(a_latest_revision, a_head, a_number_in_the_chain),
    *(the_counter, the_counters_type, the_type_of_the_documents, the_type_of_the_rows),
    *(the_last_number_in_the_feed, a_number_in_the_feed_too_high),
]


async def a_body_missing(w: World) -> tuple[str, ...]:
    await w.client.hdel(SPACE.bodies, FIRST)
    return "body", f"{DAY_1}.1", "a body", "none"


async def a_body_that_is_none(w: World) -> tuple[str, ...]:
    await w.client.hset(SPACE.bodies, FIRST, b"not packed")
    return "body", f"{DAY_1}.1", "a body", "bytes that are none"


async def a_figure_in_a_body(w: World) -> tuple[str, ...]:
    body = json.decode(packing.unpack(await w.client.hget(SPACE.bodies, FIRST)))
    body["figures"]["attached"]["count"] += 1
    await w.client.hset(SPACE.bodies, FIRST, packing.pack(canonical(body)))
    return "body", f"{DAY_1}.1", "its digest to hold", "another content"


async def a_body_too_many(w: World) -> tuple[str, ...]:
    await w.client.hset(SPACE.bodies, "1.1", b"")
    return "body", "1.1", "none", "a body that no ledger entry names"


async def a_data_key(w: World) -> tuple[str, ...]:
    await w.client.hdel(SPACE.data_keys, str(await w.number(4)))
    return "data_key", await w.vendor(4), "a data key", "none: it was lost"


async def a_feed_entry_twice(w: World) -> tuple[str, ...]:
    await w.client.xadd(FEED, {"m": MARKET, "r": FIRST}, id="0-*")
    return "feed", f"{DAY_1}.1", "once", "2 times"


async def a_feed_entry_missing(w: World) -> tuple[str, ...]:
    entries = await w.client.xrange(FEED)
    mine = [id_ for id_, fields in entries if fields[b"m"].decode() == MARKET]
    await w.client.xdel(FEED, mine[1])
    return "feed", f"{DAY_2}.1", "once", "not there"


async def a_moment_in_the_feed(w: World) -> tuple[str, ...]:
    id_, fields = (await w.client.xrange(FEED, count=1))[0]
    rest = await w.client.xrange(FEED)
    await w.client.delete(FEED)
    await w.client.xadd(FEED, {**fields, b"t": b"7"}, id=id_)
    for other, unchanged in rest[1:]:
        await w.client.xadd(FEED, unchanged, id=other)
    return "feed", f"moment of {DAY_1}.1", fields[b"t"].decode(), "7"


async def a_feed_entry_of_nothing(w: World) -> tuple[str, ...]:
    await w.client.xadd(FEED, {"m": MARKET, "r": "7.7"}, id="0-*")
    return "feed", "1970-01-08.7", "none", "1 times"


RECORDS = [
    *(a_body_missing, a_body_that_is_none, a_figure_in_a_body, a_body_too_many, a_data_key),
    *(a_feed_entry_twice, a_feed_entry_missing, a_feed_entry_of_nothing, a_moment_in_the_feed),
]
