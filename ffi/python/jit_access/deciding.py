"""The whole decision over HTTP: `POST {prefix}/authorize`, for hosts that do not run in the engine's process.

Whoever asks is a program that enforces what is answered, with a token of its own. It says who its user is, how they
signed in and what it knows of them, as a host does that calls `Engine.authorize` itself: a person gets no such token.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from jit_access import Engine
from jit_access._native import Pep, Peps
from jit_access.problems import ProblemRoute, problem, responses

__all__ = ["create_authorize_router"]

_FIELDS: Final = {
    "type": "object",
    "required": ["caller", "action"],
    "additionalProperties": False,
    "properties": {
        "caller": {
            "type": "object",
            "description": "Who asks: `principal`, `agent`, `acts_for`, and how they signed in",
        },
        "action": {"type": "string", "description": "What for"},
        "resource": {"type": "string", "description": "On what; everything at once when left out"},
        "parent": {"type": "string", "description": "What the resource is in"},
        "context": {"type": "object", "description": "More of the context, in Cedar's JSON format"},
        "address": {"type": "string", "description": "The network address of the caller"},
        "session": {"type": "string", "description": "The session or task"},
        "principal_properties": {"type": "object", "description": "Attributes of the caller, in Cedar's JSON format"},
        "resource_properties": {"type": "object", "description": "Attributes of the resource"},
        "current": {"type": "boolean", "description": "Whether everything that any process has committed counts"},
        "peek": {"type": "boolean", "description": "Whether no use is recorded"},
    },
}
_ANSWER: Final = {
    "type": "object",
    "required": ["outcome", "reason", "policies", "errors", "grant_id", "obligations", "valid_until", "revision"],
    "properties": {
        "outcome": {"enum": ["allow", "deny", "not_applicable"], "description": "Only `allow` is a yes"},
        "reason": {"type": "string"},
        "policies": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Those that decided; grants by their ids",
        },
        "errors": {"type": "array", "items": {"type": "object"}, "description": "Policies that could not be evaluated"},
        "grant_id": {"type": ["string", "null"], "description": "The grant without which it would be no allow"},
        "obligations": {"type": "array", "items": {"type": "string"}},
        "valid_until": {
            "type": ["string", "null"],
            "description": "Until when the answer holds if nothing else changes",
        },
        "revision": {"type": "integer"},
    },
}


def create_authorize_router(engine: Engine, *, pep: Peps | Callable[..., Any], prefix: str = "/jit") -> APIRouter:
    """The route `POST {prefix}/authorize` over `engine`.

    `pep` authenticates whoever asks: the programs with bearer tokens (`Peps`), or a FastAPI dependency that returns a
    `Pep`. One that may not evaluate, or does not speak for the subject, is refused. Body and answer are those of
    `Engine.authorize`.
    """
    router = APIRouter(prefix=prefix, route_class=ProblemRoute, tags=["just-in-time access"])

    def by_token(http: Request) -> Pep | None:
        return pep.authenticate(http.headers.get("authorization")) if isinstance(pep, Peps) else None

    who: Callable[..., Any] = by_token if isinstance(pep, Peps) else pep

    async def authorize(http: Request, program: Pep | None = Depends(who)) -> Response:
        if program is None:
            refused = problem(401, "unauthenticated", "the call has no token that is known")
            refused.headers["WWW-Authenticate"] = "Bearer"
            return refused
        body = await http.body()
        if not _may_ask(program, body):
            return problem(403, "not_allowed", "this program may not ask about this subject")
        answer = await run_in_threadpool(engine.authorize, body.decode(errors="replace"))
        return Response(answer, media_type="application/json", headers={"Cache-Control": "no-store"})

    router.add_api_route(
        "/authorize",
        authorize,
        methods=["POST"],
        operation_id="jit_authorize",
        summary="May this principal do this to that?",
        description="The standing policies, the guardrails and the live grants of the principal decide together.",
        response_model=None,
        responses={
            200: {"description": "The decision", "content": {"application/json": {"schema": _ANSWER}}},
            **responses(401),
        },
        openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": _FIELDS}}}},
    )
    return router


def _may_ask(program: Pep, body: bytes) -> bool:
    """Whether the program may ask about the caller of this document. What is no document the engine refuses itself."""
    read = json.loads(body) if body else None
    caller = read.get("caller") if isinstance(read, dict) else None
    if not isinstance(caller, dict):
        return program.may_evaluate(None)
    kind = "agent" if caller.get("agent") else "user"
    return program.may_evaluate((kind, str(caller.get("principal"))))
