//! Keys of the monitor and its alerts.

use super::Kind::{List, Plain};
use super::{Table, key};

pub(super) const TABLES: &[Table] = &[(
    "monitor",
    &[
        key("monitor.enabled", Plain, "false", "Whether alerts are raised."),
        key("monitor.off", List, "`first_use`, `use_after_pause`", "Kinds of alerts that are not raised."),
        key(
            "monitor.suspend_on",
            List,
            "",
            "Kinds of alerts that suspend their grant at once: `burst`, `first_destructive`, `outside_hours`, `outside_ticket`, `new_network`, `new_client`, `new_token`, `agent_loop`, `probing` under a grant, `break_glass_again`, `drill_in_production`. Nothing is revoked.",
        ),
        key("monitor.history_days", Plain, "30", "How many days of the journal say what is usual."),
        key("monitor.pause_hours", Plain, "2", "`use_after_pause`: after how long without a use."),
        key("monitor.burst_uses", Plain, "20", "`burst`: fewer uses in an hour never are one."),
        key(
            "monitor.burst_one_in",
            Plain,
            "1000000",
            "`burst`: as improbable as one in so many, by a Poisson distribution around what is usual in an hour.",
        ),
        key(
            "monitor.burst_without_history",
            Plain,
            "300",
            "`burst`: as many uses in two minutes, where nothing is known of what is usual.",
        ),
        key(
            "monitor.destructive",
            List,
            "`delete`, `drop`, `admin` and others",
            "`first_destructive`: the last words of permissions that destroy or administer, such as `delete` for `tools.delete`.",
        ),
        key("monitor.loop_calls", Plain, "60", "`agent_loop`: as many equal calls of an agent in a minute."),
        key("monitor.probing_refusals", Plain, "10", "`probing`: as many refused commands in ten minutes; at most 20."),
        key(
            "monitor.probing_calls",
            Plain,
            "30",
            "`probing`: as many refused calls of the holder of a live grant in ten minutes.",
        ),
        key("monitor.quick_approvals", Plain, "10", "`quick_approver`: as many approvals in a row; at most 20."),
        key("monitor.quick_seconds", Plain, "10", "`quick_approver`: each within so many seconds of the request."),
        key(
            "monitor.pair_approvals",
            Plain,
            "8",
            "`same_pair`: as many approvals of one person in a row by one approver; at most 20.",
        ),
        key(
            "monitor.fatigue_reviews",
            Plain,
            "20",
            "`approver_fatigue`: fewer reviews by one person in an hour never are too many.",
        ),
        key(
            "monitor.break_glass_days",
            Plain,
            "7",
            "`break_glass_again`: access without approval twice within so many days.",
        ),
        key(
            "monitor.store_slow_ms",
            Plain,
            "1000",
            "`store_slow`: how long the store may take to answer, three times in a row.",
        ),
    ],
)];
