//! The alerts of a record.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::history::{DAY, MINUTE, Recent, SECOND, span};
use super::kept::{Finding, Kept};
use super::reviews::{Review, Reviews};
use super::settings::MonitorSettings;
use super::uses::{Around, Use, Uses, Watched};
use crate::journal::Record;
use crate::model::{
    AccessRequest, Alert, AlertId, AlertKind, AlertState, Event, Fact, Grant, GrantId, Principal, RequestId, Revision,
    RoleName, Timestamp,
};
use crate::workflow::{RefusalCode, Rules};

/// How long after its end a grant counts as never used: waiting uses are written until then.
const LAST_USES: i64 = SECOND / 2;
/// The time span in which refused commands are counted.
const PROBING: i64 = 10 * MINUTE;
/// The greatest age of a finding that is reported: older ones come from reading the history.
const TOLD_WITHIN: i64 = 60 * MINUTE;

/// The monitor: takes in records in order, and finds what is unusual.
///
/// ```
/// use jit_access::internal::monitor::{Monitor, MonitorSettings};
/// use jit_access::workflow::Rules;
///
/// let mut monitor = Monitor::new(MonitorSettings::default(), &Rules::default());
/// assert!(monitor.due("2026-12-01T09:00:00Z".parse()?).is_empty(), "nothing was read");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Monitor {
    settings: MonitorSettings,
    around: Around,
    reached: Revision,
    grants: HashMap<GrantId, Watched>,
    /// Pending requests: the requester, and since when they can be reviewed.
    requests: HashMap<RequestId, (Principal, Timestamp)>,
    /// Open reviews of break-glass grants: the role, the holder, and the deadline.
    owed: HashMap<GrantId, (RoleName, Principal, Timestamp)>,
    /// When each person took access without approval.
    emergencies: HashMap<Principal, VecDeque<Timestamp>>,
    refused: HashMap<Principal, VecDeque<Timestamp>>,
    /// Refused calls of grant holders.
    refused_calls: HashMap<Principal, Recent<10>>,
    /// Grants that ended a moment ago.
    ending: VecDeque<(Timestamp, GrantId)>,
    uses: Uses,
    reviews: Reviews,
    kept: Kept,
}

impl Monitor {
    /// A monitor that has read nothing.
    #[must_use]
    pub fn new(settings: MonitorSettings, rules: &Rules) -> Self {
        let around = Around { production: rules.risk.production.clone(), hours: rules.risk.working_hours };
        let kept = Kept::without(settings.off.clone());
        Self {
            settings,
            around,
            reached: Revision::ZERO,
            grants: HashMap::new(),
            requests: HashMap::new(),
            owed: HashMap::new(),
            emergencies: HashMap::new(),
            refused: HashMap::new(),
            refused_calls: HashMap::new(),
            ending: VecDeque::new(),
            uses: Uses::default(),
            reviews: Reviews::default(),
            kept,
        }
    }

    /// The last record that was taken in.
    #[must_use]
    pub const fn reached(&self) -> Revision {
        self.reached
    }

    /// Skips the records up to this revision.
    pub fn skip_to(&mut self, revision: Revision) {
        self.reached = self.reached.max(revision);
    }

    /// Adds a grant that was created before the records that are read.
    pub fn add_grant(&mut self, grant: &Grant) {
        self.grants.entry(grant.id).or_insert_with(|| Watched::new(grant));
        self.owes(grant);
    }

