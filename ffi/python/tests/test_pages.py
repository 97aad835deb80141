"""The pages without a browser: their texts, how foreign text is shown, what forms mean, what is in the package."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import jit_access.pages
from jit_access.pages import forms, shown, verifying, words
from jit_access.pages.forms import FieldError, Form
from jit_access.pages.reading import Reader

HERE = Path(jit_access.pages.__file__).parent
TEMPLATES = sorted((HERE / "templates").rglob("*.html"))
EN = json.loads((HERE / "words" / "en.json").read_text())


def test_every_text_that_a_page_asks_for_is_there() -> None:
    assert len(TEMPLATES) > 20
    asked = {
        key
        for path in TEMPLATES
        for key in re.findall(r'\bt\("([A-Za-z0-9_.]+)"\s*[,)]', path.read_text(encoding="utf-8"))
    }
    assert len(asked) > 150
    assert not [key for key in asked if key not in EN and f"{key}.one" not in EN]


def test_no_text_is_written_into_a_template() -> None:
    for path in TEMPLATES:
        text = re.sub(r"\{[{%#].*?[}%#]\}|<[^>]*>", " ", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        found = [word for word in re.findall(r"[A-Za-z]{3,}", text) if word not in {"nbsp", "UTC"}]
        assert not found, (path.name, found)


def test_another_language_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "de.json").write_text(json.dumps({"ask.send": "Antrag senden", "uses.other": "{count} Nutzungen"}))
    choose = words.load(tmp_path)
    assert str(choose("de-CH, en;q=0.5")("ask.send")) == "Antrag senden"
    assert str(choose("de")("uses", count=3)) == "3 Nutzungen"
    assert str(choose("de")("uses", count=1)) == "1 use"
    assert choose("fr").language == "en"
    assert choose("de;q=x, ,;;,").language == "en"


def test_a_mistake_in_a_language_is_found_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "de.json").write_text(json.dumps({"uses.other": "viele"}))
    with pytest.raises(ValueError, match=r"uses\.other"):
        words.load(tmp_path)
    (tmp_path / "de.json").write_text(json.dumps({"no.such": "x"}))
    with pytest.raises(ValueError, match=r"no\.such"):
        words.load(tmp_path)


def test_what_is_put_into_a_text_is_escaped() -> None:
    text = words.load()("")("error.hours")
    assert "<" not in text
    assert "&lt;b&gt;" in words.load()("")("said.for", who="<b>")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<b>&", "&lt;b&gt;&amp;"),
        ("a\u202eb", "⟨U+202E⟩"),
        ("a\u200bb", "⟨U+200B⟩"),
        ("a\u2066b", "⟨U+2066⟩"),
        ("a\u00adb", "⟨U+00AD⟩"),
        ("a\ufe0fb", "⟨U+FE0F⟩"),
        ("a\U000e0041b", "⟨U+E0041⟩"),
        ("a\x00b", "⟨U+0000⟩"),
        ("a\u3164b", "⟨U+3164⟩"),
        ("a\u2028b", "⟨U+2028⟩"),
        ("two\nlines", "two\nlines"),
        ("naïve Zoë שלום", "naïve Zoë שלום"),
    ],
)
def test_text_is_shown_as_it_is(text: str, expected: str) -> None:
    assert expected in str(shown.plain(text))
    assert not set("\u202e\u200b\u2066\u00ad\ufe0f\x00\u3164\u2028") & {*str(shown.said(text))}


def test_marks_do_not_pile_up() -> None:
    assert len(str(shown.plain("Z" + "\u0351" * 400))) <= 3


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "https://user@example.com/",
        "https://user:secret@example.com/",
        "https://@example.com/",
        "https:///x",
        "//example.com",
        "https://exa\u202emple.com/",
        "https://example.com/ x",
        "https://example.com\\@evil.example/",
        "https://example.com:port/",
        "https://[::1/",
        "",
        None,
    ],
)
def test_this_is_no_link(address: str | None) -> None:
    assert shown.link(address) is None


def test_a_link_says_its_host() -> None:
    found = shown.link("https://tickets.example.com:8443/browse/INC-1?x=1")
    assert found == (
        "https://tickets.example.com:8443/browse/INC-1?x=1",
        "tickets.example.com:8443",
        "/browse/INC-1?x=1",
    )
    other = shown.link("https://\u0430pple.com/")
    assert other is not None and other.host.startswith("xn--")


@pytest.mark.parametrize(
    ("text", "hours"),
    [("1.5", 1.5), ("1,5", 1.5), ("90 min", 1.5), ("90m", 1.5), ("1:30", 1.5), ("2h", 2), ("1 d", 24), ("0.25", 0.25)],
)
def test_lengths(text: str, hours: float) -> None:
    assert forms.hours(Form([("hours", "other"), ("hours_other", text)])) == hours
    assert forms.hours(Form([("hours", text)])) == hours


@pytest.mark.parametrize("text", ["x", "-1", "0", "nan", "inf", "1e9", "1:x"])
def test_what_is_no_length(text: str) -> None:
    with pytest.raises(FieldError):
        forms.hours(Form([("hours", text)]))


def test_an_instant_is_in_the_zone_of_the_page() -> None:
    form = Form([("until", "2026-12-01T10:00"), ("until_offset", "-60")])
    assert forms.instant(form, "until") == datetime(2026, 12, 1, 9, tzinfo=UTC)
    assert forms.instant(Form([("until", "2026-12-01T10:00")]), "until") == datetime(2026, 12, 1, 10, tzinfo=UTC)
    for wrong in ("x", "2026-13-01T10:00", "9999-12-31T23:59"):
        with pytest.raises(FieldError):
            forms.instant(Form([("until", wrong), ("until_offset", "99999999999")]), "until")


def test_a_body_that_is_no_form_is_refused() -> None:
    for body in (b"\xff=1", b"a=%ff", b"&".join(b"a=1" for _ in range(3_000))):
        with pytest.raises(ValueError):
            Form.parse(body)


def test_what_takes_long_is_read_beside_the_requests_and_answered_once() -> None:
    reader, go, calls = Reader(), threading.Event(), list[str]()

    def read(name: str) -> str:
        calls.append(name)
        assert go.wait(10)
        return name

    assert reader.ask("a", lambda: read("a")) is None
    assert reader.ask("a", lambda: read("again")) is None, "it goes on"
    for name in "bcd":
        assert reader.ask(name, lambda name=name: read(name)) is None
    assert reader.ask("e", lambda: read("e")) is None
    assert sorted(calls) == ["a", "b", "c", "d"], "four at a time, each once"
    go.set()
    assert [reader.ask(name, lambda: read("new")) for name in "abcd"] == ["a", "b", "c", "d"]
    assert reader.ask("a", lambda: read("new")) == "new", "an answer is given once"


def test_what_the_reading_raises_is_raised_to_who_asked() -> None:
    reader = Reader()
    with pytest.raises(ZeroDivisionError):
        reader.ask("a", lambda: 1 // 0)
    assert reader.ask("a", lambda: 1) == 1


@pytest.mark.parametrize(
    ("seconds", "since", "left"),
    [(0, "0 s", "0:00"), (59, "59 s", "0:59"), (61, "1 min", "1:01"), (3_700, "1 h 01 min", "1 h 01 min")],
)
def test_a_length_is_one_without_a_script_too(seconds: int, since: str, left: str) -> None:
    now = datetime.now(UTC)
    assert f">{since}</time>" in shown.when(now - timedelta(seconds=seconds), "since")
    assert f">{left}</time>" in shown.when(now + timedelta(seconds=seconds, milliseconds=300), "left")


def test_htmx_is_what_its_hash_says() -> None:
    static = HERE / "static"
    said, name = (static / "htmx-HASH.txt").read_text().split()[:2]
    digest = hashlib.sha384((static / name).read_bytes()).digest()
    assert said == f"sha384-{base64.b64encode(digest).decode()}"
    assert "Zero-Clause BSD" in (static / "htmx-LICENSE.txt").read_text()


def test_nothing_is_inline() -> None:
    for path in TEMPLATES:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\son[a-z]+=|\sstyle=|<style|<script(?! src=)|javascript:|\|\s*safe", text), path.name


def test_the_strip_begins_at_the_first_record_that_is_kept() -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    seals = [verifying.Seal(size, at) for size in (2_000, 6_096, 8_096)]
    whole = verifying.strip(8_096, seals, verifying.Verification())
    assert (whole.first, whole.records, len(whole.marks)) == (1, 8_096, 3)
    kept = verifying.strip(8_096, seals, verifying.Verification(broken_at=4_097), first=4_097)
    assert (kept.first, kept.records, kept.sealed) == (4_097, 4_000, 100.0)
    assert [place for place, _ in kept.marks] == [50.0, 100.0], "the first one covers nothing that is there"
    assert kept.broken is not None and kept.broken < 0.1
    assert verifying.strip(0, [], verifying.Verification()).records == 0
