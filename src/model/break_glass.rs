//! Access without approval: how it was taken, and the review that it owes.

use std::sync::Arc;

use super::{Actor, Invalid, Justification, RoleName, Timestamp, Ttl};

/// How somebody signed in, as the host's identity provider says: the claims `amr`, `acr` and `auth_time` of their token.
///
/// ```
/// use jit_access::model::SignIn;
///
/// let sign_in = SignIn::new(["pwd", "otp"], None, Some("2026-12-01T09:00:00Z".parse()?))?;
/// assert!(sign_in.is_multi_factor(), "something known and something held");
/// assert!(!SignIn::new(["pwd", "pin"], None, None)?.is_multi_factor(), "two things known are one factor");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignIn {
    methods: Vec<Arc<str>>,
    context: Option<Arc<str>>,
    at: Option<Timestamp>,
    claims_mfa: bool,
}

/// How many methods one sign-in can have.
const MAX_METHODS: usize = 16;
const EXPECTED: &str = "1 to 255 visible ASCII characters";

// The kinds of RFC 8176, section 2. Signs of risk and of place (`rba`, `geo`) are no factor.
const KNOWN: &[&str] = &["kba", "pin", "pwd"];
const HELD: &[&str] = &["hwk", "otp", "pop", "sc", "sms", "swk", "tel"];
const INHERENT: &[&str] = &["face", "fpt", "iris", "retina", "vbm"];

impl SignIn {
    /// A sign-in with these methods (`amr`, names of RFC 8176), in this authentication context (`acr`), at this instant
    /// (`auth_time`).
    ///
    /// # Errors
    /// When a name is empty, longer than 255 bytes or holds anything but visible ASCII, or there are more than 16 methods.
    pub fn new<'a>(
        methods: impl IntoIterator<Item = &'a str>,
        context: Option<&str>,
        at: Option<Timestamp>,
    ) -> Result<Self, Invalid> {
        let methods = methods.into_iter().map(|name| named("amr", name)).collect::<Result<Vec<_>, _>>()?;
        if methods.len() > MAX_METHODS {
            return Err(Invalid::new("amr", format!("has {} items", methods.len()), format!("at most {MAX_METHODS}")));
        }
        let context = context.map(|name| named("acr", name)).transpose()?;
        Ok(Self { methods, context, at, claims_mfa: false })
    }

    /// The same, with the host's bare word that there was a second factor. It proves nothing unless the operator says so.
    #[must_use]
    pub fn claiming_mfa(mut self, claims: bool) -> Self {
        self.claims_mfa = claims;
        self
    }

    /// The methods (`amr`).
    pub fn methods(&self) -> impl ExactSizeIterator<Item = &str> {
        self.methods.iter().map(|name| &**name)
    }

    /// The authentication context (`acr`).
    #[must_use]
    pub fn context(&self) -> Option<&str> {
        self.context.as_deref()
    }

    /// When (`auth_time`).
    #[must_use]
    pub const fn at(&self) -> Option<Timestamp> {
        self.at
    }

    /// Whether the host claims a second factor without saying which.
    #[must_use]
    pub const fn claims_mfa(&self) -> bool {
        self.claims_mfa
    }

    /// Whether the methods say that there was more than one factor: `mfa`, or methods of two kinds out of what one knows,
    /// holds and is.
    #[must_use]
    pub fn is_multi_factor(&self) -> bool {
        let has = |kind: &[&str]| self.methods().any(|method| kind.contains(&method));
        let factors = [KNOWN, HELD, INHERENT].into_iter().filter(|kind| has(kind)).count();
        factors >= 2 || has(&["mfa"])
    }
}

fn named(field: &'static str, name: &str) -> Result<Arc<str>, Invalid> {
    if name.is_empty() || name.len() > 255 || !name.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Invalid::new(field, format!("holds {}", Invalid::quote(name)), EXPECTED));
    }
    Ok(name.into())
}

