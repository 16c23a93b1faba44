"""Two markets with everything in them that a page can show, and how each page is asked for."""

from __future__ import annotations

import html
import re
from typing import Any

import httpx
from redis.asyncio import Redis

from tests.integration.api.city import FIRST, MARKET, OTHER, STRANGER, City
from tests.integration.api.people import added
from tests.integration.conftest import Run
from tests.integration.registry import BIDV, VCB, Clock
from tests.integration.web.routes import PAGES
from tracker.access.keys import Role
from tracker.access.roles import Level, Permission, level
from tracker.domain.codes import vendor_code
from tracker.services import areas, groups, imports, indicators, sheets
from tracker.vietqr.compose import compose
from tracker.web import assets

FOREIGN = vendor_code("CP7", 1)
FIRST_DAY = "2022-06-01"
FILES = {
    "roster": "STT,Họ và tên,Số sạp\n1,Lê Văn Tám,D1\n2,,D2\n",
    "attachments": f"stall,bin,account\nQX49,{VCB},1\n",
}
HTML = "text/html; charset=utf-8"

NAMES = ("Đặng Thị Hoa", "<script>alert(1)</script>", "=cmd()", "{{7*7}}")
STALLS = ("QX41", "QX42", "QX43", "QX44")
PHONES = ("0987001111", "0987001122", "0987001133", "0987001144")
NUMBERS = ("7100042424242", "7200042425252", "7300042426262", "7400042427272")
HOLDER = "DANG VAN <i>BA</i>"
"""Who has the first account: somebody of the family."""

PERSONAL = (*NAMES, *PHONES, *NUMBERS, HOLDER)
QUERIES: dict[str, tuple[str, ...]] = {
    "/vendors/{vendor}/status": ("?to=suspended",),
    "/vendors/{vendor}/unlink": (f"?bin={VCB}",),
    "/vendors/{vendor}/account": ("", f"?bin={VCB}"),
    "/vendors/{vendor}": ("", "?all=1"),
    "/markets/{market}/roster": ("", "?q=hoa", "?sort=name", "?q=cmd", "?zone=%3Cb%3EKhu%3C/b%3E"),
    "/markets/{market}/incidents": ("", "?ended=1"),
    "/markets/{market}/report": ("", f"?first={FIRST_DAY}&last={FIRST_DAY}"),
    "/markets/{market}": ("", "?days=7", "?days=90"),
    "/city": ("", "?sort=name", "?q=%3Cb%3E"),
    "/approvals": ("", "?state=approved"),
    "/wall": ("", "?skip=1"),
    "/public": ("", "?q=%3Cscript%3E"),
    "/sign-in": ("", "?next=/account"),
}
"""What follows an address where it shows more, or must."""

UPLOAD = "POST /markets/{market}/imports"
FORMS: dict[str, dict[str, str]] = {
    UPLOAD: {"kind": "attachments"},
    "POST /vendors/{vendor}/status": {"status": "suspended"},
    "POST /vendors/{vendor}/unlink": {"bin": VCB},
    "POST /vendors/{vendor}/codes": {"bin": VCB},
}
"""What must be in a form for it to mean something; the others are sent empty."""


