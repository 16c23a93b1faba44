"""The committed contract against the service as it ships: requests made from it, all checks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.e2e.conftest import Running

HERE = Path(__file__).parent
CONTRACT = HERE.parents[1] / "openapi" / "openapi.yaml"
SESSIONS = "^/v1/session"
OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}
ENDING = ("revoke_key", "rotate_key")
"""What may end the key that asks: found among the answers, it is asked with it. They come last."""


def unlimited(where: Path) -> Running:
    """A service without limits on requests: some thousands come in some seconds."""
    off = ("TRACKER_RATE_LIMITS", "TRACKER_VISITS_PER_MIN", "TRACKER_GUESSES_PER_MIN")
    where.mkdir()
    return Running(where / "data", **dict(zip(off, ("", "0", "0"), strict=True)))


@pytest.fixture
def services(tmp_path: Path) -> Iterator[tuple[Running, Running]]:
    """Two, so that neither hears what is asked of the other."""
    with ThreadPoolExecutor(2) as both:
        started = tuple(both.map(unlimited, (tmp_path / "one", tmp_path / "two")))
    try:
        yield started[0], started[1]
    finally:
        for running in started:
            if running.process.poll() is None:
                running.stop()


def ask(running: Running, headers: dict[str, str], phases: str, *more: str) -> None:
    """Generated requests of these phases; fails with what was found. The same ones each run."""
    command = Path(sys.executable).parent / "schemathesis"
    given = [part for name, value in headers.items() for part in ("--header", f"{name}: {value}")]
    done = subprocess.run(
        [
            command,
            "--config-file",
            HERE / ("schemathesis.toml" if phases == "coverage" else "schemathesis_generated.toml"),
            "run",
            CONTRACT,
            "--url",
            running.url,
            *given,
            "--checks",
            "all",
            "--phases",
            phases,
            "--seed",
            "1",
            "--continue-on-failure",
            "--no-color",
            *more,
        ],
        cwd=running.data.parent,
        env={**os.environ, "SCHEMATHESIS_HOOKS": str(HERE / "schemathesis_hooks.py")},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-12_000:] + done.stderr[-2_000:]


def without(*operations: str) -> list[str]:
    """Options that leave operations out."""
    return [part for name in operations for part in ("--exclude-operation-id", name)]


def works(running: Running, headers: dict[str, str]) -> bool:
    """Whether these headers still stand for somebody."""
    return httpx.get(f"{running.url}/v1/me", headers=headers).status_code == 200


def signed_in(running: Running, admin: dict[str, str]) -> dict[str, str]:
    """What the browser of a person sends who used a one-time link."""
    with httpx.Client(base_url=running.url, headers=OWN_PAGE) as browser:
        body = {"name": "Lê Thị Mai", "login": "mai.an@example.vn", "role": "admin"}
        person = browser.post("/v1/people", json=body, headers=admin).json()["id"]
        link = browser.post(f"/v1/people/{person}/invitation", headers=admin).json()
        chosen = {"token": link["token"], "password": "xuống chợ từ sớm tinh mơ"}
        assert browser.post("/v1/session/invitation", json=chosen).status_code == 201
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    return {"Cookie": cookies, **OWN_PAGE}


def every_edge(running: Running) -> None:
    """The edges of every parameter and field, and what is just beyond, by the admin."""
    admin = {"Authorization": f"Bearer {running.key('admin')}"}
    ask(running, admin, "coverage", "--exclude-path-regex", SESSIONS, *without(*ENDING))
    assert works(running, admin)


def every_role(running: Running) -> None:
    """Generated requests and chains of them: by the admin, a bank, the IOC, and who signed in."""
    admin = {"Authorization": f"Bearer {running.key('admin')}"}
    keys = ["--exclude-path-regex", SESSIONS, *without(*ENDING)]
    ask(running, admin, "fuzzing,stateful", "--max-examples", "1", *keys)
    assert works(running, admin)
    person = signed_in(running, admin)
    for role, *more in (("bank", "--bins", "970436"), ("ioc",)):
        key = {"Authorization": f"Bearer {running.key(role, *more)}"}
        ask(running, key, "fuzzing", "--max-examples", "1", *keys)
        assert works(running, key)
    last = ["--include-path-regex", f"{SESSIONS}|^/v1/keys/|^/v1/me"]
    ask(running, person, "examples,fuzzing", "--max-examples", "1", *last)


@pytest.mark.timeout(300)
def test_no_request_that_the_contract_allows_is_answered_otherwise_than_it_says(
    services: tuple[Running, Running],
) -> None:
    with ThreadPoolExecutor(2) as both:
        edges, roles = both.submit(every_edge, services[0]), both.submit(every_role, services[1])
        edges.result()
        roles.result()
