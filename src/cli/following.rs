//! The journal as it grows: `audit`, with `--follow`.

use clap::ArgMatches;
use serde_json::{Map, Value, json};

use super::client::Client;
use super::problem::{Exit, Problem};
use super::screen::{Format, Screen};
use super::show;
use super::wait::Interrupt;
use crate::command::CommandSpec;

/// `jit audit`.
pub(super) fn audit(
    client: &Client,
    screen: &Screen,
    spec: &CommandSpec,
    fields: Map<String, Value>,
    matches: &ArgMatches,
) -> Result<(), Problem> {
    if !matches.get_flag("follow") {
        show::answer(screen, spec, &client.execute(spec, fields)?);
        return Ok(());
    }
    follow(client, screen, spec, fields)
}

/// Shows every record after the current last one, until Ctrl-C.
fn follow(client: &Client, screen: &Screen, spec: &CommandSpec, mut fields: Map<String, Value>) -> Result<(), Problem> {
    let interrupt = Interrupt::watch();
    if !fields.contains_key("after") {
        // The head has the revision of the newest record.
        let head = client.run("head", Map::new())?;
        let number =
            head.as_str().and_then(|head| head.split(':').next()).and_then(|number| number.parse::<u64>().ok());
        fields.insert("after".to_owned(), json!(number.unwrap_or(0)));
    }
    fields.insert("order".to_owned(), json!("oldest"));
    fields.insert("limit".to_owned(), json!(200));
    while !interrupt.came() {
        match client.execute(spec, fields.clone()) {
            Ok(page) => {
                let items = page.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
                for item in items {
                    match screen.format {
                        Format::Text => screen.print(&show::record_line(screen, item)),
                        // A single document would never end.
                        _ => screen.line(item),
                    }
                }
                if let Some(last) = items.last().and_then(|item| item.get("revision")).and_then(Value::as_u64) {
                    fields.insert("after".to_owned(), json!(last));
                }
                if items.len() >= 200 {
                    continue;
                }
            }
            // A restarting host comes back, and no record is lost: the cursor has the position.
            Err(problem) if problem.exit == Exit::Unavailable => screen.status(&problem.message),
            Err(problem) => return Err(problem),
        }
        interrupt.pause(500);
    }
    Ok(())
}
