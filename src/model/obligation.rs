//! What a host must do in addition to an allow, or before it asks again.

use super::Invalid;

/// One thing that a host has to do.
///
/// ```
/// use jit_access::model::Obligation;
///
/// assert_eq!(Obligation::ALL.map(Obligation::name), ["step_up", "notify", "record_arguments"]);
/// assert_eq!("step_up".parse(), Ok(Obligation::StepUp));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Obligation {
    /// Have the principal sign in again with a second factor. With a deny: the answer may be another one then.
    StepUp,
    /// Notify the people who watch.
    Notify,
    /// Keep the arguments of the call in the host's own record.
    RecordArguments,
}

impl Obligation {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::StepUp, Self::Notify, Self::RecordArguments];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::StepUp => "step_up",
            Self::Notify => "notify",
            Self::RecordArguments => "record_arguments",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl std::str::FromStr for Obligation {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|one| one.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Invalid::new("obligation", format!("is {}", Invalid::quote(text)), format!("one of {names}"))
        })
    }
}

/// What a host must do; nothing by default.
///
/// ```
/// use jit_access::model::{Obligation, Obligations};
///
/// let both = Obligations::from_iter([Obligation::Notify, Obligation::StepUp]);
/// assert_eq!(both.names().collect::<Vec<_>>(), ["step_up", "notify"]);
/// assert!(Obligations::default().is_empty() && both.has(Obligation::Notify));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Obligations(u8);

impl Obligations {
    /// Nothing to do.
    pub const NONE: Self = Self(0);

    /// Whether there is nothing to do.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether this is to be done.
    #[must_use]
    pub const fn has(self, one: Obligation) -> bool {
        self.0 & one.bit() != 0
    }

    /// The obligations of both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Their names on the wire, in one order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Obligation::ALL.into_iter().filter(move |one| self.has(*one)).map(Obligation::name)
    }

    /// One bit for each, in the order of [`Obligation::ALL`].
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }
}

impl FromIterator<Obligation> for Obligations {
    fn from_iter<I: IntoIterator<Item = Obligation>>(all: I) -> Self {
        Self(all.into_iter().fold(0, |bits, one| bits | one.bit()))
    }
}
