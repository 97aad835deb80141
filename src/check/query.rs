//! The parameter of a check: what is checked, and how.

use std::hint::black_box;

use crate::model::{Context, Invalid, PrincipalKind, Query, RawQuery, is_plain_principal};

/// One check: principal, action, resource and context, and how it is answered.
///
/// It borrows everything and allocates nothing. Text is parsed during the check, and only as far as the answer needs
/// it: see [`super::Decider::check`].
///
/// ```
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let decider = world::engine()?.decider();
/// use jit_access::check::Check;
/// use jit_access::model::{Outcome, PrincipalKind};
///
/// let check = Check::text((PrincipalKind::User, "dev@example.com"), "tools.execute", Some("tool:deploy"), None);
/// assert_eq!(decider.check(&check)?.outcome, Outcome::NotApplicable);
/// // With everything that any process has committed, and without recording a use.
/// assert_eq!(decider.check(&check.current().peek())?.outcome, Outcome::NotApplicable);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
#[must_use = "a check does nothing until it is passed to a decider"]
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

    /// A check of text. The resource and its parent are written like `tool:deploy`; a check without a resource is about
    /// all resources at once.
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

    /// The same check with a context: sign-in, address and session. Only grants with conditions read it.
    #[inline]
    pub const fn context(self, context: &'a Context) -> Self {
        Self { context: Some(context), ..self }
    }

    /// The same check, answered with everything that any process of the store committed before the call. For hosts with
    /// several processes: a revocation in one of them is then in force in all of them at the next check. It costs
    /// microseconds.
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

    /// The kind and the name of the principal, if a fast test shows that the name is in its canonical form.
    #[inline]
    pub(super) fn plain_principal(&self) -> Option<(PrincipalKind, &'a str)> {
        match self.subject {
            Subject::Values(Query { principal, .. }) => Some((principal.kind(), principal.id())),
            Subject::Text { principal: (kind, name), .. } => {
                is_plain_principal(name.as_bytes()).then_some((kind, name))
            }
        }
    }

    /// The parsed query, if this principal is the answer of [`Check::plain_principal`] and a fast test accepts the rest
    /// too.
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

    /// Prefetches the text that is read next.
    #[inline]
    pub(super) fn fetch(&self) {
        if let Subject::Text { action, resource, parent, .. } = self.subject {
            for text in [Some(action), resource, parent].into_iter().flatten() {
                black_box(text.as_bytes().first().copied());
            }
        }
    }

    /// The parsed query.
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
