"""A tracker on the test store, with a clock of its own, and a small registry made through it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from tracker.access.keys import ROLES, Principal
from tracker.access.vault import Keyring, MasterKey
from tracker.domain.days import DAY_MS, day_of, start_of
from tracker.services import codes, keys, markets, snapshots, vendors
from tracker.services.context import Tracker
from tracker.services.markets import NewMarket
from tracker.services.vendors import NewAccount, NewVendor
from tracker.settings import Settings

ADMIN = Principal("admin001", "the city's office", "admin")
VCB, BIDV = "970436", "970418"
MARKETS = {"cho-vung-tau": "CVT", "cho-phuong-7": "CP7"}
OPENED = 19_479  # 2023-05-02
ROOMY = ",".join(f"{role}=10000" for role in ROLES)
"""Limits that no test reaches; those about limits set their own."""


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.ms = start_of(OPENED) + 8 * 3_600_000

    def __call__(self) -> int:
        return self.ms

    def next_day(self) -> None:
        """The same hour of the next day."""
        self.ms += DAY_MS


async def dispatch(job_id: str, *, light: bool = False) -> None:
    """No workers here: a test runs the job itself."""


def tracker_on(store: Redis, clock: Any) -> Tracker:
    """A tracker with keys of its own; it needs no directory."""
    keyring = Keyring([MasterKey(bytes(range(32)))])
    settings = Settings(data=Path("unused"), rate_limits=ROOMY)
    return Tracker(settings=settings, client=store, keyring=keyring, now=clock, dispatch=dispatch)


def trader(n: int, **more: Any) -> NewVendor:
    """A registration at stall A<n> with an account, whose code is issued at once."""
    account = NewAccount(VCB if n % 2 else BIDV, f"00710009{n:05d}")
    given: dict[str, Any] = {"zone": f"Khu {n % 2}", "account": account, "issue_code": True}
    return NewVendor(stall=f"A{n:02d}", name=f"Nguyễn Thị {n}", **{**given, **more})


async def build(tracker: Tracker, clock: Clock, each: int = 6) -> None:
    """Two markets of so many traders over three days, each day published, one twice.

    Trader 1 has no account, 2 no sticker, 3 lost it (in the first market it was found to hang
    again a day later), 4 got it back at once, the others have one. One more comes at the end.
    """
    for market, prefix in MARKETS.items():
        new = NewMarket(market, f"Chợ {prefix}", prefix, None, OPENED, ("Khu 0",))
        await markets.create(tracker, ADMIN, new)
        await markets.declare_census(
            tracker, ADMIN, market, effective_on=OPENED, vendors=each + 2, source="sổ của chợ"
        )
        for n in range(1, each + 1):
            alone = {"account": None, "issue_code": False} if n == 1 else {}
            await vendors.register(
                tracker, ADMIN, market, trader(n, partner_ref=f"ref-{n}", **alone)
            )
    await keys.create(tracker, "admin001", name="IOC", role="ioc")
    clock.next_day()
    for market, prefix in MARKETS.items():
        for n in range(3, each + 1):
            code = await code_of(tracker, market, prefix, n)
            await attach(tracker, code, clock(), ref=f"hung-{n}")
    await publish(tracker, OPENED)
    clock.next_day()
    for market, prefix in MARKETS.items():
        for n in (3, 4):
            code = await code_of(tracker, market, prefix, n)
            await codes.remove(
                tracker, ADMIN, code, occurred_at=clock() - 60_000, reason="tax_worry"
            )
    clock.ms += 60_000
    for market, prefix in MARKETS.items():
        await attach(tracker, await code_of(tracker, market, prefix, 4), clock(), ref="again")
    clock.next_day()
    await publish(tracker, OPENED, OPENED + 1, OPENED + 2)
    late = await vendors.register(tracker, ADMIN, "cho-vung-tau", trader(each + 1))
    code = (await codes.listed(tracker, ADMIN, late.vendor.vendor))[0].id
    await attach(tracker, code, clock())
    again = await code_of(tracker, "cho-vung-tau", "CVT", 3)
    await attach(tracker, again, clock() - DAY_MS)  # known a day late: a new revision
    await publish(tracker, OPENED + 2)
    clock.next_day()
    await publish(tracker, day_of(clock()) - 1)


async def publish(tracker: Tracker, *days: int) -> int:
    """Publishes these days of both markets."""
    return await snapshots.publish_days(tracker, list(MARKETS), days)


async def attach(tracker: Tracker, code: str, at: int, ref: str | None = None) -> None:
    """The sticker of a code hangs since then."""
    await codes.attach(tracker, ADMIN, code, occurred_at=at, evidence="declared", ref=ref)


async def code_of(tracker: Tracker, market: str, prefix: str, n: int) -> str:
    """The id of the only code of the trader at stall A<n>."""
    holder = (await tracker.reader.holders(market, [f"s:A{n:02d}"]))[0]
    history = await tracker.reader.history(market, prefix, int(holder or 0))
    return history.code_id(1)


async def restore(store: Redis, dumped: dict[bytes, bytes]) -> None:
    """Puts a dump into an empty store."""
    client: Any = store
    pipeline = client.pipeline(transaction=False)
    for name, value in dumped.items():
        pipeline.restore(name, 0, value)
    await pipeline.execute()


async def dump(store: Redis) -> dict[bytes, bytes]:
    """Every key of the store with its serialized value: equal dumps are equal stores."""
    client: Any = store
    names = sorted([key async for key in client.scan_iter(count=1_000)])
    pipeline = client.pipeline(transaction=False)
    for name in names:
        pipeline.dump(name)
    return dict(zip(names, await pipeline.execute(), strict=True))
