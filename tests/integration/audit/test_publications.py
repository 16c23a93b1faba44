"""Publication entries against each other and their bodies, and what the bodies withhold."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from msgspec import json
from msgspec.structs import replace

from tests.integration.audit.test_seals import rewrite
from tests.integration.audit.world import MARKET, SPACE, World
from tests.integration.conftest import Run
from tracker.domain.days import moment_text
from tracker.domain.facts import Published, decode_fact, encode
from tracker.domain.snapshot import canonical, sha256
from tracker.store.packing import pack, unpack
from tracker.store.publications import body_name

DETAILS = {"zones": [{"key": "Khu 0", "registered": 3}]}


async def publications(world: World) -> dict[int, Published]:
    """Every publication of the market, by its position in the ledger."""
    found = {}
    for id_, fields in await world.client.xrange(SPACE.ledger):
        if isinstance(fact := decode_fact(fields[b"e"]), Published):
            found[int(id_.partition(b"-")[2])] = fact
    return found


async def change(world: World, n: int, **changes: Any) -> tuple[int, Published]:
    """Changes the n-th publication entry of the market; its position and what it was."""
    position, fact = list((await publications(world)).items())[n]
    changed = encode(replace(fact, **changes))
    await rewrite(world, position, lambda fields: {**fields, b"e": changed})
    return position, fact


async def found(world: World, *kinds: str) -> list[tuple[str, str, str]]:
    """Subject, expected and found of the differences of these kinds."""
    differences = [d for d in await world.verify() if d.kind in kinds]
    assert all(d.space == MARKET and "\n" not in d.text() for d in differences)
    return [(d.subject, d.expected, d.found) for d in differences]


class TestAnEntry:
    @pytest.mark.parametrize(
        ("changes", "expected", "is_"),
        [
            ({"ordinal": 9}, "number 2 in the chain", "number 9 in the chain"),
            ({"revision": 4}, "revision 1 of the day", "revision 4 of the day"),
            ({"position": 4_000}, "made at an entry before {}", "made at entry 4000"),
            ({"digest": b"?"}, "digest of 32 bytes", "digest of 1 bytes"),
            ({"content_digest": b""}, "content_digest of 32 bytes", "content_digest of 0 bytes"),
            ({"details_digest": b"?"}, "details_digest of 32 bytes", "details_digest of 1 bytes"),
        ],
        ids=lambda x: next(iter(x)) if isinstance(x, dict) else "",
    )
    def test_that_does_not_follow_the_others_is_named(
        self, run: Run, world: World, changes: dict[str, Any], expected: str, is_: str
    ) -> None:
        position, _ = run(change(world, 1, **changes))
        first, *_ = run(found(world, "ledger"))
        assert first[0].startswith(f"{position} (publication 2023-")
        assert first[1:] == (expected.format(position), is_)
        assert MARKET in [r.space for r in run(world.rebuild()) if r.refused]

    def test_of_a_day_or_moment_that_no_calendar_has_is_named(self, run: Run, world: World) -> None:
        for changes in ({"day": 2**60}, {"at": 2**62}, {"day": -(2**60)}):
            _, before = run(change(world, 1, **changes))
            assert run(found(world, "body"))
            run(change(world, 1, day=before.day, at=before.at))
        assert run(world.verify()) == []

    @pytest.mark.parametrize("field", ["position", "at"])
    def test_whose_body_says_something_else_is_named(
        self, run: Run, world: World, field: str
    ) -> None:
        _, fact = run(change(world, 2, **{field: 1}))
        ((_, expected, is_),) = run(found(world, "body"))
        told = {"position": ("ledger_position 1", str(fact.position))}
        told["at"] = (f"published_at {moment_text(1)}", moment_text(fact.at))
        assert (expected, is_) == told[field]


class TestABody:
    @pytest.mark.parametrize(
        ("field", "value"), [("market", "cho-khac"), ("date", "2023-05-09"), ("revision", 8)]
    )
    def test_of_something_else_is_named_even_where_its_digests_fit(
        self, run: Run, world: World, field: str, value: Any
    ) -> None:
        """As if somebody had made body and entry anew, but not of this market's day."""
        fact = list(run(publications(world)).values())[-1]
        body = json.decode(unpack(run(world.client.hget(SPACE.bodies, body_name(fact)))))
        body[field] = value
        self.put(run, world, fact, body)
        assert [expected.split()[0] for _, expected, _ in run(found(world, "body"))] == [field]

    def test_whose_content_digest_is_of_another_content_is_named(
        self, run: Run, world: World
    ) -> None:
        fact = list(run(publications(world)).values())[-1]
        body = json.decode(unpack(run(world.client.hget(SPACE.bodies, body_name(fact)))))
        body["figures"]["attached"]["count"] += 1
        self.put(run, world, fact, body, content=False)
        ((_, expected, _),) = run(found(world, "body"))
        assert expected == "its content_digest to hold"

    def put(
        self, run: Run, world: World, fact: Published, body: dict[str, Any], content: bool = True
    ) -> None:
        """Stores a changed body whose digests hold, and an entry that says the same."""
        outside = ("revision", "published_at", "ledger_position", "previous_digest")
        inside = {k: v for k, v in body.items() if not k.endswith("digest") and k not in outside}
        if content:
            body["content_digest"] = sha256(canonical(inside))
        del body["digest"]
        body["digest"] = sha256(canonical(body))
        digests = {k: bytes.fromhex(body[k][7:]) for k in ("digest", "content_digest")}
        run(change(world, -1, **digests))
        packed = pack(canonical(body))
        run(world.client.hset(SPACE.bodies, body_name(fact), packed))


class TestWhatABodyWithholds:
    @pytest.fixture
    def name(self, run: Run, world: World) -> str:
        """The field of the details that were put beside the market's second publication."""
        digest = hashlib.sha256(canonical(DETAILS)).digest()
        _, fact = run(change(world, 1, details_digest=digest))
        name = f"{body_name(fact)}d"
        run(world.client.hset(SPACE.bodies, name, pack(canonical(DETAILS))))
        assert run(found(world, "body", "ledger")) == []
        return name

    def test_is_missing(self, run: Run, world: World, name: str) -> None:
        run(world.client.hdel(SPACE.bodies, name))
        assert [x[1:] for x in run(found(world, "body"))] == [("what the body withholds", "none")]

    def test_is_none(self, run: Run, world: World, name: str) -> None:
        for raw in (b"?", pack(b"{")):
            run(world.client.hset(SPACE.bodies, name, raw))
            ((subject, _, is_),) = run(found(world, "body"))
            assert subject.endswith(" details")
            assert is_ == "bytes that are none"

    def test_is_something_else(self, run: Run, world: World, name: str) -> None:
        run(world.client.hset(SPACE.bodies, name, pack(canonical({"zones": []}))))
        ((_, expected, is_),) = run(found(world, "body"))
        assert expected == f"digest {sha256(canonical(DETAILS))}"
        assert is_ == sha256(canonical({"zones": []}))

    def test_is_there_though_the_entry_says_nothing_is(
        self, run: Run, world: World, name: str
    ) -> None:
        run(change(world, 1, details_digest=b""))
        assert run(found(world, "body")) == [(name, "none", "a body that no ledger entry names")]
