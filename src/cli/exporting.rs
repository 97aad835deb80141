//! `export` and `evidence`: long output, written as it arrives.

use std::io::{BufRead, BufReader, Read, Write};

use serde_json::{Map, Value, json};

use super::client::Client;
use super::field;
use super::paint::Look;
use super::plain;
use super::problem::{Exit, Problem};
use super::progress::{Progress, with_timer};
use super::screen::Screen;
use crate::command::CommandSpec;

/// `jit export`: every record that is wanted, from the first on.
pub(super) fn export(
    client: &Client,
    screen: &Screen,
    spec: &CommandSpec,
    fields: Map<String, Value>,
) -> Result<(), Problem> {
    let form = fields.get("format").and_then(Value::as_str).unwrap_or("jsonl").to_owned();
    let all = client.run("head", Map::new()).ok().and_then(|head| number_of_head(&head)).unwrap_or(0);
    let mut progress = Progress::of(screen, "exporting").beside_output();
    let mut count = 0;
    let exported = match client {
        Client::Local(_) => pages(client, spec, fields, &form, &mut |lines, last| {
            count += lines;
            progress.at(last, all);
        }),
        Client::Remote(remote) => remote.stream(spec, fields).and_then(|body| {
            let mut out = std::io::stdout().lock();
            let mut lines = BufReader::new(body);
            let mut line = String::new();
            loop {
                line.clear();
                let read = lines.read_line(&mut line).map_err(|error| cut_off(&error))?;
                if read == 0 {
                    return out.flush().map_err(|error| unwritten(&error));
                }
                out.write_all(line.as_bytes()).map_err(|error| unwritten(&error))?;
                count += 1;
                if count % 500 == 0 {
                    progress.at(last_of(&line, &form).unwrap_or(count), all);
                }
            }
        }),
    };
    let took = progress.end();
    exported?;
    if screen.is_live && screen.width.is_none() {
        let rate = u64::try_from(took.max(1)).ok().and_then(|took| (count * 1_000).checked_div(took)).unwrap_or(0);
        screen.note(&format!("{count} lines, {rate} a second"));
    }
    Ok(())
}

/// Page after page, until nothing is left.
fn pages(
    client: &Client,
    spec: &CommandSpec,
    mut fields: Map<String, Value>,
    form: &str,
    done: &mut dyn FnMut(u64, u64),
) -> Result<(), Problem> {
    let mut out = std::io::stdout().lock();
    loop {
        let page = client.execute(spec, fields.clone())?;
        let text = page.as_str().unwrap_or_default();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| unwritten(&error))?;
        let Some(last) = last_of(last_row(text, form), form) else {
            return Ok(());
        };
        done(u64::try_from(text.lines().count()).unwrap_or(0), last);
        fields.insert("after".to_owned(), json!(last));
    }
}

/// `jit evidence`.
pub(super) fn evidence(
    client: &Client,
    screen: &Screen,
    spec: &CommandSpec,
    fields: Map<String, Value>,
) -> Result<Value, Problem> {
    match client {
        Client::Local(local) => {
            let mut progress = Progress::of(screen, "reading the record");
            let found = local.watched(spec, fields, &mut progress);
            progress.end();
            found
        }
        Client::Remote(remote) => with_timer(screen, "the host reads the record", || {
            let mut text = String::new();
            remote.stream(spec, fields)?.read_to_string(&mut text).map_err(|error| cut_off(&error))?;
            Ok(Value::String(text))
        }),
    }
}

/// The evidence as text for a terminal. A file or a program gets the document itself.
pub(super) fn assessed(screen: &Screen, text: &str) -> bool {
    let Ok(mut document) = serde_json::from_str::<Value>(text) else { return false };
    let controls = document.as_object_mut().and_then(|all| all.remove("controls"));
    let part = |of: &Value, name: &str| of.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    screen.print(&plain::object(screen, &document, ""));
    for control in controls.iter().flat_map(|all| all.as_array().into_iter().flatten()) {
        let facts: Map<String, Value> = part(control, "facts")
            .iter()
            .filter_map(|fact| Some((fact.get("name")?.as_str()?.to_owned(), fact.get("value")?.clone())))
            .collect();
        screen.print(&format!("\n{}", plain::object(screen, &Value::Object(facts), &field::text(control, "title"))));
        for exception in part(control, "exceptions") {
            screen.print(&format!("  {} {}", Look::Warn.on("!"), field::words(&exception)));
        }
    }
    screen.note(
        &Look::Dim.on("jit evidence --form html > evidence.html keeps it for an assessor; csv and json have every row"),
    );
    true
}

fn number_of_head(head: &Value) -> Option<u64> {
    head.as_str()?.split(':').next()?.parse().ok()
}

/// The last row of a page. A cell of a table can contain line breaks between quotes.
fn last_row<'a>(text: &'a str, form: &str) -> &'a str {
    let text = text.trim_end_matches('\n');
    if form != "csv" {
        return text.rsplit('\n').next().unwrap_or_default();
    }
    let (mut is_quoted, mut start) = (false, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' if !is_quoted => start = at + 1,
            _ => {}
        }
    }
    text.get(start..).unwrap_or_default()
}

/// The number of the record that a line of an export is about.
fn last_of(line: &str, form: &str) -> Option<u64> {
    if form == "csv" {
        return line.split(',').next()?.parse().ok();
    }
    let document: Value = serde_json::from_str(line).ok()?;
    document.pointer(if form == "ocsf" { "/metadata/sequence" } else { "/revision" })?.as_u64()
}

fn unwritten(error: &std::io::Error) -> Problem {
    match error.kind() {
        // The reader has closed the pipe.
        std::io::ErrorKind::BrokenPipe => Problem::silent(Exit::Done),
        _ => Problem::new(Exit::Failed, format!("the export cannot be written: {error}")),
    }
}

fn cut_off(error: &std::io::Error) -> Problem {
    Problem::new(Exit::Unavailable, format!("the answer was cut off: {error}"))
        .next("continue with --after and the number of the last record")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_record_of_a_page_is_found_in_each_form() {
        for (form, text, last) in [
            ("jsonl", "{\"revision\": 1}\n{\"revision\": 2}\n", Some(2)),
            ("ocsf", "{\"metadata\": {\"sequence\": 9}}\n", Some(9)),
            ("csv", "revision,at\n3,x\n4,\"two\n77,lines \"\"q\"\"\"\n", Some(4)),
            ("csv", "revision,at\n", None),
            ("jsonl", "", None),
        ] {
            assert_eq!(last_of(last_row(text, form), form), last, "{form}: {text}");
        }
    }
}
