"""API keys: rotation with overlap, secrets shown once, who reaches how far, when last used."""

from __future__ import annotations

import re
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.integration.api.city import HOA, MARKET, OTHER, City, problem
from tests.integration.conftest import Run
from tests.integration.registry import Clock
from tracker.access.keys import checked, digest
from tracker.domain.facts import KeyCreated
from tracker.store.commit import Commit
from tracker.store.keys import SERVICE, Space

HOUR_MS = 3_600_000
FORM = re.compile(r"cmt_[a-z2-7]{8}_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}")
NEW = {"name": "VCB", "role": "bank", "bins": ["970436"], "markets": [MARKET]}


def made(city: City, **more: Any) -> dict[str, Any]:
    answer = city.post("admin", "/v1/keys", {**NEW, **more})
    assert answer.status_code == 201, answer.text
    key: dict[str, Any] = answer.json()
    return key


def rotated(city: City, id_: str, as_: str = "admin", key: str | None = None, **body: Any) -> Any:
    return city.post(as_, f"/v1/keys/{id_}/rotation", body, key=key)


def works(city: City, secret: str) -> bool:
    return city.get(secret, "/v1/me").status_code == 200


def test_both_secrets_open_while_they_overlap(market: City) -> None:
    key = made(market)
    turned = rotated(market, key["id"], overlap_hours=2).json()
    assert (turned["id"], turned["role"], turned["bins"]) == (key["id"], "bank", ["970436"])
    assert FORM.fullmatch(key["secret"])
    assert FORM.fullmatch(turned["secret"])
    assert turned["overlap_until"] == "2023-05-02T10:00:00+07:00"
    assert works(market, key["secret"])
    assert works(market, turned["secret"])
    market.clock.ms += 2 * HOUR_MS
    assert not works(market, key["secret"])
    assert works(market, turned["secret"])


def test_a_secret_that_leaked_ends_at_once(market: City) -> None:
    key = made(market)
    assert works(market, key["secret"])
    second = rotated(market, key["id"], overlap_hours=24).json()["secret"]
    third = rotated(market, key["id"], overlap_hours=0).json()["secret"]
    assert [works(market, s) for s in (key["secret"], second, third)] == [False, False, True]


def test_a_rotated_key_is_the_same_caller(market: City) -> None:
    key = made(market)
    path = f"/v1/markets/{MARKET}/vendors"
    first = market.post(key["secret"], path, HOA, key="hoa")
    assert first.status_code == 201
    secret = rotated(market, key["id"], overlap_hours=0).json()["secret"]
    again = market.post(secret, path, HOA, key="hoa")
    assert again.headers["idempotency-replayed"] == "true"
    assert again.content == first.content


def test_a_secret_is_shown_once_whatever_is_repeated(market: City) -> None:
    first = market.post("admin", "/v1/keys", NEW, key="new")
    again = market.post("admin", "/v1/keys", NEW, key="new")
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == {k: v for k, v in first.json().items() if k != "secret"}
    id_ = first.json()["id"]
    turned = rotated(market, id_, key="turn").json()
    repeat = rotated(market, id_, key="turn")
    assert repeat.headers["idempotency-replayed"] == "true"
    assert repeat.json() == {k: v for k, v in turned.items() if k != "secret"}
    assert works(market, turned["secret"])
    assert all("secret" not in k for k in market.get("admin", "/v1/keys").json()["items"])


def test_rotations_at_once_each_give_a_secret_and_lose_none(market: City) -> None:
    key = made(market)
    path = f"/v1/keys/{key['id']}/rotation"
    calls = [market.acall("admin", "POST", path, {"overlap_hours": 1}) for _ in range(5)]
    secrets = {answer.json()["secret"] for answer in market.together(calls)}
    assert len(secrets) == 5
    assert all(works(market, secret) for secret in [key["secret"], *secrets])


def test_a_key_gets_another_end_with_its_secret(market: City) -> None:
    key = made(market, expires_at="2023-05-02T09:00:00+07:00")
    same = rotated(market, key["id"]).json()
    assert same["expires_at"] == "2023-05-02T09:00:00+07:00"
    later = rotated(market, key["id"], expires_at="2024-05-02T09:00:00+07:00").json()
    market.clock.ms += HOUR_MS
    assert [works(market, k["secret"]) for k in (key, same, later)] == [False, False, True]


