//! The signing key and the known keys of checkpoints, and where they are stored.

use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use super::note::{Checkpoint, SignedNote};
use crate::file::{beside, private};
use crate::journal::digest_of;
use crate::model::{Invalid, KeySource};

/// The key that signs, and every public key that did so before.
///
/// ```
/// use jit_access::internal::journal::Hash;
/// use jit_access::model::Revision;
/// use jit_access::internal::seal::{Checkpoint, Keys};
///
/// let keys = Keys::generate()?;
/// let (at, zero) = ("2026-12-01T13:00:00Z".parse()?, Hash::GENESIS);
/// let said = Checkpoint { origin: "jit-access/1".into(), size: Revision(2), root: zero, head: zero, at };
/// let note = keys.sign(&said);
/// assert_eq!(keys.open(&note)?, said);
/// assert!(Keys::generate()?.open(&note).is_err(), "another key");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Keys {
    signs: Ed25519KeyPair,
    known: Vec<[u8; 32]>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("known", &self.known.len()).finish_non_exhaustive()
    }
}

/// The name of every key in notes. The first line of a note names its journal.
const NAME: &str = "jit-access";
/// The kind of signature in a note: Ed25519.
const ED25519_KIND: u8 = 1;
const EXPECTED: &str = "an Ed25519 key as `openssl genpkey -algorithm ed25519` makes it, or 32 bytes in base64";

impl Keys {
    /// A new key, kept nowhere.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn generate() -> Result<Self, Invalid> {
        Ok(Self::of(read(&generate()?)?))
    }

    fn of(signs: Ed25519KeyPair) -> Self {
        let mut keys = Self { signs, known: Vec::new() };
        keys.add(keys.public());
        keys
    }

    /// Loads the key from its source, and the public keys beside the store, and adds its own public key to those.
    /// `store` is the store's file; without one, keys are not stored.
    ///
    /// # Errors
    /// When a key cannot be read, written or made, on `field`.
    pub fn load(source: &KeySource, store: Option<&Path>, field: &'static str) -> Result<Self, Invalid> {
        let wrong = |path: &Path, error: &dyn fmt::Display| {
            let problem = format!("is {}, which cannot be used: {error}", Invalid::quote(&path.to_string_lossy()));
            Invalid::new(field, problem, EXPECTED)
        };
        let from_file = |path: &Path| {
            let text = fs::read_to_string(path).map_err(|error| wrong(path, &error))?;
            read(&text).map_err(|error| wrong(path, &error.problem()))
        };
        let mut keys = match (source, store) {
            (KeySource::Given(secret), _) => Self::of(read(secret.expose()).map_err(|error| error.for_field(field))?),
            (KeySource::BesideStore, None) => Self::generate()?,
            (KeySource::BesideStore, Some(store)) => {
                let path = beside(store, "-key");
                make_once(&path).map_err(|error| wrong(&path, &error))?;
                Self::of(from_file(&path)?)
            }
        };
        if let Some(store) = store {
            let path = beside(store, "-keys");
            keys.keep_known(&path).map_err(|error| wrong(&path, &error))?;
        }
        Ok(keys)
    }

    /// Adds the keys of this file, and writes those that it has not.
    fn keep_known(&mut self, path: &Path) -> io::Result<()> {
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            other => other?,
        };
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let key = public_of(line).ok_or_else(|| {
                let problem = format!("{} is no public key", Invalid::quote(line));
                io::Error::new(io::ErrorKind::InvalidData, problem)
            })?;
            self.add(key);
        }
        let own = verifier_of(&self.public());
        if text.lines().any(|line| line == own) {
            return Ok(());
        }
        private().append(true).create(true).open(path)?.write_all(format!("{own}\n").as_bytes())
    }

    fn add(&mut self, key: [u8; 32]) {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
    }

    fn public(&self) -> [u8; 32] {
        let mut key = [0; 32];
        key.copy_from_slice(self.signs.public_key().as_ref());
        key
    }

    /// The known public keys, in the form of C2SP's notes: a name, eight digits that identify the key, and the key. The
    /// signing key is the first.
    #[must_use]
    pub fn verifiers(&self) -> Vec<String> {
        self.known.iter().map(verifier_of).collect()
    }

    /// The signed note.
    #[must_use]
    pub fn sign(&self, said: &Checkpoint) -> String {
        let text = said.to_string();
        let mut bytes = id_of(&self.public()).to_vec();
        bytes.extend(self.signs.sign(text.as_bytes()).as_ref());
        SignedNote { text, signatures: vec![(NAME.to_owned(), bytes)] }.to_string()
    }

    /// The contents of a note that a known key has signed.
    ///
    /// # Errors
    /// When it is not a checkpoint, or not signed by a known key.
    pub fn open(&self, note: &str) -> Result<Checkpoint, Invalid> {
        let note: SignedNote = note.parse()?;
        let is_signed =
            note.signatures.iter().any(|(name, bytes)| {
                let Some((id, signature)) = bytes.split_first_chunk::<4>() else { return false };
                name == NAME
                    && self.known.iter().filter(|key| id_of(key) == *id).any(|key| {
                        UnparsedPublicKey::new(&ED25519, key).verify(note.text.as_bytes(), signature).is_ok()
                    })
            });
        if is_signed {
            return note.text.parse();
        }
        Err(Invalid::new("checkpoint", "is signed by no known key", "a signature of a key that is known here"))
    }
}

