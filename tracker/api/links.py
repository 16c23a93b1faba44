"""What follows an answer: OpenAPI links, told of the answers that begin something.

A link names an operation and which of its parameters the answer holds, so that a program, a
generated client or a test goes on without guessing. Sets are told here once and named by the
answers of the routes; a parameter that an answer does not hold (a day, a BIN) stays the caller's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

if TYPE_CHECKING:
    from tracker.api.operation import Answer

ETAG: Final = "$response.header.ETag"


class Link(Struct, frozen=True):
    """An operation (by id) that takes what the answer holds, and what it is for.

    `parameters` are runtime expressions (OpenAPI 3.1 §4.8.20.4) by the parameter's name.
    """

    to: str
    says: str
    parameters: dict[str, str]


Links = tuple[Link, ...]


def of(name: str, pointer: str, **targets: str) -> Links:
    """Links to `targets` (operation and what it is for), by the id at a JSON pointer of the body
    as their parameter `name`.
    """
    place = {name: f"$response.body#{pointer}"}
    return tuple(Link(to, says, place) for to, says in targets.items())


def same(*names: str, **targets: str) -> Links:
    """Links to `targets` by the path parameters of the request that was answered."""
    place = {name: f"$request.path.{name}" for name in names}
    return tuple(Link(to, says, place) for to, says in targets.items())


def components(answer: Answer, matching: frozenset[str]) -> dict[str, dict[str, Any]]:
    """The links of an answer as components, by name.

    `matching` are the operations that take If-Match: the ETag that the answer came with.
    """
    made: dict[str, dict[str, Any]] = {}
    for link in answer.links:
        first = next(iter(link.parameters.values()))
        place = first.partition("#")[2].replace("/", ".") or ".request"
        matched = "ETag" in answer.headers and link.to in matching
        made[f"{link.to}{place}"] = {
            "operationId": link.to,
            "parameters": link.parameters | ({"If-Match": ETAG} if matched else {}),
            "description": link.says,
        }
    return made


def _codes(pointer: str) -> Links:
    return of(
        "code",
        pointer,
        get_code="Its payload, parts and state.",
        draw_code="Its picture, or the whole sticker.",
        print_code="Record that its sticker was printed.",
        attach_code="Record that its sticker hangs.",
        remove_code="Record that its sticker was taken down.",
        revoke_code="End it.",
        make_invoice="A payload for one invoice over its account.",
    )


def _vendors(pointer: str) -> Links:
    return of(
        "vendor",
        pointer,
        get_vendor="The vendor as they stand.",
        correct_vendor="Correct name, phone, zone or trade.",
        move_vendor="Move the vendor to another stall.",
        put_status="Suspend the vendor, or let them leave.",
        put_account="Link an account at one bank.",
        unlink_account="Take an account away.",
        list_codes="The vendor's codes.",
        issue_code="Issue a code over an account.",
        list_vendor_events="What was stated about the vendor.",
    )


MARKET: Final = of(
    "market",
    "/id",
    get_market="The market as it stands.",
    change_market="Change its name or its units.",
    declare_census="Declare the number of its vendors.",
    set_target="Set a target.",
    register_vendor="Register a vendor there.",
    register_vendors="Register many vendors there.",
    list_vendors="Its roster.",
    market_adoption="Its figures now.",
)
VENDOR: Final = (*_vendors("/vendor"), *_codes("/codes/0/id"))
"""Of a vendor; the first of the codes is the one that a registration issued."""

MOVED: Final = _vendors("/vendor/vendor")
CODE: Final = (
    *_codes("/id"),
    *of("vendor", "/vendor", get_vendor="The vendor as they stand."),
)
EVENT: Final = (
    *_codes("/code/id"),
    *of("event", "/event", void_event="Take it back where it is wrong."),
)
BANK_DAY: Final = same("market", "date", "bin", get_activity="The day as it stands.")
JOB: Final = of("job", "/id", get_job="How far it is, and what came of it.")
ROWS_JOB: Final = (*JOB, *of("job", "/id", list_rows="What became of each row."))
SHEET_JOB: Final = (*JOB, *of("sheet", "/id", get_sheet="The PDF, once the job is done."))
SCAN: Final = of(
    "incident",
    "/incident",
    get_incident="The incident that a stranger's code opened.",
    handle_incident="Say what was found out about it.",
)
APPROVAL: Final = of(
    "approval",
    "/id",
    get_approval="How it stands.",
    decide_approval="Approve or reject it, as a second person.",
)
DECIDED: Final = of("approval", "/id", get_approval="How it stands.")
GROUP: Final = of("group", "/id", group_snapshot="Its figures of a day.")
INDICATOR: Final = of(
    "indicator", "/id", report_value="Report a value.", list_values="The values reported."
)
VALUE: Final = same("indicator", list_values="The values reported.")
KEY: Final = of(
    "key", "/id", rotate_key="Give it another secret.", revoke_key="End it, in every process."
)
PERSON: Final = of(
    "person",
    "/id",
    get_person="The person as they stand.",
    change_person="Change name, login, role, scope, or whether they may sign in.",
    invite_person="A one-time link, with which they choose a password.",
    end_sessions="Sign them out everywhere.",
)
