"""The structure that the SDMX feed follows: dimensions, measure, attributes and their codes.

An SDMX-JSON 2.1.0 structure message (SDMX 3.1), served at `/v1/structure` and committed as
`openapi/structure.json`. It depends on the code alone. **Versions** are semantic: new codes raise
the second number, a new or changed dimension the first. Markets and areas are data, not codes: a
new market is no new structure; `/v1/markets` and `/v1/areas` say their names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tracker.formats.indicators import INDICATORS

MEDIA_TYPE: Final = "application/vnd.sdmx.structure+json"
AGENCY: Final = "CMT"
VERSION: Final = "1.0.0"
PREPARED: Final = "2026-11-22T00:00:00+07:00"
"""When this version of the structure was made."""

DATAFLOW: Final = f"{AGENCY}:MARKET_ADOPTION({VERSION})"
DIMENSIONS: Final = ("FREQ", "REF_AREA", "MARKET", "INDICATOR", "TIME_PERIOD")
MEASURE: Final = "OBS_VALUE"
ATTRIBUTES: Final = (
    "UNIT_MEASURE",
    "UNIT_MULT",
    "DECIMALS",
    "OBS_STATUS",
    "CONF_STATUS",
    "LAST_UPDATE",
)
COMPARATOR: Final = "COMPARATOR"
"""An attribute of reported values alone: a bare rate may be a bound."""

REPORTED: Final = f"{AGENCY}:REPORTED_INDICATORS({VERSION})"
"""The dataflow of reported values: the same dimensions, an open list of indicators, no market."""

NO_MARKET: Final = "_Z"
"""`MARKET` where there can be none."""

NO_AREA: Final = "_X"
"""`REF_AREA` of a market that no administrative unit is known for on that day."""

_MODEL: Final = "urn:sdmx:org.sdmx.infomodel"

_Text = tuple[str, str]
"""English, Vietnamese."""

CONCEPTS: Final[Mapping[str, _Text]] = {
    "FREQ": ("Frequency", "Kỳ số liệu"),
    "REF_AREA": ("Administrative unit on that day", "Đơn vị hành chính tại ngày số liệu"),
    "MARKET": ("Market", "Chợ"),
    "INDICATOR": ("Indicator", "Chỉ tiêu"),
    "TIME_PERIOD": ("Day by Vietnam's calendar", "Ngày số liệu"),
    "OBS_VALUE": ("Value", "Giá trị"),
    "UNIT_MEASURE": ("Unit", "Đơn vị tính"),
    "UNIT_MULT": ("Power of ten of the unit", "Bội số (lũy thừa của 10)"),
    "DECIMALS": ("Decimals", "Số chữ số thập phân"),
    "OBS_STATUS": ("Status of the value", "Trạng thái giá trị"),
    "CONF_STATUS": ("Confidentiality", "Mức độ bảo mật"),
    "LAST_UPDATE": ("Published at", "Thời điểm công bố"),
    "COMPARATOR": ("What the value is to the true one", "Quan hệ với giá trị thực"),
}

CODES: Final[Mapping[str, Mapping[str, _Text]]] = {
    "FREQ": {"D": ("Daily", "Hằng ngày")},
    "INDICATOR": {one.code: (one.en, one.vi) for one in INDICATORS},
    "UNIT_MEASURE": {
        "VENDOR": ("Vendors", "Tiểu thương"),
        "PERCENT": ("Percent", "Phần trăm"),
        "PAYMENT": ("Payments", "Giao dịch"),
        "VND": ("Vietnamese dong", "Đồng Việt Nam"),
        "BANK": ("Banks", "Ngân hàng"),
        "COUNT": ("What the indicator counts", "Đơn vị đếm của chỉ tiêu"),
    },
    "UNIT_MULT": {"0": ("Units", "Đơn vị")},
    "OBS_STATUS": {
        "A": ("Normal", "Bình thường"),
        "P": ("Provisional: the day is not final", "Sơ bộ: ngày chưa chốt"),
        "M": ("Missing: cannot exist, or was not reported", "Không có, hoặc chưa được báo cáo"),
        "Q": ("Missing: suppressed", "Không công bố"),
    },
    "CONF_STATUS": {
        "F": ("Free", "Công khai"),
        "C": ("Confidential", "Bảo mật"),
    },
    "COMPARATOR": {
        "eq": ("Equal", "Bằng"),
        "gt": ("The true value is more", "Trên"),
        "ge": ("The true value is this or more", "Từ ... trở lên"),
    },
}
"""The listed values of each component that has a list, by the codes of the SDMX cross-domain lists
where there is one (CL_FREQ, CL_UNIT_MULT, CL_OBS_STATUS, CL_CONF_STATUS)."""

FORMS: Final[Mapping[str, Mapping[str, Any]]] = {
    "REF_AREA": {"dataType": "String", "pattern": f"[0-9]{{2}}|[0-9]{{5}}|{NO_AREA}"},
    "MARKET": {"dataType": "String", "maxLength": 64, "pattern": "[a-z0-9]+(-[a-z0-9]+)*"},
    "TIME_PERIOD": {"dataType": "GregorianDay"},
    "OBS_VALUE": {"dataType": "Double"},
    "DECIMALS": {"dataType": "Integer", "minValue": 0, "maxValue": 2},
    "LAST_UPDATE": {"dataType": "DateTime"},
}
"""The form of each component that has no list."""

REPORTED_FORMS: Final[Mapping[str, Mapping[str, Any]]] = {
    **FORMS,
    "INDICATOR": {
        "dataType": "String",
        "maxLength": 76,
        "pattern": "[a-z0-9]+(-[a-z0-9]+)*(_NUMERATOR|_DENOMINATOR)?",
    },
    "MARKET": {"dataType": "String", "pattern": NO_MARKET},
}
"""The same of reported values: `/v1/indicators` is the catalogue, which grows without a version."""

_ADOPTION: Final = ("MARKET_ADOPTION", "Cashless adoption of markets", "Số liệu chợ 4.0")
_REPORTED: Final = (
    "REPORTED_INDICATORS",
    "Cashless indicators as others report them",
    "Chỉ tiêu không dùng tiền mặt do các đơn vị báo cáo",
)


def message() -> dict[str, Any]:
    """The structure message."""
    return {
        "meta": {
            "schema": "https://json.sdmx.org/2.1/sdmx-json-structure-schema.json",
            "id": f"MARKET_ADOPTION_{VERSION.replace('.', '_')}",
            "test": False,
            "prepared": PREPARED,
            "contentLanguages": ["en", "vi"],
            "sender": {"id": AGENCY},
        },
        "data": {
            "codelists": [_codelist(component) for component in CODES],
            "conceptSchemes": [_concepts()],
            "dataStructures": [
                _structure(*_ADOPTION, ATTRIBUTES, FORMS),
                _structure(*_REPORTED, (*ATTRIBUTES, COMPARATOR), REPORTED_FORMS),
            ],
            "dataflows": [_dataflow(*_ADOPTION), _dataflow(*_REPORTED)],
        },
    }


def _named(id_: str, en: str, vi: str) -> dict[str, Any]:
    return {"id": id_, "version": VERSION, "agencyID": AGENCY, **_names(en, vi)}


def _names(en: str, vi: str) -> dict[str, Any]:
    return {"name": en, "names": {"en": en, "vi": vi}}


def _codelist(component: str) -> dict[str, Any]:
    en, vi = CONCEPTS[component]
    codes = [{"id": code, **_names(*texts)} for code, texts in CODES[component].items()]
    return {**_named(f"CL_{component}", en, vi), "codes": codes}


def _concepts() -> dict[str, Any]:
    concepts = [{"id": id_, **_names(*texts)} for id_, texts in CONCEPTS.items()]
    return {**_named("CS_ADOPTION", "Concepts of the feed", "Khái niệm"), "concepts": concepts}


def _dataflow(id_: str, en: str, vi: str) -> dict[str, Any]:
    structure = f"{_MODEL}.datastructure.DataStructure={AGENCY}:{id_}({VERSION})"
    return {**_named(id_, en, vi), "structure": structure}


def _structure(
    id_: str, en: str, vi: str, attributes: Sequence[str], forms: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    *dimensions, time = DIMENSIONS
    return {
        **_named(id_, en, vi),
        "dataStructureComponents": {
            "dimensionList": {
                "id": "DimensionDescriptor",
                "dimensions": [
                    {**_component(part, forms), "position": place}
                    for place, part in enumerate(dimensions)
                ],
                "timeDimension": _component(time, forms),
            },
            "measureList": {
                "id": "MeasureDescriptor",
                "measures": [{**_component(MEASURE, forms), "usage": "mandatory"}],
            },
            "attributeList": {
                "id": "AttributeDescriptor",
                "attributes": [
                    {
                        **_component(part, forms),
                        "usage": "mandatory",
                        "attributeRelationship": {"observation": {}},
                    }
                    for part in attributes
                ],
            },
        },
    }


def _component(id_: str, forms: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    concept = f"{_MODEL}.conceptscheme.Concept={AGENCY}:CS_ADOPTION({VERSION}).{id_}"
    form = (
        {"format": dict(forms[id_])}
        if id_ in forms
        else {"enumeration": f"{_MODEL}.codelist.Codelist={AGENCY}:CL_{id_}({VERSION})"}
    )
    return {"id": id_, "conceptIdentity": concept, "localRepresentation": form}
