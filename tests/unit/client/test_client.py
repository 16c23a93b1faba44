"""The partners' client: what it sends again, with which key, how long it waits, what it raises."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from tracker.client import (
    Account,
    ActivityLine,
    ClientError,
    Conflict,
    Invalid,
    JobFailed,
    NewVendor,
    NotFound,
    Retries,
    TooManyRequests,
    TrackerClient,
    Unanswered,
    Unauthenticated,
    Unavailable,
)
from tracker.client.retries import retry_after_s
from tracker.client.transport import Transport

URL = "https://tracker.example"
VENDOR = {"vendor": "CVT-0001-X", "market": "m", "stall": "B12", "version": 3, "new_field": 1}
CODE = {
    "id": "CVT-0001-X.c1",
    "vendor": "CVT-0001-X",
    "market": "m",
    "bin": "970436",
    "version": 1,
    "state": "live",
    "attached": False,
    "issued_at": "2026-11-22T08:00:00+07:00",
}
HOA = NewVendor("B12", "Đặng Thị Hoa", account=Account("970436", "0123456789"), issue_code=True)

Said = httpx.Response | Exception


class Line:
    """What comes back, one after the other; keeps what was sent and how long was waited."""

    def __init__(self, *answers: Said) -> None:
        self._answers = iter(answers)
        self.sent: list[httpx.Request] = []
        self.waited: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def keys(self) -> list[str | None]:
        """The Idempotency-Keys that were sent."""
        return [request.headers.get("Idempotency-Key") for request in self.sent]

    def client(self, retries: Retries | None = None) -> TrackerClient:
        """A client on this line."""
        transport = httpx.MockTransport(self)
        sleep = self.waited.append
        return TrackerClient(URL, "cmt_x", retries=retries, transport=transport, sleep=sleep)


def said(status: int, body: Any, **headers: str) -> httpx.Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, content=json.encode(body), headers=given)


def problem(status: int, code: str, **more: Any) -> httpx.Response:
    headers = more.pop("headers", {})
    body = {"type": "/problems/x", "title": "t", "status": status, "detail": "d", "code": code}
    return said(status, {**body, "errors": [], "request_id": "r", **more}, **headers)


def lost() -> Exception:
    return httpx.ReadTimeout("no answer")


def test_all_tries_of_a_write_go_under_one_key_and_another_call_has_another() -> None:
    line = Line(lost(), problem(503, "BUSY"), said(201, VENDOR), said(200, VENDOR))
    client = line.client()
    first = client.register("m", HOA)
    second = client.register("m", HOA)
    assert len(set(line.keys[:3])) == 1
    assert line.keys[0] == first.key != second.key == line.keys[3]
    assert (first.created, second.created) == (True, False)
    assert len({request.content for request in line.sent}) == 1
    assert json.decode(line.sent[0].content) == {
        "stall": "B12",
        "name": "Đặng Thị Hoa",
        "account": {"bin": "970436", "number": "0123456789"},
        "issue_code": True,
    }


def test_a_key_of_the_callers_own_is_sent_as_it_is_and_told_where_no_answer_came() -> None:
    line = Line(*[lost()] * 3)
    with pytest.raises(Unanswered, match="3 tries") as raised:
        line.client(Retries(tries_max=3)).register("m", HOA, key="ours-17")
    assert line.keys == ["ours-17"] * 3
    assert raised.value.key == "ours-17"


def test_a_write_without_a_key_is_never_sent_twice() -> None:
    for method in ("POST", "PATCH", "DELETE"):
        line = Line(lost())
        wire = Transport(URL, "k", transport=httpx.MockTransport(line), sleep=line.waited.append)
        with pytest.raises(Unanswered):
            wire.send(method, "/v1/x", body=b"{}")
        assert (len(line.sent), line.waited) == (1, [])


def test_every_post_of_the_client_has_a_key() -> None:
    event = {"event": "e", "occurred_at": "t", "code": CODE}
    job = {"id": "j", "kind": "import", "state": "queued", "progress": {"done": 0, "total": 0}}
    bulk = {"totals": {"accepted": 0, "duplicate": 0, "rejected": 0}, "items": []}
    answers = (VENDOR, bulk, CODE, event, event, job)
    line = Line(*(said(201, body) for body in answers))
    client = line.client()
    client.register("m", HOA)
    client.register_many("m", [HOA])
    client.issue_code("CVT-0001-X", "970436")
    client.attach("CVT-0001-X.c1")
    client.remove("CVT-0001-X.c1", "tax_worry")
    client.import_file("roster", b"x", market="m")
    assert {request.method for request in line.sent} == {"POST"}
    assert None not in line.keys
    assert len(set(line.keys)) == len(answers)


def test_what_the_service_asks_to_wait_is_waited_in_full() -> None:
    asked = {"headers": {"Retry_After": "17"}}
    line = Line(problem(429, "RATE_LIMITED", **asked), said(200, VENDOR))
    line.client().vendor("CVT-0001-X")
    assert line.waited == [17.0]


def test_a_call_gives_up_where_the_wait_would_be_too_long() -> None:
    asked = {"headers": {"Retry_After": "3600"}}
    line = Line(problem(429, "RATE_LIMITED", **asked))
    with pytest.raises(TooManyRequests) as raised:
        line.client().vendor("CVT-0001-X")
    assert (line.waited, raised.value.code) == ([], "RATE_LIMITED")


@pytest.mark.parametrize(
    ("status", "code", "raised"),
    [
        (400, "INVALID_BODY", Invalid),
        (401, "UNAUTHENTICATED", Unauthenticated),
        (404, "NOT_FOUND", NotFound),
        (409, "STALL_TAKEN", Conflict),
        (412, "PRECONDITION_FAILED", Conflict),
        (422, "IDEMPOTENCY_KEY_REUSED", Invalid),
        (500, "INTERNAL", Unavailable),
    ],
)
def test_a_refusal_is_raised_at_once_as_what_it_is(
    status: int, code: str, raised: type[Exception]
) -> None:
    fault = {"pointer": "/stall", "code": "MISSING", "detail": "Give it."}
    line = Line(problem(status, code, errors=[fault], vendor="CVT-0002-Y"))
    with pytest.raises(raised) as refused:
        line.client().register("m", HOA)
    error: Any = refused.value
    assert (error.code, error.status, error.detail) == (code, status, "d")
    assert [(f.pointer, f.code) for f in error.errors] == [("/stall", "MISSING")]
    assert error.problem.vendor == "CVT-0002-Y"
    assert str(error) == f"{status} {code}: d"
    assert len(line.sent) == 1


def test_what_ends_by_itself_is_waited_for() -> None:
    bulk = {"totals": {"accepted": 1, "duplicate": 0, "rejected": 0}, "items": []}
    line = Line(problem(409, "BULK_IN_PROGRESS"), said(207, bulk))
    assert line.client().register_many("m", [HOA]).totals.accepted == 1
    assert line.keys[0] == line.keys[1]


def test_a_gateway_that_answers_in_html_is_tried_again_and_told() -> None:
    pages = [httpx.Response(502, content=b"<html>Bad gateway") for _ in range(3)]
    with pytest.raises(Unavailable) as raised:
        Line(*pages).client(Retries(tries_max=3)).me()
    assert (raised.value.status, raised.value.code) == (502, "NO_PROBLEM")


def test_an_answer_that_was_cut_off_is_asked_for_again() -> None:
    whole = gzip.compress(json.encode(VENDOR))
    packed = {"Content-Encoding": "gzip"}
    cut = httpx.Response(200, stream=_Pieces(b"not gzip"), headers=packed)
    line = Line(cut, httpx.Response(200, stream=_Pieces(whole), headers=packed))
    assert line.client().vendor("CVT-0001-X").stall == "B12"
    assert len(line.sent) == 2


class _Pieces(httpx.SyncByteStream):
    """A body as it comes over the line, undecoded."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        yield self._body