/// Four bytes that identify the key: as in C2SP's `signed-note`.
fn id_of(key: &[u8; 32]) -> [u8; 4] {
    let mut text = format!("{NAME}\n").into_bytes();
    text.push(ED25519_KIND);
    text.extend(key);
    let [a, b, c, d, ..] = digest_of(&text);
    [a, b, c, d]
}

fn verifier_of(key: &[u8; 32]) -> String {
    let mut bytes = vec![ED25519_KIND];
    bytes.extend(key);
    format!("{NAME}+{:08x}+{}", u32::from_be_bytes(id_of(key)), STANDARD.encode(bytes))
}

fn public_of(line: &str) -> Option<[u8; 32]> {
    let mut parts = line.trim().splitn(3, '+');
    let (name, id, key) = (parts.next()?, parts.next()?, parts.next()?);
    let key: [u8; 32] = STANDARD.decode(key).ok()?.strip_prefix(&[ED25519_KIND])?.try_into().ok()?;
    (name == NAME && id == format!("{:08x}", u32::from_be_bytes(id_of(&key)))).then_some(key)
}

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// A key in PEM (PKCS #8), or 32 bytes in base64.
fn read(text: &str) -> Result<Ed25519KeyPair, Invalid> {
    let wrong = || Invalid::new("key", "is no Ed25519 key", EXPECTED);
    let text = text.trim();
    let body = text.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
    let bytes: String = body.unwrap_or(text).split_whitespace().collect();
    let bytes = STANDARD.decode(bytes).map_err(|_| wrong())?;
    match (body, &*bytes) {
        (Some(_), bytes) => Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes).map_err(|_| wrong()),
        (None, bytes) => Ed25519KeyPair::from_seed_unchecked(bytes).map_err(|_| wrong()),
    }
}

fn generate() -> Result<String, Invalid> {
    let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
        .map_err(|_| Invalid::new("key", "cannot be made: the system gives no random numbers", EXPECTED))?;
    Ok(format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(key.as_ref())))
}

/// Creates the file of a key, if there is none. Only one of several processes creates it, and none sees a partial file.
fn make_once(path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    if path.try_exists()? {
        return Ok(());
    }
    let made = beside(path, &format!(".{}", std::process::id()));
    let write = || -> Result<(), Box<dyn std::error::Error>> {
        let mut file = private().write(true).create(true).truncate(true).open(&made)?;
        file.write_all(generate()?.as_bytes())?;
        file.sync_all()?;
        match fs::hard_link(&made, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => Ok(other?),
        }
    };
    let written = write();
    // It is a second name of the key, or of nothing that is used.
    let _ = fs::remove_file(&made);
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Hash;
    use crate::model::{Revision, Secret};

    fn said() -> Checkpoint {
        Checkpoint {
            origin: "jit-access/0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b".to_owned(),
            size: Revision(7),
            root: Hash::of("root"),
            head: Hash::of("head"),
            at: "2026-12-01T13:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn a_key_is_made_once_and_old_ones_stay_known() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("jit.db");
        let load = |source: &KeySource| Keys::load(source, Some(&store), "journal.signing_key").unwrap();
        let first = load(&KeySource::BesideStore);
        let note = first.sign(&said());
        assert_eq!(load(&KeySource::BesideStore).open(&note).unwrap(), said(), "the same key at the next start");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(beside(&store, "-key")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let seed = STANDARD.encode([7; 32]);
        let rotated = load(&KeySource::Given(Secret::new(seed)));
        assert_ne!(rotated.public(), first.public());
        assert_eq!(rotated.open(&note).unwrap(), said(), "an old key stays known");
        let newer = rotated.sign(&said());
        assert_eq!(load(&KeySource::BesideStore).open(&newer).unwrap(), said());
        fs::remove_file(beside(&store, "-keys")).unwrap();
        assert!(load(&KeySource::BesideStore).open(&newer).is_err(), "what is forgotten is not known");
    }

    #[test]
    fn what_openssl_makes_is_a_key_and_other_text_is_none() {
        // From RFC 8410.
        let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
        assert_eq!(
            STANDARD.encode(Keys::of(read(pem).unwrap()).public()),
            "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="
        );
        for text in ["", "x", "AAAA", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_note_that_was_changed_is_signed_by_nobody() {
        let keys = Keys::generate().unwrap();
        let note = keys.sign(&said());
        assert_eq!(keys.open(&note).unwrap(), said());
        for at in 0..note.len() {
            let mut changed = note.clone().into_bytes();
            changed[at] ^= 1;
            let Ok(changed) = String::from_utf8(changed) else { continue };
            assert!(keys.open(&changed).is_err(), "byte {at}: {changed}");
        }
    }
}
