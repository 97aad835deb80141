//! A person or an agent, in one canonical spelling.
//!
//! Two spellings of one person must be one person, or a self-approval hides behind a capital letter. So a name becomes
//! a [`Principal`] only through [`Principal::user`] or [`Principal::agent`], which bring it to one canonical form:
//! Unicode NFKC with full case folding, no surrounding space, and the domain of an e-mail address in its ASCII form
//! (UTS #46). A name that capitals would turn into another person's (a dotless `ı`, whose capital is `I`) is refused.
//! Look-alikes (a Cyrillic `а` in a Latin name) are different people and stay different; invisible characters, controls
//! and spaces are refused, since no honest name needs them.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizerBorrowed;

use super::bytes::{BLOCK, all_of, classify, is, is_between_labels, is_label, is_local};
use super::{Invalid, characters};

/// What kind of principal a name belongs to. Complete on purpose: a kind that some code forgets would be a hole.
///
/// ```
/// use jit_access::model::{Principal, PrincipalKind};
///
/// assert_eq!(Principal::agent("deploy-bot")?.kind(), PrincipalKind::Agent);
/// assert_eq!(PrincipalKind::User.name(), "user");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrincipalKind {
    /// A person, named by the identity that the host authenticated, usually an e-mail address.
    User,
    /// A program that acts in its own name.
    Agent,
}

impl PrincipalKind {
    /// The name of this kind: `user` or `agent`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Agent => "agent",
        }
    }
}

/// A requester, holder or approver. Equal exactly when they are the same person or agent.
///
/// ```
/// use jit_access::model::Principal;
///
/// assert_eq!(Principal::user("Dev@EXAMPLE.com")?, Principal::user("dev@example.com")?);
/// assert_ne!(Principal::user("bot")?, Principal::agent("bot")?);
/// assert!(Principal::user("a\u{200b}b").is_err(), "nobody could see the difference");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Principal {
    kind: PrincipalKind,
    id: Arc<str>,
}

/// The longest name, in bytes, after canonicalisation (RFC 3696: 320 for an e-mail address).
pub(crate) const MAX_PRINCIPAL: usize = 320;
/// Prefixes of the written form of agents and rules; a person with such a name could look like one in a record.
const RESERVED_PREFIXES: [&str; 2] = ["agent:", "rule:"];
const EXPECTED: &str = "1 to 320 bytes without spaces, control or invisible characters, such as dev@example.com";

impl Principal {
    /// The person of this name.
    ///
    /// # Errors
    /// When the name is empty, longer than 320 bytes, or holds spaces, controls or invisible characters.
    pub fn user(name: &str) -> Result<Self, Invalid> {
        Self::new(PrincipalKind::User, name)
    }

    /// The agent of this name.
    ///
    /// # Errors
    /// As for [`Principal::user`].
    pub fn agent(name: &str) -> Result<Self, Invalid> {
        Self::new(PrincipalKind::Agent, name)
    }

    /// The principal of this kind and name.
    ///
    /// # Errors
    /// As for [`Principal::user`].
    pub fn new(kind: PrincipalKind, name: &str) -> Result<Self, Invalid> {
        Ok(Self { kind, id: canonical(name)?.into() })
    }

    /// The principal of a name that [`canonical`] has made.
    pub(super) fn from_canonical(kind: PrincipalKind, name: &str) -> Self {
        Self { kind, id: name.into() }
    }

    /// A person or an agent.
    #[must_use]
    pub const fn kind(&self) -> PrincipalKind {
        self.kind
    }

    /// The canonical name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Display for Principal {
    /// A person as the bare name, an agent as `agent:name`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            PrincipalKind::User => f.write_str(&self.id),
            PrincipalKind::Agent => write!(f, "agent:{}", self.id),
        }
    }
}

/// The one spelling of a name; borrowed when the name is already in it.
#[inline]
pub(crate) fn canonical(name: &str) -> Result<Cow<'_, str>, Invalid> {
    if is_plain(name.as_bytes()) { Ok(Cow::Borrowed(name)) } else { canonicalised(name).map(Cow::Owned) }
}

