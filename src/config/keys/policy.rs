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
            "A file of Cedar policies that say who may do what. They replace the shipped ones.",
        ),
        key("workflow_policy.text", FileOnly, "", "The same policies, written in place. Set this key or `path`."),
        key("workflow_policy.keep_shipped", Plain, "false", "`true`: your policies are added to the shipped ones."),
        key(
            "schema.path",
            Text,
            "",
            "A file with a Cedar schema of your kinds of resource. Without a schema, any kind may be requested.",
        ),
        key("schema.text", FileOnly, "", "The same schema, written in place. Set one of the three keys."),
        key("schema.shipped", Text, "", "`contextforge`: the kinds and actions of the ContextForge gateway."),
        key(
            "guardrails.path",
            Text,
            "",
            "A file of Cedar policies that no grant overrides. It is read again when it changes; one that is wrong changes nothing.",
        ),
        key("guardrails.text", FileOnly, "", "The same policies, written in place. Set this key or `path`."),
        key(
            "guardrails.ready",
            List,
            "",
            "Ready sets: `mac-strict` and `mac-relaxed`, mandatory access control with the strong and the relaxed star property.",
        ),
        key(
            "guardrails.max_entity_age_seconds",
            Plain,
            "0",
            "How old what the host has told of its people and things may be before no grant is honoured. 0: nothing is expected of the host.",
        ),
        key(
            "standing_policies.path",
            Text,
            "",
            "A file of Cedar policies that say what is allowed without a grant, for hosts whose whole decision is asked of `authorize`.",
        ),
        key(
            "invariants.path",
            Text,
            "",
            "A file of Cedar forbids that are asked of a request and of no check: what must never newly be possible. Approvers see what it would break.",
        ),
        key("invariants.text", FileOnly, "", "The same rules, written in place. Set this key or `path`."),
        key(
            "policy_tests.path",
            Text,
            "",
            "A file of sentences about these policies, each with what the answer must be. Nothing starts while one does not hold. See `jit test-policies`.",
        ),
        key("standing_policies.text", FileOnly, "", "The same policies, written in place. Set this key or `path`."),
    ],
)];
