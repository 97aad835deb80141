//! How the monitor follows the journal, and how its findings are written.
//!
//! It reads the journal itself, in the background, because projections do not receive the uses of other processes. No
//! check and no command waits for it.

use std::time::Duration;

use super::commit::{Decision, Round};
use super::health_samples::HealthSamples;
use super::listing::{Listing, one_more};
use super::shared::Shared;
use super::workflow::{Workflow, place};
use crate::clock::ClockTrouble;
use crate::command::{Definition, ListAlerts};
use crate::error::Error;
use crate::journal::Record;
use crate::model::{
    Alert, AlertId, AlertKind, AlertState, Caller, Cursor, Event, GrantId, RecordFilter, Revision, Timestamp,
};
use crate::monitor::{Monitor, span};
use crate::store::{Reads, RecordQuery, StoreError};
use crate::workflow::{Needs, Refusal, Whose, record_alert};

/// How many records are read at a time, and how often in one round of the background work.
const CHUNK: usize = 1_000;
const CHUNKS: usize = 4;
/// How long a list of alerts waits for the monitor.
const PATIENCE: Duration = Duration::from_millis(20);
/// How many records of alerts are read by themselves, and how many at first where a list wants a few.
const ALERTS: usize = 10_000;
const NEWEST_ALERTS: usize = 500;
/// How often it is looked whether everything works.
const LOOK_MILLIS: i64 = 1_000;
/// How often refused calls are read.
const REFUSALS_MILLIS: i64 = 400;
const DAY: i64 = 24 * 3_600_000;

