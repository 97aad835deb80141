"""The gateway's unified decision point (`plugins/unified_pdp`), with our policies and grants in it.

```yaml
- name: UnifiedPDP
  kind: jit_access.gateway.unified_pdp.JitUnifiedPDPPlugin
```

Its configuration stays what it is. Two things are other than without:

- The engine `cedar` is the library in this process instead of a cedar-agent beside it: the standing policies, the
  guardrails and the live grants decide together (`Engine.authorize`).
- A grant lifts a denial of the other engines, but only one that says no more than that no rule allows it. Mandatory
  rules, `deny:` rules, OPA, a Cedar forbid, a timeout and an error stand. Where rules are skipped because an earlier
  one has decided, they are asked before anything is lifted.

No answer that rests on a grant is ever in its cache: what is kept for 60 s is what the other engines say. So the cache
never delays an expiry or a revocation. A use is on record when the whole decision is a yes, and not before.

The engine is that of the plugin `jit_access.gateway.plugin.JitAccessPlugin`, which has to be there too. As long as it
is not started, no grant counts.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any, Final

from plugins.unified_pdp.adapter import PolicyEngineAdapter, PolicyEvaluationError
from plugins.unified_pdp.pdp import PolicyDecisionPoint
from plugins.unified_pdp.pdp_models import (
    AccessDecision,
    CombinationMode,
    Context,
    Decision,
    EngineConfig,
    EngineDecision,
    EngineHealthReport,
    EngineStatus,
    EngineType,
    PDPConfig,
    Resource,
    Subject,
)
from plugins.unified_pdp.unified_pdp import UnifiedPDPPlugin

from jit_access import Context as Known
from jit_access import Engine, JitAccessError
from jit_access.gateway import agents

Engines = Callable[[], "Engine | None"]

_NO_RULE: Final = "Native RBAC: no matching allow rule (fail closed)"
"""What the native engine says when no rule of its own speaks."""
_INVOKE: Final = "tools.invoke."


class InProcessCedar(PolicyEngineAdapter):  # type: ignore[misc]
    """The engine `cedar`, in this process."""

    def __init__(self, engine: Engines) -> None:
        self._engine = engine

    @property
    def engine_type(self) -> EngineType:
        return EngineType.CEDAR

    async def evaluate(self, subject: Subject, action: str, resource: Resource, context: Context) -> EngineDecision:
        engine = self._engine()
        if engine is None:
            raise PolicyEvaluationError(EngineType.CEDAR, "jit-access is not started")
        began = time.perf_counter()
        question = json.dumps(_question(subject, action, resource, context))
        try:
            said = json.loads(await asyncio.to_thread(engine.authorize, question))
        except JitAccessError as error:
            raise PolicyEvaluationError(EngineType.CEDAR, str(error), cause=error) from error
        allows = said["outcome"] == "allow"
        return EngineDecision(
            engine=EngineType.CEDAR,
            decision=Decision.ALLOW if allows else Decision.DENY,
            reason=f"Cedar: {said['reason']}",
            matching_policies=said["policies"],
            duration_ms=round((time.perf_counter() - began) * 1000, 3),
            metadata={
                "explicit_forbid": said["outcome"] == "deny",
                "errors": said["errors"],
                "grant_id": said["grant_id"],
                "valid_until": said["valid_until"],
            },
        )

    async def health_check(self) -> EngineHealthReport:
        is_there = self._engine() is not None
        status = EngineStatus.HEALTHY if is_there else EngineStatus.UNHEALTHY
        return EngineHealthReport(engine=EngineType.CEDAR, status=status, detail=None if is_there else "not started")


class DecisionPoint(PolicyDecisionPoint):  # type: ignore[misc]
    """The decision point, with what never may be cached beside it."""

    def __init__(self, config: PDPConfig, engine: Engines | None = None) -> None:
        engine = engine or _running
        self._engine = engine
        own = [one for one in config.engines if one.name == EngineType.CEDAR and one.enabled]
        self._live = InProcessCedar(engine) if own else None
        self._live_priority = min((one.priority for one in own), default=99)
        others = [one for one in config.engines if one.name != EngineType.CEDAR]
        super().__init__(config.model_copy(update={"engines": others}))
        # An engine that cannot be made is left out by the gateway. A mandatory one would be gone without a word.
        missing = sorted(one.name.value for one in others if one.enabled and one.name not in self._engines)
        if missing:
            raise RuntimeError(f"unified_pdp: the engines {', '.join(missing)} could not be started")
        if own:
            self._engine_priorities[EngineType.CEDAR] = self._live_priority

    async def check_access(self, subject: Subject, action: str, resource: Resource, context: Context) -> AccessDecision:
        # What is cached is one object for all who ask: it is never changed.
        if self._engines or self._live is None:
            base = await super().check_access(subject, action, resource, context)
        else:
            base = AccessDecision(decision=Decision.DENY)
        decided = list(base.engine_decisions)
        if self._live is not None:
            decided.append(await self._asked(self._live, subject, action, resource, context))
            decision, reason, policies = self._combine(decided)
            base = base.model_copy(
                update={
                    "decision": decision,
                    "reason": reason,
                    "matching_policies": policies,
                    "engine_decisions": decided,
                    "cached": False,
                }
            )
        if base.decision == Decision.ALLOW:
            return await self._recorded(base, subject, action, resource, context)
        if not decided:
            return base
        decided += await self._skipped(decided, subject, action, resource, context)
        if any(_is_hard(one) for one in decided if one.decision == Decision.DENY):
            return base
        grant = await asyncio.to_thread(self._granted, subject, action, resource, context)
        if grant is None:
            return base
        return base.model_copy(
            update={
                "decision": Decision.ALLOW,
                "reason": f"[jit-access] allowed by the grant {grant}",
                "matching_policies": [grant],
                "cached": False,
            }
        )

    async def _recorded(
        self, base: AccessDecision, subject: Subject, action: str, resource: Resource, context: Context
    ) -> AccessDecision:
        """The same, once the use of the grant that it rests on is on record; a no when it cannot be."""
        if not any(one.metadata.get("grant_id") for one in base.engine_decisions if one.engine == EngineType.CEDAR):
            return base
        if await asyncio.to_thread(self._granted, subject, action, resource, context) is not None:
            return base
        reason = "[jit-access] the grant is over, or its use cannot be recorded"
        return base.model_copy(update={"decision": Decision.DENY, "reason": reason, "matching_policies": []})

    async def _asked(
        self, adapter: PolicyEngineAdapter, subject: Subject, action: str, resource: Resource, context: Context
    ) -> EngineDecision:
        """The answer of one engine, within the time that all have."""
        limit = self._config.performance.timeout_ms / 1000.0
        try:
            return await asyncio.wait_for(adapter.evaluate(subject, action, resource, context), timeout=limit)
        except (TimeoutError, PolicyEvaluationError) as error:
            reason = f"{adapter.engine_type.value}: {str(error) or 'timed out'}"
            metadata = {"failed": True}
            default = self._config.default_decision
            return EngineDecision(engine=adapter.engine_type, decision=default, reason=reason, metadata=metadata)

    async def _skipped(
        self, decided: list[EngineDecision], subject: Subject, action: str, resource: Resource, context: Context
    ) -> list[EngineDecision]:
        """The answers of those that an earlier one has kept from being asked."""
        if self._config.combination_mode != CombinationMode.FIRST_MATCH:
            return []
        known = {one.engine for one in decided}
        rest = [adapter for name, adapter in self._engines.items() if name not in known]
        return [await self._asked(adapter, subject, action, resource, context) for adapter in rest]

    def _granted(self, subject: Subject, action: str, resource: Resource, context: Context) -> str | None:
        """The live grant that allows it, whose use is on record then."""
        engine = self._engine()
        if engine is None:
            return None
        name, thing, parent = _ours(action, resource)
        known = Known(address=_address(context), mfa=subject.mfa_verified or None)
        try:
            decision = engine.check(
                subject.email,
                name,
                thing,
                parent=parent,
                agent=agents.is_agent(subject.email),
                context=known,
                current=True,
            )
        except JitAccessError:
            return None
        return decision.grant_id if decision.outcome == "allow" else None


class JitUnifiedPDPPlugin(UnifiedPDPPlugin):  # type: ignore[misc]
    """The gateway's plugin with this decision point."""

    @staticmethod
    def _build_pdp(raw: dict[str, Any]) -> DecisionPoint:
        engines = [EngineConfig.model_validate(one) for one in raw.get("engines", [])]
        return DecisionPoint(PDPConfig.model_validate({**raw, "engines": engines}))


