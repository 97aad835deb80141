"""What went wrong, by what the caller can do about it."""

from __future__ import annotations

import json


class JitAccessError(Exception):
    """An operation did not happen, and nothing of it did."""

    code: str
    """The stable name of what went wrong."""
    status: int
    """The HTTP status that says the same (RFC 9110)."""
    retryable: bool
    """Whether the same call may succeed later without any change."""

    def __init__(self, message: str, code: str, status: int, retryable: bool, problem: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.retryable = retryable
        self._problem = problem

    def __reduce__(self) -> tuple[type[JitAccessError], tuple[str, str, int, bool, str]]:
        return type(self), (str(self), self.code, self.status, self.retryable, self._problem)

    @property
    def challenge(self) -> str | None:
        """What to send as `WWW-Authenticate`, when a stronger sign-in would help (RFC 9470)."""
        challenge = json.loads(self._problem).get("challenge")
        return challenge if isinstance(challenge, str) else None

    def problem_json(self) -> str:
        """The error as an RFC 9457 problem document."""
        return self._problem


class InvalidInput(JitAccessError, ValueError):
    """An input is not what it has to be: change it."""


class Refused(JitAccessError):
    """The rules say no: the caller may not do this."""


class NotFound(JitAccessError):
    """There is no such thing, or the caller may not know of it."""


class Conflict(JitAccessError):
    """The state does not allow it: look again and decide anew."""


class RateLimited(JitAccessError):
    """Asked too often: the problem says in `retry_at` from when on the same call may succeed."""


class Unavailable(JitAccessError):
    """The store cannot be used now: try again later."""


class Corrupt(JitAccessError):
    """What is kept is damaged: call a person."""


class InternalError(JitAccessError):
    """A promise of the library did not hold: report it."""
