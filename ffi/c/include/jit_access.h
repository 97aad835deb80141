/*
 * jit_access.h: just-in-time access inside the policy decision point.
 *
 * Generated from ffi/c/src by `make -C ffi/c header`; a test compares the two. The conventions (who owns what, what a
 * call may be given, threads, fork) are in ffi/c/README.md.
 */

#ifndef JIT_ACCESS_H
#define JIT_ACCESS_H

#include <stddef.h>
#include <stdint.h>
/* What `jit_error_info.code` can be. Codes are added, never renamed. */
#define JIT_CODE_AGENT_PAUSED "agent_paused"
#define JIT_CODE_ALREADY_EXTENDED "already_extended"
#define JIT_CODE_ALREADY_REVIEWED "already_reviewed"
#define JIT_CODE_BREAK_GLASS_ACTIVE "break_glass_active"
#define JIT_CODE_BREAK_GLASS_BLOCKED "break_glass_blocked"
#define JIT_CODE_BREAK_GLASS_DISABLED "break_glass_disabled"
#define JIT_CODE_BREAK_GLASS_NOT_EXTENDABLE "break_glass_not_extendable"
#define JIT_CODE_CANNOT_DELEGATE "cannot_delegate"
#define JIT_CODE_CONFLICT "conflict"
#define JIT_CODE_CORRUPT "corrupt"
#define JIT_CODE_DISABLED "disabled"
#define JIT_CODE_EXTENSION_LIMIT "extension_limit"
#define JIT_CODE_FORBIDDEN_BY_POLICY "forbidden_by_policy"
#define JIT_CODE_GRANT_OVER "grant_over"
#define JIT_CODE_GRANT_SUSPENDED "grant_suspended"
#define JIT_CODE_IDEMPOTENCY_KEY_REUSED "idempotency_key_reused"
#define JIT_CODE_INTERNAL "internal"
#define JIT_CODE_INVALID "invalid"
#define JIT_CODE_JUSTIFICATION_REQUIRED "justification_required"
#define JIT_CODE_MFA_REQUIRED "mfa_required"
#define JIT_CODE_MFA_TOO_OLD "mfa_too_old"
#define JIT_CODE_NO_APPROVER "no_approver"
#define JIT_CODE_NOT_AN_APPROVER "not_an_approver"
#define JIT_CODE_NOT_AN_AUDITOR "not_an_auditor"
#define JIT_CODE_NOT_ELIGIBLE "not_eligible"
#define JIT_CODE_NOT_FOR_AGENTS "not_for_agents"
#define JIT_CODE_NOT_FOR_BREAK_GLASS "not_for_break_glass"
#define JIT_CODE_NOT_THE_HOLDER "not_the_holder"
#define JIT_CODE_NOT_THE_REQUESTER "not_the_requester"
#define JIT_CODE_NOTHING_ASKED "nothing_asked"
#define JIT_CODE_NOTHING_LEFT "nothing_left"
#define JIT_CODE_NOTHING_TO_GRANT "nothing_to_grant"
#define JIT_CODE_NOTHING_TO_REVIEW "nothing_to_review"
#define JIT_CODE_OWN_STANDING "own_standing"
#define JIT_CODE_POLICY_FAILED "policy_failed"
#define JIT_CODE_REQUEST_CHANGED "request_changed"
#define JIT_CODE_REQUEST_NOT_PENDING "request_not_pending"
#define JIT_CODE_REQUEST_TIMED_OUT "request_timed_out"
#define JIT_CODE_REVIEW_CLOSED "review_closed"
#define JIT_CODE_REVIEW_OUTSTANDING "review_outstanding"
#define JIT_CODE_REVIEW_TOO_EARLY "review_too_early"
#define JIT_CODE_REVOKE_OWN_GRANT "revoke_own_grant"
#define JIT_CODE_SELF_APPROVAL "self_approval"
#define JIT_CODE_STARTS_IN_THE_PAST "starts_in_the_past"
#define JIT_CODE_STARTS_TOO_LATE "starts_too_late"
#define JIT_CODE_TICKET_URL_REQUIRED "ticket_url_required"
#define JIT_CODE_TOO_MANY_DELEGATIONS "too_many_delegations"
#define JIT_CODE_TOO_MANY_GRANTS "too_many_grants"
#define JIT_CODE_TOO_MANY_OPEN_REQUESTS "too_many_open_requests"
#define JIT_CODE_TOO_MANY_REQUESTS "too_many_requests"
#define JIT_CODE_UNAVAILABLE "unavailable"
#define JIT_CODE_UNKNOWN_ALERT "unknown_alert"
#define JIT_CODE_UNKNOWN_DELEGATION "unknown_delegation"
#define JIT_CODE_UNKNOWN_DELIVERY "unknown_delivery"
#define JIT_CODE_UNKNOWN_GRANT "unknown_grant"
#define JIT_CODE_UNKNOWN_PRINCIPAL "unknown_principal"
#define JIT_CODE_UNKNOWN_REQUEST "unknown_request"
#define JIT_CODE_UNKNOWN_ROLE "unknown_role"

