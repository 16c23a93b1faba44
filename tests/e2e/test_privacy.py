"""A day of use of the processes as they ship, and then a search of everything that they left.

Imports, registrations, refusals, exports and an erasure, over HTTP; the search goes through the
store's files and values, the log of all processes, names of files, problems, and the answers to
those who may see nothing personal. What it looks for are the sample's people, in many spellings.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from tests.e2e.conftest import Running, until
from tests.integration.test_privacy_at_rest import (
    files_of,
    folded,
    personal_texts,
    search,
    spellings,
    values_of,
)
from tracker import sample
from tracker.services.context import Tracker
from tracker.vietqr.compose import compose

MARKET = "cho-vung-tau"
VCB = "970436"
NAME, PHONE, NUMBER = "Đoàn Thị Ngọc Ánh", "0912987654", "00710004242421"
FAMILY = "Đoàn Văn Mộc Lan"
STRANGER = "66600011122233"
TYPED = "0988777666"
"""A phone number that somebody types where none belongs."""

MARKER = "a-day-of-use-is-logged"


class Day(NamedTuple):
    """What was left at the end of the day: the places to search, and the problems by code."""

    places: list[tuple[str, bytes]]
    problems: dict[str, int]
    erased: dict[str, Any]


class Using:
    """Requests by all roles; what nobody may read a name in is kept."""

    def __init__(self, up: Running) -> None:
        self._up = up
        self.kept: list[tuple[str, bytes]] = []
        self.problems: dict[str, int] = {}
        self._clients = {
            "admin": up.client(up.key("admin")),
            "bank": up.client(up.key("bank", bins=(VCB,), markets=(MARKET,))),
            "other": up.client(up.key("bank", bins=("970448",), markets=(MARKET,))),
            "manager": up.client(up.key("manager", markets=(MARKET,))),
            "auditor": up.client(up.key("auditor")),
            "ioc": up.client(up.key("ioc")),
        }

    def __call__(self, as_: str, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """One request; problems, and answers to those who see everything masked, are kept."""
        if body is not None:
            more["json"] = body
        answer: httpx.Response = self._clients[as_].request(method, path, **more)
        assert answer.status_code < 500, answer.text
        if answer.status_code >= 400:
            code = answer.json()["code"]
            self.problems[code] = self.problems.get(code, 0) + 1
        if answer.status_code >= 400 or as_ in ("auditor", "ioc", "other"):
            head = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
            told = head.encode() + b"\n" + answer.content
            self.kept.append((f"answer to {as_}: {method} {path.partition('?')[0]}", told))
        return answer

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


def finished(use: Using, job: str) -> None:
    def ended() -> bool:
        return use("admin", "GET", f"/v1/jobs/{job}").json()["state"] in ("done", "failed")

    until("the job ends", ended)


def imports(use: Using) -> None:
    """The market's roster and the banks' files, one of them twice, one of no use."""
    for id_, market in sample.expected().markets.items():
        body = {"id": id_, "name": market.name, "prefix": market.prefix, "opened_on": "2020-01-01"}
        assert use("admin", "POST", "/v1/markets", body).status_code == 201
    roster = sample.roster_files()[MARKET]
    files = [("roster", roster.name, roster.read_bytes())] * 2
    files += [("attachments", f.name, f.read_bytes()) for f in sample.bank_files().values()]
    nonsense = f"ho ten,so dien thoai\n{NAME},{PHONE}\n".encode()
    files.append(("roster", f"{NAME}.csv", nonsense))
    for kind, name, content in files:
        form = {"kind": kind, "effective_on": "2023-01-01"}
        form |= {"market": MARKET} if kind == "roster" else {}
        sent = use("admin", "POST", "/v1/imports", data=form, files={"file": (name, content)})
        if sent.status_code == 202:
            finished(use, sent.json()["id"])
            for as_ in ("auditor", "ioc"):
                use(as_, "GET", f"/v1/jobs/{sent.json()['id']}/rows?limit=1000")


def work(use: Using) -> str:
    """A registration with everything that follows, and refusals of all kinds; the vendor code."""
    vendors = f"/v1/markets/{MARKET}/vendors"
    new = {
        "stall": "Z99",
        "name": NAME,
        "phone": "0912 987 654",
        "partner_ref": "r-1",
        "account": {"bin": VCB, "number": NUMBER, "holder": FAMILY},
        "issue_code": True,
    }
    key = {"Idempotency-Key": "day-1", "X-Request-Id": MARKER}
    vendor = use("bank", "POST", vendors, new, headers=key).json()["vendor"]
    code = f"{vendor}.c1"
    other = {"Idempotency-Key": "day-1"}
    use("bank", "POST", vendors, {**new, "stall": "Z98"}, headers=other)
    changes: tuple[dict[str, Any], ...] = (
        {"name": folded(NAME) + " khác"},
        {"stall": "Z97"},
        {"phone": f"{PHONE}x", "name": NAME * 20, "account": {"bin": NUMBER, "number": NAME}},
        {"account": {"bin": VCB, "number": "00710004242422"}},
        {"stall": NAME * 3, "zone": [NAME]},
    )
    for n, change in enumerate(changes):
        sent = {"Idempotency-Key": f"bad-{n}"}
        body = {**new, **change}
        assert use("bank", "POST", vendors, body, headers=sent).status_code >= 400
    use("bank", "POST", vendors, headers={"Idempotency-Key": "bad"}, content=f"{{{NAME}".encode())
    use("manager", "GET", vendors, params={"q": NAME})
    use("manager", "GET", vendors, params={"q": TYPED})
    use("manager", "GET", vendors, params={"after": NAME})
    use("manager", "GET", f"/v1/vendors/{vendor}")
    use("manager", "GET", f"/v1/vendors/{vendor}/personal-data")
    use("bank", "GET", f"/v1/codes/{code}")
    use("bank", "GET", f"/v1/codes/{code}/image")
    invoice = {"amount_vnd": 9_000, "purpose": FAMILY}
    use("bank", "POST", f"/v1/codes/{code}/invoices", invoice, headers={"Idempotency-Key": "i"})
    for payload in (compose(VCB, STRANGER), NAME, f"{PHONE}{NUMBER}"):
        body = {"market": MARKET, "stall": "Z99", "payload": payload}
        use(
            "manager",
            "POST",
            "/v1/scans",
            body,
            headers={"Idempotency-Key": payload[:9].encode().hex()},
        )
    for as_ in ("auditor", "ioc", "other"):
        for path in (
            vendors,
            f"/v1/vendors/{vendor}",
            f"/v1/vendors/{vendor}/events",
            "/v1/incidents",
            f"/v1/codes/{code}",
            f"/v1/vendors/{vendor}/personal-data",
            "/v1/snapshots",
            f"/v1/markets/{MARKET}/adoption",
            f"/v1/markets/{MARKET}/round",
            "/metrics",
        ):
            use(as_, "GET", path)
    return str(vendor)


def erase(use: Using, vendor: str) -> dict[str, Any]:
    """The trader leaves and is forgotten; what the admin and the bank's retry then read."""
    any_ = {"If-Match": "*"}
    personal = f"/v1/vendors/{vendor}/personal-data"
    assert use("admin", "DELETE", personal, headers=any_).status_code == 409
    use("admin", "POST", f"/v1/codes/{vendor}.c1/revocation", {"reason": "Nghỉ bán"})
    use("admin", "PUT", f"/v1/vendors/{vendor}/status", {"status": "left"}, headers=any_)
    assert use("admin", "DELETE", personal, headers=any_).status_code == 200
    read = {
        "vendor": use("admin", "GET", f"/v1/vendors/{vendor}"),
        "export": use("admin", "GET", personal),
        "image": use("admin", "GET", f"/v1/codes/{vendor}.c1/image"),
        "events": use("admin", "GET", f"/v1/vendors/{vendor}/events"),
    }
    return {name: answer.text for name, answer in read.items()}


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    up = Running(tmp_path_factory.mktemp("privacy") / "data")
    try:
        use = Using(up)
        imports(use)
        erased = erase(use, work(use))
        use.close()

        async def left(tracker: Tracker) -> int:
            return int(await tracker.client.hlen("{m:cho-vung-tau}:erasing"))

        until("the erasure is done", lambda: up.inside(left) == 0)

        async def values(tracker: Tracker) -> list[tuple[str, bytes]]:
            return [(name, content) async for name, content in _all(tracker.client)]

        found = up.inside(values)
        up.stop()
    finally:
        if up.process.poll() is None:
            up.process.kill()
    files = [place for place in files_of(up.data) if place[0] != "master.key"]
    names = "\n".join(str(path) for path in Path(up.data).rglob("*")).encode()
    log = ("the log", up.log.read_bytes())
    return Day([*found, *files, ("names of files", names), log, *use.kept], use.problems, erased)


