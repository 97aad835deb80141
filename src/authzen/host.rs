//! What the host says of people, and its own answer.

use super::question::{Entity, Question, Wanted};
use super::reply::HostError;
use crate::model::{Caller, Principal};

/// What the host says of people, and its own answer.
///
/// It is asked while a caller waits. Of an agent, `person` is the one that it acts for.
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
    /// Who this principal is to the host: roles, standing permissions, how they signed in. `None` for somebody whom it does
    /// not know: then nothing can be asked for. Nothing of it is read from a call.
    ///
    /// # Errors
    /// When it cannot say now.
    fn caller(&self, principal: &Principal, person: Option<&Principal>) -> Result<Option<Caller>, HostError>;

    /// The same of all of these, in their order: for a host to whom each call costs something.
    ///
    /// # Errors
    /// When it cannot say now.
    fn callers(&self, asked: &[(&Principal, Option<&Principal>)]) -> Result<Vec<Option<Caller>>, HostError> {
        asked.iter().map(|(principal, person)| self.caller(principal, *person)).collect()
    }

    /// The host's own answer, which stands where no grant speaks. `None` leaves it to the standing permissions of
    /// [`Host::caller`].
    ///
    /// # Errors
    /// When it cannot say now.
    fn base(&self, question: &Question) -> Result<Option<bool>, HostError> {
        let _ = question;
        Ok(None)
    }

    /// The host's own answers to all of these questions, in their order: for a host to whom each call costs something.
    ///
    /// # Errors
    /// When it cannot say now.
    fn bases(&self, questions: &[&Question]) -> Result<Vec<Option<bool>>, HostError> {
        questions.iter().map(|question| self.base(question)).collect()
    }

    /// What a search should look at besides what grants name: subjects, resources, or actions as entities whose id is the
    /// name. Each is evaluated before it is told.
    ///
    /// # Errors
    /// When it cannot say now.
    fn candidates(&self, question: &Question, wanted: Wanted) -> Result<Vec<Entity>, HostError> {
        let _ = (question, wanted);
        Ok(Vec::new())
    }
}
