//! Do the rows, pages and deadlines follow from the events.

use std::collections::BTreeSet;

use super::Fixture;
use super::naive::Naive;
use super::world::{
    Dice, Story, at, cast, changes, extensions, granted, journal, live_grants, role, standing_of, tally, unreviewed,
    used,
};
use crate::journal::Record;
use crate::model::{DelegationStatus, GrantStatus, RecordFilter, RequestStatus, Revision, Timestamp};
use crate::store::{Batch, Live, Page, RecordQuery, Store, Subject, Visible};
use crate::workflow::{View, note};

/// After a few hundred random steps of several stories, everything the store answers is what a plain reading of the
/// events says.
pub fn rows_pages_and_deadlines_follow_from_the_events(fixture: &dyn Fixture) {
    for seed in 0..4 {
        let mut dice = Dice::new(seed);
        let steps: Vec<_> = (0..90).map(|_| dice.roll()).collect();
        tell(fixture, &steps);
    }
}

/// Tells the story of these steps to a new store, and compares everything the store answers with a plain reading of the
/// events. For property tests: lists of numbers shrink well.
pub fn tell(fixture: &dyn Fixture, steps: &[u64]) {
    let place = fixture.fresh();
    let (store, other) = (place.open(), place.open());
    let mut story = Story::new();
    for step in steps {
        story.tell(&*store, *step);
    }
    let naive = Naive::of(&story.events);
    check_rows(&*other, &naive, story.events.len());
    check_delegations(&*other, &naive);
    check_standings(&*other, &naive);
    check_feeds(&*other, &story);
    check_records(&*other, &story, &naive);
    check_time(&*other, &naive);
    check_pages(&*other, &naive, story.now);
    assert_eq!(other.verify().unwrap(), story.events.len() as u64);
}

fn check_rows(store: &dyn Store, naive: &Naive, events: usize) {
    let revision = Revision(events as u64);
    for (_, request) in &naive.requests {
        let grant = naive.grant_of(request.id).cloned();
        let view = View { revision, request: Some(request.clone()), grant, ..View::default() };
        assert_eq!(store.request(request.id).unwrap(), view);
        if let Some(grant) = &view.grant {
            assert_eq!(store.grant(grant.id).unwrap(), view);
            let chain = naive.grants.iter().rev().map(|(_, other)| other);
            let chain = chain.filter(|other| other.extends.is_some_and(|extension| extension.first == grant.first()));
            assert_eq!(extensions(store, grant.id), chain.cloned().collect::<Vec<_>>());
        }
    }
}

fn check_delegations(store: &dyn Store, naive: &Naive) {
    let revision = store.head().unwrap().revision;
    for (_, delegation) in &naive.delegations {
        let view = View { revision, delegation: Some(delegation.clone()), ..View::default() };
        assert_eq!(store.delegation(delegation.id).unwrap(), view);
    }
    for visible in eyes() {
        for now in naive.instants() {
            for status in DelegationStatus::ALL.map(Some).into_iter().chain([None]) {
                for limit in [1, usize::MAX] {
                    let page = Page { visible: visible.clone(), status, now, before: None, limit };
                    assert_eq!(store.delegations(&page).unwrap(), naive.delegation_page(&page), "{page:?}");
                }
            }
        }
    }
    assert_eq!(unreviewed(store), naive.unreviewed());
}

fn check_standings(store: &dyn Store, naive: &Naive) {
    for who in cast() {
        assert_eq!(standing_of(store, &who.principal), naive.standing(&who.principal));
    }
}

fn check_feeds(store: &dyn Store, story: &Story) {
    let (head, records) = journal(store, Revision::ZERO, usize::MAX);
    assert_eq!(head, Revision(story.events.len() as u64));
    assert_eq!(records.iter().map(|record| &record.event).collect::<Vec<_>>(), story.events.iter().collect::<Vec<_>>());
    let changing: Vec<_> = records.iter().filter(|record| record.event.fact.changes_state()).cloned().collect();
    for after in [0, 1, head.0 / 2, head.0, head.0 + 5] {
        for limit in [0, 1, 3, usize::MAX] {
            let all = records.iter().filter(|record| record.revision.0 > after).take(limit).cloned().collect();
            assert_eq!(journal(store, Revision(after), limit), (head, all));
            let changing = changing.iter().filter(|record| record.revision.0 > after).take(limit).cloned().collect();
            assert_eq!(changes(store, Revision(after), limit), (head, changing));
        }
    }
}

