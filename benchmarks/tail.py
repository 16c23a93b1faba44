"""How much longer the slowest answers take than the usual one, at 70 % of what the service can do.

    python -m benchmarks.tail [--rounds 8] [--connections 64] [--json FILE]

Each round first finds out how many requests a second are answered at most, then sends requests at
70 % of that rate, at random moments and no matter whether earlier ones are answered. Live adoption
and a bank's durable registration, of the service as it ships, whose collector is settled at the
start (`tracker.collector`), and in turn of the same service with Python's own settings of the
collector, and of the references R1L and W1L, which show what the machine itself does to a tail.
The bar is held against the median of the rounds, because one round in which somebody else has the
cores makes a tail of its own; all times of all rounds together are told beside it. What the
collector adds is told as the processor time of its rounds, which no neighbour makes longer.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

from msgspec import json
from msgspec.structs import replace

from benchmarks import answers, common, live_adoption, registration
from benchmarks.answers import Servers
from benchmarks.collected import PAUSES
from benchmarks.common import PYTHON, Line, Result, Running
from benchmarks.load import Burst, Generator
from tracker.settings import variable

SHARE: Final = 0.7
BAR: Final = 5.0
AT_MOST: Final = 300
"""Requests that tell how many are answered a second at most."""

PACED: Final = 700


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
    """Rounds of all servers in turn; rates at most, seconds of each paced request, by server."""
    ports = {name: (port, False) for name, port in served.items()}
    ports["the reference"] = its.port_reference, True
    rates, spans = defaultdict[str, list[float]](list), defaultdict[str, list[list[float]]](list)
    names = list(ports)
    with Generator() as generator:
        for number in range(rounds + 1):
            for name in names:
                port, is_reference = ports[name]
                tag = f"{port}-{number}"
                most = generator.send(kind.burst(port, f"{tag}m", reference=is_reference))
                rate = AT_MOST / most.seconds
                paced = kind.burst(port, tag, reference=is_reference)
                paced = replace(paced, requests=PACED, rate_per_s=SHARE * rate)
                took = generator.send(paced)
                if number:  # the first one warms all up
                    rates[name].append(rate)
                    spans[name].append(took.spans)
            names = names[1:] + names[:1]
    return {name: _figures(rates[name], spans[name]) for name in ports}


def _figures(rates: list[float], rounds: list[list[float]]) -> dict[str, Any]:
    whole = [span for spans in rounds for span in spans]
    cuts = quantiles(whole, n=1_000)
    ratios = []
    for spans in rounds:
        of_round = quantiles(spans, n=100)
        ratios.append(of_round[98] / of_round[49])
    return {
        "rate_at_most_per_s": median(rates),
        "p50_ms": cuts[499] * 1e3,
        "p99_ms": cuts[989] * 1e3,
        "p999_ms": cuts[998] * 1e3,
        "p99_to_p50": cuts[989] / cuts[499],
        "p99_to_p50_of_rounds": common.spread(ratios),
    }


def tell(result: Result, name: str, figures: dict[str, Any]) -> None:
    """The rows of one kind of request."""
    for server, its in figures.items():
        result.told(
            f"{name}, {server}: p50 · p99 · p99.9 at {SHARE:.0%} of so many a second",
            f"{its['p50_ms']:.1f} · {its['p99_ms']:.1f} · {its['p999_ms']:.1f} ms"
            f" of {its['rate_at_most_per_s']:,.0f}",
        )
        ratio = its["p99_to_p50_of_rounds"]["median"]
        what = f"{name}, {server}: p99 to p50, the median of the rounds"
        if server == SHIPPED:
            result.lines.append(Line(what, f"{ratio:.1f} ×", f"≤ {BAR:g} ×", ratio <= BAR))
        else:
            result.told(what, f"{ratio:.1f} ×")
        result.told("  all rounds together", f"{its['p99_to_p50']:.1f} ×")
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
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--connections", type=int, default=64)
    chosen = parser.parse_args()
    result = Result("tail")
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
