//! Which keys there are, and what each means.
//!
//! This is the one place where a key is described: the tables of docs/configuration.md are made from it.

use self::Kind::{FileOnly, List, Plain, Text};

/// How the text of a variable becomes a value.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Kind {
    /// A number or a flag.
    Plain,
    /// Text, whatever it looks like.
    Text,
    /// A list, in YAML or with commas.
    List,
    /// Only in the file.
    FileOnly,
}

/// One key of the configuration, in the words of docs/configuration.md.
///
/// ```
/// use jit_access::config::Config;
///
/// let key = Config::keys().find(|key| key.path == "limits.grants_total").ok_or("no such key")?;
/// assert_eq!(key.variable().as_deref(), Some("JIT_LIMITS__GRANTS_TOTAL"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Key {
    /// Where it stands below `jit_access`; `roles.x` is in each role, `approval.x` in each step.
    pub path: &'static str,
    pub(super) kind: Kind,
    /// The value when it is left out; empty: none.
    pub default: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

impl Key {
    /// The variable that sets it; `None` for a key that stands only in the file.
    #[must_use]
    pub fn variable(&self) -> Option<String> {
        let name = || format!("{PREFIX}{}", self.path.replace('.', "__").to_ascii_uppercase());
        (self.kind != FileOnly).then(name)
    }
}

/// What the name of a variable begins with.
pub(super) const PREFIX: &str = "JIT_";

const fn key(path: &'static str, kind: Kind, default: &'static str, meaning: &'static str) -> Key {
    Key { path, kind, default, meaning }
}

