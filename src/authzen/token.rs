//! Signed denials and approvals: verifying them, for trusted issuers.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, ED25519, UnparsedPublicKey};
use serde_json::{Map, Value};

use super::compare::{binding_hash, bound_context, bound_subject, is_equal};
use super::question::Question;
use crate::model::{Invalid, Timestamp};

/// The trusted issuers and their keys.
///
/// ```
/// use jit_access::authzen::Trust;
/// use serde_json::json;
///
/// let keys = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "a", "use": "sig",
///     "x": "EZxNnF5dOuFzv6uTSgWAaKv8PSOlvuOq73BfHArAD40"}]});
/// let trust = Trust::new(&keys, [("https://pdp.example.com", vec!["a"])])?;
/// assert!(format!("{trust:?}").contains("pdp.example.com"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Trust {
    issuers: BTreeMap<String, Vec<Key>>,
}

#[derive(Debug, Clone)]
struct Key {
    kid: Option<String>,
    algorithm: Algorithm,
    public: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Es256,
    Ed25519,
}

impl Trust {
    /// The keys of a JSON Web Key Set, and the issuer of each: a key of one issuer proves nothing for another.
    ///
    /// # Errors
    /// When it is not a valid key set, or an issuer's key is not in it, or is neither P-256 nor Ed25519.
    pub fn new<'a>(keys: &Value, issuers: impl IntoIterator<Item = (&'a str, Vec<&'a str>)>) -> Result<Self, Invalid> {
        let wrong = |what: String| Invalid::new("keys", what, "a JSON Web Key Set with P-256 or Ed25519 keys");
        let list = keys.get("keys").and_then(Value::as_array).ok_or_else(|| wrong("is no key set".to_owned()))?;
        let mut trust = Self::default();
        for (issuer, kids) in issuers {
            for kid in kids {
                let key = list.iter().find(|key| key.get("kid").and_then(Value::as_str) == Some(kid));
                let key = key.and_then(read_key).ok_or_else(|| wrong(format!("has no usable key `{kid}`")))?;
                trust.issuers.entry(issuer.to_owned()).or_default().push(key);
            }
        }
        Ok(trust)
    }

    /// The claims of a token of this type that a trusted issuer has signed for this audience. Expiry is checked
    /// separately.
    fn claims(&self, token: &str, kind: &str, audience: &str) -> Option<Map<String, Value>> {
        let (text, signature) = token.rsplit_once('.')?;
        let (header, payload) = text.split_once('.')?;
        let object = |part: &str| -> Option<Map<String, Value>> {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
        };
        let (header, claims) = (object(header)?, object(payload)?);
        // Nothing is known that would be critical.
        if header.contains_key("crit") || header.get("typ")?.as_str()? != kind {
            return None;
        }
        let algorithm = match header.get("alg")?.as_str()? {
            "ES256" => Algorithm::Es256,
            "EdDSA" => Algorithm::Ed25519,
            _ => return None,
        };
        let issuer = self.issuers.get(claims.get("iss")?.as_str()?)?;
        let mut fitting = issuer.iter().filter(|key| key.algorithm == algorithm);
        let key = match header.get("kid") {
            Some(kid) => fitting.find(|key| key.kid.as_deref() == kid.as_str())?,
            // Without a name, the one that there is.
            None => fitting.next().filter(|_| fitting.next().is_none())?,
        };
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let verified = match algorithm {
            Algorithm::Es256 => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &key.public).verify(text.as_bytes(), &signature)
            }
            Algorithm::Ed25519 => UnparsedPublicKey::new(&ED25519, &key.public).verify(text.as_bytes(), &signature),
        };
        verified.ok()?;
        let is_for_us = match claims.get("aud")? {
            Value::String(one) => one == audience,
            Value::Array(several) => several.iter().any(|one| one == audience),
            _ => false,
        };
        is_for_us.then_some(claims)
    }
}

