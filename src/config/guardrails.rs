//! Guardrails and standing policies, if the operator sets them.

use std::path::PathBuf;
use std::time::Duration;

use super::policy_cases::PolicyCases;
use super::reader::Reader;
use super::store::Place;
use crate::model::{Invalid, PolicyFile};
use crate::service::{GuardrailSettings, PolicyTests};

/// The longest file, in bytes, so that a wrong path does not fill the memory.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// Reads the section `guardrails`.
pub(super) fn guardrails(reader: &mut Reader, place: &Place<'_>) -> GuardrailSettings {
    let Some(mut section) = reader.section("guardrails") else { return GuardrailSettings::default() };
    let (path, text) = (section.text("path"), section.text("text"));
    let ready = section.list("ready", ready).unwrap_or_default();
    let max_entity_age = section.count("max_entity_age_seconds", 0..=31_536_000).filter(|seconds| *seconds > 0);
    let key = section.key("path");
    let own = match (path, text) {
        (Some(_), Some(_)) => Err(Invalid::new(section.key("text"), "stands beside `path`", "one of the two")),
        (Some(path), None) => from_file(&path, &key, place).map(|(whole, file)| (Some(whole), vec![file])),
        (None, Some(text)) => Ok((None, vec![PolicyFile::new("guardrails.text", text)])),
        (None, None) => Ok((None, Vec::new())),
    };
    let needs = own.as_ref().is_ok_and(|(_, own)| !own.is_empty()) || !ready.is_empty();
    let own = own.and_then(|own| with_cedar(own, needs, &key));
    let (path, own) = section.findings().ok(own).unwrap_or_default();
    section.finish();
    GuardrailSettings { ready, own, path, max_entity_age: max_entity_age.map(Duration::from_secs) }
}

/// Reads the section `standing_policies`.
pub(super) fn standing_policies(reader: &mut Reader, place: &Place<'_>) -> Vec<PolicyFile> {
    policies("standing_policies", reader, place)
}

/// Reads the section `invariants`.
pub(super) fn invariants(reader: &mut Reader, place: &Place<'_>) -> Vec<PolicyFile> {
    policies("invariants", reader, place)
}

/// Reads a section of policies: a file, or their text.
fn policies(name: &'static str, reader: &mut Reader, place: &Place<'_>) -> Vec<PolicyFile> {
    let Some(mut section) = reader.section(name) else { return Vec::new() };
    let (path, text) = (section.text("path"), section.text("text"));
    let key = section.key("path");
    let read = match (path, text) {
        (Some(path), None) => from_file(&path, &key, place).map(|(_, file)| vec![file]),
        (None, Some(text)) => Ok(vec![PolicyFile::new(format!("{name}.text"), text)]),
        (Some(_), Some(_)) => Err(Invalid::new(section.key("text"), "stands beside `path`", "one of the two")),
        (None, None) => Err(Invalid::new(key.clone(), "is missing, and so is `text`", "one of the two")),
    };
    let read = read.and_then(|read| with_cedar(read, true, &key));
    let read = section.findings().ok(read).unwrap_or_default();
    section.finish();
    read
}

/// Reads the section `policy_tests`.
pub(super) fn policy_tests(reader: &mut Reader, place: &Place<'_>) -> PolicyTests {
    let Some(mut section) = reader.section("policy_tests") else { return PolicyTests::default() };
    let key = section.key("path");
    let read = match section.text("path") {
        None => Err(Invalid::new(key.clone(), "is missing", "the path of a file of sentences about the policies")),
        Some(path) => from_file(&path, &key, place).and_then(|(_, file)| {
            PolicyCases::parse(file.text()).map_err(|error| {
                let problem = format!("is {}, where `{}` {}", Invalid::quote(&path), error.field(), error.problem());
                Invalid::new(key.clone(), problem, error.expected().to_owned())
            })
        }),
    };
    let read = read.and_then(|read| with_cedar(read, true, &key));
    let PolicyCases { cases, entities } = section.findings().ok(read).unwrap_or_default();
    section.finish();
    PolicyTests { cases, entities }
}

fn from_file(path: &str, key: &str, place: &Place<'_>) -> Result<(PathBuf, PolicyFile), Invalid> {
    let whole = place.resolve(key, path)?;
    let refuse = |why: String| {
        let problem = format!("is {}, which {why}", Invalid::quote(path));
        Invalid::new(key.to_owned(), problem, "the path of a file with Cedar policies")
    };
    let size = std::fs::metadata(&whole).map_err(|error| refuse(format!("cannot be read: {error}")))?.len();
    if size > MAX_FILE {
        return Err(refuse(format!("has {size} bytes; {MAX_FILE} is the most")));
    }
    let text = std::fs::read_to_string(&whole).map_err(|error| refuse(format!("cannot be read: {error}")))?;
    Ok((whole, PolicyFile::new(path, text)))
}

#[cfg(feature = "cedar")]
fn ready(name: &str) -> Result<PolicyFile, Invalid> {
    crate::policy::shipped_guardrails(name).ok_or_else(|| {
        let all: Vec<_> = crate::policy::shipped_guardrail_names().collect();
        Invalid::new("ready", format!("holds {}", Invalid::quote(name)), format!("some of {}", all.join(", ")))
    })
}

#[cfg(not(feature = "cedar"))]
fn ready(name: &str) -> Result<PolicyFile, Invalid> {
    Ok(PolicyFile::new(name, ""))
}

fn with_cedar<T>(read: T, needs: bool, key: &str) -> Result<T, Invalid> {
    if needs && cfg!(not(feature = "cedar")) {
        let problem = "needs Cedar, and this build is one without the feature `cedar`";
        return Err(Invalid::new(key.to_owned(), problem, "the section left out, or a build with that feature"));
    }
    Ok(read)
}
