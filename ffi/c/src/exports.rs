//! What C can call.

#![expect(unsafe_code, reason = "exported names, and functions whose callers are in C; what they do is in `guard`")]
#![expect(
    clippy::missing_safety_doc,
    reason = "the promise is the same for all, and stands in the README: see `FromC`"
)]

use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::time::Duration;

use jit_access::check::Check;
use jit_access::clock::ManualClock;
use jit_access::config::Config;
use jit_access::host::{BackgroundWork, Host, environment};
use jit_access::internal::wire::{command, use_details};
use jit_access::model::{Context, Invalid, Principal, PrincipalKind, Revision, SignIn, Timestamp};
use serde_json::Value;

use crate::guard::{ERRORS, guard, terminated};
use crate::handle::{FromC, from_c, to_c};
use crate::live;
use crate::progress::Progress;
use crate::types::*;
use crate::{TEXTS, Text, log, whole};

/// The version of the interface that this library has. A program needs one that is at least the `JIT_ABI_VERSION` it was
/// built with.
#[unsafe(no_mangle)]
pub extern "C" fn jit_abi_version() -> u32 {
    JIT_ABI_VERSION
}

/// The version of the library, such as "0.1.0", with a terminating NUL. Lives for ever.
#[unsafe(no_mangle)]
pub extern "C" fn jit_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Opens an engine; `jit_close` closes it. On success `*out_engine` is its name, and checks are answered from everything
/// that was committed before the call.
///
/// From the first call on, forks are watched: see the README. No other thread may use the engine before this has returned.
/// `JIT_UNAVAILABLE` when the store cannot be opened, or when the system gives no thread for the background work. Waits for
/// the disk.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jit_open(
    options: *const jit_open_options,
    out_engine: *mut *mut jit_engine,
    out_error: *mut *mut jit_error,
) -> jit_status {
    guard!(out_error, |c: &FromC| {
        let options = c.read(options, "options")?;
        let out_engine = c.out(out_engine, "out_engine")?;
        let known = JIT_OPEN_READ_ENVIRONMENT | JIT_OPEN_NO_THREAD | JIT_OPEN_TEST_CLOCK;
        if options.flags & !known != 0 {
            return Err(Invalid::new("flags", format!("is {:#x}", options.flags), "the JIT_OPEN_... flags").into());
        }
        if options.reserved != 0 {
            return Err(Invalid::new("reserved", format!("is {}", options.reserved), "0").into());
        }
        let has = |flag| options.flags & flag != 0;
        let environ = if has(JIT_OPEN_READ_ENVIRONMENT) { environment().collect() } else { Vec::new() };
        let (text, path) = (c.text(options.config, "config")?, c.text(options.config_path, "config_path")?);
        let mut builder = Host::builder(config(text, path, environ)?);
        builder = builder.background(match has(JIT_OPEN_NO_THREAD) || has(JIT_OPEN_TEST_CLOCK) {
            true => BackgroundWork::Off,
            false => BackgroundWork::AtFirstUse,
        });
        let mut clock = None;
        if has(JIT_OPEN_TEST_CLOCK) {
            let start = Timestamp::from_millis(options.test_clock_ms).map_err(|e| e.for_field("test_clock_ms"))?;
            let manual = Arc::new(ManualClock::at(start));
            clock = Some(Arc::clone(&manual));
            builder = builder.clock(manual);
        }
        out_engine.set(to_c(live::open(builder, clock)?));
        Ok(())
    })
}

