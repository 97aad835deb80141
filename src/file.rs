//! The files that the library makes for itself.

use std::fs::OpenOptions;
#[cfg(any(feature = "postgres", feature = "sign", feature = "sqlite"))]
use std::path::{Path, PathBuf};

/// How a file is opened that only the account that makes it can use.
pub(crate) fn private() -> OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "there are no modes"))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// The file of the same name with this suffix.
#[cfg(any(feature = "postgres", feature = "sign", feature = "sqlite"))]
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
