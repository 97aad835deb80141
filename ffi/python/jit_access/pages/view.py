"""The templates, and how values look in them: instants, lengths, permissions, texts of people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from jit_access.pages import shown
from jit_access.pages.words import Words

_HERE: Final = Path(__file__).parent


@cache
def environment() -> Environment:
    """The templates, with everything escaped and nothing undefined. They are compiled here, once in a process, so that
    no look waits for it."""
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {
        "said": shown.said,
        "told": shown.told,
        "plain": shown.plain,
        "attr": shown.without_unseen,
        "when": shown.when,
        "day": day,
        "iso": shown.iso,
        "number": number,
        "percent": percent,
        "rate": rate,
        "hours": spoken_hours,
        "cut_hours": cut_hours,
    }
    made.globals |= {"link": shown.link, "query": query, "gap": gap, "without": without}
    for name in made.list_templates():
        made.get_template(name)
    return made


def day(instant: datetime) -> str:
    """The day of an instant."""
    return f"{instant.astimezone(UTC):%Y-%m-%d}"


def number(value: int) -> str:
    """A whole number, in groups of three."""
    return f"{value:,}".replace(",", "\u202f")


def rate(value: float) -> str:
    """How often a minute, with one digit behind the point where it says something."""
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def percent(value: float) -> str:
    """A place of a picture."""
    return f"{value:.3f}%"


def spoken_hours(value: float) -> str:
    """A length in hours as people write it: `45 min`, `1 h 30 min`, `3 days`."""
    minutes = max(1, round(value * 60))
    days, minutes = divmod(minutes, 1440)
    whole, minutes = divmod(minutes, 60)
    parts = [f"{days} d" if days else "", f"{whole} h" if whole else "", f"{minutes} min" if minutes else ""]
    return " ".join(part for part in parts if part)


def cut_hours(value: float) -> str:
    """A length in hours for a field."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


def gap(start: datetime, end: datetime) -> str:
    """How long it is from one instant to another."""
    return spoken_hours(max(0.0, (end - start).total_seconds()) / 3600)


def query(base: str, fields: Sequence[tuple[str, object]]) -> str:
    """An address with these fields, without those that are empty."""
    kept = [(name, str(value)) for name, value in fields if value not in (None, "")]
    return f"{base}?{urlencode(kept)}" if kept else base


def without(fields: Sequence[tuple[str, object]], name: str) -> list[tuple[str, object]]:
    """These fields of an address without one."""
    return [field for field in fields if field[0] != name]


def risk_words(words: Words, factor: str, detail: str) -> Markup:
    """A reason for a risk: in the words of the viewer's language where there are some, and else as the engine says."""
    return words(f"risk.{factor}") if words.has(f"risk.{factor}") else Markup(escape(detail))