async def _all(client: Any) -> Any:
    for place in await values_of(client):
        yield place


def test_the_day_was_what_it_claims(day: Day) -> None:
    """What is searched is there: the log, the problems, the imported people's sealed data."""
    places = dict(day.places)
    assert MARKER.encode() in places["the log"]
    assert places["the log"].count(b"/v1/markets/{market}/vendors") > 5
    assert b"POST" in places["the log"]
    assert len([1 for name in places if name.startswith("{m:cho-vung-tau}")]) > 5
    assert any(name.endswith((".aof", ".rdb")) for name in places)
    assert {
        "STALL_TAKEN",
        "PARTNER_REF_TAKEN",
        "IDEMPOTENCY_KEY_REUSED",
        "INVALID_BODY",
        "MALFORMED_JSON",
        "CURSOR_INVALID",
        "HAS_LIVE_CODES",
        "ERASED",
        "NOT_FOUND",
    } <= day.problems.keys()


def test_nobody_is_named_in_anything_that_was_left(day: Day) -> None:
    texts = {
        *personal_texts(),
        NAME,
        FAMILY,
        NUMBER,
        STRANGER,
        *spellings(PHONE),
        *spellings(TYPED),
    }
    assert search(day.places, texts) == []


def test_what_is_read_after_an_erasure_names_nobody(day: Day) -> None:
    told = [(name, text.encode()) for name, text in day.erased.items()]
    assert search(told, {NAME, FAMILY, NUMBER, *spellings(PHONE), "•••• 2421"}) == []
    assert re.search(r'"name":null', day.erased["vendor"])


@pytest.mark.parametrize(
    "line",
    [
        f"GET /v1/markets/x/vendors?q={NAME}",
        "GET /vendors?q=%C4%90o%C3%A0n%20Th%E1%BB%8B%20Ng%E1%BB%8Dc%20%C3%81nh",
        '{"event": "x", "name": "\\u0110o\\u00e0n Th\\u1ecb Ng\\u1ecdc \\u00c1nh"}',
        "holder=DOAN THI NGOC ANH",
        "phone +84 912 987 654",
        f"account {NUMBER}",
    ],
)
def test_what_is_planted_in_the_log_is_found(day: Day, line: str) -> None:
    """The search can fail, with all that is searched for and in each spelling."""
    log = dict(day.places)["the log"] + line.encode() + b"\n"
    texts = {*personal_texts(), NAME, NUMBER, *spellings(PHONE)}
    assert {found.where for found in search([("the log", log)], texts)} == {"the log"}