/// What makes a request one that nobody had to approve.
///
/// ```
/// use jit_access::model::{Emergency, RoleName, Ttl};
///
/// let lead = RoleName::new("lead")?;
/// let drill = Emergency {
///     drill: true, sign_in: None, skipped: vec![lead.clone()], reviewer_roles: vec![lead], review_within: Ttl::from_hours(24.0)?,
/// };
/// assert!(drill.drill);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emergency {
    /// Whether it is an exercise. The access is real; everything about it is marked.
    pub drill: bool,
    /// How the requester had signed in.
    pub sign_in: Option<SignIn>,
    /// The host's roles of which one would otherwise have had to approve.
    pub skipped: Vec<RoleName>,
    /// The host's roles of which one has to review it afterwards.
    pub reviewer_roles: Vec<RoleName>,
    /// How long after the grant's end that has to be done.
    pub review_within: Ttl,
}

/// What a grant without approval owes: a review by somebody else once it is over.
///
/// ```
/// use jit_access::model::{BreakGlass, ReviewStatus, RoleName};
///
/// let due = "2026-12-02T10:00:00Z".parse()?;
/// let owed = BreakGlass { drill: false, reviewer_roles: vec![RoleName::new("lead")?], review_due: due, closed: None, overdue_noted: false };
/// assert_eq!(owed.review("2026-12-02T09:59:59.999Z".parse()?), ReviewStatus::Required);
/// assert_eq!(owed.review(due), ReviewStatus::Overdue);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakGlass {
    /// Whether it was an exercise.
    pub drill: bool,
    /// The host's roles of which one has to review it.
    pub reviewer_roles: Vec<RoleName>,
    /// From this instant on the review is overdue.
    pub review_due: Timestamp,
    /// How the review ended, once it has.
    pub closed: Option<ClosedReview>,
    /// That the journal says that the review is overdue.
    pub overdue_noted: bool,
}

impl BreakGlass {
    /// What the review is at `now`. Time decides it by comparison.
    #[must_use]
    pub fn review(&self, now: Timestamp) -> ReviewStatus {
        match &self.closed {
            Some(ClosedReview { outcome: ReviewOutcome::Waived(_), .. }) => ReviewStatus::Waived,
            Some(_) => ReviewStatus::Done,
            None if self.overdue_noted || now >= self.review_due => ReviewStatus::Overdue,
            None => ReviewStatus::Required,
        }
    }
}

/// How a review afterwards ended.
///
/// ```
/// use jit_access::model::{Actor, ClosedReview, Justification, Principal, ReviewOutcome};
///
/// let outcome = ReviewOutcome::Justified(Justification::new("INC-7, all calls fit")?);
/// let by = Actor::Principal(Principal::user("lead@example.com")?);
/// let closed = ClosedReview { at: "2026-12-01T12:00:00Z".parse()?, by, outcome };
/// assert_eq!(closed.outcome.text().as_str(), "INC-7, all calls fit");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedReview {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
    /// With what outcome.
    pub outcome: ReviewOutcome,
}

/// What a review found. Complete on purpose.
///
/// ```
/// use jit_access::model::{Justification, ReviewOutcome};
///
/// assert_eq!(ReviewOutcome::Unjustified(Justification::new("no incident")?).name(), "unjustified");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviewOutcome {
    /// The emergency was one, and the access fitted it.
    Justified(Justification),
    /// It was not, or it did not.
    Unjustified(Justification),
    /// Nobody looked, for a reason on record.
    Waived(Justification),
}

impl ReviewOutcome {
    /// The name on the wire.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Justified(_) => "justified",
            Self::Unjustified(_) => "unjustified",
            Self::Waived(_) => "waived",
        }
    }

    /// In which words.
    #[must_use]
    pub const fn text(&self) -> &Justification {
        match self {
            Self::Justified(text) | Self::Unjustified(text) | Self::Waived(text) => text,
        }
    }
}

/// What a review afterwards is at an instant. Complete on purpose.
///
/// ```
/// use jit_access::model::ReviewStatus;
///
/// assert!(ReviewStatus::Overdue.is_open() && !ReviewStatus::Waived.is_open());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReviewStatus {
    /// Somebody has to look.
    Required,
    /// Somebody should have looked by now.
    Overdue,
    /// Somebody looked.
    Done,
    /// Nobody has to look any more.
    Waived,
}

impl ReviewStatus {
    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Overdue => "overdue",
            Self::Done => "done",
            Self::Waived => "waived",
        }
    }

    /// Whether it still has to be done.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Required | Self::Overdue)
    }
}