fn read_key(key: &Value) -> Option<Key> {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    let part = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok().filter(|part| part.len() == 32);
    let (algorithm, public) = match (text("kty")?, text("crv")?) {
        ("EC", "P-256") => (Algorithm::Es256, [vec![4], part("x")?, part("y")?].concat()),
        ("OKP", "Ed25519") => (Algorithm::Ed25519, part("x")?),
        _ => return None,
    };
    Some(Key { kid: text("kid").map(ToOwned::to_owned), algorithm, public })
}

/// What a signed denial must be about.
pub(super) struct Expected<'a> {
    pub(super) question: &'a Question,
    pub(super) audience: &'a str,
    pub(super) now: Timestamp,
    /// How many milliseconds two clocks may differ.
    pub(super) skew: i64,
    /// What the caller repeats beside the token.
    pub(super) evaluation_id: Option<&'a str>,
    pub(super) template: Option<&'a str>,
    /// The principal, where the token must name one.
    pub(super) principal: Option<String>,
}

/// A denial that is proven.
pub(super) struct Proven {
    pub(super) until: Timestamp,
    pub(super) evaluation_id: String,
    pub(super) template: Option<String>,
}

pub(super) enum Verdict {
    Accepted(Proven),
    Expired,
    Refused,
}

impl Trust {
    /// Verifies a signed denial of a submission; the echo of its deadline is compared, if it is known.
    pub(super) fn binding(&self, token: &str, expected: &Expected<'_>, echo: Option<Timestamp>) -> Verdict {
        let Some(claims) = self.claims(token, "arap-binding+jwt", expected.audience) else {
            return Verdict::Refused;
        };
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let Some(end) = seconds_of(&claims, "exp") else { return Verdict::Refused };
        let members = members_of(&claims);
        if !is_bound(&claims, expected.question, &members) {
            return Verdict::Refused;
        }
        if expected.principal.as_deref().is_some_and(|one| text("urn:jit-access:principal") != Some(one)) {
            return Verdict::Refused;
        }
        let differs =
            |echo: Option<&str>, name: &str| echo.is_some_and(|echo| text(name).is_some_and(|own| own != echo));
        if differs(expected.evaluation_id, "evaluation_id") || differs(expected.template, "template") {
            return Verdict::Refused;
        }
        let until = match text("denial_expires_at").map(str::parse::<Timestamp>) {
            Some(Ok(until)) if echo.is_none_or(|echo| echo == until) => until.min(end),
            Some(_) => return Verdict::Refused,
            // Only the token protects the deadline then, so the echo must not be earlier.
            None if echo.is_some_and(|echo| end > echo) => {
                return Verdict::Refused;
            }
            None => end,
        };
        if until.millis().saturating_add(expected.skew) <= expected.now.millis() {
            return Verdict::Expired;
        }
        Verdict::Accepted(Proven {
            until,
            evaluation_id: text("evaluation_id").unwrap_or_default().to_owned(),
            template: text("template").map(ToOwned::to_owned),
        })
    }
}

/// Whether the claims are about this question: inline or as a hash.
fn is_bound(claims: &Map<String, Value>, question: &Question, members: &[String]) -> bool {
    if let Some(hash) = claims.get("binding_hash").and_then(Value::as_str) {
        // Properties that contained only the actor may be missing on one side: every equivalent form is tried.
        let without = bound_subject(question.subject.whole(), false);
        let mut emptied = without.clone();
        emptied.entry("properties").or_insert_with(|| Map::new().into());
        let is_hash_of = |subject: Map<String, Value>| {
            let question = Question { subject: question.subject.replaced(subject), ..question.clone() };
            binding_hash(&question, members).is_ok_and(|own| own == hash)
        };
        return is_hash_of(question.subject.whole().clone()) || is_hash_of(without) || is_hash_of(emptied);
    }
    let same = |name: &str, presented: Map<String, Value>| {
        claims.get(name).and_then(Value::as_object).is_some_and(|bound| {
            let bound = if name == "subject" { bound_subject(bound, false) } else { bound.clone() };
            is_equal(&bound.into(), &presented.into())
        })
    };
    let empty = Map::new();
    let context = claims.get("context").and_then(Value::as_object).unwrap_or(&empty);
    same("subject", bound_subject(question.subject.whole(), false))
        && same("resource", question.resource.whole().clone())
        && same("action", question.action.clone())
        && is_equal(&bound_context(context, members).into(), &bound_context(&question.context, members).into())
}