impl Shared {
    /// One round: takes in new records, checks the health of the engine, and writes the findings.
    pub(super) fn watch(&self) -> Result<(), StoreError> {
        if !self.settings.monitor.enabled {
            return Ok(());
        }
        let due = {
            let mut monitor = self.monitor.lock();
            if !self.read_on(&mut monitor, CHUNKS)? {
                // There is more to read: normal behaviour is not known yet.
                return Ok(());
            }
            let now = self.time.now();
            self.look(&mut monitor, now)?;
            self.look_at_refused_calls(&mut monitor, now)?;
            monitor.advance(now);
            monitor.due(now)
        };
        for alert in due {
            match self.raise(&alert) {
                // Others write too; it is found again in the next round.
                Ok(()) | Err(StoreError::Conflict) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Takes in records up to the head; returns whether it reached the head within this number of reads.
    fn read_on(&self, monitor: &mut Monitor, chunks: usize) -> Result<bool, StoreError> {
        let head = self.store.head()?;
        if head.revision < monitor.reached() {
            // The store was replaced by an older copy.
            *monitor = Monitor::new(self.settings.monitor.clone(), &self.rules);
        }
        if monitor.reached() == Revision::ZERO {
            let live = self.store.view(&Needs { live: Some(Whose::Everybody), ..Needs::default() }, head.at)?;
            live.history.live.iter().for_each(|grant| monitor.add_grant(grant));
        }
        for _ in 0..chunks {
            let from = if monitor.reached() == Revision::ZERO { self.history_from(head.at) } else { None };
            let filter = RecordFilter { from, ..RecordFilter::default() };
            let query = RecordQuery { filter, ..RecordQuery::after(monitor.reached(), CHUNK) };
            let (head, records) = self.store.records(&query)?;
            records.iter().for_each(|record| monitor.add(record));
            let complete = records.len() < CHUNK;
            self.update_live_view(&records, head.revision)?;
            if complete {
                monitor.skip_to(head.revision);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The first instant of the history that is read.
    fn history_from(&self, now: Timestamp) -> Option<Timestamp> {
        let days = i64::from(self.settings.monitor.history_days) * DAY;
        Timestamp::from_millis(now.millis().saturating_sub(days)).ok()
    }

    /// The newest alerts up to the head that are wanted, of this grant if one is given. It does not wait while the monitor
    /// reads a long history.
    fn newest_alerts(
        &self,
        grant: Option<GrantId>,
        most: usize,
        is_wanted: impl Fn(&&AlertState) -> bool,
    ) -> Result<Vec<AlertState>, StoreError> {
        let list =
            |monitor: &Monitor| monitor.alerts().filter(&is_wanted).take(most).cloned().collect::<Vec<AlertState>>();
        if let Some(mut monitor) = self.monitor.try_lock_for(PATIENCE)
            && self.reaches_head(&mut monitor)?
        {
            return Ok(list(&monitor));
        }
        let (few, complete) = self.only_alerts(grant, NEWEST_ALERTS)?;
        let found = list(&few);
        if complete || found.len() == most {
            return Ok(found);
        }
        Ok(list(&self.only_alerts(grant, ALERTS)?.0))
    }

    /// A monitor that knows the newest alerts only, and whether there are no others.
    fn only_alerts(&self, grant: Option<GrantId>, most: usize) -> Result<(Monitor, bool), StoreError> {
        let mut apart = Monitor::new(self.settings.monitor.clone(), &self.rules);
        let complete = self.add_alerts(&mut apart, grant, most)?;
        Ok((apart, complete))
    }

    /// Reads the alerts up to the head. While the monitor still learns normal behaviour from a long history, the alerts
    /// are read separately.
    fn read_alerts(&self, monitor: &mut Monitor) -> Result<(), StoreError> {
        if !self.reaches_head(monitor)? {
            self.add_alerts(monitor, None, ALERTS)?;
        }
        Ok(())
    }

    /// Whether the monitor has read everything up to the head, once it has read what little is missing.
    fn reaches_head(&self, monitor: &mut Monitor) -> Result<bool, StoreError> {
        let behind = self.store.head()?.revision.0.saturating_sub(monitor.reached().0);
        let is_near = usize::try_from(behind).is_ok_and(|behind| behind < CHUNK);
        Ok(is_near && self.read_on(monitor, 1)?)
    }

    /// Reads the records of the newest alerts alone: an index knows where they are. Returns whether there are no older
    /// ones.
    fn add_alerts(&self, monitor: &mut Monitor, grant: Option<GrantId>, most: usize) -> Result<bool, StoreError> {
        let from = self.history_from(self.time.now());
        let mut complete = true;
        for (event, most) in [("alert_raised", most), ("alert_acknowledged", ALERTS), ("alert_silenced", ALERTS)] {
            let filter = RecordFilter { grant, from, event: event.parse().ok(), ..RecordFilter::default() };
            let query = RecordQuery { filter, newest_first: true, ..RecordQuery::after(Revision::ZERO, most) };
            let (_, records) = self.store.records(&query)?;
            complete &= records.len() < most;
            records.iter().rev().for_each(|record| monitor.add_alert(record));
        }
        Ok(complete)
    }

    /// Gives the records to the live view, so that they are not read twice.
    fn update_live_view(&self, records: &[Record], head: Revision) -> Result<(), StoreError> {
        let mut live_view = self.live_view.lock();
        if live_view.refreshed_at.is_none() {
            return Ok(());
        }
        self.take_in(&mut live_view.activity, records)?;
        if live_view.activity.reached() == head {
            live_view.refreshed_at = Some(self.time.monotonic());
        }
        Ok(())
    }

    /// Finds refused calls of grant holders, of all processes.
    fn look_at_refused_calls(&self, monitor: &mut Monitor, now: Timestamp) -> Result<(), StoreError> {
        if now.millis().saturating_sub(self.health_samples.lock().refusals_at).abs() < REFUSALS_MILLIS {
            return Ok(());
        }
        self.health_samples.lock().refusals_at = now.millis();
        let mut live_view = self.refreshed_view(Revision::ZERO)?;
        self.count_refusals(&mut live_view)?;
        for calls in std::mem::take(&mut live_view.refused) {
            monitor.refused_calls(calls.grant, calls.count, (&calls.code, &calls.about), calls.at);
        }
        Ok(())
    }

    /// Notes that a round of background work failed, and the age of the last proof.
    pub(super) fn note_staleness(&self) {
        let proven = self.following.lock().proven;
        let stale = self.time.now().millis().saturating_sub(proven.millis());
        let mut samples = self.health_samples.lock();
        samples.stalest = samples.stalest.max(stale);
    }

    /// That what this process knows of the grants was too old, now that the store can be read again.
    fn staleness(&self, samples: &mut HealthSamples) -> Option<String> {
        let limit = self.settings.max_staleness;
        let stalest = std::mem::take(&mut samples.stalest);
        let (total, _) = self.checks.not_honoured();
        let checks = total.saturating_sub(std::mem::replace(&mut samples.not_honoured, total));
        let was_stale = u128::try_from(stalest).is_ok_and(|stalest| stalest > limit.as_millis());
        (was_stale || checks > 0).then(|| {
            let (seconds, limit) = (stalest / 1_000, limit.as_secs_f64());
            let checks = match checks {
                1 => "1 check under a grant was".to_owned(),
                _ => format!("{checks} checks under a grant were"),
            };
            format!(
                "what a process knows of the grants was up to {seconds} s old, the limit is {limit} s: {checks} not honoured"
            )
        })
    }

    /// Takes in all records up to the head.
    pub(super) fn read_all(&self, monitor: &mut Monitor) -> Result<(), StoreError> {
        while !self.read_on(monitor, CHUNKS)? {}
        Ok(())
    }

    /// Looks whether everything works.
    fn look(&self, monitor: &mut Monitor, now: Timestamp) -> Result<(), StoreError> {
        let mut samples = self.health_samples.lock();
        if now.millis().saturating_sub(samples.sampled_at).abs() < LOOK_MILLIS {
            return Ok(());
        }
        samples.sampled_at = now.millis();
        if let Some(trouble) = self.time.trouble() {
            let off = span(self.time.wall_ahead().abs());
            let (side, of) = match trouble {
                ClockTrouble::Ahead => ("ahead of", "the time that was seen"),
                ClockTrouble::Behind => ("behind", "the journal"),
            };
            let text = format!(
                "the clock is doubted: it shows {off} {side} {of}, and no grant is honoured but break-glass grants"
            );
            monitor.trouble(AlertKind::ClockDoubted, "clock", text, now);
        }
        if let Some(text) = self.staleness(&mut samples) {
            monitor.trouble(AlertKind::StaleReplica, "stale", text, now);
        }
        #[cfg(feature = "cedar")]
        for text in self.differences(now) {
            monitor.trouble(AlertKind::EnginesDiffer, "engines", text, now);
        }
        let asked = self.time.monotonic();
        self.store.head()?;
        let took = self.time.monotonic().saturating_sub(asked);
        let limit = i64::from(self.settings.monitor.store_slow_ms);
        samples.slow = if took > limit { samples.slow + 1 } else { 0 };
        if samples.slow >= 3 {
            let text =
                format!("the store took {took} ms to answer, {} times in a row more than {limit} ms", samples.slow);
            monitor.trouble(AlertKind::StoreSlow, "store", text, now);
        }
        for count in self.store.channel_counts()?.iter().filter(|count| count.failed > 0) {
            let last = count.last_success.map_or_else(
                || "none was ever sent".to_owned(),
                |at| format!("the last one was sent at {}", at.for_people()),
            );
            let messages = if count.failed == 1 { "message" } else { "messages" };
            let text =
                format!("{} {messages} of {} failed, {} wait; {last}", count.failed, count.channel, count.waiting);
            monitor.trouble(AlertKind::DeliveryFailing, &count.channel, text, now);
        }
        Ok(())
    }

    /// Writes the alert, unless another process has.
    fn raise(&self, alert: &Alert) -> Result<(), StoreError> {
        let suspends = self.settings.monitor.suspend_on.contains(&alert.kind);
        self.commit(|reads: &dyn Reads, round| {
            let reached = {
                let mut monitor = self.monitor.lock();
                if round == Round::Free {
                    self.read_on(&mut monitor, CHUNKS)?;
                }
                if !monitor.is_due(alert.id) {
                    return Ok(Some((Decision::default(), ())));
                }
                monitor.reached()
            };
            let now = self.time.now();
            let needs = alert.grant.map_or_else(Needs::default, |grant| Needs { chain: true, ..Needs::grant(grant) });
            let mut view = reads.view(&needs, now)?;
            if round == Round::Exclusive && view.revision > reached {
                return Ok(None);
            }
            let events: Vec<Event> = record_alert(&view, alert, suspends, now);
            // Conflicts when there are changes that the monitor has not read; another alert is one.
            view.revision = view.revision.min(reached);
            Ok(Some((Decision::from_view(view, events), ())))
        })
    }

    /// The alert with this id. `round` says whether the store may be read.
    pub(super) fn alert(&self, id: AlertId, round: Round) -> Result<Option<AlertState>, StoreError> {
        let mut monitor = self.monitor.lock();
        if round == Round::Free {
            self.read_alerts(&mut monitor)?;
        }
        Ok(monitor.alert(id).cloned())
    }

    /// Notes a command that was refused.
    pub(super) fn note_refusal(&self, caller: &Caller, about: &str, refusal: &Refusal) {
        if self.settings.monitor.enabled {
            self.monitor.lock().refused(&caller.principal, about, refusal.code(), self.time.now());
        }
    }

    /// The journal does not verify.
    pub(super) fn note_broken(&self, why: &str) {
        if self.settings.monitor.enabled {
            let text = format!("the journal does not verify: {why}");
            self.monitor.lock().trouble(AlertKind::JournalBroken, "journal", text, self.time.now());
        }
    }
}

impl Workflow {
    /// The alerts that the monitor keeps, newest first.
    ///
    /// # Errors
    /// [`crate::workflow::RefusalCode::NotAnAuditor`]; when the limit is not 1 to 500; errors of the store.
    pub fn alerts(&self, caller: &Caller, list: &ListAlerts) -> Result<Listing<AlertState>, Error> {
        let (shared, limit) = (&self.shared, list.limit.0);
        let now = shared.time.now();
        shared.may_audit(caller, &ListAlerts::SPEC, now)?;
        let one_more = one_more(limit)?;
        let (name, before) = place(list, list.cursor)?;
        let is_wanted = |state: &&AlertState| {
            let grant: Option<GrantId> = list.grant;
            list.status.is_none_or(|status| state.status(now) == status)
                && grant.is_none_or(|grant| state.alert.grant == Some(grant))
                && before.is_none_or(|before| state.revision < before)
        };
        let mut items = shared.newest_alerts(list.grant, one_more, is_wanted)?;
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| has_more).map(|state| Cursor::new(&name, state.revision));
        Ok(Listing { items, next, now })
    }
}
