"""`/v1/indicators`: the catalogue of what others report, and the values that they reported."""

from __future__ import annotations

from datetime import date as Date  # `date` is the word of the contract
from typing import Annotated, Literal

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import json

from tracker.access.roles import Permission
from tracker.api import links
from tracker.api.conventions import conditional, replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.paging import LIMIT, After, Limit, Page, page_of
from tracker.api.conventions.replies import Reply
from tracker.api.conventions.retries import once
from tracker.api.operation import Answer, operation
from tracker.api.resources.indicator_bodies import NewIndicator, NewReport
from tracker.domain.days import day_number
from tracker.domain.facts import IndicatorDefined
from tracker.services import indicator_values, indicators
from tracker.services.context import Once
from tracker.services.indicator_values import NewValue, ValueOut
from tracker.services.indicators import IndicatorOut


class Indicators(Controller):
    """Cashless indicators around the markets, as others report them."""

    tags = ("indicators",)

    @get(
        "/v1/indicators",
        summary="List indicators",
        opt=operation(
            Permission.INDICATORS_READ,
            {200: Answer("Definitions by id.", Page[IndicatorOut], headers=("ETag",))},
            query={"limit": 20},
        ),
    )
    async def list_indicators(
        self,
        request: ApiRequest,
        version: Annotated[
            Literal["latest", "all"], QueryParameter(description="Of each indicator.")
        ] = "latest",
        limit: Limit = LIMIT,
        after: After = None,
    ) -> Reply:
        """The newest definition of each indicator, or all versions."""
        found = await indicators.listed(request.tracker, every=version == "all")
        found.sort(key=_definition_place)
        page = page_of(request, found, _definition_place, limit, after, version)
        return conditional.reply(request, json.encode(page))

    @post(
        "/v1/indicators",
        summary="Define an indicator",
        opt=operation(
            Permission.INDICATORS_WRITE,
            {
                201: Answer("The definition was added.", IndicatorOut, links=links.INDICATOR),
                200: Answer("This definition stands already.", IndicatorOut, links=links.INDICATOR),
            },
            problems=("DEFINITION_EXISTS",),
            body={
                "id": "digital-signatures",
                "version": "2",
                "name_vi": "Người dân có chữ ký số cá nhân",
                "name_en": "Persons with a personal digital signature",
                "numerator": "Persons with a personal digital signature",
                "denominator": "Residents over 15",
                "unit": "percent",
                "period": "P1Y",
                "disaggregations": ["area"],
            },
            retries=True,
        ),
    )
    async def define_indicator(self, request: ApiRequest, data: JSONBody[NewIndicator]) -> Reply:
        """Adds an indicator or a version of one. A version never changes; the same is no error."""
        now = request.tracker.now()
        new = IndicatorDefined(
            now,
            now,
            request.principal.id,
            indicator=data.id,
            version=data.version,
            name_vi=data.name_vi,
            name_en=data.name_en,
            numerator=data.numerator,
            denominator=data.denominator,
            unit=data.unit,
            period=data.period,
            disaggregations=data.disaggregations,
        )

        async def act(key: Once | None) -> tuple[IndicatorOut, bool]:
            return await indicators.define(request.tracker, new, key)

        return await once(request, data, act, _render_definition)

    @get(
        "/v1/indicators/{indicator:str}/values",
        summary="List an indicator's values",
        opt=operation(
            Permission.INDICATORS_READ,
            {200: Answer("Values by day, area and revision.", Page[ValueOut], headers=("ETag",))},
            query={"from": "2026-01-01", "to": "2026-12-31", "area": "26506", "revision": "all"},
        ),
    )
    async def list_values(
        self,
        request: ApiRequest,
        indicator: FromPath[str],
        first: Annotated[Date | None, QueryParameter(name="from", description="First day.")] = None,
        last: Annotated[Date | None, QueryParameter(name="to", description="Last day.")] = None,
        area: Annotated[
            str | None,
            QueryParameter(pattern="^[0-9]{2,5}$", description="Of this unit's code alone."),
        ] = None,
        revision: Annotated[
            Literal["latest", "all"], QueryParameter(description="Of each area and day.")
        ] = "latest",
        limit: Limit = LIMIT,
        after: After = None,
    ) -> Reply:
        """The latest revision of each area and day, or all of them: old ones stay readable."""
        found = await indicator_values.values(
            request.tracker,
            indicator,
            first=None if first is None else day_number(first),
            last=None if last is None else day_number(last),
            area=area,
            every=revision == "all",
        )
        filters = (first, last, area, revision)
        page = page_of(request, found, _value_place, limit, after, *filters)
        return conditional.reply(request, json.encode(page))

    @post(
        "/v1/indicators/{indicator:str}/values",
        summary="Report a value",
        opt=operation(
            Permission.INDICATORS_WRITE,
            {
                201: Answer(
                    "The value was recorded, as a new revision.", ValueOut, links=links.VALUE
                ),
                200: Answer("This value stands already.", ValueOut, links=links.VALUE),
            },
            problems=("RATE_CONTRADICTS", "AREA_UNKNOWN", "VERSION_UNKNOWN", "IN_FUTURE"),
            body={
                "area": "26506",
                "date": "2026-10-31",
                "source": "Phòng Văn hóa - Xã hội",
                "numerator": 81_691,
                "denominator": 277_975,
                "rate": 29.39,
            },
            retries=True,
        ),
    )
    async def report_value(
        self, request: ApiRequest, indicator: FromPath[str], data: JSONBody[NewReport]
    ) -> Reply:
        """A value of an area and a day; another one for them is the next revision.

        A rate that its own two numbers contradict is refused, with the computed one beside it.
        """
        new = NewValue(data.area, day_number(data.date), data.source, data.stated(), data.version)

        async def act(key: Once | None) -> tuple[ValueOut, bool]:
            return await indicator_values.report(
                request.tracker, request.principal, indicator, new, key
            )

        return await once(request, data, act, _render_value)


def _render_definition(defined: tuple[IndicatorOut, bool]) -> Reply:
    definition, created = defined
    return replies.data(definition, 201 if created else 200)


def _render_value(reported: tuple[ValueOut, bool]) -> Reply:
    value, created = reported
    return replies.data(value, 201 if created else 200)


def _definition_place(definition: IndicatorOut) -> str:
    return f"{definition.id} {definition.defined_at} {definition.version}"


def _value_place(value: ValueOut) -> str:
    return f"{value.date} {value.area} {value.area_valid_from} {value.revision:09d}"
