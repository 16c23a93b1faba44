"""The first README command: from the offices' files to 168/542."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from tests.e2e.conftest import TRACKER, free_port, until


def test_demo_exit_prints_the_city_figure_and_leaves_nothing_running(tmp_path: Path) -> None:
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [*TRACKER, "demo", "--exit"],
        capture_output=True,
        text=True,
        timeout=110,
        env=environ,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1] == "168/542 (31.00%)"
    assert sum("168/542 (31,00 %)" in line for line in lines) == 2  # both days
    assert any("Chợ Vũng Tàu" in line and "74/214" in line for line in lines)
    assert not list(tmp_path.glob("tracker-*/data/*"))


def test_demo_keeps_running_until_ctrl_c(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with out.open("wb") as file:
        port = str(free_port())
        demo = subprocess.Popen(
            [*TRACKER, "demo", "--data", str(tmp_path / "data"), "--port", port],
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        until("the demo has printed its keys", lambda: "Ctrl-C" in out.read_text())
        text = out.read_text()
        assert f"http://127.0.0.1:{port}/docs" in text
        for role in ("admin", "bank", "manager", "field", "ioc", "auditor"):
            assert f"  {role:8} cmt_" in text
        assert demo.poll() is None
    finally:
        demo.send_signal(signal.SIGINT)
        code = demo.wait(timeout=60)
    assert code == 0, out.read_text()
