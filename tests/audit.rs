//! The record is read by one filter: every filter and every pair of filters answers what a plain reading of the events says.

use std::collections::BTreeMap;

use jit_access::command::{ExportRecords, ListRecords, ListRefusals};
use jit_access::internal::journal::Record;
use jit_access::internal::wire::export;
use jit_access::model::{
    AccessRequest, Actor, Caller, Event, ExportFormat, Fact, Grant, GrantId, Principal, RecordFilter, RecordOrder,
    RequestId, Revision, RoleName, Scope,
};
use jit_access::service::{Builder, Engine};
use jit_access::store::conformance::week::{Week, rules};
use jit_access::store::{MemoryStore, RecordQuery, SqliteOptions, SqliteStore, Store};
use serde_json::Value;

fn auditor() -> Caller {
    Caller::new(Principal::user("lea@example.com").unwrap(), vec![RoleName::new("team-lead").unwrap()])
}

/// The events of a week, and what they tell of requests and grants.
struct Told {
    records: Vec<Record>,
    requests: BTreeMap<RequestId, AccessRequest>,
    grants: BTreeMap<GrantId, Grant>,
}

impl Told {
    fn by(store: &dyn Store) -> Self {
        let (_, records) = store.records(&RecordQuery::after(Revision::ZERO, usize::MAX)).unwrap();
        let (mut requests, mut grants) = (BTreeMap::new(), BTreeMap::new());
        for record in &records {
            match &record.event.fact {
                Fact::RequestSubmitted(request) => drop(requests.insert(request.id, (**request).clone())),
                Fact::GrantCreated(grant) => drop(grants.insert(grant.id, (**grant).clone())),
                _ => {}
            }
        }
        Self { records, requests, grants }
    }

    fn grant(&self, event: &Event) -> Option<&Grant> {
        let id = match &event.fact {
            Fact::GrantCreated(grant) => &grant.id,
            Fact::GrantActivated { grant }
            | Fact::GrantExpired { grant }
            | Fact::GrantRevoked { grant, .. }
            | Fact::GrantSuspended { grant, .. }
            | Fact::GrantResumed { grant }
            | Fact::GrantReleased { grant }
            | Fact::BreakGlassReviewed { grant, .. }
            | Fact::BreakGlassReviewWaived { grant, .. }
            | Fact::BreakGlassReviewOverdue { grant }
            | Fact::GrantExhausted { grant }
            | Fact::GrantUsed { grant, .. } => grant,
            _ => return None,
        };
        self.grants.get(id)
    }

    fn request(&self, event: &Event) -> Option<&AccessRequest> {
        let id = match &event.fact {
            Fact::RequestSubmitted(request) => &request.id,
            Fact::RequestApproved { request, .. }
            | Fact::RequestReviewed { request, .. }
            | Fact::RequestDenied { request, .. }
            | Fact::RequestWithdrawn { request } => request,
            _ => return None,
        };
        self.requests.get(id)
    }

    fn concerns(&self, event: &Event, who: &Principal) -> bool {
        let by = [event.by.principal(), event.by.person()].contains(&Some(who));
        let of_grant = self.grant(event).is_some_and(|grant| grant.identities().any(|one| one == who));
        let of_request = self.request(event).is_some_and(|request| request.identities().any(|one| one == who));
        by || of_grant
            || of_request
            || match &event.fact {
                Fact::RolesDelegated(lent) => lent.delegator == *who || lent.delegate == *who,
                Fact::StandingReported { principal, .. } => principal == who,
                _ => false,
            }
    }

    fn needed(&self, event: &Event, approver: &Principal) -> bool {
        let is = |by: &Actor| by.principal() == Some(approver);
        let answers = matches!(
            event.fact,
            Fact::RequestApproved { .. } | Fact::RequestReviewed { .. } | Fact::RequestDenied { .. }
        );
        let of = |grant: &Grant| is(&grant.approved_by) || grant.earlier_approvers.iter().any(is);
        answers && is(&event.by) || self.grant(event).is_some_and(of)
    }

    fn names(event: &Event, scope: &Scope) -> bool {
        let in_scope = |of: &Scope| {
            of == scope
                || of.kind().is_some_and(|kind| kind.to_string() == scope.to_string())
                || of.things().any(|thing| thing.to_string() == scope.to_string())
        };
        match &event.fact {
            Fact::GrantUsed { resource, .. } => {
                let parent = resource.parent().map(ToString::to_string);
                resource.thing().to_string() == scope.to_string()
                    || resource.kind().to_string() == scope.to_string()
                    || parent == Some(scope.to_string())
            }
            Fact::RequestSubmitted(request) => in_scope(&request.scope),
            Fact::GrantCreated(grant) => in_scope(&grant.scope),
            _ => false,
        }
    }

