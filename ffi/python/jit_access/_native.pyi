"""The engine, and the values it answers with.

Import these names from `jit_access`; this module is where they are built.

**Time.** Every `datetime` that comes out is in UTC and knows it, in whole milliseconds. One that goes in must know
its zone. Windows are half-open: a grant gives at `starts_at` and no longer at `expires_at`.

**Errors.** Whatever goes wrong is an exception of `jit_access.errors`, chosen by what the caller can do about it,
with `code`, `status`, `retryable` and `problem_json()`. When one is raised nothing has happened. An argument of
another type than it says here is a `TypeError`; text that is no Unicode (a lone surrogate) a `UnicodeEncodeError`;
a number that no machine word holds an `OverflowError`.

**Threads.** An engine may be used by all threads at once. Calls that may wait for a disk let other Python threads run
meanwhile; checks are answered from memory and do not.

**Processes.** Processes that open the same SQLite file share one journal. After `os.fork()` the child may go on
using an engine that the parent opened: it opens the file anew at its first call. Nothing is shared over a store in
memory, which is empty in the child. Importing starts no thread; an engine starts one, at its first call in a
process, that writes uses, records what time did, and follows other processes. When the system gives no thread, opening
and that call raise `Unavailable`.

**Logs.** What an operator should know arrives in Python's `logging`, in loggers below `jit_access`: "uses cannot be
recorded", "background work failed". The message has all of it; the attribute `fields` of the `LogRecord` has the fields
by name. Records are delivered at the end of a call, or by the engine's own thread, while no lock of the engine is held.
The library prints nothing.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal, Self, final

from jit_access.answers import Page
from jit_access.principals import Directory, Principal, Standing, UseDetails
from jit_access.values import (
    AccessRequest,
    Alert,
    Delegation,
    Delivery,
    Events,
    Explanation,
    Grant,
    Health,
    Offer,
    Record,
    RefusedAttempt,
    Remedies,
    Replay,
    RightSize,
    Summary,
)

__all__ = [
    "Caller",
    "Conditions",
    "Context",
    "Decision",
    "Engine",
    "Honoured",
    "ManualClock",
    "Pep",
    "Peps",
    "SignedLink",
    "_AuthZen",
    "_Document",
    "__version__",
    "_at_exit",
    "_check_config",
    "_cli",
    "_error_codes",
    "_log_to",
    "_parse_principal",
    "_principal",
]

__version__: Final[str]

@final
class Caller:
    """Who is asking, as the host has authenticated them, with the roles they hold by standing right.

    Never make one from what a request says of itself, and never put roles into it that come from a grant: a grant
    must not help to approve the next one.
    """

    def __new__(
        cls,
        principal: Principal | str,
        *,
        roles: Sequence[str] = ...,
        permissions: Sequence[str] | None = None,
        agent: bool = False,
        acts_for: str | None = None,
        amr: Sequence[str] = ...,
        acr: str | None = None,
        auth_time: datetime | str | int | None = None,
        mfa: bool | None = None,
    ) -> Self:
        """A person, or with `agent` a program that acts in its own name.

        `principal` is brought to one spelling (Unicode NFKC, lower case, the domain in ASCII), so that two
        spellings of one person are one person. `roles` are the host's, compared as they are written. `permissions` are
        what the caller may do by standing right, so that an approver is told what a grant would newly permit; without
        them everything counts as new. Names that the library does not know are left out. `acts_for` is the person that
        an agent acts for: neither of the two can approve what the other asked for, and as reviewers they are one.

        `amr`, `acr` and `auth_time` say how and when the caller signed in, as the claims of their token do (RFC 8176,
        OpenID Connect; `auth_time` in seconds since 1970 or as an instant); access without approval asks for them.
        `mfa` is the host's bare word for a second factor, which is no proof unless the operator says so.

        Raises `InvalidInput` for a name that is empty, longer than 320 bytes, or holds spaces, controls or invisible
        characters, and for a role that is empty, padded, longer than 128 bytes, or holds controls.
        """

    @property
    def principal(self) -> Principal:
        """Who it is: a person or an agent, under the canonical name."""

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles, as given."""

    @property
    def permissions(self) -> tuple[str, ...] | None:
        """What the caller may do by standing right; `None` when the host did not say."""

    @property
    def amr(self) -> tuple[str, ...]:
        """How they signed in."""

    @property
    def acr(self) -> str | None:
        """In which authentication context."""

    @property
    def auth_time(self) -> datetime | None:
        """When."""

    @property
    def acts_for(self) -> Principal | None:
        """The person that an agent acts for."""

@final
class Context:
    """What the host knows of a check besides who, what and where. What it does not tell meets no condition."""

    def __new__(
        cls,
        *,
        amr: Sequence[str] = ...,
        acr: str | None = None,
        auth_time: datetime | str | int | None = None,
        mfa: bool | None = None,
        address: str | None = None,
        session: str | None = None,
        call: str | Mapping[str, Any] | None = None,
        acts_for: str | None = None,
        details: UseDetails | None = None,
    ) -> Self:
        """How the principal signed in, as for `Caller`; the IP address that the question comes from; the session or
        task that it belongs to; the exact call of a tool, as an object with `name` and `arguments` or as JSON text of
        it; the person that an agent acts for; and what the record of a use says besides, where `enhanced_audit` is on.

        With `acts_for` a check honours only what the agent holds for just this person, and only as long as both may
        hold it, as far as the host has reported what they are. It asks the store, so it takes some microseconds more.

        Raises `InvalidInput` for what is no address, for a session that is not 1 to 255 visible ASCII characters, and
        for details that are no `UseDetails`.
        """

    @property
    def address(self) -> str | None:
        """Where the question comes from."""

    @property
    def session(self) -> str | None:
        """The session or task it belongs to."""

    @property
    def call(self) -> str | None:
        """The exact call of a tool, as canonical JSON (RFC 8785)."""