/// Checks the configuration that these options name, as `jit_open` would read it, and answers all mistakes at once: a JSON
/// object with `errors`, each with `key`, `problem` and `expected`, and `warnings`. With any error `jit_open` fails. Whether the
/// store's file could be opened is looked at too, and nothing is written. On success `*out_json` is the answer; `jit_text_free`
/// frees it. `JIT_INVALID` when the file cannot be read. Waits for the disk.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jit_check_config(
    options: *const jit_open_options,
    out_json: *mut *mut jit_text,
    out_error: *mut *mut jit_error,
) -> jit_status {
    guard!(out_error, |c: &FromC| {
        let options = c.read(options, "options")?;
        let out_json = c.out(out_json, "out_json")?;
        let environ = match options.flags & JIT_OPEN_READ_ENVIRONMENT {
            0 => Vec::new(),
            _ => environment().collect(),
        };
        let found = match (c.text(options.config, "config")?, c.text(options.config_path, "config_path")?) {
            (Some(text), None) => Config::check(None, text, environ),
            (None, Some(path)) => Config::check_file(path, environ).map_err(|error| error.for_field("config_path"))?,
            // Neither or both: the same mistake as for `jit_open`.
            (text, path) => {
                config(text, path, environ)?;
                return Ok(());
            }
        };
        out_json.set(to_c(TEXTS.add(Text(terminated(&found.to_json())))));
        Ok(())
    })
}

/// Closes an engine: invalidates the handle, waits for the calls of other threads that are running, and writes the uses
/// that wait. Every later call with the handle answers `JIT_UNAVAILABLE`, except a second `jit_close`, which answers
/// `JIT_INVALID`. Waits for the disk.
///
/// The engine is closed even when the answer is an error: uses could not be written then, and are lost. NULL is nothing to
/// close.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jit_close(engine: *mut jit_engine, out_error: *mut *mut jit_error) -> jit_status {
    guard!(out_error, |_: &FromC| live::close(from_c(engine)))
}

/// Answers one check. Only `JIT_ALLOW` in `out_decision->outcome` after `JIT_OK` is a yes. `JIT_DENY` is for guardrails, of
/// which no grant overrides; treat it as a no. After anything else the host's own answer stands.
///
/// What may wait: with no grant and with `JIT_CHECK_PEEK`, memory is read and no lock is taken, unless a grant with conditions
/// covers the check, whose lock is taken for a moment. An allow takes the lock of a queue of uses while it copies the text of
/// the check. An allow by a break-glass grant or by a grant with numbered uses waits for the disk, because the use is committed
/// before the answer; so does the allow that finds the queue full, because it writes the queue first. Writing waits up to
/// `store.busy_timeout_ms` for other processes. With `JIT_CHECK_CURRENT`, and when the last look at the store is older than
/// `service.max_staleness_ms`, the store's file is read.
///
/// The principal is always read. The action, the resource and the parent are read when the principal may hold a grant; otherwise
/// the answer is "no grant" whatever they are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jit_check(
    engine: *const jit_engine,
    query: *const jit_query,
    out_decision: *mut jit_decision,
    out_error: *mut *mut jit_error,
) -> jit_status {
    guard!(out_error, |c: &FromC| {
        let mut room = MaybeUninit::uninit();
        let query = c.given(query, &mut room, "query")?;
        let out_decision = c.sized_out(out_decision, "out_decision")?;
        let query = query.value();
        let context = context(c, &query)?;
        let check = check(c, &query, context.as_deref())?;
        live::with(from_c(engine), |live| {
            out_decision.set((&live.host.decider().check(&check)?).into());
            Ok(())
        })
    })
}

/// Answers `count` checks that stand one after the other into as many decisions, at one instant. All are read in full; one that
/// is not valid fails them all: nothing is written and no use is recorded. When one is `JIT_CHECK_CURRENT`, all are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jit_check_many(
    engine: *const jit_engine,
    queries: *const jit_query,
    count: usize,
    out_decisions: *mut jit_decision,
    out_error: *mut *mut jit_error,
) -> jit_status {
    guard!(out_error, |c: &FromC| {
        let queries = c.read_many(queries, count, "queries")?;
        let out_decisions = c.sized_outs(out_decisions, count, "out_decisions")?;
        let contexts = queries.iter().map(|query| context(c, query)).collect::<Result<Vec<_>, Invalid>>()?;
        let with_context = queries.iter().zip(&contexts);
        let checks = with_context.map(|(query, context)| check(c, query, context.as_deref()));
        let checks = checks.collect::<Result<Vec<_>, Invalid>>()?;
        let decisions =
            live::with(from_c(engine), |live| Ok(live.host.decider().check_many(checks.iter().copied())?))?;
        for (out_decision, decision) in out_decisions.into_iter().zip(decisions) {
            out_decision.set((&decision).into());
        }
        Ok(())
    })
}

