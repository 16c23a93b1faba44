"""What the operators' page names is given out, and the other way round."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from tests.integration.conftest import Run
from tests.integration.registry import Clock, build, tracker_on
from tests.unit.observe.test_tallies import counting
from tracker.exporter import Asked, Counted
from tracker.settings import Settings
from tracker.store.beats import Beat

PAGE = Path(__file__).parents[3] / "docs" / "operations.md"


def watching() -> str:
    """The part of the page that is about watching."""
    return PAGE.read_text("utf-8").split("## Watching it")[1].split("\n## Incidents")[0]


def rules() -> list[dict[str, Any]]:
    """The YAML of the page."""
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", watching(), re.S)]


def given_out(settings: Settings) -> set[str]:
    """The names of all metrics, as they are asked for."""
    registry = CollectorRegistry(auto_describe=False)
    for collector in (Counted(settings), Asked(settings)):
        registry.register(collector)
    suffix = {"counter": "_total"}
    return {family.name + suffix.get(family.type, "") for family in registry.collect()}


def test_the_page_and_the_exporter_name_the_same_metrics(
    settings: Settings, store: Redis, run: Run
) -> None:
    tracker = tracker_on(store, clock := Clock())
    run(build(tracker, clock))
    run(tracker.beats.ticked(Beat(clock.ms, 1, whole=True)))
    run(tracker.schedule_state.close(1))
    process = counting(settings.data, 1, "wait")
    try:
        told = given_out(settings)
    finally:
        process.kill()
        process.communicate()
    named = set(re.findall(r"`(tracker_\w+)`", watching()))
    assert {re.sub(r"_(count|sum|bucket)$", "", name) for name in named} == told


def test_the_rules_are_whole_and_speak_of_what_there_is() -> None:
    scrape, alerts = rules()
    assert scrape["scrape_configs"][0]["static_configs"][0]["targets"]
    named = set(re.findall(r"`(tracker_\w+)`", watching()))
    (group,) = alerts["groups"]
    for rule in group["rules"]:
        assert rule.keys() <= {"alert", "expr", "for", "labels"}
        metrics = set(re.findall(r"tracker_\w+", rule["expr"]))
        assert metrics
        assert {re.sub(r"_count$", "", name) for name in metrics} <= named
        assert rule["expr"].count("(") == rule["expr"].count(")")


def test_the_links_of_the_page_lead_somewhere() -> None:
    text = PAGE.read_text("utf-8")
    there = {
        re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", text, re.M)
    }
    assert set(re.findall(r"\]\(#([\w-]+)\)", text)) <= there
