//! Whether what can be called has an example.
//!
//! An example shows how something is done. So every public trait has one, and every public type with a method that can
//! fail; a record of fields needs none.

use std::fs;

use crate::sources::{Crate, root};

#[test]
fn what_is_done_has_an_example() {
    let mut missing = String::new();
    // The suite for stores is called by its macro, whose example says how.
    let sources = Crate::read("src").sources;
    for source in sources.iter().filter(|source| !source.module.contains(&"conformance".to_owned())) {
        let text = fs::read_to_string(root().join(&source.path)).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let is_port = line.starts_with("pub trait ");
            let does = line.strip_prefix("pub struct ").is_some_and(|rest| {
                let name: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
                can_fail(&lines, &name)
            });
            let above = lines[..at].iter().rev().skip_while(|line| !line.starts_with("///"));
            let has_example = above.take_while(|line| line.starts_with("///")).any(|line| line.contains("```"));
            if (is_port || does) && !has_example {
                missing += &format!("  {}:{}: {line}\n", source.path.display(), at + 1);
            }
        }
    }
    assert!(missing.is_empty(), "no example:\n{missing}");
}

/// Whether a type has a public method with `self` that gives a `Result`.
fn can_fail(lines: &[&str], name: &str) -> bool {
    let is_its_own = |line: &&str| {
        let head = line.trim_end_matches(" {").trim_end_matches("<'_>");
        head.starts_with("impl") && !head.contains(" for ") && head.ends_with(&format!(" {name}"))
    };
    let starts = (0..lines.len()).filter(|at| is_its_own(&lines[*at]));
    starts.into_iter().any(|at| {
        let body: Vec<_> = lines[at..].iter().take_while(|line| **line != "}").map(|line| line.trim()).collect();
        body.join(" ").split("pub fn ").skip(1).any(|function| {
            let head = function.split(" {").next().unwrap_or_default();
            head.contains("self") && head.contains("-> Result<")
        })
    })
}

#[test]
fn what_examples_begin_with_has_one_home() {
    // An engine, a request and a grant are made in one file that examples take in; only what an example shows is its own.
    let mut pasted = String::new();
    for source in Crate::read("src").sources {
        let text = fs::read_to_string(root().join(&source.path)).unwrap();
        for (at, line) in text.lines().enumerate() {
            let hidden = line.trim_start().strip_prefix("/// # ").or_else(|| line.trim_start().strip_prefix("//! # "));
            if hidden
                .is_some_and(|hidden| hidden.contains("Config::parse(") || hidden.contains(r#""command": "submit""#))
            {
                pasted += &format!("  {}:{}: {line}\n", source.path.display(), at + 1);
            }
        }
    }
    assert!(pasted.is_empty(), "begin with tests/doc/world.rs instead:\n{pasted}");
}
