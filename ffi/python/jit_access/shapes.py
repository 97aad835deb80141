"""What all routes and their bodies have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Body(BaseModel):
    """Strict, so that `true` is no duration, and closed, so that a misspelt field is an error and not a default."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def example(**fields: Any) -> ConfigDict:
    """A body that says something, for the document."""
    return ConfigDict(json_schema_extra={"example": fields})


Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""Parsed by the engine, which says more about a wrong one."""


class ConditionsBody(Body):
    """Conditions checked at every use of the grant. What is left out is no constraint."""

    model_config = example(mfa_within_minutes=15, networks=["10.0.0.0/8"], session="task-42", max_uses=3)

    mfa_within_minutes: int | None = Field(
        None, ge=1, le=1440, description="A sign-in with a second factor no longer ago than this"
    )
    networks: list[str] | None = Field(None, description="From one of these networks: `10.0.0.0/8`, `2001:db8::/32`")
    session: str | None = Field(None, description="In this session or task of the host alone")
    max_uses: int | None = Field(
        None, ge=1, le=2**32 - 1, description="No more uses than this, in all processes together"
    )
    call: dict[str, Any] | None = Field(
        None,
        description="Only this exact call of a tool: an object with its `name` and `arguments`, which approvers see",
    )


class EmptyBody(Body):
    """No field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How HTTP reaches a command or a read, and what OpenAPI says of it."""

    method: str
    path: str
    status: int
    """The status of a success."""
    summary: str
    description: str
    body: type[BaseModel] | None
    body_required: bool
    answer: type[BaseModel] | None
    """The model of the answer; `None` for text."""
    effect: Literal["begins", "ends"] | None
    """What it can do to what is granted now."""
    writes: bool
    """Whether it changes something. Then it takes an idempotency key."""
    dry_run: bool
    names_one: bool
    """Whether it names one thing by its id, which may not be there."""
    caller_first: bool
    """Whether it cannot be given without a caller, who is then the first argument of its method."""
    query: dict[str, tuple[Any, Any]]
    """By name: the type with its documentation, and the default."""
