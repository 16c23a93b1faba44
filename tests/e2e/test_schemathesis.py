"""The committed contract against the service as it ships: requests made from it, all checks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Running

HERE = Path(__file__).parent
CONTRACT = HERE.parents[1] / "openapi" / "openapi.yaml"
SIGN_IN = "^/v1/session"
"""Left out: what ends or begins a session belongs to a browser's cookies, not to a key."""


@pytest.fixture
def unlimited(tmp_path: Path) -> Iterator[Running]:
    """A service without limits on requests: some thousands come in some seconds."""
    off = ("TRACKER_RATE_LIMITS", "TRACKER_VISITS_PER_MIN", "TRACKER_GUESSES_PER_MIN")
    running = Running(tmp_path / "data", **dict(zip(off, ("", "0", "0"), strict=True)))
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.stop()


@pytest.mark.timeout(180)
def test_no_request_that_the_contract_allows_is_answered_otherwise_than_it_says(
    unlimited: Running, tmp_path: Path
) -> None:
    """Examples, edges and some generated requests a route, by the admin; the same ones each run."""
    command = Path(sys.executable).parent / "schemathesis"
    done = subprocess.run(
        [
            command,
            "--config-file",
            HERE / "schemathesis.toml",
            "run",
            CONTRACT,
            "--url",
            unlimited.url,
            "--header",
            f"Authorization: Bearer {unlimited.key('admin')}",
            "--checks",
            "all",
            "--phases",
            "examples,coverage,fuzzing",
            "--max-examples",
            "3",
            "--seed",
            "1",
            "--exclude-path-regex",
            SIGN_IN,
            "--no-color",
        ],
        cwd=tmp_path,
        env={**os.environ, "SCHEMATHESIS_HOOKS": str(HERE / "schemathesis_hooks.py")},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-12_000:] + done.stderr[-2_000:]