/// Runs a command of the workflow or looks something up: a JSON object in, a JSON value out. The README has the commands
/// and their fields. On success `*out_json` is the answer; `jit_text_free` frees it. Waits for the disk.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jit_run(
    engine: *const jit_engine,
    command_json: jit_str,
    out_json: *mut *mut jit_text,
    out_error: *mut *mut jit_error,
) -> jit_status {
    guard!(out_error, |c: &FromC| {
        let document = c.text(command_json, "command_json")?;
        let document = document.ok_or_else(|| Invalid::new("command_json", "is NULL", "a JSON object"))?;
        let out_json = c.out(out_json, "out_json")?;
        let answer = command::run(live::pinned(from_c(engine))?.host.workflow(), document)?;
        out_json.set(to_c(TEXTS.add(Text(terminated(&answer)))));
        Ok(())
    })
}

/// Like `jit_run`, for `verify` and `evidence`, which read the whole journal: `progress` is called between two reads with the last
/// record that was verified and the last one there is, on this thread and with no lock of the library held. When it returns
/// anything but zero, the call ends with `JIT_UNAVAILABLE`. It must not close the engine, and must not unwind or jump out. NULL
/// and every other command do as `jit_run` does. Waits for the disk.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jit_run_watched(
    engine: *const jit_engine,
    command_json: jit_str,
    progress: jit_progress_callback,
    userdata: *mut c_void,
    out_json: *mut *mut jit_text,
    out_error: *mut *mut jit_error,
) -> jit_status {
    guard!(out_error, |c: &FromC| {
        let document = c.text(command_json, "command_json")?;
        let document = document.ok_or_else(|| Invalid::new("command_json", "is NULL", "a JSON object"))?;
        let out_json = c.out(out_json, "out_json")?;
        let mut watch = Progress { progress, userdata };
        let answer = command::run_watched(live::pinned(from_c(engine))?.host.workflow(), document, &mut watch)?;
        out_json.set(to_c(TEXTS.add(Text(terminated(&answer)))));
        Ok(())
    })
}

/// Decides by standing policies, guardrails and live grants together, for hosts without a decision point: a JSON object in, a JSON
/// object out. The fields in are `caller`, `action`, `resource`, `parent`, `context`, `principal_properties`,
/// `resource_properties`, `address`, `session`, `current` and `peek`; those out `outcome` (`not_applicable` is a no), `reason`,
/// `policies`, `errors`, `grant_id`, `obligations`, `valid_until` and `revision`. On success `*out_json` is the answer;
/// `jit_text_free` frees it. Waits for the disk as `jit_check` does, and once more when the grants of the principal have to be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jit_authorize(
    engine: *const jit_engine,
    question_json: jit_str,
    out_json: *mut *mut jit_text,
    out_error: *mut *mut jit_error,
) -> jit_status {
    guard!(out_error, |c: &FromC| {
        let document = c.text(question_json, "question_json")?;
        let document = document.ok_or_else(|| Invalid::new("question_json", "is NULL", "a JSON object"))?;
        let out_json = c.out(out_json, "out_json")?;
        let answer = whole::authorize(live::pinned(from_c(engine))?.host.engine(), document)?;
        out_json.set(to_c(TEXTS.add(Text(terminated(&answer)))));
        Ok(())
    })
}

