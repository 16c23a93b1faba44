"""How much longer the slowest answers take than the usual one, at 70 % of what the service can do.

    python -m benchmarks.tail [--rounds 16] [--connections 64] [--json FILE]

Each round first finds out how many requests a second are answered at most, then sends requests at
70 % of that rate, at random moments and no matter whether earlier ones are answered; these moments
are drawn anew for each round, and are the same in each run and for each server. Live adoption
and a bank's durable registration, of the service as it ships, whose collector is settled at the
start (`tracker.collector`), and in turn of the same service with Python's own settings of the
collector, and of the references R1L and W1L, which show what the machine itself does to a tail.
The bar is held against the median of that half of the rounds in which others had the least of the
cores, because somebody else on them makes a tail of its own; all rounds and what others had are
told beside it (`chrt --rr 1`, as root, has the cores before others). Told too is the tail of
waiting in turn alone, of a server that takes the same time for each of the same requests and does
nothing else, and the processor time of the collector's rounds, which no neighbour makes longer.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

from msgspec import Struct, json
from msgspec.structs import replace

from benchmarks import answers, common, live_adoption, registration
from benchmarks.answers import Servers
from benchmarks.collected import PAUSES
from benchmarks.common import PYTHON, Line, Result, Running
from benchmarks.load import Burst, Generator, arrivals
from tracker.settings import variable

SHARE: Final = 0.7
BAR: Final = 5.0
AT_MOST: Final = 300
"""Requests that tell how many are answered a second at most."""

PACED: Final = 700


class Round(Struct, frozen=True):
    """Requests a second at most, seconds of each paced request, the cores' share of others."""

    rate_per_s: float
    spans: list[float]
    others: float


class Kind:
    """One kind of request: what is sent to each server, each time with numbers of its own."""

    def __init__(self, name: str, reference_path: str, burst: Burst) -> None:
        self.name = name
        self.reference_path = reference_path
        self._burst = burst

    def burst(self, port: int, tag: str, *, reference: bool) -> Burst:
        """The requests for one server; bodies name the tag, so that no stall is given twice."""
        its = self._burst
        return replace(
            its,
            once=True,
            port=port,
            path=self.reference_path if reference else its.path,
            body=its.body.replace("{tag}", tag),
            headers={name: value.replace("{tag}", tag) for name, value in its.headers.items()},
        )


def adoption(key: Mapping[str, str], connections: int) -> Kind:
    """GETs of the live figures of a market."""
    burst = Burst(
        port=0, path=live_adoption.PATH, headers={**key}, connections=connections, requests=AT_MOST
    )
    return Kind("live adoption", "/r1l", burst)


def registrations(key: Mapping[str, str], connections: int) -> Kind:
    """A bank's POSTs of one vendor each."""
    body = {**registration.BODY, "stall": "{tag}-{n}"}
    headers = {
        **key,
        "Content-Type": "application/json",
        "Idempotency-Key": "bench-{tag}-{n}",
    }
    burst = Burst(
        port=0,
        path=registration.PATH,
        method="POST",
        body=json.encode(body).decode(),
        headers=headers,
        status=201,
        connections=connections,
        requests=AT_MOST,
    )
    return Kind("durable registration", "/w1l", burst)


def measure(kind: Kind, its: Servers, served: Mapping[str, int], rounds: int) -> dict[str, Any]:
    """Rounds of all servers in turn; what they took, by server."""
    ports = {name: (port, False) for name, port in served.items()}
    ports["the reference"] = its.port_reference, True
    made = defaultdict[str, list[Round]](list)
    names = list(ports)
    with Generator() as generator:
        for number in range(rounds + 1):
            for name in names:
                port, is_reference = ports[name]
                tag = f"{port}-{number}"
                most = generator.send(kind.burst(port, f"{tag}m", reference=is_reference))
                rate = AT_MOST / most.seconds
                paced = kind.burst(port, tag, reference=is_reference)
                paced = replace(paced, requests=PACED, rate_per_s=SHARE * rate, draw=number)
                began, others_s = time.perf_counter(), common.others_cpu_s()
                took = generator.send(paced)
                others_s = common.others_cpu_s() - others_s
                others = others_s / (time.perf_counter() - began) / common.CORES
                if number:  # the first one warms all up
                    made[name].append(Round(rate, took.spans, others))
            names = names[1:] + names[:1]
    return {name: figures_of(made[name]) for name in ports}


