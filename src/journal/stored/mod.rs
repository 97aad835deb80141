//! How facts, requests and grants are written down.
//!
//! These forms are what databases and auditors keep for years, so they are apart from the domain types: a field renamed
//! there breaks nobody's file. A form that has been released is never changed, only followed by a later version.
//! Reading parses through the model's constructors, so a row that was tampered with cannot become an impossible value.
//!
//! | file | question |
//! |---|---|
//! | `event` | one fact |
//! | `request` | an access request, and what changes in one |
//! | `review` | what reviewers said and took off; what requesters answered |
//! | `approval` | who has to say yes, and in which capacity somebody reviewed |
//! | `delegation` | a delegation |
//! | `details` | what a request says for people |
//! | `assessment` | what a request would newly permit, and how risky it is |
//! | `grant` | a grant |
//! | `conditions` | what is checked at each use |
//! | `standing` | what the host says of somebody |
//! | `break_glass` | access without approval, and the review it owes |
//! | `used` | one use of a grant, and its canonical text |
//! | `use_details` | what the record of a use says besides |
//! | `refused` | what was refused in a session |
//! | `alert` | an alert |
//! | `proof` | what a solver said of a request |
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