#[cold]
fn canonicalised(name: &str) -> Result<String, Invalid> {
    // Checked before any work that grows with the input; NFKC can shorten a name, though never by this much.
    if name.len() > MAX_PRINCIPAL * 4 {
        return Err(too_long(name.len()));
    }
    let folded = fold(name.trim());
    if folded.is_empty() {
        return Err(Invalid::new("principal", "is empty", EXPECTED));
    }
    if let Some(prefix) = RESERVED_PREFIXES.into_iter().find(|prefix| folded.starts_with(prefix)) {
        return Err(Invalid::new(
            "principal",
            format!("starts with `{prefix}`"),
            "a name that no rule or agent could be mistaken for",
        ));
    }
    if let Some(bad) = folded.chars().find(|c| characters::is_blank(*c)) {
        return Err(Invalid::new("principal", format!("holds {}", characters::named(bad)), EXPECTED));
    }
    if is_another_by_case(&folded) {
        return Err(Invalid::new(
            "principal",
            format!("is {}, which capital or small letters make another name", Invalid::quote(name)),
            "a name that is the same one in capital and in small letters",
        ));
    }
    let canonical = match folded.rsplit_once('@') {
        Some((local, domain)) if !local.is_empty() && !domain.is_empty() => {
            let ascii = ascii_domain(domain)?;
            // `straße.de` is another domain than `strasse.de`, and in capitals they are written alike.
            let typed = nfkc(name.trim());
            if typed.rsplit_once('@').map(|(_, typed)| ascii_domain(typed)) != Some(Ok(ascii.clone())) {
                return Err(Invalid::new(
                    "principal",
                    format!("has the domain {}, which is another one in capitals", Invalid::quote(domain)),
                    "such a domain in its ASCII form, which begins with xn--",
                ));
            }
            format!("{local}@{ascii}")
        }
        Some(_) => return Err(Invalid::new("principal", format!("is {}", Invalid::quote(name)), EXPECTED)),
        None => folded,
    };
    if canonical.len() > MAX_PRINCIPAL {
        return Err(too_long(canonical.len()));
    }
    Ok(canonical)
}

/// The ASCII form of a domain name (UTS #46).
fn ascii_domain(domain: &str) -> Result<String, Invalid> {
    idna::domain_to_ascii_strict(domain).map_err(|_| {
        let problem = format!("has {} for its domain", Invalid::quote(domain));
        Invalid::new("principal", problem, "a domain name after the @")
    })
}

fn nfkc(text: &str) -> String {
    const { ComposingNormalizerBorrowed::new_nfkc() }.normalize(text).into_owned()
}

/// Removes differences of case and compatibility forms: NFKC with full case folding. Folding can make new composites,
/// and new composites can fold again (`ϓ`), so it runs until nothing changes; three rounds are more than Unicode needs.
fn fold(name: &str) -> String {
    let case = const { CaseMapper::new() };
    let mut current = nfkc(name);
    for _ in 0..3 {
        let next = nfkc(&case.fold_string(&current));
        if next == current {
            break;
        }
        current = next;
    }
    current
}

/// Whether a change of case by some program would make another name of this folded one: for the dotless `ı`, whose
/// capital is `I`, or `İ`, whose small letter is `i` in programs that map each character to one.
fn is_another_by_case(folded: &str) -> bool {
    let case = const { CaseMapper::new() };
    let capitals = nfkc(&folded.to_uppercase());
    [folded, &capitals].into_iter().any(|spelling| {
        let upper: String = spelling.chars().map(|c| case.simple_uppercase(c)).collect();
        let lower: String = spelling.chars().map(|c| case.simple_lowercase(c)).collect();
        [spelling, &upper, &lower].into_iter().any(|other| fold(other) != folded)
    })
}

/// Whether the name is already canonical: short plain lower-case ASCII, as nearly every name is. An address whose
/// domain could change under UTS #46 (an `xn--` label) is processed in full.
#[inline]
pub(crate) fn is_plain(name: &[u8]) -> bool {
    if name.is_empty() || name.len() > BLOCK {
        return false;
    }
    let [locals, labels, between, ats] =
        classify(name, |bytes| [is_local(bytes), is_label(bytes), is_between_labels(bytes), is(bytes, b'@')]);
    let all = all_of(name);
    if ats == 0 {
        return locals == all;
    }
    let at = ats & ats.wrapping_neg();
    let local = at - 1;
    // Labels of lower-case letters, digits and single inner hyphens; start and end count as separators.
    let domain = all & !local & !at;
    let separators = between & domain;
    local != 0
        && local & !locals == 0
        && domain != 0
        && domain & !(labels | separators) == 0
        && separators & (separators << 1 | at << 1 | all ^ all >> 1) == 0
}

