"""The committed contract against the service as it ships: requests made from it, all checks."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.e2e.conftest import Running
from tracker.api.catalogue import faults
from tracker.domain.codes import vendor_code

HERE = Path(__file__).parent
CONTRACT = HERE.parents[1] / "openapi" / "openapi.yaml"
SESSIONS = "^/v1/session"
OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}
STORY: tuple[tuple[str, dict[str, str]], ...] = (
    ("/v1/markets", {}),
    ("/v1/groups", {}),
    ("/v1/markets/{market}/vendors", {"market": "cho-vung-tau"}),
    ("/v1/codes/{code}/attachments", {"code": f"{vendor_code('CVT', 1)}.c1"}),
    ("/v1/scans", {}),
)
CHAINS = 6
"""Chains of requests along the contract's links, of some thirty steps each."""

ENDING = ("revoke_key", "rotate_key")
"""What may end the key that asks: found among the answers, it is asked with it. In chains it is the
key that was just made.
"""


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
            HERE / "schemathesis.toml",
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
        timeout=800,
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


def contract() -> dict[str, Any]:
    """The committed contract."""
    read: dict[str, Any] = yaml.load(CONTRACT.read_text("utf-8"), yaml.CSafeLoader)
    return read


def begun(running: Running, admin: dict[str, str]) -> None:
    """A market, a vendor, a sticker that hangs and what was found there: the contract's examples.
    What is asked then meets something.
    """
    paths = contract()["paths"]
    with httpx.Client(base_url=running.url, headers=admin) as client:
        for path, values in STORY:
            told = paths[path]["post"]["requestBody"]["content"]["application/json"]
            body = told["examples"]["request"]["value"]
            assert client.post(path.format(**values), json=body).status_code == 201, path


def every_edge(running: Running) -> None:
    """The edges of every parameter and field, and what is just beyond, by the admin."""
    admin = {"Authorization": f"Bearer {running.key('admin')}"}
    begun(running, admin)
    ask(running, admin, "coverage", "--exclude-path-regex", SESSIONS, *without(*ENDING))
    assert works(running, admin)


def every_role(running: Running) -> None:
    """Generated requests and chains of them: by the admin, a bank, the IOC, and who signed in."""
    admin = {"Authorization": f"Bearer {running.key('admin')}"}
    begun(running, admin)
    keys = ["--exclude-path-regex", SESSIONS, *without(*ENDING)]
    ask(running, admin, "fuzzing", "--max-examples", "1", *keys)
    assert works(running, admin)
    ask(running, admin, "stateful", "--max-examples", str(CHAINS), *keys[:2])
    assert works(running, admin)
    person = signed_in(running, admin)
    for secret in (running.key("bank", bins=("970436",)), running.key("ioc")):
        key = {"Authorization": f"Bearer {secret}"}
        ask(running, key, "fuzzing", "--max-examples", "1", *keys)
        assert works(running, key)
    last = ["--include-path-regex", f"{SESSIONS}|^/v1/keys/|^/v1/me"]
    ask(running, person, "examples,fuzzing", "--max-examples", "1", *last)


def test_what_is_excepted_is_told_by_the_contract() -> None:
    told: dict[str, set[str]] = {}
    for methods in contract()["paths"].values():
        for operation in methods.values():
            answers = operation["responses"]
            bodies = [b for a in answers.values() for b in a.get("content", {}).values()]
            codes = chain(*(body.get("examples", ()) for body in bodies))
            told[operation["operationId"]] = {*answers, *codes}
    for one in tomllib.loads((HERE / "schemathesis_exceptions.toml").read_text("utf-8"))["except"]:
        problems = {answer.partition("/")[0] for answer in one["answers"]}
        within = {answer.partition("/")[2] for answer in one["answers"]} - {""}
        assert one["why"].endswith(".")
        assert within <= faults().keys(), one["why"]
        assert problems <= set().union(*(told[name] for name in one["operations"])), one["why"]
        assert all(problems & told[name] for name in one["operations"]), one["why"]


@pytest.mark.timeout(900)
def test_no_request_that_the_contract_allows_is_answered_otherwise_than_it_says(
    services: tuple[Running, Running],
) -> None:
    with ThreadPoolExecutor(2) as both:
        edges, roles = both.submit(every_edge, services[0]), both.submit(every_role, services[1])
        edges.result()
        roles.result()