def _running() -> Engine | None:
    from jit_access.gateway import runtime

    found = runtime.running()
    return found.engine if found is not None and found.is_on else None


def _is_hard(one: EngineDecision) -> bool:
    """Whether this denial stands above every grant: anything but the word that no rule allows it."""
    if one.engine == EngineType.NATIVE:
        return one.reason != _NO_RULE or bool(one.matching_policies)
    if one.engine == EngineType.CEDAR:
        return bool(one.metadata.get("explicit_forbid", True) or one.metadata.get("errors"))
    return True


def _ours(action: str, resource: Resource) -> tuple[str, str, str | None]:
    """What the gateway's checks call this: permission, thing and what it is in."""
    parent = f"server:{resource.server}" if resource.server and resource.type != "server" else None
    thing = f"{resource.type}:{resource.id}"
    if action.startswith(_INVOKE):
        return "tools.execute", thing, parent
    if action == "resources.fetch":
        return "resources.read", thing, parent
    return action, thing, parent


def _address(context: Context) -> str | None:
    return context.ip or None


def _question(subject: Subject, action: str, resource: Resource, context: Context) -> dict[str, Any]:
    name, thing, parent = _ours(action, resource)
    caller: dict[str, Any] = {"principal": subject.email, "agent": agents.is_agent(subject.email)}
    if subject.mfa_verified:
        caller["mfa"] = True
    asked: dict[str, Any] = {"caller": caller, "action": name, "resource": thing, "current": True, "peek": True}
    if parent is not None:
        asked["parent"] = parent
    if context.ip:
        asked["address"] = context.ip
    return asked
