"""The command line `jit` as `pip install` brings it: a real host as a second process, and real terminals."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import terminal
from terminal import Seen

from jit_access import Engine

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
JIT = Path(sys.executable).with_name("jit")
DEV, EVA, OPS, AUDIT = "dev", "eva", "ops", "audit"
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}(-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})?")
USED: set[str] = set()
"""The commands that ran in this file."""


@dataclass
class Host:
    """A running host, and the people who use it."""

    url: str
    home: Path
    store: Path
    process: subprocess.Popen[bytes] = field(repr=False)

    def env(self, who: str | None, **more: str) -> dict[str, str]:
        """The environment of one person."""
        token = {"JIT_TOKEN": f"token-{who}"} if who else {}
        common = {"PATH": os.environ["PATH"], "HOME": str(self.home), "TZ": "UTC", "TERM": "xterm-256color"}
        return {**common, "JIT_HOST": self.url, **token, **more}

    def see(
        self, who: str | None, *words: str, width: int = 80, typed: list[tuple[str, str]] | None = None, **more: str
    ) -> Seen:
        """Run `jit` in a terminal."""
        USED.add(next((word for word in words if not word.startswith("-")), ""))
        return terminal.run([str(JIT), *words], env=self.env(who, **more), width=width, typed=typed or [])

    def script(self, who: str | None, *words: str, say: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        """Run `jit` as a script does: without a terminal."""
        USED.add(next((word for word in words if not word.startswith("-")), ""))
        return subprocess.run(
            [str(JIT), *words],
            env=self.env(who, **more),
            input=say,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def json(self, who: str, *words: str) -> dict[str, object]:
        """What `jit` answers as JSON."""
        done = self.script(who, *words, "--json")
        assert done.returncode == 0, done
        return dict(json.loads(done.stdout))

    def ask(self, who: str = DEV, *words: str) -> str:
        """Ask for a role; the id of the request. No two requests are alike."""
        reason = ["--reason", f"INC-42: roll back {time.monotonic_ns()}"]
        return str(self.json(who, "request", "operator", "--on", "tool:deploy", "--for", "1h", *reason, *words)["id"])

    def give(self, who: str = DEV) -> str:
        """Ask and approve; the id of the grant."""
        return str(self.json(OPS, "approve", self.ask(who))["grant_id"])


@contextmanager
def running(folder: Path) -> Iterator[Host]:
    """A host in this folder, until the end."""
    pytest.importorskip("fastapi")
    pytest.importorskip("uvicorn")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store = folder / "jit.db"
    server = ["-m", "uvicorn", "cli_app:app", "--app-dir", str(HERE), "--port", str(port), "--log-level", "warning"]
    process = subprocess.Popen([sys.executable, *server], env={**os.environ, "JIT_STORE__PATH": str(store)}, cwd=folder)
    try:
        until = time.monotonic() + 60
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert time.monotonic() < until and process.poll() is None, "the host does not start"
            time.sleep(0.05)
        yield Host(f"http://127.0.0.1:{port}", folder, store, process)
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """The host of the whole file."""
    with running(tmp_path_factory.mktemp("cli")) as host:
        yield host


@pytest.fixture
def new_host(tmp_path: Path) -> Iterator[Host]:
    """A host at which nothing has happened."""
    with running(tmp_path) as host:
        yield host


@pytest.fixture(autouse=True)
def nothing_left(host: Host) -> Iterator[None]:
    """No grant and no request outlives its test."""
    yield
    host.script(OPS, "revoke", "--everything", "--yes", "--reason", "the test is over")
    for request in json.loads(host.script(OPS, "queue", "--json").stdout)["items"]:
        host.script(OPS, "deny", request["id"], "--reason", "the test is over")


def plain(text: str) -> str:
    """The text without what is another one each time: ids, times, lengths."""
    text = ID.sub(lambda found: "0198c7a2-5d3e" + "-7c41-9f0a-6b1d2e3f4a5b" * bool(found.group(1)), text)
    text = re.sub(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d\d:\d\d\b", "DAY 14:05", text)
    text = re.sub(r"\b\d\d:\d\d\b(:\d\d)?", "14:05", text)
    text = re.sub(r" \d{13,}", " 7", text)
    return re.sub(r"\b(\d+[dhms] )?\d+[smh](?= ago|\)|$|\s{2})", "5s", text)


def after(seconds: float, act: Callable[[], object]) -> threading.Thread:
    """Do something in a while, beside what runs."""
    thread = threading.Timer(seconds, act)
    thread.start()
    return thread


# --- asking ---


def test_a_request_is_shown_as_the_approver_will_see_it(host: Host) -> None:
    seen = host.see(
        DEV,
        "request",
        "operator",
        "--on",
        "tool:deploy",
        "--for",
        "12h",
        "--reason",
        "INC-42: roll back",
        "--ticket",
        "https://tracker.example.com/INC-42",
    )
    assert seen.code == 0
    assert plain(seen.text) == (
        "operator on tool:deploy · pending\n"
        "  request      0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b\n"
        "  who          dev@example.com\n"
        "  how long     8h (12h requested, cut by max_duration_hours)\n"
        "  reason       INC-42: roll back\n"
        "  ticket       https://tracker.example.com/INC-42\n"
        "  newly gives  tools.execute, tools.update\n"
        "  risk         medium\n"
        "               · 8 hours\n"
        "               · `operator` was never granted to dev@example.com\n"
        "  requested    14:05 (5s ago)\n"
        "  waits for    1 person with platform_admin\n"
        "  answer by    DAY 14:05 (in 5s)\n"
        "jit status 0198c7a2-5d3e --wait waits for the decision"
    )


def test_waiting_ends_as_soon_as_somebody_approves(host: Host) -> None:
    def approve() -> None:
        [request] = json.loads(host.script(OPS, "queue", "--json").stdout)["items"]
        host.script(OPS, "approve", request["id"], "--for", "30m")

    later = after(1.5, approve)
    words = ["request", "operator", "--on", "tool:deploy", "--for", "1h", "--reason", "INC-42: a", "--wait"]
    seen = host.see(DEV, *words)
    later.join()
    assert seen.code == 0
    assert "waiting for 1 person with platform_admin" in re.sub("\x1b\\[[0-9;]*m", "", seen.raw), "a line that moves"
    lines = plain(seen.text).splitlines()
    asked = " ".join(lines[:-2])
    assert asked == "0198c7a2-5d3e operator for tool:deploy · asked 1 person with platform_admin · since 14:05"
    assert lines[-2].startswith("✓ approved by ops@example.com: operator on tool:deploy until 14:05 (in ")
    assert "⠋" not in seen.text, "and nothing is left of the line"
    again = host.see(DEV, *words[:5], "20m", *words[6:])
    assert (again.code, "you have this already" in again.text) == (0, True)


@pytest.mark.parametrize(
    ("act", "code", "said"),
    [
        (["deny", "--reason", "not now"], 9, "denied by ops@example.com: not now"),
        (["ask", "which", "shop?"], 11, "ops@example.com asks: which shop?"),
        (["withdraw"], 10, "the request was withdrawn"),
    ],
)
def test_the_exit_code_says_how_the_waiting_ended(host: Host, act: list[str], code: int, said: str) -> None:
    request = host.ask()
    who = DEV if act[0] == "withdraw" else OPS
    later = after(1.0, lambda: host.script(who, act[0], request, *act[1:]))
    done = host.script(DEV, "status", request, "--wait")
    later.join()
    assert done.returncode == code, done
    assert said in done.stderr
    assert "→ " in done.stderr, "and what to do next"
    assert "waiting for 1 person with platform_admin" in done.stderr, "a line, not a moving one"


def test_patience_ends_and_the_request_stays_open(host: Host) -> None:
    request = host.ask()
    done = host.script(DEV, "status", request, "--wait", "--patience", "1s")
    assert done.returncode == 8
    assert "the request stays open" in done.stderr
    assert host.json(DEV, "status", request)["status"] == "pending"


def test_ctrl_c_stops_the_waiting_and_not_the_request(host: Host) -> None:
    request = host.ask()
    seen = host.see(DEV, "status", request, "--wait", typed=[("waiting for", "\x03")])
    assert seen.code == 8
    assert "the request stays open" in seen.text
    assert host.json(DEV, "status", request)["status"] == "pending"


def test_a_reason_is_asked_for_on_a_terminal_and_only_there(host: Host) -> None:
    request = host.ask()
    seen = host.see(OPS, "deny", request, typed=[("Why", "not today\r")])
    assert seen.code == 0 and "not today" in seen.text
    done = host.script(OPS, "deny", host.ask())
    assert (done.returncode, "--reason is missing" in done.stderr) == (2, True)


# --- running ---


def test_run_asks_runs_and_gives_back(host: Host, tmp_path: Path) -> None:
    def approve() -> None:
        [request] = json.loads(host.script(OPS, "queue", "--json").stdout)["items"]
        host.script(OPS, "approve", request["id"])

    later = after(1.0, approve)
    what = f'test -z "$JIT_TOKEN" && echo ran > {tmp_path}/ran; exit 7'
    seen = host.see(DEV, "run", "operator", "--for", "30m", "--reason", "INC-42: run", "--", "/bin/sh", "-c", what)
    later.join()
    assert seen.code == 7, "the code of the command"
    assert (tmp_path / "ran").read_text() == "ran\n"
    assert seen.text.splitlines()[-1] == "given back"
    assert json.loads(host.script(OPS, "grants", "--json").stdout)["items"] == []
    [last] = json.loads(host.script(OPS, "grants", "--all", "--limit", "1", "--json").stdout)["items"]
    assert last["status"] == "released"


def test_run_runs_nothing_without_an_approval(host: Host, tmp_path: Path) -> None:
    command = ["run", "operator", "--reason", "INC-42: no", "--patience", "1s", "--", "touch", f"{tmp_path}/ran"]
    done = host.script(DEV, *command)
    assert (done.returncode, (tmp_path / "ran").exists()) == (125, False), done
    assert "the request was withdrawn" in done.stderr
    assert json.loads(host.script(OPS, "queue", "--json").stdout)["items"] == []


def test_run_leaves_a_grant_that_was_there_before(host: Host) -> None:
    words = ["--on", "tool:deploy", "--for", "1h", "--reason", "INC-42: before"]
    request = host.json(DEV, "request", "operator", *words)["id"]
    host.json(OPS, "approve", str(request))
    done = host.script(
        DEV, "run", "operator", "--on", "tool:deploy", "--for", "10m", "--reason", "INC-42: x", "--", "true"
    )
    assert (done.returncode, "so it stays" in done.stderr) == (0, True), done
    assert [one["status"] for one in json.loads(host.script(OPS, "grants", "--json").stdout)["items"]] == ["active"]
    missing = host.script(
        DEV, "run", "operator", "--on", "tool:deploy", "--for", "10m", "--reason", "x", "--", "/no/such"
    )
    assert missing.returncode == 127


# --- deciding, and what follows ---


def test_the_queue_and_a_decision(host: Host) -> None:
    request = host.ask(EVA)
    seen = host.see(OPS, "queue", width=120)
    head, row, hint = [line.split() for line in plain(seen.text).splitlines()]
    assert head == ["REQUEST", "WHO", "ROLE", "ON", "FOR", "RISK", "AGE", "REASON"]
    assert row[:4] == ["0198c7a2-5d3e", "eva@example.com", "operator", "tool:deploy"]
    assert row[5] in {"low", "medium"} and row[7:] == ["INC-42:", "roll", "back", "7"]
    assert " ".join(hint) == "jit status 0198c7a2-5d3e shows one; then jit approve, deny or ask 0198c7a2-5d3e"
    asked = host.see(OPS, "ask", request[:13], "for", "which", "service?")
    assert asked.code == 0 and "ops@example.com asks" in asked.text
    answered = host.see(EVA, "answer", request[:13], "the", "shop", "--for", "30m")
    assert answered.code == 0 and re.search(r"answer \ds ago: the shop", answered.text)
    cut = host.see(
        OPS, "approve", request[:13], "--only", "tools.execute", "--for", "15m", "--comment", "enough", width=120
    )
    assert cut.code == 0
    assert re.search(r"approved \ds ago, at most 15m, tools.execute: enough", cut.text)
    assert host.see(OPS, "queue").text == "nothing waits for a decision"


def test_a_grant_and_what_can_be_done_with_it(host: Host) -> None:
    grant = host.give()
    seen = host.see(OPS, "grants", width=120)
    assert plain(seen.text).splitlines()[0].split() == [
        "GRANT",
        "STATUS",
        "WHO",
        "ROLE",
        "ON",
        "UNTIL",
        "LEFT",
        "USES",
        "REASON",
    ]
    assert "dev@example.com" in seen.text and "active" in seen.text
    for words, status in [
        (["suspend", grant[:13], "--reason", "odd"], "suspended"),
        (["resume", grant[:13]], "active"),
    ]:
        assert f" · {status}" in host.see(OPS, *words).text.splitlines()[0]
    extended = host.see(DEV, "extend", grant[:13], "--for", "30m", "--reason", "not done yet")
    assert extended.code == 0 and "pending" in extended.text
    released = host.see(DEV, "release", grant[:13])
    assert released.code == 0 and " · released" in released.text.splitlines()[0]
    assert host.see(DEV, "status", grant[:13]).text.startswith("operator on tool:deploy · released")
    other = host.see(OPS, "revoke", host.give(), "--reason", "done")
    assert "by ops@example.com: done" in other.text


def test_many_grants_end_at_once_and_everything_only_when_it_is_meant(host: Host) -> None:
    host.give(DEV)
    host.give(EVA)
    ended = host.see(OPS, "revoke", "--holder", "dev@example.com", "--reason", "account taken over")
    assert ended.text.splitlines()[0] == "1 grant ended"
    nothing = host.see(OPS, "revoke", "--everything", "--reason", "x", typed=[("Type everything", "yes\r")])
    assert (nothing.code, "nothing was revoked" in nothing.text) == (2, True)
    assert host.script(OPS, "revoke", "--everything", "--reason", "x").returncode == 2
    everything = host.see(OPS, "revoke", "--everything", "--reason", "x", typed=[("Type everything", "everything\r")])
    assert (everything.code, "1 grant ended" in everything.text) == (0, True)
    assert host.script(OPS, "revoke").returncode == 2


def test_break_glass_and_its_review(host: Host) -> None:
    taken = host.see(DEV, "break-glass", "operator", "--reason", "INC-42: the shop is down")
    assert taken.code == 0 and "break-glass" in taken.text.splitlines()[0]
    grant = str(json.loads(host.script(DEV, "grants", "--json").stdout)["items"][0]["id"])
    host.json(DEV, "release", grant)
    waiting = host.see(OPS, "review", width=120)
    assert grant[:13] in waiting.text
    assert host.script(OPS, "review", grant).returncode == 2
    done = host.see(OPS, "review", grant[:13], "--justified", "yes", "--finding", "it was down")
    assert "justified by ops@example.com: it was down" in done.text
    host.see(DEV, "break-glass", "operator", "--reason", "INC-43: again")
    other = str(json.loads(host.script(DEV, "grants", "--json").stdout)["items"][0]["id"])
    waived = host.see(OPS, "waive-review", other[:13], "--reason", "the same incident")
    assert "waived by ops@example.com: the same incident" in waived.text


def test_delegations(host: Host) -> None:
    made = host.see(OPS, "delegate", "eva@example.com", "--until", "2h", "--reason", "lunch")
    assert made.text.startswith("eva@example.com reviews in the place of ops@example.com · active")
    listed = host.see(OPS, "delegations", width=120)
    [row] = [line for line in listed.text.splitlines() if "lunch" in line]
    ended = host.see(OPS, "undelegate", row.split()[0])
    assert " · ended" in ended.text


def test_standing_is_reported(host: Host) -> None:
    host.give(EVA)
    gone = host.see(OPS, "standing", "eva@example.com", "--enabled", "false")
    assert gone.text.splitlines()[0] == "1 grant ended"
    back = host.see(OPS, "standing", "eva@example.com", "--enabled", "true", "--roles", "developer")
    assert back.text == "nothing was live there, so nothing ended"


# --- looking back ---


def test_the_journal_is_listed_and_followed(host: Host) -> None:
    host.give(EVA)
    listed = host.see(AUDIT, "audit", "--limit", "3", "--order", "newest", "--event", "request_submitted", width=120)
    assert listed.text.splitlines()[0].split() == ["NO", "WHEN", "WHO", "WHAT", "MORE"]
    later = after(1.5, lambda: host.ask(EVA))
    seen = host.see(AUDIT, "audit", "--follow", width=120, typed=[("request submitted", "\x03")])
    later.join()
    assert seen.code == 0
    assert "eva@example.com request submitted" in seen.text and "role=operator" in seen.text


def test_what_is_exported(host: Host) -> None:
    host.give()
    grant = json.loads(host.script(OPS, "grants", "--json").stdout)["items"][0]["id"]
    summary = host.see(DEV, "summary", grant[:13])
    assert summary.code == 0 and "operator" in summary.text, summary.text
    written = host.script(DEV, "summary-text", grant[:13], "--form", "markdown")
    assert written.returncode == 0 and "operator" in written.stdout
    for command in ("checkpoint", "proof"):
        # Nothing signs in this host.
        assert host.script(AUDIT, command).returncode in {0, 3, 4, 5}
    policies = host.script(AUDIT, "policies")
    assert "permit" in policies.stdout and policies.returncode == 0
    assert re.fullmatch(r"\d+:[0-9a-f]{64}\n", host.script(AUDIT, "head").stdout)
    assert host.script(DEV, "policies").returncode == 4
    assert json.loads(host.script(AUDIT, "requests", "--status", "approved", "--json").stdout)["items"]


# --- for scripts ---


def test_json_and_lines_of_json(host: Host) -> None:
    first, second = host.ask(DEV), host.ask(EVA)
    page = json.loads(host.script(OPS, "requests", "--status", "pending", "--json").stdout)
    assert [one["id"] for one in page["items"]] == [second, first]
    lines = host.script(OPS, "requests", "--status", "pending", "--jsonl").stdout.splitlines()
    assert [json.loads(line)["id"] for line in lines] == [second, first]
    wrong = host.script(DEV, "approve", first, "--json")
    problem = json.loads(wrong.stderr)
    assert (wrong.returncode, wrong.stdout, problem["code"], problem["exit_code"]) == (4, "", "self_approval", 4)
    assert "\x1b" not in host.script(OPS, "queue").stdout


def test_the_beginning_of_an_id_is_enough_while_it_is_the_only_one(host: Host) -> None:
    first, second = host.ask(DEV), host.ask(EVA)
    assert host.json(OPS, "status", first[:13])["id"] == first
    both = first[: next(at for at in range(36) if first[at] != second[at])]
    done = host.script(OPS, "approve", both)
    assert (done.returncode, first in done.stderr and second in done.stderr) == (3, True), done
    none = host.script(OPS, "approve", "ffffffff")
    assert (none.returncode, "→" in none.stderr) == (5, True)
    assert host.script(OPS, "status", "ffffffff").returncode == 5


def test_exit_codes(host: Host) -> None:
    reason = ["--reason", "INC-1"]
    assert host.script(DEV, "request", "no-such-role", *reason).returncode in {3, 5}
    assert host.script(DEV, "request", "operator", "--for", "4", *reason).returncode == 3
    assert host.script(DEV, "request", "operator").returncode == 3, "a reason is needed, and nobody can be asked for it"
    assert host.script(DEV, "no-such-command").returncode == 2
    assert host.script("nobody", "status").returncode == 6
    assert host.script(None, "status").returncode == 6
    assert host.script(DEV, "status", JIT_HOST="http://127.0.0.1:9").returncode == 7
    assert host.script(DEV, "status", JIT_HOST="http://gateway.example.com").returncode == 3
    assert host.script(DEV, "status", JIT_HOST=f"{host.url}/elsewhere").returncode == 5
    assert host.script(DEV, "verify").returncode == 2
    assert host.script(DEV, "--version").stdout.startswith("jit ")
    assert host.script(DEV, "request", "operator", "--dry-run", *reason).returncode == 0
    assert json.loads(host.script(OPS, "queue", "--json").stdout)["items"] == []


# --- terminals ---


@pytest.mark.parametrize("width", [60, 80, 120])
def test_everything_fits_the_terminal(host: Host, width: int) -> None:
    reason = "INC-42: " + "a long reason that does not fit on any line " * 3 + "x" * 150
    request = host.json(DEV, "request", "operator", "--on", "tool:deploy@server:shop", "--reason", reason)["id"]
    host.give(EVA)
    for words in (
        ["queue"],
        ["status"],
        ["status", str(request)],
        ["grants"],
        ["grants", "--all"],
        ["audit"],
        ["--help"],
    ):
        seen = host.see(OPS, *words, width=width)
        longest = max(len(line) for line in seen.lines)
        assert longest <= width, f"{words} at {width}:\n{seen.text}"
        assert seen.code == 0
    assert max(map(len, host.script(OPS, "queue").stdout.splitlines())) > 250, "nothing is cut without a terminal"
    assert max(len(line) for line in host.see(OPS, "queue", width=200, COLUMNS="60").lines) <= 60


def test_colour_only_on_a_terminal_that_wants_it(host: Host) -> None:
    host.ask()
    assert host.see(OPS, "status").has_colour
    assert not host.see(OPS, "status", NO_COLOR="1").has_colour
    assert not host.see(OPS, "status", TERM="dumb").has_colour
    assert "\x1b" not in host.script(OPS, "status").stdout


@pytest.mark.parametrize(
    "hostile", ["a\u2062b", "pay\u200bslip", "a\u2066b\u2069", "\u202e", "a\x1b[31mb", "\u009b31m"]
)
def test_what_others_wrote_moves_and_colours_nothing(host: Host, hostile: str) -> None:
    made = host.script(DEV, "request", "operator", "--reason", f"INC-9 {hostile}", "--on", "tool:deploy", "--json")
    if made.returncode != 0:
        assert made.returncode == 3, made
        assert hostile not in made.stderr
        return
    request = json.loads(made.stdout)["id"]
    for words in (["queue"], ["status", request], ["audit", "--limit", "200"], ["status", request, "--json"]):
        seen = host.see(OPS, *words, width=120)
        # The terminal of the test refuses every sequence and control character that is not ours.
        assert not set(hostile) & set("\u2062\u200b\u2066\u2069\u202e\u009b") & set(seen.text), words


# --- signing in ---


def test_a_token_is_typed_unseen_and_kept_for_its_owner_alone(host: Host, tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "JIT_HOST": ""}
    seen = host.see(None, "login", host.url, typed=[("not shown", "token-dev\r")], **home)
    assert seen.code == 0, seen.text
    assert "token-dev" not in seen.text
    kept = tmp_path / ".config" / "jit-access" / "login.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert host.script(None, "status", **home).returncode == 0, "and the host is known from now on"
    wrong = host.script(None, "login", host.url, say="token-nobody\n", **home)
    assert wrong.returncode == 6
    assert host.script(None, "status", **home).returncode == 0, "the good token stays"
    token = tmp_path / "token"
    token.write_text("token-ops\n")
    assert host.script(None, "queue", "--host", host.url, "--token-file", str(token), **home).returncode == 0
    kept.chmod(0o644)
    told = host.script(None, "doctor", **home)
    assert (told.returncode, "chmod 600" in told.stdout) == (12, True), told
    assert host.script(None, "logout", **home).returncode == 0
    assert host.script(None, "status", "--host", host.url, **home).returncode == 6
    if shutil.which("secret-tool") is None:
        missing = host.script(None, "login", host.url, "--keyring", say="token-dev\n", **home)
        assert (missing.returncode, "secret-tool" in missing.stderr) == (1, True)


# A desktop's keyring needs a session on a bus, so a program with the grammar of `secret-tool` stands in its place.
KEYRING = """#!/bin/sh
echo "$*" >> "$HOME/asked"
case "$1" in
  store) cat > "$HOME/secret" ;;
  lookup) cat "$HOME/secret" ;;
  clear) rm "$HOME/secret" ;;
