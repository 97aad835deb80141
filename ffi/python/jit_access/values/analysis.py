"""Values of `jit_access.values`. Generated from `src/wire/analysis.rs`, by `tests/generated`."""

from __future__ import annotations

from typing import Literal, final

from jit_access.answers import Value


@final
class Case(Value):
    """Something that the requester could newly do."""

    __slots__ = ()
    _shown = ("permission", "resource", "parent",)

    @property
    def permission(self) -> str:
        """The permission."""
        return self._of("permission")

    @property
    def resource(self) -> str:
        """The resource; `*` for everything at once."""
        return self._of("resource")

    @property
    def parent(self) -> str | None:
        """What the resource is in."""
        return self._of("parent")


@final
class RequestProof(Value):
    """The verdict of a solver: whether, for all people and things, the grant would add nothing outside of its envelope, and every forbid holds."""

    __slots__ = ()
    _shown = ("outcome", "detail",)

    @property
    def outcome(self) -> Literal["proven", "refuted", "enumerated"]:
        """The verdict: `enumerated` when the solver found no answer, so that only the evaluated cases are known."""
        return self._of("outcome")

    @property
    def detail(self) -> str:
        """The solver, the counterexample, or why there is no verdict."""
        return self._of("detail")


@final
class BrokenRule(Value):
    """A rule that a grant would break."""

    __slots__ = ()
    _shown = ("rule", "permission", "resource", "parent", "entities", "failed",)

    @property
    def rule(self) -> str:
        """The `@id` of the rule, or else its file and line."""
        return self._of("rule")

    @property
    def permission(self) -> str:
        """The permission."""
        return self._of("permission")

    @property
    def resource(self) -> str:
        """The resource."""
        return self._of("resource")

    @property
    def parent(self) -> str | None:
        """What the resource is in."""
        return self._of("parent")

    @property
    def entities(self) -> tuple[str, ...]:
        """The entities that are needed for it, and no more, in Cedar's format."""
        return tuple(self._of("entities"))

    @property
    def failed(self) -> bool:
        """Whether the rule could not be evaluated, which counts as broken."""
        return bool(self._of("failed"))


@final
class Analysis(Value):
    """What a request would change for its requester: evaluated with the standing policies, the guardrails and the live grants, over the entities of the host."""

    __slots__ = ()
    _shown = ("method", "proof", "sentences", "newly", "newly_total", "already_total", "forbidden_total", "redundant", "broken_rules", "conflicts", "things", "complete",)

    @property
    def method(self) -> Literal["enumerated"]:
        """How the difference was found: `enumerated` covers only the evaluated cases."""
        return self._of("method")

    @property
    def proof(self) -> RequestProof | None:
        """The verdict of a solver about this version with the policies in force; `None` without one."""
        return None if (found := self._of("proof")) is None else RequestProof(found)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The same for people, a sentence each."""
        return tuple(self._of("sentences"))

    @property
    def newly(self) -> tuple[Case, ...]:
        """What would newly be possible; at most 50 rows."""
        return tuple(Case(each) for each in self._of("newly"))

    @property
    def newly_total(self) -> int:
        """How many those are in all."""
        return self._of("newly_total")

    @property
    def already_total(self) -> int:
        """How much of what the grant covers is possible already."""
        return self._of("already_total")

    @property
    def forbidden_total(self) -> int:
        """How much of what the grant covers stays forbidden."""
        return self._of("forbidden_total")

    @property
    def redundant(self) -> bool:
        """Whether the grant would change nothing that is known."""
        return bool(self._of("redundant"))

    @property
    def broken_rules(self) -> tuple[BrokenRule, ...]:
        """The rules of the operator (`invariants`) that it would break, each with the smallest case."""
        return tuple(BrokenRule(each) for each in self._of("broken_rules"))

    @property
    def conflicts(self) -> tuple[str, ...]:
        """Roles that are kept apart from this one, and that the requester holds."""
        return tuple(self._of("conflicts"))

    @property
    def things(self) -> int:
        """How many things were looked at."""
        return self._of("things")

    @property
    def complete(self) -> bool:
        """Whether every known entity was evaluated. When there are very many, only the first ones are."""
        return bool(self._of("complete"))