class Town:
    """The scene; `role` is who orders the files' and the sheets' jobs there, where that may be."""

    def __init__(self, run: Run, store: Redis, clock: Clock, role: Role = "admin") -> None:
        self.city = city = City(run, store, clock)
        city.open_market()
        city.open_market(OTHER, "CP7")
        run(areas.seed(city.tracker))
        run(groups.seed(city.tracker))
        run(indicators.seed(city.tracker))
        self._people()
        self._past()
        self._jobs(role)
        person = added(city)
        self.values = {
            "market": MARKET,
            "vendor": FIRST,
            "code": f"{FIRST}.c1",
            "ordinal": "1",
            "date": FIRST_DAY,
            "bin": VCB,
            "stall": STALLS[0],
            "file": "code.png",
            "digest": assets.addresses()["icon.svg"].split("/")[2],
            "name": "icon.svg",
            "person": person,
            "key": city.get("manager", "/v1/me").json()["id"],
            "group": "city",
            "area": "26506",
            "unit": "26506.2025-07-01",
            **self._found,
        }
        self.foreign = {
            **self.values,
            "market": OTHER,
            "vendor": FOREIGN,
            "stall": "B1",
            "code": f"{FOREIGN}.c1",
            **self._found_elsewhere,
        }
        self.nowhere = {
            **self.foreign,
            "market": "khong-co",
            "vendor": vendor_code("CP7", 99),
            "code": f"{vendor_code('CP7', 99)}.c1",
            "approval": f"{vendor_code('CP7', 99)}.e1",
            "incident": f"{vendor_code('CP7', 99)}.e1",
        }

    def _people(self) -> None:
        """The bank's trader in both markets; three more with what nobody is called."""
        for n, (stall, name, phone, number) in enumerate(
            zip(STALLS, NAMES, PHONES, NUMBERS, strict=True)
        ):
            body = {
                "stall": stall,
                "name": name,
                "phone": phone,
                "zone": "<b>Khu</b>",
                "category": "<u>Rau</u>",
                "account": {"bin": VCB if n < 3 else BIDV, "number": number},
                "issue_code": True,
            }
            if n == 0:
                body["account"] = {"bin": VCB, "number": number, "holder": HOLDER}
            by = "bank" if n == 0 else "manager"
            self._made(by, f"/v1/markets/{MARKET}/vendors", body)
        hers = {"stall": "B1", "name": NAMES[0], "issue_code": True}
        hers["account"] = {"bin": VCB, "number": "7500042428282"}
        self._made("admin", f"/v1/markets/{OTHER}/vendors", hers)
        same = {"stall": "QX45", "name": NAMES[0]}
        self._made("manager", f"/v1/markets/{MARKET}/vendors", same)

    def _made(self, by: str, path: str, body: Any, status: int = 201) -> httpx.Response:
        """The answer to a POST that makes something."""
        answer = self.city.post(by, path, body, key=self.city.tracker.random_bytes(8).hex())
        assert answer.status_code == status, answer.text
        return answer

    def _past(self) -> None:
        """Stickers, a stranger's code, what waits for a second person, a doubt, published days."""
        city = self.city
        found: list[dict[str, str]] = []
        for market, vendor, stall, bank in (
            (MARKET, FIRST, STALLS[0], "bank"),
            (OTHER, FOREIGN, "B1", "admin"),
        ):
            self._made("admin", f"/v1/codes/{vendor}.c1/attachments", {})
            seen = city.scan(compose(VCB, STRANGER), stall, market=market).json()
            number = {"number": "7600042429292"}
            path = f"/v1/vendors/{vendor}/accounts/{VCB}"
            asked = city.call(bank, "PUT", path, number, headers={"If-Match": "*"})
            approval = asked.headers["location"].rpartition("/")[2]
            found.append({"incident": seen["incident"], "scan": seen["id"], "approval": approval})
        self._found, self._found_elsewhere = found
        doubts = city.get("manager", f"/v1/markets/{MARKET}/doubts").json()["items"]
        self._found["doubt"] = doubts[0]["id"]
        census = {"vendors": 9, "effective_on": FIRST_DAY, "source": "<b>sổ</b>"}
        for market in (MARKET, OTHER):
            self._made("admin", f"/v1/markets/{market}/census", census)
        city.publish(FIRST_DAY, "2023-04-30", "2023-05-01")

    def _jobs(self, role: Role) -> None:
        """A file that was tried and a sheet, in both markets."""

        def by(permission: Permission, market: str) -> str:
            own = market == MARKET and level(role, permission) is Level.DOES
            return role if own else "admin"

        for market, found in ((MARKET, self._found), (OTHER, self._found_elsewhere)):
            sender = by(Permission.IMPORTS_WRITE, market)
            kind = "attachments" if sender == "bank" else "roster"
            path = f"/v1/imports?kind={kind}&market={market}&dry_run=true"
            sent = self.city.call(sender, "POST", path, content=FILES[kind].encode(), key=market)
            found["job"] = self.city.worked(sent.json()["id"], imports.run)["id"]
            buyer = by(Permission.SHEETS_WRITE, market)
            ordered = self._made(buyer, "/v1/sheets", {"market": market}, 202)
            found["sheet"] = self.city.worked(ordered.json()["id"], sheets.run)["id"]

    def ask(
        self,
        by: str | None,
        route: str,
        values: dict[str, str],
        query: str = "",
        **more: Any,
    ) -> httpx.Response:
        """A page (`GET /path/{with}`), its form with the least that means something."""
        method, path = route.split()
        form = FORMS.get(route, {"x": ""}) if method == "POST" else None
        if query == "" and method == "GET":
            query = QUERIES.get(path, ("",))[0]
        if route == UPLOAD:
            more["files"] = {"file": ("ds.csv", FILES["attachments"].encode())}
        return self.city.call(by, method, filled(path, values) + query, data=form, **more)

    def pages(self) -> list[tuple[str, str]]:
        """Every page that can be opened, with each query that shows more."""
        return [
            (route, query)
            for route in PAGES
            if route.startswith("GET ")
            for query in QUERIES.get(route.split()[1], ("",))
        ]


def filled(path: str, values: dict[str, str]) -> str:
    """The address of a route; a parameter that this does not know wants a real value here."""
    return re.sub(r"\{(\w+)\}", lambda name: values[name[1]], path)


def text_of(answer: httpx.Response) -> str:
    """What can be read on a page, without the request's own id."""
    bare = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", answer.text, flags=re.DOTALL)
    words = " ".join(html.unescape(bare).split())
    return words.replace(answer.headers["x-request-id"], "")