/// Sets the host's entities (people and resources): a JSON array in Cedar's format, which replaces the earlier ones. Guardrails and
/// `jit_authorize` read them. `at_ms` is the instant of this state, in milliseconds since 1970; zero for now. A child after a fork
/// has no entities. Does not wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jit_set_entities(
    engine: *const jit_engine,
    entities_json: jit_str,
    at_ms: i64,
    out_error: *mut *mut jit_error,
) -> jit_status {
    guard!(out_error, |c: &FromC| {
        let document = c.text(entities_json, "entities_json")?;
        let document = document.ok_or_else(|| Invalid::new("entities_json", "is NULL", "a JSON array"))?;
        let at = (at_ms != 0).then(|| Timestamp::from_millis(at_ms)).transpose().map_err(|e| e.for_field("at_ms"))?;
        whole::set_entities(live::pinned(from_c(engine))?.host.engine(), document, at)?;
        Ok(())
    })
}

/// One value of a text that is JSON, found by a JSON pointer (RFC 6901): `/id`, `/items/0/status`. A string is answered as it
/// is, without quotes; anything else as JSON, `null` included. `JIT_INVALID` when nothing stands there. On success `*out_text`
/// is a text of its own; `jit_text_free` frees it. Does not wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jit_text_at(
    text: *const jit_text,
    pointer: jit_str,
    out_text: *mut *mut jit_text,
    out_error: *mut *mut jit_error,
) -> jit_status {
    guard!(out_error, |c: &FromC| {
        let pointer = c.short(pointer, "pointer")?.ok_or_else(|| missing("pointer"))?;
        let out_text = c.out(out_text, "out_text")?;
        let found = value_at(&TEXTS.get(from_c(text))?.0, pointer)?;
        out_text.set(to_c(TEXTS.add(Text(terminated(&found)))));
        Ok(())
    })
}

/// The bytes of a text: borrowed until `jit_text_free`, with a NUL after the end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jit_text_get(
    text: *const jit_text,
    out_text: *mut jit_str,
    out_error: *mut *mut jit_error,
) -> jit_status {
    guard!(out_error, |c: &FromC| {
        let out_text = c.out(out_text, "out_text")?;
        out_text.set(borrowed(&TEXTS.get(from_c(text))?.0));
        Ok(())
    })
}

/// Frees a text. NULL is nothing to free; a second call answers `JIT_INVALID`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jit_text_free(text: *mut jit_text) -> jit_status {
    guard!(std::ptr::null_mut(), |_: &FromC| Ok(TEXTS.remove(from_c(text))?))
}

/// What is in an error. The texts are borrowed until `jit_error_free`, each with a NUL after its end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jit_error_get(error: *const jit_error, out_info: *mut jit_error_info) -> jit_status {
    guard!(std::ptr::null_mut(), |c: &FromC| {
        let out_info = c.sized_out(out_info, "out_info")?;
        let failure = ERRORS.get(from_c(error))?;
        out_info.set(jit_error_info {
            size: size_of::<jit_error_info>(),
            status: failure.status,
            retryable: failure.retryable.into(),
            code: borrowed(&failure.code),
            message: borrowed(&failure.message),
            problem: borrowed(&failure.problem),
        });
        Ok(())
    })
}

/// Frees an error. NULL is nothing to free; a second call answers `JIT_INVALID`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jit_error_free(error: *mut jit_error) -> jit_status {
    guard!(std::ptr::null_mut(), |_: &FromC| Ok(ERRORS.remove(from_c(error))?))
}

/// Brings the engine up to everything that any process has committed before the call. `out_revision` may be NULL. Reads the
/// store, so it may wait for the disk.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jit_sync(
    engine: *const jit_engine,
    out_revision: *mut u64,
    out_error: *mut *mut jit_error,
) -> jit_status {
    guard!(out_error, |c: &FromC| {
        let revision = live::pinned(from_c(engine))?.host.engine().sync()?;
        if let Ok(out_revision) = c.out(out_revision, "out_revision") {
            out_revision.set(revision.0);
        }
        Ok(())
    })
}

