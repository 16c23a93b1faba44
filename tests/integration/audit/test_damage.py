"""`verify` names each difference; `rebuild` mends what is a view and leaves alone what is not."""

from __future__ import annotations

import pytest

from tests.integration.audit.spoil import (
    RECORDS,
    VIEWS,
    Spoil,
    a_day_line,
    a_document_too_many,
    a_head,
    a_name_too_many,
    a_row_changed,
    the_counter,
)
from tests.integration.audit.world import FIRST, MARKET, SPACE, SYS, World, content, short
from tests.integration.conftest import Run
from tests.integration.registry import OPENED, publish
from tracker.domain.errors import Unavailable
from tracker.services.audit_feed import LAG_MS
from tracker.store.keys import FEED, FEED_LAST, SERVICE


class TestDamage:
    @pytest.mark.parametrize("spoil", VIEWS, ids=lambda f: f.__name__)
    def test_of_a_view_is_named_and_mended(self, run: Run, world: World, spoil: Spoil) -> None:
        before = run(content(world))
        self.is_named(run, world, run(spoil(world)), view=True)
        assert not any(r.refused for r in run(world.rebuild()))
        assert run(world.verify()) == []
        assert run(content(world)) == before

    @pytest.mark.parametrize("spoil", RECORDS, ids=lambda f: f.__name__)
    def test_of_a_record_is_named_and_stays(self, run: Run, world: World, spoil: Spoil) -> None:
        expected = run(spoil(world))
        self.is_named(run, world, expected, view=False)
        run(world.rebuild())
        self.is_named(run, world, expected, view=False)

    def is_named(self, run: Run, world: World, said: tuple[str, ...], *, view: bool) -> None:
        found = run(world.verify())
        assert len(found) == 1
        (kind, subject, expected, is_), (one,) = said, found
        assert (one.space, one.kind, one.subject) == (MARKET, kind, subject)
        assert expected in ("*", one.expected)
        assert is_ in ("*", one.found)
        assert one.is_view is view
        assert "\n" not in one.text()
        assert one.text().startswith(f"{MARKET}: {kind.replace('_', ' ')} {subject}: expected ")

    def test_of_the_services_names(self, run: Run, world: World) -> None:
        run(world.client.hset(SYS.names, "prefix:CVT", "cho-khac"))
        run(world.client.hdel(SYS.names, "market:cho-phuong-7"))
        found = [(d.space, d.kind, d.subject, d.found) for d in run(world.verify())]
        assert found == [
            (SERVICE, "name", "market:cho-phuong-7", "none"),
            (SERVICE, "name", "prefix:CVT", "cho-khac"),
        ]
        run(world.rebuild(SERVICE))
        assert run(world.verify()) == []

    def test_many_at_once_are_each_named_and_mended(self, run: Run, world: World) -> None:
        spoilt = [run(spoil(world)) for spoil in (a_day_line, a_row_changed, a_document_too_many)]
        spoilt += [run(spoil(world)) for spoil in (a_name_too_many, a_head, the_counter)]
        found = {(d.kind, d.subject) for d in run(world.verify())}
        assert found == {(kind, subject) for kind, subject, *_ in spoilt}
        run(world.rebuild())
        assert run(world.verify()) == []

    def test_of_the_chain_lets_nobody_publish_until_it_is_mended(
        self, run: Run, world: World
    ) -> None:
        run(world.client.hdel(SPACE.published, "head"))
        with pytest.raises(Unavailable):
            run(publish(world.tracker, OPENED + 8))
        run(world.rebuild())
        assert run(publish(world.tracker, OPENED + 8)) == 1  # the other market's stands already
        assert run(world.verify()) == []

    def test_of_the_feeds_order(self, run: Run, world: World) -> None:
        entries = run(world.client.xrange(FEED))
        run(world.client.delete(FEED))
        for _, fields in reversed(entries):
            run(world.client.xadd(FEED, fields, id="0-*"))
        assert {(d.kind, d.subject) for d in run(world.verify())} == {("feed", "order")}

    def test_a_market_that_does_not_exist_in_the_feed(self, run: Run, world: World) -> None:
        run(world.client.xadd(FEED, {"m": "cho-khac", "r": FIRST}, id="0-*"))
        found = run(world.verify())
        assert [(d.space, d.subject, d.found) for d in found] == [
            ("feed", "entries of cho-khac", "1")
        ]

    def test_the_feed_is_of_another_type(self, run: Run, world: World) -> None:
        run(world.client.set(FEED, "no stream"))
        found = run(world.verify())
        assert [(d.space, d.kind, d.subject) for d in found] == [("feed", "feed", "entries")]

    def test_a_publication_that_was_never_fed(self, run: Run, world: World) -> None:
        """As after a worker that died between its commit and the feed: named after a while."""
        feed = world.client.xrange(FEED)
        last = [id_ for id_, f in run(feed) if f[b"m"].decode() == MARKET][-1]
        run(world.client.xdel(FEED, last))
        run(world.client.hset(FEED_LAST, MARKET, 4))
        assert run(world.verify()) == []
        world.clock.ms += LAG_MS + 1
        found = short(run(world.verify()))
        assert [(kind, is_) for kind, _, _, is_ in found] == [("feed", "not there")]
        run(world.rebuild())
        assert run(world.verify()) == []
