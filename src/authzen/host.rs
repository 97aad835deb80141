//! The host's knowledge of people, and its own decisions.

use super::question::{Entity, Question, Wanted};
use super::reply::HostError;
use crate::model::{Caller, Principal};

/// The host's knowledge of people, and its own decisions.
///
/// It is called while a caller waits. For an agent, `person` is the person that it acts for.
///
/// ```
/// use jit_access::authzen::{Host, HostError};
/// use jit_access::model::{Caller, Principal, RoleName};
///
/// struct Staff;
/// impl Host for Staff {
///     fn caller(&self, principal: &Principal, _: Option<&Principal>) -> Result<Option<Caller>, HostError> {
///         let role = RoleName::new("engineer").map_err(|error| HostError(error.to_string()))?;
///         Ok(principal.id().ends_with("@example.com").then(|| Caller::new(principal.clone(), vec![role])))
///     }
/// }
/// assert!(Staff.caller(&Principal::user("eve@example.org")?, None)?.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Host {
    /// Returns the host's data of this principal: roles, standing permissions, sign-in. `None` for an unknown
    /// principal: then nothing can be requested. None of this data is read from a call.
    ///
    /// # Errors
    /// When it cannot answer now.
    fn caller(&self, principal: &Principal, person: Option<&Principal>) -> Result<Option<Caller>, HostError>;

    /// The same for all of these, in their order: for a host where each call is costly.
    ///
    /// # Errors
    /// When it cannot answer now.
    fn callers(&self, asked: &[(&Principal, Option<&Principal>)]) -> Result<Vec<Option<Caller>>, HostError> {
        asked.iter().map(|(principal, person)| self.caller(principal, *person)).collect()
    }

    /// The host's own decision, which applies when no grant does. `None` leaves it to the standing permissions of
    /// [`Host::caller`].
    ///
    /// # Errors
    /// When it cannot answer now.
    fn base(&self, question: &Question) -> Result<Option<bool>, HostError> {
        let _ = question;
        Ok(None)
    }

    /// The host's own decisions for all of these questions, in their order: for a host where each call is costly.
    ///
    /// # Errors
    /// When it cannot answer now.
    fn bases(&self, questions: &[&Question]) -> Result<Vec<Option<bool>>, HostError> {
        questions.iter().map(|question| self.base(question)).collect()
    }

    /// Returns candidates of a search in addition to those that grants name: subjects, resources, or actions as
    /// entities with the name as id. Each is evaluated before it is returned.
    ///
    /// # Errors
    /// When it cannot answer now.
    fn candidates(&self, question: &Question, wanted: Wanted) -> Result<Vec<Entity>, HostError> {
        let _ = (question, wanted);
        Ok(Vec::new())
    }
}
