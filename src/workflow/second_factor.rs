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

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000 + millis).unwrap()
    }

    fn strong(millis: i64) -> SignIn {
        SignIn::new(["pwd", "otp"], None, Some(at(millis))).unwrap()
    }

    #[test]
    fn a_second_factor_proves_something_until_it_is_too_old() {
        let (rules, within) = (BreakGlassRules::default(), Ttl::from_millis(15 * MINUTE).unwrap());
        let proven = |sign_in: &SignIn| proven_until(sign_in, within, &rules, at(0));
        assert_eq!(proven(&strong(-15 * MINUTE + 1)), Ok(at(1)));
        assert_eq!(proven(&strong(-15 * MINUTE)), Err(Unproven::Old(at(-15 * MINUTE))));
        // Two clocks may differ by a minute.
        assert_eq!(proven(&strong(MINUTE)), Ok(at(16 * MINUTE)));
        assert_eq!(proven(&strong(MINUTE + 1)), Err(Unproven::Ahead(at(MINUTE + 1))));
        assert_eq!(proven(&SignIn::new(["mfa"], None, None).unwrap()), Err(Unproven::Untimed));
        assert_eq!(proven(&SignIn::new(["pwd"], None, Some(at(0))).unwrap()), Err(Unproven::Weak));
    }

    #[test]
    fn a_policy_sees_when_it_was_proven() {
        let rules = BreakGlassRules::default();
        let proven = |sign_in: &SignIn, rules: &BreakGlassRules| proven_at(sign_in, rules, at(0));
        assert_eq!(proven(&strong(-MINUTE), &rules), Some(at(-MINUTE)));
        assert_eq!(proven(&strong(MINUTE), &rules), Some(at(MINUTE)));
        assert_eq!(proven(&strong(MINUTE + 1), &rules), None);
    }

    #[test]
    fn a_bare_claim_proves_something_only_where_the_operator_trusts_it() {
        let (doubting, trusting) = (BreakGlassRules::default(), BreakGlassRules::default().trust_mfa_flag(true));
        let (silent, claiming) = (SignIn::default(), SignIn::default().claiming_mfa(true));
        let within = Ttl::from_millis(15 * MINUTE).unwrap();
        for (sign_in, rules, proves) in [
            (&claiming, &trusting, true),
            (&claiming, &doubting, false),
            (&silent, &trusting, false),
            (&silent, &doubting, false),
        ] {
            assert_eq!(proven_at(sign_in, rules, at(0)), proves.then(|| at(0)));
            let until = if proves { Ok(Timestamp::MAX) } else { Err(Unproven::Weak) };
            assert_eq!(proven_until(sign_in, within, rules, at(0)), until);
        }
    }

    #[test]
    fn the_context_that_the_operator_names_is_a_second_factor() {
        let rules = BreakGlassRules::default().acr_values(vec!["strong".to_owned()]);
        let context = |name| SignIn::new(["pwd"], Some(name), Some(at(0))).unwrap();
        assert_eq!(proven_at(&context("strong"), &rules, at(5)), Some(at(0)));
        assert_eq!(proven_at(&context("weak"), &rules, at(5)), None);
    }
}
