//! The thread that waits for signals of other processes' commits, if the store has them.

use std::time::Duration;

use super::background::Rounds;
use crate::error::Error;
use crate::service::{Engine, Reconciler};

/// Calls [`Reconciler::wait_for_commit`] until it is dropped. The background work finds what it misses.
#[derive(Debug)]
pub(super) struct Listening {
    _rounds: Rounds,
}

/// How long it listens at a stretch: so long a fork and the end of the engine wait for it.
const STRETCH: Duration = Duration::from_millis(100);
/// How long after a failure it tries again.
const PAUSE: Duration = Duration::from_secs(1);

impl Listening {
    pub(super) fn start(engine: &Engine) -> Result<Self, Error> {
        let reconciler = engine.reconciler();
        let mut failing = false;
        let rounds = Rounds::start("jit-listen", move || {
            let failed = listen(&reconciler, failing);
            failing = failed;
            if failed { PAUSE } else { Duration::ZERO }
        })?;
        Ok(Self { _rounds: rounds })
    }
}

/// Returns whether it failed. Logged when that begins and when it ends.
fn listen(reconciler: &Reconciler, failed_before: bool) -> bool {
    match reconciler.wait_for_commit(STRETCH) {
        Err(error) => {
            if !failed_before {
                tracing::warn!(%error, "changes of other processes are not heard at once; they are found by asking");
            }
            true
        }
        Ok(_) => {
            if failed_before {
                tracing::info!("changes of other processes are heard at once again");
            }
            false
        }
    }
}
