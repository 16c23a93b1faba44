"""Files on their way in: raw, multipart, compressed, too large, not what they claim."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.integration.api.city import MARKET, City, problem
from tests.integration.conftest import Run
from tests.integration.registry import Clock
from tracker.services import imports
from tracker.settings import Settings

ROSTER = "STT,Họ và tên,Số sạp,Ngành hàng\n1,Nguyễn Văn An,A01,Hải sản\n2,Lê Thị Bé,A02,Rau\n"
ROWS = "STT,Họ và tên,Số sạp,Ngành hàng\n" + "".join(
    f"{n},Người {n},S{n:03d},Rau\n" for n in range(1, 6)
)
QUERY = f"?kind=roster&market={MARKET}"


def send(city: City, as_: str, path: str = "/v1/imports", **more: Any) -> Any:
    return city.call(as_, "POST", path, **more)


def work(city: City, id_: str) -> None:
    """What a worker does with the job."""
    city.worked(id_, imports.run)


def test_a_roster_as_the_raw_body_and_what_became_of_its_rows(market: City) -> None:
    started = send(market, "manager", f"/v1/imports{QUERY}", content=ROWS.encode())
    assert started.status_code == 202, started.text
    job = started.json()
    assert started.headers["location"] == f"/v1/jobs/{job['id']}"
    work(market, job["id"])
    done = market.get("manager", f"/v1/jobs/{job['id']}").json()
    assert done["state"] == "done"
    assert done["result"]["totals"] == {"accepted": 5, "duplicate": 0, "rejected": 0}
    rows = market.get("manager", f"/v1/jobs/{job['id']}/rows?limit=3").json()
    assert [row["row"] for row in rows["items"]] == [2, 3, 4]
    assert {"row", "status", "id", "field", "code", "detail"} == set(rows["items"][0])
    rest = market.get("manager", f"/v1/jobs/{job['id']}/rows?after={rows['next']}").json()
    assert [row["row"] for row in rest["items"]] == [5, 6]
    assert "next" not in rest
    problem(market.get("bank", f"/v1/jobs/{job['id']}/rows"), 404, "NOT_FOUND")


@pytest.mark.parametrize("file_first", [True, False])
def test_multipart_in_any_order(market: City, file_first: bool) -> None:
    fields: list[Any] = [
        ("kind", (None, "roster")),
        ("market", (None, MARKET)),
        ("effective_on", (None, "2023-01-01")),
        ("dry_run", (None, "true")),
    ]
    file = ("file", ("so.csv", ROSTER.encode(), "text/csv"))
    started = send(market, "manager", files=[file, *fields] if file_first else [*fields, file])
    assert started.status_code == 202, started.text
    job = market.run(market.tracker.jobs.get(started.json()["id"]))
    assert job is not None
    assert job.params["dry_run"] is True
    assert job.params["market"] == MARKET
    work(market, job.id)
    assert market.get("manager", f"/v1/markets/{MARKET}/vendors").json() == {"items": []}


def test_a_key_of_an_import_is_its_job(market: City) -> None:
    path = f"/v1/imports{QUERY}"
    first = send(market, "manager", path, content=ROSTER.encode(), key="k")
    again = send(market, "manager", path, content=ROSTER.encode(), key="k")
    assert (again.status_code, again.content) == (202, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    other = send(market, "manager", path, content=ROWS.encode(), key="k")
    problem(other, 422, "IDEMPOTENCY_KEY_REUSED")
    dry = send(market, "manager", f"{path}&dry_run=true", content=ROSTER.encode(), key="k")
    problem(dry, 422, "IDEMPOTENCY_KEY_REUSED")


def test_all_faults_of_the_fields(market: City) -> None:
    files: list[Any] = [
        ("file", ("so.csv", ROSTER.encode())),
        ("kind", (None, "gossip")),
        ("effective_on", (None, "soon")),
        ("dry_run", (None, "perhaps")),
        ("martket", (None, MARKET)),
    ]
    said = problem(send(market, "manager", files=files), 400, "INVALID_BODY")
    assert {f["pointer"]: f["code"] for f in said["errors"]} == {
        "/kind": "NOT_ALLOWED",
        "/effective_on": "TYPE",
        "/dry_run": "TYPE",
        "/martket": "UNKNOWN_FIELD",
    }
    bare = send(market, "manager", content=ROSTER.encode())
    assert [f["pointer"] for f in problem(bare, 400, "INVALID_BODY")["errors"]] == ["/kind"]


def test_a_field_that_is_sent_twice(market: City) -> None:
    part: list[Any] = [("file", ("so.csv", ROSTER.encode())), ("dry_run", (None, "false"))]
    for path, more in ((f"/v1/imports{QUERY}&dry_run=true", []), (f"/v1/imports{QUERY}", part[1:])):
        said = problem(send(market, "manager", path, files=[*part, *more]), 400, "INVALID_BODY")
        assert [(f["pointer"], f["code"]) for f in said["errors"]] == [("/dry_run", "TWICE")]


def test_who_may_import_what(market: City) -> None:
    problem(send(market, "bank", f"/v1/imports{QUERY}", key="k"), 403, "FORBIDDEN")
    problem(send(market, "field", f"/v1/imports{QUERY}"), 404, "NOT_FOUND")
    elsewhere = "/v1/imports?kind=roster&market=cho-phuong-7"
    problem(send(market, "manager", elsewhere, content=b"x"), 404, "NOT_FOUND")


def test_compressed_bodies(market: City) -> None:
    packed = gzip.compress(ROSTER.encode())
    encoded = {"Content-Encoding": "gzip"}
    path = f"/v1/imports{QUERY}"
    assert send(market, "manager", path, content=packed, headers=encoded).status_code == 202
    for wrong in (packed[:-9], b"no gzip", packed + b"more"):
        answer = send(market, "manager", path, content=wrong, headers=encoded)
        problem(answer, 400, "BAD_ENCODING")
    other = send(market, "manager", path, content=packed, headers={"Content-Encoding": "br"})
    problem(other, 415, "MEDIA_TYPE")


@pytest.fixture
def small(run: Run, store: Redis, clock: Clock) -> City:
    """A service that takes files up to one MiB."""
    city = City(run, store, clock, Settings(upload_bytes_max=1024 * 1024))
    city.open_market()
    return city


def test_files_beyond_the_limit(small: City) -> None:
    path = f"/v1/imports{QUERY}"
    big = b"x" * (1024 * 1024 + 1)
    bomb = gzip.compress(b"\n" * 200_000_000, 1)
    problem(send(small, "manager", path, content=big), 413, "FILE_TOO_LARGE")
    answer = send(small, "manager", path, content=bomb, headers={"Content-Encoding": "gzip"})
    problem(answer, 413, "FILE_TOO_LARGE")
    answer = send(small, "manager", path, files={"file": ("x.csv", big)})
    problem(answer, 413, "FILE_TOO_LARGE")


def test_multipart_that_is_none(market: City) -> None:
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    whole = b'--x\r\nContent-Disposition: form-data; name="kind"\r\n\r\nroster\r\n--x--\r\n'
    for content in (b"", b"nothing", whole[:-8]):
        answer = send(market, "manager", content=content, headers=form)
        problem(answer, 400, "MULTIPART_MALFORMED")
    problem(send(market, "manager", content=whole, headers=form), 400, "FILE_MISSING")
    bare = {"Content-Type": "multipart/form-data"}
    answer = send(market, "manager", content=whole, headers=bare)
    problem(answer, 400, "MULTIPART_MALFORMED")
    long = whole.replace(b"roster", b"r" * 5_000)
    answer = send(market, "manager", content=long, headers=form)
    problem(answer, 400, "MULTIPART_MALFORMED")
    two: list[Any] = [("file", ("a", b"a")), ("file", ("b", b"b")), ("kind", (None, "roster"))]
    problem(send(market, "manager", files=two), 400, "FILE_MISSING")


def test_a_picture_is_no_roster(market: City) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
    files = {"file": ("roster.xlsx", picture)}
    answer = send(market, "manager", f"/v1/imports{QUERY}", files=files)
    assert answer.status_code == 400
    assert answer.json()["code"] in {"NOT_A_TABLE", "BAD_FILE"}
