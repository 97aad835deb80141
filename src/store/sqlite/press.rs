//! How the stored form of requests and grants, and what notices say, is kept in less room.
//!
//! It is deflated after a text that all of its kind are much alike to, which is not kept with each. In bytes: the version; the length
//! of the form, seven bits a byte, the low ones first; the deflated form.

use std::borrow::Cow;
use std::sync::OnceLock;

use miniz_oxide::deflate::core::{
    CompressorOxide, TDEFLFlush, TDEFLStatus, compress_to_output, create_comp_flags_from_zip_params,
};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};
use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::error::Fault;
use super::pack::{get, put};

/// What is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A request or a grant.
    Over,
    /// What a notice says.
    Notice,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Over, Self::Notice];

    const fn version(self) -> u8 {
        match self {
            Self::Over => 1,
            Self::Notice => 2,
        }
    }

    /// What its forms are much alike to. It belongs to the version: another text needs another one.
    const fn alike(self) -> &'static str {
        match self {
            Self::Over => include_str!("press.txt"),
            Self::Notice => include_str!("press_notice.txt"),
        }
    }
}

const LEVEL: i32 = 6;
/// More than the largest form has, so that a damaged one takes no memory.
const MAX_LEN: usize = 4 << 20;

/// One that has read what forms of the kind are alike to.
fn primed(kind: Kind) -> &'static CompressorOxide {
    static OVER: OnceLock<CompressorOxide> = OnceLock::new();
    static NOTICE: OnceLock<CompressorOxide> = OnceLock::new();
    let primed = match kind {
        Kind::Over => &OVER,
        Kind::Notice => &NOTICE,
    };
    primed.get_or_init(|| {
        let mut primed = CompressorOxide::new(create_comp_flags_from_zip_params(LEVEL, 0, 0));
        // What is written here is what every form begins with, so nobody keeps it.
        compress_to_output(&mut primed, kind.alike().as_bytes(), TDEFLFlush::Sync, |_| true);
        primed
    })
}

/// The form as it is kept: as text, or pressed where that is smaller.
pub(super) fn kept(kind: Kind, form: &str) -> (&str, Option<Vec<u8>>) {
    match pressed(kind, form) {
        Some(pressed) => ("", Some(pressed)),
        None => (form, None),
    }
}

fn pressed(kind: Kind, form: &str) -> Option<Vec<u8>> {
    let mut bytes = vec![kind.version()];
    put(&mut bytes, form.len() as u64);
    let mut deflate = Box::new(primed(kind).clone());
    let (status, _) = compress_to_output(&mut deflate, form.as_bytes(), TDEFLFlush::Finish, |deflated| {
        bytes.extend(deflated);
        true
    });
    (status == TDEFLStatus::Done && bytes.len() < form.len()).then_some(bytes)
}

fn released(bytes: &[u8]) -> Option<String> {
    let (version, mut rest) = bytes.split_first()?;
    let alike = Kind::ALL.into_iter().find(|kind| kind.version() == *version)?.alike();
    let len = usize::try_from(get(&mut rest)?).ok().filter(|len| *len <= MAX_LEN)?;
    let mut text = Vec::with_capacity(alike.len() + len);
    text.extend(alike.as_bytes());
    text.resize(alike.len() + len, 0);
    let whole = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let (status, read, written) = decompress(&mut DecompressorOxide::new(), rest, &mut text, alike.len(), whole);
    let is_whole = status == TINFLStatus::Done && read == rest.len() && written == len;
    is_whole.then(|| text.split_off(alike.len())).and_then(|form| String::from_utf8(form).ok())
}

/// The form in a column, kept either way.
pub(super) fn form<'a>(row: &'a Row<'_>, column: usize) -> Result<Cow<'a, str>, Fault> {
    match row.get_ref(column)? {
        ValueRef::Blob(bytes) => released(bytes)
            .map(Cow::Owned)
            .ok_or_else(|| Fault::corrupt("what is kept of a request, a grant or a notice cannot be read")),
        text => Ok(Cow::Borrowed(text.as_str().map_err(rusqlite::Error::from)?)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_form_comes_back(texts in proptest::collection::vec("[a-zä-ü\"{}:,0-9]{0,40}", 0..20)) {
            for kind in Kind::ALL {
                let alike = kind.alike();
                let form = format!("{}{}", &alike[..alike.len() / 2], texts.join("\"justification\":"));
                let kept = pressed(kind, &form).unwrap();
                prop_assert_eq!(released(&kept), Some(form));
            }
        }
    }

    #[test]
    fn what_was_not_written_so_is_not_read() {
        for kind in Kind::ALL {
            let kept = pressed(kind, kind.alike()).unwrap();
            assert!(kept.len() < 64, "{} bytes", kept.len());
            assert!((0..kept.len()).all(|len| released(&kept[..len]).is_none()));
            assert!(released(&[kept.as_slice(), &[0]].concat()).is_none());
            let mut other = kept;
            other[0] = 9;
            assert!(released(&other).is_none());
        }
    }

    #[test]
    fn what_would_not_be_smaller_is_not_pressed() {
        assert!(Kind::ALL.into_iter().all(|kind| pressed(kind, "").is_none() && kept(kind, "x") == ("x", None)));
    }
}
