"""A mailbox and a receiver on loopback, to see what jit-access sends without any account.

usage: python examples/gateway/inbox.py [--smtp 2525] [--http 8025]

It takes mail on the first port, and webhooks and Slack messages on the second; the page of what came is there too. It
keeps the last hundred in memory and sends nothing on. For trying out only: it asks nobody who they are.
"""

from __future__ import annotations

import argparse
import contextlib
import html
import json
import socketserver
import threading
from collections import deque
from dataclasses import dataclass, field
from email import policy
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

LONGEST = 1_000_000


@dataclass(frozen=True)
class Came:
    """One message: its title, its text, and its HTML if it has one."""

    by: str
    title: str
    text: str
    page: str | None = None
    number: int = field(default_factory=count(1).__next__)


CAME: deque[Came] = deque(maxlen=100)


class Mail(socketserver.StreamRequestHandler):
    """As much of a mail server as a mail takes."""

    timeout = 30

    def handle(self) -> None:
        """Talk with one client."""
        self.say("220 mailbox")
        while line := self.rfile.readline(LONGEST):
            match line[:4].upper().strip():
                case b"DATA":
                    self.say("354 go on")
                    self.take()
                case b"QUIT":
                    self.say("221 bye")
                    return
                case _:
                    self.say(
                        "250 mailbox" if line[:4].upper() != b"EHLO" else "250-mailbox\r\n250-8BITMIME\r\n250 SMTPUTF8"
                    )

    def take(self) -> None:
        """Read one mail and keep it."""
        lines, size = [], 0
        while (line := self.rfile.readline(LONGEST)) not in (b".\r\n", b""):
            size += len(line)
            if size > LONGEST:
                return
            lines.append(line[1:] if line.startswith(b".") else line)
        mail = BytesParser(policy=policy.default).parsebytes(b"".join(lines))
        part = {kind: mail.get_body((kind,)) for kind in ("plain", "html")}
        text, page = (one.get_content() if one else None for one in (part["plain"], part["html"]))
        CAME.appendleft(Came(f"mail to {mail['To']}", str(mail["Subject"]), text or "", page))
        self.say("250 taken")

    def say(self, line: str) -> None:
        """One answer."""
        self.wfile.write(line.encode() + b"\r\n")


class Page(BaseHTTPRequestHandler):
    """Takes webhooks and Slack messages, and shows what came."""

    def do_POST(self) -> None:
        """Keep one message, and answer as Slack does."""
        body = self.rfile.read(min(int(self.headers.get("content-length", 0)), LONGEST)).decode(errors="replace")
        with contextlib.suppress(ValueError):
            document = json.loads(body)
            title = str(document.get("text") or document.get("type") or "a webhook")
            by = "webhook" if "specversion" in document else "Slack"
            CAME.appendleft(Came(f"{by} at {self.path}", html.unescape(title), json.dumps(document, indent=2)))
        self.answer(
            json.dumps({"ok": True, "channel": "C1", "ts": f"{CAME[0].number if CAME else 0}.0"}), "application/json"
        )

    def do_GET(self) -> None:
        """The list, or the HTML of one mail."""
        if self.path.startswith("/mail/"):
            number = self.path.removeprefix("/mail/")
            found = next((one for one in CAME if str(one.number) == number), None)
            self.answer(found.page if found and found.page else "nothing here", "text/html")
            return
        rows = "".join(map(self.row, list(CAME))) or "<p>Nothing came yet. Messages appear here."
        self.answer(f"{HEAD}<h1>{len(CAME)} messages</h1>{rows}", "text/html")

    @staticmethod
    def row(one: Came) -> str:
        """One message of the list."""
        shown = f"<pre>{html.escape(one.text)}</pre>"
        if one.page:
            text = f"<details><summary>text</summary>{shown}</details>"
            shown = f'<iframe sandbox src="/mail/{one.number}" title="mail"></iframe>{text}'
        return (
            f"<details><summary><b>{html.escape(one.title)}</b> <i>{html.escape(one.by)}</i></summary>{shown}</details>"
        )

    def answer(self, text: str, kind: str) -> None:
        """One page. What came runs no script here."""
        body = text.encode()
        self.send_response(200)
        self.send_header("content-type", f"{kind}; charset=utf-8")
        self.send_header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


HEAD = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="10"><title>Mailbox</title><style>
:root { color-scheme: light dark } body { font: 14px/20px system-ui, sans-serif }
body { max-width: 760px; margin: 24px auto; padding: 0 12px }
summary { padding: 10px 0; cursor: pointer } i { opacity: .7 } pre { overflow-x: auto }
details { border-top: 1px solid #8884 } iframe { width: 100%; height: 640px; border: 0 }
</style>"""


def start(smtp: int, http: int) -> list[socketserver.BaseServer]:
    """Serve both on loopback, in threads; call `shutdown` of each to end."""
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    socketserver.ThreadingTCPServer.daemon_threads = True
    servers: list[socketserver.BaseServer] = [
        socketserver.ThreadingTCPServer(("127.0.0.1", smtp), Mail),
        ThreadingHTTPServer(("127.0.0.1", http), Page),
    ]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    return servers


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--smtp", type=int, default=2525, help="the port for mail (default: %(default)s)")
    parser.add_argument(
        "--http", type=int, default=8025, help="the port for the page, webhooks and Slack (default: %(default)s)"
    )
    options = parser.parse_args()
    start(options.smtp, options.http)
    print(f"what comes is shown on http://127.0.0.1:{options.http}/", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()


if __name__ == "__main__":
    main()
