//! When alerts are raised, if the operator sets it.

use std::collections::BTreeSet;

use super::reader::Reader;
use crate::model::{AlertKind, Invalid};
use crate::monitor::MonitorSettings;

/// Reads the section.
pub(super) fn monitor(reader: &mut Reader) -> MonitorSettings {
    let defaults = MonitorSettings::default();
    let Some(mut section) = reader.section("monitor") else { return defaults };
    let set = |kinds: Option<Vec<AlertKind>>, default: &BTreeSet<AlertKind>| {
        kinds.map_or_else(|| default.clone(), |kinds| kinds.into_iter().collect())
    };
    let settings = MonitorSettings {
        enabled: section.flag("enabled").unwrap_or(defaults.enabled),
        off: set(section.list("off", kind), &defaults.off),
        suspend_on: set(section.list("suspend_on", kind_of_a_grant), &defaults.suspend_on),
        history_days: small(&mut section, "history_days", 1..=365).unwrap_or(defaults.history_days),
        pause: section.hours("pause_hours").unwrap_or(defaults.pause),
        burst_uses: section.count("burst_uses", 1..=u64::MAX).unwrap_or(defaults.burst_uses),
        burst_one_in: section.count("burst_one_in", 1..=u64::MAX).unwrap_or(defaults.burst_one_in),
        burst_without_history: section
            .count("burst_without_history", 1..=u64::MAX)
            .unwrap_or(defaults.burst_without_history),
        destructive: section
            .list("destructive", word)
            .map_or(defaults.destructive, |words| words.into_iter().collect()),
        loop_calls: section.count("loop_calls", 2..=u64::MAX).unwrap_or(defaults.loop_calls),
        probing_refusals: size(&mut section, "probing_refusals").unwrap_or(defaults.probing_refusals),
        probing_calls: section.count("probing_calls", 2..=u64::MAX).unwrap_or(defaults.probing_calls),
        quick_approvals: size(&mut section, "quick_approvals").unwrap_or(defaults.quick_approvals),
        quick_seconds: small(&mut section, "quick_seconds", 1..=3_600).unwrap_or(defaults.quick_seconds),
        pair_approvals: size(&mut section, "pair_approvals").unwrap_or(defaults.pair_approvals),
        fatigue_reviews: section.count("fatigue_reviews", 2..=u64::MAX).unwrap_or(defaults.fatigue_reviews),
        break_glass_days: small(&mut section, "break_glass_days", 1..=365).unwrap_or(defaults.break_glass_days),
        store_slow_ms: small(&mut section, "store_slow_ms", 1..=60_000).unwrap_or(defaults.store_slow_ms),
    };
    section.finish();
    settings
}

fn small(section: &mut Reader, name: &str, range: std::ops::RangeInclusive<u64>) -> Option<u32> {
    section.count(name, range).and_then(|count| u32::try_from(count).ok())
}

/// How many of something are looked at: at most twenty are remembered.
fn size(section: &mut Reader, name: &str) -> Option<usize> {
    section.count(name, 2..=20).and_then(|count| usize::try_from(count).ok())
}

fn word(text: &str) -> Result<String, Invalid> {
    let fits = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    let problem = || format!("holds {}", Invalid::quote(text));
    if fits {
        Ok(text.to_owned())
    } else {
        Err(Invalid::new("destructive", problem(), "last words of permissions, such as delete"))
    }
}

fn kind(name: &str) -> Result<AlertKind, Invalid> {
    let known = AlertKind::ALL.iter().copied();
    known.clone().find(|kind| kind.name() == name).ok_or_else(|| {
        let expected = super::spelling::meant(name, known.map(AlertKind::name));
        Invalid::new("monitor", format!("is {}", Invalid::quote(name)), expected)
    })
}

/// A kind that is about a grant in force, so that there is something to suspend.
fn kind_of_a_grant(name: &str) -> Result<AlertKind, Invalid> {
    let found = kind(name)?;
    if found.is_of_a_grant() {
        return Ok(found);
    }
    let all = AlertKind::ALL.iter().filter(|kind| kind.is_of_a_grant());
    let names: Vec<_> = all.map(|kind| kind.name()).collect();
    Err(Invalid::new("suspend_on", format!("is {}", Invalid::quote(name)), format!("one of {}", names.join(", "))))
}
