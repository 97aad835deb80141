"""Every use of a grant in the gateway's own audit trail, and by it in its SIEM export.

The gateway's audit trail service writes a row (`AUDIT_TRAIL_ENABLED`) and hands the same to the SIEM export
(`SIEM_EXPORT_ENABLED`, source `audit`). Uses go through it as the gateway's own actions do, each by itself. No decision
waits for it: the journal has the use already.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

from mcpgateway.config import settings as gateway_settings
from mcpgateway.services.audit_trail_service import AuditTrailService
from mcpgateway.services.siem_export_service import get_siem_export_service

_log: Final = logging.getLogger(__name__)
ACTION: Final = "jit_use"
"""What the trail calls a use of a grant."""


class Trail:
    """Hands uses to the gateway, one after the other, in a thread of its own."""

    def __init__(self) -> None:
        self._thread: Final = ThreadPoolExecutor(1, "jit-access-trail")

    def note(self, loop: asyncio.AbstractEventLoop | None, email: str, resource: str, **said: Any) -> None:
        """Hand over a use by this account, which the request under way makes."""
        if is_kept():
            within = contextvars.copy_context()
            self._thread.submit(within.run, _write, loop, email, resource, said)


def is_kept() -> bool:
    """Whether the gateway keeps an audit trail, or sends one on."""
    export = get_siem_export_service()
    return bool(gateway_settings.audit_trail_enabled or export.enabled or export.destinations)


def _write(loop: asyncio.AbstractEventLoop | None, email: str, resource: str, said: dict[str, Any]) -> None:
    kind, _, name = resource.partition(":")
    try:
        _Service(loop).log_action(
            action=ACTION,
            resource_type=kind,
            resource_id=name or kind,
            resource_name=name or None,
            user_id=email,
            user_email=email,
            client_ip=said.pop("address", None),
            user_agent=said.pop("user_agent", None),
            request_path=said.pop("path", None),
            details={name: value for name, value in said.items() if value is not None},
        )
    except Exception:
        _log.exception("a use of a grant is not in the gateway's audit trail; the journal has it")


class _Service(AuditTrailService):  # type: ignore[misc]
    """The gateway's service, for a thread beside its loop: the queue of the SIEM export lives in the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None) -> None:
        super().__init__()
        self._loop = loop

    def _emit_audit_event_to_siem(self, *told: Any, **event: Any) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(partial(super()._emit_audit_event_to_siem, *told, **event))
