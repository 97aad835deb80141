//! Where the journal is kept, and whether it can be kept there.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::reader::Reader;
use crate::model::Invalid;

/// Where the journal is kept.
///
/// ```
/// use jit_access::config::{Config, StoreConfig};
///
/// let config = Config::parse("jit_access: {store: {path: jit.db}}", [])?;
/// assert!(matches!(config.store, StoreConfig::Sqlite { path, .. } if path.ends_with("jit.db")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "postgres", expect(clippy::large_enum_variant, reason = "one is made at a start"))]
pub enum StoreConfig {
    /// In memory only: lost with the process. For trials.
    Memory,
    /// In an SQLite file.
    Sqlite {
        /// The file.
        path: PathBuf,
        /// How long a write waits for another process.
        busy_timeout: Duration,
    },
    /// In a PostgreSQL database.
    #[cfg(feature = "postgres")]
    Postgres {
        /// Its address. It is shown without its password.
        url: crate::store::PostgresUrl,
        /// What else was set.
        options: crate::store::PostgresOptions,
    },
}

/// What paths of the configuration count from.
pub(super) struct Place<'a> {
    /// The folder of the configuration file.
    pub(super) folder: Option<&'a Path>,
    /// The value of `~`.
    pub(super) home: Option<&'a Path>,
}

impl Place<'_> {
    /// The path that an operator wrote.
    pub(super) fn resolve(&self, key: &str, path: &str) -> Result<PathBuf, Invalid> {
        let refuse = |problem: &str| {
            let problem = format!("is {}, {problem}", Invalid::quote(path));
            Err(Invalid::new(key.to_owned(), problem, "an absolute path, or one that counts from the file's folder"))
        };
        if path.contains('\0') {
            return refuse("which holds the character U+0000");
        }
        let below_home = match path.strip_prefix('~') {
            None => None,
            Some("") => Some(""),
            Some(rest) if rest.starts_with('/') => Some(rest.trim_start_matches('/')),
            Some(_) => return refuse("and the home of another user is not looked up"),
        };
        match (below_home, self.home) {
            (Some(rest), Some(home)) => Ok(home.join(rest)),
            (Some(_), None) => refuse("and the variable HOME, which `~` stands for, is not set"),
            (None, _) => Ok(self.folder.map_or_else(|| PathBuf::from(path), |folder| folder.join(path))),
        }
    }
}

pub(super) fn store(reader: &mut Reader, place: &Place<'_>) -> StoreConfig {
    let Some(mut section) = reader.section("store") else { return StoreConfig::Memory };
    let (path, kind) = (section.text("path"), section.text("type"));
    let busy_timeout = section.millis("busy_timeout_ms", 0..=60_000).unwrap_or(Duration::from_secs(5));
    let mut store = StoreConfig::Memory;
    let (url, listen_url) = (section.text("url"), section.text("listen_url"));
    let (schema, folder) = (section.text("schema"), section.text("state_folder"));
    if let Some(url) = url {
        if path.is_some() || !matches!(kind.as_deref(), None | Some("postgresql")) {
            let expected = "no `path` and no other `type` than postgresql beside it";
            section.refuse("url", "names a PostgreSQL database, and the section another store", expected);
        } else if let Some(read) = postgres(&section, place, (&url, listen_url), (schema, folder), busy_timeout) {
            store = read;
        }
        section.finish();
        return store;
    }
    match (kind.as_deref(), path) {
        (Some("memory"), None) | (None, None) => {}
        (Some("sqlite") | None, Some(path)) if !path.trim().is_empty() => {
            let resolved = place.resolve(&section.key("path"), &path);
            if let Some(path) = section.findings().ok(resolved) {
                store = StoreConfig::Sqlite { path, busy_timeout };
            }
        }
        (Some("sqlite") | None, path) => {
            let problem = path.map_or_else(|| "is missing".to_owned(), |path| format!("is {}", Invalid::quote(&path)));
            section.refuse("path", problem, "the path of the SQLite file, in a directory that exists");
        }
        (Some("memory"), Some(path)) => {
            section.refuse("path", format!("is {}", Invalid::quote(&path)), "no path with the type memory");
        }
        (Some(other), _) => {
            section.refuse("type", format!("is {}", Invalid::quote(other)), "sqlite, postgresql or memory");
        }
    }
    section.finish();
    store
}

