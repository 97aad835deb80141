//! What C can call.

#![expect(unsafe_code, reason = "exported names, and functions whose callers are in C; what they do is in `guard`")]
#![expect(
    clippy::missing_safety_doc,
    reason = "the promise is the same for all, and stands in the README: see `FromC`"
)]

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::time::Duration;

use jit_access::check::Check;
use jit_access::clock::ManualClock;
use jit_access::model::{Context, Invalid, PrincipalKind, Revision, SignIn, Timestamp};
use jit_access::wire::command;

use crate::guard::{ERRORS, guard, terminated};
use crate::handle::{FromC, from_c, to_c};
use crate::live::{self, Source};
use crate::types::*;
use crate::{TEXTS, Text};

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
        let environ = if has(JIT_OPEN_READ_ENVIRONMENT) { environment() } else { Vec::new() };
        let (text, path) = (c.text(options.config, "config")?, c.text(options.config_path, "config_path")?);
        let mut source = Source::read(text, path, environ)?;
        source.without_thread = has(JIT_OPEN_NO_THREAD) || has(JIT_OPEN_TEST_CLOCK);
        if has(JIT_OPEN_TEST_CLOCK) {
            let start = Timestamp::from_millis(options.test_clock_ms).map_err(|e| e.for_field("test_clock_ms"))?;
            source.clock = Some(Arc::new(ManualClock::at(start)));
        }
        out_engine.set(to_c(live::open(&source)?));
        Ok(())
    })
}

/// Closes an engine: takes its name away, waits for calls of other threads that are inside, writes the uses that wait.
///
/// Whatever the answer, the engine is closed: an error says that uses were lost which could not be written. A second call
/// answers `JIT_INVALID`. NULL is nothing to close.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jit_close(engine: *mut jit_engine, out_error: *mut *mut jit_error) -> jit_status {
    guard!(out_error, |_: &FromC| live::close(from_c(engine)))
}

/// Answers one check. Only `JIT_ALLOW` in `out_decision->outcome` after `JIT_OK` is a yes. `JIT_DENY` is for guardrails, of
/// which none exist yet; treat it as a no. After anything else the host's own answer stands.
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
            out_decision.set((&live.decider.check(&check)?).into());
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
        let decisions = live::with(from_c(engine), |live| Ok(live.decider.check_many(checks.iter().copied())?))?;
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
        let answer = command::run(&live::pinned(from_c(engine))?.desk, document)?;
        out_json.set(to_c(TEXTS.add(Text(terminated(&answer)))));
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

/// Brings the engine up to everything that any process has committed before the call. `out_revision` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jit_sync(
    engine: *const jit_engine,
    out_revision: *mut u64,
    out_error: *mut *mut jit_error,
) -> jit_status {
    guard!(out_error, |c: &FromC| {
        let revision = live::pinned(from_c(engine))?.engine.sync()?;
        if let Ok(out_revision) = c.out(out_revision, "out_revision") {
            out_revision.set(revision.0);
        }
        Ok(())
    })
}

/// Writes uses that wait, catches up with other processes, notes what time made true. The library's own thread does it
/// every `service.interval_ms`; after `JIT_OPEN_NO_THREAD` the host does. `out_info` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jit_tick(
    engine: *const jit_engine,
    out_info: *mut jit_tick_info,
    out_error: *mut *mut jit_error,
) -> jit_status {
    guard!(out_error, |c: &FromC| {
        let out_info = if out_info.is_null() { None } else { Some(c.sized_out(out_info, "out_info")?) };
        let tick = live::pinned(from_c(engine))?.reconciler.tick()?;
        if let Some(out_info) = out_info {
            let (noted, next_ms) = (tick.noted as u64, tick.next.map_or(0, Timestamp::millis));
            out_info.set(jit_tick_info { size: size_of::<jit_tick_info>(), noted, next_ms });
        }
        Ok(())
    })
}

/// The position of the journal that checks are answered from now, at least: it rises with every change. Whoever keeps
/// answers compares it with the `revision` of a kept one. Costs nanoseconds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jit_revision(
    engine: *const jit_engine,
    out_revision: *mut u64,
    out_error: *mut *mut jit_error,
) -> jit_status {
    guard!(out_error, |c: &FromC| {
        let out_revision = c.out(out_revision, "out_revision")?;
        out_revision.set(live::with(from_c(engine), |live| Ok(live.engine.revision().0))?);
        Ok(())
    })
}

/// Waits until the revision is above `since`, at most `timeout_ms`, and answers the revision: still `since` when time was
/// over, or when another thread closes the engine. Changes of this process are told at once, those of others after the
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
        out_revision.set(live.watch.wait(Revision(since), Duration::from_millis(timeout_ms.into())).0);
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
    let sign_in = SignIn::told(methods, acr, signed_in, (told.mfa != 0).then_some(true))?;
    Ok(Box::new(Context::new(sign_in, c.short(told.address, "address")?, c.short(told.session, "session")?)?))
}

#[cold]
fn missing(field: &'static str) -> Invalid {
    Invalid::new(field, "is NULL", "text")
}

#[cold]
fn unknown(field: &'static str, number: u32, expected: &'static str) -> Invalid {
    Invalid::new(field, format!("is {number}"), expected)
}

/// The variables of the process whose names and values are text.
fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// The text without the NUL after its end.
fn borrowed(text: &str) -> jit_str {
    jit_str::of(text.strip_suffix('\0').unwrap_or(text))
}
