//! Which spans do commands, the store and deliveries have, and in which trace?

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use jit_access::command::{Approve, Submit};
use jit_access::config::Config;
use jit_access::internal::deliver::{Deliverer, DeliveryChannel, Outbox, RetryPolicy};
use jit_access::model::*;
use jit_access::notify::{Channel, Outgoing, Reach, SendError, Sent};
use jit_access::service::{self, Builder, Engine};
use jit_access::store::{LeasedDelivery, Settled, SqliteOptions, SqliteStore, StoreError};

use crate::{CONFIG, caller, world};

/// A subscriber that keeps what it is told of spans.
#[derive(Default)]
struct Kept(Mutex<Spans>);

#[derive(Default)]
struct Spans {
    /// Each with its parent and its fields.
    all: Vec<(String, Option<u64>, BTreeMap<String, String>)>,
    entered: Vec<u64>,
}

struct Fields<'a>(&'a mut BTreeMap<String, String>);

impl tracing::field::Visit for Fields<'_> {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").trim_matches('"').to_owned());
    }
}

impl tracing::Subscriber for Kept {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.is_span()
    }

    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        let mut spans = self.0.lock().unwrap();
        let mut fields = BTreeMap::new();
        span.record(&mut Fields(&mut fields));
        let parent = spans.entered.last().copied();
        spans.all.push((span.metadata().name().to_owned(), parent, fields));
        tracing::span::Id::from_u64(spans.all.len() as u64)
    }

    fn record(&self, span: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        let mut spans = self.0.lock().unwrap();
        values.record(&mut Fields(&mut spans.all[span.into_u64() as usize - 1].2));
    }

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, _: &tracing::Event<'_>) {}

    fn enter(&self, span: &tracing::span::Id) {
        self.0.lock().unwrap().entered.push(span.into_u64());
    }

    fn exit(&self, _: &tracing::span::Id) {
        self.0.lock().unwrap().entered.pop();
    }
}

#[test]
fn each_command_is_a_span_within_that_of_the_host() {
    let (engine, _clock) = world();
    let kept = Arc::new(Kept::default());
    tracing::subscriber::with_default(kept.clone(), || {
        let request = tracing::info_span!("POST /jit/requests");
        let _entered = request.enter();
        let submit = Submit::new(RoleName::new("operator").unwrap()).reason(Justification::new("x").unwrap());
        let done = engine.workflow().execute(&caller("new@example.com", &[]), submit, None).unwrap();
        let approve = Approve::new(done.request.unwrap().id);
        engine.workflow().execute(&caller("new@example.com", &[]), approve, None).unwrap_err();
    });
    let spans = kept.0.lock().unwrap();
    let told: Vec<_> = spans
        .all
        .iter()
        .filter(|(name, ..)| name == "jit.command")
        .map(|(_, parent, fields)| {
            let said = |name: &str| fields.get(name).map(String::as_str);
            (*parent, said("otel.name"), said("jit.command"), said("error.type"), said("otel.status_code"))
        })
        .collect();
    let host = Some(1);
    assert_eq!(
        told,
        [
            (host, Some("jit submit"), Some("submit"), None, None),
            // A refusal is an answer, and no error of the span.
            (host, Some("jit approve"), Some("approve"), Some("self_approval"), None),
        ]
    );
    assert!(!format!("{:?}", spans.all).contains("example.com"), "traces do not say who");
}

/// The spans of this name: each with its parent and its fields.
fn named(kept: &Kept, name: &str) -> Vec<(Option<u64>, BTreeMap<String, String>)> {
    let spans = kept.0.lock().unwrap();
    spans.all.iter().filter(|one| one.0 == name).map(|(_, parent, fields)| (*parent, fields.clone())).collect()
}

fn stored(folder: &tempfile::TempDir) -> Engine {
    let config = Config::parse(CONFIG, []).unwrap();
    let store = SqliteStore::open(folder.path().join("jit.db"), SqliteOptions::default()).unwrap();
    Builder::new(store, config.rules).settings(config.settings).open().unwrap()
}

fn submit() -> Submit {
    Submit::new(RoleName::new("operator").unwrap()).reason(Justification::new("x").unwrap())
}

