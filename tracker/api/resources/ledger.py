"""`/v1/ledger`: every entry, in order, for who recomputes figures and checks the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from litestar import Controller, get
from litestar.params import QueryParameter
from msgspec import json

from tracker.access.roles import Permission
from tracker.api.conventions import conditional
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.encoded import next_link
from tracker.api.conventions.negotiation import VARY, NotAcceptable, weigh
from tracker.api.conventions.paging import LIMIT, After, Cursor, Limit, Page, clamped
from tracker.api.conventions.paging import page as page_with
from tracker.api.conventions.replies import JSON, Header, Reply
from tracker.api.operation import Answer, operation
from tracker.services import ledger
from tracker.services.ledger import EntryOut
from tracker.services.plain_facts import Plain
from tracker.tables.writing import OutCell, csv_piece

_Format = Literal["json", "csv"]
_KINDS: Final[dict[_Format, str]] = {"json": JSON, "csv": "text/csv"}
_CSV: Final = "text/csv; charset=utf-8; header=present"
COLUMNS: Final = (
    "position",
    "kind",
    "subject",
    "event",
    "occurred_at",
    "recorded_at",
    "by",
    "by_kind",
    "fields",
    "changes",
    "seal",
    "seal_first",
    "seal_last",
    "seal_digest",
)


class Ledger(Controller):
    """The ledger as it is told to auditors."""

    tags = ("ledger",)

    @get(
        "/v1/ledger",
        summary="Read a ledger",
        opt=operation(
            Permission.LEDGER_READ,
            {
                200: Answer(
                    "Entries in the order of the ledger.",
                    Page[EntryOut],
                    " ".join(_KINDS.values()),
                    headers=("ETag",),
                )
            },
            problems=("NOT_ACCEPTABLE", "NOT_FOUND"),
            query={"market": "cho-vung-tau", "limit": 100},
        ),
    )
    async def read_ledger(
        self,
        request: ApiRequest,
        market: Annotated[
            str,
            QueryParameter(
                max_length=64, description="A market's id; `sys` is the service's own ledger."
            ),
        ],
        limit: Limit = LIMIT,
        after: After = None,
        as_: Annotated[
            str | None,
            QueryParameter(
                name="format",
                description="json or csv; wins over `Accept`.",
                schema_extra={"enum": ["json", "csv"]},
            ),
        ] = None,
    ) -> Reply:
        """Each entry with its position, what was stated about whom, both times, who stated it, what
        that changed by what was known just then, and the seal that covers it.

        Nothing personal: what is sealed is told as `sealed`. A page can be shorter than `limit`:
        go on while there is a `next`, or as CSV a `Link` with `rel="next"`. The service's own
        ledger (keys, people, units, groups) is for auditors of all markets.
        """
        form = _chosen(request, as_)
        cursor = Cursor(request, market)
        start = int(cursor.read(after) or 0)
        shown, reached = await ledger.page(
            request.tracker, request.principal, market, start, clamped(limit)
        )
        here = None if reached is None else cursor.write(str(reached))
        headers: list[Header] = [VARY]
        if here is not None:
            headers.append(next_link(request, here, market=market, limit=limit, format=form))
        if form == "json":
            return conditional.reply(request, json.encode(page_with(shown, here)), *headers)
        body = csv_piece([COLUMNS, *map(_row, shown)], mark=True)
        return conditional.reply(request, body, *headers, media_type=_CSV)


def _chosen(request: ApiRequest, given: str | None) -> _Format:
    weights = weigh(request, _KINDS.values())
    for name, kind in _KINDS.items():
        if given == name:
            return name
        if given is None and (weights is None or weights[kind] == max(weights.values()) > 0):
            return name
    forms = ", ".join(f"{name} ({kind})" for name, kind in _KINDS.items())
    raise NotAcceptable(f"This is given as {forms}.")


def _row(entry: EntryOut) -> Sequence[OutCell]:
    """An entry as a line: `name=value; …`, and `name: before → after; …` of what changed."""
    before, after = entry.before or {}, entry.after or {}
    fields = [f"{name}={_text(value)}" for name, value in entry.fields.items() if value is not None]
    changes = [
        f"{name}: {_text(before.get(name))} → {_text(after.get(name))}" for name in entry.changed
    ]
    seal = entry.seal
    return (
        entry.position,
        entry.kind,
        entry.subject,
        entry.event,
        entry.occurred_at,
        entry.recorded_at,
        entry.by,
        entry.by_kind,
        "; ".join(fields),
        "; ".join(changes),
        *((None,) * 4 if seal is None else (seal.number, seal.first, seal.last, seal.digest)),
    )


def _text(value: Plain) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(value) if isinstance(value, list) else str(value)