    /// Takes in the next record.
    pub fn add(&mut self, record: &Record) {
        self.reached = record.revision;
        self.kept.add(record);
        let event = &record.event;
        match &event.fact {
            Fact::RequestSubmitted(request) => {
                self.requests.insert(request.id, (request.person().clone(), event.at));
            }
            Fact::RequestAnswered { request, .. } => {
                if let Some((_, asked)) = self.requests.get_mut(request) {
                    *asked = event.at;
                }
            }
            Fact::RequestReviewed { request, .. } => self.reviewed(*request, event, (true, false)),
            Fact::RequestApproved { request, .. } => self.reviewed(*request, event, (true, true)),
            Fact::RequestDenied { request, .. } => self.reviewed(*request, event, (false, true)),
            Fact::InformationRequested { request, .. } => self.reviewed(*request, event, (false, false)),
            Fact::RequestWithdrawn { request } | Fact::RequestTimedOut { request } => {
                self.requests.remove(request);
            }
            Fact::GrantCreated(grant) => self.created(grant, event.at),
            Fact::GrantUsed { grant, action, resource, used_at, details, .. } => {
                if let Some(watched) = self.grants.get_mut(grant) {
                    let details = details.as_deref();
                    let used = Use { grant: *grant, action, resource, at: used_at.unwrap_or(event.at), details };
                    self.uses.add(&used, watched, &self.around, &self.settings, &mut self.kept);
                }
            }
            Fact::GrantExpired { grant } | Fact::GrantReleased { grant } => self.ending.push_back((event.at, *grant)),
            Fact::GrantRevoked { grant, .. } | Fact::GrantExhausted { grant } => {
                self.ending.push_back((event.at, *grant));
                if let Some(watched) = self.grants.get_mut(grant) {
                    // Revoked or used up: it raises no alert.
                    watched.used = watched.used.max(1);
                }
            }
            Fact::BreakGlassReviewed { grant, .. } | Fact::BreakGlassReviewWaived { grant, .. } => {
                self.owed.remove(grant);
            }
            Fact::BreakGlassReviewOverdue { grant } => {
                let owed = self.owed.remove(grant);
                let text = match &owed {
                    Some((role, holder, due)) => format!(
                        "nobody reviewed {role} of {holder}, taken without approval, in time: by {}",
                        due.for_people()
                    ),
                    None => "the review of this break-glass access was not done in time".to_owned(),
                };
                let who = owed.as_ref().map(|(_, holder, _)| holder);
                self.find(AlertKind::ReviewOverdue, grant.to_string(), Some(*grant), who, event.at, text);
            }
            _ => {}
        }
    }

    /// What time has made true by `now`.
    pub fn advance(&mut self, now: Timestamp) {
        while let Some((ended, grant)) = self.ending.front().copied()
            && ended.millis() + LAST_USES <= now.millis()
        {
            self.ending.pop_front();
            let Some(watched) = self.grants.remove(&grant) else { continue };
            if watched.used == 0 && watched.last().is_none() {
                let held = watched.was_held(ended).map_or_else(String::new, |span| format!(" in {span}"));
                let text = format!("{} was granted and never used{held}", watched.role);
                self.find(AlertKind::NeverUsed, grant.to_string(), Some(grant), Some(&watched.holder), ended, text);
            }
        }
    }

    /// A command that was refused.
    pub fn refused(&mut self, who: &Principal, about: &str, code: RefusalCode, at: Timestamp) {
        if code == RefusalCode::SelfApproval {
            let text = format!("{who} tried to review a request of their own: {about}");
            self.find(AlertKind::SelfApproval, format!("{who} {about}"), None, Some(who), at, text);
        }
        let refused = self.refused.entry(who.clone()).or_default();
        refused.push_back(at);
        while refused.front().is_some_and(|first| first.millis() < at.millis() - PROBING) {
            refused.pop_front();
        }
        let count = refused.len();
        if count >= self.settings.probing_refusals {
            let text = format!("{count} refused commands in {}, the last with {}", span(PROBING), code.name());
            let hour = at.millis().div_euclid(60 * MINUTE);
            self.find(AlertKind::Probing, format!("{who} {hour}"), None, Some(who), at, text);
        }
    }

    /// Takes in refused calls of the holder of a live grant: their number, and the instant of the last one.
    pub fn refused_calls(&mut self, grant: GrantId, count: u64, (code, about): (&str, &str), at: Timestamp) {
        let Some((role, holder)) = self.grants.get(&grant).map(Watched::role_and_holder) else { return };
        let (role, holder) = (role.clone(), holder.clone());
        let refused = self.refused_calls.entry(holder.clone()).or_default();
        refused.add_all(at, count);
        let total = refused.total();
        if total >= self.settings.probing_calls {
            let text =
                format!("{total} refused calls in {} under {role}, the last with {code}: {about}", span(PROBING));
            let hour = at.millis().div_euclid(60 * MINUTE);
            self.find(AlertKind::Probing, format!("{grant} {hour}"), Some(grant), Some(&holder), at, text);
        }
    }

