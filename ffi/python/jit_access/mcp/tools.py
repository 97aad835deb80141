"""Which tools there are, with their schemas, and what each does.

The schemas of inputs are closed: an argument that is not known is refused, with the known ones. No tool approves,
denies,
reviews, revokes, suspends, delegates, or takes access without approval.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jit_access.client import AsyncClient, ClientError, Problem, flows

INSTRUCTIONS: Final = (
    "When a tool call is denied, do not try it again and do not work around it. Call jit_request_access with the "
    "name of the "
    "tool and a reason; a person decides. Call jit_request_status until it is approved, then make the very same call "
    "again. "
    "You cannot approve anything yourself. Give access back with jit_release when the task is done."
)
"""What a server says to a model before it calls anything."""

_POLL_SECONDS: Final = 5
_LONGEST_WAIT: Final = 25
_EXECUTE: Final = "tools.execute"
"""The permission to call a tool."""

Tell = Callable[[float, float, str], Awaitable[None]]
"""Tells how far a wait is: seconds, of how many, and in words."""


class Refusal(Exception):
    """What a model is told instead of an answer: what was wrong, and what would be right."""


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


ToolName = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_.-]+$")]
Id = Annotated[str, Field(min_length=36, max_length=36, description="The id, a UUID, exactly as it was answered.")]


class WhatInput(_Input):
    """Which denial to ask about."""

    tool: ToolName | None = Field(
        None, description="The tool whose call was denied. Without it: everything you may ask for."
    )


class RequestInput(_Input):
    """What to ask for, and why."""

    tool: ToolName = Field(description="The tool whose call was denied, by its exact name.")
    reason: str = Field(
        min_length=1,
        max_length=2000,
        description="Why the task needs this call, in one or two sentences for the person who decides: the task, what "
        "the call "
        "changes, and the ticket if there is one.",
    )
    arguments: dict[str, Any] | None = Field(
        None,
        description="The exact arguments of the call, when you will make only this one call. The person sees them, and "
        "only a "
        "call with equal arguments passes. This is approved soonest.",
    )
    uses: int | None = Field(None, ge=1, le=1000, description="How many calls you need; 1 when you give arguments.")
    duration_hours: float | None = Field(
        None, gt=0, le=744, description="For how long, such as 0.5. Ask for no more than the task takes."
    )
    ticket_url: str | None = Field(None, max_length=2000, description="The https address of the ticket.")


class StatusInput(_Input):
    """Which request, and how long to wait."""

    request: Id
    wait_seconds: float = Field(
        0,
        ge=0,
        le=_LONGEST_WAIT,
        description="Wait up to so many seconds for an answer. Use 25, and call again while pending.",
    )


class NoInput(_Input):
    """Nothing."""


class GrantInput(_Input):
    """Which grant."""

    grant: Id


class WithdrawInput(_Input):
    """Which request."""

    request: Id


Status = Literal["pending", "needs_info", "approved", "denied", "withdrawn", "timed_out"]


class OptionOutput(BaseModel):
    """What may be asked for."""

    role: str
    resource: str
    permissions: list[str]
    max_duration_hours: float
    needs_ticket: bool
    decided_by: str = Field(description="Who decides, in words")


class WhatOutput(BaseModel):
    """What may be asked for."""

    can_request: bool
    detail: str
    options: list[OptionOutput]


class RequestOutput(BaseModel):
    """The request."""

    request: str
    status: Status
    next: str = Field(description="What to do next")
    poll_after_seconds: int
    expires_at: str = Field(description="Until when somebody can answer it")
    duration_hours: float
    grant: str | None
    ticket_page: str | None = Field(description="Where the person of this agent sees the request")


class StatusOutput(BaseModel):
    """How a request stands."""

    request: str
    status: Status
    next: str = Field(description="What to do next")
    poll_after_seconds: int
    grant: str | None
    valid_until: str | None = Field(description="Until when the access lasts")
    question: str | None = Field(description="What a reviewer wants to know")
    reason: str | None = Field(description="Why it was denied")


class HeldOutput(BaseModel):
    """A grant."""

    grant: str
    tool: str | None = Field(description="The tool that it lets you call; null when it is about more than one")
    role: str
    resource: str
    permissions: list[str]
    status: str
    valid_until: str
    uses_left: int | None
    exact_arguments: dict[str, Any] | None


class AskedOutput(BaseModel):
    """A request that waits."""

    request: str
    tool: str | None = Field(description="The tool that it is about; null when it is about more than one")
    role: str
    resource: str
    status: Status


class MineOutput(BaseModel):
    """What the agent holds and waits for."""

    grants: list[HeldOutput]
    requests: list[AskedOutput]


class ReleasedOutput(BaseModel):
    """A grant that was given back."""

    grant: str
    status: str


class WithdrawnOutput(BaseModel):
    """A request that was taken back."""

    request: str
    status: Status


@dataclass(frozen=True)
class Tool:
    """A tool, as a client sees it."""

    name: str
    title: str
    description: str
    takes: type[BaseModel]
    answers: type[BaseModel]
    reads_only: bool
    run: Callable[[AsyncClient, Any, Tell], Awaitable[BaseModel]]

    def document(self) -> dict[str, Any]:
        """The tool as `tools/list` shows it."""
        return {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "inputSchema": _closed(self.takes.model_json_schema()),
            "outputSchema": self.answers.model_json_schema(mode="serialization"),
            "annotations": {
                "title": self.title,
                "readOnlyHint": self.reads_only,
                "destructiveHint": False,
                "idempotentHint": True,
                "openWorldHint": False,
            },
        }


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "type": "object", "additionalProperties": False}


async def _what(client: AsyncClient, given: WhatInput, _: Tell) -> WhatOutput:
    if given.tool is not None:
        found = await client.remedies(_EXECUTE, f"tool:{given.tool}")
        options = [_option(one) for one in found["options"]]
        return WhatOutput(can_request=bool(options), detail=found["detail"], options=options)
    roles = [one for one in await client.roles() if one["may_request"]]
    options = [_option({**one, "resource": "*"}) for one in roles]
    detail = "Ask with jit_request_access, naming the tool." if options else "There is nothing that you may ask for."
    return WhatOutput(can_request=bool(options), detail=detail, options=options)


def _option(one: Mapping[str, Any]) -> OptionOutput:
    steps = [
        " or ".join(step["roles"]) + (f" ({step['count']})" if step["count"] > 1 else "") for step in one["approval"]
    ]
    decided = f"the rule {one['approved_by_rule']}" if one["approved_by_rule"] else " and ".join(steps) or "nobody"
    return OptionOutput(
        role=one["role"],
        resource=one["resource"],
        permissions=one["permissions"],
        max_duration_hours=one["max_duration_hours"],
        needs_ticket=one["needs_ticket"],
        decided_by=decided,
    )


async def _request(client: AsyncClient, given: RequestInput, _: Tell) -> RequestOutput:
    conditions: dict[str, Any] = {}
    if given.arguments is not None:
        conditions["call"] = {"name": given.tool, "arguments": given.arguments}
    if given.uses is not None or given.arguments is not None:
        conditions["max_uses"] = given.uses or 1
    made = await client.ask(
        _EXECUTE,
        f"tool:{given.tool}",
        given.reason,
        duration_hours=given.duration_hours,
        ticket_url=given.ticket_url,
        conditions=conditions or None,
    )
    return RequestOutput(
        request=made["id"],
        status=made["status"],
        next=_next(made),
        poll_after_seconds=_POLL_SECONDS,
        expires_at=made["times_out_at"],
        duration_hours=made["duration_hours"],
        grant=made["grant_id"],
        ticket_page=None,
    )


def _next(request: Mapping[str, Any]) -> str:
    tool = _tool(str(request["resource"]))
    named = f": {tool}, with the same arguments" if tool else ""
    return {
        "pending": "A person has to decide. Call jit_request_status with wait_seconds 25, and again while it is "
        "pending; you "
        "may do other work meanwhile.",
        "needs_info": "A reviewer asks for more information: show the question to your person, who answers it on the "
        "page.",
        "approved": f"Approved. Make the same call again now{named}.",
        "denied": "Denied. Do not ask for the same again; tell your person why.",
        "withdrawn": "The request was taken back. Ask again only if the task still needs it.",
        "timed_out": "Nobody answered in time. Tell your person; ask again only if they say so.",
    }[str(request["status"])]


async def _status(client: AsyncClient, given: StatusInput, tell: Tell) -> StatusOutput:
    waited, step = 0.0, 2.0
    found = await client.request(given.request)
    while found["status"] == "pending" and waited < given.wait_seconds:
        await tell(waited, given.wait_seconds, "waiting for a person to decide")
        pause = min(step, given.wait_seconds - waited)
        found = await client.run(flows.wait(given.request, pause))
        waited += pause
    grant = await client.run(flows.grant(found["grant_id"])) if found["grant_id"] else None
    reviews: list[Mapping[str, Any]] = found["reviews"]
    last = reviews[-1] if reviews else {}
    ended = grant is not None and grant["status"] not in ("active", "scheduled")
    over = "The access is over. Ask again only if the task still needs it."
    return StatusOutput(
        request=found["id"],
        status=found["status"],
        next=over if ended else _next(found),
        poll_after_seconds=_POLL_SECONDS,
        grant=found["grant_id"],
        valid_until=grant["expires_at"] if grant else None,
        question=last.get("comment") if found["status"] == "needs_info" else None,
        reason=last.get("comment") if found["status"] == "denied" else None,
    )


async def _mine(client: AsyncClient, _: NoInput, __: Tell) -> MineOutput:
    grants = [*await client.grants("active"), *await client.grants("scheduled")]
    waiting = [*await client.requests("pending"), *await client.requests("needs_info")]
    return MineOutput(
        grants=[
            HeldOutput(
                grant=one["id"],
                tool=_tool(one["resource"]),
                role=one["granted_role"],
                resource=one["resource"],
                permissions=one["granted_permissions"],
                status=one["status"],
                valid_until=one["expires_at"],
                uses_left=one["uses_left"],
                exact_arguments=((one["conditions"] or {}).get("call") or {}).get("arguments"),
            )
            for one in grants
        ],
        requests=[
            AskedOutput(
                request=one["id"],
                tool=_tool(one["resource"]),
                role=one["role"],
                resource=one["resource"],
                status=one["status"],
            )
            for one in waiting
        ],
    )


def _tool(resource: str) -> str | None:
    """The tool that a resource is, if it is one."""
    kind, _, name = resource.partition(":")
    return name if kind == "tool" and name else None


async def _release(client: AsyncClient, given: GrantInput, _: Tell) -> ReleasedOutput:
    found = await client.release(given.grant)
    return ReleasedOutput(grant=found["id"], status=found["status"])


async def _withdraw(client: AsyncClient, given: WithdrawInput, _: Tell) -> WithdrawnOutput:
    found = await client.withdraw(given.request)
    return WithdrawnOutput(request=found["id"], status=found["status"])


TOOLS: Final = (
    Tool(
        "jit_what_can_i_request",
        "What may I ask for?",
        "Tells whether a denied tool call can be asked for, and what of it: call it with the tool's name before you "
        "ask, or "
        "without arguments to see everything you may ask for. It changes nothing and asks nobody.",
        WhatInput,
        WhatOutput,
        True,
        _what,
    ),
    Tool(
        "jit_request_access",
        "Ask for access",
        "Asks a person to let you call a tool that was denied to you. Use it once for each denied tool, right after "
        "the denial; "
        "asking again returns the request that waits. Say in reason what the task is. When you need one call, give "
        "its exact "
        "arguments. Then call jit_request_status; when it is approved, make the same call again. Never use it for "
        "tools that you "
        "can call already.",
        RequestInput,
        RequestOutput,
        False,
        _request,
    ),
    Tool(
        "jit_request_status",
        "Has somebody decided?",
        "Tells how a request stands and what to do next. With wait_seconds it waits for the decision and reports "
        "progress; call it "
        "again while the status is pending. A person may take minutes or hours.",
        StatusInput,
        StatusOutput,
        True,
        _status,
    ),
    Tool(
        "jit_my_grants",
        "What do I hold?",
        "Lists the access that you hold now, until when and for how many more calls, and your requests that wait for "
        "an answer.",
        NoInput,
        MineOutput,
        True,
        _mine,
    ),
    Tool(
        "jit_release",
        "Give access back",
        "Gives a grant back before its time. Call it as soon as the task that needed it is done.",
        GrantInput,
        ReleasedOutput,
        False,
        _release,
    ),
    Tool(
        "jit_withdraw_request",
        "Take a request back",
        "Takes back a request that waits, when the task does not need it any more.",
        WithdrawInput,
        WithdrawnOutput,
        False,
        _withdraw,
    ),
)
"""Every tool, in the order in which they are listed."""

_BY_NAME: Final = {tool.name: tool for tool in TOOLS}


async def run_tool(client: AsyncClient, name: str, arguments: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """The structured answer of a tool. Raises `Refusal` with what a model should read."""
    tool = _BY_NAME.get(name)
    if tool is None:
        raise Refusal(f"There is no tool {name!r}. There are: {', '.join(_BY_NAME)}.")
    try:
        given = tool.takes.model_validate(arguments)
        for field in ("request", "grant"):
            if hasattr(given, field):
                UUID(getattr(given, field))
    except ValidationError as error:
        raise Refusal(f"{name}: {'; '.join(map(_wrong, error.errors()))}.") from None
    except ValueError:
        raise Refusal(f"{name}: the id is no UUID; copy it exactly from the answer that gave it.") from None
    try:
        return (await tool.run(client, given, tell)).model_dump(mode="json")
    except Problem as problem:
        later = f" It may succeed in {problem.retry_after:g} seconds." if problem.retry_after else ""
        raise Refusal(f"{problem.detail or problem}.{later}") from None
    except ClientError as error:
        raise Refusal(f"The access service cannot be reached: {error}. Nothing was asked for.") from None


def _wrong(error: Any) -> str:
    place = ".".join(map(str, error["loc"])) or "the arguments"
    return f"`{place}`: {error['msg']}"
