//! Acknowledge an alert.

use super::define::command;
use crate::model::{AlertId, Justification};

command! {

    /// Acknowledge an alert, with your finding on record.
    AcknowledgeAlert = "acknowledge_alert",
    answers: Alert,
    action: HandleAlert,
    http: POST "/alerts/{id}/acknowledge" 200,
    example: r#"{"reason": "asked her; a migration script"}"#,
    fields: {
        /// The alert.
        alert: AlertId,
        /// What you found.
        reason: Justification,
    },
}
