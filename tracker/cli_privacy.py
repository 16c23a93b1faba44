"""Commands about personal data: the master key, and the list of the erased."""

from __future__ import annotations

import sys
from os import environ
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from tracker.cli_common import ACTOR, place, print_json, with_store

if TYPE_CHECKING:
    from tracker.services.context import Tracker
