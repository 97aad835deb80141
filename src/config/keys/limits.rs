//! Keys of what bounds a request: extensions, limits, agents and risk.

use super::Kind::{List, Plain, Text};
use super::{Table, key};

pub(super) const TABLES: &[Table] = &[
    (
        "extensions",
        &[
            key("auto_extend", Plain, "false", "The holder extends a grant without an approval; this is recorded."),
            key("max_extensions", Plain, "1", "How often a grant can be extended, by any approver."),
            key(
                "max_total_duration_hours",
                Plain,
                "`max_duration_hours`, times `max_extensions` + 1",
                "The longest time that a grant and its extensions last together.",
            ),
        ],
    ),
    (
        "limits",
        &[
            key(
                "limits.grants_per_person",
                Plain,
                "",
                "The most live grants of one person; 0 means no limit, here and below.",
            ),
            key("limits.grants_total", Plain, "", "The most live grants of all persons together."),
            key("limits.open_requests_per_person", Plain, "50", "The most pending requests of one person."),
            key("limits.requests_per_hour", Plain, "100", "The most requests of one person in an hour."),
            key(
                "limits.open_delegations_per_person",
                Plain,
                "20",
                "The most current and future delegations by one person.",
            ),
        ],
    ),
    (
        "agents",
        &[
            key(
                "agents.require_person",
                Plain,
                "true",
                "An agent may request only on behalf of a person, who is accountable for what it does.",
            ),
            key(
                "agents.may_review",
                Plain,
                "false",
                "Agents with reviewer roles may review requests on behalf of a person; never their own or those of their person.",
            ),
            key(
                "agents.requests_per_hour",
                Plain,
                "20",
                "The most requests of all agents of one person in an hour; 0 means no limit, here and below. At most 100.",
            ),
            key("agents.open_requests", Plain, "5", "The most pending requests of all agents of one person."),
            key(
                "agents.denials",
                Plain,
                "3",
                "After this many denials in a row, agents of that person may not request anything for a while.",
            ),
            key("agents.pause_minutes", Plain, "60", "For how long; 1 to 1440."),
        ],
    ),
    (
        "risk",
        &[
            key(
                "risk.production",
                List,
                "",
                "Resources that count as production, such as `server:shop` or `tool@server:shop`.",
            ),
            key(
                "risk.working_hours",
                Text,
                "",
                "Such as `08:00-18:00` (every day, UTC) or `Mon-Fri 08:00-18:00 Europe/Berlin`. A grant that begins outside has a higher risk.",
            ),
        ],
    ),
];
