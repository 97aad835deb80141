//! Whether the subjects of commits have their form: `area: imperative summary`.

use std::process::Command;

use crate::sources::root;

/// The last commit before the rule.
const BEFORE: &str = "f58adef4";
const LONGEST: usize = 72;

#[test]
fn every_subject_begins_with_its_area() {
    let git = |args: &[&str]| Command::new("git").current_dir(root()).args(args).output();
    let range = format!("{BEFORE}..HEAD");
    let log = match git(&["log", "--no-merges", "--format=%h %s", &range]) {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).into_owned(),
        _ => return eprintln!("SKIPPED: subjects of commits, because the history since {BEFORE} is not here"),
    };
    let wrong: Vec<_> =
        log.lines().filter(|line| !line.split_once(' ').is_some_and(|(_, subject)| is_fine(subject))).collect();
    assert!(
        wrong.is_empty(),
        "expected `area: imperative summary`, at most {LONGEST} characters:\n  {}",
        wrong.join("\n  ")
    );
}

fn is_fine(subject: &str) -> bool {
    let Some((area, summary)) = subject.split_once(": ") else { return false };
    let is_area = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-/, ".contains(&byte);
    subject.chars().count() <= LONGEST
        && area.starts_with(|first: char| first.is_ascii_lowercase())
        && area.bytes().all(is_area)
        && is_lower_or_a_name(summary)
        && !summary.ends_with('.')
}

/// A summary begins in lower case; a name in capitals (README, SQLite) stays as it is.
fn is_lower_or_a_name(summary: &str) -> bool {
    let mut first = summary.chars();
    match (first.next(), first.next()) {
        (Some(one), Some(two)) => !one.is_whitespace() && (!one.is_uppercase() || two.is_uppercase()),
        _ => false,
    }
}

#[test]
fn the_form_is_told_from_others() {
    assert!(is_fine("index: keep scope ids in the block (one dependent load less)"));
    assert!(is_fine("python, c: log to the host"));
    assert!(is_fine("docs: README in the order a stranger needs"));
    for wrong in ["A hit from Python in the words of the table", "index: Keep it", "index: keep it.", "Index: keep it"]
    {
        assert!(!is_fine(wrong), "{wrong}");
    }
}
