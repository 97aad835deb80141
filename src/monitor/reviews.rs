//! What is unusual about approvers.

use std::collections::{HashMap, VecDeque};

use super::history::{DAY, HOUR, Hours, Recent, SECOND, chance, span};
use super::kept::{Finding, Kept};
use super::settings::MonitorSettings;
use crate::model::{AlertKind, Principal, Timestamp};

/// How many approvals of one person are remembered.
const APPROVALS: usize = 20;
/// How many times to an approval are kept.
const WAITED: usize = 10_000;
/// How improbable it must be that chance always selects the same approver.
const PAIR_CHANCE: f64 = 1e-4;
/// From how many approvals of others the share of an approver is known.
const PAIR_OTHERS: u64 = 20;

/// What is remembered of reviews.
#[derive(Debug, Default)]
pub(super) struct Reviews {
    approvers: HashMap<Principal, Approver>,
    /// Who approved the last requests of each person.
    of_person: HashMap<Principal, VecDeque<Principal>>,
    approvals: u64,
    /// How long the last approved requests waited, in milliseconds.
    waited: VecDeque<i64>,
}

#[derive(Debug, Default)]
struct Approver {
    recent: Recent<60>,
    hours: Hours,
    /// How long each of the last answers took; `None` for one that is not an approval.
    last: VecDeque<Option<i64>>,
    approvals: u64,
}

/// One review.
pub(super) struct Review<'a> {
    pub(super) by: &'a Principal,
    pub(super) at: Timestamp,
    /// When the request could be reviewed.
    pub(super) asked_at: Timestamp,
    /// The requester.
    pub(super) person: &'a Principal,
    pub(super) is_yes: bool,
    /// Whether it was the last approval that the request needed.
    pub(super) is_last: bool,
}

impl Reviews {
    pub(super) fn add(&mut self, review: &Review<'_>, settings: &MonitorSettings, kept: &mut Kept) {
        let Review { by, at, asked_at, person, is_yes, is_last } = *review;
        let from = at.millis() - i64::from(settings.history_days) * DAY;
        let approver = self.approvers.entry(by.clone()).or_default();
        approver.hours.forget_before(from);
        approver.hours.add(at);
        approver.recent.add(at);
        let took = at.millis().saturating_sub(asked_at.millis());
        approver.last.push_back(is_yes.then_some(took));
        if approver.last.len() > settings.quick_approvals.max(1) {
            approver.last.pop_front();
        }
        let day = at.millis().div_euclid(DAY);
        let find = |kind, key: String, text| Finding { kind, key, grant: None, who: Some(by), since: at, text };
        if let Some(text) = too_quick(&approver.last, settings) {
            kept.find(find(AlertKind::QuickApprover, format!("{by} {day}"), text));
        }
        if let Some(text) = too_many(approver, settings) {
            kept.find(find(AlertKind::ApproverFatigue, format!("{by} {day}"), text));
        }
        if is_yes && is_last {
            approver.approvals += 1;
            self.approvals += 1;
            self.waited.push_back(took.max(0));
            if self.waited.len() > WAITED {
                self.waited.pop_front();
            }
            if let Some(text) = self.same_pair(by, person, settings) {
                kept.find(find(AlertKind::SamePair, format!("{by} {person} {}", day / 7), text));
            }
        }
    }

    /// How long the last approved requests waited, in milliseconds, oldest first.
    pub(super) fn waited(&self) -> impl Iterator<Item = i64> + '_ {
        self.waited.iter().copied()
    }

    /// Whether this person gets every approval from this approver, which chance does not explain.
    fn same_pair(&mut self, by: &Principal, person: &Principal, settings: &MonitorSettings) -> Option<String> {
        let last = self.of_person.entry(person.clone()).or_default();
        last.push_back(by.clone());
        if last.len() > APPROVALS {
            last.pop_front();
        }
        let count = last.len();
        if count < settings.pair_approvals || last.iter().any(|one| one != by) {
            return None;
        }
        let of_approver = self.approvers.get(by).map_or(0, |approver| approver.approvals);
        let others = self.approvals.saturating_sub(count as u64);
        let by_them = of_approver.saturating_sub(count as u64);
        if others < PAIR_OTHERS {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "counts are small")]
        let share = (by_them + 1) as f64 / (others + 2) as f64;
        let chance = share.powi(i32::try_from(count).unwrap_or(i32::MAX));
        (chance < PAIR_CHANCE).then(|| {
            let percent = (share * 100.0).round();
            format!("the last {count} requests of {person} were all approved by {by}, who approves {percent} % of the requests of others")
        })
    }
}

fn too_quick(last: &VecDeque<Option<i64>>, settings: &MonitorSettings) -> Option<String> {
    let limit = i64::from(settings.quick_seconds) * SECOND;
    if last.len() < settings.quick_approvals || last.iter().any(|took| took.is_none_or(|took| took > limit)) {
        return None;
    }
    let mut took: Vec<i64> = last.iter().flatten().copied().collect();
    took.sort_unstable();
    let median = took.get(took.len() / 2).copied().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "seconds are few")]
    let median = median as f64 / 1_000.0;
    Some(format!(
        "the last {} requests were all approved within {} each, half of them within {median} s",
        took.len(),
        span(limit)
    ))
}

fn too_many(approver: &Approver, settings: &MonitorSettings) -> Option<String> {
    let count = approver.recent.total();
    let usual = approver.hours.usual();
    #[expect(clippy::cast_precision_loss, reason = "counts are small")]
    let chance = chance(count, usual as f64);
    let known = approver.hours.len() >= 5;
    let is_unusual = if known { chance < 1e-4 } else { count >= 2 * settings.fatigue_reviews };
    (count >= settings.fatigue_reviews && is_unusual).then(|| {
        let span = span(HOUR);
        if known {
            format!("{count} reviews in {span}, usual at most {usual} an hour over {} days", settings.history_days)
        } else {
            let limit = 2 * settings.fatigue_reviews;
            format!("{count} reviews in {span}, without a history to compare with; the limit is {limit}")
        }
    })
}