/* Text from a string literal, and no text. */
#ifdef __cplusplus
#define JIT_STR(literal) (jit_str{(literal), sizeof(literal) - 1})
#define JIT_NO_STR (jit_str{NULL, 0})
#else
#define JIT_STR(literal) ((jit_str){(literal), sizeof(literal) - 1})
#define JIT_NO_STR ((jit_str){NULL, 0})
#endif


// The version of this interface: it rises with every addition, and a change that breaks callers changes the name of the
// library instead.
#define JIT_ABI_VERSION 1

// Reads the variables `JIT_*` of the environment over the configuration. No other thread may change the environment
// during the call.
#define JIT_OPEN_READ_ENVIRONMENT (1 << 0)

// Starts no thread: the host calls `jit_tick` itself, at least every `service.interval_ms`.
#define JIT_OPEN_NO_THREAD (1 << 1)

// For tests: time starts at `test_clock_ms` and moves only by `jit_test_clock`. No thread is started.
#define JIT_OPEN_TEST_CLOCK (1 << 2)

// An engine: one process's view of one store. A name for it, not an address.
typedef struct jit_engine jit_engine;

// What went wrong. A name for it, not an address.
typedef struct jit_error jit_error;

// A text that the library made. A name for it, not an address.
typedef struct jit_text jit_text;

// What a call answers: `JIT_OK`, or what the caller can do about what went wrong. Numbers are never used again for
// something else.
typedef int32_t jit_status;

// UTF-8 text, borrowed: the bytes need no terminating NUL. `{NULL, 0}` is no text; `{"", 0}` is the empty text.
typedef struct jit_str {
  // The first byte.
  const char *data;
  // How many bytes.
  size_t len;
} jit_str;

// What is opened, and how.
typedef struct jit_open_options {
  // `sizeof(jit_open_options)`.
  size_t size;
  // `JIT_OPEN_...` flags, or zero.
  uint32_t flags;
  // Zero.
  uint32_t reserved;
  // The configuration, as YAML or JSON; or none.
  struct jit_str config;
  // The file that the configuration is in, instead. A relative path in it counts from its folder.
  struct jit_str config_path;
  // With `JIT_OPEN_TEST_CLOCK`: the first instant, in milliseconds since 1970.
  int64_t test_clock_ms;
} jit_open_options;

// How a question is answered.
typedef uint32_t jit_check_mode;

// What kind of principal asks.
typedef uint32_t jit_principal_kind;

// What the host knows of a check besides who, what and where: grants with conditions look at it. What is left out meets no
// condition.
typedef struct jit_context {
  // `sizeof(jit_context)`.
  size_t size;
  // 1 when the host claims a second factor without saying which, else 0. No proof, unless the operator says so.
  uint32_t mfa;
  // Zero.
  uint32_t reserved;
  // When the principal signed in, in seconds since 1970 (`auth_time`); zero when that is not known.
  int64_t auth_time;
  // How they signed in: names of RFC 8176 (`amr`) with one space between each two; or none.
  struct jit_str amr;
  // In which authentication context (`acr`), or none.
  struct jit_str acr;
  // The IP address that the question comes from, or none.
  struct jit_str address;
  // The session or task that it belongs to, or none.
  struct jit_str session;
  // The exact call of a tool that it is about, as a JSON object with `name` and `arguments`, or none.
  struct jit_str call;
  // What the record of a use says besides, where `enhanced_audit` is on; or none. A JSON object with any of `user_agent`,
  // `token_id`, `correlation_id`, `traceparent`, `by_standing`, `arguments_digest`, and `arguments`, an object of texts.
  // It decides nothing.
  struct jit_str details;
  // The name of the person that an agent acts for in this check, as the host authenticated it: then only what the agent
  // holds for this person counts. None where the host does not know.
  struct jit_str acts_for;
} jit_context;

