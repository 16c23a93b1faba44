"""A code after its issue: supplied payloads, prints, its end, invoices, pictures."""

from __future__ import annotations

import io
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from tests.integration.api.city import FIRST, HOA, MARKET, City, problem
from tests.integration.registry import BIDV, VCB
from tracker.services import audit
from tracker.vietqr.compose import compose
from tracker.vietqr.parse import parse

CODES = f"/v1/vendors/{FIRST}/codes"
CODE = f"/v1/codes/{FIRST}.c1"
ACCOUNT = "0123456789"
OWN = compose(VCB, ACCOUNT, merchant_name="Đặng Thị Hoa", city="Vũng Tàu", store="VT-7")


def supplied(payload: str, **more: Any) -> dict[str, Any]:
    """A body that supplies a payload."""
    return {"bin": VCB, "source": "supplied", "payload": payload, **more}


def read(picture: bytes) -> str:
    """What a reader makes of a picture."""
    with Image.open(io.BytesIO(picture)) as opened:
        found = zxingcpp.read_barcode(opened.convert("L"))
    assert found is not None
    return str(found.text)


@pytest.fixture
def hoa(market: City) -> City:
    """Hoa at B12, registered by the bank, with an account and no code."""
    market.register("bank")
    return market


def test_a_banks_own_payload_becomes_the_code(hoa: City) -> None:
    made = hoa.post("bank", CODES, supplied(OWN), key="1")
    assert made.status_code == 201, made.text
    code = made.json()
    assert (code["source"], code["payload"], code["version"]) == ("supplied", OWN, 1)
    again = hoa.post("bank", CODES, supplied(OWN), key="2")
    assert (again.status_code, again.json()) == (200, code)
    assert hoa.scan(OWN).json()["verdict"] == "matched"
    composed = hoa.post("bank", CODES, {"bin": VCB}, key="3")
    assert (composed.status_code, composed.json()["version"]) == (201, 2)
    assert hoa.get("bank", CODE).json()["state"] == "superseded"
    back = hoa.post("bank", CODES, supplied(OWN), key="4").json()
    assert (back["id"], back["version"]) == (f"{FIRST}.c3", 1)
    ours = hoa.post("bank", CODES, supplied(composed.json()["payload"]), key="5").json()
    assert (ours["source"], ours["version"]) == ("composed", 2)


def test_another_vendors_reference_is_taken_and_not_to_be_tried_again(hoa: City) -> None:
    account = {"bin": VCB, "number": "0123456788"}
    body = {"stall": "B13", "name": "Lê Văn Tám", "account": account}
    tam = hoa.post("bank", f"/v1/markets/{MARKET}/vendors", body, key="0").json()["vendor"]
    issued, hung = {"bin": VCB, "partner_ref": "C-1"}, {"partner_ref": "E-1"}
    down = {"reason": "lost_phone", **hung}
    assert hoa.post("bank", f"/v1/vendors/{tam}/codes", issued, key="1").status_code == 201
    assert hoa.post("bank", f"/v1/codes/{tam}.c1/attachments", hung, key="2").status_code == 201
    taken = [problem(hoa.post("bank", CODES, issued, key="3"), 409, "PARTNER_REF_TAKEN")]
    assert hoa.post("bank", CODES, {"bin": VCB}, key="4").status_code == 201
    for path, key in (("attachments", "5"), ("removals", "6")):
        sent = hung if path == "attachments" else down
        answer = hoa.post("bank", f"{CODE}/{path}", sent, key=key)
        taken.append(problem(answer, 409, "PARTNER_REF_TAKEN"))
        assert hoa.post("bank", f"{CODE}/attachments", {}, key="hung").status_code == 201
    assert {said["vendor"] for said in taken} == {tam}