    /// What the words of the filter mean, read off the events.
    fn wants(&self, filter: &RecordFilter, record: &Record) -> bool {
        let event = &record.event;
        let is_grant = |id: &GrantId| self.grant(event).is_some_and(|grant| grant.id == *id);
        let is_request = |id: &RequestId| match &event.fact {
            Fact::GrantCreated(grant) => grant.request == *id,
            _ => self.request(event).is_some_and(|request| request.id == *id),
        };
        let has_role = |role: &RoleName| {
            self.grant(event).is_some_and(|grant| grant.role == *role)
                || self.request(event).is_some_and(|request| request.role == *role)
        };
        filter.grant.as_ref().is_none_or(is_grant)
            && filter.request.as_ref().is_none_or(is_request)
            && filter.person.as_ref().is_none_or(|who| self.concerns(event, who))
            && filter.agent.as_ref().is_none_or(|who| self.concerns(event, who))
            && filter.approver.as_ref().is_none_or(|who| self.needed(event, who))
            && filter.role.as_ref().is_none_or(has_role)
            && filter.permission.as_ref().is_none_or(|wanted| match &event.fact {
                Fact::GrantUsed { action, .. } => action.name() == wanted.as_str(),
                Fact::RequestSubmitted(request) => request.permissions.allowed().contains(wanted),
                Fact::GrantCreated(grant) => grant.permissions.allowed().contains(wanted),
                _ => false,
            })
            && filter.resource.as_ref().is_none_or(|scope| Self::names(event, scope))
            && filter.result.is_none_or(|wanted| {
                let result = match event.fact.name() {
                    "grant_used" => "allowed",
                    "request_reviewed" | "request_approved" => "approved",
                    name => name.rsplit('_').next().unwrap(),
                };
                result == wanted.name()
            })
            && filter.event.is_none_or(|wanted| event.fact.name() == wanted.to_string())
            && filter.from.is_none_or(|from| event.at >= from)
            && filter.until.is_none_or(|until| event.at < until)
            // No name in this week has the words that are looked for.
            && filter.text.as_ref().is_none_or(|text| record.body.to_lowercase().contains(&text.to_string()))
    }
}

type Set = fn(&mut RecordFilter, &str);

/// Every part of the filter, with values that many, few and no records have.
fn parts(told: &Told) -> Vec<(Set, Vec<String>)> {
    let middle = told.records[told.records.len() / 2].event.at.to_string();
    let grants: Vec<_> = told.grants.keys().map(ToString::to_string).step_by(9).take(2).collect();
    let requests: Vec<_> = told.requests.keys().map(ToString::to_string).step_by(11).take(2).collect();
    let texts = |all: &[&str]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
    let none = "00000000-0000-0000-0000-0000000000ff".to_owned();
    vec![
        (|f, v| f.grant = Some(v.parse().unwrap()), [grants, vec![none.clone()]].concat()),
        (|f, v| f.request = Some(v.parse().unwrap()), [requests, vec![none]].concat()),
        (
            |f, v| f.person = Some(Principal::user(v).unwrap()),
            texts(&["person00@example.com", "lea@example.com", "nobody@example.com"]),
        ),
        (|f, v| f.agent = Some(Principal::agent(v).unwrap()), texts(&["bot04", "bot99"])),
        (
            |f, v| f.approver = Some(Principal::user(v).unwrap()),
            texts(&["leo@example.com", "sol@example.com", "person00@example.com"]),
        ),
        (|f, v| f.role = Some(RoleName::new(v).unwrap()), texts(&["tool-runner", "db-admin", "nothing"])),
        (
            |f, v| f.permission = Some(jit_access::model::Permission::new(v).unwrap()),
            texts(&["tools.execute", "db.*", "db.migrate"]),
        ),
        (|f, v| f.resource = Some(v.parse().unwrap()), texts(&["tool", "server:s1", "tool:t3", "*"])),
        (
            |f, v| f.result = jit_access::model::RecordResult::ALL.into_iter().find(|result| result.name() == v),
            texts(&["allowed", "denied", "revoked"]),
        ),
        (|f, v| f.event = Some(v.parse().unwrap()), texts(&["grant_used", "grant_created", "clock_accepted"])),
        (|f, v| f.from = Some(v.parse().unwrap()), vec![middle.clone()]),
        (|f, v| f.until = Some(v.parse().unwrap()), vec![middle]),
        (|f, v| f.text = Some(v.parse().unwrap()), texts(&["märz", "TICKETS.example", "nowhere at all"])),
    ]
}