fn too_long(len: usize) -> Invalid {
    Invalid::new("principal", format!("is {len} bytes long"), EXPECTED)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_of_one_person_are_one_person() {
        let one = Principal::user("dev@example.com").unwrap();
        for spelling in ["Dev@Example.COM", "  dev@example.com\n", "ｄｅｖ@example.com", "dev@EXAMPLE。com"] {
            assert_eq!(Principal::user(spelling).unwrap(), one, "{spelling}");
        }
        let zoe = Principal::user("zoë@bücher.example").unwrap();
        assert_eq!(Principal::user("ZOE\u{308}@xn--bcher-kva.example").unwrap(), zoe);
        assert_eq!(zoe.id(), "zoë@xn--bcher-kva.example");
    }

    #[test]
    fn different_people_stay_different() {
        let latin = Principal::user("anna@example.com").unwrap();
        assert_ne!(Principal::user("аnna@example.com").unwrap(), latin, "Cyrillic а");
        assert_ne!(Principal::user("anna+x@example.com").unwrap(), latin);
        assert_ne!(Principal::agent("anna@example.com").unwrap(), latin);
    }

    #[test]
    fn unfit_names_are_refused() {
        for name in
            ["", " ", "a b@example.com", "a\0b", "a\u{200B}b@example.com", "\u{202E}a@b.c", "@example.com", "a@"]
        {
            assert!(Principal::user(name).is_err(), "{name:?}");
        }
        assert!(Principal::user(&"a".repeat(65_536)).is_err());
        assert!(Principal::user(&"a".repeat(321)).is_err());
    }

    #[test]
    fn domains_that_uts_46_could_change_are_not_plain() {
        let is_plain = |domain: &str| is_plain(format!("x@{domain}").as_bytes());
        for plain in ["a.b", "a", "a-b.c", "0.1", &"a".repeat(62)] {
            assert!(is_plain(plain), "{plain}");
        }
        for other in ["", ".", "a.", ".a", "a..b", "-a", "a-", "a.-b", "a-.b", "xn--a", "a_b", "a@b", &"a".repeat(64)] {
            assert!(!is_plain(other), "{other}");
        }
        assert!(!super::is_plain(b"@a.b") && !super::is_plain(b"a@") && !super::is_plain(b""));
    }

    /// The spelling of each code point by upper, lower and title case, beside letters and alone.
    #[test]
    fn case_makes_no_other_person_of_any_code_point() {
        let case = CaseMapper::new();
        let mut refused = Vec::new();
        let changes = |c: &char| {
            let simple = [case.simple_uppercase(*c), case.simple_lowercase(*c), case.simple_titlecase(*c)];
            simple != [*c; 3]
                || c.to_uppercase().ne([*c])
                || c.to_lowercase().ne([*c])
                || fold(&c.to_string()) != c.to_string()
        };
        for c in ('\0'..=char::MAX).filter(|c| !c.is_ascii()).filter(changes) {
            for name in [format!("{c}"), format!("a{c}"), format!("a{c}b@example.com"), format!("a@b{c}d.example")] {
                let Ok(one) = canonical(&name) else {
                    if c.is_alphabetic() && !name.starts_with("a@") {
                        refused.push(c);
                    }
                    continue;
                };
                let title: String = name.chars().map(|c| case.simple_titlecase(c)).collect();
                let simple: [String; 2] = [
                    name.chars().map(|c| case.simple_uppercase(c)).collect(),
                    name.chars().map(|c| case.simple_lowercase(c)).collect(),
                ];
                // When a capital is several letters, only the first of them stays a capital at the beginning of a word:
                // `ß` is `Ss`.
                let several: String = name
                    .chars()
                    .flat_map(|c| {
                        let capital: Vec<char> = c.to_uppercase().collect();
                        let rest = capital.get(1..).unwrap_or_default().iter().flat_map(|c| c.to_lowercase());
                        capital.first().copied().into_iter().chain(rest.collect::<Vec<_>>()).collect::<Vec<_>>()
                    })
                    .collect();
                let whole = [name.to_uppercase(), name.to_lowercase(), title, several];
                for other in whole.into_iter().chain(simple) {
                    if let Ok(other) = canonical(&other) {
                        assert_eq!(other, one, "U+{:04X}", u32::from(c));
                    }
                }
            }
        }
        refused.dedup();
        assert!(refused.contains(&'ı'), "its capital is I, and the small letter of that is i");
        assert!(refused.len() < 100, "{} letters", refused.len());
        assert!(canonical("a@straße.example").is_err(), "another domain than strasse.example");
        assert_eq!(canonical("a@XN--strae-oqa.example").unwrap(), "a@xn--strae-oqa.example");
        for spelling in ["STRASSE", "strasse", "Straße", "STRAẞE"] {
            assert_eq!(canonical(spelling).unwrap(), "strasse");
        }
        for (small, capital) in [("σίσυφος", "ΣΊΣΥΦΟΣ"), ("ꭰꭱ", "ᎠᎡ"), ("ა", "Ა"), ("ⴀ", "Ⴀ"), ("𐐨", "𐐀")]
        {
            assert_eq!(canonical(small).unwrap(), canonical(capital).unwrap());
        }
    }

    proptest! {
        #[test]
        fn the_canonical_form_is_its_own(name in "\\PC{1,40}") {
            if let Ok(once) = canonical(&name) {
                let once = once.into_owned();
                prop_assert_eq!(canonical(&once).unwrap().into_owned(), once);
            }
        }

        #[test]
        fn case_never_makes_another_person(name in "[a-zA-Z0-9._+-]{1,20}@[a-z]{1,10}\\.[a-z]{2,5}") {
            let lower = canonical(&name).unwrap().into_owned();
            prop_assert_eq!(canonical(&name.to_uppercase()).unwrap().into_owned(), lower);
        }

        #[test]
        fn plain_names_are_what_the_long_way_makes(name in "[a-z0-9._+-]{0,40}(@[a-z0-9.-]{0,30}){0,2}") {
            let canonical = canonicalised(&name);
            if is_plain(name.as_bytes()) {
                prop_assert_eq!(canonical.as_ref(), Ok(&name));
                let folded = fold(&name);
                prop_assert_eq!(&folded, &name);
                if let Some((_, domain)) = name.rsplit_once('@') {
                    prop_assert_eq!(idna::domain_to_ascii_strict(domain).unwrap(), domain);
                }
            }
        }
    }
}
