//! Who may do what: the operator's own policy, where there is one.

use std::path::{Path, PathBuf};

use super::reader::Reader;
use crate::model::Invalid;
use crate::workflow::PolicyHandle;

/// Reads the section. A relative path counts from `folder`.
pub(super) fn workflow_policy(reader: &mut Reader, folder: Option<&Path>) -> Result<PolicyHandle, Invalid> {
    let Some(mut section) = reader.section("workflow_policy")? else { return Ok(PolicyHandle::default()) };
    let (path, text) = (section.text("path")?, section.text("text")?);
    let keep_shipped = section.flag("keep_shipped")?.unwrap_or(false);
    let (path_key, text_key) = (section.key("path"), section.key("text"));
    section.finish()?;
    match (path, text) {
        (Some(path), None) => {
            let whole = folder.map_or_else(|| PathBuf::from(&path), |folder| folder.join(&path));
            let quoted = Invalid::quote(&path);
            let text = std::fs::read_to_string(whole).map_err(|error| {
                let problem = format!("is {quoted}, which cannot be read: {error}");
                Invalid::new(path_key.clone(), problem, "the path of a file with Cedar policies")
            })?;
            read(&text, keep_shipped, &path_key, &format!("is {quoted}, which "))
        }
        (None, Some(text)) => read(&text, keep_shipped, &text_key, ""),
        (Some(_), Some(_)) => Err(Invalid::new(text_key, "stands beside `path`", "one of the two")),
        (None, None) => Err(Invalid::new(path_key, "is missing, and so is `text`", "one of the two")),
    }
}

#[cfg(feature = "cedar")]
fn read(text: &str, keep_shipped: bool, key: &str, of: &str) -> Result<PolicyHandle, Invalid> {
    use crate::policy::{CedarWorkflow, PolicyError};

    let read = if keep_shipped { CedarWorkflow::parse_beside_shipped(text) } else { CedarWorkflow::parse(text) };
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