fn filters(told: &Told) -> Vec<RecordFilter> {
    let parts = parts(told);
    let single: Vec<(usize, Set, &String)> =
        parts.iter().enumerate().flat_map(|(nth, (set, values))| values.iter().map(move |v| (nth, *set, v))).collect();
    let mut filters = vec![RecordFilter::default()];
    for (nth, set, value) in &single {
        let mut one = RecordFilter::default();
        set(&mut one, value);
        filters.push(one.clone());
        for (_, other, value) in single.iter().filter(|(other, _, _)| other > nth) {
            let mut pair = one.clone();
            other(&mut pair, value);
            filters.push(pair);
        }
    }
    filters
}

/// All pages of the list, one after the other.
fn read(engine: &Engine, filter: &RecordFilter, order: RecordOrder, limit: usize) -> Vec<Revision> {
    let mut found = Vec::new();
    let mut list = ListRecords::new(filter.clone()).order(order).limit(limit);
    loop {
        let page = engine.workflow().journal(&auditor(), &list).unwrap();
        assert!(page.items.len() <= limit);
        found.extend(page.items.iter().map(|record| record.revision));
        match page.next {
            Some(next) => list = list.cursor(next),
            None => return found,
        }
    }
}

fn every_filter_and_every_pair(week: Week, store: impl Store + 'static) {
    week.record(&store);
    let told = Told::by(&store);
    let engine = Builder::new(store, rules()).open().unwrap();
    let (mut found, mut empty) = (0, 0);
    for (nth, filter) in filters(&told).iter().enumerate() {
        let mut expected: Vec<_> =
            told.records.iter().filter(|record| told.wants(filter, record)).map(|record| record.revision).collect();
        if expected.is_empty() {
            empty += 1
        } else {
            found += 1
        }
        // Of a long list one order is enough.
        let is_long = expected.len() > 1_000;
        if !is_long || nth % 2 == 0 {
            assert_eq!(read(&engine, filter, RecordOrder::Oldest, 500), expected, "{filter:?}");
        }
        if is_long && nth % 2 == 0 {
            continue;
        }
        expected.reverse();
        let limit = if is_long { 500 } else { [7, 50, 500][nth % 3] };
        assert_eq!(read(&engine, filter, RecordOrder::Newest, limit), expected, "{filter:?}");
    }
    println!("{found} filters find something, {empty} find nothing, in {} records", told.records.len());
    assert!(found > 200 && empty > 100, "{found} filters find something, {empty} find nothing");
}

#[test]
fn every_filter_and_every_pair_of_filters_over_memory() {
    every_filter_and_every_pair(Week::small(), MemoryStore::new());
}

#[test]
fn every_filter_and_every_pair_of_filters_over_sqlite() {
    over_sqlite(Week::small());
}

/// 50 people and agents, 200 grants, 100,000 uses. `make record-week` has it run: that takes some minutes.
#[test]
fn every_filter_and_every_pair_of_filters_over_the_whole_week() {
    if std::env::var_os("AUDIT_WEEK").is_some() {
        over_sqlite(Week::whole());
    } else {
        println!("SKIPPED: every filter over the whole week, because AUDIT_WEEK is not set (make record-week)");
    }
}

fn over_sqlite(week: Week) {
    let folder = tempfile::TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path().join("jit.db"), SqliteOptions::default()).unwrap();
    every_filter_and_every_pair(week, store);
}