/// The background work: writes uses that wait, reads what other processes have committed, records what time did. The library's own thread does it
/// every `service.interval_ms`; after `JIT_OPEN_NO_THREAD` the host does. `out_info` may be NULL. Waits for the disk.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jit_tick(
    engine: *const jit_engine,
    out_info: *mut jit_tick_info,
    out_error: *mut *mut jit_error,
) -> jit_status {
    guard!(out_error, |c: &FromC| {
        let out_info = if out_info.is_null() { None } else { Some(c.sized_out(out_info, "out_info")?) };
        let tick = live::pinned(from_c(engine))?.host.reconciler().tick()?;
        if let Some(out_info) = out_info {
            let (noted, next_ms) = (tick.noted as u64, tick.next.map_or(0, Timestamp::millis));
            out_info.set(jit_tick_info { size: size_of::<jit_tick_info>(), noted, next_ms });
        }
        Ok(())
    })
}

/// The position of the journal that checks are answered from now, at least: it rises with every change. A host that caches
/// answers compares it with the `revision` of a cached one. Costs nanoseconds, and never waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jit_revision(
    engine: *const jit_engine,
    out_revision: *mut u64,
    out_error: *mut *mut jit_error,
) -> jit_status {
    guard!(out_error, |c: &FromC| {
        let out_revision = c.out(out_revision, "out_revision")?;
        out_revision.set(live::with(from_c(engine), |live| Ok(live.host.engine().revision().0))?);
        Ok(())
    })
}

/// Waits until the revision is above `since`, at most `timeout_ms`, and answers the revision: still `since` when the time is
/// over, or when another thread closes the engine. Changes of this process end the wait at once, those of others after the
/// next tick. Any number of threads may wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jit_wait_revision(
    engine: *const jit_engine,
    since: u64,
    timeout_ms: u32,
    out_revision: *mut u64,
    out_error: *mut *mut jit_error,
) -> jit_status {
    guard!(out_error, |c: &FromC| {
        let out_revision = c.out(out_revision, "out_revision")?;
        let live = live::pinned(from_c(engine))?;
        out_revision.set(live.host.watch().wait(Revision(since), Duration::from_millis(timeout_ms.into())).0);
        Ok(())
    })
}

/// Has `callback` called with every log record of the library, for all engines, from now on; NULL ends that. Give it before
/// `jit_open`: records without a callback are dropped. The library prints nothing.
///
/// The callback runs on the thread of the call that made the record, before that call returns, or on the library's own
/// thread, never twice at the same time, and with no lock of the library held. It may call the library, and what that logs is
/// dropped; it must not open or close an engine, and must not unwind or jump out. Records wait in a queue of 1,024: a slow callback loses the oldest, and
/// is given a record that counts them.
///
/// Once this has returned, the callback before is not running on another thread and is not called again, so its `userdata`
/// may go. A child keeps the callback over a fork, without the records that waited.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jit_set_log(
    callback: jit_log_callback,
    userdata: *mut c_void,
    out_error: *mut *mut jit_error,
) -> jit_status {
    guard!(out_error, |_: &FromC| {
        log::set(callback, userdata);
        Ok(())
    })
}

/// For tests: lets `advance_ms` pass on the clock of an engine that was opened with `JIT_OPEN_TEST_CLOCK`, after setting
/// its wall clock to `set_wall_ms` when that is not zero.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jit_test_clock(
    engine: *const jit_engine,
    advance_ms: i64,
    set_wall_ms: i64,
    out_error: *mut *mut jit_error,
) -> jit_status {
    guard!(out_error, |_: &FromC| live::with(from_c(engine), |live| live::move_clock(live, advance_ms, set_wall_ms)))
}

/// What the host knows besides; in a box, because nearly every check has none.
#[inline]
fn context(c: &FromC, query: &jit_query) -> Result<Option<Box<Context>>, Invalid> {
    if query.context.is_null() { Ok(None) } else { read_context(c, query.context).map(Some) }
}