/// A store in PostgreSQL. No message repeats the address, which may contain a password.
#[cfg(feature = "postgres")]
fn postgres(
    section: &Reader,
    place: &Place<'_>,
    (url, listen_url): (&str, Option<String>),
    (schema, folder): (Option<String>, Option<String>),
    busy_timeout: Duration,
) -> Option<StoreConfig> {
    let mut options = crate::store::PostgresOptions { busy_timeout, ..Default::default() };
    if let Some(schema) = schema {
        if schema.is_empty() || schema.len() > 63 || schema.starts_with("pg_") || schema.contains('\0') {
            section.refuse("schema", format!("is {}", Invalid::quote(&schema)), "a name of 1 to 63 bytes");
        }
        options.schema = schema;
    }
    if let Some(folder) = folder {
        options.state_folder = section.findings().ok(place.resolve(&section.key("state_folder"), &folder));
    }
    let read = |key: &str, text: &str| match text.parse::<crate::store::PostgresUrl>() {
        Ok(url) => Some(url),
        Err(error) => {
            section.refuse(key, error.problem().to_owned(), error.expected().to_owned());
            None
        }
    };
    options.listen_url = listen_url.and_then(|text| read("listen_url", &text));
    Some(StoreConfig::Postgres { url: read("url", url)?, options })
}

#[cfg(not(feature = "postgres"))]
fn postgres(
    section: &Reader,
    _: &Place<'_>,
    _: (&str, Option<String>),
    _: (Option<String>, Option<String>),
    _: Duration,
) -> Option<StoreConfig> {
    section.refuse("url", "names a PostgreSQL database, which this build does not know", "a build with `postgres`");
    None
}

impl StoreConfig {
    /// The file, if it is one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Memory => None,
            Self::Sqlite { path, .. } => Some(path),
            #[cfg(feature = "postgres")]
            Self::Postgres { .. } => None,
        }
    }

    /// Whether it is a server that several machines share.
    #[cfg(feature = "host")]
    pub(crate) const fn is_shared_server(&self) -> bool {
        match self {
            Self::Memory | Self::Sqlite { .. } => false,
            #[cfg(feature = "postgres")]
            Self::Postgres { .. } => true,
        }
    }

    /// Whether it signals commits of other processes at once.
    #[cfg(feature = "host")]
    pub(crate) const fn signals_commits(&self) -> bool {
        match self {
            Self::Memory | Self::Sqlite { .. } => false,
            #[cfg(feature = "postgres")]
            Self::Postgres { options, .. } => options.listen_url.is_some(),
        }
    }

    /// Whether the store's file is there and ours alone, or can be made. Nothing is written. What SQLite itself finds
    /// wrong shows only when the store is opened.
    ///
    /// # Errors
    /// On `jit_access.store.path`, with what to do about it.
    pub fn check(&self) -> Result<(), Invalid> {
        let Self::Sqlite { path, .. } = self else { return Ok(()) };
        let shown = Invalid::quote(&path.to_string_lossy());
        let refuse = |problem: String, remedy: String| {
            Err(Invalid::new("jit_access.store.path", format!("is {shown}, {problem}"), remedy))
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        let folder_shown = folder.display();
        match std::fs::metadata(folder) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => {
                return refuse(format!("and {folder_shown} is no folder"), "a path in a folder".to_owned());
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return refuse(
                    "in a folder that does not exist".to_owned(),
                    format!("a folder that exists; create it: mkdir -p {folder_shown}"),
                );
            }
            Err(error) => {
                return refuse(
                    format!("in a folder that cannot be read: {error}"),
                    "a folder that this process may use".to_owned(),
                );
            }
        }
        match std::fs::metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => {
                refuse(format!("which cannot be read: {error}"), "a file that this process may use".to_owned())
            }
            Ok(found) if found.is_dir() => {
                refuse("which is a folder".to_owned(), "the path of a file in it, such as jit.db".to_owned())
            }
            Ok(found) if !found.is_file() => {
                refuse("which is no regular file".to_owned(), "the path of a file".to_owned())
            }
            #[cfg(feature = "sqlite")]
            Ok(_) => crate::store::check_private(path).map_err(|(problem, remedy)| {
                Invalid::new("jit_access.store.path", format!("is {shown}, {problem}"), remedy)
            }),
            #[cfg(not(feature = "sqlite"))]
            Ok(_) => Ok(()),
        }
    }
}
