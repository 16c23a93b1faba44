"""Nothing personal in clear at rest: the sample is imported, and everything stored is searched."""

from __future__ import annotations

import asyncio
import io
import json
import unicodedata
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote, quote_plus

import pytest

from tests.integration.conftest import Run
from tests.integration.registry import ADMIN, Clock, tracker_on
from tracker import sample
from tracker.domain.days import start_of
from tracker.services import imports, markets, sheets, snapshots, vendors
from tracker.services.context import Once, Tracker
from tracker.services.vendors import NewAccount, NewVendor
from tracker.store.client import connect
from tracker.store.embedded import EmbeddedServer
from tracker.tables.reading import read_bank, read_roster

T = TypeVar("T")
OPENED, CLOSED, TODAY = 19_358, 19_508, 19_600  # 2023-01-01, 2023-05-31, 2023-08-31
APART = ("Đoàn Thị Ngọc Ánh", "0912987654", "00710004242421")
"""Name, phone and account of one more, registered by a request."""

BYTES_MIN = 6
"""Shorter texts are found in random bytes by chance."""


class Found(NamedTuple):
    """Where a text stands in clear."""

    where: str
    text: str


class Searched(NamedTuple):
    """The sample's personal texts and a store that it was imported into, with its event loop."""

    texts: list[str]
    data_dir: Path
    client: Any
    run: Run

    def anywhere(self, texts: Iterable[str]) -> list[Found]:
        """Every text that stands in clear in a file or a value."""
        places = [*files_of(self.data_dir), *self.run(values_of(self.client))]
        return search(places, texts)


def folded(text: str) -> str:
    """Without marks, as on payment payloads; made here, so that the search owes nothing to it."""
    plain = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(c for c in plain if not unicodedata.combining(c))


def needles(texts: Iterable[str]) -> set[bytes]:
    """Each text as it could be stored or logged.

    Composed, decomposed, folded, in capitals, in UTF-16; in addresses (%C3%A1, %20 or +), and
    escaped (\\u00e1, \\xe1) as in JSON and Python's own quotes.
    """
    forms: set[bytes] = set()
    for text in texts:
        written = {text, unicodedata.normalize("NFD", text), folded(text)}
        written |= {form.upper() for form in written} | {form.lower() for form in written}
        forms |= {form.encode() for form in written}
        forms |= {quote(form).encode() for form in written}
        forms |= {quote_plus(form).encode() for form in written}
        forms |= {json.dumps(form)[1:-1].encode() for form in written}
        forms |= {ascii(form)[1:-1].encode() for form in written}
        forms |= {text.encode("utf-16-le"), text.encode("utf-16-be")}
    return {form for form in forms if len(form) >= BYTES_MIN}


def search(places: Iterable[tuple[str, bytes]], texts: Iterable[str]) -> list[Found]:
    """Every form of a text that stands in one of the places."""
    forms = needles(texts)
    if len(forms) < 100:
        hits = ((where, form) for where, content in places for form in forms if form in content)
        return [Found(where, form.decode(errors="replace")) for where, form in hits]
    wanted: dict[bytes, list[bytes]] = {}
    for form in forms:
        wanted.setdefault(form[:BYTES_MIN], []).append(form)
    return [
        Found(where, form.decode(errors="replace"))
        for where, content in places
        for at in range(len(content) - BYTES_MIN + 1)
        for form in wanted.get(content[at : at + BYTES_MIN], ())
        if content.startswith(form, at)
    ]


