"""Every rule of the format, at every level, one case each way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tracker.vietqr import Parsed, parse
from tracker.vietqr.problems import RANK, codes

from .cases import LENIENT, OK, OTHER, REJECT, VNPAY
from .payloads import ACCOUNT, BIN, payload, tlv, transfer

VECTORS = Path(__file__).parents[2] / "data" / "vietqr" / "vectors.jsonl"


def seen(parsed: Parsed) -> set[tuple[str, str]]:
    return {(found.code, found.path) for found in parsed.problems}


@pytest.mark.parametrize(
    "vector",
    [json.loads(line) for line in VECTORS.read_text(encoding="utf-8").splitlines()],
    ids=lambda vector: vector["name"],
)
def test_vectors(vector: dict[str, object]) -> None:
    parsed = parse(str(vector["payload"]))
    assert parsed.verdict == vector["verdict"]
    expected = vector["expected"]
    assert isinstance(expected, dict)
    for name, value in expected.items():
        assert str(getattr(parsed, name)) == value


def test_a_plain_code_has_its_fields_and_no_problem() -> None:
    assert parse(payload()) == Parsed(
        verdict="ok", bin=BIN, account=ACCOUNT, service="QRIBFTTA", initiation="static"
    )


@pytest.mark.parametrize(("text", "problem"), REJECT.values(), ids=REJECT)
def test_reject(text: str, problem: tuple[str, str]) -> None:
    parsed = parse(text)
    assert parsed.verdict == "reject"
    assert problem in seen(parsed)
    assert parsed == Parsed(verdict="reject", problems=parsed.problems), "fields after a reject"


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ("0", "AMOUNT_ZERO"),
        ("000.", "AMOUNT_ZERO"),
        (".", "AMOUNT_FORMAT"),
        (".5", "AMOUNT_FRACTION"),
        ("100.5", "AMOUNT_FRACTION"),
        ("100.00", "AMOUNT_FRACTION"),
        ("1..", "AMOUNT_FORMAT"),
        ("50 000", "AMOUNT_FORMAT"),
        ("50,000", "AMOUNT_FORMAT"),
        ("1e3", "AMOUNT_FORMAT"),
        ("+1", "AMOUNT_FORMAT"),
        ("-1", "AMOUNT_FORMAT"),
        ("1_0", "AMOUNT_FORMAT"),
        ("٥٠", "AMOUNT_FORMAT"),
        ("²", "AMOUNT_FORMAT"),
        ("1\n", "AMOUNT_FORMAT"),
        ("1" * 14, "VALUE_TOO_LONG"),
    ],
)
def test_bad_amounts(amount: str, code: str) -> None:
    parsed = parse(payload(t01="12", t54=amount))
    assert (parsed.verdict, parsed.amount) == ("reject", None)
    assert seen(parsed) == {(code, "54")}


@pytest.mark.parametrize(
    ("amount", "dong", "verdict"),
    [
        ("1", 1, "ok"),
        ("50000.", 50_000, "ok"),
        ("0000000050000", 50_000, "ok"),
        ("499999999", 499_999_999, "ok"),
        ("500000000", 500_000_000, "lenient"),
        ("9999999999999", 9_999_999_999_999, "lenient"),
    ],
)
def test_good_amounts(amount: str, dong: int, verdict: str) -> None:
    parsed = parse(payload(t01="12", t54=amount))
    assert (parsed.verdict, parsed.amount, parsed.initiation) == (verdict, dong, "dynamic")


@pytest.mark.parametrize("text", OK.values(), ids=OK)
def test_ok(text: str) -> None:
    parsed = parse(text)
    assert (parsed.verdict, parsed.problems) == ("ok", ())
    assert parsed.bin == BIN


@pytest.mark.parametrize(("text", "code"), LENIENT.values(), ids=LENIENT)
def test_lenient_is_read(text: str, code: str) -> None:
    parsed = parse(text)
    assert parsed.verdict == "lenient"
    assert [found.code for found in parsed.problems] == [code]
    assert (parsed.bin, parsed.account) == (BIN, ACCOUNT)


def test_all_mendings_at_once() -> None:
    good = payload()
    text = "\ufeff" + good[:-4] + good[-4:].lower() + " \n"
    assert [found.code for found in parse(text).problems] == [
        "LEADING_BOM",
        "TRAILING_SPACE",
        "CRC_LOWER_CASE",
    ]


@pytest.mark.parametrize("text", OTHER.values(), ids=OTHER)
def test_other_scheme(text: str) -> None:
    parsed = parse(text)
    assert parsed.verdict == "other_scheme"
    assert (parsed.bin, parsed.account, parsed.service) == (None, None, None)
    assert parsed.problems[0].code == "OTHER_SCHEME"


def test_amounts_of_another_scheme_are_dong_or_nothing() -> None:
    assert parse(payload(t38=None, t26=VNPAY, t01="12", t54="5000")).amount == 5_000
    assert parse(payload(t38=None, t26=VNPAY, t53="764", t54="10.50")).amount is None


@pytest.mark.parametrize(
    "text",
    [
        payload(t38=None, t26="nothing"),
        payload(t38=None, t26=tlv(("01", "no owner"))),
        payload(t38=None, t26=VNPAY)[:-4] + "0000",
        payload(t38=None, t26=VNPAY, t53=None),
        payload(t38=transfer(bin_="97043"), t26=VNPAY),
    ],
    ids=["unreadable", "no owner", "CRC", "no currency", "broken 38 beside it"],
)
def test_worst_verdict_wins(text: str) -> None:
    assert parse(text).verdict == "reject"


@pytest.mark.parametrize("tag", ["52", "59", "60"])
def test_merchant_payment_needs_more(tag: str) -> None:
    root: dict[str, str | None] = {"t52": "5812", "t59": "QUAN COM", "t60": "VUNG TAU"}
    text = payload(t38=transfer(service="QRPUSH"), **{**root, f"t{tag}": None})
    assert seen(parse(text)) == {("MISSING", tag)}


@pytest.mark.parametrize("tag", ["01", "02", "03", "04", "05", "06", "07"])
def test_additional_data_of_26_or_not_ascii(tag: str) -> None:
    assert seen(parse(payload(t62=tlv((tag, "x" * 26))))) == {("VALUE_TOO_LONG", f"62.{tag}")}
    assert seen(parse(payload(t62=tlv((tag, "ô"))))) == {("CHARACTERS", f"62.{tag}")}


def test_what_is_not_ours_is_kept_and_ignored() -> None:
    others = (("26", VNPAY), ("65", "đ"), ("79", "x" * 99), ("80", "no TLV"), ("99", "y"))
    parsed = parse(payload(**{f"t{tag}": value for tag, value in others}))
    assert (parsed.verdict, parsed.problems, parsed.others) == ("ok", (), others)


def test_the_limit_of_512_characters() -> None:
    filler = {f"t{tag}": "đ" * 99 for tag in (80, 81, 82, 83)}
    short = len(payload(**filler, t84="x")) - 1
    at_limit = payload(**filler, t84="x" * (512 - short))
    over = payload(**filler, t84="x" * (513 - short))
    assert (len(at_limit), parse(at_limit).verdict) == (512, "ok")
    assert parse("\ufeff" + at_limit + "\n").verdict == "lenient"
    assert (len(over), seen(parse(over))) == (513, {("PAYLOAD_TOO_LONG", "")})
    assert seen(parse("1" * 5_000_000)) == {("PAYLOAD_TOO_LONG", "")}


def test_all_problems_are_listed_worst_first_with_their_places() -> None:
    text = "\ufeff" + payload(t38=transfer(bin_="97043", account="1 2"), t54="5", t53="840")
    parsed = parse(text)
    assert seen(parsed) == {
        ("LEADING_BOM", ""),
        ("VALUE", "38.01.00"),
        ("ACCOUNT_SPACE", "38.01.01"),
        ("VALUE", "53"),
        ("AMOUNT_IN_STATIC", "54"),
    }
    places = {found.path: found.position for found in parsed.problems}
    assert text[places["38.01.00"] :].startswith("000597043")
    assert text[places["38.01.01"] :].startswith("01031 2")
    assert text[places["53"] :].startswith("5303840")
    ranks = [RANK[found.severity] for found in parsed.problems]
    assert ranks == sorted(ranks, reverse=True)


def test_doubtful_banks_are_a_warning_and_change_no_verdict() -> None:
    for bin_, code in (("458761", "BIN_NO_TRANSFER"), ("123456", "BIN_UNKNOWN")):
        text = payload(t38=transfer(bin_=bin_))
        parsed = parse(text)
        assert (parsed.verdict, parsed.bin) == ("ok", bin_)
        assert [(p.code, p.severity, p.path) for p in parsed.problems] == [
            (code, "warning", "38.01.00")
        ]
        assert text[parsed.problems[0].position :].startswith("0006" + bin_)


def test_every_problem_code_has_a_case_and_both_sentences() -> None:
    texts = [text for text, _ in REJECT.values()] + [text for text, _ in LENIENT.values()]
    texts += [*OTHER.values(), "1" * 600]
    texts += [payload(t01="12", t54=amount) for amount in ("0", "x", "1.5", "500000000")]
    texts += [payload(t38=transfer(bin_=bin_)) for bin_ in ("458761", "123456")]
    texts += ["010x", "0000"]
    found = [problem for text in texts for problem in parse(text).problems]
    # These two are about lines, not payloads: see test_lines.
    assert {problem.code for problem in found} == codes().keys() - {"NOT_JSON", "NOT_TEXT"}
    for problem in found:
        for sentence in (problem.en, problem.vi):
            assert sentence[0].isupper()
            assert sentence.endswith(".")
            assert "{" not in sentence
        assert problem.en != problem.vi