def test_no_redirect_is_followed_with_the_key() -> None:
    line = Line(httpx.Response(302, headers={"Location": "https://elsewhere.example"}))
    with pytest.raises(Unanswered, match="redirect"):
        line.client().me()
    assert len(line.sent) == 1


@pytest.mark.parametrize("url", ["ftp://x", "tracker.example", "https://"])
def test_only_a_service_is_asked(url: str) -> None:
    with pytest.raises(ClientError, match="not the address"):
        TrackerClient(url, "k")


def test_lists_are_read_to_their_end() -> None:
    pages = [said(200, {"items": [VENDOR], "next": f"c{n}"}) for n in range(2)]
    line = Line(*pages, said(200, {"items": [VENDOR]}))
    found = list(line.client().vendors("chợ/1", stage="issued"))
    assert [vendor.etag for vendor in found] == ['"3"'] * 3
    queries = [dict(request.url.params) for request in line.sent]
    assert [query.get("after") for query in queries] == [None, "c0", "c1"]
    assert {query["stage"] for query in queries} == {"issued"}
    assert line.sent[0].url.raw_path.startswith(b"/v1/markets/ch%E1%BB%A3%2F1/vendors?")


def test_a_change_that_waits_for_a_second_person_is_an_approval() -> None:
    waits = {
        "id": "CVT-0001-X.e6",
        "kind": "account",
        "state": "waiting",
        "market": "m",
        "asked_at": "t",
        "expires_at": "t",
    }
    line = Line(lost(), said(202, waits), said(200, VENDOR))
    client = line.client()
    account = Account("970436", "42")
    first = client.put_account("CVT-0001-X", account, if_match='"3"')
    second = client.put_account("CVT-0001-X", account)
    assert [type(found).__name__ for found in (first, second)] == ["Approval", "Vendor"]
    assert line.sent[0].headers["If-Match"] == '"3"'


