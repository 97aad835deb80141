//! What C sees: plain values, and names for handles.
//!
//! A struct that a caller owns begins with its size, so that it can grow: a caller built with an older header passes a
//! smaller one, and the fields it does not know are as if they were zero. Zero is the default of every field, and of every
//! number that an answer is made of it means nothing: a decision that nobody filled in allows nothing.

#![expect(non_camel_case_types, reason = "these are C's names")]

use std::ffi::{c_char, c_void};
use std::io::Write;

use jit_access::ErrorKind;
use jit_access::model::{Decision, GrantId, Outcome, Reason};

/// What a call answers: `JIT_OK`, or what the caller can do about what went wrong. Numbers are never used again for
/// something else.
pub type jit_status = i32;

/// It is done.
pub const JIT_OK: jit_status = 0;
/// An input is not valid: change it. Also for handles that were never made, and for texts and errors that are freed.
pub const JIT_INVALID: jit_status = 1;
/// The rules refuse this.
pub const JIT_REFUSED: jit_status = 2;
/// Not found, or the caller may not see it.
pub const JIT_NOT_FOUND: jit_status = 3;
/// The current state does not allow it: read it again and decide anew.
pub const JIT_CONFLICT: jit_status = 4;
/// The store cannot be used now, or the engine is closed: another process, or a later call, can answer.
pub const JIT_UNAVAILABLE: jit_status = 5;
/// Stored data is corrupt: a person has to look.
pub const JIT_CORRUPT: jit_status = 6;
/// An error inside the library: report it.
pub const JIT_INTERNAL: jit_status = 7;
/// Rate limit exceeded: the problem says in `retry_at` when the same call can succeed.
pub const JIT_RATE_LIMITED: jit_status = 8;

/// The version of this interface: it rises with every addition, and a change that breaks callers changes the name of the
/// library instead.
pub const JIT_ABI_VERSION: u32 = 1;

/// An engine: one process's view of one store. A name for it, not an address.
pub struct jit_engine {
    _private: [u8; 0],
}

/// What went wrong. A name for it, not an address.
pub struct jit_error {
    _private: [u8; 0],
}

/// A text that the library made. A name for it, not an address.
pub struct jit_text {
    _private: [u8; 0],
}

/// UTF-8 text, borrowed: the bytes need no terminating NUL. `{NULL, 0}` is no text; `{"", 0}` is the empty text.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jit_str {
    /// The first byte.
    pub data: *const c_char,
    /// How many bytes.
    pub len: usize,
}

/// Reads the variables `JIT_*` of the environment over the configuration. No other thread may change the environment
/// during the call.
pub const JIT_OPEN_READ_ENVIRONMENT: u32 = 1 << 0;
/// Starts no thread: the host calls `jit_tick` itself, at least every `service.interval_ms`.
pub const JIT_OPEN_NO_THREAD: u32 = 1 << 1;
/// For tests: time starts at `test_clock_ms` and moves only by `jit_test_clock`. No thread is started.
pub const JIT_OPEN_TEST_CLOCK: u32 = 1 << 2;

/// What is opened, and how.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jit_open_options {
    /// `sizeof(jit_open_options)`.
    pub size: usize,
    /// `JIT_OPEN_...` flags, or zero.
    pub flags: u32,
    /// Zero.
    pub reserved: u32,
    /// The configuration, as YAML or JSON; or none.
    pub config: jit_str,
    /// The file that the configuration is in, instead. A relative path in it counts from its folder.
    pub config_path: jit_str,
    /// With `JIT_OPEN_TEST_CLOCK`: the first instant, in milliseconds since 1970.
    pub test_clock_ms: i64,
}

/// How a question is answered.
pub type jit_check_mode = u32;
/// Answers from memory, and records the use when a grant decides.
pub const JIT_CHECK: jit_check_mode = 0;
/// Answers from everything that any process has committed before the call, and records the use. Costs microseconds more.
pub const JIT_CHECK_CURRENT: jit_check_mode = 1;
/// Answers as `JIT_CHECK` would, and records nothing.
pub const JIT_CHECK_PEEK: jit_check_mode = 2;

