//! Whether a principal has recently signed in with a second factor (RFC 8176, RFC 9470).

use super::BreakGlassRules;
use crate::model::{SIGN_IN_SKEW_MILLIS, SignIn, Timestamp, Ttl};

/// Why a sign-in does not prove a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unproven {
    /// A second factor.
    Weak,
    /// Its instant.
    Untimed,
    /// The instant is in the future.
    Ahead(Timestamp),
    /// The instant is too long ago.
    Old(Timestamp),
}

/// Until when the sign-in proves a second factor no older than `within`. There is no limit when the operator trusts the
/// host's flag alone.
pub(super) fn proven_until(
    sign_in: &SignIn,
    within: Ttl,
    rules: &BreakGlassRules,
    now: Timestamp,
) -> Result<Timestamp, Unproven> {
    if !is_strong(sign_in, rules) {
        let trusted = sign_in.claims_mfa() && rules.trust_mfa_flag;
        return if trusted { Ok(Timestamp::MAX) } else { Err(Unproven::Weak) };
    }
    let at = sign_in.at().ok_or(Unproven::Untimed)?;
    let age = now.millis().saturating_sub(at.millis());
    if age < -SIGN_IN_SKEW_MILLIS {
        Err(Unproven::Ahead(at))
    } else if age >= within.millis() {
        Err(Unproven::Old(at))
    } else {
        Ok(at.saturating_add(within))
    }
}

/// When the second factor was used, if that is proven at `now`.
#[cfg_attr(not(feature = "cedar"), allow(dead_code, reason = "policies look at it"))]
pub(crate) fn proven_at(sign_in: &SignIn, rules: &BreakGlassRules, now: Timestamp) -> Option<Timestamp> {
    let ahead = |at: Timestamp| at.millis().saturating_sub(now.millis()) > SIGN_IN_SKEW_MILLIS;
    if is_strong(sign_in, rules) {
        return sign_in.at().filter(|at| !ahead(*at));
    }
    (sign_in.claims_mfa() && rules.trust_mfa_flag).then_some(now)
}

/// Whether the methods, or the context as configured, show a second factor.
fn is_strong(sign_in: &SignIn, rules: &BreakGlassRules) -> bool {
    sign_in.is_multi_factor() || sign_in.context().is_some_and(|acr| rules.acr_values.iter().any(|known| known == acr))
}
