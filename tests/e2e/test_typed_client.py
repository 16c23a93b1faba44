"""A typed client that another's generator makes from the contract, as `docs/partners.md` says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import yaml

from tests.e2e.conftest import Running
from tracker.commands import OFFICE
from tracker.domain.days import day_number
from tracker.services import markets
from tracker.services.context import Tracker

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY / "docs" / "partners.md"
CONTRACT = REPOSITORY / "openapi" / "openapi.yaml"

IMPORT_ALL = """
import importlib, inspect, pkgutil, tracker_client
for module in pkgutil.walk_packages(tracker_client.__path__, "tracker_client."):
    found = importlib.import_module(module.name)
    if hasattr(found, "sync_detailed"):
        print(module.name.rpartition(".")[2], *inspect.signature(found.sync_detailed).parameters)
"""

MORE = r"""
from io import BytesIO

from tracker_client.api.activity import put_activity_everywhere
from tracker_client.api.codes import draw_code
from tracker_client.api.vendors import register_vendors
from tracker_client.models import Bulk, Job, Problem
from tracker_client.types import File
from datetime import date

with AuthenticatedClient(os.environ["TRACKER"], os.environ["KEY"]) as client:
    market = "cho-vung-tau"
    picture = draw_code.sync(vendor.codes[0].id, client=client)
    assert isinstance(picture, File) and picture.payload.read(4) == b"\x89PNG", picture
    rows = [NewVendor("Z04", "Một"), NewVendor("Z05", "Hai")]
    bulk = register_vendors.sync(market, client=client, body=rows, idempotency_key="rows")
    assert isinstance(bulk, Bulk) and bulk.totals.accepted == 2, bulk
    table = File(BytesIO("stall,name\nZ06,Ba\n".encode()))
    bulk = register_vendors.sync(market, client=client, body=table, idempotency_key="table")
    assert isinstance(bulk, Bulk) and bulk.totals.accepted == 1, bulk
    table = File(BytesIO(f"vendor,payments,amount_vnd\n{vendor.vendor},2,30000\n".encode()))
    job = put_activity_everywhere.sync(date.today(), "970436", client=client, body=table)
    assert isinstance(job, Job), job
    taken = register_vendor.sync(
        market, client=client, body=NewVendor("Z03", "Khác"), idempotency_key="taken"
    )
    assert isinstance(taken, Problem) and taken.code == "STALL_TAKEN", taken
    assert taken.vendor == vendor.vendor
"""


def block(language: str) -> str:
    """The page's one block of this language."""
    (only,) = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return str(only)


def operations() -> set[str]:
    """The operations of the contract, by id."""
    paths = yaml.load(CONTRACT.read_text("utf-8"), yaml.CSafeLoader)["paths"]
    return {made["operationId"] for methods in paths.values() for made in methods.values()}


def ran(where: Path, *command: str, **environ: str) -> str:
    """What a command says; it succeeds and warns of nothing."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        command,
        cwd=where,
        env={**os.environ, "PATH": path, **environ},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]
    assert "warning" not in (done.stdout + done.stderr).lower(), done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(600)
def test_it_is_made_without_a_warning_and_works(up: Running, tmp_path: Path) -> None:
    async def found(tracker: Tracker) -> None:
        new = markets.NewMarket(
            "cho-vung-tau", "Chợ Vũng Tàu", "CVT", None, day_number(date(2020, 1, 1))
        )
        await markets.create(tracker, OFFICE, new)

    up.inside(found)
    (tmp_path / "openapi").symlink_to(CONTRACT.parent)
    ran(tmp_path, "bash", "-c", block("console"))
    known = ran(tmp_path, sys.executable, "-W", "error", "-c", IMPORT_ALL).splitlines()
    assert {line.split()[0] for line in known} == operations()

    (tmp_path / "page.py").write_text(block("py") + MORE, "utf-8")
    key = up.key("bank", bins=("970436",))
    said = ran(tmp_path, sys.executable, "-W", "error", "page.py", TRACKER=up.url, KEY=key)
    assert re.fullmatch(r"CVT-\d{4}-[0-9A-Z]", said.strip())
