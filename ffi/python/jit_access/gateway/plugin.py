"""The plugin that the gateway loads: `kind: jit_access.gateway.plugin.JitAccessPlugin`.

REST permission checks come through `http_auth_check_permission` and are answered here. On the other paths `checks`
answers and records. The hooks of tool calls, resource reads and prompts record what none of these has seen.

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

from jit_access import InvalidInput
from jit_access.gateway import host, kinds, runtime, wrap
from jit_access.gateway.reserved import is_grantable
from jit_access.gateway.settings import Settings

_log: Final = logging.getLogger(__name__)


class JitAccessPlugin(Plugin):  # type: ignore[misc]  # cpex has no types
    """Lets live grants answer the gateway's permission checks."""

    def __init__(self, config: PluginConfig) -> None:
        super().__init__(config)
        self._settings = Settings.parse(config.config or {})
        self._name = str(config.name)
        self._runtime: runtime.Runtime | None = None

    async def initialize(self) -> None:
        """Join the process's runtime; the first plugin object starts it."""
        self._runtime = await asyncio.to_thread(runtime.start, self._settings, self._name)
        self._runtime.keep_up()

    async def shutdown(self) -> None:
        """Write what was used; the runtime goes on for the next plugin object."""
        if self._runtime is not None:
            try:
                # The gateway holds a lock meanwhile under which requests wait.
                await self._runtime.beside(self._runtime.engine.tick)
            except Exception:
                _log.exception("recorded uses could not be written yet")

    async def http_auth_check_permission(
        self, payload: HttpAuthCheckPermissionPayload, context: PluginContext
    ) -> PluginResult[HttpAuthCheckPermissionResultPayload]:
        """Grant a REST permission check that a live grant covers; abstain otherwise."""
        # After another plugin has decided, its answer arrives here in place of the question.
        if self._runtime is None or not isinstance(payload, HttpAuthCheckPermissionPayload):
            return PluginResult()
        if not is_grantable(payload.permission):
            return PluginResult()
        try:
            if await self._runtime.holds_nothing(payload.user_email, payload.permission):
                return PluginResult()
            described = context.global_context.user_context
            if not host.may_lift(described.teams if described is not None else None):
                return PluginResult()
            decision = await self._runtime.decide(payload.user_email, payload.permission)
            if not decision.allowed:
                return PluginResult()
            host.counted().add(payload.permission)
            reason = f"jit-access grant {decision.grant_id}"
            return PluginResult(modified_payload=HttpAuthCheckPermissionResultPayload(granted=True, reason=reason))
        except InvalidInput:
            # A name that no grant can hold, so that no grant covers it.
            return PluginResult()
        except TimeoutError:
            _log.warning("abstaining from a permission check: the store did not answer in time")
            return PluginResult()
        except Exception:
            _log.exception("abstaining from a permission check")
            return PluginResult()

    async def tool_pre_invoke(
        self, payload: ToolPreInvokePayload, context: PluginContext
    ) -> PluginResult[ToolPreInvokePayload]:
        """Record the use of a grant by a tool call."""
        await self._record(context, "tools.execute", kinds.tool(payload.name))
        return PluginResult()

    async def resource_pre_fetch(
        self, payload: ResourcePreFetchPayload, context: PluginContext
    ) -> PluginResult[ResourcePreFetchPayload]:
        """Record the use of a grant by reading a resource."""
        await self._record(context, "resources.read", kinds.resource(str(payload.uri)))
        return PluginResult()

    async def prompt_pre_fetch(
        self, payload: PromptPrehookPayload, context: PluginContext
    ) -> PluginResult[PromptPrehookPayload]:
        """Record the use of a grant by fetching a prompt."""
        await self._record(context, "prompts.read", kinds.prompt(str(payload.prompt_id)))
        return PluginResult()

    async def _record(self, context: PluginContext, permission: str, resource: str) -> None:
        """Have the engine record a use that is not on record yet, if a grant covers it. The call has passed already."""
        if self._runtime is None:
            return
        try:
            email = _email(context)
            recorded, server = self._call()
            if email is None or recorded or permission in host.counted() or not host.may_lift():
                return
            try:
                await self._runtime.decide(email, permission, resource, parent=kinds.server(server))
            except InvalidInput:
                # The gateway knows ids that the engine does not take. A grant on everything covers these too.
                await self._runtime.decide(email, permission, None)
        except InvalidInput:
            return
        except TimeoutError:
            _log.warning("the use of a grant was not recorded: the store did not answer in time")
        except Exception:
            _log.exception("the use of a grant was not recorded")

    def _call(self) -> tuple[bool, str | None]:
        """Whether the use is on record already, and the virtual server of the call, where it can be known."""
        if self._settings.wrap_permission_service:
            call = wrap.call()
            return (call.recorded, call.server) if call is not None else (False, None)
        return False, host.transport_server()


def _email(context: PluginContext) -> str | None:
    """Whose call it is; the gateway passes a user as a name, a mapping or a context, by the path taken."""
    described = context.global_context.user_context
    if described is not None and described.email:
        return str(described.email)
    user: Any = context.global_context.user
    found = user.get("email") if isinstance(user, dict) else user
    return found if isinstance(found, str) and found else None