// The question: may this principal do this to that?
typedef struct jit_query {
  // `sizeof(jit_query)`.
  size_t size;
  // `JIT_CHECK`, `JIT_CHECK_CURRENT` or `JIT_CHECK_PEEK`.
  jit_check_mode mode;
  // `JIT_USER` or `JIT_AGENT`.
  jit_principal_kind principal_kind;
  // Who, as the host authenticated them.
  struct jit_str principal;
  // What: `tools.execute`.
  struct jit_str action;
  // To what, as a kind and an id: `tool:deploy`; none for everything, which only grants of everything reach.
  struct jit_str resource;
  // What the resource is part of, as a kind and an id: `server:prod`; or none.
  struct jit_str parent;
  // What is known besides, or NULL.
  const struct jit_context *context;
} jit_query;

// What the answer is. Zero is no outcome.
typedef uint32_t jit_outcome;

// Why the outcome is what it is. Zero is a reason that this header does not know.
typedef uint32_t jit_reason;

// What guardrails have the host do: these bits, of which a later library may know more.
typedef uint32_t jit_obligations;

// The answer.
typedef struct jit_decision {
  // `sizeof(jit_decision)`; set it before the call.
  size_t size;
  // `JIT_ALLOW`, `JIT_DENY` or `JIT_NOT_APPLICABLE`. Never zero once the call has answered `JIT_OK`.
  jit_outcome outcome;
  // `JIT_REASON_...`, or zero for one that this header does not know.
  jit_reason reason;
  // The position of the journal that the answer was made from. Whoever keeps answers drops this one when
  // `jit_revision` has risen above it.
  uint64_t revision;
  // The answer holds before this instant, in milliseconds since 1970; zero when time alone will not change it.
  int64_t valid_until_ms;
  // The grant that decided, as text with a terminating NUL; empty when none did.
  char grant_id[40];
  // What guardrails have the host do: `JIT_OBLIGATION_...`, or zero. With an allow besides it, with a deny before it asks
  // again.
  jit_obligations obligations;
  // Zero.
  uint32_t reserved;
} jit_decision;

// A function that receives the progress of a call: see `jit_run_watched`. Zero continues, any other value ends the call.
typedef int32_t (*jit_progress_callback)(void *userdata, uint64_t verified, uint64_t last);

// What is in an error. The texts live until `jit_error_free`.
typedef struct jit_error_info {
  // `sizeof(jit_error_info)`; set it before the call.
  size_t size;
  // The same status that the call answered.
  jit_status status;
  // 1 when the same call may succeed later without any change, else 0.
  uint32_t retryable;
  // The stable name: one of the `JIT_CODE_...`.
  struct jit_str code;
  // A sentence for a person.
  struct jit_str message;
  // All of it as an RFC 9457 problem, in JSON.
  struct jit_str problem;
} jit_error_info;

// What a tick did.
typedef struct jit_tick_info {
  // `sizeof(jit_tick_info)`; set it before the call.
  size_t size;
  // How many facts were noted in the journal.
  uint64_t noted;
  // The next instant at which time makes something true, in milliseconds since 1970; zero when none is known.
  int64_t next_ms;
} jit_tick_info;

// How urgent a log record is.
typedef uint32_t jit_log_level;

// One log record. It and its texts live until the callback returns; each text has a NUL after its end.
typedef struct jit_log_record {
  // The size of the struct in this library: fields beyond it are not there.
  size_t size;
  // `JIT_LOG_...`.
  jit_log_level level;
  // Zero.
  uint32_t reserved;
  // Which part of the library it is from, such as `jit_access::host::background`.
  struct jit_str target;
  // What happened, with its fields: one line for a person.
  struct jit_str message;
  // The fields by name, as a JSON object whose values are strings.
  struct jit_str fields;
} jit_log_record;