#[inline]
fn check<'c>(c: &'c FromC, query: &jit_query, context: Option<&'c Context>) -> Result<Check<'c>, Invalid> {
    let kind = match query.principal_kind {
        JIT_USER => PrincipalKind::User,
        JIT_AGENT => PrincipalKind::Agent,
        other => return Err(unknown("principal_kind", other, "JIT_USER or JIT_AGENT")),
    };
    let principal = c.short(query.principal, "principal")?.ok_or_else(|| missing("principal"))?;
    let action = c.short(query.action, "action")?.ok_or_else(|| missing("action"))?;
    let (resource, parent) = (c.short(query.resource, "resource")?, c.short(query.parent, "parent")?);
    let check = Check::text((kind, principal), action, resource, parent);
    let check = match context {
        Some(context) => check.context(context),
        None => check,
    };
    match query.mode {
        JIT_CHECK => Ok(check),
        JIT_CHECK_CURRENT => Ok(check.current()),
        JIT_CHECK_PEEK => Ok(check.peek()),
        other => Err(unknown("mode", other, "JIT_CHECK, JIT_CHECK_CURRENT or JIT_CHECK_PEEK")),
    }
}

#[cold]
fn read_context(c: &FromC, context: *const jit_context) -> Result<Box<Context>, Invalid> {
    let told = c.read(context, "context")?;
    if told.reserved != 0 {
        return Err(Invalid::new("reserved", format!("is {}", told.reserved), "0"));
    }
    let (amr, acr) = (c.short(told.amr, "amr")?, c.short(told.acr, "acr")?);
    let signed_in = match told.auth_time {
        0 => None,
        seconds => Some(SignIn::instant(seconds)?),
    };
    let methods = amr.iter().flat_map(|names| names.split(' '));
    let sign_in = SignIn::optional(methods, acr, signed_in, (told.mfa != 0).then_some(true))?;
    let call = c.text(told.call, "call")?.map(jit_access::command::tool_call).transpose()?;
    let details = c.short(told.details, "details")?.map(use_details).transpose()?;
    let context = Context::new(sign_in, c.short(told.address, "address")?, c.short(told.session, "session")?)?;
    let person = c.short(told.acts_for, "acts_for")?.map(Principal::user).transpose();
    let person = person.map_err(|error| error.for_field("acts_for"))?;
    Ok(Box::new(context.call(call).details(details.map(Arc::new)).acts_for(person)))
}

#[cold]
fn missing(field: &'static str) -> Invalid {
    Invalid::new(field, "is NULL", "text")
}

#[cold]
fn unknown(field: &'static str, number: u32, expected: &'static str) -> Invalid {
    Invalid::new(field, format!("is {number}"), expected)
}

fn config(text: Option<&str>, path: Option<&str>, environ: Vec<(String, String)>) -> Result<Config, Invalid> {
    match (text, path) {
        (Some(text), None) => Config::parse(text, environ),
        (None, Some(path)) => Config::from_file(path, environ).map_err(|error| match error.field() {
            "path" => error.for_field("config_path"),
            _ => error,
        }),
        (Some(_), Some(_)) => Err(Invalid::new("config", "is given together with config_path", "one of the two")),
        (None, None) => Err(Invalid::new("config", "is missing", "a text, or config_path")),
    }
}

fn value_at(document: &str, pointer: &str) -> Result<String, Invalid> {
    let document = document.strip_suffix('\0').unwrap_or(document);
    let document: Value = serde_json::from_str(document)
        .map_err(|error| Invalid::new("text", format!("is not JSON: {error}"), "a JSON value"))?;
    match document.pointer(pointer) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(other) => Ok(other.to_string()),
        None => {
            let problem = format!("is {}, where nothing stands", Invalid::quote(pointer));
            Err(Invalid::new("pointer", problem, "a JSON pointer such as `/id`"))
        }
    }
}

/// The text without the NUL after its end.
fn borrowed(text: &str) -> jit_str {
    jit_str::of(text.strip_suffix('\0').unwrap_or(text))
}
