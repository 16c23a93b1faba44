"""Watching the processes as they ship: measurements, readiness, log lines and the doctor."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from msgspec import json
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.conftest import TRACKER, Running, free_port, until

MARKET = "cho-ben"


class Watched(Running):
    """`tracker up` with its measurements given out."""

    def __init__(self, data: Path) -> None:
        self.metrics_port = free_port()
        super().__init__(data, TRACKER_METRICS_PORT=str(self.metrics_port))

    def samples(self) -> dict[str, float]:
        """All samples, by name and labels; none while nobody answers."""
        try:
            text = httpx.get(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=10).text
        except httpx.TransportError:
            return {}
        return {
            " ".join([sample.name, *sample.labels.values()]): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def doctor(self) -> tuple[int, set[str]]:
        """Its exit code and what it found."""
        command = [*TRACKER, "doctor", "--json", "--data", str(self.data)]
        done = subprocess.run(command, capture_output=True, check=False, timeout=60)
        found = json.decode(done.stdout or b"[]", type=list[dict[str, str]])
        assert not done.stderr, done.stderr
        return done.returncode, {one["code"] for one in found}

    def parts(self) -> dict[str, str]:
        """What each part says of itself."""
        parts: dict[str, str] = httpx.get(f"{self.url}/health/ready").json()["parts"]
        return parts


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    watched = Watched(tmp_path / "data")
    try:
        yield watched
    finally:
        if watched.process.poll() is None:
            watched.stop()


def test_a_day_of_watching(watched: Watched) -> None:
    until("all parts are ready", lambda: set(watched.parts().values()) == {"ok"})
    with watched.client(watched.key("admin")) as admin:
        market = {"id": MARKET, "name": "Chợ Bến", "prefix": "CBN", "opened_on": "2020-01-01"}
        assert admin.post("/v1/markets", json=market).status_code == 201
        assert admin.post("/v1/markets", json={**market, "name": "x"}).status_code >= 400
        rows = "quầy,họ tên\n" + "".join(f"A{n},Nguyễn Thị {n}\n" for n in range(30))
        form = {"kind": "roster", "market": MARKET}
        for _ in range(2):
            sent = admin.post("/v1/imports", data=form, files={"file": ("a.csv", rows.encode())})
            assert sent.status_code == 202
            wait_for(admin, sent.json()["id"])

        def told() -> bool:
            found = watched.samples()
            return (
                found.get("tracker_request_seconds_count POST /v1/imports 2xx") == 2
                and found.get("tracker_job_seconds_count import done") == 2
                and found.get("tracker_commits_total done", 0) >= 30
                and found.get("tracker_queue_workers imports") == 1
                and any(name.startswith("tracker_refusals_total") for name in found)
            )

        until("everything is counted", told)
    assert watched.doctor() == (0, {"KEY_COPY"})
    lines = [
        json.decode(line) for line in watched.log.read_bytes().splitlines() if line[:1] == b"{"
    ]
    ended = [line for line in lines if line["event"] == "job"]
    imported = [line for line in ended if line["kind"] == "import"]
    assert [line["outcome"] for line in imported] == ["done"] * 2
    assert {line["process"] for line in imported} == {"worker:imports"}
    assert all(line["bytes"] >= 0 for line in lines if line["event"] == "request")

    _a_worker_that_dies(watched)
    _a_schedule_that_stands_still(watched)
    assert watched.stop() == 0
    code, found = watched.doctor()
    assert (code, "SERVICE_DOWN" in found) == (2, True)


def wait_for(client: httpx.Client, job: str) -> None:
    """Until a job is done."""
    until("the job ends", lambda: client.get(f"/v1/jobs/{job}").json()["state"] == "done")


def _a_worker_that_dies(watched: Watched) -> None:
    assert watched.kill("work", "sheets") == 1
    restarts = "tracker_process_restarts_total worker:sheets"
    until("its restart is counted", lambda: watched.samples().get(restarts) == 1)
    until("it is back", lambda: watched.samples().get("tracker_queue_workers sheets", 0) >= 1)


def _a_schedule_that_stands_still(watched: Watched) -> None:
    """Stopped, not dead: nobody starts it again, but its age grows for all to see."""
    (schedule,) = watched.children("tracker.cli", "schedule")
    schedule.suspend()
    try:
        age = "tracker_schedule_tick_age_seconds"
        until("its silence is measured", lambda: watched.samples().get(age, 0) > 8)
    finally:
        schedule.resume()
