"""Every action again with JavaScript off: forms, and a page after each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from conftest import DEV, EVA, OPS, SEC, Demo, SignIn
from playwright.sync_api import Page, expect


@pytest.fixture
def plain(sign_in: SignIn) -> Any:
    """A browser that runs no script."""

    def go(who: str, path: str = "/request", **options: Any) -> Page:
        return sign_in(who, path, java_script_enabled=False, **options)

    return go


def _done(page: Page, text: str) -> None:
    expect(page.locator(".done")).to_have_text(text)


def test_request_look_send_withdraw(demo: Demo, plain: Any) -> None:
    page = plain(DEV)
    page.locator("[name=role][value=operator]").check()
    page.get_by_label("Why").fill("INC-1")
    page.get_by_role("button", name="Show what it would come to").click()
    expect(page.locator("#preview")).to_contain_text("tools.execute")
    expect(page.get_by_label("Why")).to_have_value("INC-1")
    page.get_by_role("button", name="Send request").click()
    _done(page, "Sent.")
    expect(page.locator("time").first).to_contain_text("UTC")
    page.get_by_role("button", name="Withdraw request").click()
    _done(page, "Withdrawn.")


def test_a_refused_request_keeps_what_was_typed(demo: Demo, plain: Any) -> None:
    page = plain(DEV)
    page.locator("[name=role][value=operator]").check()
    page.get_by_label("Ticket").fill("ftp://example.com/1")
    page.get_by_label("Why").fill("INC-1")
    page.get_by_role("button", name="Send request").click()
    expect(page.get_by_role("alert")).to_contain_text("ticket_url")
    expect(page.get_by_label("Ticket")).to_have_value("ftp://example.com/1")
    expect(page.get_by_label("Why")).to_have_value("INC-1")
    expect(page.locator("[name=role][value=operator]")).to_be_checked()


def test_a_request_with_everything(demo: Demo, plain: Any) -> None:
    page = plain(DEV)
    page.locator("[name=role][value=operator]").check()
    page.locator("[name=on][value=some]").check()
    page.locator("[name=place]").select_option("server:shop")
    page.get_by_label("Other length").fill("90 min")
    page.get_by_label("Why").fill("INC-1")
    page.get_by_text("Start and conditions").click()
    page.get_by_label("Start, in").fill("2099-12-01T09:30")
    page.get_by_label("Most uses").fill("3")
    page.get_by_label("Second factor within").fill("15")
    page.get_by_label("Only from networks").fill("10.0.0.0/8, 192.168.0.0/16")
    page.get_by_role("button", name="Send request").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Start, in").fill("")
    page.get_by_role("button", name="Send request").click()
    _done(page, "Sent.")
    [made] = demo.engine.requests(demo.caller(DEV), status="pending").items
    assert (made.resource, made.duration_hours) == ("server:shop", 1.5)
    assert made.conditions.max_uses == 3 and made.conditions.mfa_within_minutes == 15
    assert len(made.conditions.networks) == 2


def test_approve_deny_ask_from_the_queue(demo: Demo, plain: Any) -> None:
    made = [demo.submit(DEV, "log-reader", reason=f"INC-{n}", resource=f"server:s{n}") for n in range(4)]
    page = plain(OPS, "/queue")
    for at, act in ((0, "approve"), (1, "hour"), (2, "deny"), (3, "ask")):
        row = page.locator("article", has_text=f"INC-{at}")
        if act == "approve":
            row.get_by_role("button", name="Approve").click()
            _done(page, "Approved.")
        elif act == "hour":
            row.get_by_role("button", name="1 h").click()
            _done(page, "Approved.")
        elif act == "deny":
            row.locator("summary", has_text="Deny").click()
            row.get_by_label("Why not?").fill("No")
            row.get_by_role("button", name="Deny request").click()
            _done(page, "Denied.")
        else:
            row.locator("summary", has_text="Ask").click()
            row.get_by_label("What do you want to know?").fill("Why?")
            row.get_by_role("button", name="Send question").click()
            _done(page, "Your question is sent.")
    found = [demo.engine.request(demo.caller(OPS), each.id).status for each in made]
    assert found == ["approved", "approved", "denied", "needs_info"]


def test_cut_and_answer(demo: Demo, plain: Any) -> None:
    made = demo.submit(DEV, "operator")
    page = plain(OPS, f"/requests/{made.id}")
    page.get_by_text("Ask back").click()
    page.get_by_label("What do you want to know?").fill("Where?")
    page.get_by_role("button", name="Send question").click()
    _done(page, "Your question is sent.")
    dev = plain(DEV, f"/requests/{made.id}")
    dev.get_by_label("Your answer").fill("On the shop")
    dev.get_by_role("button", name="Send answer").click()
    _done(dev, "Your answer is sent.")
    page.reload()
    page.locator("summary", has_text="Cut").click()
    page.get_by_role("checkbox", name="tools.update").uncheck()
    page.locator(".decide [name=on][value=some]").check()
    page.locator(".decide [name=place]").select_option("server:shop")
    page.get_by_role("button", name="Approve this much").click()
    _done(page, "Approved.")
    [grant] = demo.engine.live_grants()
    assert (list(grant.permissions), grant.resource) == (["tools.execute", "tools.read"], "server:shop")


def test_extend_and_give_back(demo: Demo, plain: Any) -> None:
    held = demo.give(DEV, "operator", duration_hours=1)
    page = plain(DEV, f"/requests/{held.request_id}")
    page.locator("summary", has_text="Extend").click()
    page.get_by_role("button", name="Ask for the extension").click()
    _done(page, "Sent.")
    page.goto(f"{demo.url}/access/requests/{held.request_id}")
    page.get_by_role("button", name="Give back").click()
    _done(page, "Given back.")


def test_suspend_resume_revoke_many(demo: Demo, plain: Any) -> None:
    demo.give(DEV, "operator")
    demo.give(EVA, "operator")
    page = plain(SEC, "/active")
    row = page.locator("tbody tr", has_text=DEV)
    row.locator("summary").click()
    row.get_by_role("button", name="Suspend").click()
    _done(page, "Suspended.")
    row = page.locator("tbody tr", has_text=DEV)
    row.locator("summary").click()
    row.get_by_role("button", name="Resume").click()
    _done(page, "Resumed.")
    for box in page.locator("[name=grant][type=checkbox]").all():
        box.check()
    page.get_by_role("button", name="End picked").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("End 2 grants?")
    page.get_by_label("Why").fill("The work is done")
    page.get_by_role("button", name="End all 2").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2 grants have ended")
    assert not demo.engine.live_grants()


def test_break_glass_and_waiving_its_review(demo: Demo, plain: Any) -> None:
    page = plain(EVA, "/break-glass")
    page.get_by_label("Role").fill("operator")
    page.get_by_label("What is the emergency?").fill("A drill")
    page.get_by_label("This is a drill").check()
    page.get_by_label("I know what this costs").check()
    page.get_by_role("button", name="Take access now").click()
    _done(page, "You have it. The review is waiting.")
    page.get_by_role("button", name="Give back").click()
    ops = plain(OPS, "/reviews")
    ops.locator(".rowlink", has_text=EVA).first.click()
    ops.get_by_text("Waive the review").click()
    ops.locator("#waive").fill("It was a drill")
    ops.get_by_role("button", name="Waive").click()
    _done(ops, "Waived.")


def test_delegate_and_end_it(demo: Demo, plain: Any) -> None:
    page = plain(OPS, "/delegations")
    page.get_by_label("To whom").fill(EVA)
    page.get_by_label("Until").fill(f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M}")
    page.get_by_label("Why").fill("Holiday")
    page.get_by_role("button", name="Hand over").click()
    _done(page, "Handed over.")
    page.get_by_role("button", name="End", exact=True).click()
    _done(page, "Ended.")


def test_the_record_is_searched_and_verified(demo: Demo, plain: Any) -> None:
    held = demo.give(DEV, "operator", reason="INC-needle")
    page = plain(OPS, "/audit")
    page.get_by_label("Text").fill("INC-needle")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator(".entry")).to_have_count(2)
    assert "text=INC-needle" in page.url
    page.get_by_label("What happened").select_option("grant_created")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator(".entry")).to_have_count(1)
    page.get_by_role("link", name="Grant", exact=True).click()
    page.get_by_role("link", name="Read it as Cedar").click()
    expect(page.locator("pre")).to_contain_text(f'@id("{held.id}")')
    page.goto(f"{demo.url}/access/audit")
    page.get_by_role("button", name="Verify the whole record").click()
    for _ in range(50):
        page.reload()
        if page.get_by_text("records were verified").count():
            break
        page.wait_for_timeout(200)
    expect(page.get_by_text("records were verified")).to_be_visible()


def test_the_colours_are_chosen(demo: Demo, plain: Any) -> None:
    page = plain(DEV)
    page.locator(".menu summary").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-scheme", "dark")