def test_supplied_payloads_that_are_refused_with_all_their_problems(hoa: City) -> None:
    bad = OWN[:-4].replace("5802VN", "5802XX").replace("5303704", "5303840") + "0000"
    said = problem(hoa.post("bank", CODES, supplied(bad), key="1"), 400, "PAYLOAD_NOT_STRICT")
    codes = [fault["code"] for fault in said["errors"]]
    assert sorted(codes) == ["CRC_MISMATCH", "VALUE", "VALUE"]
    assert {fault["pointer"] for fault in said["errors"]} == {"/payload"}
    assert all("character" in fault["detail"] for fault in said["errors"])
    assert ACCOUNT not in str(said)
    lenient = OWN + " "
    problem(hoa.post("bank", CODES, supplied(lenient), key="2"), 400, "PAYLOAD_NOT_STRICT")
    for other in (compose(VCB, "999"), compose(BIDV, ACCOUNT)):
        refused = hoa.post("bank", CODES, supplied(other), key=other)
        problem(refused, 400, "PAYLOAD_OTHER_ACCOUNT")
    for body, fault in (
        ({"bin": VCB, "source": "supplied"}, "MISSING"),
        ({"bin": VCB, "payload": OWN}, "NOT_ALLOWED"),
    ):
        (told,) = problem(hoa.post("manager", CODES, body), 400, "INVALID_BODY")["errors"]
        assert (told["pointer"], told["code"]) == ("/payload", fault)
    assert hoa.get("bank", CODES).json() == {"items": []}


def test_prints_are_counted(hoa: City) -> None:
    hoa.post("bank", CODES, {"bin": VCB}, key="1")
    first = hoa.post("bank", f"{CODE}/prints", {}, key="p")
    assert (first.status_code, first.json()["prints"]) == (201, 1)
    again = hoa.post("bank", f"{CODE}/prints", {}, key="p")
    assert again.content == first.content
    assert hoa.post("manager", f"{CODE}/prints", {}).json()["prints"] == 2
    shown = hoa.get("bank", CODE).json()
    assert (shown["prints"], shown["version"]) == (2, 1)
    problem(hoa.post("field", f"{CODE}/prints", {}), 403, "FORBIDDEN")
    problem(hoa.post("bidv", f"{CODE}/prints", {}), 404, "NOT_FOUND")


def test_a_code_ends_and_another_takes_its_place(hoa: City) -> None:
    hoa.post("bank", CODES, {"bin": VCB}, key="1")
    hoa.post("field", f"{CODE}/attachments", {})
    early = {"reason": "x", "occurred_at": "2023-05-01T08:00:00+07:00"}
    problem(hoa.post("bank", f"{CODE}/revocation", early), 400, "BEFORE_REGISTRATION")
    problem(hoa.post("bank", f"{CODE}/revocation", {}), 400, "INVALID_BODY")
    ended = hoa.post("bank", f"{CODE}/revocation", {"reason": "Đổi tài khoản"}, key="r")
    assert ended.status_code == 201
    assert (ended.json()["state"], ended.json()["attached"]) == ("revoked", False)
    replayed = hoa.post("bank", f"{CODE}/revocation", {"reason": "Đổi tài khoản"}, key="r")
    assert replayed.content == ended.content
    twice = hoa.post("bank", f"{CODE}/revocation", {"reason": "Đổi tài khoản"})
    assert (twice.status_code, twice.json()) == (200, ended.json())
    figures = hoa.get("ioc", f"/v1/markets/{MARKET}/adoption").json()["figures"]
    assert (figures["issued"]["count"], figures["attached"]["count"]) == (0, 0)
    for path, body in (
        ("prints", {}),
        ("invoices", {"amount_vnd": 1}),
        ("attachments", {}),
    ):
        problem(hoa.post("manager", f"{CODE}/{path}", body), 409, "CODE_NOT_LIVE")
    anew = hoa.post("bank", CODES, {"bin": VCB}, key="2").json()
    assert (anew["id"], anew["version"], anew["state"]) == (f"{FIRST}.c2", 1, "live")
    hoa.call("bank", "PUT", f"/v1/vendors/{FIRST}/accounts/{VCB}", {"number": "1"})


