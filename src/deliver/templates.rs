//! The texts of messages: templates in the library's folder; an operator can replace each by a file.
//!
//! `words.txt` has the words (title, one sentence, rows of a label and a value, what the link is for); `subject.txt`, `email.txt`,
//! `email.html` and `slack.json` lay them out.
//!
//! They are strict: an unknown name is an error. A replaced template is rendered with an example of every kind before
//! anything starts, so its author finds the error.

use std::fs;
use std::path::Path;

use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};

use super::example;
use super::links::Links;
use super::words::{self, Card};
use crate::model::{Invalid, Recipient};
use crate::notify::Notice;

/// Each template with the text of the library.
const SHIPPED: [(&str, &str); 5] = [
    ("words.txt", include_str!("templates/words.txt")),
    ("subject.txt", include_str!("templates/subject.txt")),
    ("email.txt", include_str!("templates/email.txt")),
    ("email.html", include_str!("templates/email.html")),
    ("slack.json", include_str!("templates/slack.json")),
];

/// The templates in use.
///
/// ```
/// use jit_access::internal::deliver::Templates;
///
/// assert!(Templates::shipped().is_ok());
/// let folder = tempfile::tempdir()?;
/// std::fs::write(folder.path().join("subject.txt"), "Access:\n{{ nobody_knows }}")?;
/// let mistake = Templates::from_folder(folder.path()).unwrap_err().to_string();
/// assert!(mistake.contains("subject.txt") && mistake.contains("line 2"), "{mistake}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Templates(Environment<'static>);

/// The parts of a mail.
#[derive(Debug)]
#[cfg(feature = "smtp")]
pub(super) struct Mail {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

/// A subject is read in a list.
const LONGEST_SUBJECT: usize = 150;
/// How many permissions are named; of more, only the number is given.
const NAMED: usize = 12;

impl Templates {
    /// The library's own.
    ///
    /// # Errors
    /// Never: the library's tests render them.
    pub fn shipped() -> Result<Self, Invalid> {
        Self::of(SHIPPED.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
    }

    /// The library's own, each replaced by the file of its name in this folder, if there is one.
    ///
    /// # Errors
    /// When a file cannot be read, has a name that is not a template's, or fails with an example of any kind of notice.
    /// The message names the file, the line and the cause.
    pub fn from_folder(folder: &Path) -> Result<Self, Invalid> {
        let refuse = |problem: String| Invalid::new("templates", problem, EXPECTED);
        let shown = || Invalid::quote(&folder.to_string_lossy());
        let unreadable = |error: std::io::Error| refuse(format!("is {}, which cannot be read: {error}", shown()));
        let mut texts: Vec<(String, String)> =
            SHIPPED.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') || name.ends_with('~') {
                continue;
            }
            let Some(place) = texts.iter_mut().find(|(known, _)| *known == name) else {
                let names = SHIPPED.map(|(name, _)| name).join(", ");
                return Err(refuse(format!("has the file {}; the templates are {names}", Invalid::quote(&name))));
            };
            place.1 = fs::read_to_string(entry.path())
                .map_err(|error| refuse(format!("has the file {name}, which cannot be read: {error}")))?;
        }
        let templates = Self::of(texts)?;
        templates.check()?;
        Ok(templates)
    }

    fn of(texts: Vec<(String, String)>) -> Result<Self, Invalid> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.add_filter("few", few);
        environment.add_filter("cut", cut);
        for (name, text) in texts {
            environment.add_template_owned(name.clone(), text).map_err(|error| render_error(&name, None, &error))?;
        }
        Ok(Self(environment))
    }

    /// Renders everything with an example of every kind.
    fn check(&self) -> Result<(), Invalid> {
        let links = Links { base_url: Some("https://gateway.example.com/jit".to_owned()), keys: None };
        for notice in example::every_kind() {
            let link = links.address(&notice, &Recipient::default(), "example");
            for (name, _) in SHIPPED {
                let text = self.render(name, &notice, link.as_deref(), None);
                let text = text.map_err(|error| render_error(name, Some(&notice), &error))?;
                if name == "slack.json" {
                    let problem = match serde_json::from_str::<serde_json::Value>(&text) {
                        Ok(value) if value.get("text").is_some_and(serde_json::Value::is_string) => continue,
                        Ok(_) => "has no member `text`".to_owned(),
                        Err(error) => format!("gives no JSON: {error}"),
                    };
                    let problem = format!("slack.json, for a notice of the kind {}, {problem}", notice.kind);
                    return Err(Invalid::new("templates", problem, EXPECTED));
                }
            }
        }
        Ok(())
    }

    fn render(&self, name: &str, notice: &Notice, link: Option<&str>, zone: Option<&str>) -> Result<String, Error> {
        let escape = if name.ends_with(".json") { words::slack } else { str::to_owned };
        let zone = words::zone(zone);
        self.0.get_template(name)?.render(words::of(&Card { notice, link, zone }, escape))
    }

    /// The subject and the two parts of a mail about one notice, for a reader in this zone.
    #[cfg(feature = "smtp")]
    pub(super) fn mail(&self, notice: &Notice, link: Option<&str>, zone: Option<&str>) -> Result<Mail, String> {
        let render = |name| {
            self.render(name, notice, link, zone).map_err(|error| render_error(name, Some(notice), &error).to_string())
        };
        let subject = render("subject.txt")?;
        let subject = cut(&subject.split_whitespace().collect::<Vec<_>>().join(" "), LONGEST_SUBJECT);
        Ok(Mail { subject, text: render("email.txt")?, html: render("email.html")? })
    }

    /// The title alone, on one line.
    #[cfg(feature = "webhooks")]
    pub(super) fn subject(&self, notice: &Notice) -> Result<String, String> {
        let text = self.render("subject.txt", notice, None, None);
        let text = text.map_err(|error| render_error("subject.txt", Some(notice), &error).to_string())?;
        Ok(cut(&text.split_whitespace().collect::<Vec<_>>().join(" "), LONGEST_SUBJECT))
    }

    /// The message to Slack, as JSON.
    #[cfg(feature = "webhooks")]
    pub(super) fn slack(
        &self,
        notice: &Notice,
        link: Option<&str>,
        zone: Option<&str>,
    ) -> Result<serde_json::Value, String> {
        let text = self.render("slack.json", notice, link, zone);
        let text = text.map_err(|error| render_error("slack.json", Some(notice), &error).to_string())?;
        serde_json::from_str(&text).map_err(|error| format!("slack.json gives no JSON: {error}"))
    }
}

