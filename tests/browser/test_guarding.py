"""What must not work: forms from elsewhere, frames, what belongs to others, text that acts. And what is not lost."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from conftest import DEV, EVA, OPS, Demo, SignIn
from playwright.sync_api import Browser, expect

import jit_access.pages

HOSTILE = [
    "<script>document.title='gone'</script><img src=x onerror=\"document.title='gone'\">",
    "\"'><svg onload=document.title='gone'>",
    "{{ 7*7 }}{% raw %}${7*7}#{7*7}",
    "A" * 3_000,
    "Z" + "\u0351" * 400 + "algo",
    "\u0634\u0643\u0631\u0627 approved by ops@example.com",
    "javascript:document.title='gone'",
    "</textarea></form><form action=https://evil.example><button>Approve</button></form>",
    "Approved.\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\nby security",
    "&lt;b&gt;&#x202e;",
    "soft\u00adhyphen and tab\tand",
    "hx-get=/x hx-trigger=load data-live=1",
]


def client(demo: Demo, who: str) -> httpx.Client:
    """A client with the person's session and with the token of the pages."""
    made = httpx.Client(base_url=demo.url, cookies={"demo_session": f"test-{who}"})
    demo.caller(who)
    made.get("/access/request")
    return made


def token(client: httpx.Client) -> str:
    found = re.search(r'name="token" value="([^"]+)"', client.get("/access/request").text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_a_requester_writes_is_text(demo: Demo, sign_in: SignIn, text: str) -> None:
    try:
        made = demo.submit(DEV, "operator", reason=text)
    except Exception as refused:
        assert getattr(refused, "status", None) == 400
        return
    grant = demo.give(EVA, "log-reader", reason=text)
    demo.engine.suspend(demo.caller(OPS), grant.id, reason=text)
    demo.engine.ask(demo.caller(OPS), made.id, question=text)
    demo.engine.answer(demo.caller(DEV), made.id, answer=text)
    page = sign_in(OPS, "/queue", width=360, height=740)
    for path in (
        "queue",
        f"requests/{made.id}",
        f"grants/{grant.id}",
        "audit",
        "active",
        f"requests/{grant.request_id}",
    ):
        page.goto(f"{demo.url}/access/{path}")
        page.wait_for_timeout(60)
        assert "gone" not in page.title()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert page.locator("form[action*=evil], main script, main img, main [onload]").count() == 0
        for quote in page.locator(".quote").all():
            box = quote.bounding_box()
            assert box is not None and box["height"] < 300
        if path == "queue":
            row = page.locator("article").first
            box = row.bounding_box()
            assert box is not None and box["height"] < 520
            assert row.get_by_role("button", name="Approve", exact=True).count() == 1
            clipped = page.evaluate("e => getComputedStyle(e).overflow", row.locator(".ask-row-why").element_handle())
            assert clipped == "hidden"


@pytest.mark.parametrize(
    "address",
    [
        "https://user:secret@example.com/",
        "https://tickets.example.com@evil.example/",
        "https://\u0430pple.com/",
        "https://example.com/\u00ad",
    ],
)
def test_links_say_where_they_lead(demo: Demo, sign_in: SignIn, address: str) -> None:
    try:
        made = demo.submit(DEV, "operator", ticket_url=address)
    except Exception as refused:
        assert getattr(refused, "status", None) == 400
        return
    page = sign_in(OPS, f"/requests/{made.id}")
    for link in page.locator("a.ticket").all():
        target = link.get_attribute("href") or ""
        assert target.startswith(("https://xn--", "https://example.com/")) and "@" not in target
        assert "noopener" in (link.get_attribute("rel") or "")
        assert target.split("/")[2] in link.inner_text()


def test_hostile_values_in_every_field_of_a_form(demo: Demo) -> None:
    http = client(demo, OPS)
    fields = (
        "role",
        "on",
        "place",
        "place_other",
        "hours",
        "hours_other",
        "reason",
        "ticket",
        "starts_at",
        "uses",
        "mfa",
    )
    for name in (*fields, "starts_at_offset", "networks", "session", "key", "page", "look"):
        for text in [
            *HOSTILE,
            "\x00",
            "\ud800".encode("utf-8", "surrogatepass").decode("latin1"),
            "9" * 400,
            "-1",
            "nan",
        ]:
            data = {"token": token(http) if name == "role" else http.cookies["jit_pages_token"], "role": "operator"}
            answer = http.post("/access/request", data={**data, "reason": "x", name: text, "look": "1"})
            assert answer.status_code in (200, 400), (name, text[:40], answer.status_code)
            assert "<script>document" not in answer.text and 'onerror="' not in answer.text
    for path in (
        "active?find=",
        "audit?text=",
        "audit?who=",
        "audit?older=",
        "audit?role=",
        "audit?permission=",
        "audit?resource=",
        "audit?result=",
        "audit?grant=",
        "audit?from=",
        "active?page=",
        "active?span=",
        "who-could?who=",
        "who-could?permission=",
        "who-could?permission=tools.read&resource=",
        "who-could?permission=tools.read&resource=tool:x&parent=",
        "who-could?permission=tools.read&at=",
        "alerts?status=",
        "deliveries?state=",
        "configuration?find=",
        "request?role=",
        "request?reason=",
        "request?hours=",
        "audit/evidence?from=",
        "queue?done=",
    ):
        for text in HOSTILE:
            page, _, fields = path.partition("?")
            *others, (name, _) = parse_qsl(fields, keep_blank_values=True)
            answer = http.get(f"/access/{page}", params=[*others, (name, text)])
            assert answer.status_code in (200, 400, 403), (path, answer.status_code)
            assert "<script>document" not in answer.text


PLAIN = {
    "role": "operator",
    "reason": "x",
    "hours": "1",
    "to": DEV,
    "until": "2099-01-01T00:00",
    "question": "x",
    "answer": "x",
    "comment": "x",
    "finding": "x",
    "justified": "yes",
    "understood": "1",
    "sure": "1",
    "permission": "tools.read",
    "version": "1",
}
"""What every form would be sent with."""


def _names() -> list[str]:
    """Every field of every form of the pages."""
    folder = Path(jit_access.pages.__file__).parent / "templates"
    text = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.html"))
    found = {*re.findall(r'<(?:input|textarea|select|button)\b[^>]*? name="([a-z_]+)"', text)}
    assert len(found) > 25
    return sorted(found - {"token", "viewport"})


def test_hostile_values_in_every_field_of_every_form(demo: Demo) -> None:
    made, held = demo.submit(DEV, "operator"), demo.give(EVA, "log-reader")
    http = client(demo, OPS)
    secret = token(http)
    names = _names()
    seen = set[int]()
    for path in sorted({*_posts(made.id), *_posts(held.id)}):
        everywhere = [dict.fromkeys(names, text) for text in HOSTILE]
        one = [{**PLAIN, name: text} for name in names for text in (HOSTILE[0], "\x00")]
        for fields in [*everywhere, *one]:
            answer = http.post(path, data={**fields, "token": secret})
            seen.add(answer.status_code)
            assert answer.status_code < 500, (path, fields, answer.status_code)
            assert "<script>document" not in answer.text and 'onerror="' not in answer.text, (path, fields)
    assert {200, 303, 400, 404} <= seen, seen


def test_no_form_reaches_what_is_anothers(demo: Demo) -> None:
    made, held = demo.submit(DEV, "operator"), demo.give(DEV, "log-reader")
    glass = demo.engine.request(demo.caller(DEV), demo.engine.break_glass(demo.caller(DEV), role="root", reason="x").id)
    alert = demo.misuse()
    own = {"/access/request", "/access/request/preview", "/access/break-glass", "/access/delegations", "/access/scheme"}
    http = client(demo, EVA)
    secret = token(http)
    before = demo.engine.head(demo.caller(OPS))
    [raised, *_] = demo.engine.alerts(demo.caller(OPS), grant_id=alert.id).items
    for id in (made.id, held.id, glass.id, glass.grant_id, raised.id):
        for path in [path for path in _posts(str(id)) if path not in own]:
            for more in ({}, {"grant": held.id}, {"holder": DEV}, {"everything": "1", "word": "end everything"}):
                answer = http.post(path, data={**PLAIN, **more, "token": secret})
                assert answer.status_code in (400, 403, 404), (path, more, answer.status_code)
    assert demo.engine.head(demo.caller(OPS)) == before, "nothing was written"


def test_every_answer_has_the_headers(demo: Demo) -> None:
    http = client(demo, OPS)
    for path in (
        "request",
        "queue",
        "active",
        "audit",
        "health",
        "static/pages.js",
        "requests/nothing",
        "grants/x",
        "audit/999999",
    ):
        headers = http.get(f"/access/{path}").headers
        policy = headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy and "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
    assert "no-store" in http.get("/access/queue").headers["cache-control"]


def test_a_form_from_elsewhere_is_refused(demo: Demo) -> None:
    made = demo.submit(DEV, "operator")
    http = client(demo, OPS)
    good = {"token": token(http), "reason": "x"}
    for path in _posts(made.id):
        without = http.post(path, data={"reason": "x"})
        assert without.status_code == 403, path
        wrong = http.post(path, data={**good, "token": "A" * 43})
        assert wrong.status_code == 403, path
        for headers in (
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
        ):
            assert http.post(path, data=good, headers=headers).status_code == 403, (path, headers)
    assert demo.engine.request(demo.caller(OPS), made.id).status == "pending"


def _posts(id: str) -> list[str]:
    """Every route that takes a form."""
    routes: list[Any] = list(sys.modules["demo_app"].app.routes)
    found = []
    while routes:
        route = routes.pop()
        routes += getattr(getattr(route, "original_router", None), "routes", [])
        if "POST" in (getattr(route, "methods", None) or ()) and route.path.startswith("/access/"):
            found.append(route.path.replace("{id}", id))
    assert len(found) >= 17
    return found


def test_it_cannot_be_framed(demo: Demo, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.route("https://evil.example/", lambda route: route.fulfill(body=f"<iframe src='{demo.url}/access/request'>"))
    page.goto("https://evil.example/")
    page.wait_for_timeout(500)
    assert all("Request access" not in frame.content() for frame in page.frames)
    context.close()


def test_what_is_not_theirs_is_not_there(demo: Demo) -> None:
    made = demo.submit(DEV, "operator")
    held = demo.give(DEV, "log-reader")
    http = client(demo, EVA)
    assert http.get(f"/access/requests/{made.id}").status_code == 404
    assert http.get(f"/access/grants/{held.id}").status_code == 404
    assert http.get("/access/audit").status_code == 403
    assert DEV not in http.get("/access/active").text
    said = {"token": token(http), "reason": "x", "answer": "x", "question": "x"}
    for path in (f"requests/{made.id}/approve", f"requests/{made.id}/withdraw", f"requests/{made.id}/answer"):
        assert http.post(f"/access/{path}", data=said).status_code in (403, 404), path
    for path in (f"grants/{held.id}/release", f"grants/{held.id}/suspend", f"grants/{held.id}/revoke"):
        assert http.post(f"/access/{path}", data=said).status_code in (403, 404), path
    sure = {**said, "sure": "1", "everything": "1", "word": "end everything"}
    assert http.post("/access/active/end", data=sure).status_code == 403
    assert demo.engine.check(DEV, "logs.read").allowed
    own = demo.submit(OPS, "operator")
    assert client(demo, OPS).get(f"/access/requests/{own.id}").text.count("/approve") == 0


def test_a_session_that_ends_loses_nothing(demo: Demo, sign_in: SignIn) -> None:
    page = sign_in(DEV, "/request")
    page.locator(".role", has_text="operator").click()
    page.get_by_label("Why").fill("INC-55: a long text that took a while")
    page.get_by_label("Ticket").fill("https://tickets.example.com/INC-55")
    page.wait_for_timeout(600)
    demo.module.sessions.clear()
    page.get_by_role("button", name="Send request").click()
    expect(page.get_by_role("heading", name="You were signed out")).to_be_visible()
    expect(page.locator("textarea")).to_have_value("INC-55: a long text that took a while")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in again").click()
    other = opened.value
    other.get_by_role("button", name=DEV).click()
    other.wait_for_url("**/access/request*")
    # It is there in the tab of the sign-in's page too, and where it was.
    page.get_by_role("button", name="Send it now").click()
    expect(page.get_by_text("Waiting for approval")).to_be_visible()
    [made] = demo.engine.requests(demo.caller(DEV), status="pending").items
    assert made.ticket_url == "https://tickets.example.com/INC-55"


def test_a_page_that_is_looked_at_says_that_the_session_ended(demo: Demo, sign_in: SignIn) -> None:
    page = sign_in(DEV, "/request")
    page.get_by_label("Why").fill("typed before")
    demo.module.sessions.clear()
    page.goto(f"{demo.url}/access/request")
    page.wait_for_url("**/login*")
    page.get_by_role("button", name=DEV).click()
    page.wait_for_url("**/access/request*")
    expect(page.get_by_label("Why")).to_have_value("typed before")