def files_of(data_dir: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of the store's directory."""
    for path in sorted(data_dir.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(data_dir)), path.read_bytes()


async def values_of(client: Any) -> list[tuple[str, bytes]]:
    """Every key, field and value of the store, as it is and unpacked; one place a key."""
    places = []
    async for key in client.scan_iter(count=1_000):
        match await client.type(key):
            case b"string":
                parts = [await client.get(key)]
            case b"hash":
                parts = [part for pair in (await client.hgetall(key)).items() for part in pair]
            case b"stream":
                entries = await client.xrange(key)
                parts = [part for _, f in entries for pair in f.items() for part in pair]
            case b"set":
                parts = list(await client.smembers(key))
            case b"zset":
                parts = await client.zrange(key, 0, -1)
            case b"list":
                parts = await client.lrange(key, 0, -1)
            case other:
                raise AssertionError(f"keys of type {other!r} are not searched")
        parts += [unpacked(part) for part in parts]
        places.append((key.decode(errors="replace"), b"\0".join([key, *parts])))
    return places


def unpacked(part: bytes) -> bytes:
    """What is inside where it is compressed."""
    try:
        return zlib.decompress(part)
    except zlib.error:
        return b""


async def rewrite(client: Any) -> None:
    """Has the log written anew; the new base is not compressed, so that it can be searched."""
    await client.config_set("rdbcompression", "no")
    await client.bgrewriteaof()
    while True:
        state = await client.info("persistence")
        if not state["aof_rewrite_in_progress"] and not state["aof_rewrite_scheduled"]:
            assert state["aof_last_bgrewrite_status"] == "ok"
            return


def personal_texts() -> list[str]:
    """Names, phones and account numbers of the sample, as they were read from the files."""
    texts = set(APART)
    for file in sample.roster_files().values():
        for row in read_roster(io.BytesIO(file.read_bytes())):
            texts |= {row.name, row.phone}
            if row.phone:
                texts |= spellings(row.phone)
    for file in sample.bank_files().values():
        for line in read_bank(io.BytesIO(file.read_bytes())):
            texts |= {line.holder, line.account}
    # A total line's "name" says what it is and is nobody's.
    return sorted(t for t in texts if len(t) >= 5 and "cộng" not in t.lower())


def spellings(phone: str) -> set[str]:
    """A phone number (0 and digits) as people and systems write it."""
    home, rest = phone, phone[1:]
    grouped = {mark.join((home[:4], home[4:7], home[7:])) for mark in (" ", ".", "-")}
    abroad = {f"+84 {rest[:3]} {rest[3:6]} {rest[6:]}", f"+84{rest}", f"84{rest}", f"0084{rest}"}
    return {home, rest} | grouped | abroad


async def chunks_of(file: Traversable) -> AsyncIterator[bytes]:
    yield file.read_bytes()


async def import_sample(tracker: Tracker) -> None:
    """The sample's files, a registration whose answer is kept, a published day, and a sheet."""
    wanted = sample.expected()
    for id_, market in wanted.markets.items():
        new = markets.NewMarket(id_, market.name, market.prefix, None, OPENED)
        await markets.create(tracker, ADMIN, new)
    files: list[tuple[str, str | None, Traversable]] = [
        *(("roster", id_, file) for id_, file in sample.roster_files().items()),
        *(("attachments", None, file) for file in sample.bank_files().values()),
    ]
    for kind, market_id, file in files:
        job = await imports.accept(
            tracker,
            ADMIN,
            kind=kind,
            market=market_id,
            effective_on=OPENED,
            dry_run=False,
            chunks=chunks_of(file),
            key=f"import {file.name}",
        )
        await imports.run(tracker, job)
    once = Once("answered", lambda made: tracker.keyring.seal_answer(b"", repr(made).encode()))
    account = NewAccount("970436", APART[2], holder=APART[0].upper())
    apart = NewVendor(stall="Z99", name=APART[0], phone=APART[1], account=account, issue_code=True)
    await vendors.register(tracker, ADMIN, "cho-vung-tau", apart, once)
    await snapshots.publish_days(tracker, list(wanted.markets), [CLOSED])
    sheet = await sheets.accept(tracker, ADMIN, market="cho-vung-tau", key="sheet")
    await sheets.run(tracker, sheet)


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searched]:
    """The sample in a store of its own: what other tests write is not in its files."""
    data_dir = tmp_path_factory.mktemp("privacy") / "data"

    async def whole(work: Awaitable[T]) -> T:
        return await work

    with EmbeddedServer(data_dir) as server, asyncio.Runner() as runner:
        client = connect(server.url())
        clock = Clock()
        clock.ms = start_of(TODAY)
        runner.run(import_sample(tracker_on(client, clock)))
        yield Searched(personal_texts(), data_dir, client, lambda work: runner.run(whole(work)))
        runner.run(client.aclose())


