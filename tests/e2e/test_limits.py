"""One limit for several server processes, as they ship."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.e2e.conftest import Running


def test_of_160_requests_to_3_processes_100_pass_not_101(tmp_path: Path) -> None:
    running = Running(tmp_path / "data", TRACKER_PROCESSES="3", TRACKER_RATE_LIMITS="bank=100")
    try:
        key = running.key("bank", bins=("970436",))

        def ask(_: int) -> int:
            with running.client(key) as client:  # a connection each: any process may take it
                return sum(client.get("/v1/me").status_code == 200 for _ in range(10))

        with ThreadPoolExecutor(16) as threads:
            passed = sum(threads.map(ask, range(16)))
        assert passed == 100
        assert running.stop() == 0
    finally:
        if running.process.poll() is None:
            running.process.kill()
    assert running.log.read_text().count('"status":429') == 60
