//! Whether a store's file is closed to other users of the machine.

use std::path::Path;

#[cfg(unix)]
use crate::file::beside;

/// Reading, writing and running, by everybody but the owner and the group.
#[cfg(unix)]
const OTHERS: u32 = 0o007;

/// Whether nobody but the owner and the group can use the file and what SQLite keeps beside it. If not, what is wrong and the
/// command that mends it.
#[cfg(unix)]
pub(crate) fn check_private(path: &Path) -> Result<(), (String, String)> {
    use std::os::unix::fs::PermissionsExt;
    const SUFFIXES: [&str; 3] = ["", "-wal", "-shm"];
    let open: Vec<_> = SUFFIXES
        .into_iter()
        .map(|suffix| beside(path, suffix))
        .filter_map(|file| Some((std::fs::metadata(&file).ok()?.permissions().mode() & 0o777, file)))
        .filter(|(mode, _)| mode & OTHERS != 0)
        .collect();
    let Some((mode, first)) = open.first() else { return Ok(()) };
    let files: Vec<_> = open.iter().map(|(_, file)| file.display().to_string()).collect();
    let problem = format!("and everybody on this machine can use {} (mode {mode:04o})", first.display());
    Err((problem, format!("a file that is yours alone; run: chmod o-rwx {}", files.join(" "))))
}

/// Closes a file in which nothing is yet to other users: it is about to become a store.
#[cfg(unix)]
pub(super) fn close_if_empty(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let found = std::fs::metadata(path)?;
    let mode = found.permissions().mode();
    if found.len() == 0 && mode & OTHERS != 0 {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode & !OTHERS))?;
    }
    Ok(())
}

#[cfg(not(unix))]
pub(super) const fn close_if_empty(_: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
pub(crate) const fn check_private(_: &Path) -> Result<(), (String, String)> {
    Ok(())
}