// A function that takes a log record: see `jit_set_log`.
typedef void (*jit_log_callback)(void *userdata, const struct jit_log_record *record);

// It is done.
#define JIT_OK 0

// An input is not valid: change it. Also for handles that were never made, and for texts and errors that are freed.
#define JIT_INVALID 1

// The rules refuse this.
#define JIT_REFUSED 2

// Not found, or the caller may not see it.
#define JIT_NOT_FOUND 3

// The current state does not allow it: read it again and decide anew.
#define JIT_CONFLICT 4

// The store cannot be used now, or the engine is closed: another process, or a later call, can answer.
#define JIT_UNAVAILABLE 5

// Stored data is corrupt: a person has to look.
#define JIT_CORRUPT 6

// An error inside the library: report it.
#define JIT_INTERNAL 7

// Rate limit exceeded: the problem says in `retry_at` when the same call can succeed.
#define JIT_RATE_LIMITED 8

// Answers from memory, and records the use when a grant decides.
#define JIT_CHECK 0

// Answers from everything that any process has committed before the call, and records the use. Costs microseconds more.
#define JIT_CHECK_CURRENT 1

// Answers as `JIT_CHECK` would, and records nothing.
#define JIT_CHECK_PEEK 2

// The principal is a person.
#define JIT_USER 0

// The principal is a program that acts in its own name.
#define JIT_AGENT 1

// A grant allows it.
#define JIT_ALLOW 1

// Forbidden by a guardrail, whatever else would allow it. Treat it as a no.
#define JIT_DENY 2

// No grant allows it: the host's own answer stands.
#define JIT_NOT_APPLICABLE 3

// A grant in its window covers the question.
#define JIT_REASON_GRANTED 1

// The principal holds no grant that covers it now.
#define JIT_REASON_NO_GRANT 2

// What is known could not be shown to be current, so no grant is honoured.
#define JIT_REASON_STALE 3

// Uses could not be recorded, so no grant is honoured.
#define JIT_REASON_UNRECORDABLE 4

// A grant covers it, and asks for a fresher sign-in with a second factor than is known of.
#define JIT_REASON_MFA_REQUIRED 5

// A grant covers it, but not from the address that is known of.
#define JIT_REASON_OUTSIDE_NETWORKS 6

// A grant covers it, but in another session or task.
#define JIT_REASON_OTHER_SESSION 7

// The store was replaced by an older copy or another one, so no grant is honoured until an operator has accepted it.
#define JIT_REASON_STORE_REPLACED 8

// The store is not what was written to it, so no grant is honoured.
#define JIT_REASON_STORE_BROKEN 9

// A grant covers it, but another exact call of the tool.
#define JIT_REASON_OTHER_CALL 10

// A grant covers it, and a guardrail forbids it.
#define JIT_REASON_GUARDRAIL 11

// A grant covers it, and a guardrail that could forbid it cannot be evaluated, so it does.
#define JIT_REASON_GUARDRAIL_ERROR 12

// The host's entities, which a guardrail reads, are too old, so no grant is honoured.
#define JIT_REASON_ENTITIES_STALE 13

// A break-glass grant covers it that was taken on this machine while the store is away, and the store is still away.
#define JIT_REASON_GRANTED_OFFLINE 14

// Have the principal sign in again with a second factor. With a deny: the answer may be another one then.
#define JIT_OBLIGATION_STEP_UP 1

// Tell the people who watch.
#define JIT_OBLIGATION_NOTIFY 2

// Keep the arguments of the call in the host's own record.
#define JIT_OBLIGATION_RECORD_ARGUMENTS 4

// Something is lost or broken.
#define JIT_LOG_ERROR 1

// Something does not work now, and is tried again.
#define JIT_LOG_WARNING 2

// Something works again.
#define JIT_LOG_INFO 3

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The version of the interface that this library has. A program needs one that is at least the `JIT_ABI_VERSION` it was
// built with.
uint32_t jit_abi_version(void);

// The version of the library, such as "0.1.0", with a terminating NUL. Lives for ever.
const char *jit_version(void);

// Opens an engine; `jit_close` closes it. On success `*out_engine` is its name, and checks are answered from everything
// that was committed before the call.
//
// From the first call on, forks are watched: see the README. No other thread may use the engine before this has returned.
// `JIT_UNAVAILABLE` when the store cannot be opened, or when the system gives no thread for the background work. Waits for
// the disk.
jit_status jit_open(const struct jit_open_options *options,
                    struct jit_engine **out_engine,
                    struct jit_error **out_error);

