"""Is this Security Event Token genuine, meant for us, and of which signal?"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import jwt

from jit_access import Caller
from jit_access.signals.effects import Signal, SignalKind

_CAEP: Final = "https://schemas.openid.net/secevent/caep/event-type/"
_RISC: Final = "https://schemas.openid.net/secevent/risc/event-type/"
_ALGORITHMS: Final = ("RS256", "PS256", "ES256", "ES384", "EdDSA")
"""What a token may be signed with. A secret that both sides know would let the receiver make tokens."""
_AHEAD_SECONDS: Final = 300
_MOST_BYTES: Final = 65_536


class SetError(Exception):
    """A token that is not accepted, with the code of RFC 8935."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code = code


@dataclass(frozen=True)
class Transmitter:
    """A system that sends tokens."""

    issuer: str
    """`iss` of its tokens."""
    audience: str
    """`aud` of tokens that are meant for us."""
    keys: Mapping[str, Any]
    """Its public keys, as the JSON Web Key Set that it publishes."""
    caller: Caller
    """In whose name its signals are carried out; needs a role in `approver_roles`."""
    subject: Callable[[Mapping[str, Any]], str | None] | None = None
    """The person of a subject identifier (RFC 9493), where that is no `email`; `None` for nobody that is known."""
    max_age_seconds: int = 86_400
    """An older token is refused."""
    algorithms: Sequence[str] = field(default=_ALGORITHMS)


def read(token: str, transmitters: Sequence[Transmitter]) -> tuple[Transmitter, list[Signal]]:
    """The transmitter of a token, and its signals: none when it says nothing that ends or suspends anything. Raises
    `SetError`."""
    if len(token) > _MOST_BYTES:
        raise SetError("invalid_request", "the token is too long")
    try:
        header = jwt.get_unverified_header(token)
        issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
    except (jwt.PyJWTError, UnicodeError, ValueError):
        raise SetError("invalid_request", "this is no token") from None
    if str(header.get("typ", "")).lower().removeprefix("application/") != "secevent+jwt":
        raise SetError("invalid_request", "`typ` is not secevent+jwt")
    known = next((one for one in transmitters if one.issuer == issuer), None)
    if known is None:
        raise SetError("invalid_issuer", "this issuer is not known here")
    claims = _verified(token, header, known)
    said = claims.get("events")
    if not isinstance(said, Mapping) or not said or not isinstance(claims.get("jti"), str) or not claims["jti"]:
        raise SetError("invalid_request", "`events` and `jti` are expected")
    signals = []
    for event_type, event in said.items():
        if not isinstance(event, Mapping):
            raise SetError("invalid_request", f"the event `{event_type}` is no object")
        kind = _kind(event_type, event)
        person = _subject(claims, event, known) if kind is not None else None
        if kind is not None and person is not None:
            about = event.get("reason_admin")
            words = next(iter(about.values()), "") if isinstance(about, Mapping) and about else about
            reason = str(words or event_type.rpartition("/")[2])
            at = datetime.fromtimestamp(float(claims["iat"]), UTC)
            digest = hashlib.sha256(f"{known.issuer} {claims['jti']} {event_type}".encode()).hexdigest()
            signals.append(Signal(kind, person, digest, reason, at))
    return known, signals


def _verified(token: str, header: Mapping[str, Any], known: Transmitter) -> Mapping[str, Any]:
    try:
        keys = jwt.PyJWKSet.from_dict(dict(known.keys)).keys
        fitting = [key for key in keys if header.get("kid") in (None, key.key_id)]
        if not fitting:
            raise SetError("invalid_key", "no key of this transmitter has that `kid`")
        claims: Mapping[str, Any] = jwt.decode(
            token,
            fitting[0],
            algorithms=list(known.algorithms),
            issuer=known.issuer,
            audience=known.audience,
            options={"require": ["iat", "jti", "iss", "aud"], "verify_exp": True},
            leeway=_AHEAD_SECONDS,
        )
    except jwt.InvalidAudienceError:
        raise SetError("invalid_audience", "the token is not meant for this receiver") from None
    except jwt.InvalidIssuerError:
        raise SetError("invalid_issuer", "this issuer is not known here") from None
    except jwt.MissingRequiredClaimError as error:
        raise SetError("invalid_request", str(error)) from None
    except jwt.PyJWTError:
        raise SetError("authentication_failed", "the token is not signed by a key of this transmitter") from None
    if time.time() - float(claims["iat"]) > known.max_age_seconds:
        raise SetError("invalid_request", "the token is too old")
    return claims


def _kind(event_type: str, event: Mapping[str, Any]) -> SignalKind | None:
    """What an event means here; `None` for what ends and suspends nothing."""
    if event_type == f"{_CAEP}session-revoked":
        return "session_revoked"
    if event_type in (f"{_CAEP}credential-change", f"{_RISC}credential-compromise"):
        return "credential_change"
    if event_type in (f"{_RISC}account-disabled", f"{_RISC}account-purged"):
        return "account_disabled"
    if event_type == f"{_CAEP}device-compliance-change" and event.get("current_status") == "not-compliant":
        return "device_out_of_compliance"
    return None


def _subject(claims: Mapping[str, Any], event: Mapping[str, Any], known: Transmitter) -> str | None:
    """The person that an event is about."""
    said = claims.get("sub_id") or event.get("subject")
    if not isinstance(said, Mapping):
        raise SetError("invalid_request", "`sub_id` is expected: whom the event is about")
    # A complex subject names its parts; the person is its `user`.
    user = said.get("user")
    one = user if isinstance(user, Mapping) else said
    if known.subject is not None:
        return known.subject(one)
    email = one.get("email")
    return email if one.get("format") == "email" and isinstance(email, str) and email else None
