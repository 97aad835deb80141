"""What those see who see everything: alerts, deliveries, summaries, the past, exports, the configuration and health."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from conftest import AUDITOR, DEV, EVA, OPS, Demo, SignIn
from playwright.sync_api import Page, expect

from jit_access import Conditions, Context


@pytest.fixture(params=[True, False], ids=["with-javascript", "without-javascript"])
def either(request: pytest.FixtureRequest, sign_in: SignIn) -> Any:
    """A browser that runs scripts, and one that does not."""

    def go(who: str, path: str, **options: Any) -> Page:
        return sign_in(who, path, java_script_enabled=request.param, **options)

    return go


def test_an_alert_is_seen_and_its_grant_suspended(demo: Demo, sign_in: SignIn, budgets: Any) -> None:
    page = sign_in(OPS, "/active")
    expect(page.get_by_text("Nobody holds access now")).to_be_visible()
    held = demo.newcomer()
    began = time.monotonic()
    for _ in range(310):
        demo.engine.check(held.holder, "tools.execute")
    alert = page.locator(".alerts-above article", has_text="Far more uses than usual")
    expect(alert).to_be_visible(timeout=10_000)
    seen_after = time.monotonic() - began
    # The picture shows which bar it was.
    expect(page.locator(".lane.is-alerted")).to_contain_text(str(held.holder))
    alert.get_by_role("button", name="Suspend").click()
    expect(page.locator(".done")).to_have_text("Suspended.")
    assert demo.engine.grant(demo.caller(OPS), held.id).status == "suspended"
    assert seen_after < 3, "an alert is seen within a second where the machine is not busy"
    budgets(
        "J6", "misuse to suspended", "alert within a second, 2 clicks", f"{seen_after:.1f} s to the open page, 1 click"
    )


def test_uses_refusals_last_use_and_rate_move_by_themselves(demo: Demo, sign_in: SignIn) -> None:
    held = demo.give(DEV, "operator", conditions=Conditions(networks=["10.0.0.0/8"]))
    pages = [sign_in(OPS, "/active") for _ in range(2)]
    row = pages[0].locator("tbody tr", has_text=DEV)
    expect(row.locator(".is-uses")).to_have_text("0")
    expect(row.locator(".is-last")).to_have_text("never")
    for _ in range(20):
        assert demo.engine.check(DEV, "tools.execute", context=Context(address="10.1.2.3")).allowed
    expect(row.locator("[data-count]")).to_have_text("20")
    expect(row.locator("[data-rate]")).to_have_text("2.0 a minute")
    expect(row.locator(".is-last")).to_have_text(re.compile(r"^\d+ s ago$"))
    # A refused call is no record, and is seen all the same.
    before = demo.engine.revision
    for _ in range(3):
        assert not demo.engine.check(DEV, "tools.execute", context=Context(address="192.0.2.1")).allowed
    for page in pages:
        expect(page.locator("tbody tr", has_text=DEV).locator(".is-refused")).to_have_text("3", timeout=10_000)
    assert demo.engine.revision == before
    # The same on the page of the grant.
    pages[1].goto(f"{demo.url}/access/grants/{held.id}")
    expect(pages[1].locator("[data-key=life]")).to_contain_text("3 calls refused")
    expect(pages[1].locator("[data-key=life]")).to_contain_text("2.0 a minute")


def test_an_alert_is_acknowledged_and_silenced(demo: Demo, either: Any) -> None:
    demo.misuse()
    page = either(OPS, "/alerts")
    row = page.locator("article.alert", has_text="Far more uses than usual").first
    row.locator("summary", has_text="Silence").click()
    row.get_by_label("For how long").select_option("8")
    row.get_by_label("Why?").fill("A migration, until tonight")
    row.get_by_role("button", name="Silence", exact=True).click()
    expect(page.locator(".done")).to_have_text("Silenced.")
    page.goto(f"{demo.url}/access/alerts?status=silenced")
    expect(page.locator("article.alert").first).to_contain_text("A migration, until tonight")
    row = page.locator("article.alert").first
    assert demo.engine.alerts(demo.caller(OPS), status="silenced").items[0].silenced_by == OPS
    with pytest.raises(AssertionError):
        expect(row.locator("summary", has_text="Acknowledge")).to_be_visible(timeout=100)


def test_an_alert_is_acknowledged(demo: Demo, either: Any) -> None:
    with pytest.raises(Exception, match="someone else"):
        made = demo.engine.submit(demo.caller(OPS), role="log-reader", reason="Mine")
        demo.engine.approve(demo.caller(OPS), made.id)
    deadline = time.monotonic() + 15
    while not demo.engine.alerts(demo.caller(OPS), status="open").items:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    page = either(OPS, "/alerts")
    row = page.locator("article.alert", has_text="Tried to review").first
    row.locator("summary", has_text="Acknowledge").click()
    row.get_by_label("What did you find?").fill("A slip of the finger")
    row.get_by_role("button", name="Acknowledge", exact=True).click()
    expect(page.locator(".done")).to_have_text("Acknowledged.")
    assert not demo.engine.alerts(demo.caller(OPS), status="open").items


def test_an_auditor_looks_and_changes_nothing(demo: Demo, sign_in: SignIn) -> None:
    demo.misuse()
    demo.fail_a_message()
    page = sign_in(AUDITOR, "/alerts")
    expect(page.locator("article.alert").first).to_be_visible()
    assert page.locator("article.alert form").count() == 0
    page.goto(f"{demo.url}/access/deliveries")
    expect(page.locator(".delivery").first).to_be_visible()
    assert page.locator(".delivery form").count() == 0


def test_who_does_not_oversee_is_told_so(demo: Demo, sign_in: SignIn) -> None:
    page = sign_in(DEV, "/request")
    for path in ("alerts", "deliveries", "who-could", "configuration", "audit", "audit/export", "audit/evidence"):
        answer = page.request.get(f"{demo.url}/access/{path}")
        assert answer.status == 403, path


def test_a_message_that_failed_is_sent_again_and_dropped(demo: Demo, either: Any) -> None:
    failed = demo.fail_a_message()
    page = either(OPS, "/deliveries")
    row = page.locator(f"[data-key='{failed.id}']")
    expect(row).to_contain_text("connection refused by chat.example.com")
    row.get_by_role("button", name="Send again").click()
    expect(page.locator(".done")).to_have_text("It is sent again.")
    page.goto(f"{demo.url}/access/deliveries")
    last = page.locator(".delivery").first
    key = last.get_attribute("data-key")
    last.get_by_role("button", name="Drop").click()
    expect(page.locator(".done")).to_have_text("Dropped.")
    dropped = {one.id for one in demo.engine.deliveries(demo.caller(OPS), state="dropped").items}
    assert key in dropped


def test_the_summary_of_an_ended_grant(demo: Demo, either: Any) -> None:
    held = demo.give(DEV, "operator", reason="INC-77 <b>look</b>")
    for _ in range(3):
        demo.engine.check(DEV, "tools.execute", "tool:deploy")
    demo.engine.revoke(demo.caller(OPS), held.id, reason="The work is done")
    page = either(OPS, "/active")
    page.locator(".rowlink", has_text=DEV).first.click()
    page.wait_for_url(f"**/grants/{held.id}/summary")
    expect(page.locator("h1")).to_contain_text("Summary")
    expect(page.locator(".usage")).to_contain_text("tools.execute")
    expect(page.locator("main")).to_contain_text("The work is done")
    expect(page.get_by_text("Never used").locator("xpath=following-sibling::p")).to_contain_text("tools.read")
    for ending, kind in (("txt", "text/plain"), ("md", "text/markdown")):
        answer = page.request.get(f"{demo.url}/access/grants/{held.id}/summary.{ending}")
        assert answer.status == 200 and answer.headers["content-type"].startswith(kind)
        assert "tools" in answer.text() and "INC-77" in answer.text().replace("\\", "")
    assert page.request.get(f"{demo.url}/access/grants/{held.id}/summary.exe").status == 404


def test_a_chain_of_extensions_is_one_story(demo: Demo, sign_in: SignIn) -> None:
    held = demo.give(DEV, "log-reader", duration_hours=1)
    longer = demo.engine.extend(demo.caller(DEV), held.id, duration_hours=1, reason="Still looking")
    later = demo.engine.approve(demo.caller(OPS), longer.id).grant_id
    page = sign_in(OPS, f"/grants/{held.id}")
    record = page.locator("[data-key=record]")
    expect(record).to_contain_text("INC-1")
    expect(record).to_contain_text("Still looking")
    page.get_by_role("link", name="Grant 2").click()
    page.wait_for_url(f"**/grants/{later}")
    # Its holder reads the same, and its policy, without a way into the whole record.
    page = sign_in(DEV, f"/grants/{held.id}")
    expect(page.locator("[data-key=record]")).to_contain_text("Still looking")
    assert page.locator("[data-key=record] a.entry-no").count() == 0
    page.get_by_role("link", name="Read it as Cedar").click()
    expect(page.locator("pre")).to_contain_text(held.id)


def test_who_could_do_what(demo: Demo, either: Any, budgets: Any) -> None:
    held = demo.give(DEV, "operator", resource="server:shop", reason="Delete the old ones")
    demo.engine.check(DEV, "tools.execute", "server:shop")
    began = time.monotonic()
    page = either(OPS, "/who-could")
    page.get_by_label("Could do").fill("tools.execute")
    page.get_by_label("On", exact=True).fill("server:shop")
    page.get_by_role("button", name="Ask").click()
    expect(page.locator(".past-say")).to_contain_text("1 person could do tools.execute")
    ground = page.locator(".ground")
    expect(ground).to_contain_text(DEV)
    expect(ground).to_contain_text(f"Approved by {OPS}")
    ground.get_by_role("link", name="What was done with it").click()
    expect(page.locator("#audit .entry").first).to_contain_text("used tools.execute server:shop")
    budgets(
        "J9", "who could, who did, who allowed it", "3 min", f"{time.monotonic() - began:.0f} s, 3 clicks, 2 fields"
    )
    page.goto(f"{demo.url}/access/who-could?who={EVA}&permission=tools.execute")
    expect(page.locator(".past-say")).to_contain_text("No grant let")
    page.goto(f"{demo.url}/access/who-could?who={DEV}&permission=tools.execute&resource=server:shop")
    expect(page.locator(".past-say")).to_contain_text("Yes")
    page.goto(f"{demo.url}/access/who-could?who={DEV}")
    expect(page.locator(".past-say")).to_contain_text(f"{DEV} held")
    yesterday = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%dT%H:%M}"
    page.goto(f"{demo.url}/access/who-could?who={DEV}&at={yesterday}")
    expect(page.locator(".past-say")).to_contain_text("held no grant")
    page.goto(f"{demo.url}/access/who-could?permission=%3Cb%3E")
    expect(page.get_by_role("alert")).to_be_visible()
    assert held.id


def test_why_was_this_denied(demo: Demo, sign_in: SignIn, budgets: Any) -> None:
    held = demo.give(DEV, "log-reader")
    demo.engine.suspend(demo.caller(OPS), held.id, reason="Unusual")
    page = sign_in(OPS, f"/who-could?who={DEV}&permission=logs.read")
    expect(page.locator(".past-answer")).to_contain_text("suspended")
    expect(page.locator(".past-answer a").first).to_have_attribute("href", f"/access/grants/{held.id}")
    budgets("J15", "why was this denied", "one command or page", "one page, 2 fields")


def test_what_the_filter_finds_is_exported(demo: Demo, sign_in: SignIn) -> None:
    demo.give(DEV, "operator", reason="=1+1 INC-88")
    demo.engine.check(DEV, "tools.execute", "tool:deploy")
    demo.engine.tick()
    page = sign_in(OPS, f"/audit?who={DEV}&event=grant_used")
    page.locator("summary", has_text="Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    assert rows and {row["event"] for row in rows} == {"grant_used"} and {row["by"] for row in rows} == {DEV}
    for form in ("jsonl", "ocsf"):
        answer = page.request.get(f"{demo.url}/access/audit/export?format={form}&who={DEV}&event=grant_used")
        lines = [json.loads(line) for line in answer.text().splitlines()]
        assert len(lines) == len(rows) and "attachment" in answer.headers["content-disposition"]
    assert page.request.get(f"{demo.url}/access/audit/export?format=exe").status == 404
    page.locator(".chip", has_text=DEV).click()
    expect(page).to_have_url(f"{demo.url}/access/audit?event=grant_used")


def test_evidence_of_a_period(demo: Demo, sign_in: SignIn) -> None:
    day = f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%d}"
    page = sign_in(OPS, f"/audit?from={day}&to={day}")
    page.locator("summary", has_text="Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Evidence of this period").click()
    assert "AC-2" in download.value.path().read_text()


def test_the_configuration_and_where_it_comes_from(demo: Demo, either: Any) -> None:
    page = either(OPS, "/configuration")
    row = page.locator("tr", has_text="store.path")
    expect(row).to_contain_text("JIT_STORE__PATH")
    expect(page.locator("tr", has_text="max_duration_hours").first).to_contain_text("file")
    page.get_by_label("Only what is set").check()
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("tr.is-default")).to_have_count(0)


def test_health_says_what_needs_attention(demo: Demo, either: Any) -> None:
    page = either(OPS, "/health")
    for name in ("Store", "Decisions", "Clock", "Record", "Reviews"):
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    demo.fail_a_message()
    page.reload()
    expect(page.locator(".sign.is-ill", has_text="chat")).to_contain_text("could not be sent")
    page.get_by_role("link", name="See what failed").click()
    page.wait_for_url("**/deliveries")


def test_the_seals_stand_in_the_picture(demo: Demo, sign_in: SignIn) -> None:
    held = demo.give(DEV)
    demo.engine.release(demo.caller(DEV), held.id)
    page = sign_in(OPS, "/audit")
    # A seal is made at the end of each grant, in the background.
    expect(page.locator(".strip .seal").first).to_be_attached(timeout=15_000)
    expect(page.locator(".strip-ends")).to_contain_text("Sealed up to record")


def test_the_first_broken_record_is_shown_with_both_hashes(demo: Demo, sign_in: SignIn, tmp_path: Any) -> None:
    """On a copy of the store, because a damaged one honours nothing."""
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    from jit_access import Caller, Engine
    from jit_access.pages import create_pages

    store = tmp_path / "jit.db"
    config = (
        "jit_access: {require_approval: false, approver_roles: [lead], journal: {verify_at_start: false},"
        " roles: {reader: {permissions: [logs.read]}}}"
    )
    environ = {"JIT_STORE__PATH": str(store)}
    with Engine.from_yaml(config, environ=environ) as engine:
        for at in range(5):
            engine.submit(Caller(f"u{at}@example.com"), role="reader", reason="x")
    with sqlite3.connect(store) as database:
        # Whoever damages a file asks no trigger.
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        first = "(SELECT min(revision) FROM journal WHERE body LIKE '%u2@%')"
        database.execute(f"UPDATE journal SET body = replace(body, 'u2@', 'v2@') WHERE revision = {first}")
    with Engine.from_yaml(config, environ=environ) as engine:
        app = FastAPI()
        lead = Caller("lead@example.com", roles=["lead"])
        app.include_router(create_pages(engine, caller=lambda: lead, prefix="/access"))
        client = TestClient(app)
        token = client.get("/access/audit").cookies
        form = {"token": next(iter(token.values())), "page": "/access/audit"}
        client.post("/access/audit/verify", data=form)
        deadline = time.monotonic() + 20
        while "is-bad" not in (text := client.get("/access/audit").text):
            assert time.monotonic() < deadline, text[-2000:]
            time.sleep(0.1)
        said = text[text.index("is-bad") - 60 : text.index("is-bad") + 400]
        assert "ring-broken" in text, said
        assert text.count('class="hash') >= 2 and "The record is damaged" in text
