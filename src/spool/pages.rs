//! The port of a place for entries, and the one in a folder.

use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::file::private;
use crate::model::Invalid;

/// A place for the lines of a spool.
pub(crate) trait Pages: Debug + Send + Sync {
    /// Waits until no other thread or process holds the place, and holds it until the result is dropped.
    ///
    /// # Errors
    /// When the place cannot be reached.
    fn hold(&self) -> io::Result<Box<dyn Debug>>;

    /// The number of bytes; `None` when there is no file.
    ///
    /// # Errors
    /// When the place cannot be read.
    fn len(&self) -> io::Result<Option<u64>>;

    /// At most `limit` bytes from this one on.
    ///
    /// # Errors
    /// When the place cannot be read.
    fn read(&self, from: u64, limit: u64) -> io::Result<Vec<u8>>;

    /// Writes these bytes after the first `at` bytes, replacing what follows. Once this has returned, they survive a
    /// power failure.
    ///
    /// # Errors
    /// When they cannot be written. Then some of them may be there, without their end.
    fn put(&self, at: u64, bytes: &[u8]) -> io::Result<()>;

    /// Removes everything.
    ///
    /// # Errors
    /// When it cannot be removed.
    fn remove(&self) -> io::Result<()>;
}

/// A file in a folder that belongs to one account.
#[derive(Debug)]
pub(crate) struct Folder {
    folder: PathBuf,
    file: PathBuf,
    lock: PathBuf,
}

impl Folder {
    /// This folder, which is created if its parent exists.
    ///
    /// # Errors
    /// When it cannot be created, is not a folder, or other accounts can use it.
    pub(crate) fn open(folder: &Path) -> Result<Self, Invalid> {
        let refuse = |problem: String, expected: &'static str| {
            let shown = Invalid::quote(&folder.to_string_lossy()).to_string();
            Err(Invalid::new("jit_access.break_glass.offline_folder", format!("is {shown}, {problem}"), expected))
        };
        let expected = "a folder that its account alone can use, on a disk of this machine";
        if let Err(error) = make(folder)
            && error.kind() != io::ErrorKind::AlreadyExists
        {
            return refuse(format!("which cannot be made: {error}"), expected);
        }
        match fs::metadata(folder) {
            Err(error) => return refuse(format!("which cannot be read: {error}"), expected),
            Ok(found) if !found.is_dir() => return refuse("which is no folder".to_owned(), expected),
            Ok(found) => {
                if let Some(mode) = open_to_others(&found) {
                    let problem = format!("and others can use it (mode {mode:04o})");
                    return refuse(problem, "a folder that its account alone can use: `chmod go-rwx` it");
                }
            }
        }
        let this = Self { folder: folder.into(), file: folder.join("spool"), lock: folder.join("lock") };
        if let Err(error) = this.hold() {
            return refuse(format!("in which no file can be made: {error}"), expected);
        }
        Ok(this)
    }
}

impl Pages for Folder {
    fn hold(&self) -> io::Result<Box<dyn Debug>> {
        let file = private().create(true).write(true).truncate(false).open(&self.lock)?;
        file.lock()?;
        Ok(Box::new(file))
    }

    fn len(&self) -> io::Result<Option<u64>> {
        match fs::metadata(&self.file) {
            Ok(found) => Ok(Some(found.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn read(&self, from: u64, limit: u64) -> io::Result<Vec<u8>> {
        let mut file = File::open(&self.file)?;
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn put(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let mut file = private().create(true).write(true).truncate(false).open(&self.file)?;
        file.set_len(at)?;
        file.seek(SeekFrom::Start(at))?;
        file.write_all(bytes)?;
        file.sync_all()?;
        if at == 0 { self.settle() } else { Ok(()) }
    }

    fn remove(&self) -> io::Result<()> {
        fs::remove_file(&self.file)?;
        self.settle()
    }
}

impl Folder {
    /// Flushes the directory to disk.
    #[cfg(unix)]
    fn settle(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }

    #[cfg(not(unix))]
    fn settle(&self) -> io::Result<()> {
        fs::metadata(&self.folder).map(drop)
    }
}

fn make(folder: &Path) -> io::Result<()> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "there are no modes"))]
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// The mode of what others can use.
#[cfg(unix)]
fn open_to_others(found: &fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    Some(found.permissions().mode() & 0o777).filter(|mode| mode & 0o077 != 0)
}

#[cfg(not(unix))]
const fn open_to_others(_: &fs::Metadata) -> Option<u32> {
    None
}
