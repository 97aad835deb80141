"""From a request to the record, as people click: developer, approver and security lead, each in a browser of their own.

The budgets of clicks, keys and seconds are held here.
"""

from __future__ import annotations

import time
from typing import Any

from conftest import DEV, EVA, OPS, SEC, Demo, SignIn
from playwright.sync_api import Page, expect


class Clicks:
    """A page, and how often it was clicked."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.count = 0

    def click(self, what: Any) -> None:
        what.click()
        self.count += 1


def test_a_request_is_cut_approved_used_revoked_and_told(demo: Demo, sign_in: SignIn, budgets: Any) -> None:
    dashboard = sign_in(SEC, "/active")
    expect(dashboard.get_by_text("Nobody holds access now")).to_be_visible()

    # Role unknown to request sent: three clicks and two fields.
    dev = Clicks(sign_in(DEV, "/request"))
    dev.click(dev.page.locator(".role", has_text="operator"))
    preview = dev.page.locator("#preview")
    expect(preview).to_contain_text("tools.execute")
    expect(preview).to_contain_text("2 people")
    dev.page.get_by_label("Why").fill("INC-1234: checkout is slow")
    dev.page.get_by_label("Ticket").fill("https://tickets.example.com/INC-1234")
    dev.click(dev.page.locator(".choice", has_text="4 h"))
    expect(preview).to_contain_text("4 h")
    dev.click(dev.page.get_by_role("button", name="Send request"))
    expect(dev.page.get_by_text("Waiting for approval")).to_be_visible()
    assert dev.count == 3
    budgets("J3", "role unknown to request sent", "3 clicks, 2 fields", f"{dev.count} clicks, 2 fields")

    # The approver cuts it, in another browser.
    ops = sign_in(OPS, "/queue")
    row = ops.locator("article", has_text=DEV)
    expect(row).to_contain_text("INC-1234: checkout is slow")
    row.get_by_role("link", name="Cut").click()
    ops.get_by_role("checkbox", name="tools.update").uncheck()
    ops.locator(".decide fieldset .choice", has_text="1 h").click()
    expect(ops.locator("[data-cut-result]")).to_have_text(
        "dev@example.com may tools.execute, tools.read on everything for 1 h."
    )
    ops.get_by_role("button", name="Approve this much").click()
    expect(ops.get_by_text("Approved.", exact=True)).to_be_visible()

    # The developer's page and the dashboard move by themselves.
    expect(dev.page.locator(".big")).to_contain_text("59 min")
    held = dashboard.locator("tbody tr", has_text=DEV)
    expect(held).to_be_visible()
    expect(dashboard.locator(".lane", has_text=DEV)).to_be_visible()

    # The counter moves when the permission is used.
    expect(held.locator("[data-count]")).to_have_text("0")
    assert demo.engine.check(DEV, "tools.execute").allowed
    assert not demo.engine.check(DEV, "tools.update").allowed
    began = time.monotonic()
    expect(held.locator("[data-count]")).to_have_text("1")
    assert time.monotonic() - began < 4
    expect(dashboard.locator(".lane .use")).to_have_count(1)

    # Revoking empties it.
    held.locator("summary").click()
    held.get_by_role("button", name="Revoke").click()
    dashboard.get_by_label("Why").fill("The work is done")
    dashboard.get_by_role("button", name="End it").click()
    expect(dashboard.get_by_role("heading", name="1 grant has ended")).to_be_visible()
    assert not demo.engine.check(DEV, "tools.execute").allowed
    dashboard.get_by_role("link", name="Back to active access").click()
    expect(dashboard.get_by_text("Nobody holds access now")).to_be_visible()
    expect(dev.page.get_by_text("This access was revoked.")).to_be_visible()

    # The record tells the story.
    dashboard.locator(".rowlink", has_text=DEV).first.click()
    dashboard.get_by_role("link", name="The grant", exact=True).click()
    story = dashboard.locator("[data-key=record]")
    for said in ("requested operator", "approved", "gave operator", "used tools.execute", "revoked the access"):
        expect(story).to_contain_text(said)
    expect(story).to_contain_text("The work is done")


def test_an_approver_on_a_phone_decides_in_two_taps(demo: Demo, sign_in: SignIn, budgets: Any) -> None:
    made = demo.submit(DEV, "operator", reason="INC-7: the index is stale", ticket_url="https://t.example.com/INC-7")
    page = sign_in(OPS, f"/requests/{made.id}", width=360, height=740, has_touch=True)
    # Who, what is new, how risky, how long, why, the ticket, and the button: without scrolling.
    parts = (
        page.get_by_role("heading", level=1),
        page.locator(".decide .is-new").first,
        page.locator(".decide .risk"),
        page.locator(".decide-line strong"),
        page.locator(".decide .quote"),
        page.locator(".decide .ticket"),
        page.get_by_role("button", name="Approve", exact=True),
    )
    for part in parts:
        box = part.bounding_box()
        assert box is not None and box["y"] + box["height"] <= 740, part
    page.get_by_role("button", name="Approve 1 h").tap()
    expect(page.get_by_text("Approved.", exact=True)).to_be_visible()
    assert demo.engine.request(demo.caller(OPS), made.id).reviews[0].limit.duration_hours == 1
    budgets("J4", "phone, link in the mail to decided", "3 taps", "2 taps, with the link; the same for one hour")


def test_a_queue_of_twenty_is_decided_by_keys(demo: Demo, sign_in: SignIn, budgets: Any) -> None:
    made = [demo.submit(DEV, "log-reader", reason=f"INC-{n}", resource=f"server:s{n}") for n in range(20)]
    page = sign_in(OPS, "/queue")
    expect(page.locator("article")).to_have_count(20)
    loads: list[str] = []
    page.on("framenavigated", lambda frame: loads.append(frame.url))
    page.keyboard.press("j")
    for at in range(20):
        page.keyboard.press("1" if at == 3 else "a")
    keys = 21
    expect(page.get_by_text("Nothing waits for you")).to_be_visible(timeout=30_000)
    assert keys <= 3 * len(made)
    budgets("J5", "queue of 20 by keyboard, no page load", "3 keys each", f"{keys} keys for {len(made)}")
    assert not loads
    found = [demo.engine.request(demo.caller(OPS), each.id) for each in made]
    assert {each.status for each in found} == {"approved"}
    assert sum(1 for each in found if each.reviews[0].limit is not None) == 1


def test_undo_sends_nothing(demo: Demo, sign_in: SignIn) -> None:
    made = demo.submit(DEV)
    page = sign_in(OPS, "/queue")
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.get_by_text("Approving dev@example.com")).to_be_visible()
    page.keyboard.press("u")
    expect(page.get_by_text("Nothing was sent.")).to_be_visible()
    page.wait_for_timeout(5_500)
    assert demo.engine.request(demo.caller(OPS), made.id).status == "pending"
    # Asking back and denying by key, without a page load.
    page.keyboard.press("d")
    page.keyboard.type("Not tonight")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    denied = demo.engine.request(demo.caller(OPS), made.id)
    assert (denied.status, denied.reviews[-1].comment) == ("denied", "Not tonight")


def test_two_approvers_see_each_other_decide(demo: Demo, sign_in: SignIn) -> None:
    demo.submit(DEV, "operator")
    one, other = sign_in(OPS, "/queue"), sign_in(SEC, "/queue")
    expect(other.locator("article")).to_have_count(1)
    one.get_by_role("button", name="Approve", exact=True).click()
    expect(other.get_by_text("Nothing waits for you")).to_be_visible()
    expect(other.locator("#badge-active")).to_contain_text("1")


def test_a_suspicious_grant_is_suspended_in_two_clicks(demo: Demo, sign_in: SignIn) -> None:
    granted = demo.give(EVA, "operator")
    page = Clicks(sign_in(SEC, "/active"))
    row = page.page.locator("tbody tr", has_text=EVA)
    page.click(row.locator("summary"))
    page.click(row.get_by_role("button", name="Suspend"))
    expect(page.page.locator(".lane.look-suspended")).to_be_visible()
    assert page.count == 2
    assert not demo.engine.check(EVA, "tools.execute").allowed
    row = page.page.locator("tbody tr", has_text=EVA)
    row.locator("summary").click()
    row.get_by_role("button", name="Resume").click()
    expect(page.page.locator(".lane.look-active")).to_be_visible()
    assert demo.engine.grant(demo.caller(OPS), granted.id).status == "active"


def test_everything_of_a_person_ends_in_one_action(demo: Demo, sign_in: SignIn, budgets: Any) -> None:
    demo.give(EVA, "operator")
    demo.give(EVA, "log-reader")
    demo.give(DEV, "log-reader")
    page = sign_in(SEC, "/active")
    row = page.locator("tbody tr", has_text=EVA).first
    row.locator("summary").click()
    row.get_by_role("button", name="End all of this person").click()
    expect(page.locator("form .row")).to_have_count(2)
    page.get_by_label("Why").fill("Left the company")
    page.get_by_role("button", name="End all 2").click()
    expect(page.locator(".rowlink")).to_have_count(2)
    assert [held.holder for held in demo.engine.live_grants()] == [DEV]
    budgets(
        "J7",
        "everything of a person ends",
        "one action, with a list",
        "one action, 3 clicks and a reason, a list before and after",
    )


def test_everything_ends_when_the_word_is_typed(demo: Demo, sign_in: SignIn) -> None:
    demo.give(EVA)
    demo.give(DEV)
    page = sign_in(SEC, "/active")
    page.get_by_role("button", name="End everything").click()
    page.get_by_label("Why").fill("Somebody has our keys")
    page.locator("#word").fill("end")
    page.get_by_role("button", name="End everything").click()
    expect(page.get_by_text("That is not the word.")).to_be_visible()
    assert len(demo.engine.live_grants()) == 2
    page.locator("#word").fill("end everything")
    page.get_by_role("button", name="End everything").click()
    expect(page.get_by_role("heading", name="2 grants have ended")).to_be_visible()
    assert not demo.engine.live_grants()


def test_break_glass_says_what_it_costs_and_is_reviewed(demo: Demo, sign_in: SignIn, budgets: Any) -> None:
    page = sign_in(DEV, "/break-glass", width=360, height=740)
    began = time.monotonic()
    expect(page.get_by_text("Somebody else reviews it afterwards")).to_be_visible()
    page.get_by_label("Role").fill("operator")
    page.get_by_label("What is the emergency?").fill("Payments are down")
    page.get_by_label("I know what this costs").check()
    page.get_by_role("button", name="Take access now").click()
    expect(page.get_by_text("The review is waiting")).to_be_visible()
    took = time.monotonic() - began
    assert took < 30
    budgets("J8", "break-glass on a phone", "30 s", f"{took:.1f} s")
    assert demo.engine.check(DEV, "tools.execute").allowed
    ops = sign_in(OPS, "/active")
    expect(ops.locator(".lane.look-glass")).to_be_visible()
    page.get_by_role("button", name="Give back").click()
    expect(page.get_by_text("This access was given back.")).to_be_visible()
    ops.goto(f"{demo.url}/access/reviews")
    ops.locator(".rowlink", has_text=DEV).first.click()
    ops.get_by_role("radio", name="Yes").check()
    ops.get_by_label("What you found").fill("The payments were down")
    ops.get_by_role("button", name="Complete the review").click()
    expect(ops.get_by_text("Found justified by")).to_be_visible()


def test_a_question_is_answered(demo: Demo, sign_in: SignIn) -> None:
    made = demo.submit(DEV, "operator")
    dev, ops = sign_in(DEV, f"/requests/{made.id}"), sign_in(OPS, f"/requests/{made.id}")
    ops.get_by_text("Ask back").click()
    ops.get_by_label("What do you want to know?").fill("Which service?")
    ops.get_by_role("button", name="Send question").click()
    expect(dev.locator("[data-key=answer]")).to_contain_text("Which service?")
    dev.get_by_label("Your answer").fill("The shop")
    dev.get_by_role("button", name="Send answer").click()
    expect(ops.locator("[data-key=reviews]")).to_contain_text("The shop")


def test_what_is_held_already_is_said(demo: Demo, sign_in: SignIn) -> None:
    demo.give(DEV, "log-reader")
    page = sign_in(DEV, "/request")
    page.locator(".role", has_text="log-reader").click()
    expect(page.locator("#preview")).to_contain_text("You have this already")


def test_an_extension_is_asked_for(demo: Demo, sign_in: SignIn) -> None:
    held = demo.give(DEV, "operator", duration_hours=1)
    page = sign_in(DEV, f"/requests/{held.request_id}")
    page.get_by_text("Extend").first.click()
    page.get_by_role("button", name="Ask for the extension").click()
    expect(page.get_by_text("Waiting for approval")).to_be_visible()
    ops = sign_in(OPS, "/queue")
    expect(ops.locator("article")).to_contain_text("Extension")


def test_the_store_is_asked_once_a_second_for_all_viewers(demo: Demo, sign_in: SignIn) -> None:
    pages = [sign_in(SEC, "/active") for _ in range(4)]
    live = _live(demo)
    pages[0].wait_for_timeout(1_500)
    before = live.looks
    pages[0].wait_for_timeout(4_000)
    assert 2 <= live.looks - before <= 5


def _live(demo: Demo) -> Any:
    import gc

    from jit_access.pages.live import Live

    # What earlier tests have left behind goes first.
    gc.collect()
    [found] = [each for each in gc.get_objects() if isinstance(each, Live)]
    return found
