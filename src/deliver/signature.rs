//! Signed links: to one version of one request, for one reader, until the request times out.
//!
//! A link authenticates nobody and approves nothing. Its page authenticates the reader as always, and the link contains
//! the version that the reader was shown.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

use crate::model::{Invalid, Principal, RequestId, Secret, Timestamp};

/// The contents of a signed link.
///
/// ```
/// use jit_access::internal::deliver::{LinkKeys, SignedLink};
/// use jit_access::model::{RequestId, Secret};
///
/// let keys = LinkKeys::new(&[Secret::new("a secret of at least 32 characters!")])?;
/// let until = "2026-12-02T09:00:00Z".parse()?;
/// let link = SignedLink { request: RequestId::from_u128(1), version: 2, reader: "ann@example.com".into(), until };
/// let token = keys.sign(&link);
/// assert_eq!(keys.verify(&token, "2026-12-01T09:00:00Z".parse()?)?, link);
/// assert!(keys.verify(&token, until).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedLink {
    /// The request.
    pub request: RequestId,
    /// The version of it that the reader was shown.
    pub version: u32,
    /// The reader: a person, or `channel:` and the name of a channel with many readers.
    pub reader: String,
    /// The instant at which it expires: the timeout of the request.
    pub until: Timestamp,
}

impl SignedLink {
    /// Whether it was made for this person. A link in a channel that many read was made for each of them.
    #[must_use]
    pub fn is_for(&self, person: &Principal) -> bool {
        self.reader.starts_with(CHANNEL) || self.reader == person.to_string()
    }

    fn payload(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD + self.reader.len());
        bytes.push(FORM);
        bytes.extend(self.request.as_u128().to_be_bytes());
        bytes.extend(self.version.to_be_bytes());
        bytes.extend(self.until.millis().to_be_bytes());
        bytes.extend(self.reader.as_bytes());
        bytes
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (form, rest) = bytes.split_first()?;
        let (request, rest) = rest.split_first_chunk::<16>()?;
        let (version, rest) = rest.split_first_chunk::<4>()?;
        let (until, reader) = rest.split_first_chunk::<8>()?;
        (*form == FORM).then_some(())?;
        Some(Self {
            request: RequestId::from_u128(u128::from_be_bytes(*request)),
            version: u32::from_be_bytes(*version),
            reader: std::str::from_utf8(reader).ok()?.to_owned(),
            until: Timestamp::from_millis(i64::from_be_bytes(*until)).ok()?,
        })
    }
}

/// What the reader of a shared channel's link is called.
pub(super) const CHANNEL: &str = "channel:";
/// The form of a link. Another one has another number.
const FORM: u8 = 1;
const HEAD: usize = 1 + 16 + 4 + 8;
/// A link is short; a megabyte need not be hashed.
const LONGEST: usize = 4_096;
/// Sets these signatures apart from all others that the key might make.
const PURPOSE: &[u8] = b"jit-access link\0";
/// A key of fewer characters could be guessed.
const SHORTEST: usize = 32;

/// The keys of links. The first one signs; all of them verify, so that a key can be replaced while links are in use.
///
/// ```
/// use jit_access::internal::deliver::LinkKeys;
/// use jit_access::model::{Secret, Timestamp};
///
/// let keys = LinkKeys::new(&[LinkKeys::random_secret()?])?;
/// assert!(keys.verify("forged.token", Timestamp::EPOCH).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct LinkKeys(Vec<hmac::Key>);

