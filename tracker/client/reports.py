"""Calls about a bank's days, files, jobs and the figures."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final, Literal

from msgspec import json

from tracker.client.calls import PAGE, Calls, new_key, part_of
from tracker.client.errors import JobFailed
from tracker.client.shapes import (
    ActivityDay,
    ActivityLine,
    DayTotals,
    FeedPage,
    Job,
    Page,
    Row,
)
from tracker.client.transport import Answer, decoded

JSON_LINES: Final = "application/jsonl"


class ReportCalls(Calls):
    """What goes in by the day or by the file, and what comes out as figures."""

    def put_activity(
        self, market: str, day: date | str, bin_: str, lines: Sequence[ActivityLine]
    ) -> ActivityDay:
        """The bank's whole day in a market; replaces what was reported of it before."""
        path = f"/v1/markets/{part_of(market)}/activity/{day}/{part_of(bin_)}"
        answer = self.wire.send("PUT", path, body=json.encode({"lines": list(lines)}))
        if answer.status == 200:
            return ActivityDay(decoded(answer, DayTotals))
        part: dict[str, Any] = decoded(answer, dict[str, Any])
        return ActivityDay(
            decoded(_of(answer, part["day"]), DayTotals | None),
            decoded(_of(answer, part["items"]), tuple[Row, ...]),
        )

    def put_activity_of_all_markets(
        self, day: date | str, bin_: str, lines: Sequence[ActivityLine]
    ) -> Job:
        """The bank's whole day in all its markets at once, as a job."""
        body = b"\n".join(json.encode(line) for line in lines)
        path = f"/v1/activity/{day}/{part_of(bin_)}"
        return job_of(self.wire.send("PUT", path, body=body, media_type=JSON_LINES))

    def import_file(
        self,
        kind: Literal["roster", "attachments", "activity"],
        file: bytes,
        *,
        market: str | None = None,
        effective_on: date | str | None = None,
        dry_run: bool = False,
        media_type: str = "text/csv",
        key: str | None = None,
    ) -> Job:
        """Hands in a file; the job works its rows through. See `wait` and `rows`."""
        query = {
            "kind": kind,
            "market": market,
            "effective_on": effective_on,
            "dry_run": True if dry_run else None,
        }
        answer = self.wire.send(
            "POST",
            "/v1/imports",
            query=query,
            body=file,
            media_type=media_type,
            key=new_key() if key is None else key,
        )
        return job_of(answer)

    def job(self, job: str) -> Job:
        """How far a job is."""
        return self.get(f"/v1/jobs/{part_of(job)}", Job)

    def wait(self, job: str, *, timeout_s: float = 600.0, pause_s: float = 1.0) -> Job:
        """The job once it is done; raises `JobFailed`, and `TimeoutError` where it takes longer."""
        end = time.monotonic() + timeout_s
        while True:
            found = self.job(job)
            if found.state == "done":
                return found
            if found.state == "failed":
                why = found.problem
                raise JobFailed(job, why.code if why else "", why.detail if why else "")
            if time.monotonic() + pause_s > end:
                raise TimeoutError(f"{job} is still {found.state} after {timeout_s:g} s.")
            self.sleep(pause_s)

    def rows(self, job: str) -> Iterator[Row]:
        """What became of the rows of a file, page after page."""
        return self.pages(f"/v1/jobs/{part_of(job)}/rows", Row)

    def adoption(self, market: str) -> dict[str, Any]:
        """The figures as they stand now."""
        return self.get(f"/v1/markets/{part_of(market)}/adoption", dict[str, Any])

    def snapshot(self, market: str, day: date | str) -> dict[str, Any]:
        """The latest revision of a closed day."""
        return self.get(f"/v1/markets/{part_of(market)}/snapshots/{day}", dict[str, Any])

    def feed(self, after: str | None = None) -> Iterator[FeedPage]:
        """Everything published after a cursor, page after page, in order."""
        while True:
            query = {"limit": PAGE, "after": after, "format": "json"}
            answer = self.wire.send("GET", "/v1/snapshots", query=query)
            body: Page[dict[str, Any]] = decoded(answer, Page[dict[str, Any]])
            after = answer.headers["Tracker-Cursor"]
            yield FeedPage(body.items, after, body.next is not None)
            if body.next is None:
                return


def job_of(answer: Answer) -> Job:
    """The job that an answer is."""
    found: Job = decoded(answer, Job)
    return found


def _of(answer: Answer, part: Any) -> Answer:
    return Answer(answer.status, answer.headers, json.encode(part))
