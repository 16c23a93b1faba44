from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.errors import Invalid
from tracker.vietqr import LocalName, compose, parse
from tracker.vietqr.banks import banks
from tracker.vietqr.text import payload_name

from .payloads import ACCOUNT, BIN, signed, tlv, transfer

ANS = st.characters(min_codepoint=0x20, max_codepoint=0x7E)
SIGNS = st.characters(min_codepoint=0x21, max_codepoint=0x7E)
Bins = st.text("0123456789", min_size=6, max_size=6)
Labels = st.none() | st.text(ANS, min_size=1, max_size=25).filter(str.strip)
Names = st.none() | st.text(max_size=60)


def faults_of(*args: str, **kwargs: Any) -> set[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        compose(*args, **kwargs)
    assert caught.value.code == "PAYLOAD_INVALID"
    return {(fault.pointer, fault.code) for fault in caught.value.faults}


def test_a_static_code_with_the_vendor_code_as_terminal() -> None:
    assert compose(BIN, ACCOUNT, terminal="CVT-0042-A") == signed(
        tlv(
            ("00", "01"),
            ("01", "11"),
            ("38", transfer()),
            ("53", "704"),
            ("58", "VN"),
            ("62", tlv(("07", "CVT-0042-A"))),
        )
    )


def test_an_invoice_with_everything() -> None:
    text = compose(
        BIN,
        "9704361234567890",
        "CVT-0042-A",
        card=True,
        amount_vnd=125_000,
        bill="HD0042",
        purpose="Tiền cá, tháng 6",
        merchant_name="Cô Bảy Đặng – hải sản tươi sống",
        city="Thành phố Vũng Tàu",
        mcc="5422",
        local=LocalName("vi", "Cô Bảy Đặng", "Vũng Tàu"),
    )
    parsed = parse(text)
    assert (parsed.verdict, parsed.problems) == ("ok", ())
    assert (parsed.service, parsed.account) == ("QRIBFTTC", "9704361234567890")
    assert (parsed.initiation, parsed.amount, parsed.bill) == ("dynamic", 125_000, "HD0042")
    assert (parsed.purpose, parsed.terminal) == ("Tien ca, thang 6", "CVT-0042-A")
    assert (parsed.merchant_name, parsed.city) == ("CO BAY DANG - HAI SAN", "THANH PHO VUNG")
    assert (parsed.language, parsed.local_name, parsed.local_city) == (
        "VI",
        "Cô Bảy Đặng",
        "Vũng Tàu",
    )
    assert parsed.mcc == "5422"


@given(
    bin_=Bins,
    card=st.booleans(),
    account=st.text(SIGNS, min_size=1, max_size=19),
    number=st.text("0123456789", min_size=8, max_size=19),
    amount_vnd=st.none() | st.integers(1, 499_999_999),
    labels=st.tuples(Labels, Labels, Labels, Labels),
    purpose=Names,
    merchant_name=Names,
    city=Names,
    mcc=st.none() | st.text("0123456789", min_size=4, max_size=4),
    local=st.none()
    | st.builds(LocalName, st.sampled_from(["vi", "EN"]), st.text(), st.none() | st.text()),
)
def test_what_is_written_is_read_as_ok_with_the_same_fields(
    bin_: str,
    card: bool,
    account: str,
    number: str,
    amount_vnd: int | None,
    labels: tuple[str | None, ...],
    purpose: str | None,
    merchant_name: str | None,
    city: str | None,
    mcc: str | None,
    local: LocalName | None,
) -> None:
    bill, store, reference, terminal = labels
    payee = number if card else account
    try:
        text = compose(
            bin_,
            payee,
            terminal,
            card=card,
            amount_vnd=amount_vnd,
            bill=bill,
            purpose=purpose,
            store=store,
            reference=reference,
            merchant_name=merchant_name,
            city=city,
            mcc=mcc,
            local=local,
        )
    except Invalid as refused:
        # Only texts of any kind may be refused; all else was drawn within the rules.
        pointers = {fault.pointer for fault in refused.faults}
        if pointers <= {"/purpose", "/merchant_name", "/city", "/local/name", "/local/city"}:
            return
        raise
    parsed = parse(text)
    assert parsed.verdict == "ok"
    assert {problem.severity for problem in parsed.problems} <= {"warning"}
    assert (parsed.bin, parsed.account, parsed.amount, parsed.mcc) == (bin_, payee, amount_vnd, mcc)
    assert (parsed.bill, parsed.store, parsed.reference, parsed.terminal) == labels
    if merchant_name is not None:
        assert parsed.merchant_name == payload_name(merchant_name)
    assert parsed.others == ()


@given(st.text(), st.text(), st.none() | st.text(), st.none() | st.integers())
def test_any_input_gives_a_good_payload_or_invalid(
    bin_: str, account: str, label: str | None, amount_vnd: int | None
) -> None:
    try:
        text = compose(bin_, account, label, amount_vnd=amount_vnd, purpose=label, mcc=label)
    except Invalid:
        return
    assert parse(text).verdict == "ok"


def test_every_bank() -> None:
    for bin_ in banks():
        parsed = parse(compose(bin_, "0123456789", amount_vnd=1))
        assert (parsed.verdict, parsed.bin, parsed.account) == ("ok", bin_, "0123456789")


def test_all_faults_are_listed() -> None:
    assert faults_of(
        "97043A",
        "12 34",
        "CVT 0042 " * 3,
        amount_vnd=500_000_000,
        bill="",
        purpose="x" * 26,
        store="ô",
        reference="  ",
        merchant_name="陈",
        city="",
        mcc="12",
        local=LocalName("vie", "\u202eanh", ""),
    ) == {
        ("/bin", "VALUE"),
        ("/account", "VALUE"),
        ("/terminal", "VALUE"),
        ("/amount_vnd", "VALUE"),
        ("/bill", "VALUE"),
        ("/purpose", "VALUE"),
        ("/store", "VALUE"),
        ("/reference", "VALUE"),
        ("/merchant_name", "VALUE"),
        ("/city", "VALUE"),
        ("/mcc", "VALUE"),
        ("/local/language", "VALUE"),
        ("/local/name", "VALUE"),
        ("/local/city", "VALUE"),
    }


@pytest.mark.parametrize("bin_", ["", "97043", "9704366", "٩٧٠٤٣٦", "970436\n"])
def test_bins(bin_: str) -> None:
    assert faults_of(bin_, ACCOUNT) == {("/bin", "VALUE")}


@pytest.mark.parametrize("account", ["", "1" * 20, "1 2", "đ", "1\n", "１２"])
def test_accounts(account: str) -> None:
    assert faults_of(BIN, account) == {("/account", "VALUE")}


@pytest.mark.parametrize("account", ["1234567", "1" * 20, "97043612345678AB", "²" * 16])
def test_cards(account: str) -> None:
    assert faults_of(BIN, account, card=True) == {("/account", "VALUE")}


@pytest.mark.parametrize("amount", [0, -1, 500_000_000, True, 1.0])
def test_amounts(amount: Any) -> None:
    assert faults_of(BIN, ACCOUNT, amount_vnd=amount) == {("/amount_vnd", "VALUE")}


def test_initiation() -> None:
    assert parse(compose(BIN, ACCOUNT)).initiation == "static"
    assert parse(compose(BIN, ACCOUNT, single_use=True)).initiation == "dynamic"
    assert parse(compose(BIN, ACCOUNT, amount_vnd=1)).initiation == "dynamic"
    assert faults_of(BIN, ACCOUNT, amount_vnd=1, single_use=False) == {
        ("/amount_vnd", "AMOUNT_IN_STATIC")
    }


def test_additional_data_of_more_than_99_characters() -> None:
    label = "x" * 25
    faults = faults_of(BIN, ACCOUNT, label, bill=label, purpose=label, store=label)
    assert faults == {("/purpose", "TOO_LONG_TOGETHER")}


def test_an_independent_library_reads_the_same() -> None:
    """vietnam-qr-pay takes too much to judge bad payloads; of good ones it is a second opinion."""
    library = pytest.importorskip("vietnam_qr_pay", reason="vietnam-qr-pay is not installed")
    for bin_ in banks():
        text = compose(
            bin_, "V3CAS0042q", "CVT-0042-A", amount_vnd=125_000, purpose="tiền cá", bill="HD1"
        )
        read = library.QRPay(text)
        assert read.is_valid
        assert (read.consumer.bank_bin, read.consumer.bank_number) == (bin_, "V3CAS0042q")
        assert (read.amount, read.additional_data.purpose) == ("125000", "tien ca")
        assert (read.additional_data.terminal, read.additional_data.bill_number) == (
            "CVT-0042-A",
            "HD1",
        )
