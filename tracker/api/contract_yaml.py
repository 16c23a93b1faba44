"""The contract as YAML that every reader understands alike."""

from __future__ import annotations

import re
from typing import Any

import yaml


class _Dumper(yaml.CSafeDumper):
    """Quotes text that is a number to some reader: 0123456789 is one in YAML 1.2, not in 1.1."""


_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"([-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?|0o[0-7]+)$", re.ASCII),
    list("-+.0123456789"),
)


def written(document: dict[str, Any]) -> str:
    """A document of plain JSON, in the order of its keys."""
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    return text
