"""Receivers for tests, each a process of its own: a mail server, or a server for webhooks and Slack.

usage: receiver.py smtp [--tls CERTIFICATE KEY] [--starttls CERTIFICATE KEY] [--user NAME PASSWORD] [--answer LINE]
       receiver.py http [--behaviour NAME] [--retry-after TEXT] [--secret SECRET] [--location URL]
                        [--port NUMBER]

The first line on the standard output is the port. Each further line is a JSON document of what was received, as a
reader would see it: decoded headers and parts, or the raw body. It ends with its standard input.
"""

from __future__ import annotations

import argparse
import base64
import json
import socket
import ssl
import sys
import threading
import time
from email import policy
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LOCK = threading.Lock()


def tell(document: dict[str, Any]) -> None:
    """One line for the test."""
    with LOCK:
        print(json.dumps(document), flush=True)


def free_port() -> int:
    """A port of loopback that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# --- mail -------------------------------------------------------------------------------------------------------------


def smtp(options: argparse.Namespace) -> None:
    """A real mail server."""
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

    class Mailbox:
        """Tells the test of each mail."""

        async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
            if options.answer:
                return str(options.answer)
            raw = bytes(envelope.content or b"")
            mail = BytesParser(policy=policy.default).parsebytes(raw)
            tell(
                {
                    "from": envelope.mail_from,
                    "to": envelope.rcpt_tos,
                    "tls": server.transport.get_extra_info("ssl_object") is not None,
                    "authenticated": bool(session.authenticated),
                    "headers": [[name, str(value)] for name, value in mail.items()],
                    "types": [part.get_content_type() for part in mail.walk()],
                    "parts": [part.get_content() for part in mail.walk() if not part.is_multipart()],
                    "raw": base64.b64encode(raw).decode(),
                }
            )
            return "250 taken"

    def sign_in(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=[data.login.decode(), data.password.decode()] == options.user, handled=False)

    settings: dict[str, Any] = {}
    if options.user:
        # It takes only STARTTLS for TLS.
        settings |= {"authenticator": sign_in, "auth_required": True, "auth_require_tls": bool(options.starttls)}
    if files := options.tls or options.starttls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
        settings |= {"ssl_context": context} if options.tls else {"tls_context": context, "require_starttls": True}
    port = free_port()
    Controller(Mailbox(), hostname="127.0.0.1", port=port, **settings).start()
    print(port, flush=True)


# --- webhooks and Slack -----------------------------------------------------------------------------------------------


def http(options: argparse.Namespace) -> None:
    """A server that behaves as asked. It answers Slack's methods as Slack does."""
    count = 0

    class Handler(BaseHTTPRequestHandler):
        """Tells the test of each request."""

        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            nonlocal count
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            with LOCK:
                count += 1
                number = count
            tell(
                {
                    "path": self.path,
                    "headers": {name.lower(): value for name, value in self.headers.items()},
                    "body": body.decode(),
                    "verified": verified(options.secret, body, self.headers),
                }
            )
            self.behave(number)

        def behave(self, number: int) -> None:
            behaviour = options.behaviour
            if behaviour.startswith("first-"):
                behaviour = behaviour.removeprefix("first-") if number == 1 else "ok"
            match behaviour:
                case "ok":
                    self.answer(200, self.slack(number))
                case "hang":
                    time.sleep(3600)
                case "close":
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                case "slow":
                    time.sleep(0.3)
                    self.answer(200, b"ok")
                case "drip":
                    for byte in b"HTTP/1.1 200 OK\r\nx: " + b"y" * 3600:
                        self.connection.sendall(bytes([byte]))
                        time.sleep(0.2)
                case "garbage":
                    self.connection.sendall(b"\0\xff" * 100 + b"\r\n\r\n")
                    self.close_connection = True
                case "redirect":
                    self.answer(307, b"", {"location": options.location})
                case "endless":
                    self.send_response(200)
                    self.end_headers()
                    while True:
                        self.connection.sendall(b"z" * 65536)
                case status:
                    self.answer(int(status), b"no", {"retry-after": options.retry_after})

        def slack(self, number: int) -> bytes:
            if self.path.startswith("/api/"):
                return json.dumps({"ok": True, "channel": "C1", "ts": f"{number}.0"}).encode()
            return b"ok"

        def answer(self, status: int, body: bytes, headers: dict[str, str | None] | None = None) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                if value is not None:
                    self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

    server = Server(("127.0.0.1", options.port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)


def verified(secret: str | None, body: bytes, headers: Any) -> bool | None:
    """What the published library of Standard Webhooks says of the signature."""
    if secret is None:
        return None
    from standardwebhooks import Webhook, WebhookVerificationError

    try:
        Webhook(secret).verify(body, {name.lower(): value for name, value in headers.items()})
    except WebhookVerificationError:
        return False
    return True


def main() -> None:
    """Parse, serve, and end with the test."""
    parser = argparse.ArgumentParser()
    kinds = parser.add_subparsers(dest="kind", required=True)
    mail = kinds.add_parser("smtp")
    mail.add_argument("--tls", nargs=2)
    mail.add_argument("--starttls", nargs=2)
    mail.add_argument("--user", nargs=2)
    mail.add_argument("--answer")
    web = kinds.add_parser("http")
    web.add_argument("--behaviour", default="ok")
    web.add_argument("--retry-after")
    web.add_argument("--secret")
    web.add_argument("--location")
    web.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    {"smtp": smtp, "http": http}[options.kind](options)
    sys.stdin.read()


if __name__ == "__main__":
    main()
