//! How a command reaches its host or its store, and how the beginning of an id becomes the id.

use serde_json::{Map, Value, json};

use super::local::Local;
use super::place::Place;
use super::problem::{Exit, Problem};
use super::remote::Remote;
use crate::command::{CommandSpec, FieldKind, spec_of};

/// What carries out the commands.
pub(super) enum Client {
    Remote(Box<Remote>),
    Local(Box<Local>),
}

impl Client {
    pub(super) fn of(place: Place) -> Result<Self, Problem> {
        Ok(match place {
            Place::Host(host) => Self::Remote(Box::new(Remote::new(host))),
            Place::Store(store) => Self::Local(Box::new(Local::open(&store)?)),
        })
    }

    /// Carries out a command of the catalogue. Ids among the fields may be cut short.
    pub(super) fn run(&self, name: &str, fields: Map<String, Value>) -> Result<Value, Problem> {
        let spec = spec_of(name)
            .ok_or_else(|| Problem::new(Exit::Failed, format!("this version of jit knows no command `{name}`")))?;
        self.execute(spec, fields)
    }

    pub(super) fn execute(&self, spec: &CommandSpec, mut fields: Map<String, Value>) -> Result<Value, Problem> {
        for field in spec.all_fields().filter(|field| field.kind == FieldKind::Id) {
            let kind = match (spec.name, field.name) {
                (_, "request") | ("request", "id") => "requests",
                (_, "grant") | ("grant", "id") => "grants",
                (_, "delegation") => "delegations",
                _ => continue,
            };
            let Some(Value::String(text)) = fields.get(field.name) else { continue };
            let whole = self.whole_id(kind, text)?;
            fields.insert(field.name.to_owned(), json!(whole));
        }
        match self {
            Self::Remote(remote) => remote.execute(spec, fields),
            Self::Local(local) => local.execute(spec, fields),
        }
    }

    /// The id with this prefix, among those that the caller can see. Ids begin with their time, and lists are newest
    /// first, so the search ends where older ones begin.
    pub(super) fn whole_id(&self, kind: &str, text: &str) -> Result<String, Problem> {
        let begin = text.trim().to_ascii_lowercase();
        let is_id = |c: char| c.is_ascii_hexdigit() || c == '-';
        if begin.len() >= 36 || begin.len() < 4 || !begin.chars().all(is_id) {
            return Ok(begin);
        }
        let mut found: Vec<String> = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let mut list = Map::from_iter([("limit".to_owned(), json!(200))]);
            if let Some(cursor) = &cursor {
                list.insert("cursor".to_owned(), json!(cursor));
            }
            let page = self.run(kind, list)?;
            let mut is_past = false;
            for item in page.get("items").and_then(Value::as_array).into_iter().flatten() {
                let Some(id) = item.get("id").and_then(Value::as_str) else { continue };
                if id.starts_with(&begin) {
                    found.push(id.to_owned());
                }
                is_past |= id.get(..begin.len()).is_some_and(|start| start < begin.as_str());
            }
            cursor = page.get("next_cursor").and_then(Value::as_str).map(ToOwned::to_owned);
            if is_past || cursor.is_none() {
                break;
            }
        }
        let one = kind.trim_end_matches('s');
        match (found.pop(), found.is_empty()) {
            (Some(id), true) => Ok(id),
            (Some(id), false) => {
                found.push(id);
                let all = found.iter().take(6).map(String::as_str).collect::<Vec<_>>().join(", ");
                let message = format!("`{text}` is the beginning of several {kind}: {all}");
                Err(Problem::new(Exit::Invalid, message).next("write more of the id"))
            }
            (None, _) => Err(Problem::new(Exit::NotFound, format!("no {one} that you can see begins with `{text}`"))
                .next("`jit status` and `jit grants --all` list what you can see")),
        }
    }

    /// Every item of a list, page by page, up to a limit.
    pub(super) fn all(&self, name: &str, fields: &Map<String, Value>, most: usize) -> Result<Vec<Value>, Problem> {
        let mut all = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let mut list = fields.clone();
            list.insert("limit".to_owned(), json!(200.min(most.max(1))));
            if let Some(cursor) = &cursor {
                list.insert("cursor".to_owned(), json!(cursor));
            }
            let page = self.run(name, list)?;
            all.extend(page.get("items").and_then(Value::as_array).cloned().unwrap_or_default());
            cursor = page.get("next_cursor").and_then(Value::as_str).map(ToOwned::to_owned);
            if cursor.is_none() || all.len() >= most {
                all.truncate(most);
                return Ok(all);
            }
        }
    }
}