fn check_records(store: &dyn Store, story: &Story, naive: &Naive) {
    let (head, records) = journal(store, Revision::ZERO, usize::MAX);
    let ids = |what: fn(&Story) -> Vec<Subject>| what(story).into_iter().take(3);
    let mut about: Vec<Vec<Subject>> = vec![vec![]];
    about.extend(ids(|story| story.requests().map(Subject::Request).collect()).map(|one| vec![one]));
    about.extend(ids(|story| story.grants().map(Subject::Grant).collect()).map(|one| vec![one]));
    about.extend(ids(|story| story.delegations().map(Subject::Delegation).collect()).map(|one| vec![one]));
    about.extend(cast().into_iter().take(4).map(|who| vec![Subject::Principal(who.principal)]));
    about.push(about.iter().rev().take(3).flatten().cloned().collect());
    let middle = records.get(records.len() / 2).map(|record| record.event.at);
    for about in about {
        for (from, until) in [(None, None), (middle, None), (None, middle), (middle, middle)] {
            for (after, before) in [(Revision::ZERO, None), (Revision(head.0 / 3), Some(Revision(head.0 * 2 / 3)))] {
                for (changes_only, newest_first, limit) in
                    [(false, false, usize::MAX), (true, true, usize::MAX), (false, true, 2), (true, false, 2)]
                {
                    let about = about.clone();
                    let filter = RecordFilter { from, until, ..RecordFilter::default() };
                    let query = RecordQuery {
                        about,
                        filter,
                        after,
                        before,
                        changes_only,
                        newest_first,
                        continues: None,
                        limit,
                    };
                    let found = store.records(&query).unwrap();
                    assert_eq!(found.0.revision, head);
                    let expected = naive.records(&records, &query);
                    let revisions = |all: &[Record]| all.iter().map(|record| record.revision).collect::<Vec<_>>();
                    assert_eq!(revisions(&found.1), revisions(&expected), "{query:?}");
                }
            }
        }
    }
}

fn check_time(store: &dyn Store, naive: &Naive) {
    assert_eq!(store.next_due().unwrap(), naive.next_due());
    for now in naive.instants() {
        let mut live = live_grants(store, now).1;
        let mut expected = naive.live(now);
        live.sort_by_key(|grant| grant.id);
        expected.sort_by_key(|grant| grant.id);
        assert_eq!(live, expected, "live at {now}");
        let in_order = |mut live: Live| {
            live.plain.sort_by_key(|grant| grant.id);
            live.others.sort_by_key(|grant| grant.id);
            live
        };
        let expected = Live::of(store.head().unwrap(), expected);
        assert_eq!(in_order(store.live(now).unwrap()), expected, "what checks need at {now}");

        for who in cast() {
            for nth in [0, 1, 3, 1_000] {
                let tally = tally(store, &who.principal, now, nth as u64);
                assert_eq!(tally, naive.tally(&who.principal, now, nth), "{nth} of {} at {now}", who.principal);
            }
        }

        let due = store.due(now, usize::MAX).unwrap();
        let expected = naive.due(now);
        assert_eq!(ids(&due), ids(&expected), "due at {now}");
        assert_eq!(due.len(), expected.len(), "each view once");
        for view in &due {
            let expected = expected.iter().find(|known| known.request == view.request).unwrap();
            assert_eq!(view.grant, expected.grant);
        }
        let few = store.due(now, 2).unwrap();
        assert_eq!(few.len(), due.len().min(2));
        assert!(few.iter().all(|view| !note(view, now).is_empty()));
    }
}

fn ids(views: &[View]) -> BTreeSet<crate::model::RequestId> {
    views.iter().filter_map(|view| view.request.as_ref()).map(|request| request.id).collect()
}

