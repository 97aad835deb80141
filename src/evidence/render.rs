//! The forms of evidence: JSON, CSV, and HTML to print.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::controls::{Chain, Control, Evidence, RemovedRecords};
use crate::model::EvidenceForm;

impl Evidence {
    /// In this form.
    #[must_use]
    pub fn show(&self, form: EvidenceForm) -> String {
        match form {
            EvidenceForm::Json => self.json(),
            EvidenceForm::Csv => self.csv(),
            EvidenceForm::Html => self.html(),
        }
    }

    fn json(&self) -> String {
        let Self { from, until, chain, controls } = self;
        let Chain { last, hash, problem, checkpoint, removed } = chain;
        let mut document = json!({
            "from": from.to_string(),
            "until": until.to_string(),
            "chain": {"last_record": last.0, "hash": hash, "whole": problem.is_none(), "problem": problem, "checkpoint": checkpoint},
            "controls": controls.iter().map(control).collect::<Vec<_>>(),
        });
        if let (Some(RemovedRecords { last, until, complete_from, root }), Some(chain)) =
            (removed, document.get_mut("chain"))
        {
            let (until, complete_from) = (until.to_string(), complete_from.to_string());
            chain["removed"] =
                json!({"last_record": last.0, "until": until, "complete_from": complete_from, "root": root});
        }
        document.to_string() + "\n"
    }

    fn csv(&self) -> String {
        let mut text = String::from("control,kind,name,value\n");
        let mut row = |cells: &[&str]| {
            let cells: Vec<_> = cells.iter().map(|text| cell(text)).collect();
            text.push_str(&cells.join(","));
            text.push('\n');
        };
        row(&["", "period", &self.from.to_string(), &self.until.to_string()]);
        row(&["", "chain", &self.chain.last.to_string(), &self.chain.hash]);
        row(&["", "chain", "whole", self.chain.problem.as_deref().unwrap_or("yes")]);
        if let Some(gone) = &self.chain.removed {
            row(&["", "chain", "removed", &removal_text(gone)]);
        }
        for Control { id, title, facts, exceptions, list } in &self.controls {
            row(&[id, "control", title, ""]);
            facts.iter().for_each(|(name, value)| row(&[id, "fact", name, value]));
            exceptions.iter().for_each(|what| row(&[id, "exception", what, ""]));
            for (number, cells) in list.rows.iter().enumerate() {
                let number = (number + 1).to_string();
                for (column, value) in list.columns.iter().zip(cells) {
                    row(&[id, "list", &format!("{number} {column}"), value]);
                }
            }
        }
        text
    }

    fn html(&self) -> String {
        let Self { from, until, chain, controls } = self;
        let mut text = String::from(HEAD);
        // Writing to a string cannot fail.
        let _ = write!(text, "<h1>Access evidence</h1><p>{from} to {until}</p>");
        let whole = chain.problem.as_deref().map_or("every record is as it was written".to_owned(), escaped);
        let _ = write!(
            text,
            "<p>Records 1 to {}; {whole}. Hash of the last one: <code>{}</code></p>",
            chain.last, chain.hash
        );
        if let Some(gone) = &chain.removed {
            let _ = write!(text, "<p>{}.</p>", removal_text(gone));
        }
        if let Some(checkpoint) = &chain.checkpoint {
            let _ = write!(text, "<p>Signed checkpoint:</p><pre>{}</pre>", escaped(checkpoint));
        }
        for Control { id, title, facts, exceptions, list } in controls {
            let _ = write!(text, "<h2>{id}</h2><p>{}</p><table>", escaped(title));
            for (name, value) in facts {
                let _ = write!(text, "<tr><th scope=\"row\">{}</th><td>{}</td></tr>", escaped(name), escaped(value));
            }
            text.push_str("</table><h3>Exceptions</h3>");
            if exceptions.is_empty() {
                text.push_str("<p>None.</p>");
            } else {
                let items: String = exceptions.iter().map(|what| format!("<li>{}</li>", escaped(what))).collect();
                let _ = write!(text, "<ul>{items}</ul>");
            }
            let heads: String = list.columns.iter().map(|name| format!("<th scope=\"col\">{name}</th>")).collect();
            let _ = write!(text, "<h3>List</h3><table><tr>{heads}</tr>");
            for row in &list.rows {
                let cells: String = row.iter().map(|cell| format!("<td>{}</td>", escaped(cell))).collect();
                let _ = write!(text, "<tr>{cells}</tr>");
            }
            text.push_str("</table>");
        }
        text + "</body></html>\n"
    }
}

const HEAD: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Access evidence</title>\
    <style>body{font:14px sans-serif;margin:2em}table{border-collapse:collapse;width:100%}\
    td,th{border:1px solid #999;padding:2px 6px;text-align:left;vertical-align:top}h2{break-before:auto;break-after:avoid}\
    tr{break-inside:avoid}code,pre{font-size:12px;overflow-wrap:anywhere;white-space:pre-wrap}</style></head><body>";

fn control(control: &Control) -> Value {
    let Control { id, title, facts, exceptions, list } = control;
    json!({
        "id": id,
        "title": title,
        "facts": facts.iter().map(|(name, value)| json!({"name": name, "value": value})).collect::<Vec<_>>(),
        "exceptions": exceptions,
        "list": {"columns": list.columns, "rows": list.rows},
    })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// A cell as in RFC 4180. What a spreadsheet would read as a formula is made text.
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

fn removal_text(gone: &RemovedRecords) -> String {
    let RemovedRecords { last, until, complete_from, root } = gone;
    format!(
        "records 1 to {last}, until {until}, were removed because they are old, and the root {root} stands for them: what is \
         said here of the time before {complete_from} is not whole"
    )
}
