//! Keys of the Cedar policies and their schema.

use super::Kind::{FileOnly, List, Plain, Text};
use super::{Table, key};

pub(super) const TABLES: &[Table] = &[(
    "policy",
    &[
        key(
            "workflow_policy.path",
            Text,
            "",
            "A file of Cedar policies that define who may do what. They replace the shipped ones.",
        ),
        key("workflow_policy.text", FileOnly, "", "The same policies, written in place. Set this key or `path`."),
        key("workflow_policy.keep_shipped", Plain, "false", "`true`: your policies are added to the shipped ones."),
        key(
            "schema.path",
            Text,
            "",
            "A file with a Cedar schema of your resource kinds. Without a schema, any kind may be requested.",
        ),
        key("schema.text", FileOnly, "", "The same schema, written in place. Set one of the three keys."),
        key("schema.shipped", Text, "", "`contextforge`: the kinds and actions of the ContextForge gateway."),
        key(
            "guardrails.path",
            Text,
            "",
            "A file of Cedar policies that no grant overrides. It is read again when it changes; an invalid one changes nothing.",
        ),
        key("guardrails.text", FileOnly, "", "The same policies, written in place. Set this key or `path`."),
        key(
            "guardrails.ready",
            List,
            "",
            "Built-in sets: `mac-strict` and `mac-relaxed`, mandatory access control with the strong and the relaxed star property.",
        ),
        key(
            "guardrails.max_entity_age_seconds",
            Plain,
            "0",
            "How old the host's entities may be before no grant is honoured. 0: no entities are expected.",
        ),
        key(
            "standing_policies.path",
            Text,
            "",
            "A file of Cedar policies that define what is allowed without a grant, for hosts that take the complete decision from `authorize`.",
        ),
        key(
            "invariants.path",
            Text,
            "",
            "A file of Cedar forbids that are evaluated for requests and not for checks: what must never become possible. Approvers see what a request would break.",
        ),
        key("invariants.text", FileOnly, "", "The same rules, written in place. Set this key or `path`."),
        key(
            "policy_tests.path",
            Text,
            "",
            "A file of tests of these policies, each with the expected decision. Nothing starts while one fails. See `jit test-policies`.",
        ),
        key("standing_policies.text", FileOnly, "", "The same policies, written in place. Set this key or `path`."),
    ],
)];