const REQUEST_STATUSES: [RequestStatus; 5] = [
    RequestStatus::Pending,
    RequestStatus::Approved,
    RequestStatus::Denied,
    RequestStatus::Withdrawn,
    RequestStatus::TimedOut,
];
const GRANT_STATUSES: [GrantStatus; 5] =
    [GrantStatus::Scheduled, GrantStatus::Active, GrantStatus::Expired, GrantStatus::Revoked, GrantStatus::Released];

/// Everybody's eyes: all, each of the cast with their roles, and a stranger who holds many.
fn eyes() -> Vec<Visible> {
    let mut eyes = vec![Visible::All];
    eyes.extend(cast().into_iter().map(|caller| Visible::To(caller.principal, caller.roles)));
    let roles = ["security", "sre", "sre", "approver", "nobody", "SRE", "s%", "'"].map(role).to_vec();
    eyes.push(Visible::To(crate::model::Principal::user("stranger").unwrap(), roles));
    eyes
}

fn check_pages(store: &dyn Store, naive: &Naive, now: Timestamp) {
    let mut instants = naive.instants();
    instants.push(now);
    let mut dice = Dice::new(now.millis().unsigned_abs());
    for visible in eyes() {
        // Every bound is met once. Meeting each with every pair of eyes takes minutes; a draw of them finds the same.
        let drawn = (0..6).map(|_| instants[dice.below(instants.len())]).collect();
        for now in if matches!(visible, Visible::All) { instants.clone() } else { drawn } {
            let before = (dice.below(4) == 0).then(|| Revision(dice.roll() % 60));
            let limit = [1, 3, usize::MAX, usize::MAX][dice.below(4)];
            for status in REQUEST_STATUSES.map(Some).into_iter().chain([None]) {
                let page = Page { visible: visible.clone(), status, now, before, limit };
                assert_eq!(store.requests(&page).unwrap(), naive.request_page(&page), "{page:?}");
            }
            for status in GRANT_STATUSES.map(Some).into_iter().chain([None]) {
                let page = Page { visible: visible.clone(), status, now, before, limit };
                assert_eq!(store.grants(&page).unwrap(), naive.grant_page(&page), "{page:?}");
            }
        }
    }
}

/// Going from page to page shows each row once, also while new ones come.
pub fn pages_join_without_gap_or_overlap(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let store = place.open();
    for number in 1..=23 {
        granted(&*store, number, at(0));
    }
    for visible in [Visible::All, Visible::To(cast()[1].principal.clone(), vec![role("approver"), role("security")])] {
        let page =
            |before| Page { visible: visible.clone(), status: Some(GrantStatus::Active), now: at(1), before, limit: 5 };
        let expected: Vec<_> = store
            .grants(&Page { limit: usize::MAX, ..page(None) })
            .unwrap()
            .into_iter()
            .map(|(created, grant)| (created, grant.id))
            .collect();
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let rows = store.grants(&page(before)).unwrap();
            let Some((last, _)) = rows.last() else { break };
            before = Some(*last);
            seen.extend(rows.iter().map(|(created, grant)| (*created, grant.id)));
            granted(&*store, 100 + u128::from(store.head().unwrap().revision.0), at(0));
        }
        assert_eq!(seen, expected);
        assert!(seen.is_sorted_by(|newer, older| newer.0 > older.0));
    }
}

/// The unit of a busy gateway's group commit.
pub fn ten_thousand_uses_are_one_batch(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let store = place.open();
    let grants: Vec<_> = (1..=10).map(|number| granted(&*store, number, at(0)).id).collect();
    let before = store.head().unwrap();
    let events = (0..10_000).map(|number| used(grants[number % grants.len()], at(1))).collect();
    let records = store.commit(&Batch { events, ..Batch::default() }).unwrap();
    assert_eq!(records.len(), 10_000);
    let head = store.head().unwrap();
    assert_eq!((head.revision.0, head.changed), (before.revision.0 + 10_000, before.changed));
    for grant in grants {
        assert_eq!(store.grant(grant).unwrap().grant.unwrap().uses, 1_000);
    }
    assert_eq!(store.verify().unwrap(), head.revision.0);
}