const EXPECTED: &str = "templates that use what docs/notifications.md lists";

/// The file, the line, and the cause.
fn render_error(name: &str, notice: Option<&Notice>, error: &Error) -> Invalid {
    let mut place = error.name().unwrap_or(name).to_owned();
    if let Some(line) = error.line() {
        place += &format!(", line {line}");
    }
    let cause = match (error.kind(), error.detail()) {
        (ErrorKind::UndefinedError, None) => "a name is used that no notice has".to_owned(),
        (kind, None) => kind.to_string(),
        (_, Some(detail)) => detail.to_owned(),
    };
    let kind = notice.map(|notice| format!(", for a notice of the kind {}", notice.kind)).unwrap_or_default();
    Invalid::new("templates", format!("{place}{kind}: {cause}"), EXPECTED)
}

/// The first of a list, and how many more there are.
fn few(list: Vec<Value>) -> String {
    let shown: Vec<_> = list.iter().take(NAMED).map(ToString::to_string).collect();
    let more = list.len().saturating_sub(NAMED);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

/// At most `most` characters. A cut text ends in `…`, and no reference such as `&lt;` is cut in two.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut kept: String = text.chars().take(most.saturating_sub(1)).collect();
    if let Some(at) = kept.rfind('&')
        && !kept.get(at..).unwrap_or_default().contains(';')
    {
        kept.truncate(at);
    }
    kept + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, text: &str) -> Result<Templates, Invalid> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), text).unwrap();
        Templates::from_folder(folder.path())
    }

    #[test]
    fn the_shipped_templates_are_right_for_every_kind() {
        Templates::shipped().unwrap().check().unwrap();
    }

    #[test]
    fn a_replaced_template_is_used() {
        let templates = with("subject.txt", "JIT {{ kind }}").unwrap();
        assert_eq!(templates.mail(&example::full(), None, None).unwrap().subject, "JIT request_submitted");
    }

    #[test]
    fn a_wrong_template_is_refused_with_file_line_and_cause() {
        for (name, text, parts) in [
            ("email.txt", "a\nb {{ nobody }}", ["email.txt, line 2", "a name is used that no notice has"]),
            ("email.html", "a\n{% if %}", ["email.html, line 2", "unexpected end of block"]),
            ("words.txt", "{% set title = 1 %}", ["email.txt, line 4", "no notice has"]),
            ("slack.json", "{\"text\": \"a\",}", ["slack.json", "gives no JSON"]),
            ("slack.json", "{\"blocks\": []}", ["slack.json", "has no member `text`"]),
            (
                "email.txt",
                "{% if kind == \"red_button\" %}\n{{ risk.leve }}{% endif %}",
                ["email.txt, line 2", "red_button"],
            ),
            ("email.md", "a", ["`email.md`", "the templates are words.txt"]),
        ] {
            let error = with(name, text).unwrap_err().to_string();
            assert!(parts.iter().all(|part| error.contains(part)), "{name}: {error}");
        }
        let error = Templates::from_folder(Path::new("/nowhere")).unwrap_err().to_string();
        assert!(error.contains("/nowhere"), "{error}");
    }

    #[test]
    fn a_cut_leaves_no_broken_reference() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("ab&lt;cd", 5), "ab…");
        assert_eq!(cut("ab&lt;cdef", 8), "ab&lt;c…");
    }
}
