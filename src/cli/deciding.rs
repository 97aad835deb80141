//! Deciding and ending: `queue`, `grants`, `revoke`, `review`.

use clap::ArgMatches;
use serde_json::{Map, Value, json};

use super::asking::live_grants;
use super::client::Client;
use super::field::text;
use super::paint::Look;
use super::problem::{Exit, Problem};
use super::screen::{Format, Screen};
use super::show::{self, short};
use super::values;
use crate::command::{CommandSpec, spec_of};

fn spec(name: &str) -> Result<&'static CommandSpec, Problem> {
    spec_of(name).ok_or_else(|| Problem::new(Exit::Failed, format!("the command {name} is missing")))
}

/// `jit queue`: what waits for a decision, the oldest first.
pub(super) fn queue(client: &Client, screen: &Screen) -> Result<(), Problem> {
    let mut waiting = client.all("requests", &Map::from_iter([("status".to_owned(), json!("pending"))]), 10_000)?;
    waiting.reverse();
    if screen.format != Format::Text {
        screen.json(&json!({"items": waiting, "next_cursor": null}));
        return Ok(());
    }
    if waiting.is_empty() {
        screen.print("nothing waits for a decision");
        return Ok(());
    }
    screen.print(&show::queue(screen, &waiting));
    if let Some(first) = waiting.first() {
        let id = short(&text(first, "id"));
        screen.note(&Look::Dim.on(&format!("jit status {id} shows one; then jit approve, deny or ask {id}")));
    }
    Ok(())
}

/// `jit grants`: the live ones, unless others are named.
pub(super) fn grants(
    client: &Client,
    screen: &Screen,
    fields: Map<String, Value>,
    matches: &ArgMatches,
) -> Result<(), Problem> {
    let named = ["status", "cursor", "limit"].iter().any(|name| fields.contains_key(*name));
    if named || matches.get_flag("all") {
        show::answer(screen, spec("grants")?, &client.run("grants", fields)?);
        return Ok(());
    }
    let live = live_grants(client)?;
    if screen.format == Format::Text && live.is_empty() {
        screen.print("no grant is live");
        return Ok(());
    }
    show::answer(screen, spec("grants")?, &json!({"items": live, "next_cursor": null}));
    Ok(())
}

/// `jit revoke`: one grant, or many by one of their properties.
pub(super) fn revoke(client: &Client, screen: &Screen, matches: &ArgMatches) -> Result<(), Problem> {
    if matches.contains_id("grant") {
        let one = spec("revoke")?;
        let fields = values::fields(one, matches, screen)?;
        show::answer(screen, one, &client.execute(one, fields)?);
        return Ok(());
    }
    let many = spec("revoke_many")?;
    let is_selected = ["request", "holder", "role", "resource"].iter().any(|name| matches.contains_id(name));
    if !is_selected && !matches.get_flag("everything") {
        return Err(Problem::new(Exit::Usage, "what to revoke is missing").next(
            "jit revoke GRANT, or --holder PERSON, --role ROLE, --on RESOURCE, --request REQUEST, --everything",
        ));
    }
    let fields = values::fields(many, matches, screen)?;
    if matches.get_flag("everything") && !matches.get_flag("yes") {
        let live = live_grants(client)?.len();
        let question = format!("This ends all {live} live grants. Type {} to continue: ", Look::Bold.on("everything"));
        if screen.ask(&question).as_deref() != Some("everything") {
            return Err(Problem::new(Exit::Usage, "nothing was revoked").next("--everything --yes asks nothing"));
        }
    }
    show::answer(screen, many, &client.execute(many, fields)?);
    Ok(())
}

/// `jit review`: what waits for a review, or one review.
pub(super) fn review(client: &Client, screen: &Screen, matches: &ArgMatches) -> Result<(), Problem> {
    if !matches.contains_id("grant") {
        let waiting = client.run("unreviewed", Map::new())?;
        if screen.format == Format::Text && show::items_of(&waiting).is_empty() {
            screen.print("nothing waits for a review");
        } else {
            show::answer(screen, spec("unreviewed")?, &waiting);
        }
        return Ok(());
    }
    let one = spec("complete_review")?;
    if !matches.contains_id("justified") {
        return Err(Problem::new(Exit::Usage, "the result of the review is missing")
            .next("--justified true or --justified false, and --finding \"what the review found\""));
    }
    let fields = values::fields(one, matches, screen)?;
    show::answer(screen, one, &client.execute(one, fields)?);
    Ok(())
}
