//! The controls that the evidence answers, with their exceptions.

use super::collect::{Collector, GrantHistory};
use crate::model::{Revision, Timestamp};

/// Evidence for an audit of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The first instant of the period.
    pub from: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
    /// The chain of its records.
    pub chain: Chain,
    /// The controls, in the order of their names.
    pub controls: Vec<Control>,
}

/// The chain of the records, and whether they are intact.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chain {
    /// The last record of the period.
    pub last: Revision,
    /// Its hash.
    pub hash: String,
    /// The problem of the journal, if there is one.
    pub problem: Option<String>,
    /// The last signed checkpoint that was made before the end of the period.
    pub checkpoint: Option<String>,
    /// The old records that were removed, if they concern the period.
    pub removed: Option<RemovedRecords>,
}

/// Old records that were removed, so that the evidence is incomplete for a part of the period.
///
/// ```
/// assert!(jit_access::internal::evidence::Chain::default().removed.is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovedRecords {
    /// The last record that was removed; all before it are removed too.
    pub last: Revision,
    /// The instant of that record.
    pub until: Timestamp,
    /// From this instant on the journal has every grant that was in force.
    pub complete_from: Timestamp,
    /// The root of the tree over the removed records.
    pub root: String,
}

/// One control: its facts, and its exceptions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// Its name: `AC-2(2)`.
    pub id: &'static str,
    /// The source and the requirement.
    pub title: &'static str,
    /// Facts, each with its value.
    pub facts: Vec<(String, String)>,
    /// What needs attention. Empty when there is nothing.
    pub exceptions: Vec<String>,
    /// The list that the facts count.
    pub list: Table,
}

/// Rows under headings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// The headings.
    pub columns: Vec<&'static str>,
    /// The rows, each with a cell for each heading.
    pub rows: Vec<Vec<String>>,
}

impl Evidence {
    /// Evaluates the controls over the collected records.
    #[must_use]
    pub fn of(collected: &Collector, chain: Chain) -> Self {
        let Collector { from, until, .. } = *collected;
        let grants = collected.grants();
        let controls = vec![
            temporary(collected, &grants),
            recorded(collected),
            atypical(collected, &grants),
            privileged(&grants),
            reviewed(collected, &grants),
            logged(collected, &grants),
            prohibited(collected),
            emergency(collected, &grants),
        ];
        Self { from, until, chain, controls }
    }
}

fn fact(name: impl Into<String>, value: impl ToString) -> (String, String) {
    (name.into(), value.to_string())
}

fn end_of(history: &GrantHistory, until: Timestamp) -> (String, String) {
    match &history.ended {
        Some((how, at, _)) => ((*how).to_owned(), at.to_string()),
        None if history.grant.window.end() <= until => ("over".to_owned(), history.grant.window.end().to_string()),
        None => ("in force or to come".to_owned(), String::new()),
    }
}

const GRANT_COLUMNS: [&str; 8] = ["grant", "holder", "role", "scope", "starts_at", "ends_at", "state", "ended_at"];

fn grant_row(history: &GrantHistory, until: Timestamp) -> Vec<String> {
    let (grant, (state, ended)) = (&history.grant, end_of(history, until));
    vec![
        grant.id.to_string(),
        grant.holder.to_string(),
        grant.role.to_string(),
        grant.scope.to_string(),
        grant.window.start().to_string(),
        grant.window.end().to_string(),
        state,
        ended,
    ]
}

fn temporary(collected: &Collector, grants: &[&GrantHistory]) -> Control {
    let until = collected.until;
    let count = |state: &str| grants.iter().filter(|history| end_of(history, until).0 == state).count();
    let late = grants.iter().filter_map(|history| {
        let (how, at, _) = history.ended.as_ref()?;
        let hours = (at.millis() - history.grant.window.end().millis()) / 3_600_000;
        (*how == "expired" && hours >= 1).then(|| {
            let (id, end) = (history.grant.id, history.grant.window.end());
            format!("grant {id} gave nothing from {end} on; that it had ended was noted at {at}")
        })
    });
    Control {
        id: "AC-2(2)",
        title: "NIST SP 800-53 AC-2(2): temporary and emergency access is removed automatically",
        facts: vec![
            fact("grants of the period, each with an end", grants.len()),
            fact("ended by time", count("expired") + count("over")),
            fact("revoked", count("revoked")),
            fact("given back", count("released")),
            fact("used up", count("exhausted")),
            fact("in force or to come at the end of the period", count("in force or to come")),
        ],
        exceptions: late.collect(),
        list: Table {
            columns: GRANT_COLUMNS.to_vec(),
            rows: grants.iter().map(|history| grant_row(history, until)).collect(),
        },
    }
}

