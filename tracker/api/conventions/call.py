"""One request on its way through the service: what the edge and the guard learned about it."""

from __future__ import annotations

from collections.abc import MutableMapping
from functools import cached_property
from typing import Any, cast

from litestar import Request
from litestar.datastructures import State
from litestar.types.empty import Empty
from msgspec import Struct

from tracker.access.keys import Principal
from tracker.api.conventions import bodies
from tracker.api.conventions.limits import Buckets, Rate
from tracker.api.conventions.principals import Principals
from tracker.api.conventions.replies import JSON, Header
from tracker.api.conventions.signed_in import SignedIn
from tracker.domain.errors import Invalid
from tracker.services.adoption import LiveFigures
from tracker.services.context import Tracker
from tracker.services.last_used import LastUsed
from tracker.services.market_periods import MarketPeriods
from tracker.services.overview import Overview
from tracker.services.public_figures import PublicFigures
from tracker.services.readiness import Readiness
from tracker.services.roll_ups import RollUps
from tracker.services.roster_index import RosterIndex
from tracker.services.sign_in import SignIns

CALL = "tracker.call"
"""Where the call lies in the ASGI scope."""


class Call(Struct):
    """A request's id, where it came from, who asks (None on public routes), how the limit stands,
    the market that its path lies in, what its answer says of the end of its route, and the session
    (digest) of who asks by cookie.
    """

    request_id: str
    address: str = ""
    principal: Principal | None = None
    market: str | None = None
    rate: Rate | None = None
    ending: tuple[Header, ...] = ()
    session: str | None = None


class Service(Struct, frozen=True):
    """What the process keeps for all requests."""

    tracker: Tracker
    live: LiveFigures
    overview: Overview
    periods: MarketPeriods
    public: PublicFigures
    roll_ups: RollUps
    principals: Principals
    visitors: Buckets
    signed_in: SignedIn
    sign_ins: SignIns
    last_used: LastUsed
    readiness: Readiness
    rosters: RosterIndex


class UnsupportedMedia(Invalid):
    """A body of a kind that the route does not take."""

    status = 415
    title = "Unsupported media type"
    default_code = "MEDIA_TYPE"


def call_of(scope: Any) -> Call:
    """The call of an ASGI scope."""
    return cast("Call", cast("MutableMapping[str, Any]", scope)[CALL])


class ApiRequest(Request[Principal, None, State]):
    """A request that knows the service, and reads its body with all faults at once."""

    @property
    def content_length(self) -> int | None:
        """The length that was announced; looked up without all headers, which takes longer."""
        given = self.header(b"content-length")
        if len(given) == 1 and given[0].isdecimal() and given[0].isascii():
            return int(given[0])
        return super().content_length

    @cached_property
    def service(self) -> Service:
        """What the process keeps for all requests."""
        return cast("Service", self.scope["litestar_app"].state["service"])

    @cached_property
    def tracker(self) -> Tracker:
        """The surroundings of the use cases."""
        return self.service.tracker

    @cached_property
    def call(self) -> Call:
        """What is known about this request."""
        return call_of(self.scope)

    @property
    def principal(self) -> Principal:
        """Who asks; only on routes that are not public."""
        principal = self.call.principal
        if principal is None:
            raise TypeError("A public route has no principal.")
        return principal

    def header(self, name: bytes) -> list[str]:
        """All values of a header (lower-case name), as they came."""
        headers = self.scope["headers"]
        return [value.decode("latin-1") for key, value in headers if key == name]

    async def json(self) -> Any:
        """The JSON body as the type that the handler declares, normalised.

        Raises `Invalid` with every fault of the body, `UnsupportedMedia` where it is not JSON.
        """
        if self._json is Empty:
            if self.header(b"content-type") != [JSON]:
                kind = self.content_type[0]
                if kind and kind != JSON and not kind.endswith("+json"):
                    raise UnsupportedMedia(f"Send the body as JSON: `Content-Type: {JSON}`.")
            if self.header(b"content-encoding"):
                raise UnsupportedMedia("Send the body as it is; only imports may be compressed.")
            declared = self.route_handler.parsed_data_field
            shape = Any if declared is None else declared.annotation
            self._json = bodies.read(await self.body(), shape)
        return self._json
