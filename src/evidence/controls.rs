//! Which control that answers, with which exceptions.

use super::collect::{Collector, Told};
use crate::model::{Revision, Timestamp};

/// What an assessor asks for of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The first instant of the period.
    pub from: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
    /// The chain of the records that it is taken from.
    pub chain: Chain,
    /// The controls, in the order of their names.
    pub controls: Vec<Control>,
}

/// The records that evidence is taken from, and whether they are whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chain {
    /// The last record of the period.
    pub last: Revision,
    /// Its hash.
    pub hash: String,
    /// What is wrong with the journal, if something is.
    pub problem: Option<String>,
    /// The last signed checkpoint that was made before the end of the period.
    pub checkpoint: Option<String>,
    /// What was removed of the period, or of what was in force in it, because it is old.
    pub removed: Option<Gone>,
}

/// What was removed because it is old, and stands for a part of the period that nothing tells of.
///
/// ```
/// assert!(jit_access::evidence::Chain::default().removed.is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// The last record that was removed, and all before it.
    pub last: Revision,
    /// The instant of that record.
    pub until: Timestamp,
    /// From here on the record tells of every grant that was in force.
    pub complete_from: Timestamp,
    /// The root of the tree over the removed records.
    pub root: String,
}

/// One control: what is true of it, and what is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// Its name: `AC-2(2)`.
    pub id: &'static str,
    /// Where it stands, and what it asks for.
    pub title: &'static str,
    /// Facts, each with its value.
    pub facts: Vec<(String, String)>,
    /// What somebody has to look at. Empty when all is as it should be.
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
    /// What the collected records say of each control.
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

fn end_of(told: &Told, until: Timestamp) -> (String, String) {
    match &told.ended {
        Some((how, at, _)) => ((*how).to_owned(), at.to_string()),
        None if told.grant.window.end() <= until => ("over".to_owned(), told.grant.window.end().to_string()),
        None => ("in force or to come".to_owned(), String::new()),
    }
}

const GRANT_COLUMNS: [&str; 8] = ["grant", "holder", "role", "scope", "starts_at", "ends_at", "state", "ended_at"];

fn grant_row(told: &Told, until: Timestamp) -> Vec<String> {
    let (grant, (state, ended)) = (&told.grant, end_of(told, until));
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

fn temporary(collected: &Collector, grants: &[&Told]) -> Control {
    let until = collected.until;
    let count = |state: &str| grants.iter().filter(|told| end_of(told, until).0 == state).count();
    let late = grants.iter().filter_map(|told| {
        let (how, at, _) = told.ended.as_ref()?;
        let hours = (at.millis() - told.grant.window.end().millis()) / 3_600_000;
        (*how == "expired" && hours >= 1).then(|| {
            let (id, end) = (told.grant.id, told.grant.window.end());
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
            rows: grants.iter().map(|told| grant_row(told, until)).collect(),
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

fn atypical(collected: &Collector, grants: &[&Told]) -> Control {
    let taken: Vec<_> = grants.iter().filter(|told| told.grant.break_glass.is_some()).collect();
    let unused = grants.iter().filter(|told| told.uses == 0).count();
    let unjustified = taken.iter().filter(|told| told.review_state(collected.until) == Some("unjustified"));
    let exceptions = unjustified
        .map(|told| {
            format!("access without approval by {}, grant {}, was found unjustified", told.grant.holder, told.grant.id)
        })
        .chain(outside(collected))
        .collect();
    let mut rows: Vec<_> =
        grants.iter().map(|told| (told.uses, told.grant.holder.to_string(), told.grant.id.to_string())).collect();
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

fn privileged(grants: &[&Told]) -> Control {
    let mut held: Vec<Vec<String>> = grants
        .iter()
        .map(|told| {
            let grant = &told.grant;
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

fn reviewed(collected: &Collector, grants: &[&Told]) -> Control {
    let by_rule: Vec<_> = grants.iter().filter(|told| told.is_by_rule() && told.grant.break_glass.is_none()).collect();
    let exceptions = by_rule
        .iter()
        .map(|told| {
            format!(
                "grant {} of {} was approved by {}, and by nobody",
                told.grant.id, told.grant.holder, told.grant.approved_by
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

fn logged(collected: &Collector, grants: &[&Told]) -> Control {
    Control {
        id: "AC-6(9)",
        title: "NIST SP 800-53 AC-6(9): the use of privileged functions is logged",
        facts: vec![
            fact("uses on record, each with its person, instant and resource", collected.used.values().sum::<u64>()),
            fact("grants used", grants.iter().filter(|told| told.uses > 0).count()),
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

fn emergency(collected: &Collector, grants: &[&Told]) -> Control {
    let until = collected.until;
    let taken: Vec<_> = grants.iter().filter_map(|told| Some((*told, told.review_state(until)?))).collect();
    let count = |state: &str| taken.iter().filter(|(_, review)| *review == state).count();
    let exceptions = taken
        .iter()
        .filter(|(_, review)| ["overdue", "unjustified"].contains(review))
        .map(|(told, review)| format!("the review of grant {} of {} is {review}", told.grant.id, told.grant.holder));
    let row = |(told, review): &(&Told, &'static str)| {
        let drill = told.grant.break_glass.as_ref().is_some_and(|taken| taken.drill);
        let (by, at) = told.review.as_ref().map_or_else(Default::default, |(_, at, by)| (by.clone(), at.to_string()));
        let mut row = grant_row(told, until);
        row.extend([
            told.uses.to_string(),
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
