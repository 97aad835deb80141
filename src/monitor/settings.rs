//! What the operator has set about alerts, as plain values.

use std::collections::BTreeSet;

use crate::model::{AlertKind, Ttl};

/// When alerts are raised. Every field is defined by the configuration key of that name below `monitor`.
///
/// ```
/// use jit_access::internal::monitor::MonitorSettings;
///
/// let settings = MonitorSettings { enabled: true, ..MonitorSettings::default() };
/// assert_eq!(settings.history_days, 30);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonitorSettings {
    /// `enabled`: whether alerts are raised.
    pub enabled: bool,
    /// `off`: kinds that are not raised.
    pub off: BTreeSet<AlertKind>,
    /// `suspend_on`: kinds that suspend their grant.
    pub suspend_on: BTreeSet<AlertKind>,
    /// `history_days`: how many days of the journal define what is normal.
    pub history_days: u32,
    /// `pause_hours`: a use after this long without one raises an alert.
    pub pause: Ttl,
    /// `burst_uses`: fewer uses in an hour are never a burst.
    pub burst_uses: u64,
    /// `burst_one_in`: a burst is a count that is more improbable than one in this number.
    pub burst_one_in: u64,
    /// `burst_without_history`: this many uses in two minutes are a burst when there is no history.
    pub burst_without_history: u64,
    /// `destructive`: the last words of permissions that count as destructive or administrative.
    pub destructive: BTreeSet<String>,
    /// `loop_calls`: as many equal calls of an agent in a minute are a loop.
    pub loop_calls: u64,
    /// `probing_refusals`: as many refused commands of one caller in ten minutes are probing.
    pub probing_refusals: usize,
    /// `probing_calls`: as many refused calls of the holder of a live grant in ten minutes are probing.
    pub probing_calls: u64,
    /// `quick_approvals`: as many approvals in a row within `quick_seconds` each are too quick.
    pub quick_approvals: usize,
    /// `quick_seconds`.
    pub quick_seconds: u32,
    /// `pair_approvals`: as many approvals of one person in a row by one approver are looked at.
    pub pair_approvals: usize,
    /// `fatigue_reviews`: fewer reviews by one person in an hour are never too many.
    pub fatigue_reviews: u64,
    /// `break_glass_days`: another break-glass grant within this many days raises an alert.
    pub break_glass_days: u32,
    /// `store_slow_ms`: the longest normal time of a read of the head.
    pub store_slow_ms: u32,
}

/// The last words of permissions that destroy or administer.
const DESTRUCTIVE: [&str; 16] = [
    "admin",
    "delete",
    "destroy",
    "drop",
    "erase",
    "grant",
    "impersonate",
    "kill",
    "purge",
    "remove",
    "reset",
    "revoke",
    "shutdown",
    "terminate",
    "truncate",
    "wipe",
];

impl Default for MonitorSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            // Notices report every first use anyway.
            off: BTreeSet::from([AlertKind::FirstUse, AlertKind::UseAfterPause]),
            suspend_on: BTreeSet::new(),
            history_days: 30,
            pause: Ttl::from_millis(2 * 3_600_000).unwrap_or(Ttl::MAX),
            burst_uses: 20,
            burst_one_in: 1_000_000,
            burst_without_history: 300,
            destructive: DESTRUCTIVE.iter().map(|word| (*word).to_owned()).collect(),
            loop_calls: 60,
            probing_refusals: 10,
            probing_calls: 30,
            quick_approvals: 10,
            quick_seconds: 10,
            pair_approvals: 8,
            fatigue_reviews: 20,
            break_glass_days: 7,
            store_slow_ms: 1_000,
        }
    }
}
