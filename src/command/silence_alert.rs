//! Silence an alert.

use super::define::command;
use crate::model::{AlertId, Justification, Ttl};

command! {

    /// Silence an alert: nothing of its kind is raised about the same principal or grant for some time.
    ///
    /// What happens meanwhile stays in the journal.
    SilenceAlert = "silence_alert",
    answers: Alert,
    action: HandleAlert,
    http: POST "/alerts/{id}/silence" 200,
    example: r#"{"duration_hours": 8, "reason": "load test until the evening"}"#,
    fields: {
        /// The alert.
        alert: AlertId,
        /// For how many hours.
        duration as "duration_hours": Ttl,
        /// Why.
        reason: Justification,
    },
}
