"""The plugin that the gateway loads: `kind: jit_access.gateway.plugin.JitAccessPlugin`.

REST permission checks come through `http_auth_check_permission` and are answered here. Tool calls, resource reads and
prompts have passed the gateway's roles when their hooks fire; there the use of a grant is recorded.

Every hook abstains on an error of its own. In this hook the gateway takes no denial but an exception, and makes of any
exception an answer for everybody; a broken elevation must leave standing rights as they are.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from cpex.framework import (
    HttpAuthCheckPermissionPayload,
    HttpAuthCheckPermissionResultPayload,
    Plugin,
    PluginConfig,
    PluginContext,
    PluginResult,
    PromptPrehookPayload,
    ResourcePreFetchPayload,
    ToolPreInvokePayload,
)

from jit_access import Caller, Context, Decision, InvalidInput
from jit_access.gateway import host, runtime
from jit_access.gateway.settings import Settings

_log: Final = logging.getLogger(__name__)
_COUNTED: Final = "jit_access_counted"
"""Where a request notes the permissions whose use is recorded, so that one request is one use."""


class JitAccessPlugin(Plugin):  # type: ignore[misc]  # cpex has no types
    """Lets live grants answer the gateway's permission checks."""

    def __init__(self, config: PluginConfig) -> None:
        super().__init__(config)
        self._settings = Settings.parse(config.config or {})
        self._runtime: runtime.Runtime | None = None

    async def initialize(self) -> None:
        """Join the process's runtime; the first plugin object starts it."""
        self._runtime = await asyncio.to_thread(runtime.start, self._settings)
        self._runtime.keep_up()

    async def shutdown(self) -> None:
        """Write what was used; the runtime goes on for the next plugin object."""
        if self._runtime is not None:
            try:
                await asyncio.to_thread(self._runtime.engine.tick)
            except Exception:
                _log.exception("recorded uses could not be written yet")

    async def http_auth_check_permission(
        self, payload: HttpAuthCheckPermissionPayload, context: PluginContext
    ) -> PluginResult[HttpAuthCheckPermissionResultPayload]:
        """Grant a REST permission check that a live grant covers; abstain otherwise."""
        # After another plugin has decided, its answer arrives here in place of the question.
        if self._runtime is None or not isinstance(payload, HttpAuthCheckPermissionPayload):
            return PluginResult()
        try:
            if not host.may_override():
                return PluginResult()
            known = _known(payload.client_host)
            decision = await self._decide(self._runtime, payload.user_email, payload.permission, known)
            if not decision.allowed:
                return PluginResult()
            _counted(context).add(payload.permission)
            reason = f"jit-access grant {decision.grant_id}"
            return PluginResult(modified_payload=HttpAuthCheckPermissionResultPayload(granted=True, reason=reason))
        except InvalidInput:
            # A name that no grant can hold, so that no grant covers it.
            return PluginResult()
        except Exception:
            _log.exception("abstaining from a permission check")
            return PluginResult()

    async def _decide(self, joined: runtime.Runtime, email: str, permission: str, known: Context | None) -> Decision:
        """The engine's answer, after a look at whether the holder of a grant that would give it still may hold it."""
        given = joined.engine.peek(email, permission, context=known)
        if given.grant_id is not None:
            await asyncio.to_thread(joined.vet, Caller(email).principal, given.grant_id)
        return joined.engine.check_current(email, permission, context=known)

    async def tool_pre_invoke(
        self, payload: ToolPreInvokePayload, context: PluginContext
    ) -> PluginResult[ToolPreInvokePayload]:
        """Record the use of a grant by a tool call."""
        self._record(context, "tools.execute", f"tool:{payload.name}")
        return PluginResult()

    async def resource_pre_fetch(
        self, payload: ResourcePreFetchPayload, context: PluginContext
    ) -> PluginResult[ResourcePreFetchPayload]:
        """Record the use of a grant by reading a resource."""
        self._record(context, "resources.read", f"resource:{payload.uri}")
        return PluginResult()

    async def prompt_pre_fetch(
        self, payload: PromptPrehookPayload, context: PluginContext
    ) -> PluginResult[PromptPrehookPayload]:
        """Record the use of a grant by fetching a prompt."""
        self._record(context, "prompts.read", f"prompt:{payload.prompt_id}")
        return PluginResult()

    def _record(self, context: PluginContext, permission: str, resource: str) -> None:
        """Ask the engine, which records what it allows. The call goes on either way: it has passed the roles."""
        if self._runtime is None:
            return
        try:
            email = _email(context)
            if email is None or not host.may_override() or permission in _counted(context):
                return
            check = self._runtime.engine.check_current
            try:
                check(email, permission, resource, server=self._server())
            except InvalidInput:
                # The gateway knows ids that the engine does not take. A grant on everything covers these too.
                check(email, permission)
        except InvalidInput:
            return
        except Exception:
            _log.exception("the use of a grant was not recorded")

    def _server(self) -> str | None:
        """The virtual server of the call, where it can be known."""
        if self._settings.wrap_permission_service:
            from jit_access.gateway import wrap

            return wrap.called_server()
        return host.transport_server()


def _known(client_host: str | None) -> Context | None:
    """What the gateway tells of a check: where it comes from. A name that is no address says nothing."""
    try:
        return Context(address=client_host) if client_host else None
    except InvalidInput:
        return None


def _counted(context: PluginContext) -> set[str]:
    found: set[str] = context.global_context.state.setdefault(_COUNTED, set())
    return found


def _email(context: PluginContext) -> str | None:
    """Whose call it is; the gateway passes a user as a name, a mapping or a context, by the path taken."""
    described = context.global_context.user_context
    if described is not None and described.email:
        return str(described.email)
    user: Any = context.global_context.user
    found = user.get("email") if isinstance(user, dict) else user
    return found if isinstance(found, str) and found else None