/// Every key, by the table of docs/configuration.md in which it stands.
const KEYS: &[(&str, &[Key])] = &[
    (
        "workflow",
        &[
            key("enabled", Plain, "true", "`false`: nobody can make a request, and no grant is honoured."),
            key("max_duration_hours", Plain, "8", "The longest grant of any role."),
            key("default_duration_hours", Plain, "1", "The length of a grant when the request names none."),
            key("require_justification", Plain, "true", "A request must have a `reason`."),
            key("require_ticket_url", Plain, "false", "A request must have a `ticket_url`."),
            key("approval_timeout_hours", Plain, "24", "How long a request waits for an answer before it expires."),
            key(
                "host_roles",
                List,
                "",
                "Roles of the host that no other key names. `conflicts_with` may name only roles that are known.",
            ),
            key("auditor_roles", List, "", "Roles of the host that may see everything and change nothing."),
            key(
                "reserved_permissions",
                List,
                "",
                "Permissions that no grant gives, even if a wildcard in it covers them.",
            ),
            key(
                "on_role_change",
                Text,
                "`keep`",
                "What becomes of live grants that give more than their role does now, because it was removed or narrowed: `keep` lets them go on to their end, `revoke` revokes them at the next start. Break-glass grants go on.",
            ),
        ],
    ),
    (
        "approval",
        &[
            key(
                "require_approval",
                Plain,
                "true",
                "`false`: every request is approved by this rule, and the record says so.",
            ),
            key("approver_roles", List, "", "Roles of the host that may approve and revoke, and that see everything."),
            key(
                "approval",
                FileOnly,
                "one approval by one of `approver_roles`",
                "The steps of an approval, for roles without steps of their own: a list.",
            ),
            key("approval.roles", FileOnly, "", "Of one step: the roles of which an approver must hold one."),
            key("approval.count", FileOnly, "1", "Of one step: how many different people must approve."),
            key(
                "approval.escalate_after_hours",
                FileOnly,
                "",
                "Of one step: when `escalate_to` may approve too, counted from the request.",
            ),
            key("approval.escalate_to", FileOnly, "", "Of one step: the roles that may approve too from then on."),
            key("auto_approve_for_roles", List, "", "Roles of the host whose holders are approved by this rule."),
            key(
                "auto_approve_max_hours",
                Plain,
                "the default length",
                "The longest grant that `auto_approve_for_roles` gives.",
            ),
            key(
                "never_auto_approve.roles",
                List,
                "",
                "Roles of the catalogue that no rule approves, whatever else is set.",
            ),
            key("never_auto_approve.resources", List, "", "Resources, such as `server:shop`, that no rule approves."),
            key(
                "never_auto_approve.risk_level",
                Text,
                "",
                "`low`, `medium`, `high` or `critical`: no rule approves a request with this risk or a higher one.",
            ),
        ],
    ),
    (
        "roles",
        &[
            key("roles", FileOnly, "", "What can be requested: a mapping from the name of a role to the keys below."),
            key(
                "roles.permissions",
                FileOnly,
                "",
                "What the role gives. Wildcards end in `.*` or `:*`; `*` is everything.",
            ),
            key(
                "roles.except_permissions",
                FileOnly,
                "",
                "What the role does not give, even if a wildcard in it covers it.",
            ),
            key("roles.description", FileOnly, "", "A text for people who read the file."),
            key(
                "roles.max_duration_hours",
                FileOnly,
                "the general one",
                "The longest grant of this role. The general `max_duration_hours` holds as well.",
            ),
            key(
                "roles.default_duration_hours",
                FileOnly,
                "the general one",
                "The length of a grant of this role when the request names none.",
            ),
            key("roles.approver_roles", FileOnly, "the general ones", "Roles of the host that may approve this role."),
            key("roles.approval", FileOnly, "the general one", "The steps of an approval for this role."),
            key(
                "roles.requestable_by",
                FileOnly,
                "anyone",
                "Roles of the host of which a requester must hold one, and go on holding one while the grant lives.",
            ),
            key(
                "roles.conflicts_with",
                FileOnly,
                "",
                "Roles that nobody should hold together with this one. Approvers are warned.",
            ),
            key("roles.conditions", FileOnly, "", "What is checked at each use of a grant of this role."),
        ],
    ),
    (
        "conditions",
        &[
            key(
                "roles.conditions.mfa_within_minutes",
                FileOnly,
                "",
                "1 to 1440: the principal signed in with a second factor at most so long ago (the claims `amr`, `acr` and `auth_time`, read as for break-glass).",
            ),
            key(
                "roles.conditions.networks",
                FileOnly,
                "",
                "The address of the caller lies in one of these networks, such as `10.0.0.0/8`.",
            ),
            key(
                "roles.conditions.max_uses",
                FileOnly,
                "",
                "How many uses there are, counted exactly over all threads and processes. With the last one the grant is `exhausted`.",
            ),
        ],
    ),
    (
        "extensions",
        &[
            key("auto_extend", Plain, "false", "The holder extends a grant without an approval; the record says so."),
            key("max_extensions", Plain, "1", "How often a grant can be extended, whoever approves."),
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
                "The most live grants of one person; 0 is no limit, here and below.",
            ),
            key("limits.grants_total", Plain, "", "The most live grants of everybody together."),
            key(
                "limits.open_requests_per_person",
                Plain,
                "50",
                "The most requests of one person that wait for an answer.",
            ),
            key("limits.requests_per_hour", Plain, "100", "The most requests of one person in an hour."),
            key(
                "limits.open_delegations_per_person",
                Plain,
                "20",
                "The most delegations by one person that are in force or still to come.",
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
                "An agent asks only on behalf of a person, who is accountable for what it does.",
            ),
            key(
                "agents.may_review",
                Plain,
                "false",
                "Agents with the roles of a reviewer review what others ask for; never what their own side asks for.",
            ),
            key(
                "agents.requests_per_hour",
                Plain,
                "20",
                "The most requests of all agents of one person in an hour; 0 is no limit, here and below. At most 100.",
            ),
            key(
                "agents.open_requests",
                Plain,
                "5",
                "The most requests of all agents of one person that wait for an answer.",
            ),
            key(
                "agents.denials",
                Plain,
                "3",
                "After so many denials one after the other, agents of that person ask for nothing for a while.",
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
                "Such as `08:00-18:00` (every day, UTC) or `Mon-Fri 08:00-18:00 Europe/Berlin`. A grant that begins outside of it is a higher risk.",
            ),
        ],
    ),
    (
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
            key(
                "monitor.probing_refusals",
                Plain,
                "10",
                "`probing`: as many refused commands in ten minutes; at most 20.",
            ),
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
    ),
    (
        "break_glass",
        &[
            key("break_glass.enabled", Plain, "false", "Whether access without approval is possible."),
            key(
                "break_glass.eligible_roles",
                List,
                "",
                "Roles of the host whose holders may take it. This key or the next one must be set.",
            ),
            key("break_glass.eligible_principals", List, "", "People who may take it."),
            key(
                "break_glass.even_never_auto_approve",
                Plain,
                "false",
                "`true`: an emergency may take what `never_auto_approve` names.",
            ),
            key("break_glass.roles", List, "all roles", "Which roles of the catalogue can be taken."),
            key(
                "break_glass.max_duration_hours",
                Plain,
                "1",
                "The longest grant. The limits of the role hold as well.",
            ),
            key(
                "break_glass.require_mfa",
                Plain,
                "true",
                "A second factor must be proven: by `amr` (RFC 8176: `mfa`, or methods of two kinds) or `acr`, and by `auth_time`.",
            ),
            key("break_glass.mfa_within_minutes", Plain, "15", "How long ago that sign-in may be."),
            key("break_glass.acr_values", List, "", "Authentication contexts (`acr`) that count as a second factor."),
            key(
                "break_glass.trust_mfa_flag",
                Plain,
                "false",
                "The host's flag `mfa` is enough, without `amr`, `acr` and `auth_time`.",
            ),
            key(
                "break_glass.reserved_permissions",
                List,
                "the general ones",
                "Which of the general `reserved_permissions` stay reserved in an emergency.",
            ),
            key(
                "break_glass.notify_security_team",
                Plain,
                "true",
                "A notice for the security team is written with the grant, and when a review is overdue.",
            ),
            key(
                "break_glass.reviewer_roles",
                List,
                "`approver_roles`",
                "Roles of the host of which one must review the use afterwards.",
            ),
            key(
                "break_glass.review_within_hours",
                Plain,
                "24",
                "When the review is overdue, counted from the end of the grant.",
            ),
            key(
                "break_glass.after_unjustified",
                Text,
                "none",
                "What follows when the review finds the use unjustified: `none`; `block`: no access without approval until a reviewer waives that review; `revoke_and_block`: the person's live grants end, too.",
            ),
        ],
    ),
    (
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
                "policy_tests.path",
                Text,
                "",
                "A file of sentences about these policies, each with what the answer must be. Nothing starts while one does not hold. See `jit test-policies`.",
            ),
            key("standing_policies.text", FileOnly, "", "The same policies, written in place. Set this key or `path`."),
        ],
    ),
    (
        "service",
        &[
            key(
                "store.type",
                Text,
                "memory; sqlite with a `path`; postgresql with a `url`",
                "`memory` (gone with the process), `sqlite` or `postgresql`.",
            ),
            key("store.path", Text, "", "The SQLite file. It is this library's own; keep it on a local disk."),
            key(
                "store.url",
                Text,
                "",
                "The PostgreSQL database: `postgresql://user:password@host:port/database`. To another machine the connection is encrypted and verified, unless the address says `sslmode=disable`; `sslrootcert` names the authority. PgBouncer may stand before it. The password is shown nowhere.",
            ),
            key("store.schema", Text, "jit_access", "PostgreSQL: the schema. It is made where it is not there."),
            key(
                "store.state_folder",
                Text,
                "",
                "PostgreSQL: a folder of this machine that keeps what was seen last, so that a database restored from an older backup is noticed at a start too: then no grant is honoured until `accept_store`.",
            ),
            key("store.busy_timeout_ms", Plain, "5000", "How long a write waits for another process that writes."),
            key(
                "service.max_staleness_ms",
                Plain,
                "2000",
                "How old the last proof may be that the store has nothing new, for a check that does not ask for the current state.",
            ),
            key(
                "service.cross_check_percent",
                Plain,
                "0",
                "How many of a hundred allows by grants are asked of Cedar too. Where it says no, the check does, and the alert `engines_differ` tells the whole question.",
            ),
            key(
                "service.time_source",
                Text,
                "host",
                "Whose time of day is believed: `host`, that of the machine, which has to agree with the others; or `database`, that of the server of a store in PostgreSQL, for every process of it. `health` and the metric `jit_clock_source` say which it is.",
            ),
            key(
                "service.max_clock_step_minutes",
                Plain,
                "360",
                "How far the clock may jump ahead before it is not believed: then no grant is honoured until it is set right, or `accept_clock` says that it is right.",
            ),
            key(
                "service.max_downtime_days",
                Plain,
                "31",
                "How long a SQLite store may have been unused before the clock is not believed at a start: then no grant is honoured. After a longer pause, check the clock and say that it is right (`accept_clock`).",
            ),
            key(
                "service.interval_ms",
                Plain,
                "50",
                "How often the background thread writes uses and looks for changes of other processes.",
            ),
            key(
                "service.waiting_uses",
                Plain,
                "16384",
                "How many uses may wait to be written. When they are as many, the next check writes first.",
            ),
            key(
                "journal.verify_at_start",
                Plain,
                "true",
                "At a start, what was written since the last signed checkpoint is verified, with every row that is in force.",
            ),
            key("journal.verify_every_minutes", Plain, "60", "How often the same is done while it runs. 0: never."),
            key(
                "journal.verify_all_every_hours",
                Plain,
                "24",
                "How often everything is verified, from the first record on. 0: never.",
            ),
            key(
                "journal.on_failure",
                Text,
                "stop elevation",
                "What follows when the store is not what was written to it. `stop elevation`: no grant is honoured until a verification succeeds; standing rights go on. `alert`: it is logged and shown, and grants are honoured.",
            ),
            key(
                "journal.checkpoint_every_minutes",
                Plain,
                "60",
                "How often a checkpoint is signed while there are new records. One is signed at the end of each grant besides. 0: only then.",
            ),
            key(
                "journal.checkpoint_folder",
                Text,
                "",
                "A folder that gets each signed checkpoint and the public keys. Best on another machine: what it holds shows later that records were cut off, made anew, or replaced by an older copy.",
            ),
            key(
                "journal.signing_key_env",
                Text,
                "",
                "The variable that holds the Ed25519 key that signs: PEM as `openssl genpkey -algorithm ed25519` writes it, or 32 bytes in base64. Without one, a key is made beside the store's file at the first start; a store in PostgreSQL is not signed then. All processes of one store need the same key.",
            ),
            key("journal.signing_key_file", Text, "", "The file that holds it."),
        ],
    ),
    (
        "notifications",
        &[
            key(
                "expiration_warning_minutes",
                List,
                "15",
                "How long before the end of a grant its holder is warned: a number, or a list for several warnings. Holds for grants made from then on.",
            ),
            key(
                "notifications.on_request",
                Plain,
                "true",
                "Tell those who can approve of a request, of a new version, of an answer, and when it escalates.",
            ),
            key(
                "notifications.on_approval",
                Plain,
                "true",
                "Tell the requester of an approval with every cut, a denial, a question, a timeout; and other approvers when a request is not theirs any more.",
            ),
            key("notifications.on_activation", Plain, "true", "Tell requester and approver when a grant begins."),
            key(
                "notifications.on_use",
                Plain,
                "true",
                "Tell approver and security of the first use of a grant at once, and of further uses together.",
            ),
            key(
                "notifications.on_expiration",
                Plain,
                "true",
                "Warn the holder before the end; tell holder and approver of every end, and of suspending and resuming.",
            ),
            key(
                "session_summary",
                Plain,
                "false",
                "Send a summary of what was done to holder, approver and security when a grant ends. It can be read at any time, whatever is set here.",
            ),
            key("notifications.on_delegation", Plain, "true", "Tell both sides of a delegation and of its early end."),
            key(
                "notifications.on_standing_lost",
                Plain,
                "true",
                "Tell security, and whom it concerns, when somebody is disabled or loses a role.",
            ),
            key("notifications.on_alert", Plain, "true", "Tell security of every alert that the monitor raises."),
            key("notifications.on_red_button", Plain, "true", "Tell security when one command ends many grants."),
            key(
                "notifications.use_digest_minutes",
                Plain,
                "60",
                "At least so far apart are two notices of the uses of one grant.",
            ),
            key(
                "notifications.base_url",
                Text,
                "",
                "What links in messages begin with, such as `https://gateway.example.com/jit`; messages have no link without it.",
            ),
            key(
                "notifications.zone",
                Text,
                "",
                "The zone of recipients whose own is not known, such as `Europe/Berlin`; times are in UTC besides.",
            ),
            key(
                "notifications.quiet_hours",
                Text,
                "",
                "When nothing is sent that is not urgent, in UTC, such as `22:00-06:00`. What could not be acted on in time afterwards is sent all the same.",
            ),
            key(
                "notifications.digest.people",
                List,
                "",
                "Approvers who get what is not urgent gathered, beside those of whom the directory says so.",
            ),
            key("notifications.digest.minutes", Plain, "4 hours", "How far two digests are apart."),
            key(
                "notifications.security_channels",
                List,
                "every channel with a target of its own",
                "The channels by which the security team is told.",
            ),
            key(
                "notifications.templates",
                Text,
                "",
                "A folder with templates that replace those of the library; they are checked at the start.",
            ),
            key("notifications.link_secret_env", Text, "", "The variable that holds the secret of signed links."),
            key("notifications.link_secret_file", Text, "", "The file that holds it, instead."),
            key("notifications.attempts", Plain, "10", "How often a message is tried before it is given up."),
            key(
                "notifications.max_age_hours",
                Plain,
                "72",
                "What nobody could be told of for so long is not told any more, unless somebody can still act on it.",
            ),
            key(
                "notifications.routes",
                FileOnly,
                "everything to every channel",
                "What goes to which channel: a list. A notice goes to the channels of every route that fits it.",
            ),
            key("notifications.routes.channels", FileOnly, "", "Of one route: the names of its channels."),
            key(
                "notifications.routes.events",
                FileOnly,
                "all",
                "Of one route: kinds of notices, such as `grant_revoked`, or keys, such as `on_expiration`.",
            ),
            key("notifications.routes.roles", FileOnly, "all", "Of one route: roles of the catalogue."),
            key(
                "notifications.routes.risk_levels",
                FileOnly,
                "all",
                "Of one route: `low`, `medium`, `high`, `critical`.",
            ),
            key(
                "notifications.routes.approver_roles",
                FileOnly,
                "all",
                "Of one route: roles of the host, one of which has to answer.",
            ),
            key("notifications.channels", FileOnly, "", "By name, each with a `kind` and its keys below."),
            key(
                "notifications.channels.kind",
                FileOnly,
                "",
                "`email`, `slack`, `webhook`, or `host`: one that the program gives by this name.",
            ),
            key(
                "notifications.channels.per_minute",
                FileOnly,
                "any",
                "How many messages it takes in a minute at most.",
            ),
            key("notifications.channels.timeout_seconds", FileOnly, "10 seconds", "How long one attempt may take."),
            key("notifications.channels.host", FileOnly, "", "E-mail: the mail server."),
            key("notifications.channels.port", FileOnly, "587, 465 or 25", "E-mail: its port."),
            key(
                "notifications.channels.security",
                FileOnly,
                "`starttls`",
                "E-mail: `starttls`, `tls` or `none`; without TLS no password is sent.",
            ),
            key("notifications.channels.username", FileOnly, "", "E-mail: the name to sign in with."),
            key("notifications.channels.password_env", FileOnly, "", "E-mail: the variable that holds the password."),
            key("notifications.channels.password_file", FileOnly, "", "E-mail: the file that holds it, instead."),
            key("notifications.channels.from", FileOnly, "", "E-mail: the sender."),
            key("notifications.channels.reply_to", FileOnly, "", "E-mail: where answers go."),
            key(
                "notifications.channels.to",
                FileOnly,
                "",
                "E-mail: addresses that get what is for approvers or security, beside the people themselves.",
            ),
            key("notifications.channels.list_id", FileOnly, "", "E-mail: the `List-Id` of the messages."),
            key("notifications.channels.ca_file", FileOnly, "", "E-mail: certificates to trust besides."),
            key(
                "notifications.channels.webhook_url_env",
                FileOnly,
                "",
                "Slack: the variable that holds the URL of an incoming webhook.",
            ),
            key("notifications.channels.webhook_url_file", FileOnly, "", "Slack: the file that holds it, instead."),
            key("notifications.channels.bot_token_env", FileOnly, "", "Slack: the variable that holds a bot token."),
            key("notifications.channels.bot_token_file", FileOnly, "", "Slack: the file that holds it, instead."),
            key("notifications.channels.channel", FileOnly, "", "Slack: the id of the channel that the bot posts to."),
            key("notifications.channels.api_url", FileOnly, "Slack's own", "Slack: another address of the API."),
            key("notifications.channels.url", FileOnly, "", "Webhook: the receiver."),
            key(
                "notifications.channels.secrets_env",
                FileOnly,
                "",
                "Webhook: the variables that hold the signing secrets, `whsec_…`; several during a rotation.",
            ),
            key("notifications.channels.secrets_file", FileOnly, "", "Webhook: the files that hold them, instead."),
            key(
                "notifications.channels.allow_private",
                FileOnly,
                "no",
                "Slack and webhook: `true` lets it connect to private, loopback and link-local addresses.",
            ),
            key("notifications.channels.source", FileOnly, "the base URL", "Webhook: the `source` of the events."),
        ],
    ),
    (
        "audit",
        &[key(
            "enhanced_audit",
            Plain,
            "false",
            "Whether the record of a use says what the host told of the call: address, session, program, id of the token, trace, digest of the arguments, and whether standing rights alone would have allowed it.",
        )],
    ),
];

