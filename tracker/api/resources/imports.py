"""`/v1/imports`: an office's roster or a bank's file, as multipart or as the raw body."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from litestar import Controller, post
from litestar.params import QueryParameter
from msgspec import Struct

from tracker.access.roles import Permission
from tracker.api import links
from tracker.api.conventions import bodies, uploads
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.api.conventions.retries import PARTNERS, REPLAYED, key_of
from tracker.api.operation import Answer, operation
from tracker.api.resources.fields import MarketId, OptionalDay
from tracker.api.resources.jobs import JobOut, accepted
from tracker.api.rules import TEXT, is_, needs, rule, told
from tracker.domain.days import day_number
from tracker.services import imports


@told(rule(is_("kind", "roster"), needs(market=TEXT)))
class NewImport(Struct, frozen=True, forbid_unknown_fields=True):
    """What the file is: parts of a multipart body, or the query beside a raw one."""

    kind: Literal["roster", "attachments", "activity"]
    market: MarketId | None = None
    effective_on: OptionalDay = None
    dry_run: bool = False


FILE_PROBLEMS = (
    "BAD_FILE",
    "EMPTY_FILE",
    "NOT_A_TABLE",
    "OLD_XLS",
    "PASSWORD",
    "DAMAGED_XLSX",
    "SEVERAL_LISTS",
    "ONE_COLUMN",
    "HEADER_NOT_FOUND",
    "COLUMN_MISSING",
    "SAME_COLUMN_TWICE",
    "BAD_QUOTES",
    "BAD_JSON",
    "LINE_TOO_LONG",
    "NUL_BYTES",
    "WRONG_ENCODING",
    "FILE_TOO_LARGE",
    "TOO_MANY_ROWS",
    "TOO_MANY_COLUMNS",
    "ZIP_BOMB",
)


class Imports(Controller):
    """Files of any size that the settings allow; the rows are worked through by a job."""

    tags = ("imports",)

    @post(
        "/v1/imports",
        summary="Import a file",
        opt=operation(
            Permission.IMPORTS_WRITE,
            {
                202: Answer(
                    "A job was started.", JobOut, headers=("Location",), links=links.ROWS_JOB
                )
            },
            problems=(
                "MARKET_MISSING",
                "BEFORE_OPENING",
                "IN_FUTURE",
                "FILE_MISSING",
                "MULTIPART_MALFORMED",
                "BAD_ENCODING",
                "MEDIA_TYPE",
                "JOBS_WAITING",
                "UPLOADS_BUSY",
                *FILE_PROBLEMS,
            ),
            query={"kind": "roster", "market": "cho-vung-tau", "effective_on": "2023-01-01"},
            file="STT,Họ và tên,Số sạp,Ngành hàng\n1,Nguyễn Văn An,A01,Hải sản\n",
            form=NewImport,
            key_required_of=PARTNERS,
        ),
        status_code=202,
        request_max_body_size=None,  # the upload counts for itself, by the setting for files
    )
    async def import_file(
        self,
        request: ApiRequest,
        kind: Annotated[
            Literal["roster", "attachments", "activity"] | None,
            QueryParameter(description="Of a raw body: what the file is."),
        ] = None,
        market: Annotated[
            str | None, QueryParameter(description="Of a raw body: whose roster it is.")
        ] = None,
        effective_on: Annotated[
            date | None, QueryParameter(description="Of a raw body: the day that it speaks of.")
        ] = None,
        dry_run: Annotated[
            bool | None, QueryParameter(description="Of a raw body: check, and write nothing.")
        ] = None,
    ) -> Reply:
        """CSV, XLSX or JSON lines, as multipart (`file` and the fields) or as the raw body.

        A file that cannot be read is refused here; everything else is said of its rows, at
        `/v1/jobs/{id}/rows`. `Content-Encoding: gzip` is taken. The same Idempotency-Key with the
        same file is the same job; the same file under a new key changes nothing twice.
        """
        key = key_of(request)
        beside = {
            "kind": kind,
            "market": market,
            "effective_on": effective_on and effective_on.isoformat(),
            "dry_run": dry_run,
        }
        fields, chunks = await uploads.receive(request, beside)
        new = bodies.check(fields, NewImport)
        known = key and await request.tracker.jobs.known(key)
        job = await imports.accept(
            request.tracker,
            request.principal,
            kind=new.kind,
            market=new.market,
            effective_on=None if new.effective_on is None else day_number(new.effective_on),
            dry_run=new.dry_run,
            chunks=chunks,
            key=key,
        )
        reply = accepted(job)
        return reply.plus(REPLAYED) if known else reply