fn recorded(collected: &Collector) -> Control {
    let total: u64 = collected.events.values().sum();
    let mut facts = vec![fact("records of the period", total)];
    facts.extend(collected.events.iter().map(|(event, count)| fact(*event, count)));
    let rows = collected.accounts.iter().map(|row| row.to_vec()).collect();
    Control {
        id: "AC-2(4)",
        title: "NIST SP 800-53 AC-2(4): what is done to access is audited automatically",
        facts,
        exceptions: Vec::new(),
        list: Table { columns: vec!["at", "account", "state"], rows },
    }
}

fn atypical(collected: &Collector, grants: &[&GrantHistory]) -> Control {
    let taken: Vec<_> = grants.iter().filter(|history| history.grant.break_glass.is_some()).collect();
    let unused = grants.iter().filter(|history| history.uses == 0).count();
    let unjustified = taken.iter().filter(|history| history.review_state(collected.until) == Some("unjustified"));
    let exceptions = unjustified
        .map(|history| {
            format!(
                "access without approval by {}, grant {}, was found unjustified",
                history.grant.holder, history.grant.id
            )
        })
        .chain(outside(collected))
        .collect();
    let mut rows: Vec<_> = grants
        .iter()
        .map(|history| (history.uses, history.grant.holder.to_string(), history.grant.id.to_string()))
        .collect();
    rows.sort_by(|one, other| other.cmp(one));
    Control {
        id: "AC-2(12)",
        title: "NIST SP 800-53 AC-2(12): accounts are monitored for atypical use",
        facts: vec![
            fact("uses", collected.used.values().sum::<u64>()),
            fact("grants that were not used in the period", unused),
            fact("grants taken without approval", taken.len()),
            fact("revocations", collected.events.get("grant_revoked").copied().unwrap_or(0)),
            fact("alerts of the monitor", collected.events.get("alert_raised").copied().unwrap_or(0)),
            fact(
                "alerts that somebody has acknowledged",
                collected.events.get("alert_acknowledged").copied().unwrap_or(0),
            ),
        ],
        exceptions,
        list: Table {
            columns: vec!["uses", "holder", "grant"],
            rows: rows.into_iter().map(|(uses, holder, grant)| vec![uses.to_string(), holder, grant]).collect(),
        },
    }
}

fn outside(collected: &Collector) -> impl Iterator<Item = String> + '_ {
    collected
        .outside
        .iter()
        .map(|[at, by, what, on]| format!("{by} used {what} on {on} at {at}, and no grant of that time is on record"))
}

fn privileged(grants: &[&GrantHistory]) -> Control {
    let mut held: Vec<Vec<String>> = grants
        .iter()
        .map(|history| {
            let grant = &history.grant;
            let window = (grant.window.start().to_string(), grant.window.end().to_string());
            let person = grant.person().to_string();
            vec![person, grant.holder.to_string(), grant.role.to_string(), window.0, window.1]
        })
        .collect();
    held.sort();
    let mut people: Vec<_> = held.iter().filter_map(|row| row.first()).collect();
    people.dedup();
    Control {
        id: "AC-6(5)",
        title: "NIST SP 800-53 AC-6(5): privileged access is restricted to named people and roles",
        facts: vec![
            fact("people with privileged access in the period", people.len()),
            fact("grants", grants.len()),
            fact("of these without an end", 0),
        ],
        exceptions: Vec::new(),
        list: Table { columns: vec!["person", "account", "role", "from", "until"], rows: held },
    }
}

