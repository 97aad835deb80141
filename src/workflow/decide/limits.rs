//! How many grants, requests and delegations there may be.
//!
//! The store counts, as of the revision that the command is decided from: of two commands that would take the last
//! place, one conflicts and is decided again.

use crate::model::{Principal, Timestamp};
use crate::workflow::{Limits, Refusal, RefusalCode, Tally};

const HOUR_MILLIS: i64 = 3_600_000;

/// Whether there is room for one more grant of `holder`.
pub(super) fn check_grant(holder: &Principal, tally: &Tally, limits: &Limits) -> Result<(), Refusal> {
    if let Some(most) = limits.grants_per_person.filter(|most| tally.grants >= *most) {
        let message = format!(
            "{holder} holds {} already, and `limits.grants_per_person` is {most}: one has to end first",
            grants(tally.grants)
        );
        return Err(Refusal::new(RefusalCode::TooManyGrants, message));
    }
    if let Some(most) = limits.grants_total.filter(|most| tally.grants_of_all >= *most) {
        let message = format!(
            "there are {} already, and `limits.grants_total` is {most}: one has to end first",
            grants(tally.grants_of_all)
        );
        return Err(Refusal::new(RefusalCode::TooManyGrants, message));
    }
    Ok(())
}

/// Whether there is room for one more request of `requester`.
pub(super) fn check_request(
    requester: &Principal,
    tally: &Tally,
    limits: &Limits,
    now: Timestamp,
) -> Result<(), Refusal> {
    if let (Some(most), Some(made)) = (limits.requests_per_hour, tally.nth_newest) {
        let room = Timestamp::from_millis(made.millis().saturating_add(HOUR_MILLIS)).unwrap_or(Timestamp::MAX);
        if now < room {
            let message = format!(
                "{requester} has asked {most} times in the last hour, and `limits.requests_per_hour` is {most}; ask again at {room}"
            );
            return Err(Refusal::new(RefusalCode::TooManyRequests, message).until(room));
        }
    }
    if let Some(most) = limits.open_requests_per_person.filter(|most| tally.open_requests >= *most) {
        let message = format!(
            "{} of {requester} wait for an answer, and `limits.open_requests_per_person` is {most}: withdraw one, or wait",
            if tally.open_requests == 1 { "1 request".to_owned() } else { format!("{} requests", tally.open_requests) }
        );
        return Err(Refusal::new(RefusalCode::TooManyOpenRequests, message));
    }
    Ok(())
}

/// Whether there is room for one more delegation by `delegator`.
pub(super) fn check_delegation(delegator: &Principal, tally: &Tally, limits: &Limits) -> Result<(), Refusal> {
    let Some(most) = limits.open_delegations_per_person.filter(|most| tally.open_delegations >= *most) else {
        return Ok(());
    };
    let count = match tally.open_delegations {
        1 => "1 delegation".to_owned(),
        count => format!("{count} delegations"),
    };
    let message = format!(
        "{count} by {delegator} are not over, and `limits.open_delegations_per_person` is {most}: end one, or wait"
    );
    Err(Refusal::new(RefusalCode::TooManyDelegations, message))
}

fn grants(count: u64) -> String {
    if count == 1 { "1 live grant".to_owned() } else { format!("{count} live grants") }
}
