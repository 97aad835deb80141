"""A client of the workflow over HTTP: ask, wait, call again.

```python
from jit_access.client import AccessDenied, Client, ask_and_retry

client = Client("https://gateway.example.com/jit", token=read_token)

@ask_and_retry(client, reason="roll out 1.4.2")
def deploy() -> None:
    if not allowed():
        raise AccessDenied("tools.execute", "tool:deploy")
```

`Client` and `AsyncClient` say the same; needs the extra `client` (httpx). A call that failed on its way is
repeated, and
a repeat does nothing twice: every write carries an idempotency key of its own.

| module | question |
|---|---|
| `flows` | which calls and pauses an operation is made of, without any input or output |
| `errors` | what can go wrong |
| `drive` | who carries the calls out: a thread, or an event loop |
| `retry` | how a denial becomes a request, a wait and the same call again |
"""

from __future__ import annotations

from jit_access.client.drive import AsyncClient, Client
from jit_access.client.errors import AccessDenied, ClientError, NotApproved, Problem, StillWaiting, Unreachable
from jit_access.client.retry import AskingTransport, AsyncAskingTransport, ask_and_retry

__all__ = [
    "AccessDenied",
    "AskingTransport",
    "AsyncAskingTransport",
    "AsyncClient",
    "Client",
    "ClientError",
    "NotApproved",
    "Problem",
    "StillWaiting",
    "Unreachable",
    "ask_and_retry",
]