/// What kind of principal asks.
pub type jit_principal_kind = u32;
/// The principal is a person.
pub const JIT_USER: jit_principal_kind = 0;
/// The principal is a program that acts in its own name.
pub const JIT_AGENT: jit_principal_kind = 1;

/// What the host knows of a check besides who, what and where: grants with conditions look at it. What is left out meets no
/// condition.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jit_context {
    /// `sizeof(jit_context)`.
    pub size: usize,
    /// 1 when the host claims a second factor without saying which, else 0. No proof, unless the operator says so.
    pub mfa: u32,
    /// Zero.
    pub reserved: u32,
    /// When the principal signed in, in seconds since 1970 (`auth_time`); zero when that is not known.
    pub auth_time: i64,
    /// How they signed in: names of RFC 8176 (`amr`) with one space between each two; or none.
    pub amr: jit_str,
    /// In which authentication context (`acr`), or none.
    pub acr: jit_str,
    /// The IP address that the question comes from, or none.
    pub address: jit_str,
    /// The session or task that it belongs to, or none.
    pub session: jit_str,
    /// The exact call of a tool that it is about, as a JSON object with `name` and `arguments`, or none.
    pub call: jit_str,
    /// What the record of a use says besides, where `enhanced_audit` is on; or none. A JSON object with any of `user_agent`,
    /// `token_id`, `correlation_id`, `traceparent`, `by_standing`, `arguments_digest`, and `arguments`, an object of texts.
    /// It decides nothing.
    pub details: jit_str,
    /// The name of the person that an agent acts for in this check, as the host authenticated it: then only what the agent
    /// holds for this person counts. None where the host does not know.
    pub acts_for: jit_str,
}

/// The question: may this principal do this to that?
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jit_query {
    /// `sizeof(jit_query)`.
    pub size: usize,
    /// `JIT_CHECK`, `JIT_CHECK_CURRENT` or `JIT_CHECK_PEEK`.
    pub mode: jit_check_mode,
    /// `JIT_USER` or `JIT_AGENT`.
    pub principal_kind: jit_principal_kind,
    /// Who, as the host authenticated them.
    pub principal: jit_str,
    /// What: `tools.execute`.
    pub action: jit_str,
    /// To what, as a kind and an id: `tool:deploy`; none for everything, which only grants of everything reach.
    pub resource: jit_str,
    /// What the resource is part of, as a kind and an id: `server:prod`; or none.
    pub parent: jit_str,
    /// What is known besides, or NULL.
    pub context: *const jit_context,
}

/// What the answer is. Zero is no outcome.
pub type jit_outcome = u32;
/// A grant allows it.
pub const JIT_ALLOW: jit_outcome = 1;
/// Forbidden by a guardrail, whatever else would allow it. Treat it as a no.
pub const JIT_DENY: jit_outcome = 2;
/// No grant allows it: the host's own answer stands.
pub const JIT_NOT_APPLICABLE: jit_outcome = 3;

