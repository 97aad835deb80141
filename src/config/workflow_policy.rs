//! The operator's own workflow policy, if there is one.

use super::reader::Reader;
use super::store::Place;
use crate::authz::PolicyHandle;
use crate::model::Invalid;

/// Reads the section.
pub(super) fn workflow_policy(reader: &mut Reader, place: &Place<'_>) -> PolicyHandle {
    let Some(mut section) = reader.section("workflow_policy") else { return PolicyHandle::default() };
    let (path, text) = (section.text("path"), section.text("text"));
    let keep_shipped = section.flag("keep_shipped").unwrap_or(false);
    let policy = match (path, text) {
        (Some(path), None) => from_file(&path, &section.key("path"), keep_shipped, place),
        (None, Some(text)) => read(&text, keep_shipped, &section.key("text"), ""),
        (Some(_), Some(_)) => Err(Invalid::new(section.key("text"), "stands beside `path`", "one of the two")),
        (None, None) => Err(Invalid::new(section.key("path"), "is missing, and so is `text`", "one of the two")),
    };
    let policy = section.findings().ok(policy);
    section.finish();
    policy.unwrap_or_default()
}

fn from_file(path: &str, key: &str, keep_shipped: bool, place: &Place<'_>) -> Result<PolicyHandle, Invalid> {
    let whole = place.resolve(key, path)?;
    let quoted = Invalid::quote(path);
    let text = std::fs::read_to_string(whole).map_err(|error| {
        let problem = format!("is {quoted}, which cannot be read: {error}");
        Invalid::new(key.to_owned(), problem, "the path of a file with Cedar policies")
    })?;
    read(&text, keep_shipped, key, &format!("is {quoted}, which "))
}

#[cfg(feature = "cedar")]
fn read(text: &str, keep_shipped: bool, key: &str, of: &str) -> Result<PolicyHandle, Invalid> {
    use crate::authz::CedarPolicy;
    use crate::policy::PolicyError;

    let read = if keep_shipped { CedarPolicy::parse_beside_shipped(text) } else { CedarPolicy::parse(text) };
    read.map(Into::into).map_err(|error| {
        let problem = match error {
            PolicyError::Workflow { line: Some(line), reason } => format!("{of}is wrong in line {line}: {reason}"),
            PolicyError::Workflow { line: None, reason } => format!("{of}is wrong: {reason}"),
            other => format!("{of}cannot be read: {other}"),
        };
        Invalid::new(key.to_owned(), problem, "Cedar policies that fit policies/workflow.cedarschema")
    })
}

#[cfg(not(feature = "cedar"))]
fn read(_: &str, _: bool, key: &str, of: &str) -> Result<PolicyHandle, Invalid> {
    let problem = format!("{of}needs Cedar, and this build is one without the feature `cedar`");
    Err(Invalid::new(key.to_owned(), problem, "the key left out, or a build with that feature"))
}
