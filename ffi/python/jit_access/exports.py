"""The record as a stream of text: page after page, so that an export of any length takes the memory of one page."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from typing import Any

from jit_access._native import Caller, Engine

__all__ = ["export_records"]


def export_records(engine: Engine, caller: Caller, **wanted: Any) -> Iterator[str]:
    """Every record that is wanted, as text in pieces.

    Takes what `Engine.export` takes: `format` (`jsonl`, `csv` or `ocsf`), the filter, and `after`. To go on where an
    earlier export stopped, give the number of its last record as `after`.
    """
    form = wanted.get("format") or "jsonl"
    while text := engine.export(caller, **wanted):
        yield text
        last = _last(text, form)
        if last is None:
            return
        wanted["after"] = last


def _last(text: str, form: str) -> int | None:
    """The number of the last record of a piece; nothing, where it has none but says what was removed."""
    if form == "csv":
        # A cell of words can have more than one line.
        *_, row = csv.reader(text.splitlines(keepends=True))
        return int(row[0]) if row[0].isdecimal() else None
    document = json.loads(text[text.rstrip("\n").rfind("\n") + 1 :])
    number = document["metadata"]["sequence"] if form == "ocsf" else document.get("revision")
    return None if number is None else int(number)
