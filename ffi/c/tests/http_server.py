"""Drives examples/http_server.c: refused, granted, allowed, revoked, refused.   usage: http_server.py <the program>"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

CONFIG = "jit_access: {approver_roles: [lead], roles: {deployer: {permissions: [tools.deploy]}}, store: {path: jit.db}}"
LEAD = {"principal": "lead@example.com", "roles": ["lead"]}


def ask(request: urllib.request.Request) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def main() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    here = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "jit.yaml"
        config.write_text(CONFIG)
        pipe = subprocess.PIPE
        with subprocess.Popen([*sys.argv[1:], str(port), str(config)], stdin=pipe, stdout=pipe) as server:
            assert server.stdin and server.stdout and server.stdout.readline() == b"listening\n"

            def use() -> int:
                return ask(urllib.request.Request(f"{here}/deploy", headers={"X-User": "dev@example.com"}))[0]

            def run(**command: object) -> dict[str, str]:
                status, text = ask(urllib.request.Request(f"{here}/jit", data=json.dumps(command).encode()))
                assert status == 200, text
                return json.loads(text)

            assert use() == 403
            dev = {"principal": "dev@example.com"}
            made = run(command="submit", caller=dev, role="deployer", duration_hours=1, reason="a test")
            assert use() == 403
            grant = run(command="approve", caller=LEAD, request=made["id"])["grant_id"]
            assert use() == 200
            assert run(command="grant", caller=LEAD, id=grant)["actions_taken"] == 1
            run(command="revoke", caller=LEAD, grant=grant, reason="a test")
            assert use() == 403
            assert ask(urllib.request.Request(f"{here}/jit", data=b"{"))[0] == 400
            server.stdin.close()
            assert server.wait(30) == 0
    print("http_server: all holds")


main()
