"""Scans as a field team makes them: payloads, photographs, evidence, refusals."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.integration.api.city import FIRST, HOA, MARKET, OTHER, STRANGER, City, problem
from tests.integration.registry import BIDV, VCB
from tracker.domain.facts import Attached
from tracker.stickers import image
from tracker.vietqr.compose import compose

CODE = f"/v1/codes/{FIRST}.c1"
MOMO = "00020101021138500010A00000077501100106600106020803A015204581253037045802VN6304"


def payload_of(city: City, code: str = f"{FIRST}.c1") -> str:
    """The payload of a code."""
    text: str = city.get("admin", f"/v1/codes/{code}").json()["payload"]
    return text


def photo(city: City, content: bytes, as_: str = "field", **more: Any) -> httpx.Response:
    """A photograph of stall B12."""
    fields = {"market": MARKET, "stall": "B12"}
    files = {"image": ("stall.png", content, "image/png")}
    return city.call(as_, "POST", "/v1/scans", data=fields, files=files, **more)


@pytest.fixture
def stall(market: City) -> City:
    """Hoa at B12 with a live code, a neighbour at B13 with another account, and its code."""
    market.register(issue_code=True)
    neighbour = {"bin": BIDV, "number": "31410001234567"}
    market.register(stall="B13", name="Phan Văn Tư", account=neighbour, issue_code=True)
    return market


def test_a_field_team_scans_and_attaches(stall: City) -> None:
    scanned = stall.scan(payload_of(stall), " b 12", as_="field")
    assert scanned.status_code == 201
    found = scanned.json()
    assert (found["verdict"], found["stall"], found["incident"]) == ("matched", "B12", None)
    assert found["expected"] == {
        "vendor": FIRST,
        "stall": "B12",
        "codes": [f"{FIRST}.c1"],
        "accounts": ["•••• 6789"],
    }
    (seen,) = found["seen"]
    assert (seen["bin"], seen["account"], seen["code"]) == (VCB, "•••• 6789", f"{FIRST}.c1")
    assert stall.get("field", CODE).json()["attached"] is False
    body = {"evidence": {"kind": "scan", "scan": found["id"]}}
    hung = stall.post("field", f"{CODE}/attachments", body)
    assert hung.status_code == 201, hung.text

    async def evidence() -> list[Attached]:
        ledger = stall.tracker.reader.ledger(MARKET)
        return [e.fact async for e in ledger if isinstance(e.fact, Attached)]

    (fact,) = stall.run(evidence())
    assert (fact.evidence, fact.scan) == ("scan", found["id"])


def test_what_is_no_evidence(stall: City) -> None:
    other = stall.get("admin", f"/v1/markets/{MARKET}/vendors?q=B13").json()["items"][0]
    theirs = stall.scan(payload_of(stall, other["codes"][0]["id"]), "B13").json()
    altered = stall.scan(compose(VCB, "0123456789"), "B12").json()
    assert (theirs["verdict"], altered["verdict"]) == ("matched", "altered")
    for scan in (theirs["id"], altered["id"], f"{FIRST}.e1", "nonsense"):
        body = {"evidence": {"kind": "scan", "scan": scan}}
        answer = stall.post("field", f"{CODE}/attachments", body)
        problem(answer, 400, "SCAN_NOT_MATCHED")
    for evidence, code in (
        ({"kind": "scan"}, "MISSING"),
        ({"kind": "photo", "scan": altered["id"]}, "NOT_ALLOWED"),
    ):
        refused = stall.post("field", f"{CODE}/attachments", {"evidence": evidence})
        (fault,) = problem(refused, 400, "INVALID_BODY")["errors"]
        assert (fault["pointer"], fault["code"]) == ("/evidence/scan", code)


def test_verdicts_on_the_wall(stall: City) -> None:
    mine = payload_of(stall)
    neighbours = compose(BIDV, "31410001234567")
    for payload, verdict in (
        (mine, "matched"),
        (mine + " ", "altered"),
        (mine[:-4] + "0000", "unreadable"),
        (compose(VCB, "0123456789", amount_vnd=5_000), "altered"),
        (neighbours, "other_stall"),
        (compose(VCB, STRANGER), "foreign_account"),
    ):
        assert stall.scan(payload, as_="manager").json()["verdict"] == verdict, payload
    stall.post("manager", f"{CODE}/revocation", {"reason": "đổi tài khoản"})
    assert stall.scan(mine).json()["verdict"] == "superseded"
    path = f"/v1/vendors/{FIRST}/accounts/{VCB}"
    stall.call("manager", "PUT", path, {"number": "555000555"}, headers={"If-Match": "*"})
    stall.post("manager", f"/v1/vendors/{FIRST}/codes", {"bin": VCB})
    assert stall.scan(mine).json()["verdict"] == "superseded"
    assert stall.scan(compose(VCB, "0123456789")).json()["verdict"] == "superseded"
    assert stall.scan(payload_of(stall, f"{FIRST}.c2")).json()["verdict"] == "matched"


def test_an_account_of_another_market_is_another_stalls(stall: City) -> None:
    stall.open_market(OTHER, "CP7")
    there = {**HOA, "stall": "C1", "account": {"bin": VCB, "number": "998877665544"}}
    assert stall.post("admin", f"/v1/markets/{OTHER}/vendors", there).status_code == 201
    assert stall.scan(compose(VCB, "998877665544")).json()["verdict"] == "other_stall"


def test_a_matched_scan_renews_the_verification(stall: City) -> None:
    stall.post("field", f"{CODE}/attachments", {})
    for _ in range(100):
        stall.clock.next_day()
    reasons = {v["stall"]: v["reason"] for v in round_of(stall)}
    assert reasons["B12"] == "stale_verification"
    stall.scan(payload_of(stall), as_="field")
    assert "B12" not in {v["stall"] for v in round_of(stall)}


def round_of(city: City) -> list[dict[str, Any]]:
    """The stalls to visit."""
    items: list[dict[str, Any]] = city.get("field", f"/v1/markets/{MARKET}/round").json()["items"]
    return items


def test_refusals(stall: City) -> None:
    mine = payload_of(stall)
    problem(stall.scan(mine, "Z9", as_="field"), 404, "STALL_UNKNOWN")
    problem(stall.scan(mine, as_="field", market=OTHER), 404, "NOT_FOUND")
    problem(stall.scan(mine, as_="admin", market="cho-khac"), 404, "NOT_FOUND")
    problem(stall.scan(mine, as_="bank"), 404, "NOT_FOUND")
    problem(stall.scan(mine, as_="auditor"), 403, "FORBIDDEN")
    empty = problem(stall.post("field", "/v1/scans", {"payload": 1}), 400, "INVALID_BODY")
    assert {f["pointer"] for f in empty["errors"]} == {"/market", "/stall", "/payload"}
    body = {"market": MARKET, "stall": "B12", "payload": mine}
    late = {**body, "occurred_at": "2030-01-01T00:00:00+07:00"}
    problem(stall.post("field", "/v1/scans", late), 400, "IN_FUTURE")
    early = {**body, "occurred_at": "2019-01-01T00:00:00+07:00"}
    problem(stall.post("admin", "/v1/scans", early), 400, "BEFORE_REGISTRATION")
    huge = b'{"payload": "' + b"1" * 2_000_000 + b'"}'
    headers = {"content-type": "application/json"}
    answer = stall.call("field", "POST", "/v1/scans", content=huge, headers=headers)
    problem(answer, 413, "TOO_LARGE")
    text = stall.call(
        "field", "POST", "/v1/scans", content=b"x", headers={"content-type": "text/plain"}
    )
    problem(text, 415, "MEDIA_TYPE")


def test_a_repeat_under_a_key_is_one_scan(stall: City) -> None:
    mine = payload_of(stall)
    calls = [
        stall.acall(
            "field", "POST", "/v1/scans", {"market": MARKET, "stall": s, "payload": mine}, key="k"
        )
        for s in ("B12", "b 12", " B12 ")
    ]
    answers = stall.together(calls)
    assert {a.status_code for a in answers} == {201}
    assert len({a.content for a in answers}) == 1
    problem(stall.scan(mine, "B13", as_="field", key="k"), 422, "IDEMPOTENCY_KEY_REUSED")


def test_photographs(stall: City) -> None:
    mine = payload_of(stall)
    genuine = image.png(mine)
    assert photo(stall, genuine).json()["verdict"] == "matched"
    stall.post("manager", f"{CODE}/revocation", {"reason": "thử"})
    assert photo(stall, genuine).json()["verdict"] == "superseded"
    foreign = photo(stall, image.png(compose(VCB, STRANGER)))
    assert foreign.json()["verdict"] == "foreign_account"
    assert foreign.json()["incident"]


def test_several_codes_in_one_photograph_are_all_judged(stall: City) -> None:
    import io

    from PIL import Image

    mine, thiefs = payload_of(stall), compose(VCB, STRANGER)
    sheet = Image.new("L", (1600, 800), 255)
    for n, payload in enumerate((mine, thiefs)):
        with Image.open(io.BytesIO(image.png(payload))) as code:
            sheet.paste(code, (100 + 800 * n, 100))
    out = io.BytesIO()
    sheet.save(out, "JPEG")
    found = photo(stall, out.getvalue()).json()
    assert found["verdict"] == "foreign_account"
    ids = {seen["verdict"]: seen["id"] for seen in found["seen"]}
    assert set(ids) == {"matched", "foreign_account"}
    assert found["id"] == ids["foreign_account"]
    body = {"evidence": {"kind": "scan", "scan": ids["matched"]}}
    assert stall.post("field", f"{CODE}/attachments", body).status_code == 201


def test_a_photograph_repeated_under_a_key(stall: City) -> None:
    genuine = image.png(payload_of(stall))
    first, again = (photo(stall, genuine, key="k") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert again.headers["idempotency-replayed"] == "true"
    other = image.png(payload_of(stall), module_px=9)
    problem(photo(stall, other, key="k"), 422, "IDEMPOTENCY_KEY_REUSED")


def test_pictures_that_are_none(stall: City) -> None:
    blank = photo(stall, _blank())
    assert (blank.status_code, blank.json()["verdict"]) == (201, "unreadable")
    said = photo(stall, b"no picture")
    assert said.status_code == 400, said.text
    assert said.headers["content-type"] == "application/problem+json"
    code = said.json()["code"].lower().replace("_", "-")
    assert stall.get(None, f"/problems/{code}").status_code == 200
    large = photo(stall, b"\x89PNG" + bytes(12 * 1024 * 1024))
    problem(large, 413, "FILE_TOO_LARGE")
    fields = {"market": MARKET, "stall": "B12"}
    bare = stall.call("field", "POST", "/v1/scans", files={"x": ("", b"1")}, data=fields)
    assert problem(bare, 400, "FILE_MISSING")["detail"].count("`image`") == 1
    refused = problem(
        stall.call("field", "POST", "/v1/scans", files={"image": ("", b"1")}, data={"a": "1"}),
        400,
        "INVALID_BODY",
    )
    assert {f["pointer"] for f in refused["errors"]} == {"/a", "/market", "/stall"}


def _blank() -> bytes:
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.new("L", (200, 200), 255).save(out, "PNG")
    return out.getvalue()