fn reviewed(collected: &Collector, grants: &[&GrantHistory]) -> Control {
    let by_rule: Vec<_> =
        grants.iter().filter(|history| history.is_by_rule() && history.grant.break_glass.is_none()).collect();
    let exceptions = by_rule
        .iter()
        .map(|history| {
            format!(
                "grant {} of {} was approved by {}, and by nobody",
                history.grant.id, history.grant.holder, history.grant.approved_by
            )
        })
        .collect();
    Control {
        id: "AC-6(7)",
        title: "NIST SP 800-53 AC-6(7): privileges are reviewed by people",
        facts: vec![
            fact("answers of reviewers", collected.answers.len()),
            fact("approvals by a rule", by_rule.len()),
            fact("denials", collected.events.get("request_denied").copied().unwrap_or(0)),
        ],
        exceptions,
        list: Table {
            columns: vec!["at", "reviewer", "answer", "request"],
            rows: collected.answers.iter().map(|row| row.to_vec()).collect(),
        },
    }
}

fn logged(collected: &Collector, grants: &[&GrantHistory]) -> Control {
    Control {
        id: "AC-6(9)",
        title: "NIST SP 800-53 AC-6(9): the use of privileged functions is logged",
        facts: vec![
            fact("uses on record, each with its person, instant and resource", collected.used.values().sum::<u64>()),
            fact("grants used", grants.iter().filter(|history| history.uses > 0).count()),
        ],
        exceptions: Vec::new(),
        list: Table {
            columns: vec!["permission", "uses"],
            rows: collected.used.iter().map(|(what, uses)| vec![what.clone(), uses.to_string()]).collect(),
        },
    }
}

fn prohibited(collected: &Collector) -> Control {
    let denied = collected.answers.iter().filter(|[_, _, what, _]| what == "denied");
    Control {
        id: "AC-6(10)",
        title: "NIST SP 800-53 AC-6(10): who has no privilege executes no privileged function",
        facts: vec![
            fact("uses without a grant of that time on record", collected.outside.len()),
            fact("requests denied", collected.events.get("request_denied").copied().unwrap_or(0)),
        ],
        exceptions: outside(collected).collect(),
        list: Table {
            columns: vec!["at", "reviewer", "answer", "request"],
            rows: denied.map(|row| row.to_vec()).collect(),
        },
    }
}

fn emergency(collected: &Collector, grants: &[&GrantHistory]) -> Control {
    let until = collected.until;
    let taken: Vec<_> = grants.iter().filter_map(|history| Some((*history, history.review_state(until)?))).collect();
    let count = |state: &str| taken.iter().filter(|(_, review)| *review == state).count();
    let exceptions =
        taken.iter().filter(|(_, review)| ["overdue", "unjustified"].contains(review)).map(|(history, review)| {
            format!("the review of grant {} of {} is {review}", history.grant.id, history.grant.holder)
        });
    let row = |(history, review): &(&GrantHistory, &'static str)| {
        let drill = history.grant.break_glass.as_ref().is_some_and(|taken| taken.drill);
        let (by, at) =
            history.review.as_ref().map_or_else(Default::default, |(_, at, by)| (by.clone(), at.to_string()));
        let mut row = grant_row(history, until);
        row.extend([
            history.uses.to_string(),
            (if drill { "yes" } else { "no" }).to_owned(),
            (*review).to_owned(),
            by,
            at,
        ]);
        row
    };
    Control {
        id: "164.312(a)(2)(ii)",
        title: "HIPAA 45 CFR 164.312(a)(2)(ii): emergency access procedure",
        facts: vec![
            fact("times that access was taken without approval", taken.len()),
            fact("reviews that are open at the end of the period", count("open")),
            fact("reviews that are overdue", count("overdue")),
            fact("found justified", count("justified")),
            fact("found unjustified", count("unjustified")),
            fact("reviews waived", count("waived")),
        ],
        exceptions: exceptions.collect(),
        list: Table {
            columns: GRANT_COLUMNS.into_iter().chain(["uses", "drill", "review", "reviewer", "reviewed_at"]).collect(),
            rows: taken.iter().map(row).collect(),
        },
    }
}
