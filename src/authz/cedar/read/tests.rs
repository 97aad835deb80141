use super::*;

/// The line and what is wrong there.
fn refusal(text: &str) -> (Option<usize>, String) {
    match read(text, true) {
        Err(PolicyError::Workflow { line, reason }) => (line, reason),
        other => panic!("{text}: {other:?}"),
    }
}

const ALL: &str = "permit (principal, action, resource);";

#[test]
fn the_shipped_policies_have_names() {
    let policies = read(crate::authz::cedar::SHIPPED, true).unwrap();
    let names: Vec<_> = policies.iter().map(|policy| policy.id().to_string()).collect();
    assert!(names.iter().all(|name| !name.starts_with("line")) && names.contains(&"review".to_owned()), "{names:?}");
}

#[test]
fn a_policy_without_a_name_is_called_by_its_line() {
    let text = "// ; a comment\n\n@note(\"a \\\" b; // no comment\n\")\npermit (principal, action, resource)\n;\nforbid \
                (principal, action, resource) when { \"/*\" == \"//\" };";
    let (line, reason) = refusal(text);
    assert_eq!(line, Some(7), "{reason}");
    assert!(reason.contains("impossible"), "{reason}");
    let policies = read(&format!("\n{ALL}\n@id(\"x\")\n{ALL} {ALL}"), true).unwrap();
    let names: Vec<_> = policies.iter().map(|policy| policy.id().to_string()).collect();
    assert_eq!(names, ["line 2", "x", "line 4"]);
}

#[test]
fn mistakes_are_told_with_their_line() {
    for (text, line, part) in [
        ("", None, "nothing is permitted"),
        ("forbid (principal, action, resource);", None, "nothing is permitted"),
        ("permit (principal, action, resource)", Some(1), "unexpected end of input"),
        ("permit (principal, action, resource)\nwhen { tru };", Some(2), "invalid variable: tru"),
        ("permit (principal, action, resource) when { resource.color == 1 };", Some(1), "color"),
        (
            "permit (principal,\naction == Action::\"jit.aprove\", resource);",
            None,
            "did you mean `Action::\"jit.approve\"`",
        ),
        ("permit (principal, action, resource is Tool);", None, "Tool"),
        ("permit (principal, action, resource) when { context.weekday == \"monday\" };", Some(1), "Long"),
        ("permit (principal == ?principal, action, resource);", Some(1), "template"),
        ("@id(\"\")\npermit (principal, action, resource);", Some(1), "`@id` is empty"),
        (
            "@id(\"a\") permit (principal, action, resource);\n@id(\"a\") permit (principal, action, resource);",
            Some(2),
            "`a`",
        ),
    ] {
        let (at, reason) = refusal(text);
        assert!(reason.contains(part), "{text}: {reason}");
        if let Some(line) = line {
            assert_eq!(at, Some(line), "{text}: {reason}");
        }
    }
}

#[test]
fn what_is_misnamed_is_told() {
    let naming = |literal: &str| {
        let text =
            format!("@id(\"p\") permit (principal, action == Action::\"jit.approve\", resource) when {{ {literal} }};");
        super::super::CedarPolicy::parse(&text).unwrap_err().to_string()
    };
    let error = naming("resource.gives.contains(Permission::\"tools*\")");
    assert!(error.contains("`p`") && error.contains("tools*"), "{error}");
    let error = naming("resource.reaches.contains(Place::\"shop@\")");
    assert!(error.contains("`p`") && error.contains("shop@"), "{error}");
}

#[test]
fn texts_are_bounded_before_they_are_parsed() {
    let nested = |open: &str, close: &str, times: usize| {
        format!("permit (principal, action, resource) when {{ {}true{} }};", open.repeat(times), close.repeat(times))
    };
    for text in [
        nested("(", ")", 100_000),
        nested("!", "", 100_000),
        nested("if true then true else ", "", 10_000),
        nested("true || ", "", 10_000),
        nested("[", "]", 60_000),
        nested("{a: ", "}", 15_000),
        format!("permit (principal, action, resource) when {{ context{} }};", ".a".repeat(30_000)),
        format!("permit (principal, action, resource) when {{ 1{} > 0 }};", " - 1".repeat(10_000)),
    ] {
        let text = text.get(..text::BY_HAND.min(text.len())).unwrap();
        let (_, reason) = refusal(text);
        assert!(reason.contains("deeper") || reason.contains("follow each other"), "{reason}");
    }
    assert!(refusal(&" ".repeat(text::BY_HAND + 1)).1.contains("65536 is the most"));
}

/// What is within the bounds does not end the process, in a thread as small as threads are.
#[test]
fn what_is_within_the_bounds_is_read() {
    let worst = |open: &str, close: &str, times: usize| {
        format!("permit (principal, action, resource) when {{ {}true{} }};", open.repeat(times), close.repeat(times))
    };
    let texts = [
        worst("(", ")", 20),
        worst("true || ", "", 190),
        worst("if true then true else ", "", 75),
        worst("(if true then true else ", ")", 20),
        format!("permit (principal, action, resource) when {{ 1{} > 0 }};", " + 1".repeat(190)),
        format!("permit (principal, action, resource) when {{ [{}].contains(1) }};", "1, ".repeat(5_000)),
    ];
    for text in texts {
        let read = std::thread::Builder::new()
            .stack_size(2 << 20)
            .spawn(move || drop(crate::authz::CedarPolicy::parse(&text)))
            .unwrap();
        read.join().unwrap();
    }
}
