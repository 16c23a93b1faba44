"""`tracker vietqr` as it is called: pipes in, pipes out, exit codes."""

from __future__ import annotations

import subprocess

from msgspec import json

from tests.e2e.conftest import TRACKER


def vietqr(*args: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """One call."""
    return subprocess.run(
        [*TRACKER, "vietqr", *args], input=given, capture_output=True, timeout=30, check=False
    )


def test_what_is_composed_is_parsed() -> None:
    made = vietqr("compose", "970436", "0071000123456", "--amount", "85000", "--bill", "HD-1",
                  "--purpose", "Tiền cá", "--merchant-name", "Đặng Thị Hoa",
                  "--language", "vi", "--local-name", "Đặng Thị Hoa")  # fmt: skip
    assert (made.returncode, made.stderr) == (0, b"")
    line = json.encode({"id": 7, "payload": made.stdout.decode().rstrip("\n")})
    read = vietqr("parse", "-", given=line + b"\n\nno json\n")
    assert (read.returncode, read.stderr) == (0, b"")
    first, second = (json.decode(found) for found in read.stdout.splitlines())
    assert (first["id"], first["verdict"], first["problems"]) == (7, "ok", [])
    assert (first["bin"], first["account"]) == ("970436", "0071000123456")
    assert (first["amount"], first["initiation"]) == (85000, "dynamic")
    assert (first["purpose"], first["merchant_name"]) == ("Tien ca", "DANG THI HOA")
    assert (second["id"], second["verdict"]) == (None, "reject")
    assert [problem["code"] for problem in second["problems"]] == ["NOT_JSON"]
    assert {"position", "path", "en", "vi"} <= second["problems"][0].keys()


def test_refusals_are_one_line_and_doubts_are_said() -> None:
    refused = vietqr("compose", "12", "0071000123456", "--amount", "0")
    assert refused.returncode == 1
    assert refused.stdout == b""
    assert b"/bin" in refused.stderr
    assert b"/amount_vnd" in refused.stderr
    assert refused.stderr.count(b"\n") == 1
    doubtful = vietqr("compose", "999999", "1")
    assert doubtful.returncode == 0
    assert b"BIN_UNKNOWN" in doubtful.stderr
    assert vietqr("compose", "970436", "1", "--language", "vi").returncode == 2