/// What was refused is found by the same: every part of its filter, and every pair.
#[test]
fn every_filter_and_every_pair_of_refused_attempts() {
    let store = MemoryStore::new();
    let week = Week::small();
    week.record(&store);
    let engine = Builder::new(store, rules()).open().unwrap();
    let mut counted: BTreeMap<_, u64> = BTreeMap::new();
    for one in week.refused() {
        let who = (one.principal.clone(), one.acts_for.clone());
        *counted.entry((who, one.attempt.clone(), one.code.clone())).or_default() += one.count;
    }
    let people: Vec<_> = week.askers().into_iter().map(|asker| asker.principal).collect();
    let people: Vec<Option<Principal>> = people.into_iter().map(Some).chain([None]).collect();
    let texts = |all: &[&str]| all.iter().map(|text| Some((*text).to_owned())).chain([None]).collect::<Vec<_>>();
    let mut found = 0;
    for person in &people {
        for attempt in texts(&["approve", "submit", "check", "revoke"]) {
            for code in texts(&["self_approval", "unknown_role", "no_grant"]) {
                let list = ListRefusals::default().person(person.clone()).attempt(attempt.clone()).code(code.clone());
                let mut list = list.limit(7);
                let mut read = 0;
                loop {
                    let page = engine.workflow().refusals(&auditor(), &list).unwrap();
                    read += page.items.iter().map(|one| one.count).sum::<u64>();
                    match page.next {
                        Some(next) => list = list.cursor(next),
                        None => break,
                    }
                }
                type Kind = ((Principal, Option<Principal>), String, String);
                let wanted = |((who, what, why), _): &(&Kind, &u64)| {
                    person.as_ref().is_none_or(|person| *person == who.0 || who.1.as_ref() == Some(person))
                        && attempt.as_ref().is_none_or(|attempt| attempt == what)
                        && code.as_ref().is_none_or(|code| code == why)
                };
                let expected: u64 = counted.iter().filter(wanted).map(|(_, count)| count).sum();
                assert_eq!(read, expected, "{person:?} {attempt:?} {code:?}");
                found += u64::from(expected > 0);
            }
        }
    }
    assert!(found > 40, "{found}");
}

fn exported(engine: &Engine, wanted: &ExportRecords) -> (u64, String) {
    let mut text = Vec::new();
    let count = export::write(&engine.workflow(), &auditor(), wanted, &mut text).unwrap();
    (count, String::from_utf8(text).unwrap())
}

/// More than two pages, and every record is there once, in order.
#[test]
fn an_export_has_every_record_once_in_every_form() {
    let store = MemoryStore::new();
    Week { uses: 2_200, ..Week::small() }.record(&store);
    let told = Told::by(&store);
    let engine = Builder::new(store, rules()).open().unwrap();
    let numbers: Vec<_> = told.records.iter().map(|record| record.revision.0).collect();
    let all = ExportRecords::default();
    let lines = |text: &str| text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>();

    let (count, text) = exported(&engine, &all);
    let documents = lines(&text);
    assert_eq!(count, numbers.len() as u64);
    assert_eq!(documents.iter().map(|one| one["revision"].as_u64().unwrap()).collect::<Vec<_>>(), numbers);
    let body: Value = serde_json::from_str(&told.records[0].body).unwrap();
    assert_eq!(documents[0]["data"], body["event"]["data"]);

    let (_, text) = exported(&engine, &all.clone().format(ExportFormat::Ocsf));
    let events = lines(&text);
    assert_eq!(events.iter().map(|one| one["metadata"]["sequence"].as_u64().unwrap()).collect::<Vec<_>>(), numbers);
    for event in &events {
        let (class, activity) = (event["class_uid"].as_u64().unwrap(), event["activity_id"].as_u64().unwrap());
        assert_eq!(event["type_uid"], class * 100 + activity);
        assert_eq!(event["category_uid"], class / 1_000);
        match class {
            6_003 => assert!(event["api"]["operation"].is_string() && event["src_endpoint"].is_object()),
            3_005 => assert!(event["user"]["name"].is_string() && event["privileges"][0].is_string(), "{event}"),
            3_004 => assert!(event["entity"]["uid"].is_string()),
            other => panic!("{other}"),
        }
    }

    let (_, text) = exported(&engine, &all.format(ExportFormat::Csv));
    assert_eq!(text.matches("revision,at,by").count(), 1);
    let first_cells = text.split("\r\n").skip(1).filter_map(|row| row.split(',').next()?.parse::<u64>().ok());
    assert_eq!(first_cells.collect::<Vec<_>>(), numbers);

    let wanted = ExportRecords::new(RecordFilter { text: Some("märz".parse().unwrap()), ..RecordFilter::default() });
    let (count, _) = exported(&engine, &wanted);
    let filter = &wanted.filter;
    assert_eq!(count, told.records.iter().filter(|record| told.wants(filter, record)).count() as u64);
}
