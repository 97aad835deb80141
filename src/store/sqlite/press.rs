//! How the stored form of what is over is kept in less room.
//!
//! It is deflated after a text that all forms are much alike to, which is not kept with each. In bytes: the version; the length of
//! the form, seven bits a byte, the low ones first; the deflated form.

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

const VERSION: u8 = 1;
/// What forms are much alike to. It belongs to the version: another text needs another one.
const ALIKE: &str = include_str!("press.txt");
const LEVEL: i32 = 6;
/// More than the largest form has, so that a damaged one takes no memory.
const MAX_LEN: usize = 4 << 20;

/// One that has read [`ALIKE`].
fn primed() -> &'static CompressorOxide {
    static PRIMED: OnceLock<CompressorOxide> = OnceLock::new();
    PRIMED.get_or_init(|| {
        let mut primed = CompressorOxide::new(create_comp_flags_from_zip_params(LEVEL, 0, 0));
        // What is written here is what every form begins with, so nobody keeps it.
        compress_to_output(&mut primed, ALIKE.as_bytes(), TDEFLFlush::Sync, |_| true);
        primed
    })
}

/// The form as it is kept.
pub(super) fn pressed(form: &str) -> Option<Vec<u8>> {
    let mut bytes = vec![VERSION];
    put(&mut bytes, form.len() as u64);
    let mut deflate = Box::new(primed().clone());
    let (status, _) = compress_to_output(&mut deflate, form.as_bytes(), TDEFLFlush::Finish, |deflated| {
        bytes.extend(deflated);
        true
    });
    (status == TDEFLStatus::Done && bytes.len() < form.len()).then_some(bytes)
}

fn released(bytes: &[u8]) -> Option<String> {
    let (version, mut rest) = bytes.split_first()?;
    let len = usize::try_from(get(&mut rest)?).ok().filter(|len| *version == VERSION && *len <= MAX_LEN)?;
    let mut text = Vec::with_capacity(ALIKE.len() + len);
    text.extend(ALIKE.as_bytes());
    text.resize(ALIKE.len() + len, 0);
    let whole = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let (status, read, written) = decompress(&mut DecompressorOxide::new(), rest, &mut text, ALIKE.len(), whole);
    let is_whole = status == TINFLStatus::Done && read == rest.len() && written == len;
    is_whole.then(|| text.split_off(ALIKE.len())).and_then(|form| String::from_utf8(form).ok())
}

/// The form in a column, kept either way.
pub(super) fn form<'a>(row: &'a Row<'_>, column: usize) -> Result<Cow<'a, str>, Fault> {
    match row.get_ref(column)? {
        ValueRef::Blob(bytes) => released(bytes)
            .map(Cow::Owned)
            .ok_or_else(|| Fault::corrupt("what is kept of something over cannot be read")),
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
            let form = format!("{}{}", &ALIKE[..ALIKE.len() / 2], texts.join("\"justification\":"));
            let kept = pressed(&form).unwrap();
            prop_assert_eq!(released(&kept), Some(form));
        }
    }

    #[test]
    fn what_was_not_written_so_is_not_read() {
        let kept = pressed(ALIKE).unwrap();
        assert!(kept.len() < 64, "{} bytes", kept.len());
        assert!((0..kept.len()).all(|len| released(&kept[..len]).is_none()));
        assert!(released(&[kept.as_slice(), &[0]].concat()).is_none());
        let mut other = kept;
        other[0] = 9;
        assert!(released(&other).is_none());
    }

    #[test]
    fn what_would_not_be_smaller_is_not_pressed() {
        assert!(pressed("").is_none() && pressed("x").is_none());
    }
}
