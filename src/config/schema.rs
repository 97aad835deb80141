//! The resource kinds of the host, if the operator declares them.

use super::reader::{Findings, Reader};
use super::store::Place;
use crate::model::Invalid;
use crate::workflow::{HostSchema, Rules};

/// Reads the section.
pub(super) fn schema(reader: &mut Reader, place: &Place<'_>) -> Option<HostSchema> {
    let mut section = reader.section("schema")?;
    let (path, text, shipped) = (section.text("path"), section.text("text"), section.text("shipped"));
    let schema = match (path, text, shipped) {
        (Some(path), None, None) => from_file(&path, &section.key("path"), place),
        (None, Some(text), None) => read(&text, &section.key("text")),
        (None, None, Some(name)) => shipped_schema(&name, &section.key("shipped")),
        (None, None, None) => Err(Invalid::new(section.key("path"), "is missing", ONE)),
        _ => Err(Invalid::new(section.key("path"), "is not the only one", ONE)),
    };
    let schema = section.findings().ok(schema);
    section.finish();
    schema
}

const ONE: &str = "exactly one of `path`, `text` and `shipped`";

/// The resources that the rest of the configuration names must be of kinds that the schema has.
pub(super) fn check_resources(rules: &Rules, findings: &Findings) {
    let Some(schema) = &rules.schema else { return };
    let named = [
        ("jit_access.never_auto_approve.resources", &rules.never_auto_approve.scopes),
        ("jit_access.risk.production", &rules.risk.production),
    ];
    for (key, scopes) in named {
        for error in scopes.iter().filter_map(|scope| schema.check(scope).err()) {
            findings.error(error.for_field(key));
        }
    }
}

fn from_file(path: &str, key: &str, place: &Place<'_>) -> Result<HostSchema, Invalid> {
    let text = std::fs::read_to_string(place.resolve(key, path)?).map_err(|error| {
        let problem = format!("is {}, which cannot be read: {error}", Invalid::quote(path));
        Invalid::new(key.to_owned(), problem, "the path of a file with a Cedar schema")
    })?;
    read(&text, key)
}

#[cfg(feature = "cedar")]
fn shipped_schema(name: &str, key: &str) -> Result<HostSchema, Invalid> {
    if name == "contextforge" {
        return read(crate::policy::Schema::contextforge_text(), key);
    }
    Err(Invalid::new(key.to_owned(), format!("is {}", Invalid::quote(name)), "`contextforge`"))
}

#[cfg(feature = "cedar")]
fn read(text: &str, key: &str) -> Result<HostSchema, Invalid> {
    let schema = crate::policy::Schema::parse(text)
        .map_err(|error| Invalid::new(key.to_owned(), format!("is wrong: {error}"), "a Cedar schema"))?;
    Ok(HostSchema::new(text, schema.kinds().copied()))
}

#[cfg(not(feature = "cedar"))]
fn shipped_schema(_: &str, key: &str) -> Result<HostSchema, Invalid> {
    read("", key)
}

#[cfg(not(feature = "cedar"))]
fn read(_: &str, key: &str) -> Result<HostSchema, Invalid> {
    let problem = "needs Cedar, and this build is one without the feature `cedar`";
    Err(Invalid::new(key.to_owned(), problem, "the key left out, or a build with that feature"))
}