def test_the_sample_is_there(searched: Searched) -> None:
    """What is searched holds the import, and what is searched for are the sample's people."""
    figures = sum(market.vendors for market in sample.expected().markets.values())
    keys = searched.run(searched.client.hgetall("{m:cho-vung-tau}:datakeys"))
    assert len(keys) == sample.expected().markets["cho-vung-tau"].vendors + 1
    assert len(searched.texts) > figures
    files = dict(files_of(searched.data_dir))
    assert any(name.endswith(".aof") and b"XADD" in content for name, content in files.items())
    assert any("B12" in text for text in map(repr, searched.run(values_of(searched.client))))


def test_few_and_many_texts_are_searched_alike() -> None:
    """For many another way is taken; both find what there is, and at its very end too."""
    few, places = ["Đặng Thị Hoa", "0903123456"], [("here", "x Đặng Thị Hoa 0903123456".encode())]
    many = [*few, *(f"nobody {n}" for n in range(200))]
    assert len(needles(few)) < 100 < len(needles(many))
    assert sorted(search(places, few)) == sorted(search(places, many))
    assert {found.text for found in search(places, many)} == set(few)


def test_nothing_personal_is_in_the_log_or_in_a_value(searched: Searched) -> None:
    assert searched.anywhere(searched.texts) == []


def test_nothing_personal_is_in_the_log_written_anew(searched: Searched) -> None:
    searched.run(rewrite(searched.client))
    assert any(name.endswith(".base.rdb") for name, _ in files_of(searched.data_dir))
    assert searched.anywhere(searched.texts) == []


PLANTS: dict[str, Callable[[Any, bytes], Awaitable[Any]]] = {
    "a string": lambda client, text: client.set("planted", text),
    "a name of a key": lambda client, text: client.set(b"planted:" + text, 1),
    "a field of a small hash": lambda client, text: client.hset("planted", text, 1),
    "within a value of a hash": lambda client, text: client.hset("planted", "f", b"\x93" + text),
    "an entry of a stream": lambda client, text: client.xadd("planted", {"e": text * 3}),
    "a compressed value": lambda client, text: client.set("planted", zlib.compress(text)),
}


FORMS: dict[str, Callable[[str], str]] = {
    "NFC": str,
    "NFD": lambda name: unicodedata.normalize("NFD", name),
    "folded": folded,
    "capitals": lambda name: folded(name).upper(),
    "in an address": quote,
    "in a form": quote_plus,
    "in JSON": lambda name: json.dumps(name)[1:-1],
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("plant", PLANTS)
def test_what_is_planted_is_found(searched: Searched, plant: str, form: str) -> None:
    """The search can fail: in the log as it was written, and in the values."""
    name = f"Đặng Thị Hồng Gấm, {plant}, {form}"  # each its own: the log keeps them all
    text, client = FORMS[form](name), searched.client
    searched.run(PLANTS[plant](client, text.encode()))
    found = {found.where for found in searched.anywhere([name]) if found.text == text}
    searched.run(client.delete("planted", b"planted:" + text.encode()))
    assert any(where.startswith("planted") for where in found)
    if plant != "a compressed value":
        assert any(where.endswith(".aof") for where in found)


@pytest.mark.parametrize("number", ["0903123456", "00712345678901"])
def test_a_planted_number_is_found_after_a_rewrite(searched: Searched, number: str) -> None:
    client = searched.client
    searched.run(client.hset("planted", "phone", f"x{number}y"))
    searched.run(rewrite(client))
    found = {found.where for found in searched.anywhere([number])}
    searched.run(client.delete("planted"))
    assert any(where.endswith(".base.rdb") for where in found)
    assert "planted" in found