/// Why the outcome is what it is. Zero is a reason that this header does not know.
pub type jit_reason = u32;
/// A grant in its window covers the question.
pub const JIT_REASON_GRANTED: jit_reason = 1;
/// The principal holds no grant that covers it now.
pub const JIT_REASON_NO_GRANT: jit_reason = 2;
/// What is known could not be shown to be current, so no grant is honoured.
pub const JIT_REASON_STALE: jit_reason = 3;
/// Uses could not be recorded, so no grant is honoured.
pub const JIT_REASON_UNRECORDABLE: jit_reason = 4;
/// A grant covers it, and asks for a fresher sign-in with a second factor than is known of.
pub const JIT_REASON_MFA_REQUIRED: jit_reason = 5;
/// A grant covers it, but not from the address that is known of.
pub const JIT_REASON_OUTSIDE_NETWORKS: jit_reason = 6;
/// A grant covers it, but in another session or task.
pub const JIT_REASON_OTHER_SESSION: jit_reason = 7;
/// The store was replaced by an older copy or another one, so no grant is honoured until an operator has accepted it.
pub const JIT_REASON_STORE_REPLACED: jit_reason = 8;
/// The store is not what was written to it, so no grant is honoured.
pub const JIT_REASON_STORE_BROKEN: jit_reason = 9;
/// A grant covers it, but another exact call of the tool.
pub const JIT_REASON_OTHER_CALL: jit_reason = 10;
/// A grant covers it, and a guardrail forbids it.
pub const JIT_REASON_GUARDRAIL: jit_reason = 11;
/// A grant covers it, and a guardrail that could forbid it cannot be evaluated, so it does.
pub const JIT_REASON_GUARDRAIL_ERROR: jit_reason = 12;
/// The host's entities, which a guardrail reads, are too old, so no grant is honoured.
pub const JIT_REASON_ENTITIES_STALE: jit_reason = 13;
/// A break-glass grant covers it that was taken on this machine while the store is away, and the store is still away.
pub const JIT_REASON_GRANTED_OFFLINE: jit_reason = 14;

/// What guardrails have the host do: these bits, of which a later library may know more.
pub type jit_obligations = u32;
/// Have the principal sign in again with a second factor. With a deny: the answer may be another one then.
pub const JIT_OBLIGATION_STEP_UP: jit_obligations = 1;
/// Tell the people who watch.
pub const JIT_OBLIGATION_NOTIFY: jit_obligations = 2;
/// Keep the arguments of the call in the host's own record.
pub const JIT_OBLIGATION_RECORD_ARGUMENTS: jit_obligations = 4;

/// The answer.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jit_decision {
    /// `sizeof(jit_decision)`; set it before the call.
    pub size: usize,
    /// `JIT_ALLOW`, `JIT_DENY` or `JIT_NOT_APPLICABLE`. Never zero once the call has answered `JIT_OK`.
    pub outcome: jit_outcome,
    /// `JIT_REASON_...`, or zero for one that this header does not know.
    pub reason: jit_reason,
    /// The position of the journal that the answer was made from. Whoever keeps answers drops this one when
    /// `jit_revision` has risen above it.
    pub revision: u64,
    /// The answer holds before this instant, in milliseconds since 1970; zero when time alone will not change it.
    pub valid_until_ms: i64,
    /// The grant that decided, as text with a terminating NUL; empty when none did.
    pub grant_id: [c_char; 40],
    /// What guardrails have the host do: `JIT_OBLIGATION_...`, or zero. With an allow besides it, with a deny before it asks
    /// again.
    pub obligations: jit_obligations,
    /// Zero.
    pub reserved: u32,
}

/// What is in an error. The texts live until `jit_error_free`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jit_error_info {
    /// `sizeof(jit_error_info)`; set it before the call.
    pub size: usize,
    /// The same status that the call answered.
    pub status: jit_status,
    /// 1 when the same call may succeed later without any change, else 0.
    pub retryable: u32,
    /// The stable name: one of the `JIT_CODE_...`.
    pub code: jit_str,
    /// A sentence for a person.
    pub message: jit_str,
    /// All of it as an RFC 9457 problem, in JSON.
    pub problem: jit_str,
}

/// What a tick did.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jit_tick_info {
    /// `sizeof(jit_tick_info)`; set it before the call.
    pub size: usize,
    /// How many facts were noted in the journal.
    pub noted: u64,
    /// The next instant at which time makes something true, in milliseconds since 1970; zero when none is known.
    pub next_ms: i64,
}

/// How urgent a log record is.
pub type jit_log_level = u32;
/// Something is lost or broken.
pub const JIT_LOG_ERROR: jit_log_level = 1;
/// Something does not work now, and is tried again.
pub const JIT_LOG_WARNING: jit_log_level = 2;
/// Something works again.
pub const JIT_LOG_INFO: jit_log_level = 3;

