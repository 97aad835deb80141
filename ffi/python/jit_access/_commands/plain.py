"""Methods of `Engine`. Generated from `src/command`, by `tests/generated`."""

from datetime import datetime

from jit_access._methods import method
from jit_access._native import Caller, Engine


@method
def summary_text(self: Engine, caller: Caller, grant_id: str, *, form: str | None = None) -> str:
    """Get the summary of a grant as text, Markdown or HTML.

    What people and agents wrote is escaped as the form needs it.

    - `grant_id`: The grant.
    - `form`: The form: `text`, which is the default, `markdown` or `html`.
    """
    return self._run("summary_text", caller, {"grant": grant_id, "form": form})


@method
def metrics(self: Engine, caller: Caller) -> str:
    """Get the figures of the engine, as Prometheus reads them.

    Needs a role in `approver_roles` or `auditor_roles`. docs/metrics.md has every name.
    """
    return self._run("metrics", caller, {})


@method
def export(
    self: Engine,
    caller: Caller,
    *,
    grant_id: str | None = None,
    request_id: str | None = None,
    person: str | None = None,
    agent: str | None = None,
    approver: str | None = None,
    role: str | None = None,
    permission: str | None = None,
    resource: str | None = None,
    result: str | None = None,
    event: str | None = None,
    start: datetime | str | None = None,
    until: datetime | str | None = None,
    text: str | None = None,
    format: str | None = None,
    after: int | None = None,
) -> str:
    """Export records, oldest first: a thousand of those that are wanted, in one of three forms.

    To continue, send the number of the last record as `after`; when there are no more, the text is empty. So an
    export can stop at any record and continue later. Over HTTP all of them are one response. `jsonl` has a
    record on each line, as `audit` shows it; `csv` has a line with its column names before the first record;
    `ocsf` has an event of OCSF 1.8.0 on each line. Needs a role in `approver_roles` or `auditor_roles`.

    - `grant_id`: Only records about this grant.
    - `request_id`: Only records about this request, and the one that made its grant.
    - `person`: Only records that concern this person: who did it, whose request or grant it is, or for whom an
      agent acts.
    - `agent`: Only records that concern this agent.
    - `approver`: Only answers of this person to requests, and records of grants that needed their approval.
    - `role`: Only records about a request or a grant of this role.
    - `permission`: Only uses of this permission, and requests and new grants that name it as it is written
      here.
    - `resource`: Only uses on this resource, of this kind or with this parent, and requests and new grants
      whose scope names it.
    - `result`: Only records with this result.
    - `event`: Only records of this kind.
    - `start`: Only records of this instant or later.
    - `until`: Only records before this instant.
    - `text`: Only records with this text in a reason, comment or similar field, ignoring case.
    - `format`: The form: `jsonl`, `csv` or `ocsf`.
    - `after`: Only records after the one of this number.
    """
    return self._run("export", caller, {"grant": grant_id, "request": request_id, "person": person, "agent": agent, "approver": approver, "role": role, "permission": permission, "resource": resource, "result": result, "event": event, "from": start, "until": until, "text": text, "format": format, "after": after})


@method
def policies(self: Engine, caller: Caller, *, grant_id: str | None = None) -> str:
    """Export all live grants as one Cedar policy set, or the policy of one grant.

    The same grants at the same instant give the same text. Needs a role in `approver_roles` or `auditor_roles`;
    everyone who may see a grant may read its policy.

    - `grant_id`: Only the policy of this grant. Of one that is not in force the set is empty.
    """
    return self._run("policies", caller, {"grant": grant_id})


@method
def head(self: Engine, caller: Caller) -> str:
    """Get the head of the journal, to keep outside of the store.

    It is the number of the last record, a colon, and that record's hash. `verify` takes it later and finds
    whether any record up to that one was removed, changed or rewritten. Needs a role in `approver_roles` or
    `auditor_roles`.
    """
    return self._run("head", caller, {})


@method
def checkpoint(self: Engine, caller: Caller, *, record: int | None = None) -> str:
    """Get a signed checkpoint of the journal.

    It is a signed note (C2SP) with the number of records, the root of the tree over their texts (RFC 6962), and
    the hash of the last one. Keep it elsewhere: it shows later whether any record up to that one was removed or
    rewritten. Needs a role in `approver_roles` or `auditor_roles`.

    - `record`: A record: returns the first checkpoint that covers it. The default is the last checkpoint.
    """
    return self._run("checkpoint", caller, {"record": record})


@method
def proof(
    self: Engine, caller: Caller, *, record: int | None = None, since: int | None = None, checkpoint: int | None = None
) -> str:
    """Prove that a record is in the journal, or that an earlier checkpoint is of the same one.

    The answer is JSON with the checkpoint and the hashes that lead to it. Give either `record` or `since`.
    Needs a role in `approver_roles` or `auditor_roles`.

    - `record`: The record that is in the journal.
    - `since`: The size of an earlier checkpoint, whose journal this one continues.
    - `checkpoint`: The size of the checkpoint that the proof leads to. The default is the last checkpoint.
    """
    return self._run("proof", caller, {"record": record, "since": since, "checkpoint": checkpoint})


@method
def evidence(
    self: Engine,
    caller: Caller,
    *,
    start: datetime | str | None = None,
    until: datetime | str | None = None,
    form: str | None = None,
) -> str:
    """Get evidence for an audit of a period, from the journal alone.

    Under NIST SP 800-53 AC-2(2), AC-2(4), AC-2(12), AC-6(5), AC-6(7), AC-6(9) and AC-6(10), and HIPAA
    164.312(a)(2)(ii): the facts of each control, its exceptions and its list, and whether the chain of records
    is intact. The period must have ended: then the same call gives the same bytes. Needs a role in
    `approver_roles` or `auditor_roles`.

    - `start`: The first instant of the period.
    - `until`: The first instant after it.
    - `form`: The form: `json`, which is the default, `csv` or `html`.
    """
    return self._run("evidence", caller, {"from": start, "until": until, "form": form})


@method
def verify(self: Engine, *, expected: str | None = None, after: str | None = None) -> int:
    """Check the whole journal, and that the stored state follows from it. The answer is the number of records.

    - `expected`: A head that `head` gave, kept outside of the store. The journal must have that record.
    - `after`: A head up to which everything was verified before. Only later records are checked, and every row
      in force.
    """
    return self._run("verify", None, {"expected": expected, "after": after})
