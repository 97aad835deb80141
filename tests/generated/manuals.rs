//! The tables of the manuals, the schema of the workflow policy, and the arguments that stories pass.

use std::fmt::Write as _;
use std::fs;

use jit_access::authz::{ActionGroup, AuthzAction};
use jit_access::command::{CallerKind, CommandSpec, FieldKind, catalogue};
use jit_access::internal::wire::command::fields_of;
use serde_json::json;

use crate::answers::in_words;
use crate::{compare, compare_part, path};

/// The arguments that stories pass: `by` is the caller, and links start at `/jit`.
fn arguments(spec: &CommandSpec) -> Vec<&'static str> {
    let named = |name| if name == "caller" { "by" } else { name };
    fields_of(spec).into_iter().filter(|name| *name != "base").map(named).collect()
}

/// The actions of the workflow policy, as its schema declares them.
#[test]
fn the_schema_of_the_workflow_policy_has_every_action() {
    let mut actions = String::new();
    for group in ActionGroup::ALL {
        writeln!(actions, "// {}", group.doc().trim()).unwrap();
        writeln!(actions, "action \"{}\";", group.name()).unwrap();
    }
    for action in AuthzAction::ALL {
        let group = action.group().map_or(String::new(), |group| format!(" in [\"{}\"]", group.name()));
        let resources = action.resources().join(", ");
        writeln!(actions, "// To {}.\naction \"{}\"{group}", action.phrase(), action.name()).unwrap();
        writeln!(actions, "  appliesTo {{ principal: [Principal], resource: [{resources}], context: Context }};")
            .unwrap();
    }
    let name = "policies/workflow.cedarschema";
    let committed = fs::read_to_string(path(name)).unwrap();
    let mark = "// the export of all grants.\n";
    let (by_hand, _) = committed.split_once(mark).unwrap_or_else(|| panic!("{name} has no {mark}"));
    compare(name, &format!("{by_hand}{mark}{actions}"));
}

/// Which action each command needs, for those who write policies.
#[test]
fn the_manual_of_policies_lists_every_action() {
    let mut table = String::from("| action | group | resource | what it allows | commands |\n|---|---|---|---|---|\n");
    for action in AuthzAction::ALL {
        let group = action.group().map_or(String::new(), |group| format!("`{}`", group.name()));
        let commands = catalogue().filter(|spec| spec.action == Some(*action));
        let commands: Vec<_> = commands.map(|spec| format!("`{}`", spec.name)).collect();
        let (name, resources) = (action.name(), action.resources().join(", "));
        writeln!(table, "| `{name}` | {group} | {resources} | to {} | {} |", action.phrase(), commands.join(", "))
            .unwrap();
    }
    compare_part("policies/README.md", ("<!-- actions: begin -->\n", "<!-- actions: end -->\n"), &table);
}

#[test]
fn every_command_names_its_action() {
    for spec in catalogue() {
        let is_for_the_host = spec.caller == CallerKind::Host;
        assert_eq!(spec.action.is_none(), is_for_the_host, "{}", spec.name);
        assert!(!spec.writes || spec.action != Some(AuthzAction::See), "{}", spec.name);
    }
    // Asked beside a command, and by no command alone.
    let internal = [AuthzAction::Hold, AuthzAction::SeeAll];
    for action in AuthzAction::ALL {
        let has_command = catalogue().any(|spec| spec.action == Some(*action));
        assert_ne!(has_command, internal.contains(action), "{}", action.name());
    }
}

/// Which fields a command takes, for the runners of the stories in every language.
#[test]
fn the_list_of_calls_is_committed() {
    let calls = catalogue().map(|spec| {
        let call = json!({"arguments": arguments(spec), "writes": spec.writes});
        format!("  {}: {call}", json!(spec.name))
    });
    compare("tests/calls.json", &format!("{{\n{}\n}}\n", calls.collect::<Vec<_>>().join(",\n")));
}

#[test]
fn the_manuals_list_every_command() {
    let mut of_c = String::from("| command | what it does | fields | answer |\n|---|---|---|---|\n");
    let mut of_stories = String::from("| verb | arguments | answer |\n|---|---|---|\n");
    for spec in catalogue() {
        let required = |name: &str| {
            let field = spec.all_fields().find(|field| field.name == name);
            field.is_some_and(|field| field.required) || name == "caller" && spec.caller == CallerKind::Caller
        };
        let listed = |names: Vec<&str>| {
            let shown = |name: &&str| if required(name) { format!("**`{name}`**") } else { format!("`{name}`") };
            names.iter().map(shown).collect::<Vec<_>>().join(", ")
        };
        let fields = listed(fields_of(spec).into_iter().filter(|name| *name != "base").collect());
        writeln!(of_c, "| `{}` | {} | {fields} | {} |", spec.name, spec.summary(), in_words(spec)).unwrap();
        writeln!(of_stories, "| `{}` | {} | {} |", spec.name, listed(arguments(spec)), in_words(spec)).unwrap();
    }
    let marks = ("<!-- commands: begin -->\n", "<!-- commands: end -->\n");
    compare_part("ffi/c/README.md", marks, &of_c);
    compare_part("tests/scenarios/README.md", marks, &of_stories);
}

#[test]
fn the_manual_of_routes_lists_every_route() {
    let mut routes = String::from("\n| route | what it does | body or query | answer |\n|---|---|---|---|\n");
    for spec in catalogue() {
        let Some(http) = spec.http else { continue };
        let in_path = http.path.contains("{id}");
        let fields = spec.all_fields().skip(usize::from(in_path)).map(|field| {
            let name = if field.kind == FieldKind::Id { format!("{}_id", field.name) } else { field.name.to_owned() };
            if field.required { format!("**`{name}`**") } else { format!("`{name}`") }
        });
        let fields: Vec<_> = fields.chain(spec.dry_run.then(|| "`dry_run` (query)".to_owned())).collect();
        writeln!(
            routes,
            "| `{} /jit{}` | {} | {} | {} {} |",
            http.method,
            http.path,
            spec.summary(),
            fields.join(", "),
            http.status,
            in_words(spec)
        )
        .unwrap();
    }
    routes.push('\n');
    compare_part("docs/http.md", ("<!-- routes -->\n", "<!-- end -->\n"), &routes);
}

/// The commands of `jit`, and how it ends.
#[test]
fn the_manual_of_the_command_line_lists_every_command() {
    compare_part("docs/cli.md", ("<!-- commands -->\n", "<!-- end -->\n"), &jit_access::internal::cli::tables());
}