/// One log record. It and its texts live until the callback returns; each text has a NUL after its end.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jit_log_record {
    /// The size of the struct in this library: fields beyond it are not there.
    pub size: usize,
    /// `JIT_LOG_...`.
    pub level: jit_log_level,
    /// Zero.
    pub reserved: u32,
    /// Which part of the library it is from, such as `jit_access::host::background`.
    pub target: jit_str,
    /// What happened, with its fields: one line for a person.
    pub message: jit_str,
    /// The fields by name, as a JSON object whose values are strings.
    pub fields: jit_str,
}

/// A function that takes a log record: see `jit_set_log`.
pub type jit_log_callback = Option<unsafe extern "C" fn(userdata: *mut c_void, record: *const jit_log_record)>;

/// A function that receives the progress of a call: see `jit_run_watched`. Zero continues, any other value ends the call.
pub type jit_progress_callback = Option<unsafe extern "C" fn(userdata: *mut c_void, verified: u64, last: u64) -> i32>;

impl jit_str {
    #[cfg(test)]
    pub(crate) const NONE: Self = Self { data: std::ptr::null(), len: 0 };

    pub(crate) const fn of(text: &str) -> Self {
        Self { data: text.as_ptr().cast(), len: text.len() }
    }
}

pub(crate) const fn status_of(kind: ErrorKind) -> jit_status {
    match kind {
        ErrorKind::Invalid => JIT_INVALID,
        ErrorKind::Refused => JIT_REFUSED,
        ErrorKind::NotFound => JIT_NOT_FOUND,
        ErrorKind::Conflict => JIT_CONFLICT,
        ErrorKind::RateLimited => JIT_RATE_LIMITED,
        ErrorKind::Unavailable => JIT_UNAVAILABLE,
        ErrorKind::Corrupt => JIT_CORRUPT,
        _ => JIT_INTERNAL,
    }
}

impl From<&Decision> for jit_decision {
    #[inline]
    fn from(decision: &Decision) -> Self {
        Self {
            size: size_of::<Self>(),
            outcome: match decision.outcome {
                Outcome::Allow => JIT_ALLOW,
                Outcome::Deny => JIT_DENY,
                Outcome::NotApplicable => JIT_NOT_APPLICABLE,
            },
            reason: match decision.basis.reason {
                Reason::Granted => JIT_REASON_GRANTED,
                Reason::NoGrant => JIT_REASON_NO_GRANT,
                Reason::Stale => JIT_REASON_STALE,
                Reason::Unrecordable => JIT_REASON_UNRECORDABLE,
                Reason::MfaRequired => JIT_REASON_MFA_REQUIRED,
                Reason::OutsideNetworks => JIT_REASON_OUTSIDE_NETWORKS,
                Reason::OtherSession => JIT_REASON_OTHER_SESSION,
                Reason::OtherCall => JIT_REASON_OTHER_CALL,
                Reason::StoreReplaced => JIT_REASON_STORE_REPLACED,
                Reason::StoreBroken => JIT_REASON_STORE_BROKEN,
                Reason::Guardrail => JIT_REASON_GUARDRAIL,
                Reason::GuardrailError => JIT_REASON_GUARDRAIL_ERROR,
                Reason::EntitiesStale => JIT_REASON_ENTITIES_STALE,
                Reason::GrantedOffline => JIT_REASON_GRANTED_OFFLINE,
                _ => 0,
            },
            revision: decision.revision.0,
            valid_until_ms: decision.valid_until.map_or(0, |at| at.millis()),
            grant_id: decision.basis.grant.map_or([0; 40], text),
            obligations: u32::from(decision.obligations.bits()),
            reserved: 0,
        }
    }
}

#[inline(never)]
fn text(id: GrantId) -> [c_char; 40] {
    let mut text = [0; 40];
    // It takes 36 of them.
    let _ = write!(&mut text[..], "{id}");
    text.map(|byte| c_char::from_ne_bytes([byte]))
}