// Checks the configuration that these options name, as `jit_open` would read it, and answers all mistakes at once: a JSON
// object with `errors`, each with `key`, `problem` and `expected`, and `warnings`. With any error `jit_open` fails. Whether the
// store's file could be opened is looked at too, and nothing is written. On success `*out_json` is the answer; `jit_text_free`
// frees it. `JIT_INVALID` when the file cannot be read. Waits for the disk.
jit_status jit_check_config(const struct jit_open_options *options,
                            struct jit_text **out_json,
                            struct jit_error **out_error);

// Closes an engine: invalidates the handle, waits for the calls of other threads that are running, and writes the uses
// that wait. Every later call with the handle answers `JIT_UNAVAILABLE`, except a second `jit_close`, which answers
// `JIT_INVALID`. Waits for the disk.
//
// The engine is closed even when the answer is an error: uses could not be written then, and are lost. NULL is nothing to
// close.
jit_status jit_close(struct jit_engine *engine,
                     struct jit_error **out_error);

// Answers one check. Only `JIT_ALLOW` in `out_decision->outcome` after `JIT_OK` is a yes. `JIT_DENY` is for guardrails, of
// which no grant overrides; treat it as a no. After anything else the host's own answer stands.
//
// What may wait: with no grant and with `JIT_CHECK_PEEK`, memory is read and no lock is taken, unless a grant with conditions
// covers the check, whose lock is taken for a moment. An allow takes the lock of a queue of uses while it copies the text of
// the check. An allow by a break-glass grant or by a grant with numbered uses waits for the disk, because the use is committed
// before the answer; so does the allow that finds the queue full, because it writes the queue first. Writing waits up to
// `store.busy_timeout_ms` for other processes. With `JIT_CHECK_CURRENT`, and when the last look at the store is older than
// `service.max_staleness_ms`, the store's file is read.
//
// The principal is always read. The action, the resource and the parent are read when the principal may hold a grant; otherwise
// the answer is "no grant" whatever they are.
jit_status jit_check(const struct jit_engine *engine,
                     const struct jit_query *query,
                     struct jit_decision *out_decision,
                     struct jit_error **out_error);

// Answers `count` checks that stand one after the other into as many decisions, at one instant. All are read in full; one that
// is not valid fails them all: nothing is written and no use is recorded. When one is `JIT_CHECK_CURRENT`, all are.
jit_status jit_check_many(const struct jit_engine *engine,
                          const struct jit_query *queries,
                          size_t count,
                          struct jit_decision *out_decisions,
                          struct jit_error **out_error);

// Runs a command of the workflow or looks something up: a JSON object in, a JSON value out. The README has the commands
// and their fields. On success `*out_json` is the answer; `jit_text_free` frees it. Waits for the disk.
jit_status jit_run(const struct jit_engine *engine,
                   struct jit_str command_json,
                   struct jit_text **out_json,
                   struct jit_error **out_error);

// Like `jit_run`, for `verify` and `evidence`, which read the whole journal: `progress` is called between two reads with the last
// record that was verified and the last one there is, on this thread and with no lock of the library held. When it returns
// anything but zero, the call ends with `JIT_UNAVAILABLE`. It must not close the engine, and must not unwind or jump out. NULL
// and every other command do as `jit_run` does. Waits for the disk.
jit_status jit_run_watched(const struct jit_engine *engine,
                           struct jit_str command_json,
                           jit_progress_callback progress,
                           void *userdata,
                           struct jit_text **out_json,
                           struct jit_error **out_error);

// Decides by standing policies, guardrails and live grants together, for hosts without a decision point: a JSON object in, a JSON
// object out. The fields in are `caller`, `action`, `resource`, `parent`, `context`, `principal_properties`,
// `resource_properties`, `address`, `session`, `current` and `peek`; those out `outcome` (`not_applicable` is a no), `reason`,
// `policies`, `errors`, `grant_id`, `obligations`, `valid_until` and `revision`. On success `*out_json` is the answer;
// `jit_text_free` frees it. Waits for the disk as `jit_check` does, and once more when the grants of the principal have to be read.
jit_status jit_authorize(const struct jit_engine *engine,
                         struct jit_str question_json,
                         struct jit_text **out_json,
                         struct jit_error **out_error);

