"""Whether everybody can use it: axe on every page and state, in both colour schemes and on a phone; keys; motion."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from accessible import violations
from conftest import DEV, EVA, OPS, Demo, SignIn


@pytest.fixture
def paths(demo: Demo) -> dict[str, list[str]]:
    """Every page and state, by who looks."""
    waiting = demo.submit(DEV, "operator", ticket_url="https://t.example.com/1")
    asked = demo.submit(EVA, "deployer", resource="server:shop")
    demo.engine.ask(demo.caller(OPS), asked.id, question="Which?")
    demo.submit(EVA, "root", duration_hours=1)
    held = demo.give(DEV, "log-reader", duration_hours=3)
    demo.give(EVA, "operator", starts_at=datetime.now(UTC) + timedelta(hours=1))
    stopped = demo.give(EVA, "log-reader")
    demo.engine.suspend(demo.caller(OPS), stopped.id, reason="Unusual")
    denied = demo.submit(DEV, "operator", resource="server:billing")
    demo.engine.deny(demo.caller(OPS), denied.id, reason="No")
    glass = demo.engine.break_glass(demo.caller(EVA), role="root", reason="Down", drill=True)
    taken = demo.engine.request(demo.caller(EVA), glass.id)
    for _ in range(3):
        demo.engine.check(DEV, "logs.read")
    longer = demo.engine.extend(demo.caller(DEV), held.id, duration_hours=1, reason="Goes on")
    demo.engine.approve(demo.caller(OPS), longer.id)
    demo.misuse()
    demo.fail_a_message()
    demo.engine.tick()
    return {
        OPS: [
            "queue",
            "active",
            "active?span=week&kind=suspended",
            "active?find=nothing",
            "audit",
            "audit?text=INC",
            "audit/3",
            f"requests/{waiting.id}",
            f"requests/{waiting.id}#cut",
            f"grants/{held.id}",
            f"grants/{taken.grant_id}",
            f"grants/{held.id}/policy",
            "reviews",
            "delegations",
            "catalogue",
            "health",
            "alerts",
            "alerts?status=acknowledged",
            "deliveries",
            "deliveries?state=dropped",
            "who-could",
            "who-could?permission=logs.read",
            f"who-could?who={EVA}&permission=tools.delete",
            f"who-could?who={DEV}",
            "who-could?permission=not%20one",
            "configuration",
            "configuration?find=nothing",
            f"grants/{held.id}/summary",
            f"grants/{taken.grant_id}/summary",
            f"audit?who={DEV}&event=grant_used",
            "requests/none",
        ],
        DEV: [
            "request",
            "request?role=operator&reason=x",
            "request?hours=99&role=operator&hours_other=x",
            "queue",
            "active",
            f"requests/{waiting.id}",
            f"requests/{held.request_id}",
            f"requests/{denied.id}",
            "break-glass",
            "reviews",
        ],
        EVA: [f"requests/{asked.id}", f"requests/{taken.id}", f"requests/{stopped.request_id}"],
    }


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 360), ("dark", 360)])
def test_axe_finds_nothing(
    demo: Demo, sign_in: SignIn, axe: str, paths: dict[str, list[str]], scheme: Any, width: int
) -> None:
    wrong: list[str] = []
    for who, pages in paths.items():
        page = sign_in(who, "/request", width=width, color_scheme=scheme, bypass_csp=True)
        for path in pages:
            page.goto(f"{demo.url}/access/{path}")
            page.wait_for_timeout(150)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
            wrong += violations(page, axe)
            if path in ("queue", "active", "request", "audit", "alerts"):
                opened = (
                    "document.querySelectorAll('details:not([name]):not(.menu)').forEach(one => { one.open = true })"
                )
                page.evaluate(opened)
                wrong += violations(page, axe)
                # It lies over what is beneath it, where nobody points meanwhile.
                page.evaluate("document.querySelector('details.menu').open = true")
                wrong += violations(page, axe, "details.menu")
    assert not wrong, "\n".join(wrong)


def test_axe_finds_nothing_where_something_is_ended(demo: Demo, sign_in: SignIn, axe: str) -> None:
    demo.give(DEV)
    page = sign_in(OPS, "/active", bypass_csp=True)
    page.get_by_role("button", name="End everything").click()
    wrong = violations(page, axe)
    page.get_by_label("Why").fill("x")
    page.locator("#word").fill("end everything")
    page.get_by_role("button", name="End everything").click()
    wrong += violations(page, axe)
    page.goto(f"{demo.url}/access/active")
    wrong += violations(page, axe)
    assert not wrong, "\n".join(wrong)


def test_the_keyboard_reaches_everything_and_shows_where_it_is(demo: Demo, sign_in: SignIn) -> None:
    demo.submit(DEV, "operator")
    page = sign_in(OPS, "/queue")
    seen: list[str] = []
    for _ in range(24):
        page.keyboard.press("Tab")
        at = page.evaluate(
            "() => { const e = document.activeElement, s = getComputedStyle(e);"
            " const seen = s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2;"
            " return [e.textContent.trim().slice(0, 30), seen] }"
        )
        seen.append(at[0])
        assert at[1] or at[0] == "" or len(at[0]) == 30, at
    assert "Skip to the content" in seen and "Approve" in seen and "Deny…" in seen


def test_nothing_moves_for_who_does_not_want_it(demo: Demo, sign_in: SignIn) -> None:
    page = sign_in(OPS, "/queue", reduced_motion="reduce")
    moving = page.evaluate(
        "() => [...document.querySelectorAll('*')]"
        ".filter(e => parseFloat(getComputedStyle(e).transitionDuration) > 0).length"
    )
    assert moving == 0
