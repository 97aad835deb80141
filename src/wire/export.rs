//! Records for other programs: JSON lines, CSV for spreadsheets, or events of OCSF. A page at a time, so an export of any length
//! takes the memory of one page.
//!
//! When old records were removed, an export from the beginning starts with the removal: which records, until when, and
//! the signed checkpoint that covers them. In JSON lines that is an object with the one field `removed`, in CSV a row
//! after the column names whose number is a range, in OCSF a separate event.

use std::io;

use serde_json::{Value, json};

use super::{RecordDocument, ocsf};
use crate::command::ExportRecords;
use crate::error::Error;
use crate::journal::Record;
use crate::model::{Caller, ExportFormat, Fact, Revision, Subject};
use crate::service::{Attribution, Workflow};
use crate::store::{Removed, StoreError};

/// A part of an export.
#[derive(Debug)]
pub struct ExportPage {
    /// The text; empty when nothing was left.
    pub text: String,
    /// The last record of it.
    pub last: Option<Revision>,
    /// How many records that are.
    pub count: usize,
}

/// The next thousand records that are wanted, as text.
///
/// # Errors
/// As for [`Workflow::export`].
pub fn page(workflow: &Workflow, caller: &Caller, export: &ExportRecords) -> Result<ExportPage, Error> {
    let records = workflow.export(caller, export)?;
    let mut text = String::with_capacity(records.len() * 512);
    if export.format == ExportFormat::Csv && export.after.is_none() {
        text.push_str(&COLUMNS.join(","));
        text.push_str("\r\n");
    }
    let end = if export.format == ExportFormat::Csv { "\r\n" } else { "\n" };
    if export.after.is_none()
        && let Some(removed) = workflow.removed()?
    {
        let added = what_was_removed(&removed, workflow.note_covering(removed.last)?);
        text.push_str(&match export.format {
            ExportFormat::Csv => removed_row(&removed, &added),
            ExportFormat::Ocsf => ocsf::removed(&removed, &added).to_string(),
            _ => json!({"removed": added}).to_string(),
        });
        text.push_str(end);
    }
    let added = workflow.attributions(&records)?;
    for (record, added) in records.iter().zip(&added) {
        match export.format {
            ExportFormat::Csv => text.push_str(&row(record, added)),
            ExportFormat::Ocsf => {
                let grant = ocsf::grant_of(record).map(|id| workflow.recorded_grant(id)).transpose()?.flatten();
                text.push_str(&ocsf::event(record, grant.as_ref(), added)?);
            }
            _ => text.push_str(&RecordDocument::text(record, added)?),
        }
        text.push_str(end);
    }
    Ok(ExportPage { text, last: records.last().map(|record| record.revision), count: records.len() })
}

/// The records from the first to the last, as documents of this form, for a channel that exports the journal.
///
/// # Errors
/// Errors of the store.
#[cfg_attr(
    not(all(feature = "host", any(feature = "smtp", feature = "webhooks"))),
    expect(dead_code, reason = "only a host with channels exports continuously")
)]
pub(crate) fn between(
    workflow: &Workflow,
    first: Revision,
    last: Revision,
    form: ExportFormat,
) -> Result<Vec<Value>, StoreError> {
    let records = workflow.between(first, last)?;
    let as_store = |error: Error| match error {
        Error::Store(error) => error,
        other => StoreError::Corrupt(other.to_string()),
    };
    let added = workflow.attributions(&records).map_err(as_store)?;
    let read = |text: &str| {
        serde_json::from_str(text).map_err(|error| Error::Internal(format!("cannot read our own JSON: {error}")))
    };
    let one = |(record, added): (&Record, &Attribution)| -> Result<Value, Error> {
        if form == ExportFormat::Ocsf {
            let grant = ocsf::grant_of(record).map(|id| workflow.recorded_grant(id)).transpose()?.flatten();
            return read(&ocsf::event(record, grant.as_ref(), added)?);
        }
        read(&RecordDocument::text(record, added)?)
    };
    records.iter().zip(&added).map(one).collect::<Result<_, _>>().map_err(as_store)
}

