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

from jit_access import InvalidInput
from jit_access.gateway import host, runtime
from jit_access.gateway.settings import Settings

_log: Final = logging.getLogger(__name__)


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
            if self._runtime.holds_nothing(payload.user_email, payload.permission) or not host.may_override():
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
        except Exception:
            _log.exception("abstaining from a permission check")
            return PluginResult()

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
            recorded, server = self._call()
            if email is None or recorded or not host.may_override() or permission in host.counted():
                return
            check = self._runtime.engine.check_current
            try:
                check(email, permission, resource, server=server)
            except InvalidInput:
                # The gateway knows ids that the engine does not take. A grant on everything covers these too.
                check(email, permission)
        except InvalidInput:
            return
        except Exception:
            _log.exception("the use of a grant was not recorded")

    def _call(self) -> tuple[bool, str | None]:
        """Whether the use is on record already, and the virtual server of the call, where it can be known."""
        if self._settings.wrap_permission_service:
            from jit_access.gateway import wrap

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
