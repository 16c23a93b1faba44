"""A damaged ledger is named, and its market's views are left alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.audit.world import MARKET, SPACE, World, short
from tests.integration.conftest import Run
from tests.integration.registry import dump
from tracker.services.audit import Difference


class TestALedger:
    """With a gap the ledger is not the truth any more; the documents are the last copy."""

    def test_that_lost_an_entry(self, run: Run, world: World) -> None:
        entries = run(world.client.xrange(SPACE.ledger))
        vendor = run(world.vendor(4))
        hung = [id_ for id_, f in entries if f[b"n"].decode() == str(run(world.number(4)))][3]
        run(world.client.xdel(SPACE.ledger, hung))
        found = run(world.verify())
        position = hung.decode().partition("-")[2]
        expected = (MARKET, "ledger", position, "an entry at each position", "none")
        assert (found[0].space, *short(found[:1])[0]) == expected
        assert ("document", vendor) in {(d.kind, d.subject) for d in found}
        self.is_left_alone(run, world, found)

    def test_that_lost_its_end(self, run: Run, world: World) -> None:
        last = run(world.tracker.reader.position(MARKET))
        run(world.client.xdel(SPACE.ledger, f"0-{last}", f"0-{last - 1}"))
        found = run(world.verify())
        assert (found[0].kind, found[0].subject) == ("ledger", f"{last - 1} to {last}")
        self.is_left_alone(run, world, found)

    def test_that_lost_its_beginning(self, run: Run, world: World) -> None:
        run(world.client.xtrim(SPACE.ledger, minid="0-3", approximate=False))
        found = run(world.verify())
        assert (found[0].kind, found[0].subject) == ("ledger", "1 to 2")
        self.is_left_alone(run, world, found)

    def test_that_is_gone(self, run: Run, world: World) -> None:
        run(world.client.delete(SPACE.ledger))
        found = run(world.verify())
        assert (found[0].kind, found[0].subject) == ("ledger", "entries")
        self.is_left_alone(run, world, found)

    def test_that_is_of_another_type(self, run: Run, world: World) -> None:
        run(world.client.set(SPACE.ledger, "no stream"))
        found = run(world.verify())
        assert any(d.kind == "ledger" and "another type" in d.found for d in found)
        self.is_left_alone(run, world, found)

    @pytest.mark.parametrize(
        "fields",
        [
            {"n": "1", "e": b"\x93no fact"},
            {"n": "0", "e": b"\x94\x01\x00\x00\xa0"},
            {"n": "who", "e": b"\x94\x04\x00\x00\xa0"},
            {"n": b"\xff", "e": b""},
            {"e": b""},
            {"n": "1"},
        ],
        ids=["no fact", "fact of a vendor", "nobody", "no text", "no subject", "no bytes"],
    )
    def test_with_an_entry_that_is_none(
        self, run: Run, world: World, fields: dict[str, Any]
    ) -> None:
        id_ = run(world.client.xadd(SPACE.ledger, fields, id="0-*"))
        found = run(world.verify())
        position = id_.decode().partition("-")[2]
        assert short(found) == [("ledger", position, "a fact", "an entry that is none")]
        self.is_left_alone(run, world, found)

    def test_with_a_foreign_id(self, run: Run, world: World) -> None:
        run(world.client.xadd(SPACE.ledger, {"n": "1", "e": b""}, id="5-1"))
        found = run(world.verify())
        assert ("ledger", "an entry with the foreign id 5-1") in {(d.kind, d.found) for d in found}
        self.is_left_alone(run, world, found)

    def test_of_a_vendor_whose_number_nobody_gives_out(self, run: Run, world: World) -> None:
        """Its bit alone would take a gigabyte."""
        (_, fields), *_ = run(world.client.xrevrange(SPACE.ledger, count=1))
        fact = fields[b"e"]
        id_ = run(world.client.xadd(SPACE.ledger, {"n": str(10**10), "e": fact}, id="0-*"))
        found = run(world.verify())
        position = id_.decode().partition("-")[2]
        assert ("ledger", position, "a fact", "an entry that is none") in short(found)
        self.is_left_alone(run, world, found)

    def is_left_alone(self, run: Run, world: World, found: list[Difference]) -> None:
        before = run(dump(world.client))
        results = {r.space: r for r in run(world.rebuild())}
        assert results[MARKET].refused
        assert "backup" in results[MARKET].text()
        assert not results["cho-phuong-7"].refused
        after = run(dump(world.client))
        tag = SPACE.ledger.rpartition(":")[0].encode()
        mine = {key for key in before | after if key.startswith(tag)}
        assert {k: before.get(k) for k in mine} == {k: after.get(k) for k in mine}
        assert run(world.verify()) == found