// Sets the host's entities (people and resources): a JSON array in Cedar's format, which replaces the earlier ones. Guardrails and
// `jit_authorize` read them. `at_ms` is the instant of this state, in milliseconds since 1970; zero for now. A child after a fork
// has no entities. Does not wait.
jit_status jit_set_entities(const struct jit_engine *engine,
                            struct jit_str entities_json,
                            int64_t at_ms,
                            struct jit_error **out_error);

// One value of a text that is JSON, found by a JSON pointer (RFC 6901): `/id`, `/items/0/status`. A string is answered as it
// is, without quotes; anything else as JSON, `null` included. `JIT_INVALID` when nothing stands there. On success `*out_text`
// is a text of its own; `jit_text_free` frees it. Does not wait.
jit_status jit_text_at(const struct jit_text *text,
                       struct jit_str pointer,
                       struct jit_text **out_text,
                       struct jit_error **out_error);

// The bytes of a text: borrowed until `jit_text_free`, with a NUL after the end.
jit_status jit_text_get(const struct jit_text *text, struct jit_str *out_text, struct jit_error **out_error);

// Frees a text. NULL is nothing to free; a second call answers `JIT_INVALID`.
jit_status jit_text_free(struct jit_text *text);

// What is in an error. The texts are borrowed until `jit_error_free`, each with a NUL after its end.
jit_status jit_error_get(const struct jit_error *error, struct jit_error_info *out_info);

// Frees an error. NULL is nothing to free; a second call answers `JIT_INVALID`.
jit_status jit_error_free(struct jit_error *error);

// Brings the engine up to everything that any process has committed before the call. `out_revision` may be NULL. Reads the
// store, so it may wait for the disk.
jit_status jit_sync(const struct jit_engine *engine,
                    uint64_t *out_revision,
                    struct jit_error **out_error);

// The background work: writes uses that wait, reads what other processes have committed, records what time did. The library's own thread does it
// every `service.interval_ms`; after `JIT_OPEN_NO_THREAD` the host does. `out_info` may be NULL. Waits for the disk.
jit_status jit_tick(const struct jit_engine *engine,
                    struct jit_tick_info *out_info,
                    struct jit_error **out_error);

// The position of the journal that checks are answered from now, at least: it rises with every change. A host that caches
// answers compares it with the `revision` of a cached one. Costs nanoseconds, and never waits.
jit_status jit_revision(const struct jit_engine *engine,
                        uint64_t *out_revision,
                        struct jit_error **out_error);

// Waits until the revision is above `since`, at most `timeout_ms`, and answers the revision: still `since` when the time is
// over, or when another thread closes the engine. Changes of this process end the wait at once, those of others after the
// next tick. Any number of threads may wait.
jit_status jit_wait_revision(const struct jit_engine *engine,
                             uint64_t since,
                             uint32_t timeout_ms,
                             uint64_t *out_revision,
                             struct jit_error **out_error);

// Has `callback` called with every log record of the library, for all engines, from now on; NULL ends that. Give it before
// `jit_open`: records without a callback are dropped. The library prints nothing.
//
// The callback runs on the thread of the call that made the record, before that call returns, or on the library's own
// thread, never twice at the same time, and with no lock of the library held. It may call the library, and what that logs is
// dropped; it must not open or close an engine, and must not unwind or jump out. Records wait in a queue of 1,024: a slow callback loses the oldest, and
// is given a record that counts them.
//
// Once this has returned, the callback before is not running on another thread and is not called again, so its `userdata`
// may go. A child keeps the callback over a fork, without the records that waited.
jit_status jit_set_log(jit_log_callback callback,
                       void *userdata,
                       struct jit_error **out_error);

// For tests: lets `advance_ms` pass on the clock of an engine that was opened with `JIT_OPEN_TEST_CLOCK`, after setting
// its wall clock to `set_wall_ms` when that is not zero.
jit_status jit_test_clock(const struct jit_engine *engine,
                          int64_t advance_ms,
                          int64_t set_wall_ms,
                          struct jit_error **out_error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* JIT_ACCESS_H */