@final
class Conditions:
    """What must be so at each use of a grant. What is left out may be as it likes."""

    def __new__(
        cls,
        *,
        mfa_within_minutes: int | None = None,
        networks: Sequence[str] | None = None,
        session: str | None = None,
        max_uses: int | None = None,
        call: str | Mapping[str, Any] | None = None,
        call_digest: str | None = None,
    ) -> Self:
        """A sign-in with a second factor that is no older than so many minutes, 1 to 1440; an address in one of these
        networks (`10.0.0.0/8`, `2001:db8::/32`, a single address), at most 32; this session or task; no more uses than
        this, in all processes together; only this exact call of a tool, as for `Context`. `call_digest` follows from
        `call`, and is checked when it is given.

        Raises `InvalidInput` for a field that is out of range.
        """

    @property
    def mfa_within_minutes(self) -> int | None:
        """How old the sign-in may be."""

    @property
    def networks(self) -> tuple[str, ...] | None:
        """The networks, in one form for the same addresses."""

    @property
    def session(self) -> str | None:
        """The session or task."""

    @property
    def max_uses(self) -> int | None:
        """How many uses."""

    @property
    def call(self) -> dict[str, Any] | None:
        """The exact call of a tool: its `name` and its `arguments`."""

    @property
    def call_digest(self) -> str | None:
        """`sha256:` and the SHA-256 of the canonical JSON (RFC 8785) of `call`, in hexadecimal."""

