"""The JSON-LD context of the NGSI-LD feed, served by us so that readers need nobody else.

Written here: it maps just the terms that the feed uses, to the identifiers that Smart Data Models
(`dataModel.KeyPerformanceIndicator` v0.2.1) and the NGSI-LD core vocabulary (ETSI GS CIM 009) give
them, so the entities mean the same as with the published contexts. Our own terms have names of our
own. A published version never changes: new terms come as a new version beside it.
"""

from __future__ import annotations

from typing import Any, Final

PATH: Final = "/contexts/adoption-1.jsonld"
"""Where version 1 is served."""

_MODELS: Final = "https://smartdatamodels.org/"
_KPI: Final = f"{_MODELS}dataModel.KeyPerformanceIndicator/"
_CORE: Final = "https://uri.etsi.org/ngsi-ld/"
_OURS: Final = "urn:cashless-market-tracker:"

_OF_THE_MODEL: Final = (
    "KeyPerformanceIndicator",
    "area",
    "calculationFormula",
    "calculationFrequency",
    "calculationMethod",
    "calculationPeriod",
    "category",
    "currentStanding",
    "dateNextCalculation",
    "from",
    "kpiValue",
    "organization",
    "process",
    "to",
    "updatedAt",
)
_OF_OURS: Final = (
    "areaValidFrom",
    "comparator",
    "denominator",
    "denominatorBasis",
    "final",
    "numerator",
    "revision",
    "withheld",
)


def document() -> dict[str, Any]:
    """The context document."""
    return {
        "@context": {
            "id": "@id",
            "type": "@type",
            "name": f"{_MODELS}name",
            **{term: _KPI + term for term in _OF_THE_MODEL},
            **{term: _OURS + term for term in _OF_OURS},
            "Property": f"{_CORE}Property",
            "value": f"{_CORE}hasValue",
            "unitCode": f"{_CORE}unitCode",
            "observedAt": {
                "@id": f"{_CORE}observedAt",
                "@type": f"{_CORE}DateTime",
            },
        }
    }
