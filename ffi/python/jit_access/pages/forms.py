"""What a form of the pages sends, read into the values that the engine takes.

Nothing is judged here that the engine judges: a text that cannot be what its field asks for is an error with the name
of the field, and everything else goes to the engine as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl

from jit_access import Conditions

_MOST_FIELDS: Final = 2_000


class FieldError(ValueError):
    """A field that does not hold what it asks for. `text` is a key of the words."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(f"{field}: {text}")
        self.field = field
        self.text = text


class Form:
    """The fields of a form, or of a query. A field may be there more than once."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._fields: dict[str, list[str]] = {}
        for name, value in pairs:
            self._fields.setdefault(name, []).append(value)

    @classmethod
    def parse(cls, body: bytes) -> Form:
        """The fields of an urlencoded body. Raises `ValueError` for one that is none."""
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
        # Browsers send line ends as two characters.
        return cls([(name, value.replace("\r\n", "\n")) for name, value in pairs])

    def text(self, name: str) -> str:
        """The text of a field without the space around it; empty when it was not sent."""
        found = self._fields.get(name)
        return found[-1].strip() if found else ""

    def given(self, name: str) -> str | None:
        """The same, or `None` for an empty one."""
        return self.text(name) or None

    def every(self, name: str) -> list[str]:
        """All values of a field."""
        return list(self._fields.get(name, ()))

    def has(self, name: str) -> bool:
        """Whether the field was sent: a tick, or the button that was pressed."""
        return name in self._fields

    def pairs(self) -> list[tuple[str, str]]:
        """Every field, in order."""
        return [(name, value) for name, values in self._fields.items() for value in values]

    def with_values(self, more: Mapping[str, str]) -> Form:
        """This form with other values in these fields."""
        return Form([*((name, value) for name, value in self.pairs() if name not in more), *more.items()])


def hours(form: Form, name: str = "hours") -> float | None:
    """A length in hours: a choice of the form, or what stands in the field beside it (`90m`, `1.5`, `1:30`)."""
    chosen = form.text(name)
    if chosen in {"", "other"}:
        chosen = form.text(f"{name}_other")
        if not chosen:
            return None
        name = f"{name}_other"
    return _hours(chosen, name)


def _hours(text: str, field: str) -> float:
    said = text.lower().replace(",", ".").replace(" ", "")
    try:
        if ":" in said:
            whole, _, minutes = said.partition(":")
            found = int(whole) + int(minutes) / 60
        elif said.endswith("d"):
            found = float(said[:-1]) * 24
        elif said.endswith(("m", "min")):
            found = float(said.rstrip("min")) / 60
        else:
            found = float(said.rstrip("h"))
    except ValueError:
        raise FieldError(field, "error.hours") from None
    if not 0 < found < 10_000:
        raise FieldError(field, "error.hours")
    return found


def instant(form: Form, name: str) -> datetime | None:
    """An instant of a `datetime-local` field. It is in the zone that the page's script noted beside it, or in UTC."""
    said = form.text(name)
    if not said:
        return None
    try:
        offset = timedelta(minutes=int(form.text(f"{name}_offset") or 0))
        return (datetime.fromisoformat(said).replace(tzinfo=UTC) + offset).astimezone(UTC)
    except (ValueError, OverflowError):
        raise FieldError(name, "error.instant") from None


def resource(form: Form) -> str | None:
    """Where: the whole, one place that was picked, or one that was written."""
    chosen = form.text("on")
    if chosen == "some":
        return form.given("place") or form.given("place_other")
    if chosen == "other":
        return form.given("place_other")
    return None


def conditions(form: Form) -> Conditions | None:
    """The conditions of a form; `None` when no field of them is filled."""
    networks = [part for part in form.text("networks").replace(",", " ").split() if part]
    mfa, uses, session = _number(form, "mfa"), _number(form, "uses"), form.given("session")
    if not networks and mfa is None and uses is None and session is None:
        return None
    return Conditions(mfa_within_minutes=mfa, networks=networks or None, session=session, max_uses=uses)


def _number(form: Form, name: str) -> int | None:
    said = form.text(name)
    if not said:
        return None
    try:
        found = int(said)
    except ValueError:
        raise FieldError(name, "error.number") from None
    if not 0 < found < 2**32:
        raise FieldError(name, "error.number")
    return found
