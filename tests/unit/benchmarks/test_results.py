"""How benchmarks tell what they measured, and what they measure with."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from msgspec import json

from benchmarks import common, import_rows, tail
from benchmarks.common import Result
from benchmarks.load import Burst, Generator, arrivals
from tracker.tables.reading import read_roster

BODY = b'{"count":168}'


class Answers(BaseHTTPRequestHandler):
    """Answers in two parts, so that a reader must wait for the second one."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """A body on /, 304 elsewhere."""
        found = self.path == "/"
        self.send_response(200 if found else 304)
        if found:
            self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY[:5] if found else b"")
        self.wfile.flush()
        self.wfile.write(BODY[5:] if found else b"")

    def handle(self) -> None:
        """A client that leaves is no error here."""
        with suppress(ConnectionError):
            super().handle()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    """Of a server that answers with `BODY`."""
    with ThreadingHTTPServer((common.LOCALHOST, 0), Answers) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_a_missed_bar_is_told_and_ends_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = Result("some", figures={"ratio": 0.39})
    result.told("rows", "20")
    result.at_least("a share", 0.39, 0.4, 0.6)
    result.at_most("a time", 2.5, 3.0)
    file = tmp_path / "figures.json"
    assert common.finish(result, file) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["a", "share", "39.0%", "≥", "40%", "(later", "60%)", "MISSED"]
    assert lines[2].endswith("2.50 s  ≤ 3 s  ok")
    written = json.decode(file.read_bytes())
    assert written["figures"] == {"ratio": 0.39}
    assert [line["holds"] for line in written["lines"]] == [None, False, True]


def test_what_reaches_its_bar_ends_with_0() -> None:
    result = Result("some")
    result.at_least("a share", 0.4, 0.4)
    assert common.finish(result, None) == 0


def test_the_roster_is_read_whole() -> None:
    rows = list(read_roster(io.BytesIO(import_rows.roster(40))))
    assert len(rows) == 40
    assert not any(row.faults for row in rows)
    assert len({row.stall for row in rows}) == 40
    assert rows[0].zone
    assert rows[0].category


def test_the_generator_counts_whole_answers(port: int) -> None:
    with Generator() as generator:
        took = generator.send(Burst(port=port, path="/", connections=4, requests=30))
        assert (len(took.spans), took.body_bytes) == (30, len(BODY))
        assert 0 < max(took.spans) <= took.seconds
        known = Burst(port=port, path="/known", connections=4, requests=3, status=304)
        assert len(generator.send(known).spans) == 3


def test_the_generator_refuses_another_status(port: int) -> None:
    with Generator() as generator, pytest.raises(RuntimeError, match="ended at /known"):
        generator.send(Burst(port=port, path="/known", connections=2, requests=3))


def test_arrivals_are_other_ones_in_each_draw_and_the_same_in_the_same() -> None:
    def drawn(draw: int) -> list[float]:
        burst = Burst(port=0, path="/", requests=500, rate_per_s=100.0, draw=draw)
        return list(arrivals(burst))

    assert drawn(1) == drawn(1) != drawn(2)
    assert all(len(drawn(draw)) == 500 and 3.5 < drawn(draw)[-1] < 6.5 for draw in range(20))


def test_a_tail_is_that_of_the_round_in_which_others_had_least() -> None:
    quiet = tail.Round(700.0, [1.0] * 90 + [2.0] * 10, 0.01)
    loud = tail.Round(700.0, [1.0] * 90 + [90.0] * 10, 0.6)
    figures = tail.figures_of([loud, quiet])
    assert figures["p99_to_p50_of_quiet_rounds"]["median"] == 2.0
    assert figures["p99_to_p50_of_rounds"]["max"] == 90.0
    assert figures["others_share_of_quiet_rounds"] == 0.01


def test_waiting_in_turn_alone_makes_most_of_the_tail_that_is_allowed() -> None:
    assert 3.5 < tail.in_turn(16) < tail.BAR
