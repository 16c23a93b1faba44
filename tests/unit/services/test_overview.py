"""What is made of all markets' rows is made once for as long as they stay the same."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from tracker.services.overview_rows import Glance, Row, totals


def _row(market: str, attached: int) -> Row:
    return Row(market, market, None, attached, 10, 10, 9, 3, (attached, 10), (), {}, ())


def test_work_is_done_once_and_again_for_other_rows() -> None:
    rows = [_row("b", 1), _row("a", 2)]
    seen = Glance(rows, totals(rows), 0)
    done: list[int] = []

    def names(of: Sequence[Row]) -> list[str]:
        done.append(len(of))
        return sorted(row.name for row in of)

    assert seen.once("names", names) == seen.once("names", names) == ["a", "b"]
    assert replace(seen, as_of=5).once("names", names) == ["a", "b"]
    assert done == [2]
    assert Glance(rows[:1], totals(rows[:1]), 0).once("names", names) == ["b"]
    assert done == [2, 1]
    assert (seen.totals.attached, seen.totals.denominator) == (3, 20)
