//! The callers: who may ask, and about whom.

use std::collections::BTreeSet;
use std::fmt;

use super::question::Entity;
use crate::journal::digest_of;
use crate::model::{Invalid, Secret};

/// A policy enforcement point: an authenticated program that asks. It is not a principal: it holds no grants, makes no
/// requests of its own, and reviews nothing.
///
/// ```
/// use jit_access::authzen::{Entity, Rights, Pep, SpeaksFor};
///
/// let gateway = Pep::new("gateway", SpeaksFor::Everybody, Rights::ALL)?;
/// assert!(gateway.speaks_for(&Entity::new("user", "ann@example.com")));
/// let carols = Pep::new("carols", SpeaksFor::only(["user:carol@example.com"])?, Rights::ALL)?;
/// assert!(!carols.speaks_for(&Entity::new("user", "ann@example.com")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pep {
    id: String,
    speaks_for: SpeaksFor,
    may: Rights,
}

/// About whom a caller may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpeaksFor {
    /// Every subject.
    Everybody,
    /// These subjects, written `type:id`; a type alone means all of its subjects.
    Only(BTreeSet<String>),
}

impl SpeaksFor {
    /// Only these subjects, written `type:id`; a type alone means all of its subjects.
    ///
    /// # Errors
    /// When the list or one of its entries is empty.
    pub fn only<'a>(subjects: impl IntoIterator<Item = &'a str>) -> Result<Self, Invalid> {
        let subjects: BTreeSet<String> = subjects.into_iter().map(ToOwned::to_owned).collect();
        if subjects.is_empty() || subjects.contains("") {
            return Err(Invalid::new("speaks_for", "names nobody", "`*`, or subjects such as `user:ann@example.com`"));
        }
        Ok(Self::Only(subjects))
    }
}

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rights {
    /// Make evaluations.
    pub evaluate: bool,
    /// Search.
    pub search: bool,
    /// Request access, follow the request, and withdraw it.
    pub request: bool,
}

impl Rights {
    /// Everything.
    pub const ALL: Self = Self { evaluate: true, search: true, request: true };

    /// The rights with these names: `evaluate`, `search`, `request`.
    ///
    /// # Errors
    /// The first unknown name.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, Invalid> {
        let mut may = Self { evaluate: false, search: false, request: false };
        for name in names {
            match name {
                "evaluate" => may.evaluate = true,
                "search" => may.search = true,
                "request" => may.request = true,
                other => {
                    let problem = format!("has {}", Invalid::quote(other));
                    return Err(Invalid::new("may", problem, "`evaluate`, `search`, `request`"));
                }
            }
        }
        Ok(may)
    }
}

impl Pep {
    /// The caller of this name.
    ///
    /// # Errors
    /// When the name is empty, longer than 128 bytes, or contains anything but visible ASCII.
    pub fn new(id: &str, speaks_for: SpeaksFor, may: Rights) -> Result<Self, Invalid> {
        if id.is_empty() || id.len() > 128 || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            let problem = format!("is {}", Invalid::quote(id));
            return Err(Invalid::new("id", problem, "1 to 128 visible ASCII characters"));
        }
        Ok(Self { id: id.to_owned(), speaks_for, may })
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What it may do.
    #[must_use]
    pub const fn may(&self) -> Rights {
        self.may
    }

    /// Whether it may ask about this subject.
    #[must_use]
    pub fn speaks_for(&self, subject: &Entity) -> bool {
        match &self.speaks_for {
            SpeaksFor::Everybody => true,
            SpeaksFor::Only(subjects) => {
                subjects.contains(subject.kind()) || subjects.contains(&format!("{}:{}", subject.kind(), subject.id()))
            }
        }
    }
}

/// The callers that are known by a bearer token.
///
/// ```
/// use jit_access::authzen::{Rights, Pep, Peps, SpeaksFor};
/// use jit_access::model::Secret;
///
/// let token = Secret::new("a-token-of-at-least-32-characters");
/// let peps = Peps::new([(Pep::new("gateway", SpeaksFor::Everybody, Rights::ALL)?, token)])?;
/// assert!(peps.authenticate(Some("Bearer a-token-of-at-least-32-characters")).is_some());
/// assert!(peps.authenticate(Some("Bearer another")).is_none() && peps.authenticate(None).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Peps(Vec<([u8; 32], Pep)>);

impl fmt::Debug for Peps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(_, pep)| &pep.id)).finish()
    }
}

/// A token of fewer characters could be guessed.
const SHORTEST: usize = 32;

impl Peps {
    /// These callers, each with its token.
    ///
    /// # Errors
    /// When a token has fewer than 32 characters, or two callers have one name or one token. The message repeats no token.
    pub fn new(peps: impl IntoIterator<Item = (Pep, Secret)>) -> Result<Self, Invalid> {
        let mut known: Vec<([u8; 32], Pep)> = Vec::new();
        for (pep, token) in peps {
            let refuse = |problem: String| {
                Err(Invalid::new("token", problem, "32 or more visible ASCII characters, of each caller other ones"))
            };
            let text = token.expose();
            if text.len() < SHORTEST || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
                return refuse(format!("of `{}` is too short, or no token", pep.id));
            }
            let digest = digest_of(text.as_bytes());
            if known.iter().any(|(other, one)| *other == digest || one.id == pep.id) {
                return refuse(format!("of `{}` is that of another caller, or its name is", pep.id));
            }
            known.push((digest, pep));
        }
        Ok(Self(known))
    }

    /// The caller with the token of this `Authorization` header. Digests are compared, so timing reveals nothing about
    /// a token.
    #[must_use]
    pub fn authenticate(&self, authorization: Option<&str>) -> Option<&Pep> {
        let (scheme, token) = authorization?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let digest = digest_of(token.trim().as_bytes());
        self.0.iter().find(|(known, _)| *known == digest).map(|(_, pep)| pep)
    }
}
