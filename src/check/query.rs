//! What is checked, and how: the one parameter of a check.

use std::hint::black_box;

use crate::model::{Context, Invalid, PrincipalKind, Query, RawQuery, is_plain_principal};

/// One check: who wants to do what to which resource, what the host knows besides, and how to answer.
///
/// It borrows all of it and allocates nothing. Text is not read here but during the check, and then no more of it than the
/// answer needs: see [`super::Decider::check`].
///
/// ```
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let decider = world::engine()?.decider();
/// use jit_access::check::Check;
/// use jit_access::model::{Outcome, PrincipalKind};
///
/// let check = Check::text((PrincipalKind::User, "dev@example.com"), "tools.execute", Some("tool:deploy"), None);
/// assert_eq!(decider.check(&check)?.outcome, Outcome::NotApplicable);
/// // From everything that any process has committed, and without recording a use.
/// assert_eq!(decider.check(&check.current().peek())?.outcome, Outcome::NotApplicable);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
#[must_use = "a check answers nothing before a decider gets it"]
pub struct Check<'a> {
    subject: Subject<'a>,
    context: Option<&'a Context>,
    current: bool,
    peek: bool,
}

#[derive(Debug, Clone, Copy)]
enum Subject<'a> {
    Values(Query<'a>),
    Text { principal: (PrincipalKind, &'a str), action: &'a str, resource: Option<&'a str>, parent: Option<&'a str> },
}

impl<'a> Check<'a> {
    /// A check of values.
    #[inline]
    pub const fn new(query: Query<'a>) -> Self {
        Self::of(Subject::Values(query))
    }

    /// A check of text. The resource is written `tool:deploy`, and its parent in the same way; without a resource the check is
    /// about everything at once.
    #[inline]
    pub const fn text(
        principal: (PrincipalKind, &'a str),
        action: &'a str,
        resource: Option<&'a str>,
        parent: Option<&'a str>,
    ) -> Self {
        Self::of(Subject::Text { principal, action, resource, parent })
    }

    #[inline]
    const fn of(subject: Subject<'a>) -> Self {
        Self { subject, context: None, current: false, peek: false }
    }

    /// The same check with what the host knows about the sign-in, the address and the session. Only grants with conditions
    /// look at it.
    #[inline]
    pub const fn context(self, context: &'a Context) -> Self {
        Self { context: Some(context), ..self }
    }

    /// The same check, answered from everything committed before the call by any process that shares the store. For hosts of
    /// several processes that want a revocation in one to hold in all of them at the next check. Costs microseconds.
    #[inline]
    pub const fn current(self) -> Self {
        Self { current: true, ..self }
    }

    /// The same check without recording a use: for hosts that only show what would be allowed.
    #[inline]
    pub const fn peek(self) -> Self {
        Self { peek: true, ..self }
    }

    #[inline]
    pub(super) const fn is_current(&self) -> bool {
        self.current
    }

    #[inline]
    pub(super) const fn is_peek(&self) -> bool {
        self.peek
    }

    /// The kind and the name of the principal, if the name is in its canonical form and that can be seen at once.
    #[inline]
    pub(super) fn plain_principal(&self) -> Option<(PrincipalKind, &'a str)> {
        match self.subject {
            Subject::Values(Query { principal, .. }) => Some((principal.kind(), principal.id())),
            Subject::Text { principal: (kind, name), .. } => {
                is_plain_principal(name.as_bytes()).then_some((kind, name))
            }
        }
    }

    /// All of it, read, when this is what [`Check::plain_principal`] answered, and the rest is as plain.
    #[inline(always)]
    pub(super) fn read_plain(&self, principal: (PrincipalKind, &'a str)) -> Option<RawQuery<'a>> {
        let query = match self.subject {
            Subject::Values(query) => query.into(),
            Subject::Text { action, resource, parent, .. } => RawQuery::plain(principal, action, resource, parent)?,
        };
        Some(match self.context {
            Some(context) => query.given(context),
            None => query,
        })
    }

    /// Has the processor fetch the text that is read next.
    #[inline]
    pub(super) fn fetch(&self) {
        if let Subject::Text { action, resource, parent, .. } = self.subject {
            for text in [Some(action), resource, parent].into_iter().flatten() {
                black_box(text.as_bytes().first().copied());
            }
        }
    }

    /// All of it, read.
    pub(super) fn read(&self) -> Result<RawQuery<'a>, Invalid> {
        self.with_context(match self.subject {
            Subject::Values(query) => query.into(),
            Subject::Text { principal, action, resource, parent } => {
                RawQuery::new(principal, action, resource, parent)?
            }
        })
    }

    #[inline]
    fn with_context(&self, query: RawQuery<'a>) -> Result<RawQuery<'a>, Invalid> {
        Ok(match self.context {
            Some(context) => query.given(context),
            None => query,
        })
    }
}

impl<'a> From<Query<'a>> for Check<'a> {
    fn from(query: Query<'a>) -> Self {
        Self::new(query)
    }
}
