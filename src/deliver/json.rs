//! What JSON outside and addresses have in common for the channels over HTTP.

use crate::model::{Invalid, is_blank};

/// The same JSON document with invisible characters escaped. Such characters occur only inside of strings.
pub(super) fn visible(document: &str) -> String {
    let mut out = String::with_capacity(document.len());
    for c in document.chars() {
        if c != ' ' && is_blank(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// Whether something can be sent to this address.
pub(super) fn check_address(field: &'static str, address: &str) -> Result<(), Invalid> {
    let refuse = |problem: &str| {
        Err(Invalid::new(field, problem.to_owned(), "an https address, such as https://hooks.example.com/jit"))
    };
    match address.parse::<ureq::http::Uri>() {
        Err(_) => refuse("is not an address"),
        Ok(uri) if !matches!(uri.scheme_str(), Some("https" | "http")) => {
            refuse("begins neither with https nor with http")
        }
        Ok(uri) if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) => {
            refuse("carries a user name or a password")
        }
        Ok(uri) if uri.host().is_none_or(str::is_empty) => refuse("names no host"),
        Ok(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_stays_the_same_and_shows_everything() {
        let value = serde_json::json!({"a b": "x\u{202E}y\u{200B}\u{E0041}\u{2028}é字\n", "n": 1});
        let text = visible(&value.to_string());
        assert!(text.contains(r"x\u202ey\u200b\udb40\udc41\u2028é字\n"), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    #[test]
    fn addresses_are_of_http_and_carry_no_password() {
        assert!(check_address("url", "https://hooks.example.com/a?b=c").is_ok());
        for address in
            ["", "hooks.example.com", "ftp://a.example/", "https://me:hunter2@a.example/", "javascript:x", "https:///x"]
        {
            let error = check_address("url", address).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
