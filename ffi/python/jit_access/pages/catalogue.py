"""Which roles somebody may ask for, and what each would newly give them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from jit_access import AccessRequest, Caller, Engine, JitAccessError
from jit_access.pages.words import Words

_SAMPLE_REASON: Final = "What it would give"
_SAMPLE_TICKET: Final = "https://example.com/"


@dataclass(frozen=True)
class Offer:
    """A role of the catalogue, for one person."""

    name: str
    trial: AccessRequest | None
    """The request as it would be made; `None` when it would be refused."""
    refusal: str
    """Why it would be."""
    description: str = ""

    def limits(self, t: Words) -> str:
        """Who approves it, in a few words."""
        if self.trial is None:
            return ""
        roles = ", ".join(dict.fromkeys(role for step in self.trial.approval for role in step.roles))
        return str(t("ask.approved_by", roles=roles)) if roles else ""

    @property
    def weight(self) -> tuple[int, int, str]:
        """Smallest first: by what it newly gives, and how wide that is."""
        if self.trial is None:
            return (1, 0, self.name)
        new = self.trial.assessment.newly_permitted
        return (0, sum(1000 if name == "*" else 50 if name.endswith("*") else 1 for name in new), self.name)


def trial(engine: Engine, who: Caller, role: str) -> Offer:
    """What asking for this role would come to."""
    try:
        made = engine.submit(who, role=role, reason=_SAMPLE_REASON, ticket_url=_SAMPLE_TICKET, dry_run=True)
    except JitAccessError as error:
        return Offer(role, None, str(error))
    return Offer(role, made, "")


def offers(engine: Engine, who: Caller) -> list[Offer]:
    """The roles that this person may ask for, smallest first."""
    known = {offer.role: offer.description for offer in engine.roles(who).items if offer.may_request}
    tried = (replace(trial(engine, who, role), description=words) for role, words in known.items())
    return sorted(tried, key=lambda offer: offer.weight)


def names(engine: Engine, who: Caller) -> Sequence[str]:
    """The roles that this person may take in an emergency."""
    return [offer.role for offer in engine.roles(who).items if offer.may_break_glass]
