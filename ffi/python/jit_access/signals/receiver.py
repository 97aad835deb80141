"""The route that takes pushed Security Event Tokens (RFC 8935)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from jit_access import Caller, Engine, InvalidInput, JitAccessError
from jit_access.signals.effects import apply
from jit_access.signals.tokens import SetError, Transmitter, read

_log: Final = logging.getLogger(__name__)
_MEDIA: Final = "application/secevent+jwt"


def create_receiver(
    engine: Engine,
    transmitters: Sequence[Transmitter],
    *,
    path: str = "/signals",
    on_change: Callable[[], None] | None = None,
) -> APIRouter:
    """The route at `path`. A token proves itself by its signature, so it needs no other sign-in. It is answered
    with 202 once what
    follows from it is done and on record; a transmitter sends again what was answered otherwise. `on_change` runs
    before
    the answer, as for `create_router`."""
    router = APIRouter()

    def carry_out(token: str) -> None:
        transmitter, signals = read(token, transmitters)
        failed: JitAccessError | None = None
        for signal in signals:
            try:
                Caller(signal.subject)
            except InvalidInput:
                # Somebody of a name that no grant can hold.
                continue
            try:
                done = apply(engine, transmitter.caller, signal)
            except JitAccessError as error:
                failed = failed or error
                continue
            _log.info("%s about %s: %d grants ended or suspended", signal.kind, signal.subject, done)
        if on_change is not None and signals:
            on_change()
        if failed is not None:
            raise failed

    @router.post(path, status_code=202, summary="Take a Security Event Token", response_class=Response)
    async def take(request: Request) -> Response:
        """Take a Security Event Token (RFC 8417, RFC 8935)."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _MEDIA:
            return _refused("invalid_request", f"the content type is not {_MEDIA}")
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > 65_536:
                return _refused("invalid_request", "the token is too long")
        try:
            await asyncio.to_thread(carry_out, body.decode("ascii").strip())
        except UnicodeDecodeError:
            return _refused("invalid_request", "this is no token")
        except SetError as error:
            return _refused(error.code, str(error))
        except JitAccessError as error:
            _log.error("a signal could not be carried out: %s", error)
            return JSONResponse({"err": "unavailable", "description": "try again"}, status_code=503)
        return Response(status_code=202)

    return router


def _refused(code: str, description: str) -> Response:
    return JSONResponse({"err": code, "description": description}, status_code=400)
