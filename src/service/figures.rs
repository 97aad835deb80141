//! Where the metrics of an engine come from.

use super::engine::Engine;
use super::metrics::{self, Counters, Histogram, Metrics};
use super::shared::Shared;
use super::workflow::Workflow;
use crate::check::{Check, Decider};
use crate::clock::nanos_of;
use crate::command::{Definition, GetMetrics};
use crate::error::Error;
use crate::model::{AlertStatus, Caller, Outcome, Principal, PrincipalKind, RequestStatus, Revision, Timestamp};
use crate::store::{Page, StoreError, Visible};
use crate::workflow::{Count, Needs};

/// How many pending requests are counted at most.
const PENDING: usize = 10_000;
/// The bounds of the time to approve, in seconds: a minute to a day.
const APPROVAL_BOUNDS: [f64; 8] = [60.0, 300.0, 900.0, 1_800.0, 3_600.0, 14_400.0, 43_200.0, 86_400.0];
/// How many checks one probe makes.
const PROBES: u32 = 64;
/// The principal of a probe. No real principal has this name.
const NOBODY: &str = "probe.of.the.monitor@jit-access.invalid";

impl Engine {
    /// The figures of this process and of its store, for dashboards and alert rules.
    ///
    /// # Errors
    /// Errors of the store, except that it cannot be read: then its figures are missing.
    pub fn metrics(&self) -> Result<Metrics, Error> {
        Ok(self.shared().metrics()?)
    }
}

impl Workflow {
    /// The same, for a caller who may read the journal.
    ///
    /// # Errors
    /// [`crate::workflow::RefusalCode::NotAnAuditor`]; errors of the store.
    pub fn metrics(&self, caller: &Caller) -> Result<Metrics, Error> {
        self.shared.may_audit(caller, &GetMetrics::SPEC, self.shared.time.now())?;
        Ok(self.shared.metrics()?)
    }
}

impl Shared {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    fn metrics(&self) -> Result<Metrics, StoreError> {
        let now = self.time.now();
        let seconds = |millis: i64| millis.max(0) as f64 / 1_000.0;
        let counted = self.counted();
        let mut all = Metrics::default();
        all.put(metrics::USES, counted.uses as f64);
        let (stale, unrecordable) = (counted.stale, counted.unrecordable);
        let outcome = |outcome: Outcome, count: u64| (outcome.name().to_owned(), count as f64);
        let decisions = [
            outcome(Outcome::Allow, counted.uses),
            outcome(Outcome::Deny, counted.denied),
            outcome(Outcome::NotApplicable, counted.refused_calls + stale + unrecordable),
        ];
        all.put_all(metrics::DECISIONS, decisions);
        let not = [("stale".to_owned(), stale as f64), ("unrecordable".to_owned(), unrecordable as f64)];
        all.put_all(metrics::NOT_HONOURED, not);
        let outcomes = [("done", counted.done), ("refused", counted.refused), ("failed", counted.failed)];
        let outcomes = outcomes.map(|(name, count)| (name.to_owned(), count as f64));
        all.put_all(metrics::COMMANDS, outcomes);
        all.put_histogram(metrics::PROBE, metrics::probes(&counted));
        let offline = self.offline.as_ref().map(|offline| offline.health(now)).unwrap_or_default();
        all.put(metrics::OFFLINE, counted.offline as f64);
        all.put(metrics::OFFLINE_ENTRIES, offline.entries as f64);
        all.put(metrics::OFFLINE_GRANTS, offline.grants as f64);
        all.put(metrics::OFFLINE_PROBLEM, f64::from(u8::from(offline.problem.is_some())));
        all.put(metrics::ROUNDS, counted.rounds_failed as f64);
        let proven = self.following.lock().proven;
        all.put(metrics::STALENESS, seconds(now.millis() - proven.millis()));
        all.put(metrics::DOUBTED, f64::from(u8::from(self.time.trouble().is_some())));
        all.put_all(metrics::SOURCE, [(self.time.source().name().to_owned(), 1.0)]);
        all.put(metrics::SKEW, self.time.skew().unwrap_or_default() as f64 / 1_000.0);