def test_a_day_tells_which_lines_do_not_count() -> None:
    day = {"market": "m", "date": "d", "bin": "b", "payments": 1, "amount_vnd": 2, "vendors": 1}
    refused = {"row": 2, "id": None, "status": "rejected", "field": "vendor", "code": "X"}
    part = {"recorded": True, "day": day, "totals": {}, "items": [{**refused, "detail": None}]}
    client = Line(said(200, day), said(207, part), said(207, {**part, "day": None})).client()
    lines = [ActivityLine("CVT-0001-X", 1, 2)]
    whole, some, none = (client.put_activity("m", "2026-11-21", "b", lines) for _ in range(3))
    assert (whole.day, whole.refused) == (some.day, ())
    assert [row.code for row in some.refused] == ["X"]
    assert none.day is None


def test_a_job_is_waited_for_until_its_end() -> None:
    def job(state: str, **more: Any) -> httpx.Response:
        progress = {"done": 0, "total": 1}
        return said(
            200, {"id": "j", "kind": "import", "state": state, "progress": progress, **more}
        )

    result = {"totals": {"accepted": 2, "rejected": 1}}
    line = Line(job("queued"), job("running"), job("done", result=result))
    done = line.client().wait("j", pause_s=0.5)
    assert (done.totals.accepted, done.totals.duplicate, done.totals.rejected) == (2, 0, 1)
    assert line.waited == [0.5, 0.5]
    failed = Line(job("failed", problem={"code": "INTERNAL", "detail": "d"}))
    with pytest.raises(JobFailed, match="INTERNAL"):
        failed.client().wait("j")
    with pytest.raises(TimeoutError):
        Line(job("running")).client().wait("j", timeout_s=0)


def test_the_feed_goes_on_from_its_cursor() -> None:
    one = said(200, {"items": [{"market": "m"}], "next": "a"}, Tracker_Cursor="a")
    two = said(200, {"items": []}, Tracker_Cursor="b")
    line = Line(one, two)
    assert [(p.cursor, p.more) for p in line.client().feed()] == [("a", True), ("b", False)]
    assert [request.url.params.get("after") for request in line.sent] == [None, "a"]


def test_a_time_needs_its_offset() -> None:
    naive = datetime(2026, 11, 22, 8)  # noqa: DTZ001  # that is what is refused
    with pytest.raises(ValueError, match="offset"):
        Line().client().attach("CVT-0001-X.c1", occurred_at=naive)


@given(st.integers(1, 10_000), st.none() | st.floats(0, 1e6), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_never_shorter_than_asked_and_bounded_else(
    tried: int, asked: float | None, random: float
) -> None:
    retries = Retries()
    wait = retries.wait_s(tried, asked, lambda: random)
    assert wait >= (asked or 0)
    assert retries.first_s / 2 <= wait <= max(retries.wait_s_max, asked or 0)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(None, None), ("5", 5.0), (" 0 ", 0.0), ("soon", None), ("-3", None), ("9" * 30, 999999999.0)],
)
def test_what_retry_after_names(value: str | None, seconds: float | None) -> None:
    assert retry_after_s(value) == seconds


def test_retry_after_may_be_a_date() -> None:
    now = datetime(2026, 11, 22, 8, tzinfo=UTC)
    later: Callable[[int], str] = lambda s: (now + timedelta(seconds=s)).strftime(  # noqa: E731
        "%a, %d %b %Y %H:%M:%S GMT"
    )
    assert retry_after_s(later(90), lambda: now) == 90.0
    assert retry_after_s(later(-90), lambda: now) == 0.0
