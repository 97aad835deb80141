//! The border itself: what happens inside an export cannot unwind into C, and every failure becomes a status and an error
//! that can be looked at.

#![expect(unsafe_code, reason = "exports begin here, and the system is told of fork handlers")]

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jit_access::Error;
use jit_access::host::log;
use jit_access::internal::wire::{self, ProblemDocument};

use crate::handle::{FromC, Names, to_c};
use crate::types::{JIT_INTERNAL, JIT_OK, jit_error, jit_status, status_of};

/// The errors that C has not freed yet.
pub(crate) static ERRORS: Names<Failure> = Names::of("error");

/// An error as C looks at it. Every text has a NUL after its end.
pub(crate) struct Failure {
    pub(crate) status: jit_status,
    pub(crate) retryable: bool,
    pub(crate) code: Box<str>,
    pub(crate) message: Box<str>,
    pub(crate) problem: Box<str>,
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        Self {
            status: status_of(error.kind()),
            retryable: error.is_retryable(),
            code: terminated(error.code()),
            message: terminated(&error.to_string()),
            problem: terminated(&wire::to_json(&ProblemDocument::from(error)).unwrap_or_else(|_| "{}".to_owned())),
        }
    }
}

/// The text with a NUL after it, for programs that look for one.
pub(crate) fn terminated(text: &str) -> Box<str> {
    format!("{text}\0").into()
}

/// Runs the body of an export. A panic becomes `JIT_INTERNAL`; on every failure an error is written to `out_error`, unless
/// that is null.
///
/// # Safety
/// To be called by an export with pointers that it was given: see [`FromC`].
#[inline]
pub(crate) unsafe fn enter(
    out_error: *mut *mut jit_error,
    body: impl FnOnce(&FromC) -> Result<(), Error>,
) -> jit_status {
    // SAFETY: passed on to our caller, who is an export.
    let c = unsafe { FromC::new() };
    // What a panic left half done is behind locks of its own; see `Connections` for the store's.
    let status = match catch_unwind(AssertUnwindSafe(|| body(&c))) {
        Ok(Ok(())) => JIT_OK,
        Ok(Err(error)) => report(&c, &error, out_error),
        Err(panic) => report(&c, &panicked(panic), out_error),
    };
    // No lock is held here, so the program may call the library from its log callback.
    log::deliver();
    status
}

#[cold]
fn report(c: &FromC, error: &Error, out_error: *mut *mut jit_error) -> jit_status {
    let reported = catch_unwind(AssertUnwindSafe(|| {
        if let Ok(out_error) = c.out(out_error, "out_error") {
            out_error.set(to_c(ERRORS.add(Failure::from(error))));
        }
        status_of(error.kind())
    }));
    reported.unwrap_or(JIT_INTERNAL)
}

#[cold]
fn panicked(panic: Box<dyn Any + Send>) -> Error {
    let told = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let error = Error::Internal(format!("the library panicked: {}", told.unwrap_or("it did not say why")));
    // The destructor of what was thrown may throw again.
    std::mem::forget(panic);
    error
}

/// `guard!(out_error, |c: &FromC| { … })`: the whole body of an export.
macro_rules! guard {
    ($out_error:expr, $body:expr) => {{
        let (out_error, body) = ($out_error, $body);
        // SAFETY: stands only in exports, with their own pointers.
        unsafe { $crate::guard::enter(out_error, body) }
    }};
}
pub(crate) use guard;

/// Has these called before and after every fork of the process, from now on.
pub(crate) fn at_fork(
    before: extern "C" fn(),
    in_parent: extern "C" fn(),
    in_child: extern "C" fn(),
) -> Result<(), Error> {
    // SAFETY: the three are functions of this library, which is never unloaded (`build.rs`), and they do not unwind.
    let failed = unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) };
    match failed {
        0 => Ok(()),
        code => {
            let source = std::io::Error::from_raw_os_error(code);
            Err(Error::System { doing: "registering the fork handlers", source })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::JIT_INVALID;

    #[test]
    fn a_panic_becomes_an_error() {
        let mut error = std::ptr::null_mut();
        let status = guard!(&raw mut error, |_: &FromC| -> Result<(), Error> { panic!("for the test") });
        assert_eq!(status, JIT_INTERNAL);
        let failure = ERRORS.get(crate::handle::from_c(error)).unwrap();
        assert_eq!(&*failure.message, "the library panicked: for the test\0");
        assert_eq!(guard!(std::ptr::null_mut(), |_: &FromC| panic!("nobody looks")), JIT_INTERNAL);
    }

    #[test]
    fn what_is_thrown_may_throw_again() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("again");
            }
        }
        assert_eq!(guard!(std::ptr::null_mut(), |_: &FromC| std::panic::panic_any(Bomb)), JIT_INTERNAL);
    }

    #[test]
    fn outputs_are_looked_at_first() {
        let body = |c: &FromC| c.out(std::ptr::null_mut::<u64>(), "out").map(|out| out.set(1)).map_err(Error::from);
        assert_eq!(guard!(std::ptr::null_mut(), body), JIT_INVALID);
    }
}