    /// Something of the engine does not work. It is raised once a day.
    pub fn trouble(&mut self, kind: AlertKind, about: &str, text: String, at: Timestamp) {
        let day = at.millis().div_euclid(DAY);
        self.find(kind, format!("{about} {day}"), None, None, at, text);
    }

    /// The findings that are not recorded yet. Those older than an hour come from reading the history, and are not
    /// reported.
    #[must_use]
    pub fn due(&mut self, now: Timestamp) -> Vec<Alert> {
        let not_before = now.millis().saturating_sub(TOLD_WITHIN);
        self.kept.due(Timestamp::from_millis(not_before).unwrap_or(Timestamp::EPOCH))
    }

    /// Whether this is found and not on record yet.
    #[must_use]
    pub fn is_due(&self, id: AlertId) -> bool {
        self.kept.is_found(id)
    }

    /// Takes in the record of an alert, or of its handling, early: later, in order, it changes nothing.
    pub fn add_alert(&mut self, record: &Record) {
        self.kept.add_alert(record);
    }

    /// The alert of this id, while it is kept.
    #[must_use]
    pub fn alert(&self, id: AlertId) -> Option<&AlertState> {
        self.kept.get(id)
    }

    /// The alerts that are kept, newest first.
    pub fn alerts(&self) -> impl Iterator<Item = &AlertState> {
        self.kept.newest_first()
    }

    /// The number of alerts of each kind in the journal, as far as it was read.
    #[must_use]
    pub const fn counts(&self) -> &BTreeMap<AlertKind, u64> {
        self.kept.counts()
    }

    /// How long the last 10,000 approved requests waited, in milliseconds, oldest first.
    pub fn approvals(&self) -> impl Iterator<Item = i64> + '_ {
        self.reviews.waited()
    }

    fn reviewed(&mut self, id: RequestId, event: &Event, (is_yes, is_last): (bool, bool)) {
        let asked = if is_last { self.requests.remove(&id) } else { self.requests.get(&id).cloned() };
        if let (Some(by), Some((person, asked_at))) = (event.by.principal(), asked) {
            let review = Review { by, at: event.at, asked_at, person: &person, is_yes, is_last };
            self.reviews.add(&review, &self.settings, &mut self.kept);
            self.retain();
        }
    }

    fn created(&mut self, grant: &Grant, at: Timestamp) {
        self.grants.insert(grant.id, Watched::new(grant));
        self.owes(grant);
        let Some(owed) = &grant.break_glass else { return };
        if owed.drill {
            return;
        }
        let days = self.settings.break_glass_days;
        let taken = self.emergencies.entry(grant.person().clone()).or_default();
        while taken.front().is_some_and(|first| first.millis() < at.millis() - i64::from(days) * DAY) {
            taken.pop_front();
        }
        taken.push_back(at);
        let count = taken.len();
        if count > 1 {
            let text = format!("access without approval was taken {count} times in {days} days, now {}", grant.role);
            let who = grant.holder.clone();
            self.find(AlertKind::BreakGlassAgain, grant.id.to_string(), Some(grant.id), Some(&who), at, text);
        }
    }

    /// Remembers the review that a grant without approval owes.
    fn owes(&mut self, grant: &Grant) {
        if let Some(owed) = grant.break_glass.as_ref().filter(|_| grant.is_unreviewed()) {
            self.owed.insert(grant.id, (grant.role.clone(), grant.holder.clone(), owed.review_due));
        }
    }

    fn find(
        &mut self,
        kind: AlertKind,
        key: String,
        grant: Option<GrantId>,
        who: Option<&Principal>,
        since: Timestamp,
        text: String,
    ) {
        self.kept.find(Finding { kind, key, grant, who, since, text });
    }

    /// Removes what would grow without limit: requests without recent records.
    fn retain(&mut self) {
        const REQUESTS: usize = 100_000;
        if self.requests.len() > REQUESTS {
            self.requests.clear();
        }
        if self.refused_calls.len() > REQUESTS {
            self.refused_calls.clear();
        }
    }
}

/// Requests that were created before the records that are read.
impl Monitor {
    /// Adds a request that was created before the records that are read.
    pub fn add_request(&mut self, request: &AccessRequest) {
        self.requests.entry(request.id).or_insert_with(|| (request.person().clone(), request.created_at));
    }
}
