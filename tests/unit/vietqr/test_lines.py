from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.vietqr.lines import FIELDS, parse_line, parse_lines

from .payloads import ACCOUNT, BIN, payload

KEYS = ["id", "verdict", *FIELDS, "problems"]


def read(line: str | bytes) -> dict[str, Any]:
    text = parse_line(line)
    assert "\n" not in text
    result = json.loads(text)
    assert list(result) == KEYS
    return dict(result)


def test_a_good_line() -> None:
    assert read(json.dumps({"id": "a1", "payload": payload(t01="12", t54="5000.")})) == {
        "id": "a1",
        "verdict": "ok",
        "bin": BIN,
        "account": ACCOUNT,
        "service": "QRIBFTTA",
        "initiation": "dynamic",
        "amount": 5000,
        "purpose": None,
        "merchant_name": None,
        "city": None,
        "mcc": None,
        "problems": [],
    }


def test_problems_are_objects_with_sentences_in_both_languages() -> None:
    (problem,) = read(json.dumps({"id": 7, "payload": payload() + " "}))["problems"]
    assert problem == {
        "position": len(payload()),
        "path": "",
        "code": "TRAILING_SPACE",
        "severity": "lenient",
        "en": "White space stands after the payload; it was left out.",
        "vi": "Có khoảng trắng sau nội dung mã; đã bỏ qua.",
    }


@pytest.mark.parametrize(
    ("line", "id_", "code"),
    [
        ("", None, "NOT_JSON"),
        ("no JSON", None, "NOT_JSON"),
        ("[1]", None, "NOT_JSON"),
        (b"\xff\xfe", None, "NOT_JSON"),
        ('{"id":NaN,"payload":""}', None, "NOT_JSON"),
        ("[" * 100_000, None, "NOT_JSON"),
        ('{"id":' + "9" * 5_000 + "}", None, "NOT_JSON"),
        ('{"id":"x"}', "x", "NOT_TEXT"),
        ('{"id":"x","payload":null}', "x", "NOT_TEXT"),
        ('{"id":"x","payload":5}', "x", "NOT_TEXT"),
        ('{"payload":""}', None, "EMPTY"),
        ('{"id":1e999,"payload":""}', None, "EMPTY"),
        ('{"id":"\\ud800","payload":""}', "\ud800", "EMPTY"),
        ('\ufeff{"id":[1],"payload":""}', [1], "EMPTY"),
    ],
)
def test_bad_lines(line: str | bytes, id_: object, code: str) -> None:
    result = read(line)
    assert (result["id"], result["verdict"]) == (id_, "reject")
    assert [problem["code"] for problem in result["problems"]] == [code]


@given(st.text() | st.binary())
def test_any_line_gives_a_line(line: str | bytes) -> None:
    read(line)


def test_blank_lines_are_no_lines() -> None:
    lines = ["\n", '{"id":1,"payload":"x"}\n', "  ", '{"id":2}\r\n']
    assert [json.loads(line)["id"] for line in parse_lines(lines)] == [1, 2]
