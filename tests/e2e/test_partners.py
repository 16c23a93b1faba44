"""`docs/partners.md`: every command is run as it stands there, against `tracker demo`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import json

from tests.e2e.conftest import free_port, until
from tracker.api.catalogue import problems
from tracker.services.bulk import ROWS_MAX
from tracker.settings import Settings
from tracker.tables.zipguard import ROWS_MAX as XLSX_ROWS_MAX

PAGE = Path(__file__).parents[2] / "docs" / "partners.md"


def blocks(language: str) -> list[str]:
    """The blocks of a language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


@pytest.mark.timeout(240)
def test_every_command_runs_as_written(tmp_path: Path) -> None:
    port = str(free_port())
    start, *steps = (block.replace("8480", port) for block in blocks("sh"))
    environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    demo = subprocess.Popen(["bash", "-c", f"exec {start}"], cwd=tmp_path, env=environ)

    def run(*command: str) -> str:
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, (done.stdout[-1_000:], done.stderr[-2_000:])
        return done.stdout

    def kept(name: str) -> str:
        return (tmp_path / name).read_text("utf-8-sig")

    try:
        log = tmp_path / "demo.log"
        until("the demo is there", lambda: log.exists() and "Ctrl-C" in log.read_text())
        tail = "\nexport -p > exported.sh\n"
        script = "set -euo pipefail\n" + "\necho\necho ==\n".join(steps) + tail
        me, _, hung, again, checked, *_ = run("bash", "-c", script).split("\n==\n")
        assert '"role":"bank"' in me
        assert json.decode(kept("vendor.json"))["stall"] == "Z01"
        assert (tmp_path / "sticker.png").read_bytes().startswith(b"\x89PNG")
        assert '"attached":true' in hung
        assert '"attached":false' in hung
        assert again.split() == ["201", "201", "201"]
        assert json.decode(kept("again.json"))["code"]["attached"]
        told = re.findall(r'"totals":(\{.*?\})', checked)
        assert len(told) == 2
        assert told[0] == told[1] == '{"accepted":1,"duplicate":0,"rejected":1}'
        assert json.decode(kept("job.json"))["result"]["totals"]["accepted"] == 1
        assert "accepted" in kept("rows-done.csv")
        assert json.decode(kept("day.json"))["amount_vnd"] == 1_450_000
        faults = json.decode(kept("problem.json"))["errors"]
        assert {fault["pointer"] for fault in faults} == {"/stall", "/name", "/phone"}
        python = tmp_path / "page.py"
        python.write_text("\n".join(blocks("python")), "utf-8")
        said = run("bash", "-c", f". ./exported.sh; {sys.executable} page.py")
        assert "accepted=1" in said
        assert (tmp_path / "sticker-2.png").read_bytes().startswith(b"\x89PNG")
    finally:
        demo.send_signal(signal.SIGINT)
        assert demo.wait(timeout=60) == 0


def test_the_table_of_errors_is_that_of_the_service() -> None:
    rows = re.findall(r"^\| (\d{3}) \| `([A-Z_]+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert len(rows) > 10
    assert {(int(status), code) for status, code in rows} <= {
        (entry.status, code) for code, entry in problems().items()
    }


def test_the_limits_are_those_of_the_settings() -> None:
    text, settings = PAGE.read_text("utf-8"), Settings.read({})
    rate = settings.requests_per_min_of("", "bank")
    assert f"| requests of a bank's key in any 60 seconds | {rate}, unless" in text
    assert f'`RateLimit-Policy: "key";q={rate};w=60`' in text
    assert f"| rows of one bulk call | {ROWS_MAX} |" in text
    assert f"| {settings.upload_bytes_max} bytes; of XLSX {XLSX_ROWS_MAX} rows |" in text
    assert f"| {settings.backdate_days_of('bank')} days |" in text
