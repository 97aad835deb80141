//! How many alerts are raised where nothing was planted?

use jit_access::internal::monitor::{Monitor, MonitorSettings};
use jit_access::model::*;
use jit_access::store::conformance::week::{self, Week};
use jit_access::store::{MemoryStore, Reads, RecordQuery};

use crate::world::World;

#[test]
fn a_quiet_month_raises_nothing_unusual() {
    let mut world = World::new(1, "");
    world.days(21, 5);
    assert!(world.grants >= 100, "{}", world.grants);
    assert_eq!(world.unusual(), Vec::<String>::new());
}

#[test]
fn seeds_that_nobody_tuned_for_raise_at_most_one_false_alert_in_a_hundred_grants() {
    for seed in [20_261_128, 777_001, 31_337] {
        let mut world = World::new(seed, "");
        world.days(14, 8);
        let found = world.unusual();
        assert!(found.len() as u64 * 100 <= world.grants, "seed {seed}, {} grants: {found:?}", world.grants);
    }
}

/// The same people in their first week: nothing is known of anybody.
#[test]
fn a_week_with_no_history_raises_at_most_one_false_alert_in_a_hundred_grants() {
    for seed in [55_501, 8_675_309, 112_358] {
        let mut world = World::new(seed, "");
        world.days(7, 15);
        assert!(world.grants >= 100);
        let found = world.unusual();
        assert!(found.len() as u64 * 100 <= world.grants, "seed {seed}, {} grants: {found:?}", world.grants);
    }
}

/// A week with a hundred thousand uses and no history before it: read by the fold alone.
#[test]
fn a_recorded_week_without_history_raises_at_most_one_false_alert_in_a_hundred_grants() {
    for seed in [4_242, 90_001, 1_618] {
        let week = Week { seed, uses: 20_000, ..Week::whole() };
        let store = MemoryStore::new();
        week.record(&store);
        let (_, records) = store.records(&RecordQuery::after(Revision::ZERO, 1_000_000)).unwrap();
        let settings = MonitorSettings { enabled: true, ..MonitorSettings::default() };
        let mut monitor = Monitor::new(settings, &week::rules());
        let mut found = std::collections::BTreeMap::new();
        let mut told = 0;
        for record in &records {
            monitor.add(record);
            monitor.advance(record.event.at);
            // What the journal itself tells to be wrong is no false alert.
            told += usize::from(matches!(record.event.fact, Fact::BreakGlassReviewOverdue { .. }));
            for alert in monitor.due(record.event.at) {
                found.insert(alert.id, format!("{}: {}", alert.kind, alert.text));
            }
        }
        let is_true = ["review_overdue", "break_glass_again", "never_used"];
        let wrong: Vec<_> = found.values().filter(|text| !is_true.iter().any(|kind| text.starts_with(kind))).collect();
        assert!(wrong.len() * 100 <= week.grants, "seed {seed} ({told} overdue): {wrong:?}");
    }
}