def figures_of(made: list[Round]) -> dict[str, Any]:
    """What the rounds of one server come to."""
    whole = [span for its in made for span in its.spans]
    cuts = quantiles(whole, n=1_000)
    quiet = sorted(made, key=lambda its: its.others)[: (len(made) + 1) // 2]
    return {
        "rate_at_most_per_s": median(its.rate_per_s for its in made),
        "p50_ms": cuts[499] * 1e3,
        "p99_ms": cuts[989] * 1e3,
        "p999_ms": cuts[998] * 1e3,
        "p99_to_p50": cuts[989] / cuts[499],
        "p99_to_p50_of_rounds": common.spread([ratio_of(its.spans) for its in made]),
        "p99_to_p50_of_quiet_rounds": common.spread([ratio_of(its.spans) for its in quiet]),
        "others_share": median(its.others for its in made),
        "others_share_of_quiet_rounds": median(its.others for its in quiet),
    }


def ratio_of(spans: list[float]) -> float:
    """p99 to p50."""
    cuts = quantiles(spans, n=100)
    return cuts[98] / cuts[49]


def in_turn(rounds: int) -> float:
    """The median ratio of a server that takes one second for each of the same requests, in turn."""
    ratios = []
    for number in range(1, rounds + 1):
        burst = Burst(port=0, path="", requests=PACED, rate_per_s=SHARE, draw=number)
        spans, free_s = [], 0.0
        for came_s in arrivals(burst):
            free_s = max(free_s, came_s) + 1.0
            spans.append(free_s - came_s)
        ratios.append(ratio_of(spans))
    return median(ratios)


def tell(result: Result, name: str, figures: dict[str, Any]) -> None:
    """The rows of one kind of request."""
    for server, its in figures.items():
        result.told(
            f"{name}, {server}: p50 · p99 · p99.9 at {SHARE:.0%} of so many a second",
            f"{its['p50_ms']:.1f} · {its['p99_ms']:.1f} · {its['p999_ms']:.1f} ms"
            f" of {its['rate_at_most_per_s']:,.0f}",
        )
        ratio = its["p99_to_p50_of_quiet_rounds"]["median"]
        what = f"{name}, {server}: p99 to p50, the median of the quieter half of the rounds"
        if server == SHIPPED:
            result.lines.append(Line(what, f"{ratio:.1f} ×", f"≤ {BAR:g} ×", ratio <= BAR))
        else:
            result.told(what, f"{ratio:.1f} ×")
        result.told(
            "  the median of all rounds · all rounds together",
            f"{its['p99_to_p50_of_rounds']['median']:.1f} · {its['p99_to_p50']:.1f} ×",
        )
        result.told(
            "  the cores' time that others had: quieter half · all rounds",
            f"{its['others_share_of_quiet_rounds']:.0%} · {its['others_share']:.0%}",
        )
        if "pauses_us" in its:
            pauses = its["pauses_us"]
            longest, whole = max(pauses, default=0), sum(pauses)
            result.told(
                "  collector: rounds · longest · in all, processor time",
                f"{len(pauses)} · {longest / 1e3:.1f} · {whole / 1e3:.1f} ms",
            )
            its["pauses_us"] = {"count": len(pauses), "max": longest, "sum": whole}
    result.figures[name] = figures


SHIPPED: Final = "as shipped"
MADE: Final = {SHIPPED: "settled", "Python's own collector": "unsettled"}


@contextmanager
def _served(data: Path, its: Servers, path: str, made: str, pauses: Path) -> Iterator[int]:
    """The service once more on the same store; its port."""
    port = common.free_port()
    command = [PYTHON, "-m", "benchmarks.collected", str(port), made]
    environ = {
        variable("data"): str(data),
        variable("port"): str(port),
        answers.RATE_LIMITS: answers.limits(),
        PAUSES: str(pauses),
    }
    with Running(command, pauses.with_suffix(".log"), environ) as running:
        running.await_status(port, path, its.key)
        yield port


def main() -> int:
    """Measures and prints; 0 where the bars are reached."""
    parser = common.options(__doc__)
    parser.add_argument("--rounds", type=int, default=16)
    parser.add_argument("--connections", type=int, default=64)
    chosen = parser.parse_args()
    result = Result("tail", figures={"in_turn": in_turn(chosen.rounds)})
    result.told("p99 to p50 of waiting in turn alone", f"{result.figures['in_turn']:.1f} ×")
    for prepare, requests, like in (
        (live_adoption.prepare, adoption, live_adoption.PATH),
        (registration.prepare, registrations, registration.LIKE),
    ):
        with common.scratch() as directory:
            data = directory / "data"
            with ExitStack() as stack:
                its = stack.enter_context(answers.serving(data, prepare, like))
                files = {name: directory / f"{made}.txt" for name, made in MADE.items()}
                ports = {
                    name: stack.enter_context(_served(data, its, like, made, files[name]))
                    for name, made in MADE.items()
                }
                kind = requests(its.key, chosen.connections)
                figures = measure(kind, its, ports, chosen.rounds)
                for name, file in files.items():
                    figures[name]["pauses_us"] = [int(line) for line in file.read_text().split()]
                tell(result, kind.name, figures)
    return common.finish(result, chosen.json)


if __name__ == "__main__":
    sys.exit(main())
