"""Published bodies: their canonical form, their digests, their chain."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.life import at
from tests.unit.domain.long_worlds import kept, world
from tests.unit.domain.worlds import FIRST, examples
from tracker.domain.days import start_of
from tracker.domain.figures import content
from tracker.domain.roll_up import roll_up
from tracker.domain.snapshot import (
    GENESIS,
    canonical,
    content_of,
    digest_holds,
    publish,
    sha256,
)

PUBLISHED_AT = at("2023-06-01 00:05")


def contents(seed: int) -> list[dict[str, Any]]:
    """The contents of some days of a world."""
    days = range(FIRST - 1, FIRST + 132, 19)
    grounds = kept(world(seed)).grounds(days.start, days.stop)
    return [content(grounds, day, start_of(day + 1)) for day in days]


def published_first(told: dict[str, Any], previous: str = GENESIS) -> dict[str, Any]:
    """The body of a content that is its market's first publication."""
    return publish(
        told,
        digest=hashlib.sha256(canonical(told)).digest(),
        revision=1,
        position=912,
        published_at=PUBLISHED_AT,
        previous=previous,
    )


def body(**changes: Any) -> dict[str, Any]:
    """A small published body."""
    told = {
        "market": "cho-vung-tau",
        "area_code": None,
        "date": "2023-05-31",
        "figures": {"attached": {"count": 168, "rate": 31}, "issued": {"count": 2, "rate": 0.37}},
        "waterfall": {"removed": {"tax_worry": 2}},
        "flags": [{"code": "no_census", "count": 1}],
        **changes,
    }
    return published_first(told)


class TestCanonicalForm:
    @examples(25)
    @given(st.integers(0, 10**6))
    def test_of_every_body_is_that_of_rfc_8785(self, seed: int) -> None:
        days = contents(seed)
        for told in days:
            published = published_first(told)
            assert canonical(published) == rfc8785.dumps(published)
        assert canonical(roll_up(days)) == rfc8785.dumps(roll_up(days))

    @examples(80)
    @given(
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers(-(2**53) + 1, 2**53 - 1)
            | st.integers(0, 10_000).map(lambda n: n // 100 if n % 100 == 0 else n / 100)
            | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=5),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=12,
        )
    )
    def test_of_ascii_keys_integers_rates_and_any_text_is_that_of_rfc_8785(
        self, value: Any
    ) -> None:
        assert canonical(value) == rfc8785.dumps(value)


class TestDigests:
    def test_the_content_digest_is_over_the_content_alone(self) -> None:
        told = {"market": "m", "date": "2023-05-31"}
        digest = hashlib.sha256(rfc8785.dumps({**told})).digest()
        one, two = (
            publish(
                told,
                digest=digest,
                revision=n,
                position=5 * n,
                published_at=PUBLISHED_AT + n,
                previous=previous,
            )
            for n, previous in ((1, GENESIS), (2, "ab"))
        )
        assert one["content_digest"] == two["content_digest"] == f"sha256:{digest.hex()}"
        assert one["digest"] != two["digest"]
        for published in (one, two):
            assert content_of(published) == told
            assert sha256(canonical(content_of(published))) == published["content_digest"]

    def test_the_content_of_a_body_is_what_it_was_published_with(self) -> None:
        for told in contents(3):
            published = published_first(told)
            assert content_of(published) == told
            assert sha256(canonical(content_of(published))) == published["content_digest"]

    def test_the_digest_is_over_the_whole_body_except_itself(self) -> None:
        published = body()
        rest = {key: value for key, value in published.items() if key != "digest"}
        expected = hashlib.sha256(rfc8785.dumps(rest)).hexdigest()
        assert published["digest"] == f"sha256:{expected}"

    def test_the_first_of_a_market_follows_64_zeros(self) -> None:
        assert body()["previous_digest"] == "sha256:" + 64 * "0"

    def test_the_next_follows_the_digest_of_the_one_before(self) -> None:
        first = body()
        after = published_first({"market": "m"}, first["digest"])
        assert after["previous_digest"] == first["digest"]

    def test_the_form_of_the_body(self) -> None:
        published = body()
        assert published["published_at"] == "2023-06-01T00:05:00+07:00"
        assert (published["revision"], published["ledger_position"]) == (1, "912")

    def test_holds_after_a_way_through_json(self) -> None:
        assert digest_holds(body())
        assert digest_holds(json.loads(canonical(body())))
        assert digest_holds(json.loads(json.dumps(body())))

    def test_does_not_hold_without_a_digest(self) -> None:
        published = body()
        del published["digest"]
        assert not digest_holds(published)

    @pytest.mark.parametrize("key", sorted(body()))
    def test_any_field_changed_or_dropped_or_added_is_detected(self, key: str) -> None:
        published = body()
        assert not digest_holds({**published, key: "0"})
        assert not digest_holds({k: v for k, v in published.items() if k != key})
        assert not digest_holds({**published, f"{key}_": published[key]})

    @examples(40)
    @given(st.integers(0, 10**6), st.data())
    def test_any_single_change_in_the_depth_of_a_body_is_detected(
        self, seed: int, data: st.DataObject
    ) -> None:
        published = published_first(contents(seed)[-1])
        changed = json.loads(canonical(published))
        path = data.draw(st.sampled_from(list(leaves(changed))))
        *way, last = path
        place = changed
        for step in way:
            place = place[step]
        place[last] = other(place[last])
        assert not digest_holds(changed)
        place[last] = other(place[last])
        assert digest_holds(changed)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to all that is neither a table nor a list."""
    if isinstance(value, dict):
        return [way for key, inner in value.items() for way in leaves(inner, (*path, key))]
    if isinstance(value, list):
        return [way for n, inner in enumerate(value) for way in leaves(inner, (*path, n))]
    return [path]


def other(value: Any) -> Any:
    """Another value that looks like it; applied twice, the value again."""
    match value:
        case None:
            return "∅"
        case "∅":
            return None
        case str():
            return value[::-1] if value != value[::-1] else swapped(value)
        case int():
            return value ^ 1
        case _:
            return -value


def swapped(text: str) -> str:
    """The text with another last character; applied twice, the text again."""
    return text[:-1] + chr(ord(text[-1]) ^ 1)
