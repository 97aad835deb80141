//! How a program is told how far a call has come.

#![expect(unsafe_code, reason = "the callback is in C")]

use std::ffi::c_void;
use std::ops::ControlFlow;

use jit_access::store::{VerifyProgress, Verifying};

use crate::types::jit_progress_callback;

/// Who follows a call.
pub(crate) struct Progress {
    pub(crate) progress: jit_progress_callback,
    pub(crate) userdata: *mut c_void,
}

impl Verifying for Progress {
    fn progress(&mut self, so_far: VerifyProgress) -> ControlFlow<()> {
        let Some(progress) = self.progress else { return ControlFlow::Continue(()) };
        // SAFETY: the program says that it may be called with its `userdata` while the call lasts.
        let wanted = unsafe { progress(self.userdata, so_far.verified.0, so_far.last.0) };
        if wanted == 0 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}