def test_what_has_ended_is_not_rotated(market: City) -> None:
    revoked, expired = made(market), made(market, expires_at="2023-05-02T08:30:00+07:00")
    market.call("admin", "DELETE", f"/v1/keys/{revoked['id']}")
    market.clock.ms += HOUR_MS
    for key in (revoked, expired):
        problem(rotated(market, key["id"]), 409, "KEY_ENDED")
    problem(rotated(market, "xxxxxxxx"), 404, "NOT_FOUND")


@pytest.mark.parametrize("hours", [-1, 721, "1", 1.5])
def test_an_overlap_has_its_bounds(market: City, hours: Any) -> None:
    key = made(market)
    problem(rotated(market, key["id"], overlap_hours=hours), 400, "INVALID_BODY")


def test_nobody_takes_over_a_key_that_reaches_further(market: City) -> None:
    market.keys["local"] = market.new_key("admin", markets=(MARKET,))
    everywhere = market.get("admin", "/v1/me").json()["id"]
    elsewhere = made(market, markets=[OTHER])["id"]
    for id_ in (everywhere, elsewhere):
        problem(rotated(market, id_, "local"), 404, "NOT_FOUND")
        problem(market.call("local", "DELETE", f"/v1/keys/{id_}"), 404, "NOT_FOUND")
    mine = made(market)["id"]
    assert rotated(market, mine, "local").status_code == 201
    listed = [key["id"] for key in market.get("local", "/v1/keys").json()["items"]]
    assert mine in listed
    assert not {everywhere, elsewhere} & set(listed)


def test_a_key_of_the_old_form_stays_valid(market: City) -> None:
    secret = "A" * 43
    now = market.clock()
    fact = KeyCreated(now, now, "x", "oldkey22", "old", "ioc", (), (), None, digest(secret))
    commit = Commit(Space(SERVICE))
    commit.append("key:oldkey22", 0, [fact])
    market.run(market.tracker.committer.commit(commit))
    assert works(market, f"ctk_oldkey22_{secret}")
    turned = rotated(market, "oldkey22", overlap_hours=0).json()["secret"]
    assert turned.startswith("cmt_oldkey22_")
    assert works(market, turned)
    assert not works(market, f"ctk_oldkey22_{secret}")


def test_a_well_formed_key_with_another_secret_opens_nothing(market: City) -> None:
    id_ = made(market)["id"]
    problem(market.get(checked(f"cmt_{id_}_{'A' * 43}"), "/v1/me"), 401, "UNAUTHENTICATED")


# ── when it was last used ────────────────────────────────────────────────────────────────────


def last_used(city: City, id_: str) -> str | None:
    items = city.get("admin", "/v1/keys").json()["items"]
    minute: str | None = next(key.get("last_used_at") for key in items if key["id"] == id_)
    return minute


def flushed(city: City) -> None:
    city.run(city.app.state["service"].last_used.flush())


def test_the_minute_of_the_last_use_is_told_after_it_was_written(market: City) -> None:
    key = made(market)
    market.clock.ms += 90_000
    assert works(market, key["secret"])
    assert last_used(market, key["id"]) is None
    flushed(market)
    assert last_used(market, key["id"]) == "2023-05-02T08:01:00+07:00"


async def _writes(store: Redis) -> int:
    stats = await store.info("commandstats")
    return sum(value["calls"] for name, value in stats.items() if name == "cmdstat_hset")


def test_a_request_that_reads_writes_nothing_and_a_thousand_are_one_write(
    market: City, store: Redis
) -> None:
    key = made(market)
    flushed(market)
    before = market.run(_writes(store))
    for _ in range(50):
        assert works(market, key["secret"])
    assert market.run(_writes(store)) == before
    flushed(market)
    assert market.run(_writes(store)) == before + 1
    assert works(market, key["secret"])
    flushed(market)
    assert market.run(_writes(store)) == before + 1  # still the same minute


def test_what_could_not_be_written_stays_noted(run: Run, store: Redis, clock: Clock) -> None:
    city = City(run, store, clock)
    key = made(city, markets=[])
    assert works(city, key["secret"])
    client: Any = store
    used = "{sys}:used"
    run(client.set(used, "spoilt"))
    with pytest.raises(Exception, match="WRONGTYPE"):
        flushed(city)
    run(client.delete(used))
    flushed(city)
    assert last_used(city, key["id"]) is not None
