"""Which roles somebody may ask for, and what each would newly give them."""

from __future__ import annotations

from collections.abc import Sequence

from jit_access import Caller, Engine, Offer
from jit_access.pages.words import Words


def offers(engine: Engine, who: Caller) -> list[Offer]:
    """The roles that this person may ask for: first those that would be accepted, smallest first as the engine lists
    them, and then those that would be refused."""
    found = [offer for offer in engine.roles(who).items if offer.may_request]
    return sorted(found, key=lambda offer: offer.refused is not None)


def names(engine: Engine, who: Caller) -> Sequence[str]:
    """The roles that this person may take in an emergency."""
    return [offer.role for offer in engine.roles(who).items if offer.may_break_glass]


def approvers(offer: Offer, t: Words) -> str:
    """Who approves a role, in a few words."""
    if offer.approved_by_rule:
        return str(t("ask.at_once"))
    roles = ", ".join(dict.fromkeys(role for step in offer.approval for role in step.roles))
    return str(t("ask.approved_by", roles=roles)) if roles else ""
