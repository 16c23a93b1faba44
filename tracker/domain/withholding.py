"""What the IOC and the public do not get of a snapshot: small rows, and money of few vendors.

`withhold` parts the full content of a market's snapshot in two: the body to publish and `details`,
which hold what was taken out, by the same paths. `restore` puts them together again. What the
definitions leave open, and why it is closed as it is: `docs/decisions/0006-withholding.md`.

A *holder* of money is the market's `activity` or a bank's row: `payments`, `amount_vnd` (dong) and
`vendors` (distinct vendors paid) of the day, and of the month in `month_to_date`. None of these
functions changes what it is given; what they give may share parts with it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final, NamedTuple

SMALL: Final = 5
"""Fewer vendors than this are withheld: registered in a row, or paid in a period."""

ROWS: Final = ("zone", "category")
"""Tables whose rows part the market's vendors; those of `bank` overlap and stand alone."""

MONEY: Final = ("payments", "amount_vnd")
MONTH: Final = "month_to_date"
WITHHELD: Final = "withheld"

Body = Mapping[str, Any]
Key = str | None
Period = Callable[[Body], Any]
"""The block of a holder that has the money of the day or of the month."""


def shown(block: Body) -> bool:
    """Whether a row, or a block of money, is there to be read: roll-ups sum only these."""
    return not block.get(WITHHELD, False)


def withhold(content: Body) -> tuple[dict[str, Any], dict[str, Any]]:
    """The body to publish, and the details: what was taken out, `{}` if nothing was.

    A body that went through before comes out as it is, with no details.
    """
    activity, tables = content["activity"], dict(content["breakdowns"])
    taken: dict[str, Any] = {}
    for name in ROWS:
        tables[name], rows = _part_rows(tables[name])
        if rows:
            taken[name] = rows
    day = _hidden_money(activity, tables["bank"], _day)
    month = _hidden_money(activity, tables["bank"], _month)
    parted = [
        _part_money(row, row["key"] in day.banks, row["key"] in month.banks)
        for row in tables["bank"]
    ]
    tables["bank"] = [row for row, _ in parted]
    if rows := [{"key": row["key"], **money} for row, money in parted if money]:
        taken["bank"] = rows
    activity, money = _part_money(activity, day.market, month.market)
    details = {
        **({"activity": money} if money else {}),
        **({"breakdowns": taken} if taken else {}),
    }
    return {**content, "activity": activity, "breakdowns": tables}, details


def restore(published: Body, details: Body) -> dict[str, Any]:
    """The inverse of `withhold`; fields that publication added stay as they are."""
    body = dict(published)
    if money := details.get("activity"):
        body["activity"] = _fill(body["activity"], money)
    if taken := details.get("breakdowns"):
        body["breakdowns"] = {
            name: _fill_rows(rows, taken.get(name, ())) for name, rows in body["breakdowns"].items()
        }
    return body


def for_bank(published: Body, details: Body, bins: Collection[str]) -> dict[str, Any]:
    """What a bank gets: the published body with the money of its own rows.

    Where its own money and the market's would leave that of one other bank as the rest, the
    market's money of that period is withheld from it.
    """
    own = [row for row in details.get("breakdowns", {}).get("bank", ()) if row["key"] in bins]
    if not own:
        return dict(published)
    body = restore(published, {"breakdowns": {"bank": own}})
    day, month = (
        any(MONEY[0] in period(row) for row in own)
        and sum(not shown(period(row)) for row in body["breakdowns"]["bank"]) == 1
        for period in (_day, _month)
    )
    body["activity"], _ = _part_money(body["activity"], day, month)
    return body


def _day(holder: Body) -> Any:
    return holder


def _month(holder: Body) -> Any:
    return holder.get(MONTH, {})


def _part_rows(rows: list[Any]) -> tuple[list[Any], list[Any]]:
    """A table of zones or categories as it is shown, and its rows that are taken out."""
    if len(rows) == 1:
        return [], rows
    hidden = _small({row["key"]: row["registered"]["count"] for row in rows if shown(row)})
    return (
        [{"key": r["key"], WITHHELD: True} if r["key"] in hidden else r for r in rows],
        [r for r in rows if r["key"] in hidden],
    )


def _small(sizes: Mapping[Key, int]) -> frozenset[Key]:
    """The keys of the small, and of the next fewest where there is only one; no name ties last."""
    order = sorted(sizes, key=lambda key: (sizes[key], key is None, key or ""))
    small = sum(size < SMALL for size in sizes.values())
    return frozenset(order[: 2 if small == 1 else small])


class _Hidden(NamedTuple):
    """Whose money of a period is withheld."""

    market: bool
    banks: frozenset[Key]


def _hidden_money(activity: Body, banks: Iterable[Body], period: Period) -> _Hidden:
    """Whose money of a period is to be withheld.

    Where nobody was paid there is nothing to withhold: `vendors` already says that it is zero, so
    such a bank hides no other. The market's vendors are at least those of each bank, so where its
    money is withheld that of all its banks is.
    """
    blocks = {row["key"]: period(row) for row in banks}
    hidden = _small({key: b["vendors"] for key, b in blocks.items() if shown(b) and b["vendors"]})
    market = period(activity)
    few = shown(market) and bool(market["vendors"]) and market["vendors"] < SMALL
    return _Hidden(few or len(hidden) == 1, hidden)


def _part_money(holder: Body, day: bool, month: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """A holder without its money of the periods to withhold, and that money."""
    left, money = _blank(holder) if day else (dict(holder), {})
    if month:
        left[MONTH], money[MONTH] = _blank(holder[MONTH])
    return left, money


def _blank(block: Body) -> tuple[dict[str, Any], dict[str, Any]]:
    money = {name: block[name] for name in MONEY}
    return {**block, **dict.fromkeys(MONEY), WITHHELD: True}, money


def _fill(holder: Body, money: Body) -> dict[str, Any]:
    day = {name: money[name] for name in MONEY if name in money}
    filled = {**holder, **day}
    if day:
        del filled[WITHHELD]
    if MONTH in money:
        filled[MONTH] = _fill(holder[MONTH], money[MONTH])
    return filled


def _fill_rows(rows: list[Any], taken: Collection[Body]) -> list[Any]:
    """A table with the rows, or the money of the rows, that were taken out of it."""
    if not rows:
        return list(taken)
    back = {row["key"]: row for row in taken}
    return [_back(row, back[row["key"]]) if row["key"] in back else row for row in rows]


def _back(row: Body, taken: Body) -> Body:
    return taken if "registered" in taken else _fill(row, taken)
