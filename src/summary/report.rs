//! A summary in sections and rows, before a form escapes it.

use super::Session;
use crate::model::{Actor, Timestamp};
use crate::workflow::cuts_of;

/// A summary as sections. Texts are raw: others wrote parts of them.
pub(super) struct Report {
    pub(super) title: String,
    pub(super) sections: Vec<Section>,
}

/// A heading and its rows.
pub(super) struct Section {
    pub(super) title: &'static str,
    /// The names of the columns; empty for pairs of a label and a value.
    pub(super) columns: &'static [&'static str],
    pub(super) rows: Vec<Vec<String>>,
    /// A fixed sentence below the rows; may be empty.
    pub(super) note: String,
}

const NOBODY: &str = "nobody";

pub(super) fn of(session: &Session) -> Report {
    let sections = vec![
        grant(session),
        approval(session),
        uses(session),
        unused(session),
        smaller(session),
        refused(session),
        alerts(session),
        timeline(session),
        record(session),
    ];
    let title = format!("{} of {}", session.grant.role, session.grant.holder);
    Report { title, sections }
}

fn pairs(title: &'static str, rows: Vec<(&str, Option<String>)>) -> Section {
    let rows = rows.into_iter().filter_map(|(label, value)| Some(vec![label.to_owned(), value?])).collect();
    Section { title, columns: &[], rows, note: String::new() }
}

fn grant(session: &Session) -> Section {
    let grant = &session.grant;
    let list = |all: &[crate::model::Permission]| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let except = grant.permissions.excepted();
    pairs(
        "Grant",
        vec![
            ("Holder", Some(grant.holder.to_string())),
            ("Acts for", grant.holder_acts_for.as_ref().map(ToString::to_string)),
            ("Role", Some(grant.role.to_string())),
            ("Permissions", Some(list(grant.permissions.allowed()))),
            ("Except", (!except.is_empty()).then(|| list(except))),
            ("On", Some(grant.scope.to_string())),
            ("Reason", grant.details.justification.as_ref().map(ToString::to_string)),
            ("Ticket", grant.details.ticket_url.as_ref().map(ToString::to_string)),
            ("From", Some(grant.window.start().for_people())),
            ("To", Some(grant.window.end().for_people())),
            ("Status", Some(status(session))),
            ("Break-glass", grant.break_glass.as_ref().map(|owed| if owed.drill { "drill" } else { "yes" }.to_owned())),
        ],
    )
}

fn status(session: &Session) -> String {
    let name = session.status.name();
    match &session.grant.ended {
        Some(end) => format!("{name} at {} by {}", end.at.for_people(), end.by),
        None if session.status.is_live() => format!("{name}, summarised at {}", session.until.for_people()),
        None => format!("{name} at {}", session.until.for_people()),
    }
}

fn approval(session: &Session) -> Section {
    let rows = session.request.approvals().map(|review| {
        let behalf = review.capacity.on_behalf_of.as_ref().map(|one| format!(" for {one}")).unwrap_or_default();
        let comment = review.comment.as_ref().map(ToString::to_string).unwrap_or_default();
        vec![format!("{}{behalf}", review.by), review.at.for_people(), comment]
    });
    let rows: Vec<_> = rows.collect();
    let cuts: Vec<_> = cuts_of(&session.request).iter().map(ToString::to_string).collect();
    let by_rule = matches!(session.grant.approved_by, Actor::Rule(_));
    let by = if rows.is_empty() && by_rule { session.grant.approved_by.to_string() } else { NOBODY.to_owned() };
    let rows =
        if rows.is_empty() { vec![vec![by, session.grant.approved_at.for_people(), String::new()]] } else { rows };
    let mut section =
        Section { title: "Approval", columns: &["Approved by", "At", "Comment"], rows, note: String::new() };
    section.rows.extend(cuts.into_iter().map(|cut| vec!["Cut".to_owned(), String::new(), cut]));
    section
}

fn uses(session: &Session) -> Section {
    let uses = &session.uses;
    let rows = uses.kinds.iter().map(|used| {
        let (action, resource) = (used.action.to_string(), used.resource.to_string());
        vec![action, resource, used.count.to_string(), used.first.for_people(), used.last.for_people()]
    });
    let others =
        if uses.others > 0 { format!(" {} uses of other kinds are not listed.", uses.others) } else { String::new() };
    let note = match uses.total {
        0 => "It was never used.".to_owned(),
        1 => "1 use in all.".to_owned(),
        total => format!("{total} uses in all.{others}"),
    };
    let columns = &["Permission", "On", "Uses", "First", "Last"];
    Section { title: "Uses", columns, rows: rows.collect(), note }
}

fn unused(session: &Session) -> Section {
    let rows: Vec<_> = session.unused.iter().map(|one| vec![one.to_string()]).collect();
    let note = if rows.is_empty() { "Every permission was used.".to_owned() } else { String::new() };
    Section { title: "Granted and never used", columns: &["Permission"], rows, note }
}

fn smaller(session: &Session) -> Section {
    let (rows, note) = match &session.smaller {
        Some(found) => {
            let rows = found.inside.iter().map(|held| vec![held.permission.to_string(), held.within.to_string()]);
            (
                rows.collect(),
                format!("The role {} of the catalogue covers every use and lies inside the grant.", found.role),
            )
        }
        None if session.uses.total == 0 => (Vec::new(), "No role was needed.".to_owned()),
        None => (Vec::new(), "The catalogue has no smaller role that covers every use.".to_owned()),
    };
    Section { title: "Smaller role", columns: &["Its permission", "Lies in"], rows, note }
}

fn refused(session: &Session) -> Section {
    let rows = session.refused.iter().map(|kind| {
        let count = kind.count.to_string();
        vec![kind.attempt.clone(), kind.about.clone(), kind.code.clone(), count, kind.last.for_people()]
    });
    let rows: Vec<_> = rows.collect();
    let note = match (rows.is_empty(), session.other_refused) {
        (true, 0) => "None.".to_owned(),
        (_, 0) => String::new(),
        (_, others) => format!("{others} attempts of other kinds are not listed."),
    };
    let columns = &["Attempt", "About", "Refused for", "Times", "Last"];
    Section { title: "Refused", columns, rows, note }
}

fn alerts(session: &Session) -> Section {
    let rows = session.alerts.iter().map(|state| {
        let (alert, handled) = (&state.alert, state.acknowledged.as_ref());
        let seen = handled.map(|done| format!("{} by {}", done.reason, done.by)).unwrap_or_default();
        vec![alert.since.for_people(), alert.kind.words(), alert.text.to_string(), seen]
    });
    let rows: Vec<_> = rows.collect();
    let note = if rows.is_empty() { "None.".to_owned() } else { String::new() };
    Section { title: "Alerts", columns: &["At", "Kind", "What", "Acknowledged"], rows, note }
}

fn timeline(session: &Session) -> Section {
    let rows = session.timeline.iter().map(|moment| {
        let at = |at: Timestamp| at.for_people();
        let until = if moment.until == moment.at { String::new() } else { at(moment.until) };
        vec![at(moment.at), until, moment.by.clone(), moment.text.clone()]
    });
    Section { title: "Timeline", columns: &["At", "Until", "By", "What"], rows: rows.collect(), note: String::new() }
}

fn record(session: &Session) -> Section {
    pairs(
        "Record",
        vec![
            ("Grant", Some(session.grant.id.to_string())),
            ("Request", Some(session.request.id.to_string())),
            ("Through record", Some(session.through.to_string())),
        ],
    )
}
