//! The keys and their meaning.
//!
//! This is the one place where a key is described: the tables of docs/configuration.md are made from it.
//!
//! | file | question |
//! |---|---|
//! | `audit` | keys of the record |
//! | `break_glass` | keys of break-glass access |
//! | `limits` | keys that limit requests, and rate their risk |
//! | `monitor` | keys of alerts |
//! | `notifications` | keys of notices and channels |
//! | `policy` | keys of Cedar policies and their schema |
//! | `roles` | keys of a role, and its conditions |
//! | `service` | keys of the store and the process |
//! | `workflow` | keys of a request and its approval |

mod audit;
mod break_glass;
mod limits;
mod monitor;
mod notifications;
mod policy;
mod roles;
mod service;
mod workflow;

use self::Kind::FileOnly;

/// How the text of a variable becomes a value.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Kind {
    /// A number or a flag.
    Plain,
    /// Text, also when it looks like another type.
    Text,
    /// A list, in YAML or with commas.
    List,
    /// Only in the file.
    FileOnly,
}

/// One key of the configuration, in the words of docs/configuration.md.
///
/// ```
/// use jit_access::config::Config;
///
/// let key = Config::keys().find(|key| key.path == "limits.grants_total").ok_or("no such key")?;
/// assert_eq!(key.variable().as_deref(), Some("JIT_LIMITS__GRANTS_TOTAL"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Key {
    /// The path below `jit_access`; `roles.x` is in each role, `approval.x` in each step.
    pub path: &'static str,
    pub(super) kind: Kind,
    /// The default value; empty: none.
    pub default: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

impl Key {
    /// The variable that sets it; `None` for a key that can only be in the file.
    #[must_use]
    pub fn variable(&self) -> Option<String> {
        let name = || format!("{PREFIX}{}", self.path.replace('.', "__").to_ascii_uppercase());
        (self.kind != FileOnly).then(name)
    }
}

/// What the name of a variable begins with.
pub(super) const PREFIX: &str = "JIT_";

const fn key(path: &'static str, kind: Kind, default: &'static str, meaning: &'static str) -> Key {
    Key { path, kind, default, meaning }
}

/// One table of docs/configuration.md: its name and its keys.
type Table = (&'static str, &'static [Key]);

/// Every key, by its table.
const TABLES: [&[Table]; 9] = [
    workflow::TABLES,
    roles::TABLES,
    limits::TABLES,
    monitor::TABLES,
    break_glass::TABLES,
    policy::TABLES,
    service::TABLES,
    notifications::TABLES,
    audit::TABLES,
];

fn tables() -> impl Iterator<Item = &'static Table> {
    TABLES.into_iter().flatten()
}

/// Every key there is.
pub(super) fn all() -> impl Iterator<Item = &'static Key> {
    tables().flat_map(|(_, keys)| keys.iter())
}

/// The known keys at this place of the document: `limits` at the top, `grants_total` in `limits`.
pub(super) fn below(section: &str) -> Vec<&'static str> {
    let prefix = if section.is_empty() { String::new() } else { format!("{section}.") };
    let names = all().filter_map(|key| key.path.strip_prefix(&prefix)?.split('.').next());
    let mut names: Vec<_> = names.collect();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    /// The rows of one table of docs/configuration.md.
    fn rows(keys: &[Key]) -> String {
        let mut text = String::from("| key | default | meaning |\n|---|---|---|\n");
        for key in keys {
            let default = match key.default {
                "" => "none".to_owned(),
                literal if is_literal(literal) => format!("`{literal}`"),
                words => words.to_owned(),
            };
            let meaning = if key.meaning.is_empty() { "Must be off." } else { key.meaning };
            let place = if key.kind == FileOnly { " (only in the file)" } else { "" };
            writeln!(text, "| `{}`{place} | {default} | {meaning} |", key.path).unwrap();
        }
        text
    }

    fn is_literal(default: &str) -> bool {
        ["true", "false"].contains(&default) || default.parse::<u32>().is_ok()
    }

    /// `BLESS=1 cargo test -p jit-access --all-features keys` rewrites the tables.
    #[test]
    fn the_manual_says_what_is_here() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
        let written = fs::read_to_string(&file).unwrap();
        let mut expected = written.clone();
        for (name, keys) in tables() {
            let (begin, end) = (format!("<!-- keys: {name} -->\n"), "<!-- end -->");
            let (before, rest) =
                expected.split_once(&begin).unwrap_or_else(|| panic!("docs/configuration.md: {begin}"));
            let (_, after) = rest.split_once(end).unwrap();
            expected = format!("{before}{begin}{}{end}{after}", rows(keys));
        }
        assert_eq!(written.matches("<!-- keys: ").count(), tables().count(), "tables in docs/configuration.md");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&file, &expected).unwrap();
        } else {
            let differs = written.lines().zip(expected.lines()).find(|(is, should)| is != should);
            assert_eq!(differs, None, "docs/configuration.md; BLESS=1 writes it");
            assert_eq!(written.len(), expected.len(), "docs/configuration.md; BLESS=1 writes it");
        }
    }

    #[test]
    fn a_default_that_is_written_out_is_the_one_that_holds() {
        let reads = |text: &str| {
            let read = Config::parse(text, []).map(|config| (config.rules, config.settings, config.store));
            format!("{:?}", read.map_err(|error| error.to_string()))
        };
        // What these sections must have before their other keys mean anything.
        let needed = [
            ("store", "path: jit.db"),
            ("standing_policies", "text: ''"),
            ("workflow_policy", "text: 'permit (principal, action, resource);'"),
        ];
        let mut seen = 0;
        for key in all().filter(|key| is_literal(key.default) && !key.path.starts_with("approval.")) {
            let set = format!("{}: {}", key.path.rsplit('.').next().unwrap(), key.default);
            let section = key.path.split_once('.').map(|(section, _)| section);
            let (without, with) = match (section, needed.iter().find(|(name, _)| Some(*name) == section)) {
                (None, _) => (String::new(), set),
                (Some(section), None) => (format!("{section}: {{}}"), format!("{section}: {{{set}}}")),
                (Some(section), Some((_, more))) => {
                    (format!("{section}: {{{more}}}"), format!("{section}: {{{more}, {set}}}"))
                }
            };
            let (without, with) =
                (reads(&format!("jit_access: {{{without}}}")), reads(&format!("jit_access: {{{with}}}")));
            assert!(with.starts_with("Ok"), "{}: {with}", key.path);
            assert_eq!(with, without, "the default of {} is not {}", key.path, key.default);
            seen += 1;
        }
        assert!(seen > 15);
    }
}
