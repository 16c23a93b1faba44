"""Tables out: a roster that can come in again, and an import's faults beside its rows."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from tests.integration.api.city import MARKET, City, problem
from tests.integration.registry import VCB
from tracker.api.conventions.tables import XLSX
from tracker.services import imports, job_rows
from tracker.services.job_table import ALONE, BESIDE
from tracker.services.vendor_table import COLUMNS
from tracker.store.jobs import RowResult
from tracker.tables.headers import BANK, REGISTRATION, ROSTER, field_of
from tracker.tables.reading import read_roster

VENDORS = f"/v1/markets/{MARKET}/vendors"
IMPORT = f"/v1/imports?kind=roster&market={MARKET}"
ROSTER_FILE = (
    "Danh sách tiểu thương\n"
    "STT,Họ và tên,Số sạp,Ngành hàng,SĐT,Ghi chú riêng\n"
    "1,Nguyễn Văn An,A01,Hải sản,0912345678,quen\n"
    "\n"
    "2,,A02,Rau,,=1+1\n"
    '3,"Lê Thị Bé",A01,Rau,,\n'
    ",Tổng cộng,,,,\n"
)


def imported(city: City, content: bytes, as_: str = "manager", path: str = IMPORT) -> str:
    started = city.call(as_, "POST", path, content=content)
    assert started.status_code == 202, started.text
    id_: str = city.worked(started.json()["id"], imports.run)["id"]
    return id_


def table(answer: Any) -> list[list[str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


def cells(answer: Any) -> list[list[Any]]:
    import python_calamine as calamine

    assert answer.status_code == 200, answer.text
    book = calamine.CalamineWorkbook.from_object(io.BytesIO(answer.content))
    return book.get_sheet_by_index(0).to_python()


def test_faults_stand_beside_the_rows_of_the_senders_own_file(market: City) -> None:
    id_ = imported(market, ROSTER_FILE.encode())
    path = f"/v1/jobs/{id_}/rows"
    heading, *rows = table(market.get("manager", f"{path}?format=csv"))
    assert heading == [*BESIDE, "STT", "Họ và tên", "Số sạp", "Ngành hàng", "SĐT", "Ghi chú riêng"]
    assert [(row[0], row[1], row[5]) for row in rows] == [
        ("accepted", "", "3"),
        ("rejected", "NAME_MISSING", "5"),
        ("rejected", "STALL_TAKEN", "6"),
        ("rejected", "TOTAL_LINE", "7"),
    ]
    assert rows[0][6:] == ["1", "Nguyễn Văn An", "A01", "Hải sản", "0912345678", "quen"]
    assert rows[1][-1] == "'=1+1"  # a spreadsheet must not run what somebody wrote
    assert "Thiếu họ tên" in rows[1][2]
    sheet = cells(
        market.get(
            "manager",
            path,
            headers={"Accept": XLSX},
        )
    )
    assert sheet[0] == heading
    assert [row[7:9] for row in sheet[1:3]] == [["Nguyễn Văn An", "A01"], ["", "A02"]]


def test_the_corrected_file_can_be_sent_as_it_is(market: City) -> None:
    id_ = imported(market, ROSTER_FILE.encode())
    told = market.get("manager", f"/v1/jobs/{id_}/rows?format=csv").content
    corrected = told.replace(b"2,,A02", "2,Trần Thị Cúc,A02".encode())
    again = market.get("manager", f"/v1/jobs/{imported(market, corrected)}/rows").json()["items"]
    assert [item["status"] for item in again] == ["duplicate", "accepted", "rejected", "rejected"]
    vendors = market.get("manager", VENDORS).json()["items"]
    assert [(v["stall"], v["zone"], v["partner_ref"]) for v in vendors] == [
        ("A01", None, None),
        ("A02", None, None),
    ]


def test_nobody_else_is_given_the_file_back(market: City) -> None:
    id_ = imported(market, ROSTER_FILE.encode())
    path = f"/v1/jobs/{id_}/rows?format=csv"
    for role in ("admin", "auditor"):
        heading, *rows = table(market.get(role, path))
        assert heading == [*ALONE]
        assert len(rows) == 4
        assert "Nguyễn" not in market.get(role, path).text
    problem(market.get("bank", path), 404, "NOT_FOUND")
    market.run(market.tracker.jobs.drop_file(id_))  # gone after its time
    assert table(market.get("manager", path))[0] == [*ALONE]


def test_which_form_and_which_not(market: City) -> None:
    id_ = imported(market, ROSTER_FILE.encode())
    path = f"/v1/jobs/{id_}/rows"
    assert market.get("manager", path, headers={"Accept": "*/*"}).json()["items"]
    problem(market.get("manager", f"{path}?format=pdf"), 406, "NOT_ACCEPTABLE")
    problem(market.get("manager", path, headers={"Accept": "image/png"}), 406, "NOT_ACCEPTABLE")
    saved = market.get("manager", f"{path}?format=csv").headers
    assert saved["content-disposition"] == f'attachment; filename="{id_}-rows.csv"'
    assert saved["cache-control"] == "no-store"


def test_pages_of_results_begin_anywhere(market: City) -> None:
    lines = "".join(f"{n},Người {n},S{n:04d}\n" for n in range(1, 1_701))
    id_ = imported(market, f"STT,Họ và tên,Số sạp\n{lines}".encode())
    job = market.run(market.tracker.jobs.get(id_))
    assert job is not None
    for after in (0, 1, 2, 500, 501, 502, 1_000, 1_500, 1_700, 1_701, 5_000):
        found, more = market.run(job_rows.page(market.tracker, job, after, 600))
        rows = [result.row for result in found]
        assert rows == list(range(max(after + 1, 2), 1_702))[:600]
        assert more == (1_701 - max(after, 1) > 600)


def test_results_of_a_file_worked_through_by_market_come_in_the_order_of_the_file(
    market: City,
) -> None:
    id_ = market.call("manager", "POST", IMPORT, content=ROSTER_FILE.encode()).json()["id"]
    job = market.run(market.tracker.jobs.get(id_))
    assert job is not None
    job.params["kind"] = "activity"
    for chunk, rows in ((2, (2, 9)), (4, (4, 5)), (7, (7, 8))):
        results = [RowResult(row, "accepted") for row in rows]
        market.run(market.tracker.jobs.put_rows(job, chunk, results))
    found, more = market.run(job_rows.page(market.tracker, job, 3, 3))
    assert ([result.row for result in found], more) == ([4, 5, 7], True)


# ── the roster out ───────────────────────────────────────────────────────────────────────────


@pytest.fixture
def people(market: City) -> City:
    """Five vendors, each left for another cause but one; one has a name that looks like a formula.

    Stalls: A1 no account, A2 no code, A3 not printed, A4 printed, A5 removed, A6 attached.
    """
    market.register("manager", stall="A1", name="=Lê Văn Một", account=None)
    market.register("bank", stall="A2", partner_ref="r2")
    for n in (3, 4, 5, 6):
        vendor = market.register("bank", stall=f"A{n}", issue_code=True, zone=None)["vendor"]
        code = f"/v1/codes/{vendor}.c1"
        if n == 4:
            assert market.post("manager", f"{code}/prints", {}).status_code == 201
        if n > 4:
            evidence = {"evidence": {"kind": "declared"}}
            assert market.post("manager", f"{code}/attachments", evidence).status_code == 201
        if n == 5:
            removal = {"reason": "tax_worry"}
            assert market.post("manager", f"{code}/removals", removal).status_code == 201
    return market


REASONS = {
    "A1": "no_account",
    "A2": "not_issued",
    "A3": "not_printed",
    "A4": "printed_not_attached",
    "A5": "removed:tax_worry",
    "A6": None,
}


def test_those_left_by_cause(people: City) -> None:
    everybody = people.get("manager", VENDORS).json()["items"]
    assert {v["stall"]: v["reason"] for v in everybody} == REASONS
    for stall, reason in REASONS.items():
        if reason is not None:
            found = people.get("manager", f"{VENDORS}?reason={reason}").json()["items"]
            assert [v["stall"] for v in found] == [stall]
    found = people.get("manager", f"{VENDORS}?reason=removed").json()["items"]
    assert [v["stall"] for v in found] == ["A5"]
    problem(people.get("manager", f"{VENDORS}?reason=lazy"), 400, "INVALID_PARAMETER")
    assert people.get("bidv", f"{VENDORS}?reason=removed").json() == {"items": []}


def test_the_roster_out_has_the_filters_and_the_sight_of_its_reader(people: City) -> None:
    heading, *rows = table(people.get("manager", f"{VENDORS}?format=csv"))
    assert heading == [*COLUMNS]
    assert [row[1] for row in rows] == [*REASONS]
    assert [row[8] or None for row in rows] == [*REASONS.values()]
    assert rows[0][2] == "'=Lê Văn Một"
    assert rows[1][2:4] == ["Đặng Thị Hoa", "0912345678"]
    assert rows[5][-2:] == [VCB, VCB]
    (only,) = table(people.get("manager", f"{VENDORS}?format=csv&reason=removed"))[1:]
    assert only[1] == "A5"
    masked = table(people.get("auditor", f"{VENDORS}?format=csv"))[2]
    assert masked[2:4] == ["Đ. T. H.", "•••• 678"]
    stranger = table(people.get("bidv", f"{VENDORS}?format=csv"))[2]
    assert [cell for cell in stranger if cell] == [rows[1][0], "A2"]
    problem(people.get("ioc", f"{VENDORS}?format=csv"), 404, "NOT_FOUND")


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_roster_comes_in_again_and_changes_nothing(people: City, form: str) -> None:
    out = people.get("manager", f"{VENDORS}?format={form}").content
    before = people.run(people.tracker.reader.position(MARKET))
    id_ = imported(people, out)
    job = people.get("manager", f"/v1/jobs/{id_}").json()
    assert job["result"]["totals"] == {"accepted": 0, "duplicate": 6, "rejected": 0}
    assert job["result"]["not_listed"] == []
    assert people.run(people.tracker.reader.position(MARKET)) == before
    read = read_roster(io.BytesIO(out)).columns
    assert read.keys() == {"stall", "name", "phone", "zone", "category"}


def test_the_columns_of_results_mean_nothing_to_an_import() -> None:
    for kind in (ROSTER, BANK, REGISTRATION):
        assert all(field_of(name, kind) is None for name in BESIDE)