fn members_of(claims: &Map<String, Value>) -> Vec<String> {
    let members = claims.get("binding_context_members").and_then(Value::as_array);
    members.into_iter().flatten().filter_map(Value::as_str).map(ToOwned::to_owned).collect()
}

fn seconds_of(claims: &Map<String, Value>, name: &str) -> Option<Timestamp> {
    let seconds = claims.get(name)?.as_f64().filter(|seconds| (0.0..1e12).contains(seconds))?;
    #[expect(clippy::cast_possible_truncation, reason = "it is within a range of exact numbers")]
    Timestamp::from_millis((seconds * 1_000.0) as i64).ok()
}

/// The result of a submission with a signed denial of another decision point: `accepted`, `invalid_denial_binding` or
/// `expired_denial`. For a separate access request service.
///
/// ```
/// use jit_access::authzen::{Entity, Question, Trust, verify_binding};
///
/// let asked = Question::new(Entity::new("user", "ann@example.com"), "tools.execute", Entity::new("tool", "deploy"));
/// let (now, us) = ("2026-12-01T09:00:00Z".parse()?, "https://pdp.example.com");
/// assert_eq!(verify_binding(&Trust::default(), "a.b.c", &asked, None, None, us, now, 30_000), "invalid_denial_binding");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
#[expect(clippy::too_many_arguments, reason = "each is a part of one submission")]
pub fn verify_binding(
    trust: &Trust,
    token: &str,
    question: &Question,
    echo: Option<Timestamp>,
    evaluation_id: Option<&str>,
    audience: &str,
    now: Timestamp,
    skew_millis: i64,
) -> &'static str {
    let expected =
        Expected { question, audience, now, skew: skew_millis, evaluation_id, template: None, principal: None };
    match trust.binding(token, &expected, echo) {
        Verdict::Accepted(_) => "accepted",
        Verdict::Expired => "expired_denial",
        Verdict::Refused => "invalid_denial_binding",
    }
}

/// What becomes of a question with a signed approval (`approval.state`) of this id: until when it applies, or
/// `approval_unverifiable`, `approval_expired`, `out_of_scope`.
///
/// ```
/// use jit_access::authzen::{Entity, Question, Trust, verify_approval};
///
/// let asked = Question::new(Entity::new("user", "ann@example.com"), "tools.execute", Entity::new("tool", "deploy"));
/// let now = "2026-12-01T09:00:00Z".parse()?;
/// let verdict = verify_approval(&Trust::default(), "yes, approved", "apr_1", &asked, "https://pdp.example.com", now, 0);
/// assert_eq!(verdict, Err("approval_unverifiable"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The reason of the denial.
pub fn verify_approval(
    trust: &Trust,
    state: &str,
    id: &str,
    question: &Question,
    audience: &str,
    now: Timestamp,
    skew_millis: i64,
) -> Result<Timestamp, &'static str> {
    const UNVERIFIABLE: &str = "approval_unverifiable";
    let claims = trust.claims(state, "arap-approval+jwt", audience).ok_or(UNVERIFIABLE)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let until: Timestamp = text("approved_until").and_then(|at| at.parse().ok()).ok_or(UNVERIFIABLE)?;
    let end = seconds_of(&claims, "exp").ok_or(UNVERIFIABLE)?;
    if text("approval_id") != Some(id) {
        return Err(UNVERIFIABLE);
    }
    let is_over = |at: Timestamp| at.millis().saturating_add(skew_millis) <= now.millis();
    match (is_over(until), is_over(end)) {
        (true, _) => return Err("approval_expired"),
        // A proof that expires before its subject must be requested again.
        (false, true) => return Err(UNVERIFIABLE),
        (false, false) => {}
    }
    if is_bound(&claims, question, &members_of(&claims)) { Ok(until) } else { Err("out_of_scope") }
}
