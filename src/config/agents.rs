//! What agents may do, and how much of it.

use super::reader::Reader;
use crate::model::Ttl;
use crate::workflow::AgentRules;

/// For each number, 0 means no limit.
pub(super) fn agents(reader: &mut Reader) -> AgentRules {
    let defaults = AgentRules::default();
    let Some(mut section) = reader.section("agents") else { return defaults };
    let mut limit = |key, default| match section.count(key, 0..=AgentRules::MOST) {
        None => default,
        Some(0) => None,
        some => some,
    };
    let (requests, open, denials) = (
        limit("requests_per_hour", defaults.requests_per_hour),
        limit("open_requests", defaults.open_requests),
        limit("denials", defaults.denials),
    );
    let minutes = section.count("pause_minutes", 1..=1_440);
    let pause = minutes.and_then(|count| {
        let millis = i64::try_from(count).unwrap_or(i64::MAX).saturating_mul(60_000);
        section.findings().ok(Ttl::from_millis(millis))
    });
    let read = defaults
        .require_person(section.flag("require_person").unwrap_or(defaults.require_person))
        .may_review(section.flag("may_review").unwrap_or(defaults.may_review))
        .requests_per_hour(requests)
        .open_requests(open)
        .denials(denials)
        .pause(pause.unwrap_or(defaults.pause));
    section.finish();
    read
}