def test_an_invoice_is_a_payload_and_leaves_no_amount(hoa: City) -> None:
    hoa.post("bank", CODES, {"bin": VCB}, key="1")
    body = {"amount_vnd": 48_213_907, "bill": "HD-0107", "purpose": "Tiền cá tháng 6"}
    made = hoa.post("bank", f"{CODE}/invoices", body, key="i")
    assert made.status_code == 201
    read_ = parse(made.json()["payload"])
    assert (read_.verdict, read_.initiation, read_.amount) == ("ok", "dynamic", 48_213_907)
    assert (read_.bin, read_.account, read_.terminal) == (VCB, ACCOUNT, FIRST)
    assert (read_.bill, read_.purpose) == ("HD-0107", "Tien ca thang 6")
    for media_type in ("image/png", "image/svg+xml"):
        picture = hoa.post(
            "bank", f"{CODE}/invoices", body, key="i", headers={"Accept": media_type}
        )
        assert picture.headers["content-type"] == media_type
        assert picture.headers["idempotency-replayed"] == "true"
        if media_type == "image/png":
            assert read(picture.content) == made.json()["payload"]
    said = problem(
        hoa.post("bank", f"{CODE}/invoices", {"amount_vnd": 0, "tip": 1}), 400, "INVALID_BODY"
    )
    assert {f["pointer"] for f in said["errors"]} == {"/amount_vnd", "/tip"}
    odd = hoa.post("bank", f"{CODE}/invoices", {"amount_vnd": 1, "bill": "Số 1"})
    assert [f["pointer"] for f in problem(odd, 400, "PAYLOAD_INVALID")["errors"]] == ["/bill"]
    problem(hoa.post("field", f"{CODE}/invoices", body), 403, "FORBIDDEN")
    store: Any = hoa.tracker.client

    async def look() -> tuple[list[Any], bytes]:
        dumped = b""
        async for key in store.scan_iter():
            dumped += key + (await store.dump(key))
        return [one async for one in audit.verify(hoa.tracker)], dumped

    differences, dumped = hoa.run(look())
    assert differences == []
    for secret in (b"48213907", b"HD-0107", b"Tien ca", (48_213_907).to_bytes(4, "big")):
        assert secret not in dumped


@pytest.mark.parametrize("kind", ["code", "sticker"])
@pytest.mark.parametrize("format_", ["png", "svg", "pdf"])
def test_pictures_of_every_kind(hoa: City, kind: str, format_: str) -> None:
    payload = hoa.post("bank", CODES, {"bin": VCB}, key="1").json()["payload"]
    path = f"{CODE}/image?kind={kind}&format={format_}"
    drawn = hoa.get("field", path)
    assert drawn.status_code == 200, drawn.text
    kinds = {"png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf"}
    assert drawn.headers["content-type"] == kinds[format_]
    if format_ == "png":
        assert read(drawn.content) == payload
    etag = {"If-None-Match": drawn.headers["etag"]}
    same = hoa.get("field", path, headers=etag)
    assert (same.status_code, same.content) == (304, b"")
    assert hoa.get("field", f"{path}&size_mm=80", headers=etag).status_code == 200
    hoa.post("manager", f"{CODE}/prints", {})
    hoa.post("manager", f"{CODE}/prints", {})
    printed = hoa.get("field", path, headers=etag)
    assert printed.status_code == (200 if kind == "sticker" else 304)


def test_a_bank_does_not_read_a_traders_name_off_a_sticker(market: City) -> None:
    own = {**HOA["account"], "holder": "Trần Văn Chồng"}  # type: ignore[dict-item]
    market.register("manager", account=own, issue_code=True)
    path = f"{CODE}/image?kind=sticker&format=svg"
    banks, managers = market.get("bank", path), market.get("manager", path)
    assert (banks.status_code, managers.status_code) == (200, 200)
    assert banks.headers["etag"] != managers.headers["etag"]
    assert market.get("bidv", path).status_code == 404