esac
"""


def test_a_token_in_the_keyring_is_never_an_argument_nor_in_a_file_of_ours(host: Host, tmp_path: Path) -> None:
    program = tmp_path / "secret-tool"
    program.write_text(KEYRING)
    program.chmod(0o755)
    home = {"HOME": str(tmp_path), "JIT_HOST": "", "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = host.script(None, "login", host.url, "--keyring", say="token-dev\n", **home)
    assert (done.returncode, "kept in the keyring" in done.stdout) == (0, True), done
    assert "token-dev" not in (tmp_path / ".config" / "jit-access" / "login.json").read_text()
    assert host.script(None, "status", **home).returncode == 0
    assert host.script(None, "logout", **home).returncode == 0
    assert not (tmp_path / "secret").exists()
    asked = (tmp_path / "asked").read_text()
    assert "token-dev" not in asked and [line.split()[0] for line in asked.splitlines()] == ["store", "lookup", "clear"]


# `dbus-run-session` makes a session of its own, and the keyring in it is unlocked as by signing in to a desktop.
SESSION = """
printf 'a password' | gnome-keyring-daemon --unlock --components=secrets --foreground >"$HOME/daemon" 2>&1 &
for _ in $(seq 100); do secret-tool lookup no thing 2>&1 | grep -q . || break; sleep 0.1; done
{jit} status; echo "before: $?"
printf 'token-dev' | {jit} login {url} --keyring; echo "login: $?"
cat "$HOME/.config/jit-access/login.json"; echo
{jit} status; echo "status: $?"
secret-tool lookup service jit-access host {url}/jit; echo
secret-tool clear service jit-access host {url}/jit
{jit} status; echo "cleared: $?"
printf 'token-dev' | {jit} login {url} --keyring
{jit} logout; echo "logout: $?"
secret-tool lookup service jit-access host {url}/jit; echo "gone: $?"
kill %1
"""


@pytest.mark.skipif(
    any(shutil.which(name) is None for name in ("gnome-keyring-daemon", "dbus-run-session", "secret-tool")),
    reason="there is no Secret Service here: gnome-keyring, dbus and libsecret-tools",
)
def test_a_token_in_the_keyring_of_a_real_secret_service(host: Host, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir(mode=0o700)
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    script = SESSION.format(jit=JIT, url=host.url)
    done = subprocess.run(
        ["dbus-run-session", "--", "bash", "-c", script],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = done.stdout
    for line in ("before: 2", "login: 0", "status: 0", "cleared: 6", "logout: 0", "gone: 1"):
        assert f"{line}\n" in said, (said, done.stderr)
    assert "kept in the keyring" in said and "\ntoken-dev\n" in said, said
    assert f'"{host.url}/jit":null' in said, "the file has the name of the host alone"
    assert f"the keyring holds no token for {host.url}/jit" in done.stderr, done.stderr
    assert f"jit login {host.url}/jit --keyring" in done.stderr
    # Without a session on a bus it says what to do.
    alone = subprocess.run(
        [str(JIT), "login", host.url, "--keyring"],
        env=environ,
        input="token-dev",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (alone.returncode, "desktop session on D-Bus" in alone.stderr) == (1, True), alone


def test_a_database_that_cannot_be_reached_is_said_without_its_password(host: Host) -> None:
    done = host.script(None, "--store", "postgresql://me:hidden-word@127.0.0.1:1/jit", "audit")
    assert done.returncode in (2, 7), "7: unavailable; 2: this build knows no PostgreSQL"
    assert "hidden-word" not in done.stdout + done.stderr and ("database" in done.stderr or "PostgreSQL" in done.stderr)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_help_is_a_list_that_fits(host: Host, width: int) -> None:
    seen = host.see(None, "--help", width=width)
    assert seen.code == 0 and max(len(line) for line in seen.text.splitlines()) <= width
    commands = seen.text[: seen.text.index("--host")].splitlines()
    assert "More:" not in commands, "every command has a place"
    # What goes on stands below its beginning, not below the names.
    rows = [line for line in commands[4:] if line.strip() and not line.endswith(":")]
    assert len(rows) > 50
    for row in rows:
        assert re.match(r"  [a-z][a-z-]+ +\S| {21}\S|      --", row), row


def test_a_token_on_the_command_line_is_no_option(host: Host) -> None:
    assert host.script(None, "status", "--token", "token-dev").returncode == 2


def test_the_variables_of_the_command_line_set_no_key_of_an_engine(host: Host) -> None:
    names = "HOST TOKEN TOKEN_FILE TIMEOUT INSECURE CONFIG USER"
    environ = dict.fromkeys([f"JIT_{name}" for name in names.split()], "x")
    Engine.from_yaml("jit_access: {store: {type: memory}}", environ=environ).close()


# --- operators ---


@pytest.fixture
def operated(host: Host, tmp_path: Path) -> list[str]:
    """The options for a store of its own, with one live grant."""
    host.give()
    config = tmp_path / "jit-access.yaml"
    config.write_text(
        "jit_access:\n  approver_roles: [platform_admin]\n  auditor_roles: [auditor]\n  roles:\n"
        f"    operator: {{permissions: [tools.execute]}}\n  store: {{path: {host.store}}}\n"
    )
    return ["--config", str(config)]


def test_operators_use_the_store_itself(host: Host, operated: list[str], tmp_path: Path) -> None:
    verified = host.see(None, *operated, "verify")
    assert verified.code == 0 and "records, each as it was written" in verified.text
    assert host.script(None, *operated, "live-grants", "--json").returncode == 0
    yes = host.script(None, *operated, "check", "dev@example.com", "tools.execute", "--on", "tool:deploy")
    assert (yes.returncode, "yes, by the grant" in yes.stdout) == (0, True), yes
    assert host.script(None, *operated, "check", "eva@example.com", "tools.execute").returncode == 12
    nobody = host.script(None, *operated, "revoke", "--everything", "--yes", "--reason", "x")
    assert (nobody.returncode, "--as" in nobody.stderr) == (2, True)
    done = host.script(
        None, *operated, "--as", "sre@example.com", "revoke", "--everything", "--yes", "--reason", "x", "--json"
    )
    assert [one["revoked_by"] for one in json.loads(done.stdout)["items"]] == ["sre@example.com"]
    well = host.see(None, *operated, "doctor")
    assert well.code == 0, well.text
    for command, said in (
        ("accept-store", "the store is accepted"),
        ("accept-clock", "the clock is taken to be right"),
    ):
        accepted = host.script(None, *operated, "--as", "sre@example.com", command, "--reason", "drill")
        assert (accepted.returncode, said in accepted.stdout) == (0, True), accepted
    missing = host.script(None, "--store", str(tmp_path / "none.db"), "verify")
    assert (missing.returncode, (tmp_path / "none.db").exists()) == (3, False)


def test_a_configuration_is_checked_shown_and_described(host: Host, operated: list[str], tmp_path: Path) -> None:
    config = operated[1]
    assert host.script(None, "config", "check", config).returncode == 0
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("jit_access: {max_duration_hour: 2, enabled: maybe}")
    told = host.see(None, "config", "check", str(wrong), width=120)
    assert told.code == 12 and told.text.count("✗") == 2 and "max_duration_hours" in told.text
    shown = host.see(None, "config", "show", config, width=120, JIT_MAX_DURATION_HOURS="3")
    assert re.search(r"max_duration_hours +3 +JIT_MAX_DURATION_HOURS", shown.text), shown.text
    assert re.search(r"approver_roles +\[\"platform_admin\"\] +file", shown.text), shown.text
    schema = json.loads(host.script(None, "config", "schema").stdout)
    roles = schema["properties"]["jit_access"]["properties"]["roles"]
    assert "permissions" in roles["additionalProperties"]["properties"]


# --- the command itself ---


def test_completions_are_loaded_by_the_shells(host: Host) -> None:
    bash = f"source <({JIT} completions bash); COMP_WORDS=(jit appr); COMP_CWORD=1; _jit jit appr jit"
    bash += '; echo "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", bash], capture_output=True, text=True, check=True, env=host.env(None))
    assert done.stdout.split() == ["approve"], done


def test_completions_are_loaded_by_zsh(host: Host, tmp_path: Path) -> None:
    script = host.script(None, "completions", "zsh")
    assert script.returncode == 0 and script.stdout.startswith("#compdef jit")
    if shutil.which("zsh") is None:
        pytest.skip("SKIPPED: zsh is not installed (apt-get install zsh), so its completions are not loaded")
    (tmp_path / "_jit").write_text(script.stdout)
    # An interactive shell of its own, in a terminal: what a person sees after pressing the tabulator.
    (tmp_path / ".zshrc").write_text(
        f"fpath=({tmp_path} $fpath)\nautoload -U compinit; compinit -u -d {tmp_path}/dump\nPS1='> '\nunsetopt beep\n"
    )
    seen = _typed(["zsh", "-i"], "jit approv\t--f\t", {**host.env(None), "ZDOTDIR": str(tmp_path)})
    assert "jit approve" in seen and "--for" in seen, seen


def test_completions_are_loaded_by_fish(host: Host, tmp_path: Path) -> None:
    script = host.script(None, "completions", "fish")
    assert script.returncode == 0 and "complete -c jit" in script.stdout
    if shutil.which("fish") is None:
        pytest.skip("SKIPPED: fish is not installed (apt-get install fish), so its completions are not loaded")
    (tmp_path / "jit.fish").write_text(script.stdout)
    env = {**host.env(None), "XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    for typed, found in (("jit appr", "approve"), ("jit approve --f", "--for"), ("jit config sch", "schema")):
        words = ["fish", "--no-config", "-c", f"source {tmp_path}/jit.fish; complete --do-complete '{typed}'"]
        done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60, env=env)
        assert found in [line.split("\t")[0] for line in done.stdout.splitlines()], done


def _typed(command: list[str], keys: str, env: dict[str, str]) -> str:
    """What an interactive program shows when these keys are pressed, without the sequences of the terminal."""
    import pty
    import select

    child, master = pty.fork()
    if child == 0:
        os.execvpe(command[0], command, env)
    seen = b""

    def read(seconds: float) -> None:
        nonlocal seen
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if select.select([master], [], [], left)[0]:
                try:
                    seen += os.read(master, 65536)
                except OSError:
                    return

    deadline = time.monotonic() + 30
    while b"> " not in seen and time.monotonic() < deadline:
        read(0.5)
    for part in re.findall(r"[^\t]+\t?", keys):
        os.write(master, part.encode())
        read(3)
    os.close(master)
    os.waitpid(child, 0)
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\r", "", seen.decode(errors="replace"))


def test_it_starts_at_once(host: Host) -> None:
    """`jit` takes at most 30 ms of the processor beyond the start of the interpreter. The best of many counts, because
    a busy machine delays any."""

    def spent(*command: str) -> float:
        best = float("inf")
        for _ in range(15):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(command, env=host.env(None), check=True, capture_output=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        return best * 1000

    interpreter, whole = spent(sys.executable, "-c", "pass"), spent(str(JIT), "--version")
    print(f"FIGURE: jit --version {whole:.0f} ms, of which the interpreter's own start {interpreter:.0f} ms")
    assert whole - interpreter <= 30


def test_a_check_at_a_running_host(host: Host) -> None:
    host.give()
    yes = host.script(OPS, "check", "dev@example.com", "tools.execute", "--on", "tool:deploy")
    assert (yes.returncode, "yes, by the grant" in yes.stdout) == (0, True), yes
    no = host.script(OPS, "check", "eva@example.com", "tools.execute", "--json")
    assert (no.returncode, json.loads(no.stdout)["outcome"]) == (12, "not_applicable"), no


def test_a_new_configuration_is_simulated(host: Host, operated: list[str], tmp_path: Path) -> None:
    host.give()
    host.ask(EVA)
    text = (
        "jit_access:\n  max_duration_hours: 8\n  approver_roles: [platform_admin]\n  roles:\n"
        "    operator: {permissions: [tools.execute, tools.read, tools.update]}\n"
    )
    now, new = tmp_path / "now.yaml", tmp_path / "new.yaml"
    now.write_text(text)
    new.write_text(text)
    same = host.script(None, "--store", str(host.store), "simulate-config", str(now), str(new))
    assert same.returncode == 0 and "say the same" in same.stdout, same
    new.write_text(text.replace("jit_access:\n", "jit_access:\n  reserved_permissions: [tools.execute]\n", 1))
    changed = host.see(None, "--store", str(host.store), "simulate-config", str(now), str(new), width=140)
    assert changed.code == 12 and "reserved_permissions" in changed.text and "at once" in changed.text, changed.text
    new.write_text("jit_access: {max_duration_hours: -1}\n")
    wrong = host.script(None, "--store", str(host.store), "simulate-config", str(now), str(new))
    assert (wrong.returncode, "max_duration_hours" in wrong.stderr) == (12, True), wrong


def test_summaries_and_long_exports(host: Host, operated: list[str], tmp_path: Path) -> None:
    grant = host.give()
    shown = host.see(OPS, "summary", grant, width=100)
    assert shown.code == 0 and "WHAT HAPPENED" in shown.text and "approved by" in shown.text, shown.text
    for command in ("alerts", "deliveries"):
        assert host.see(OPS, command).code == 0
    everything = host.script(OPS, "export")
    numbers = [json.loads(line)["revision"] for line in everything.stdout.splitlines()]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) > 4
    assert host.script(None, *operated, "export").stdout.count("\n") >= len(numbers)
    table = host.script(None, *operated, "export", "--format", "csv").stdout
    assert table.startswith("revision,at") and table.count("revision,at") == 1


def test_the_manual(host: Host, tmp_path: Path) -> None:
    page = host.script(None, "man")
    assert "EXIT CODES" in page.stdout and page.stdout.startswith(".ie")
    pages = host.script(None, "man", "--dir", str(tmp_path / "man1"))
    assert pages.returncode == 0
    assert (tmp_path / "man1" / "jit-request.1").read_text().count("idempotency") == 2
    if shutil.which("man"):
        subprocess.run(["man", "--warnings", "-l", str(tmp_path / "man1" / "jit.1")], check=True, capture_output=True)


def test_the_recording_in_the_documentation_is_what_happens(new_host: Host) -> None:
    width = 96
    words = ["request", "operator", "--on", "tool:deploy", "--for", "2h", "--reason", "INC-42: roll back", "--wait"]

    def approve() -> None:
        shots.append(
            (
                "jit queue                                     # somebody who may approve",
                new_host.see(OPS, "queue", width=width),
            )
        )
        [request] = json.loads(new_host.script(OPS, "queue", "--json").stdout)["items"]
        first = request["id"][:13]
        shots.append((f"jit status {first}", new_host.see(OPS, "status", first, width=width)))
        new_host.script(OPS, "approve", first, "--for", "1h")

    shots: list[tuple[str, Seen]] = []
    later = after(1.5, approve)
    asked = new_host.see(DEV, *words, width=width)
    later.join()
    shots.insert(0, ('jit request operator --on tool:deploy --for 2h --reason "INC-42: roll back" --wait', asked))
    shots.append(("jit grants", new_host.see(OPS, "grants", width=width)))
    made = terminal.picture(shots, width=width)
    committed = ROOT / "docs" / "cli.svg"
    if os.environ.get("UPDATE_GENERATED"):
        committed.write_text(made)
    assert words_of(made) == words_of(committed.read_text()), "write it with UPDATE_GENERATED=1"


def words_of(picture: str) -> list[str]:
    """What a picture says, without what is another one each time."""
    return [plain(text) for text in re.findall(r">([^<]+)</text>", picture)]


def test_every_command_has_been_run_here(host: Host) -> None:
    listed = re.findall(r"^\| `jit ([a-z-]+)`", (ROOT / "docs" / "cli.md").read_text(), re.M)
    assert len(listed) > 30
    # What the catalogue has since this file was written is reachable by its name; what it does has tests of its own.
    for command in sorted(set(listed) - USED):
        seen = host.see(OPS, command, "--help")
        assert seen.code == 0 and f"Usage: jit {command}" in seen.text, seen.text
        print(f"NOTE: of `jit {command}` only the help was tried")