/// Every key there is.
pub(super) fn all() -> impl Iterator<Item = &'static Key> {
    KEYS.iter().flat_map(|(_, keys)| keys.iter())
}

/// What is known at this place of the document: `limits` at the top, `grants_total` in `limits`.
pub(super) fn below(section: &str) -> Vec<&'static str> {
    let prefix = if section.is_empty() { String::new() } else { format!("{section}.") };
    let names = all().filter_map(|key| key.path.strip_prefix(&prefix)?.split('.').next());
    let mut names: Vec<_> = names.collect();
    names.dedup();
    names
}

/// What was probably meant, or everything there is.
pub(super) fn meant<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let mut known: Vec<_> = known.into_iter().collect();
    known.sort_unstable();
    known.dedup();
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("`{near}`, perhaps"),
        None if known.is_empty() => "nothing: there is none".to_owned(),
        None => format!("one of {}", known.join(", ")),
    }
}

/// The known name that this one is probably a misspelling of.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = known.into_iter().map(|known| (strsim::damerau_levenshtein(name, known), known)).min();
    near.filter(|(distance, near)| (1..=near.len().min(name.len()).div_ceil(4)).contains(distance))
        .map(|(_, near)| near)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    /// The rows of one table of docs/configuration.md.
    fn rows(keys: &[Key]) -> String {
        let mut text = String::from("| key | default | meaning |\n|---|---|---|\n");
        for key in keys {
            let default = match key.default {
                "" => "none".to_owned(),
                literal if is_literal(literal) => format!("`{literal}`"),
                words => words.to_owned(),
            };
            let meaning = if key.meaning.is_empty() { "Must be off." } else { key.meaning };
            let place = if key.kind == FileOnly { " (only in the file)" } else { "" };
            writeln!(text, "| `{}`{place} | {default} | {meaning} |", key.path).unwrap();
        }
        text
    }

    fn is_literal(default: &str) -> bool {
        ["true", "false"].contains(&default) || default.parse::<u32>().is_ok()
    }

    /// `BLESS=1 cargo test -p jit-access --all-features keys` writes the tables anew.
    #[test]
    fn the_manual_says_what_is_here() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
        let written = fs::read_to_string(&file).unwrap();
        let mut expected = written.clone();
        for (name, keys) in KEYS {
            let (begin, end) = (format!("<!-- keys: {name} -->\n"), "<!-- end -->");
            let (before, rest) =
                expected.split_once(&begin).unwrap_or_else(|| panic!("docs/configuration.md: {begin}"));
            let (_, after) = rest.split_once(end).unwrap();
            expected = format!("{before}{begin}{}{end}{after}", rows(keys));
        }
        assert_eq!(written.matches("<!-- keys: ").count(), KEYS.len(), "tables in docs/configuration.md");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&file, &expected).unwrap();
        } else {
            let differs = written.lines().zip(expected.lines()).find(|(is, should)| is != should);
            assert_eq!(differs, None, "docs/configuration.md; BLESS=1 writes it");
            assert_eq!(written.len(), expected.len(), "docs/configuration.md; BLESS=1 writes it");
        }
    }

    #[test]
    fn a_default_that_is_written_out_is_the_one_that_holds() {
        let reads = |text: &str| {
            let read = Config::parse(text, []).map(|config| (config.rules, config.settings, config.store));
            format!("{:?}", read.map_err(|error| error.to_string()))
        };
        // What these sections must have before their other keys mean anything.
        let needed = [
            ("store", "path: jit.db"),
            ("standing_policies", "text: ''"),
            ("workflow_policy", "text: 'permit (principal, action, resource);'"),
        ];
        let mut seen = 0;
        for key in all().filter(|key| is_literal(key.default) && !key.path.starts_with("approval.")) {
            let set = format!("{}: {}", key.path.rsplit('.').next().unwrap(), key.default);
            let section = key.path.split_once('.').map(|(section, _)| section);
            let (without, with) = match (section, needed.iter().find(|(name, _)| Some(*name) == section)) {
                (None, _) => (String::new(), set),
                (Some(section), None) => (format!("{section}: {{}}"), format!("{section}: {{{set}}}")),
                (Some(section), Some((_, more))) => {
                    (format!("{section}: {{{more}}}"), format!("{section}: {{{more}, {set}}}"))
                }
            };
            let (without, with) =
                (reads(&format!("jit_access: {{{without}}}")), reads(&format!("jit_access: {{{with}}}")));
            assert!(with.starts_with("Ok"), "{}: {with}", key.path);
            assert_eq!(with, without, "the default of {} is not {}", key.path, key.default);
            seen += 1;
        }
        assert!(seen > 15);
    }
}
