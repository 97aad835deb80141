"""What does an AuthZEN decision point answer, as the host's own standing answer?"""

from __future__ import annotations

from typing import Any

from jit_access.outside.http import Caller as Http
from jit_access.outside.http import OutsideError


class AuthZenDecisions:
    """The evaluations of a decision point at this address, for `base` of `create_authzen_router`.

    ```python
    standing_answer = AuthZenDecisions("https://pdp.example.com", token=token)
    app.include_router(create_authzen_router(engine, base=standing_answer, ...))
    ```

    What cannot be asked has not said yes: an answer that does not come, or is none, is a no, and grants go on.
    """

    def __init__(self, url: str, *, token: str | None = None, timeout: float = 2.0) -> None:
        self._call = Http(f"{url.rstrip('/')}/access/v1", token=token, timeout=timeout)

    def __call__(self, question: dict[str, Any]) -> bool:
        """Whether it permits this: `subject`, `action`, `resource`, and `context` where there is one."""
        try:
            return self.ask(question)
        except OutsideError:
            return False

    def ask(self, question: dict[str, Any]) -> bool:
        """The same, where it matters that it could not be asked: raises `OutsideError`."""
        asked = {name: question[name] for name in ("subject", "action", "resource", "context") if question.get(name)}
        answer = self._call("POST", "evaluation", body=asked)
        decision = answer.get("decision") if isinstance(answer, dict) else None
        if not isinstance(decision, bool):
            raise OutsideError("the decision point answered without a decision")
        return decision