#[test]
fn what_a_command_does_with_the_store_is_in_the_trace_of_the_host() {
    let folder = tempfile::tempdir().unwrap();
    let engine = stored(&folder);
    let kept = Arc::new(Kept::default());
    tracing::subscriber::with_default(kept.clone(), || {
        let _request = tracing::info_span!("POST /jit/requests").entered();
        engine.workflow().execute(&caller("new@example.com", &[]), submit(), None).unwrap();
        drop(std::fs::remove_dir_all(folder.path()));
        engine.workflow().execute(&caller("new@example.com", &[]), submit(), None).unwrap_err();
    });
    let commands = kept.0.lock().unwrap().all.iter().filter(|one| one.0 == "jit.command").count();
    assert_eq!(commands, 2);
    let store = named(&kept, "jit.store");
    let said = |fields: &BTreeMap<String, String>, name: &str| fields.get(name).cloned();
    assert!(store.len() >= 3, "{store:?}");
    for (parent, fields) in &store {
        let above = parent.map(|parent| kept.0.lock().unwrap().all[parent as usize - 1].0.clone());
        assert_eq!(above.as_deref(), Some("jit.command"));
        assert_eq!(said(fields, "db.system.name").as_deref(), Some("sqlite"));
        assert_eq!(said(fields, "otel.kind").as_deref(), Some("client"));
        let operation = said(fields, "db.operation.name").unwrap();
        assert_eq!(said(fields, "otel.name"), Some(format!("jit store {operation}")));
    }
    let operations: Vec<_> = store.iter().filter_map(|(_, fields)| said(fields, "db.operation.name")).collect();
    assert!(operations.contains(&"committing".to_owned()), "{operations:?}");
    let failed = store.iter().filter(|(_, fields)| said(fields, "error.type").as_deref() == Some("unavailable"));
    let failed: Vec<_> = failed.collect();
    assert!(!failed.is_empty() && failed.len() < store.len(), "{store:?}");
    assert!(failed.iter().all(|(_, fields)| said(fields, "otel.status_code").as_deref() == Some("ERROR")));
    assert!(!format!("{store:?}").contains("example.com"), "traces do not say who");
}

/// The outbox of an engine, over one channel.
#[derive(Debug)]
struct Told(service::Outbox);

impl Outbox for Told {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
    fn plan(&self) -> Result<(), StoreError> {
        self.0.plan(&[("hook".to_owned(), Reach::TARGET)].into()).map(|_| ())
    }
    fn lease(&self, channel: &str, until: Timestamp, limit: usize) -> Result<Vec<LeasedDelivery>, StoreError> {
        self.0.lease(channel, until, limit)
    }
    fn settle(&self, id: DeliveryId, settled: &Settled) -> Result<(), StoreError> {
        self.0.settle(id, settled)
    }
}

/// Refuses what it is given first, and takes the rest.
#[derive(Debug, Default)]
struct Hook(Mutex<u32>);

impl Channel for Hook {
    fn reach(&self) -> Reach {
        Reach::TARGET
    }

    fn send(&self, _: &Outgoing<'_>) -> Result<Sent, SendError> {
        let mut count = self.0.lock().unwrap();
        *count += 1;
        if *count == 1 { Err(SendError::Refused("not today".to_owned())) } else { Ok(Sent::default()) }
    }
}

/// The threads of deliveries have the subscriber of the program, which there is one of.
fn of_the_program() -> &'static Arc<Kept> {
    static KEPT: OnceLock<Arc<Kept>> = OnceLock::new();
    KEPT.get_or_init(|| {
        let kept = Arc::new(Kept::default());
        tracing::subscriber::set_global_default(kept.clone()).unwrap();
        kept
    })
}

#[test]
#[expect(clippy::disallowed_methods, reason = "threads of delivery are waited for")]
fn each_message_is_a_span_that_says_what_became_of_it() {
    let kept = of_the_program();
    let folder = tempfile::tempdir().unwrap();
    let engine = stored(&folder);
    let submit = |name: &str| engine.workflow().execute(&caller(name, &[]), submit(), None).unwrap();
    let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    service::within_trace(Some(header), || submit("ann@example.com"));
    service::within_trace(Some("no header of a trace"), || submit("eve@example.com"));
    let channel = Arc::new(Hook::default());
    let line = DeliveryChannel { channel, retry: RetryPolicy::default(), timeout: Duration::from_secs(1) };
    let deliverer = Deliverer::start(Told(engine.outbox()), [("hook".to_owned(), line)].into()).unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while named(kept, "jit.delivery").len() < 2 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(deliverer);
    let sent = named(kept, "jit.delivery");
    let said = |name: &str| sent.iter().map(|(_, fields)| fields.get(name).map(String::as_str)).collect::<Vec<_>>();
    assert_eq!(said("otel.name"), [Some("jit send hook"); 2]);
    assert_eq!(said("otel.kind"), [Some("producer"); 2]);
    assert_eq!(said("messaging.operation.name"), [Some("send"); 2]);
    assert_eq!(said("messaging.destination.name"), [Some("hook"); 2]);
    assert_eq!(said("messaging.batch.message_count"), [Some("1"); 2]);
    assert_eq!(
        (said("error.type"), said("otel.status_code")),
        (vec![Some("refused"), None], vec![Some("ERROR"), None])
    );
    let traces = [Some("4bf92f3577b34da6a3ce929d0e0e4736"), None];
    assert_eq!(said("jit.trace_id"), traces, "by the trace of a command its message is found");
    assert!(said("messaging.message.id").iter().all(|id| id.is_some_and(|id| id.len() == 36)));
    assert!(!format!("{sent:?}").contains("example.com"), "traces do not say who");
    // What the work of delivery asks the store for is within its rounds.
    let names: Vec<_> = kept.0.lock().unwrap().all.iter().map(|one| one.0.clone()).collect();
    let planned = named(kept, "jit.store").into_iter().filter_map(|(parent, _)| parent);
    assert!(planned.map(|parent| names[parent as usize - 1].as_str()).any(|name| name == "jit.outbox"), "{names:?}");
}