@final
class Decision:
    """The answer of a check, at one instant, over one revision. Engines make it.

    Answers are equal when they say the same, and an engine may give the same object for the same answer.
    """

    @property
    def outcome(self) -> Literal["allow", "deny", "not_applicable"]:
        """`allow`: a grant gives it. `deny`: forbidden, whatever else would allow it. `not_applicable`: no grant
        speaks to this, and the host's own answer stands."""

    @property
    def allowed(self) -> bool:
        """Whether the outcome is `allow`."""

    @property
    def reason(self) -> str:
        """`granted`, `granted_offline` when the grant was taken on this machine while the store is away, `no_grant`;
        `mfa_required`, `outside_networks`, `other_session`, `other_call` when a grant
        covers it whose
        conditions are not met; `stale` when the engine could not be shown to be current, `unrecordable` when the
        use could not be recorded, `store_replaced` when an older copy or another store is in the place of the
        one that was read before, `store_broken` when the store is not what was written to it; `guardrail` when a
        guardrail forbids what a grant gives, `guardrail_error` when one cannot be evaluated, `entities_stale` when
        what the host has told of its people and things is too old. More may come."""

    @property
    def obligations(self) -> tuple[str, ...]:
        """What guardrails have the host do: `step_up`, `notify`, `record_arguments`. With an allow besides it, with a
        deny before it asks again."""

    @property
    def grant_id(self) -> str | None:
        """The grant that decided; set exactly when allowed."""

    @property
    def valid_until(self) -> datetime | None:
        """The answer holds before this instant if nothing else changes; `None` when time alone will not change it.
        Whoever caches it must drop it then, and whenever the engine's `revision` rises."""

    @property
    def revision(self) -> int:
        """The journal position that the answer was made from."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Honoured:
    """The grants that checks honour at one instant. Engines make it."""

    @property
    def grants(self) -> tuple[Grant, ...]:
        """The grants, without what `reserved_permissions` holds now."""

    @property
    def valid_until(self) -> datetime | None:
        """The first instant at which time alone changes this list; `None` when time changes nothing."""

    @property
    def now(self) -> datetime:
        """The instant that the list is true of."""

    @property
    def revision(self) -> int:
        """The journal position that the list is true of."""

@final
class SignedLink:
    """What the link of a message says. `Engine.verify_link` makes it."""

    @property
    def request_id(self) -> str:
        """The request."""

    @property
    def version(self) -> int:
        """The version of it that the reader was shown."""

    @property
    def reader(self) -> str:
        """For whom it was made: a person, or `channel:` and the name of a channel that many read."""

    @property
    def until(self) -> datetime:
        """When it ends: the timeout of the request."""

    def is_for(self, principal: Principal | str, *, agent: bool = False) -> bool:
        """Whether it was made for this person. A link in a channel that many read was made for each of them."""

@final
class _Document:
    @property
    def next_cursor(self) -> str | None: ...
    @property
    def removed_until(self) -> datetime | None: ...
    @property
    def replayed(self) -> bool: ...
    @property
    def durable(self) -> bool: ...
    def to_json(self, base: str) -> str: ...

_Account = tuple[bool, Sequence[str]] | tuple[bool, Sequence[str], datetime | str]
_Function = Callable[[str, bool], Standing | _Account | Literal["gone"] | None]

@final
class Engine:
    """One host's view of one journal. A context manager that closes it.

    What a method says it raises comes on top of: `InvalidInput` for an argument that is not what it has to be or an
    engine that is closed, `Unavailable` when the store cannot be used now, `Corrupt` when what it keeps is damaged.
    """

    @staticmethod
    def open(
        path: str | os.PathLike[str],
        *,
        environ: dict[str, str] | None = None,
        reserved_permissions: Sequence[str] = ...,
        directory: Directory | _Function | None = None,
        clock: ManualClock | None = None,
    ) -> Engine:
        """Opens an engine from a YAML file.

        Variables of `environ` that begin with `JIT_` override the file; `None` takes the process's. A relative
        `store.path` counts from the file's folder. `reserved_permissions` are kept out of every grant, on top of the
        file's. `directory` tells what a principal is now, see `Directory`; a function of a name and of whether it is
        an agent's will do, too. It is asked of those who want something done and of whom it concerns, never by a
        check, and what it raises is `Unavailable`, except for what only takes access away. With a `clock`, which is for
        tests, time is what the clock says and no thread starts: call `tick()` for what time does. Once this has
        returned, checks are answered from all that was committed before the call.

        Raises `Unavailable` when the store cannot be opened, or when the system gives no thread for the background
        work; `InvalidInput` for a mistake, naming the key, the value and what would be right; a key whose feature
        does not work in this version is a mistake, too.
        """

    @staticmethod
    def from_yaml(
        text: str,
        *,
        environ: dict[str, str] | None = None,
        reserved_permissions: Sequence[str] = ...,
        directory: Directory | _Function | None = None,
        clock: ManualClock | None = None,
    ) -> Engine:
        """The same from text. A relative `store.path` counts from the working directory."""

    def check(
        self,
        principal: Principal | str,
        action: str,
        resource: str | None = None,
        *,
        parent: str | None = None,
        agent: bool = False,
        context: Context | None = None,
        current: bool = False,
        record: bool = True,
    ) -> Decision:
        """May this principal do this to that, now?

        `principal` is a name, of an agent with `agent`, or a `Principal`, which says itself which of the two it is.
        `action` is one name such as `invoices.pay`. `resource` is a kind and an id such as `invoice:2026-17`. Left
        out, it is everything (`*`), which only grants of everything reach. `parent` is what the resource is part of,
        as a kind and an id such as `customer:acme`. `context` is what grants with conditions look at.

        Answered from memory, in about a microsecond. A revocation made in this process is seen at once, one made in
        another within `service.max_staleness_ms`; with `current=True` the answer is from everything committed before
        the call by any process, which takes microseconds more. An allow is recorded as a use of the grant, unless
        `record=False`. A grant is not honoured when its use cannot be recorded.

        Raises `InvalidInput` for text that cannot be read. The name of the principal is always read; the action, the
        resource and the parent are read when the principal may hold a grant, and otherwise the answer is "no grant".
        """

    def check_many(
        self,
        principal: Principal | str,
        action: str,
        resources: Sequence[str],
        *,
        parent: str | None = None,
        agent: bool = False,
        context: Context | None = None,
        current: bool = False,
        record: bool = True,
    ) -> list[Decision]:
        """Checks each of these resources, in their order and at one instant, as `check` does. `parent` is that of all
        of them. All text is read before the first answer, so an error leaves no use recorded.
        """

    def peek_in_memory(
        self,
        principal: Principal | str,
        action: str,
        resource: str | None = None,
        *,
        parent: str | None = None,
        agent: bool = False,
        context: Context | None = None,
    ) -> Decision | None:
        """The answer of `check` with `current=True` and `record=False` where memory alone can give it, so that nothing
        waits for a disk: for event loops. `None` when the store has to be asked; then call `check` in a thread.
        """

    def _run(self, name: str, caller: Caller | None, fields: dict[str, object]) -> Any: ...

    # Commands and reads: begin. Generated from `src/command`.

    def submit(
        self,
        caller: Caller,
        *,
        role: str,
        reason: str | None = None,
        ticket_url: str | None = None,
        origin: str | None = None,
        duration_hours: float | None = None,
        resource: str | None = None,
        starts_at: datetime | str | None = None,
        conditions: Conditions | None = None,
        permissions: Sequence[str] | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
    ) -> AccessRequest:
        """Request a role for a limited time.

        The duration counts from `starts_at` or from the approval, whichever is later. A length above a limit is
        cut, and `duration_cut_by` of the answer names the limit. When a rule approves at once, the answer is
        approved and its grant is in force. When a grant of the caller already gives all of it, or an identical
        request of the caller is pending, no request is made, and the answer is that request with `already`; another
        reason or ticket is added to its `asked_again`. Once the call has returned, it is on disk.

        - `role`: The role to request.
        - `reason`: Why. Approvers see it.
        - `ticket_url`: The ticket that the work is tracked in, as an `https` or `http` address.
        - `origin`: Where the request comes from, such as the denial that it answers. The decision point of AuthZEN
          writes and seals it.
        - `duration_hours`: The length in hours. Limits may cut it. The default is the role's.
        - `resource`: The scope: `*`, a kind such as `tool`, or one resource such as `tool:deploy` or `server:s1`.
          The default is `*`.
        - `starts_at`: When the grant begins, with its time zone: at most a minute ago. The default is at the
          approval.
        - `conditions`: Conditions checked at every use, besides those of the role.
        - `permissions`: Fewer permissions than the role gives. The request is for what both have in common. The
          default is all of the role's.
        - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
          the same arguments does nothing. It answers with the current state of what the first call did, marked
          `replayed`.
        """

    def extend(
        self,
        caller: Caller,
        grant_id: str,
        *,
        duration_hours: float | None = None,
        reason: str | None = None,
        idempotency_key: str | None = None,
    ) -> AccessRequest:
        """Request an extension of your grant.

        The same approvers decide, or the rule `auto_extend` does. The extension is a separate grant. It begins at
        the instant at which the old one ends, and gives the same or less.

        - `grant_id`: The grant to extend.
        - `duration_hours`: The length in hours. Limits may cut it. The default is the role's.
        - `reason`: Why. The default is the reason of the grant.
        - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
          the same arguments does nothing. It answers with the current state of what the first call did, marked
          `replayed`.
        """

    def break_glass(
        self,
        caller: Caller,
        *,
        role: str,
        reason: str | None = None,
        ticket_url: str | None = None,
        origin: str | None = None,
        duration_hours: float | None = None,
        resource: str | None = None,
        drill: bool = False,
        idempotency_key: str | None = None,
    ) -> AccessRequest:
        """Take a role at once without approval, in an emergency. Another person must review it afterwards.

        Once the call has returned, every later check of this process sees the grant. Without a length it lasts as
        long as the limits allow. A reason is always needed.

        - `role`: The role to take.
        - `reason`: Why. Approvers see it.
        - `ticket_url`: The ticket that the work is tracked in, as an `https` or `http` address.
        - `origin`: Where the request comes from, such as the denial that it answers. The decision point of AuthZEN
          writes and seals it.
        - `duration_hours`: The length in hours. Limits may cut it. The default is the longest that they allow.
        - `resource`: The scope: `*`, a kind such as `tool`, or one resource such as `tool:deploy` or `server:s1`.
          The default is `*`.
        - `drill`: Whether this is an exercise. Everything about it is marked so.
        - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
          the same arguments does nothing. It answers with the current state of what the first call did, marked
          `replayed`.
        """

    def complete_review(
        self, caller: Caller, grant_id: str, *, justified: bool, finding: str, idempotency_key: str | None = None
    ) -> Grant:
        """Complete the review of a break-glass grant, once the grant has ended.

        The reviewer needs one of the reviewer roles of the grant, and is not its holder.

        - `grant_id`: The grant that was reviewed.
        - `justified`: Whether there was an emergency, and the access fitted it.
        - `finding`: What the review found.
        - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
          the same arguments does nothing. It answers with the current state of what the first call did, marked
          `replayed`.
        """

    def waive_review(self, caller: Caller, grant_id: str, *, reason: str, idempotency_key: str | None = None) -> Grant:
        """Waive the review of a break-glass grant. The journal records by whom, and why.

        Needs the same rights as completing the review, and is possible at any time. If a review found the use
        unjustified, it lifts the consequence of `break_glass.after_unjustified`; the finding stays on record.

        - `grant_id`: The grant whose review is waived.
        - `reason`: Why.
        - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
          the same arguments does nothing. It answers with the current state of what the first call did, marked
          `replayed`.
        """

    def approve(
        self,
        caller: Caller,
        request_id: str,
        *,
        version: int | None = None,
        permissions: Sequence[str] | None = None,
        resource: str | None = None,
        duration_hours: float | None = None,
        conditions: Conditions | None = None,
        comment: str | None = None,
        idempotency_key: str | None = None,
    ) -> AccessRequest:
        """Approve a request, wholly or in part.

        Once the call has returned, the grant is on disk, and every later check of this process sees it.
        `permissions`, `resource`, `duration_hours` and `conditions` are the most that this approver gives: the
        grant is what they and the request have in common, so nothing can be widened.

        - `request_id`: The request to approve.
        - `version`: The version that the approver saw. Another version by now is a conflict. The default is the
          current one.
        - `permissions`: No more permissions than these. The default is all that are requested.
        - `resource`: No more resources than this. The default is all that is requested.
        - `duration_hours`: No longer than this, in hours. The default is the requested length.
        - `conditions`: More conditions, besides those of the request.
        - `comment`: A comment, which the requester sees.
        - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
          the same arguments does nothing. It answers with the current state of what the first call did, marked
          `replayed`.
        """

    def deny(
        self, caller: Caller, request_id: str, *, reason: str, idempotency_key: str | None = None
    ) -> AccessRequest:
        """Deny a request.

        - `request_id`: The request to deny.
        - `reason`: Why. The requester sees it.
        - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
          the same arguments does nothing. It answers with the current state of what the first call did, marked
          `replayed`.
        """

    def ask(
        self, caller: Caller, request_id: str, *, question: str, idempotency_key: str | None = None
    ) -> AccessRequest:
        """Ask the requester for more information.

        The request waits for an answer. It can still be approved or denied.

        - `request_id`: The request.
        - `question`: What the reviewer wants to know.
        - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
          the same arguments does nothing. It answers with the current state of what the first call did, marked
          `replayed`.
        """

    def answer(
        self,
        caller: Caller,
        request_id: str,
        *,
        answer: str,
        duration_hours: float | None = None,
        resource: str | None = None,
        idempotency_key: str | None = None,
    ) -> AccessRequest:
        """Answer a reviewer's question about your request.

        Another length or another resource makes a new version of the request. Reviews of the old version do not
        count for it.

        - `request_id`: The request.
        - `answer`: The answer.
        - `duration_hours`: Another length in hours.
        - `resource`: Another resource.
        - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
          the same arguments does nothing. It answers with the current state of what the first call did, marked
          `replayed`.
        """

    def withdraw(self, caller: Caller, request_id: str, *, idempotency_key: str | None = None) -> AccessRequest:
        """Withdraw your request. Withdrawing it again is not an error.

        - `request_id`: The request to withdraw.
        - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
          the same arguments does nothing. It answers with the current state of what the first call did, marked
          `replayed`.
        """

    def revoke(self, caller: Caller, grant_id: str, *, reason: str, idempotency_key: str | None = None) -> Grant:
        """Revoke a grant and all its extensions.

        Once the call has returned, it is on disk, and no later check of this process honours the grant. Revoking an
        ended grant is not an error and changes nothing. Holders release their own grants instead.

        - `grant_id`: The grant to revoke.
        - `reason`: Why. The holder sees it.
        - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
          the same arguments does nothing. It answers with the current state of what the first call did, marked
          `replayed`.
        """

    def revoke_many(
        self,
        caller: Caller,
        *,
        reason: str,
        request_id: str | None = None,
        holder: Principal | str | None = None,
        agent: bool = False,
        role: str | None = None,
        resource: str | None = None,
        everything: bool = False,
        idempotency_key: str | None = None,
    ) -> Page[Grant]:
        """Revoke all live grants of a request, a holder, a role or a resource, or all there are.

        All end in one step, and the answer is a page with all of them. Your own are released. Once the call has
        returned, it is on disk, and no later check of this process honours any of them.

        - `request_id`: The grants that this request led to.
        - `holder`: The grants that this person or agent holds; a person's with those of agents that act for them.
        - `role`: The grants of this role.
        - `resource`: The grants that reach any of this resource, wider ones too.
        - `everything`: All grants.
        - `reason`: Why. The holders see it.
        - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
          the same arguments does nothing. It answers with the current state of what the first call did, marked
          `replayed`.
        """

    def release(self, caller: Caller, grant_id: str, *, idempotency_key: str | None = None) -> Grant:
        """Release your grant and all its extensions, before they expire. Releasing it again is not an error.

        - `grant_id`: The grant to release.
        - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
          the same arguments does nothing. It answers with the current state of what the first call did, marked
          `replayed`.
        """

    def suspend(self, caller: Caller, grant_id: str, *, reason: str, idempotency_key: str | None = None) -> Grant:
        """Suspend a grant. Its expiry does not change.

        No later check of this process honours the grant until it is resumed.

        - `grant_id`: The grant to suspend.
        - `reason`: Why. The holder sees it.
        - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
          the same arguments does nothing. It answers with the current state of what the first call did, marked
          `replayed`.
        """

    def resume(self, caller: Caller, grant_id: str, *, idempotency_key: str | None = None) -> Grant:
        """Resume a suspended grant.

        - `grant_id`: The grant to resume.
        - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
          the same arguments does nothing. It answers with the current state of what the first call did, marked
          `replayed`.
        """

    def delegate(
        self,
        caller: Caller,
        *,
        to: str,
        until: datetime | str,
        reason: str,
        roles: Sequence[str] | None = None,
        start: datetime | str | None = None,
        idempotency_key: str | None = None,
    ) -> Delegation:
        """Delegate your right to review to another person for a limited time.

        The delegate cannot delegate it further, and cannot approve what the delegator requested.

        - `to`: The person who reviews in your place.
        - `until`: When it ends, with its time zone. It does not hold at that instant.
        - `reason`: Why, for the journal.
        - `roles`: Which of your roles to delegate. The default is all roles with which you review.
        - `start`: When it begins, with its time zone: at most a minute ago. The default is now.
        - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
          the same arguments does nothing. It answers with the current state of what the first call did, marked
          `replayed`.
        """

    def undelegate(self, caller: Caller, delegation_id: str, *, idempotency_key: str | None = None) -> Delegation:
        """End a delegation before its time.

        Either of the two people may end it, and holders of the general `approver_roles`. Ending one that has ended
        is not an error.

        - `delegation_id`: The delegation to end.
        - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
          the same arguments does nothing. It answers with the current state of what the first call did, marked
          `replayed`.
        """

    def standing(
        self,
        principal: Principal | str,
        *,
        enabled: bool,
        agent: bool = False,
        roles: Sequence[str] | None = None,
        caller: Caller | None = None,
        idempotency_key: str | None = None,
    ) -> Page[Grant]:
        """Report a principal's status and roles. Revokes grants that they are no longer eligible for.

        All grants end when the principal is disabled; otherwise those of roles whose `requestable_by` contains none
        of their roles. The answer is a page with all grants that ended. Without a caller the host itself reports.

        - `principal`: The person or agent that it is about.
        - `enabled`: Whether the principal's account is enabled.
        - `roles`: The principal's standing roles. The default is none.
        - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
          the same arguments does nothing. It answers with the current state of what the first call did, marked
          `replayed`.
        """

    def accept_store(
        self, *, reason: str, caller: Caller | None = None, idempotency_key: str | None = None
    ) -> Page[Grant]:
        """Accept the store as it is, after it was replaced by an older copy or another one.

        Until then no process honours a grant. Everything that was written to the old store after the copy was made
        is lost: requests, approvals, and revocations too, so compare the two before. The answer is an empty page.
        Without a caller the host itself accepts it.

        - `reason`: Why this store is the true one.
        - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
          the same arguments does nothing. It answers with the current state of what the first call did, marked
          `replayed`.
        """

    def accept_clock(
        self, *, reason: str, caller: Caller | None = None, idempotency_key: str | None = None
    ) -> Page[Grant]:
        """Confirm the clock, after it and the journal have disagreed so much that the time is uncertain.

        From its record on, every process uses the clock, even when the journal has later records: grants that those
        ended too early are in force again, and time continues from there. Until then no process honours a grant,
        except for break-glass access. Compare the clock with another one first: with one that is behind, grants
        that have ended since are valid again. The answer is a page with the grants that this ends: those that were
        made at instants in the future. Without a caller the host itself confirms.

        - `reason`: How it was found that the clock is right.
        - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
          the same arguments does nothing. It answers with the current state of what the first call did, marked
          `replayed`.
        """

    def acknowledge_alert(
        self, caller: Caller, alert_id: str, *, reason: str, idempotency_key: str | None = None
    ) -> Alert:
        """Acknowledge an alert, with your finding on record.

        - `alert_id`: The alert.
        - `reason`: What you found.
        - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
          the same arguments does nothing. It answers with the current state of what the first call did, marked
          `replayed`.
        """

    def silence_alert(
        self, caller: Caller, alert_id: str, *, duration_hours: float, reason: str, idempotency_key: str | None = None
    ) -> Alert:
        """Silence an alert: nothing of its kind is raised about the same principal or grant for some time.

        What happens meanwhile stays in the journal.

        - `alert_id`: The alert.
        - `duration_hours`: For how many hours.
        - `reason`: Why.
        - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
          the same arguments does nothing. It answers with the current state of what the first call did, marked
          `replayed`.
        """

    def request(self, caller: Caller, request_id: str) -> AccessRequest:
        """Get a request.

        Visible to its requester, its approvers and those who see everything. Uses of its grant that are not written
        yet are not counted.

        - `request_id`: The request.
        """

    def grant(self, caller: Caller, grant_id: str) -> Grant:
        """Get a grant.

        Visible to its holder, those who could approve it and those who see everything. Every use that this process
        has answered is counted.

        - `grant_id`: The grant.
        """

    def summary(self, caller: Caller, grant_id: str) -> Summary:
        """Get a summary of what was done under a grant; for a live one, until now.

        It follows from the journal alone. Visible to everyone who may see the grant.

        - `grant_id`: The grant.
        """

    def summary_text(self, caller: Caller, grant_id: str, *, form: str | None = None) -> str:
        """Get the summary of a grant as text, Markdown or HTML.

        What people and agents wrote is escaped as the form needs it.

        - `grant_id`: The grant.
        - `form`: The form: `text`, which is the default, `markdown` or `html`.
        """

    def requests(
        self,
        caller: Caller,
        *,
        status: str | None = None,
        role: str | None = None,
        person: str | None = None,
        reviewable: bool = False,
        ending_before: datetime | str | None = None,
        text: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[AccessRequest]:
        """List the requests that the caller can see, newest first.

        - `status`: Only requests of this status.
        - `role`: Only requests of this role.
        - `person`: Only requests of this person and of agents that act for them.
        - `reviewable`: Only requests that the caller could approve now.
        - `ending_before`: Only requests that time out before this instant.
        - `text`: Only requests with this text in the reason, the ticket, the resource, the role or the name,
          ignoring case.
        - `limit`: The most rows on the page, 1 to 500.
        - `cursor`: `next_cursor` of the page before.
        """

    def grants(
        self,
        caller: Caller,
        *,
        status: str | None = None,
        role: str | None = None,
        person: str | None = None,
        reviewable: bool = False,
        ending_before: datetime | str | None = None,
        text: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Grant]:
        """List the grants that the caller can see, newest first.

        - `status`: Only grants of this status.
        - `role`: Only grants of this role.
        - `person`: Only grants of this person and of agents that act for them.
        - `reviewable`: Only break-glass grants whose review the caller could complete now.
        - `ending_before`: Only grants that end before this instant.
        - `text`: Only grants with this text in the reason, the ticket, the resource, the role or the name, ignoring
          case.
        - `limit`: The most rows on the page, 1 to 500.
        - `cursor`: `next_cursor` of the page before.
        """

    def unreviewed(self, caller: Caller) -> Page[Grant]:
        """List the break-glass grants that the caller can see and that wait for a review, newest first."""

    def delegations(
        self, caller: Caller, *, status: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> Page[Delegation]:
        """List the delegations that the caller can see, newest first.

        - `status`: Only delegations of this status.
        - `limit`: The most rows on the page, 1 to 500.
        - `cursor`: `next_cursor` of the page before.
        """

    def alerts(
        self,
        caller: Caller,
        *,
        status: str | None = None,
        grant_id: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Alert]:
        """List the alerts that the monitor keeps, newest first.

        Needs a role in `approver_roles` or `auditor_roles`. The newest 10,000 of the last 30 days are kept.

        - `status`: Only alerts of this status.
        - `grant_id`: Only alerts about this grant.
        - `limit`: The most rows on the page, 1 to 500.
        - `cursor`: `next_cursor` of the page before.
        """

    def events(self, caller: Caller, *, after: int | None = None, wait_seconds: int | None = None) -> Events:
        """Get what happened after a record: the numbers and the kinds of the records that the caller may know of.

        The caller then reads the changes with their own rights. For uses, only the last one is returned. Over HTTP
        this is a stream of server-sent events. It is at most a second old, and the store is read at most once a
        second, for any number of callers.

        - `after`: The `revision` of the answer before. Without it, only the current revision is returned.
        - `wait_seconds`: How many seconds to wait for something to happen, 0 to 60. A closed engine ends the wait.
        """

    def refusals(
        self,
        caller: Caller,
        *,
        person: str | None = None,
        code: str | None = None,
        attempt: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[RefusedAttempt]:
        """List refused attempts, newest first.

        Refused commands, refused reads of the journal, and denied checks that a grant covers (denied by a
        condition, or because the permission is reserved); also checks of grant holders that nothing allows, if the
        host reports that. Those of one principal for one reason within an hour are one row. They are not part of
        the journal: the newest 100,000 rows of 90 days are kept. Needs a role in `approver_roles` or
        `auditor_roles`.

        - `person`: Only attempts of this person and of agents that act for them.
        - `code`: Only attempts that were refused for this reason, such as `self_approval`.
        - `attempt`: Only attempts at this command, or `check`.
        - `limit`: The most rows on the page, 1 to 500.
        - `cursor`: `next_cursor` of the page before.
        """

    def deliveries(
        self,
        caller: Caller,
        *,
        state: str | None = None,
        channel: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Delivery]:
        """List the deliveries of notices, newest first.

        Needs a role in `approver_roles` or `auditor_roles`.

        - `state`: Only deliveries in this state.
        - `channel`: Only deliveries by this channel.
        - `limit`: The most rows on the page, 1 to 500.
        - `cursor`: `next_cursor` of the page before.
        """

    def resend_delivery(self, caller: Caller, delivery_id: str) -> Delivery:
        """Send a delivery again, under the same id.

        It waits from now on, whatever its state was before. Needs a role in `approver_roles`.

        - `delivery_id`: The delivery.
        """

    def drop_delivery(self, caller: Caller, delivery_id: str) -> Delivery:
        """Drop a delivery that waits or has failed.

        One that is being sent at this moment may still arrive; one that was sent stays sent. Needs a role in
        `approver_roles`.

        - `delivery_id`: The delivery.
        """

    def health(self, caller: Caller) -> Health:
        """Get the health of the library.

        For the store, its last record, and when the grants were last proven to be current; for the journal, up to
        which record it was verified, when, and what is wrong; whether the time is uncertain. For each channel, when
        a delivery last succeeded, how many wait, and how many have failed. It connects to no channel. Needs a role
        in `approver_roles` or `auditor_roles`.
        """

    def audit(
        self,
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
        after: int | None = None,
        order: str | None = None,
        canonical: bool = False,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Record]:
        """List the records of the journal that are wanted.

        Every given part of the filter must match. A search for a text reads a thousand records for one page, so
        such a page can have fewer rows than `limit` and still a `next_cursor`. Needs a role in `approver_roles` or
        `auditor_roles`.

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
        - `after`: Only records after the one of this number.
        - `order`: The order: `oldest` first or `newest` first.
        - `canonical`: Whether each record has its `body` too: the canonical JSON that `hash` is the SHA-256 of.
        - `limit`: The most rows on the page, 1 to 500.
        - `cursor`: `next_cursor` of the page before.
        """

    def metrics(self, caller: Caller) -> str:
        """Get the figures of the engine, as Prometheus reads them.

        Needs a role in `approver_roles` or `auditor_roles`. docs/metrics.md has every name.
        """

    def export(
        self,
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

    def story(
        self,
        caller: Caller,
        grant_id: str,
        *,
        order: str | None = None,
        canonical: bool = False,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Record]:
        """List everything that is on record about a grant.

        The request, its reviews, the grant, its uses and its end, and the same for every other grant in its chain
        of extensions. Visible to its holder, those who could approve it and those who see everything.

        - `grant_id`: The grant.
        - `order`: The order: `oldest` first or `newest` first.
        - `canonical`: Whether each record has its `body` too: the canonical JSON that `hash` is the SHA-256 of.
        - `limit`: The most rows on the page, 1 to 500.
        - `cursor`: `next_cursor` of the page before.
        """

    def who_could(
        self,
        caller: Caller,
        *,
        permission: str,
        at: datetime | str,
        resource: str | None = None,
        parent: str | None = None,
        person: str | None = None,
        most: int | None = None,
    ) -> Page[Grant]:
        """List the grants that permitted an action at an instant, in their state at that time.

        Answered from the journal alone: each grant has its holder, its approvers, its reason and its conditions.
        Standing rights of the host are not recorded. Needs a role in `approver_roles` or `auditor_roles`.

        - `permission`: The action, such as `tools.execute`.
        - `at`: When.
        - `resource`: The resource, such as `tool:deploy`. The default is everything, which only a grant on
          everything covers.
        - `parent`: The parent of that resource, such as `server:s1`.
        - `person`: Only grants of this person, or of an agent that acts for them.
        - `most`: The most grants to return, the oldest first. The default is all of them.
        """

    def what_could(
        self, caller: Caller, principal: Principal | str, *, at: datetime | str, agent: bool = False
    ) -> Page[Grant]:
        """List the grants that a principal held in force at an instant, in their state at that time.

        Answered from the record alone. Needs a role in `approver_roles` or `auditor_roles`.

        - `principal`: The person or agent that it is about.
        - `at`: When.
        """

    def what_changed(self, caller: Caller, *, start: datetime | str, until: datetime | str) -> Page[Grant]:
        """List the grants that were in force at only one of two instants, in their state at the second.

        An `active` one began in between, and any other ended or was suspended. Answered from the record alone.
        Needs a role in `approver_roles` or `auditor_roles`.

        - `start`: The first instant.
        - `until`: The second instant, later than the first.
        """

    def roles(self, caller: Caller) -> Page[Offer]:
        """List the roles that the caller may request, the one that adds the least access first.

        Each has its permissions, those of them that the caller does not have yet, its limits, the required
        approvals, whether a rule would approve now, and the caller's grants of it with their end. Roles that the
        caller may not request are left out. It is evaluated for the whole role, everywhere, for the default length.
        """

    def explain(
        self,
        caller: Caller,
        *,
        action: str,
        principal: Principal | str | None = None,
        agent: bool = False,
        resource: str | None = None,
        parent: str | None = None,
        address: str | None = None,
        session: str | None = None,
    ) -> Explanation:
        """Explain why a check is answered as it is.

        The answer has the decision of the check, the reason for each grant that permits the action at any place or
        time, and what would lift it. Everyone may ask about themself; about others needs a role in `approver_roles`
        or `auditor_roles`. Nothing is recorded. It reads the store, so do not use it in a request path.

        - `principal`: About whom. The default is the caller.
        - `action`: The action, such as `tools.execute`.
        - `resource`: The resource, such as `tool:deploy`. The default is everything.
        - `parent`: The parent of the resource, such as `server:s1`.
        - `address`: The address of the caller of the check, for grants with networks.
        - `session`: The session or task that the check would belong to, for grants with one.
        """

    def right_size(
        self,
        caller: Caller,
        *,
        role: str | None = None,
        person: str | None = None,
        start: datetime | str | None = None,
        until: datetime | str | None = None,
    ) -> RightSize:
        """List which parts of roles were granted and never used, and which role of the catalogue would be enough.

        Answered from recorded uses, the newest 50,000 of the period; `history` has their number and over how many
        days. The proposed role covers what was used and is within what was granted. Needs a role in
        `approver_roles` or `auditor_roles`.

        - `role`: Only this role.
        - `person`: Only grants of this person and of agents that act for them.
        - `start`: The first instant of the period. The default is 30 days before its end.
        - `until`: The first instant after it. The default is now.
        """

    def replay(
        self,
        caller: Caller,
        principal: Principal | str,
        *,
        role: str,
        agent: bool = False,
        permissions: Sequence[str] | None = None,
        resource: str | None = None,
        instead_of: str | None = None,
        start: datetime | str | None = None,
        until: datetime | str | None = None,
    ) -> Replay:
        """Replay the recorded calls of a principal under another grant.

        `would_pass` are refused calls that this grant would have allowed; `would_be_refused` are allowed calls that
        it would have refused. Calls are decided like a check, by the permissions and the resource. What a guardrail
        refused stays refused; guardrails are not evaluated for calls that no grant covered. The refused calls are
        those that `refusals` lists: those that a grant covers and that were denied, and those for which `remedies`
        was called. Needs a role in `approver_roles` or `auditor_roles`.

        - `principal`: The person or agent that it is about.
        - `role`: The role that would have been granted.
        - `permissions`: Fewer permissions than the role gives. The default is all of the role's.
        - `resource`: The scope: `*`, a kind such as `tool`, or one resource such as `tool:deploy` or `server:s1`.
          The default is `*`.
        - `instead_of`: Among the allowed calls, only those under grants of this role, which the other grant would
          have replaced.
        - `start`: The first instant of the period. The default is 30 days before its end.
        - `until`: The first instant after it. The default is now.
        """

    def remedies(
        self, caller: Caller, *, action: str, resource: str | None = None, parent: str | None = None
    ) -> Remedies:
        """List the requests that would lift a denial.

        Each option is a request that would be accepted now: its role, permissions and resource are fields of
        `submit`. The one with the least access comes first: the action alone, before a role with more. Without an
        option, no request helps. It is a dry run; nothing is recorded, but a call that no grant covers is counted
        among the refused attempts.

        - `action`: The denied action, such as `tools.execute`.
        - `resource`: The resource, such as `tool:deploy`. The default is everything.
        - `parent`: The parent of the resource, such as `server:s1`.
        """

    def policies(self, caller: Caller, *, grant_id: str | None = None) -> str:
        """Export all live grants as one Cedar policy set, or the policy of one grant.

        The same grants at the same instant give the same text. Needs a role in `approver_roles` or `auditor_roles`;
        everyone who may see a grant may read its policy.

        - `grant_id`: Only the policy of this grant. Of one that is not in force the set is empty.
        """

    def head(self, caller: Caller) -> str:
        """Get the head of the journal, to keep outside of the store.

        It is the number of the last record, a colon, and that record's hash. `verify` takes it later and finds
        whether any record up to that one was removed, changed or rewritten. Needs a role in `approver_roles` or
        `auditor_roles`.
        """

    def checkpoint(self, caller: Caller, *, record: int | None = None) -> str:
        """Get a signed checkpoint of the journal.

        It is a signed note (C2SP) with the number of records, the root of the tree over their texts (RFC 6962), and
        the hash of the last one. Keep it elsewhere: it shows later whether any record up to that one was removed or
        rewritten. Needs a role in `approver_roles` or `auditor_roles`.

        - `record`: A record: returns the first checkpoint that covers it. The default is the last checkpoint.
        """

    def proof(
        self, caller: Caller, *, record: int | None = None, since: int | None = None, checkpoint: int | None = None
    ) -> str:
        """Prove that a record is in the journal, or that an earlier checkpoint is of the same one.

        The answer is JSON with the checkpoint and the hashes that lead to it. Give either `record` or `since`.
        Needs a role in `approver_roles` or `auditor_roles`.

        - `record`: The record that is in the journal.
        - `since`: The size of an earlier checkpoint, whose journal this one continues.
        - `checkpoint`: The size of the checkpoint that the proof leads to. The default is the last checkpoint.
        """

    def evidence(
        self,
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

    def live_grants(self) -> list[Grant]:
        """List all live grants, for the host itself. No caller is checked."""

    def verify(self, *, expected: str | None = None, after: str | None = None) -> int:
        """Check the whole journal, and that the stored state follows from it. The answer is the number of records.

        - `expected`: A head that `head` gave, kept outside of the store. The journal must have that record.
        - `after`: A head up to which everything was verified before. Only later records are checked, and every row
          in force.
        """

    # Commands and reads: end.

    def run_watched(
        self, name: str, caller: Caller | None, progress: Callable[[int, int], object], **fields: object
    ) -> Any:
        """Runs `verify` or `evidence`, which read the whole journal, and tells meanwhile how far it is.

        `progress` is called between two reads, on this thread, with the last record that was verified and the last one
        there is. `False` from it ends the call, which raises `Unavailable` then; what it raises, the call raises. Any
        other command is run as by its own method. `fields` are the fields of the command by their names in the
        catalogue:
        `engine.run_watched("verify", None, show, expected="…")`.
        """

    def add_channel(self, name: str, send: Callable[[dict[str, Any]], str | None]) -> None:
        """Sends notices by a function of your own, beside the channels of the configuration. With `kind: host` under
        this name there, routes lead to it and what it is for waits until it is given; without, it gets everything when
        there are no routes.

        `send` takes one message: `delivery` (the id, the same in every attempt), `attempt`, `at`, `reference`, and
        `notices`, a list of what webhooks have as `data`. It answers `None`, or text that is the `reference` of later
        messages of the same conversation. It is called in a thread of the engine, one message at a time; what it raises
        is kept with the delivery, and the message is tried again later. Raises `InvalidInput` when the configuration
        has another channel of this name.
        """

    def verify_link(self, link: str) -> SignedLink:
        """What the link of a message says: the `link` of its address. It signs nobody in and approves nothing. Raises
        `InvalidInput` when it was not made here, was changed, or its request has timed out.
        """

    def authorize(self, question: str) -> str:
        """Decides by standing policies, guardrails and live grants together, for hosts without a decision point: a JSON
        object in, a JSON object out. In: `caller`, `action`, `resource`, `parent`, `context`, `principal_properties`,
        `resource_properties`, `address`, `session`, `current`, `peek`. Out: `outcome` (`not_applicable` is a no),
        `reason`, `policies`, `errors`, `grant_id`, `obligations`, `valid_until`, `revision`. An allow by a grant is a
        use.
        """

    def set_entities(self, entities: str, *, at: datetime | None = None) -> int:
        """Sets the host's entities (people and resources): a JSON array in Cedar's format, which replaces the earlier
        ones. Returns their number. `at` is the instant of this state; now if left out. A child after a fork has no
        entities.
        """

    def honoured(self) -> Honoured:
        """The grants that checks honour now, for the host itself: no caller is asked. Empty when `enabled` is off.
        Raises `Unavailable` when the state cannot be proven to be current; then no grant is honoured.
        """

    def configuration(self) -> list[tuple[str, str, str]]:
        """Every key that is set, and the default of every other: its path, its value as JSON with secrets hidden, and
        where it comes from, which is `default`, `file` or the name of a variable. For the host itself: no caller is
        checked."""

    def sync(self) -> int:
        """Brings this process up to everything committed before the call; answers the revision."""

    def activity(self, grants: Sequence[str]) -> tuple[int, list[tuple[datetime | None, float, int] | None]]:
        """How these live grants are used, at most a second old and without a read of the store for each who asks: the
        last use, uses a minute over the last ten minutes, and refused calls of the holder. Before them, how many calls
        were refused in all: while that and `revision` stay, only rates change, with time. For the host itself: no
        caller is checked."""

    def oversees(self, caller: Caller) -> bool:
        """Whether they are one of those who see everything: who may read the record, and whom every list shows all. A
        question, and no attempt: a no is counted nowhere."""

    def tick(self) -> None:
        """Writes waiting uses, follows other processes, and notes what time did. The engine's thread does this
        anyway."""

    @property
    def enhanced_audit(self) -> bool:
        """Whether the record of a use says what the host told of the call (`UseDetails`)."""

    @property
    def revision(self) -> int:
        """The journal position that checks are answered from now, at least. It rises with every change."""

    def close(self) -> None:
        """Writes waiting uses and closes the store. Every call from now on raises `Unavailable`; closing again
        does not. When the uses cannot be written the engine is closed all the same, and the error is raised. An
        interpreter that ends writes them too; a process that `os._exit()` or a signal ends does not. The memory of the
        index goes with the object."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_exception: object) -> None: ...

