//! How facts, requests and grants are written down.
//!
//! Databases and auditors keep these forms for years, so they are separate from the domain types: renaming a field
//! there changes no stored file. A released form is never changed, only followed by a later version. Reading uses the
//! model's constructors, so a tampered row cannot become an invalid value.
//!
//! | file | question |
//! |---|---|
//! | `event` | one fact |
//! | `request` | an access request, and what changes in one |
//! | `review` | reviews with their cuts, and answers of requesters |
//! | `approval` | approval steps, and the capacity of a reviewer |
//! | `delegation` | a delegation |
//! | `details` | details of a request for people |
//! | `assessment` | what a request would newly permit, and its risk |
//! | `grant` | a grant |
//! | `conditions` | conditions checked at every use |
//! | `standing` | the standing rights of a principal |
//! | `break_glass` | break-glass access, and the review that it needs |
//! | `used` | one use of a grant, and its canonical text |
//! | `use_details` | additional data in the record of a use |
//! | `refused` | the refused attempts of a session |
//! | `alert` | an alert |
//! | `proof` | the verdict of a solver about a request |
//! | `parts` | principals, actors, sets of permissions |

mod alert;
mod approval;
mod assessment;
mod break_glass;
mod conditions;
mod delegation;
mod details;
mod event;
mod grant;
mod parts;
mod proof;
mod refused;
mod request;
mod review;
mod standing;
mod use_details;
mod used;

pub use delegation::StoredDelegation;
pub use event::StoredEvent;
pub use grant::StoredGrant;
pub use request::StoredRequest;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) use request::state_name;
pub use standing::StoredStanding;
pub(super) use used::write_said;
