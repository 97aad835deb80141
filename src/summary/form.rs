//! How a report is written as text, Markdown or HTML.
//!
//! Everything in a report is made visible and put on one line first (`model::shown`), and then escaped for the form: so
//! no text can be read as mark-up, as a link, or as another part of the report.

use std::fmt::Write as _;

use super::Session;
use super::report::{self, Report, Section};
use crate::model::{SummaryForm, shown};

impl Session {
    /// The summary as people read it. What people and agents wrote is escaped as the form needs it.
    #[must_use]
    pub fn write(&self, form: SummaryForm) -> String {
        write(form, &report::of(self))
    }
}

fn write(form: SummaryForm, report: &Report) -> String {
    let mut out = String::new();
    // Writing to a text cannot fail.
    let _ = match form {
        SummaryForm::Text => text(&mut out, report),
        SummaryForm::Markdown => markdown(&mut out, report),
        SummaryForm::Html => html(&mut out, report),
    };
    out
}

fn text(out: &mut String, report: &Report) -> std::fmt::Result {
    let title = format!("Session summary: {}", shown(&report.title));
    writeln!(out, "{title}\n{}", "=".repeat(title.chars().count()))?;
    for Section { title, columns, rows, note } in &report.sections {
        writeln!(out, "\n{title}\n{}", "-".repeat(title.chars().count()))?;
        for row in rows {
            let cells: Vec<_> = row.iter().map(|cell| shown(cell)).collect();
            match (&cells[..], columns.is_empty()) {
                ([label, value], true) => writeln!(out, "  {label}: {value}")?,
                (cells, _) => {
                    let shown: Vec<&str> = cells.iter().map(String::as_str).filter(|cell| !cell.is_empty()).collect();
                    writeln!(out, "  {}", shown.join("  |  "))?;
                }
            }
        }
        if !note.is_empty() {
            writeln!(out, "  {}", shown(note))?;
        }
    }
    Ok(())
}

/// Text in which no character has a meaning: with a backslash before all ASCII punctuation, there is no mark-up, no
/// HTML, and no address that readers turn into a link.
fn in_markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in shown(text).chars() {
        if c.is_ascii_punctuation() {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn markdown(out: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(out, "# Session summary: {}", in_markdown(&report.title))?;
    for Section { title, columns, rows, note } in &report.sections {
        writeln!(out, "\n## {title}\n")?;
        if !rows.is_empty() {
            let columns: Vec<_> = if columns.is_empty() { vec!["", ""] } else { columns.to_vec() };
            writeln!(out, "| {} |\n|{}", columns.join(" | "), "---|".repeat(columns.len()))?;
            for row in rows {
                let cells: Vec<_> = row.iter().map(|cell| in_markdown(cell)).collect();
                writeln!(out, "| {} |", cells.join(" | "))?;
            }
        }
        match (rows.is_empty(), note.is_empty()) {
            (_, true) => {}
            (true, false) => writeln!(out, "{}", in_markdown(note))?,
            (false, false) => writeln!(out, "\n{}", in_markdown(note))?,
        }
    }
    Ok(())
}

fn in_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in shown(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1d24;background:#fff}\
h1{font-size:1.4rem}h2{font-size:1.05rem;margin-top:1.6rem}table{border-collapse:collapse;width:100%}\
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem .35rem 0;border-top:1px solid #e2e5ea;overflow-wrap:anywhere}\
th{font-weight:400;color:#5b6270}@media(prefers-color-scheme:dark){body{background:#14161b;color:#e8eaf0}\
th,td{border-color:#2c313c}th{color:#a0a7b5}}";

fn html(out: &mut String, report: &Report) -> std::fmt::Result {
    let title = in_html(&report.title);
    // The policy forbids the page to load or run anything, even if a reader opens it as a file.
    writeln!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>Session summary: {title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<h1>Session summary: {title}</h1>"
    )?;
    for Section { title, columns, rows, note } in &report.sections {
        writeln!(out, "<h2>{title}</h2>")?;
        if !rows.is_empty() {
            writeln!(out, "<table>")?;
            if !columns.is_empty() {
                let heads: String = columns.iter().map(|name| format!("<th scope=\"col\">{name}</th>")).collect();
                writeln!(out, "<tr>{heads}</tr>")?;
            }
            for row in rows {
                let mut cells = String::new();
                for (at, cell) in row.iter().enumerate() {
                    let is_label = columns.is_empty() && at == 0;
                    let (tag, scope) = if is_label { ("th", " scope=\"row\"") } else { ("td", "") };
                    write!(cells, "<{tag}{scope}>{}</{tag}>", in_html(cell))?;
                }
                writeln!(out, "<tr>{cells}</tr>")?;
            }
            writeln!(out, "</table>")?;
        }
        if !note.is_empty() {
            writeln!(out, "<p>{}</p>", in_html(note))?;
        }
    }
    writeln!(out, "</body>\n</html>")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str =
        "<script>alert(1)</script> | [x](https://evil.example) `a` www.evil.example \u{202E}\n# Title\n| a | b |";

    fn report() -> Report {
        let rows = vec![vec!["Reason".to_owned(), HOSTILE.to_owned()]];
        let section = Section { title: "Grant", columns: &[], rows, note: HOSTILE.to_owned() };
        Report { title: HOSTILE.to_owned(), sections: vec![section] }
    }

    #[test]
    fn hostile_text_stays_text_in_every_form() {
        let text = write(SummaryForm::Text, &report());
        // Title, its line, an empty line, heading, its line, the row, the note.
        assert_eq!(text.lines().count(), 7, "{text}");
        assert!(text.contains("[U+202E]") && !text.contains('\u{202E}'));

        let markdown = write(SummaryForm::Markdown, &report());
        assert_eq!(markdown.lines().filter(|line| line.starts_with('#')).count(), 2, "{markdown}");
        assert!(markdown.contains(r"\<script\>") && markdown.contains(r"\[x\]\(https\:\/\/evil\.example\)"));
        assert!(!markdown.contains("www.") && markdown.contains(r"www\.evil"));
        let row = markdown.lines().find(|line| line.starts_with("| Reason")).unwrap();
        let bars = row.replace(r"\|", "").matches('|').count();
        assert_eq!(bars, 3, "{row}");

        let html = write(SummaryForm::Html, &report());
        assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !html.contains("<script"));
        assert!(!html.contains("href") && html.contains("default-src 'none'"));
    }
}
