"""What can go wrong between a program and the service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ClientError(Exception):
    """Anything that this client raises."""


class Unreachable(ClientError):
    """The service did not answer, however often it was asked."""


class Problem(ClientError):
    """The service refused (RFC 9457)."""

    def __init__(self, status: int, code: str, detail: str, retry_after: float | None = None) -> None:
        super().__init__(detail or f"the service answered {status}")
        self.status = status
        self.code = code
        """The stable code of the refusal, such as `too_many_requests`."""
        self.detail = detail
        self.retry_after = retry_after
        """After how many seconds the same call may succeed, where time alone makes the difference."""


class NotApproved(ClientError):
    """The request was answered, and not with a yes."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        reviews = [review for review in request.get("reviews", ()) if review.get("verdict") == "deny"]
        why = f": {reviews[-1]['comment']}" if reviews and reviews[-1].get("comment") else ""
        super().__init__(f"request {request['id']} is {str(request['status']).replace('_', ' ')}{why}")
        self.request = request


class StillWaiting(ClientError):
    """Nobody has answered the request yet. It goes on waiting; ask for its status later."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        question = (
            "a reviewer asks for more information" if request["status"] == "needs_info" else "nobody has answered"
        )
        super().__init__(f"request {request['id']}: {question}")
        self.request = request


class AccessDenied(Exception):
    """An action was denied. A program raises it to say what was denied, so that it can be asked for."""

    def __init__(
        self,
        action: str,
        resource: str | None = None,
        *,
        parent: str | None = None,
        call: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{action} on {resource or 'everything'} is denied")
        self.action = action
        self.resource = resource
        self.parent = parent
        self.call = call
        """The exact call of a tool, where only that shall be allowed: `{"name": …, "arguments": {…}}`."""
