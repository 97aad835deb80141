//! Whether other users of the machine can use a store's file.

use std::path::Path;

#[cfg(unix)]
use crate::file::beside;

/// Permissions to read, write and execute for all users except the owner and the group.
#[cfg(unix)]
const OTHERS: u32 = 0o007;

/// Checks that only the owner and the group can use the file and the files that SQLite has next to it. The error has
/// the problem and the command that fixes it.
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
    let problem = format!("and every user of this machine can use {} (mode {mode:04o})", first.display());
    Err((problem, format!("a file that other users cannot use; run: chmod o-rwx {}", files.join(" "))))
}

/// Removes the permissions of other users from an empty file that becomes a store.
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
