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
        key("monitor.history_days", Plain, "30", "How many days of the journal define what is normal."),
        key("monitor.pause_hours", Plain, "2", "`use_after_pause`: after how long without a use."),
        key("monitor.burst_uses", Plain, "20", "`burst`: fewer uses in an hour are never a burst."),
        key(
            "monitor.burst_one_in",
            Plain,
            "1000000",
            "`burst`: as improbable as one in this number, by a Poisson distribution around the normal hourly count.",
        ),
        key(
            "monitor.burst_without_history",
            Plain,
            "300",
            "`burst`: this many uses in two minutes, when there is no history.",
        ),
        key(
            "monitor.destructive",
            List,
            "`delete`, `drop`, `admin` and others",
            "`first_destructive`: the last words of permissions that destroy or administer, such as `delete` for `tools.delete`.",
        ),
        key("monitor.loop_calls", Plain, "60", "`agent_loop`: this many equal calls of an agent in a minute."),
        key(
            "monitor.probing_refusals",
            Plain,
            "10",
            "`probing`: this many refused commands in ten minutes; at most 20.",
        ),
        key(
            "monitor.probing_calls",
            Plain,
            "30",
            "`probing`: this many refused calls of the holder of a live grant in ten minutes.",
        ),
        key("monitor.quick_approvals", Plain, "10", "`quick_approver`: this many approvals in a row; at most 20."),
        key("monitor.quick_seconds", Plain, "10", "`quick_approver`: each within this many seconds of the request."),
        key(
            "monitor.pair_approvals",
            Plain,
            "8",
            "`same_pair`: this many approvals of one person in a row by one approver; at most 20.",
        ),
        key(
            "monitor.fatigue_reviews",
            Plain,
            "20",
            "`approver_fatigue`: fewer reviews by one person in an hour are never too many.",
        ),
        key("monitor.break_glass_days", Plain, "7", "`break_glass_again`: break-glass twice within this many days."),
        key(
            "monitor.store_slow_ms",
            Plain,
            "1000",
            "`store_slow`: how long the store may take to answer, three times in a row.",
        ),
    ],
)];