/// Writes every record that is wanted; answers how many that were.
///
/// ```
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let engine = world::engine().map_err(|error| error.to_string())?;
/// # use jit_access::model::{Caller, Principal, RoleName};
/// # let auditor = Caller::new(Principal::user("eye@example.com")?, vec![RoleName::new("auditor")?]);
/// use jit_access::command::ExportRecords;
/// use jit_access::model::ExportFormat;
/// use jit_access::internal::wire::export;
///
/// let mut file = Vec::new();
/// let all = ExportRecords::default().format(ExportFormat::Csv);
/// assert_eq!(export::write(&engine.workflow(), &auditor, &all, &mut file)?, 0);
/// assert!(file.starts_with(b"revision,at,by,event,"));
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
///
/// # Errors
/// As for [`Workflow::export`]; [`io::Error`] of the writer.
pub fn write(
    workflow: &Workflow,
    caller: &Caller,
    export: &ExportRecords,
    into: &mut impl io::Write,
) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
    let mut wanted = export.clone();
    let mut count = 0;
    loop {
        let page = page(workflow, caller, &wanted)?;
        into.write_all(page.text.as_bytes())?;
        count += page.count as u64;
        match page.last {
            Some(last) => wanted = wanted.after(last),
            None => return Ok(count),
        }
    }
}

/// The data of removed records. `checkpoint` is `null` when none is signed.
fn what_was_removed(removed: &Removed, checkpoint: Option<String>) -> Value {
    json!({
        "first": 1,
        "last": removed.last.0,
        "until": removed.until.to_string(),
        "complete_from": removed.complete_from.to_string(),
        "hash": removed.hash.to_string(),
        "root": removed.root.to_string(),
        "recorded": removed.recorded.0,
        "checkpoint": checkpoint,
    })
}

const COLUMNS: [&str; 14] = [
    "revision",
    "at",
    "by",
    "event",
    "result",
    "grant",
    "request",
    "permission",
    "resource",
    "words",
    "hash",
    "approvers",
    "ticket",
    "accountable",
];

fn removed_row(removed: &Removed, added: &Value) -> String {
    let (numbers, until) = (format!("1-{}", removed.last), removed.until.to_string());
    let (words, hash) = (added.to_string(), removed.hash.to_string());
    let mut cells = [""; COLUMNS.len()];
    let filled = [(0, &*numbers), (1, &until), (2, "rule:retention"), (3, "removed"), (9, &words), (10, &hash)];
    for (at, text) in filled {
        if let Some(cell) = cells.get_mut(at) {
            *cell = text;
        }
    }
    cells.map(cell_of).join(",")
}

fn row(record: &Record, added: &Attribution) -> String {
    let event = &record.event;
    let (mut grant, mut request) = (String::new(), String::new());
    match Subject::of(event) {
        Subject::Grant(id) => grant = id.to_string(),
        Subject::Request(id) => request = id.to_string(),
        _ => {}
    }
    let listed = |all: &[crate::model::Permission]| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let (permission, resource) = match &event.fact {
        Fact::GrantUsed { action, resource, .. } => (action.name().to_owned(), resource.to_string()),
        Fact::RequestSubmitted(made) => (listed(made.permissions.allowed()), made.scope.to_string()),
        Fact::GrantCreated(made) => {
            request = made.request.to_string();
            (listed(made.permissions.allowed()), made.scope.to_string())
        }
        _ => Default::default(),
    };
    let mut approvers = String::new();
    let mut ticket = String::new();
    if let Some(approval) = &added.approval {
        request = approval.request.to_string();
        approvers = approval.by.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        ticket = approval.ticket.as_ref().map(ToString::to_string).unwrap_or_default();
    }
    let cells = [
        record.revision.to_string(),
        event.at.to_string(),
        event.by.to_string(),
        event.fact.name().to_owned(),
        event.fact.result().map(crate::model::RecordResult::name).unwrap_or_default().to_owned(),
        grant,
        request,
        permission,
        resource,
        event.words().collect::<Vec<_>>().join(" "),
        record.hash.to_string(),
        approvers,
        ticket,
        added.person.as_ref().map(ToString::to_string).unwrap_or_default(),
    ];
    cells.iter().map(|cell| cell_of(cell)).collect::<Vec<_>>().join(",")
}

/// A cell as in RFC 4180. A spreadsheet reads a text that begins with one of these characters as a formula; with an
/// apostrophe before it, it is text.
fn cell_of(text: &str) -> String {
    let defused = if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { "'" } else { "" };
    if text.contains([',', '"', '\n', '\r']) {
        return format!("\"{defused}{}\"", text.replace('"', "\"\""));
    }
    format!("{defused}{text}")
}

#[cfg(test)]
mod tests {
    use super::cell_of;

    #[test]
    fn no_cell_is_a_formula_and_none_breaks_out() {
        assert_eq!(cell_of("=1+1"), "'=1+1");
        assert_eq!(cell_of("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(cell_of("=\"a\",b"), "\"'=\"\"a\"\",b\"");
        assert_eq!(cell_of("a\nb"), "\"a\nb\"");
        assert_eq!(cell_of("dev@example.com"), "dev@example.com");
    }
}
