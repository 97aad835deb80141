"""The pages inside the real gateway: its sidebar, its session, its protection of forms, its colours."""

from __future__ import annotations

import pytest
from accessible import axe_text, violations
from conftest import ADMIN, CHROMIUM, DEV, SignIn, World
from playwright.sync_api import expect

import run

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")


def test_from_the_sidebar_to_the_record(world: World, sign_in: SignIn) -> None:
    world.end_all()
    pages = f"{world.gateway.url}/admin/jit"
    admin = sign_in(ADMIN)
    admin.goto(f"{world.gateway.url}/admin/")
    assert admin.locator("#tab-jit").get_attribute("href") == "/admin/jit/"
    admin.locator("#tab-jit").click()
    admin.wait_for_url("**/admin/jit/request")
    admin.goto(f"{pages}/active")

    dev = sign_in(DEV)
    dev.goto(f"{pages}/request")
    dev.locator(".role", has_text="auditor").click()
    expect(dev.locator("#preview")).to_contain_text("1 person")
    dev.get_by_label("Why").fill("INC-1234: who changed it?")
    dev.get_by_role("button", name="Send request").click()
    expect(dev.get_by_text("Waiting for approval")).to_be_visible()

    other = admin.context.new_page()
    other.goto(f"{pages}/queue")
    row = other.locator("article", has_text=DEV)
    row.get_by_role("button", name="1 h").click() if row.get_by_role("button", name="1 h").count() else row.get_by_role(
        "button", name="Approve"
    ).click()
    expect(other.get_by_text("Nothing waits for you")).to_be_visible()

    held = admin.locator("tbody tr", has_text=DEV)
    expect(held).to_be_visible(timeout=15_000)
    expect(dev.locator(".big")).to_contain_text("min", timeout=15_000)
    assert world.status(DEV) == 200
    expect(held.locator("[data-count]")).to_have_text("1", timeout=15_000)
    held.locator("summary").click()
    held.get_by_role("button", name="Revoke").click()
    admin.get_by_label("Why").fill("The work is done")
    admin.get_by_role("button", name="End it").click()
    expect(admin.get_by_role("heading", name="1 grant has ended")).to_be_visible()
    assert world.status(DEV) == 403
    admin.locator(".rowlink", has_text=DEV).first.click()
    for said in ("requested auditor", "used audit:read", "revoked the access"):
        expect(admin.locator("[data-key=record]")).to_contain_text(said)


def test_without_javascript(world: World, sign_in: SignIn) -> None:
    world.end_all()
    signed = sign_in(DEV)
    plain = signed.context.browser.new_context(java_script_enabled=False, storage_state=signed.context.storage_state())
    page = plain.new_page()
    page.goto(f"{world.gateway.url}/admin/jit/request")
    page.locator("[name=role][value=operator]").check()
    page.get_by_label("Why").fill("INC-1")
    page.get_by_role("button", name="Send request").click()
    expect(page.locator(".done")).to_have_text("Sent.")
    page.get_by_role("button", name="Withdraw request").click()
    expect(page.locator(".done")).to_have_text("Withdrawn.")
    plain.close()


def test_the_colours_are_the_gateways(world: World, sign_in: SignIn) -> None:
    page = sign_in(ADMIN)
    page.evaluate("localStorage.setItem('darkMode', 'true')")
    page.goto(f"{world.gateway.url}/admin/jit/health")
    expect(page.locator("html")).to_have_attribute("data-scheme", "dark")
    page.evaluate("localStorage.setItem('darkMode', 'false')")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-scheme", "light")


def test_what_the_gateway_refuses(world: World, sign_in: SignIn) -> None:
    page = sign_in(ADMIN)
    url = f"{world.gateway.url}/admin/jit"
    seen = page.goto(f"{url}/queue")
    assert seen is not None
    policy = seen.headers["content-security-policy"]
    assert "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert seen.headers["x-frame-options"] == "DENY"
    # The session alone is not enough: the gateway's own token has to be in the form.
    for form in ({}, {"csrf_token": "wrong"}):
        answer = page.request.post(f"{url}/delegations", form={"to": DEV, "reason": "x", **form})
        assert answer.status == 403
    for path in ("request", "queue", "active", "audit", "static/pages.js", "live"):
        answer = run.call("GET", f"{url}/{path}", headers={"accept": "application/json"})
        assert answer.status in (401, 403), path


def test_a_session_that_ends_keeps_what_was_typed(world: World, sign_in: SignIn) -> None:
    world.end_all()
    page = sign_in(DEV)
    page.goto(f"{world.gateway.url}/admin/jit/request")
    # The preview would find the end of the session too, and might be first.
    with page.expect_response(lambda answer: answer.url.endswith("/request/preview")):
        page.locator("[name=role][value=operator]").check()
    with page.expect_response(lambda answer: answer.url.endswith("/request/preview")):
        page.get_by_label("Why").fill("INC-55: a long text")
    page.context.clear_cookies()
    page.get_by_role("button", name="Send request").click()
    page.wait_for_url("**/admin/login*")
    page.locator("input[name=email]").first.fill(DEV)
    page.locator("input[name=password]").first.fill(world.gateway.state.secrets[DEV])
    page.locator("button[type=submit]").first.click()
    # Signing in leads back to the page of the form, with all that was typed.
    page.wait_for_url("**/admin/jit/request*")
    expect(page.get_by_label("Why")).to_have_value("INC-55: a long text")
    expect(page.locator("[name=role][value=operator]")).to_be_checked()
    page.get_by_role("button", name="Send request").click()
    expect(page.get_by_text("Waiting for approval")).to_be_visible()


def test_axe_finds_nothing(world: World, sign_in: SignIn) -> None:
    world.end_all()
    held, waiting = world.give(DEV, "auditor"), world.ask(DEV, "operator")
    axe, wrong = axe_text(), list[str]()
    pages = f"{world.gateway.url}/admin/jit"
    for who, paths in (
        (ADMIN, ("queue", "active", "audit", "who-could?permission=audit:read", "health", f"grants/{held['id']}")),
        (DEV, ("request", f"requests/{waiting['id']}", "break-glass", "catalogue", "requests/none")),
    ):
        page = sign_in(who, bypass_csp=True)
        for scheme in ("true", "false"):
            page.evaluate(f"localStorage.setItem('darkMode', '{scheme}')")
            for width, path in ((width, path) for width in (1280, 360) for path in paths):
                page.set_viewport_size({"width": width, "height": 800})
                page.goto(f"{pages}/{path}")
                page.wait_for_timeout(150)
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (path, width)
                wrong += violations(page, axe)
    assert not wrong, "\n".join(wrong)
