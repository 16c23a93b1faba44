"""The README's tour, run as it is written, and its tables compared with the code."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from msgspec import json

from tests.e2e.conftest import free_port, until
from tracker.settings import EXPLAINED, Settings, variable

README = Path(__file__).parents[2] / "README.md"


def blocks() -> list[str]:
    """The shell blocks of the tour, in order."""
    tour = README.read_text("utf-8").split("## Five-minute tour")[1].split("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", tour, re.DOTALL)


def test_tour_runs_as_written(tmp_path: Path) -> None:
    port = str(free_port())
    start, *steps = blocks()
    bin_ = str(Path(sys.executable).parent)
    environ = {**os.environ, "PATH": f"{bin_}:{os.environ['PATH']}", "TRACKER_PORT": port}
    log = tmp_path / "up.log"
    with log.open("wb") as file:
        up = subprocess.Popen(
            ["bash", "-c", f"exec {start}"], cwd=tmp_path, env=environ, stdout=file, stderr=file
        )
    try:
        until("the service runs", lambda: "Service" in log.read_text())
        # The port is the only thing that a test cannot take as written: it may be in use.
        script = "set -euo pipefail\n" + "\necho ==\n".join(steps).replace(":8480", f":{port}")
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        market, vendor, figures, imported = done.stdout.split("==\n")
        assert '"cho-ben"' in market
        assert json.decode((tmp_path / "vendor.json").read_bytes())["stall"] == "B12"
        assert '"attached":true' in vendor
        assert (tmp_path / "code.png").read_bytes().startswith(b"\x89PNG")
        assert '"attached":{"count":1,"rate":0.83}' in figures
        assert figures.strip().endswith("clean")
        assert "NAME_MISSING" in imported
        assert "accepted 1" in imported
    finally:
        up.send_signal(signal.SIGINT)
        assert up.wait(timeout=60) == 0, log.read_text()


def test_settings_table_names_every_setting_with_its_default() -> None:
    text = README.read_text("utf-8")
    defaults = Settings.read({})
    for name in Settings.__annotations__:
        row = f"| `{variable(name)}` | {shown(getattr(defaults, name))} | {EXPLAINED[name]} |"
        assert row in text, row


def shown(value: object) -> str:
    """A default as the table writes it."""
    if value is None:
        return "–"
    return f"`{int(value) if isinstance(value, bool) else value}`"