@final
class ManualClock:
    """Time that moves only when a test moves it: `jit_access.testing.ManualClock`.

    It has a wall clock, which may jump, and a monotonic clock, which never goes back. An engine never goes back either.
    One clock may serve several engines.
    """

    def __new__(cls, start: datetime | str) -> Self: ...
    def advance(self, by: timedelta) -> None:
        """Lets time pass on both clocks, in whole milliseconds. `InvalidInput` when `by` is negative. Time stops in the
        year 9999."""

    def set_wall(self, at: datetime | str) -> None:
        """Sets the wall clock alone, to any instant, as an operator or an attacker would."""

    @property
    def wall(self) -> datetime:
        """What the wall clock shows."""

def _log_to(emit: Callable[[int, str, str, dict[str, str]], None]) -> None: ...
def _at_exit() -> None: ...
def _error_codes() -> list[str]: ...
def _cli(arguments: list[str]) -> int: ...
def _principal(name: Principal | str, agent: bool) -> str: ...
def _check_config(text: str | None, path: str | os.PathLike[str] | None, environ: dict[str, str] | None) -> str: ...
def _parse_principal(text: str) -> str: ...

@final
class Pep:
    """A policy enforcement point: a program that asks, once the host has authenticated it. It is no principal.

    `speaks_for` names the subjects that it may ask about, each written `type:id` or a type alone; without it,
    everybody. `may` is of `evaluate`, `search` and `request`; without it, all three.
    """

    def __new__(cls, id: str, *, speaks_for: Sequence[str] | None = None, may: Sequence[str] | None = None) -> Self: ...
    @property
    def id(self) -> str:
        """Its name."""
    def may_evaluate(self, subject: tuple[str, str] | None, /) -> bool:
        """Whether it may ask what is permitted to this subject, a pair of type and id; `None` for anybody at all."""

@final
class Peps:
    """The callers that are known by a bearer token of 32 characters or more."""

    def __new__(cls, peps: Sequence[tuple[Pep, str]]) -> Self: ...
    def authenticate(self, authorization: str | None) -> Pep | None:
        """The caller with the token of this `Authorization` header."""

@final
class _AuthZen:
    def __new__(
        cls,
        engine: Engine,
        public_url: str,
        standing: Callable[[Principal, Principal | None], Caller | None],
        *,
        base: Callable[[dict[str, Any]], bool | None] | None = None,
        candidates: Callable[[Any, dict[str, Any]], Any] | None = None,
        denial_ttl_seconds: float = 600.0,
        subject_types: Sequence[tuple[str, str]] | None = None,
        actions: Sequence[tuple[str, str]] | None = None,
        pages_url: str | None = None,
        searches: bool = True,
    ) -> Self: ...
    def metadata(self) -> tuple[int, list[tuple[str, str]], str, bool]: ...
    def serve(
        self,
        pep: Pep | None,
        method: str,
        path: str,
        headers: Sequence[tuple[str, str]],
        body: bytes,
    ) -> tuple[int, list[tuple[str, str]], str, bool]: ...
