//! Compression of the stored form of requests and grants, and of the contents of notices.
//!
//! They are deflated with a dictionary: a text that is similar to all forms of the kind. In bytes: the version; the length of
//! the form, seven bits in each byte, the low ones first; the deflated form.

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

/// What is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A request or a grant.
    Object,
    /// The contents of a notice.
    Notice,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Object, Self::Notice];

    const fn version(self) -> u8 {
        match self {
            Self::Object => 1,
            Self::Notice => 2,
        }
    }

    /// The dictionary: a text that is similar to the forms of the kind. Another dictionary needs another version.
    const fn dictionary(self) -> &'static str {
        match self {
            Self::Object => include_str!("dictionary.txt"),
            Self::Notice => include_str!("dictionary_notice.txt"),
        }
    }
}

const LEVEL: i32 = 6;
/// More than the length of the largest form, so that damaged data cannot use much memory.
const MAX_LEN: usize = 4 << 20;

/// A compressor that has read the dictionary of the kind.
fn compressor(kind: Kind) -> &'static CompressorOxide {
    static OBJECT: OnceLock<CompressorOxide> = OnceLock::new();
    static NOTICE: OnceLock<CompressorOxide> = OnceLock::new();
    let compressor = match kind {
        Kind::Object => &OBJECT,
        Kind::Notice => &NOTICE,
    };
    compressor.get_or_init(|| {
        let mut compressor = CompressorOxide::new(create_comp_flags_from_zip_params(LEVEL, 0, 0));
        // The output is the beginning of every compressed form, so it is not stored.
        compress_to_output(&mut compressor, kind.dictionary().as_bytes(), TDEFLFlush::Sync, |_| true);
        compressor
    })
}

/// The columns of the form: its text, or its compressed form if that is smaller.
pub(super) fn columns(kind: Kind, form: &str) -> (&str, Option<Vec<u8>>) {
    match compressed(kind, form) {
        Some(compressed) => ("", Some(compressed)),
        None => (form, None),
    }
}

fn compressed(kind: Kind, form: &str) -> Option<Vec<u8>> {
    let mut bytes = vec![kind.version()];
    put(&mut bytes, form.len() as u64);
    let mut deflate = Box::new(compressor(kind).clone());
    let (status, _) = compress_to_output(&mut deflate, form.as_bytes(), TDEFLFlush::Finish, |deflated| {
        bytes.extend(deflated);
        true
    });
    (status == TDEFLStatus::Done && bytes.len() < form.len()).then_some(bytes)
}

fn decompressed(bytes: &[u8]) -> Option<String> {
    let (version, mut rest) = bytes.split_first()?;
    let dictionary = Kind::ALL.into_iter().find(|kind| kind.version() == *version)?.dictionary();
    let len = usize::try_from(get(&mut rest)?).ok().filter(|len| *len <= MAX_LEN)?;
    let mut text = Vec::with_capacity(dictionary.len() + len);
    text.extend(dictionary.as_bytes());
    text.resize(dictionary.len() + len, 0);
    let whole = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let (status, read, written) = decompress(&mut DecompressorOxide::new(), rest, &mut text, dictionary.len(), whole);
    let is_whole = status == TINFLStatus::Done && read == rest.len() && written == len;
    is_whole.then(|| text.split_off(dictionary.len())).and_then(|form| String::from_utf8(form).ok())
}

/// The form in a column, compressed or not.
pub(super) fn form<'a>(row: &'a Row<'_>, column: usize) -> Result<Cow<'a, str>, Fault> {
    match row.get_ref(column)? {
        ValueRef::Blob(bytes) => decompressed(bytes)
            .map(Cow::Owned)
            .ok_or_else(|| Fault::corrupt("a compressed request, grant or notice cannot be read")),
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
                let dictionary = kind.dictionary();
                let form = format!("{}{}", &dictionary[..dictionary.len() / 2], texts.join("\"justification\":"));
                let kept = compressed(kind, &form).unwrap();
                prop_assert_eq!(decompressed(&kept), Some(form));
            }
        }
    }

    #[test]
    fn damaged_data_is_refused() {
        for kind in Kind::ALL {
            let kept = compressed(kind, kind.dictionary()).unwrap();
            assert!(kept.len() < 64, "{} bytes", kept.len());
            assert!((0..kept.len()).all(|len| decompressed(&kept[..len]).is_none()));
            assert!(decompressed(&[kept.as_slice(), &[0]].concat()).is_none());
            let mut other = kept;
            other[0] = 9;
            assert!(decompressed(&other).is_none());
        }
    }

    #[test]
    fn what_would_not_be_smaller_is_not_pressed() {
        assert!(Kind::ALL.into_iter().all(|kind| compressed(kind, "").is_none() && columns(kind, "x") == ("x", None)));
    }
}
