"""What a route says about itself beside its signature: permission, answers, problems, examples.

Kept in the handler's `opt`: the guard reads the permission, the contract all of it.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from tracker.access.keys import Role
from tracker.access.roles import Permission
from tracker.api.conventions.guard import ENDING, PERMISSION, UNLIMITED
from tracker.api.conventions.replies import JSON
from tracker.api.conventions.retries import REQUIRED
from tracker.api.ending import Ending
from tracker.api.links import Links

DOC: Final = "doc"


class Answer(Struct, frozen=True):
    """One successful answer: what it says, its shape (a type, for JSON) and its headers.

    `beside` are shapes that the shape names by reference alone; `links` say what may follow.
    """

    says: str
    shape: Any = None
    media_type: str = JSON
    headers: tuple[str, ...] = ()
    example: Any = None
    beside: tuple[Any, ...] = ()
    links: Links = ()


class Doc(Struct, frozen=True):
    """What the contract says of one route. `query` and `body` are a request that works."""

    answers: dict[int, Answer]
    problems: tuple[str, ...] = ()
    query: dict[str, Any] = {}
    body: Any = None
    retries: bool = False
    file: str | None = None
    form: Any = None
    shape: Any = None
    photo: tuple[str, Any] | None = None
    if_match: bool = False
    if_match_to_replace: bool = False
    path: dict[str, str] = {}
    table: bool = False
    rows: tuple[Any, str] | None = None
    ending: Ending | None = None


def operation(
    permission: Permission | str,
    answers: dict[int, Answer],
    *,
    problems: tuple[str, ...] = (),
    query: dict[str, Any] | None = None,
    body: Any = None,
    retries: bool = False,
    key_required_of: tuple[Role, ...] = (),
    file: str | None = None,
    form: Any = None,
    shape: Any = None,
    photo: tuple[str, Any] | None = None,
    if_match: bool = False,
    if_match_to_replace: bool = False,
    path: dict[str, str] | None = None,
    table: bool = False,
    rows: tuple[Any, str] | None = None,
    unlimited: bool = False,
    ending: Ending | None = None,
) -> dict[str, Any]:
    """The `opt` of a route.

    `problems`: codes beyond those that follow from the route's form. `retries`: takes an
    Idempotency-Key. `file`: an example of the file that the body carries; `form`: the shape of the
    fields beside it in a multipart body. `shape`: that of the
    JSON body where the handler reads it itself; `photo`: the multipart body taken in its place, by
    the part that is the picture and the shape of the fields. `if_match`: a change needs If-Match;
    `if_match_to_replace`: only where it replaces something else that is there. `path`:
    values of path parameters where the usual ones make no request that works. `table`: the file is
    the whole body and nothing is told beside it. `rows`: the body is many of this shape (`body` is
    a JSON array of them), or the same as JSON lines or CSV, of which an example is given.
    `unlimited`: supervisors ask a public route as often as they like. `ending`: since when it is
    deprecated, and when it ends.
    """
    return {
        PERMISSION: permission,
        REQUIRED: key_required_of,
        UNLIMITED: unlimited,
        ENDING: () if ending is None else ending.headers(),
        DOC: Doc(
            answers,
            problems,
            query or {},
            body,
            retries or bool(key_required_of),
            file,
            form,
            shape,
            photo,
            if_match,
            if_match_to_replace,
            path or {},
            table,
            rows,
            ending,
        ),
    }