        let mut of_store = Metrics::default();
        let is_up = match self.figures_of_the_store(&mut of_store, now) {
            Ok(()) => true,
            // The metrics that need no store are returned all the same: they matter most while the store cannot be
            // read.
            Err(StoreError::Unavailable { .. }) => false,
            Err(error) => return Err(error),
        };
        all.put(metrics::UP, f64::from(u8::from(is_up)));
        if is_up {
            all.figures.extend(of_store.figures);
        }
        Ok(all)
    }

    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    fn figures_of_the_store(&self, all: &mut Metrics, now: Timestamp) -> Result<(), StoreError> {
        let seconds = |millis: i64| millis.max(0) as f64 / 1_000.0;
        let mut head = Ok(Revision::ZERO);
        let took = nanos_of(|| head = self.store.head().map(|head| head.revision));
        let head = head?;
        all.put(metrics::ANSWER, took as f64 / 1e9);
        let nobody = Principal::user(NOBODY).ok().map(|person| Count { person: Some(person), nth: 0 });
        let tally = self.store.view(&Needs { tally: nobody, ..Needs::default() }, now)?.tally;
        all.put(metrics::GRANTS, tally.grants_of_all as f64);
        let status = Some(RequestStatus::Pending);
        let page = Page { visible: Visible::All, status, now, before: None, limit: PENDING };
        let pending = self.store.requests(&page)?;
        let oldest = pending.iter().map(|(_, one)| one.request.created_at).min();
        all.put(metrics::PENDING, pending.len() as f64);
        all.put(metrics::OLDEST, oldest.map_or(0.0, |at| seconds(now.millis() - at.millis())));
        let (approvals, alerts, open) = self.watched(now)?;
        all.put_histogram(metrics::APPROVAL, Histogram::of(&APPROVAL_BOUNDS, approvals.into_iter().map(seconds)));

        all.put(metrics::RECORDS, head.0 as f64);
        all.put(metrics::WAITING, self.store.waiting_notices(now)? as f64);
        let channels = self.store.channel_counts()?;
        let by_channel = |count: fn(&crate::model::ChannelCount) -> u64| {
            channels.iter().map(move |one| (one.channel.clone(), count(one) as f64)).collect::<Vec<_>>()
        };
        all.put_all(metrics::DELIVERIES, by_channel(|one| one.waiting));
        all.put_all(metrics::FAILED, by_channel(|one| one.failed));
        all.put_all(metrics::ALERTS, alerts.into_iter().map(|(kind, count)| (kind.name().to_owned(), count as f64)));
        all.put(metrics::OPEN, open as f64);
        Ok(())
    }

    /// What the monitor has counted: how long approvals took, alerts by kind, and how many alerts are open.
    fn watched(&self, now: Timestamp) -> Result<Watched, StoreError> {
        let mut monitor = self.monitor.lock();
        self.read_all(&mut monitor)?;
        let open = monitor.alerts().filter(|state| state.status(now) == AlertStatus::Open).count();
        let counts = monitor.counts().iter().map(|(kind, count)| (*kind, *count)).collect();
        Ok((monitor.approvals().collect(), counts, open))
    }

    /// Measures a check, for the figures. `decider` is one of this engine.
    pub(super) fn probe(counters: &Counters, decider: &Decider) {
        let check = Check::text((PrincipalKind::User, NOBODY), "probe.nothing", None, None).peek();
        let nanos = nanos_of(|| {
            for _ in 0..PROBES {
                std::hint::black_box(decider.check(std::hint::black_box(&check)).is_ok());
            }
        });
        counters.probed(nanos / u64::from(PROBES));
    }
}

type Watched = (Vec<i64>, Vec<(crate::model::AlertKind, u64)>, usize);
