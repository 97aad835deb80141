//! Grants as Cedar policies.
//!
//! A grant *is* a policy: the index answers fast, and this module defines the right answer. Every policy is built from
//! values through Cedar's typed syntax tree, never from pasted text, so an id full of quotes stays an id. Every policy
//! contains its own time: it applies while `context.now` is in the grant's window and needs no cleanup.
//!
//! | file | question |
//! |---|---|
//! | `bound` | the most that a grant may permit, for proofs |
//! | `error` | errors of policies, with the grant |
//! | `vocabulary` | the Cedar names of the model |
//! | `schema` | types and actions, and validation of policies |
//! | `translate` | a grant as a policy |
//! | `export` | all live grants as text |
//! | `evaluate` | evaluating policies with Cedar |
//! | `seen` | the request and the entities that policies see |
//! | `reach` | possible questions, and which rules a proposal would break |
//! | `scoped` | selecting the policies that can decide a request |
//! | `text` | reading the policies in a text of an operator |
//! | `guardrails` | the operator's policies above every grant |
//! | `shipped` | built-in sets of guardrails |
//! | `standing` | what is permitted or forbidden without a grant |
//!
//! ```
//! use jit_access::model::*;
//! use jit_access::policy::{self, Schema};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (start, later): (Timestamp, Timestamp) = ("2026-12-01T09:00:00Z".parse()?, "2026-12-01T13:00:00Z".parse()?);
//! let (dev, lead) = (Principal::user("dev@example.com")?, Principal::user("lead@example.com")?);
//! let permissions = PermissionSet::new([Permission::new("invoices.*")?])?;
//! let (id, request) = (GrantId::from_u128(1), RequestId::from_u128(1));
//! let (role, window) = (RoleName::new("billing-support")?, Window::new(start, later)?);
//! let grant = Grant::new(id, request, dev, role, permissions, window, Actor::Principal(lead))
//!     .scope(Scope::one("customer", "acme")?);
//!
//! let schema = Schema::parse("entity Customer; entity Invoice in [Customer];")?;
//! schema.with(grant.permissions.allowed(), [])?.check(&grant)?;
//! let query = Query {
//!     principal: &grant.holder,
//!     action: &Action::new("invoices.pay")?,
//!     resource: &Resource::new("invoice", "2026-17")?.with_parent("customer:acme".parse()?)?,
//! };
//! let policies = policy::policies([&grant])?;
//! assert_eq!(policy::authorize(&policies, &query, start)?.outcome, Outcome::Allow);
//! assert_eq!(policy::authorize(&policies, &query, later)?.outcome, Outcome::NotApplicable);
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "proof")]
mod bound;
mod error;
mod evaluate;
mod export;
mod guardrails;
mod reach;
mod schema;
mod scoped;
mod seen;
mod shipped;
mod standing;
pub(crate) mod text;
mod translate;
mod vocabulary;

#[cfg(test)]
mod tests;

#[cfg(feature = "proof")]
pub(crate) use bound::{bound, turned};
pub use error::PolicyError;
pub(crate) use error::reason;
pub use evaluate::{Answer, Attributes, authorize, authorize_with};
pub use export::export;
pub use guardrails::Guardrails;
pub(crate) use guardrails::Judged;
pub use reach::Invariants;
pub(crate) use reach::fewest;
pub use schema::Schema;
pub(crate) use scoped::{BESIDE, Beside};
pub use scoped::{PolicyAnswer, ScopedPolicies};
pub use seen::HostEntities;
pub(crate) use seen::{Extra, Seen, seen};
pub use shipped::{shipped_guardrail_names, shipped_guardrails};
pub use standing::StandingPolicies;
pub use translate::{policies, translate};