impl LinkKeys {
    /// These keys.
    ///
    /// # Errors
    /// When there is none, or one has fewer than 32 characters. The message does not repeat it.
    pub fn new(secrets: &[Secret]) -> Result<Self, Invalid> {
        let refuse =
            |problem: String| Invalid::new("link_secret", problem, "at least 32 characters that cannot be guessed");
        if secrets.is_empty() {
            return Err(refuse("is empty".to_owned()));
        }
        if let Some(short) = secrets.iter().find(|secret| secret.expose().len() < SHORTEST) {
            return Err(refuse(format!("has {} characters", short.expose().len())));
        }
        Ok(Self(secrets.iter().map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes())).collect()))
    }

    /// A random key, for a host without a configured one.
    ///
    /// # Errors
    /// When the operating system has no random numbers.
    pub fn random_secret() -> Result<Secret, Invalid> {
        use ring::rand::SecureRandom;

        let mut bytes = [0; 32];
        let failed =
            |_| Invalid::new("link_secret", "could not be made: the system gives no random numbers", "a secret");
        ring::rand::SystemRandom::new().fill(&mut bytes).map_err(failed)?;
        Ok(Secret::new(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// The link as a token of letters, digits, `-`, `_` and one `.`.
    #[must_use]
    pub fn sign(&self, link: &SignedLink) -> String {
        let payload = link.payload();
        // INVARIANT: `new` refuses an empty list.
        let tag = self.0.first().map(|key| hmac::sign(key, &tagged(&payload)));
        let tag = tag.as_ref().map_or(&[][..], AsRef::as_ref);
        format!("{}.{}", URL_SAFE_NO_PAD.encode(&payload), URL_SAFE_NO_PAD.encode(tag))
    }

    /// The contents of the token, if it was made with one of these keys and has not expired at `now`.
    ///
    /// # Errors
    /// When it was not made here, was changed, or has expired.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<SignedLink, Invalid> {
        let refuse = |problem: &str| Invalid::new("link", problem.to_owned(), "the link of a notice, unchanged");
        let forged = || refuse("was not made here, or was changed");
        let parts = || {
            let (payload, tag) = token.split_once('.')?;
            Some((URL_SAFE_NO_PAD.decode(payload).ok()?, URL_SAFE_NO_PAD.decode(tag).ok()?))
        };
        let (payload, tag) = (token.len() <= LONGEST).then(parts).flatten().ok_or_else(forged)?;
        let signed = tagged(&payload);
        if !self.0.iter().any(|key| hmac::verify(key, &signed, &tag).is_ok()) {
            return Err(forged());
        }
        let link = SignedLink::read(&payload).ok_or_else(forged)?;
        if now >= link.until { Err(refuse(&format!("expired at {}", link.until))) } else { Ok(link) }
    }
}

fn tagged(payload: &[u8]) -> Vec<u8> {
    [PURPOSE, payload].concat()
}

impl std::fmt::Debug for LinkKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LinkKeys({} keys)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(secret: &str) -> LinkKeys {
        LinkKeys::new(&[Secret::new(secret)]).unwrap()
    }

    fn link() -> SignedLink {
        let until = "2026-12-02T09:00:00Z".parse().unwrap();
        SignedLink { request: RequestId::from_u128(77), version: 3, reader: "ann@example.com".to_owned(), until }
    }

    const ONE: &str = "one secret with thirty-two characters";
    const TWO: &str = "two secret with thirty-two characters";

    #[test]
    fn no_changed_byte_is_accepted() {
        let (keys, now) = (keys(ONE), "2026-12-01T09:00:00Z".parse().unwrap());
        let token = keys.sign(&link());
        assert_eq!(keys.verify(&token, now).unwrap(), link());
        for at in 0..token.len() {
            for with in ["A", "b", "_", ".", ""] {
                let mut changed = token.clone();
                changed.replace_range(at..=at, with);
                if changed != token {
                    assert!(keys.verify(&changed, now).is_err(), "{changed}");
                }
            }
        }
        for other in ["", ".", "a.b", &token[..20], &format!("{token}A"), &"x".repeat(10_000), "ä.ö"] {
            assert!(keys.verify(other, now).is_err(), "{other}");
        }
    }

    #[test]
    fn each_part_is_bound() {
        let keys = keys(ONE);
        let token = keys.sign(&link());
        let tag = token.split_once('.').unwrap().1;
        let others = [
            SignedLink { request: RequestId::from_u128(78), ..link() },
            SignedLink { version: 4, ..link() },
            SignedLink { reader: "bob@example.com".to_owned(), ..link() },
            SignedLink { until: Timestamp::MAX, ..link() },
        ];
        for other in others {
            let forged = format!("{}.{tag}", URL_SAFE_NO_PAD.encode(other.payload()));
            assert!(keys.verify(&forged, Timestamp::EPOCH).is_err(), "{other:?}");
        }
    }

    #[test]
    fn a_replaced_key_verifies_until_it_is_taken_out() {
        let old = keys(ONE).sign(&link());
        let now = Timestamp::EPOCH;
        let both = LinkKeys::new(&[Secret::new(TWO), Secret::new(ONE)]).unwrap();
        assert!(both.verify(&old, now).is_ok());
        assert!(keys(TWO).verify(&both.sign(&link()), now).is_ok());
        assert!(keys(TWO).verify(&old, now).is_err());
    }

    #[test]
    fn keys_are_long_and_shown_by_nothing() {
        let error = LinkKeys::new(&[Secret::new("hunter2")]).unwrap_err().to_string();
        assert!(!error.contains("hunter2") && error.contains("7 characters"), "{error}");
        assert!(LinkKeys::new(&[]).is_err());
        assert_eq!(format!("{:?}", keys(ONE)), "LinkKeys(1 keys)");
        let made = LinkKeys::random_secret().unwrap();
        assert!(made.expose().len() >= SHORTEST && made != LinkKeys::random_secret().unwrap());
    }

    #[test]
    fn a_link_is_for_its_reader() {
        let ann = Principal::user("ann@example.com").unwrap();
        assert!(link().is_for(&ann) && !link().is_for(&Principal::user("bob@example.com").unwrap()));
        assert!(SignedLink { reader: "channel:ops".to_owned(), ..link() }.is_for(&ann));
    }
}
