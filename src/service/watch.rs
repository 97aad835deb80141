//! Waits for the next change.

use std::sync::Arc;
use std::time::Duration;

use super::engine::Engine;
use super::shared::Shared;
use crate::model::Revision;

/// Waits until the revision of checks has risen, so that a host with cached answers or a copy of the grants drops them
/// on a change and needs no timer.
///
/// Changes of this process are seen at once; changes of other processes at a call of [`Engine::sync`] or
/// [`super::Reconciler::tick`], as the background work of a host makes. Does not survive `fork`.
///
/// ```
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let world::World { engine, .. } = world::requested()?;
/// use jit_access::model::*;
/// use jit_access::service::Watch;
/// use std::time::Duration;
///
/// let watch = Watch::of(&engine);
/// assert!(watch.wait(Revision(0), Duration::from_secs(60)) > Revision(0), "something has changed already");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Watch {
    shared: Arc<Shared>,
}

impl Watch {
    /// A watch of this engine.
    #[must_use]
    pub fn of(engine: &Engine) -> Self {
        Self { shared: Arc::clone(engine.shared()) }
    }

    /// Returns the revision, once it is after `since`, `timeout` has passed, or [`Watch::end`] has been called.
    #[must_use]
    pub fn wait(&self, since: Revision, timeout: Duration) -> Revision {
        let Shared { checks, notifier, .. } = &*self.shared;
        notifier.wait(|| checks.index.revision() <= since, timeout);
        checks.index.revision()
    }

    /// Makes every wait on this engine return, now and from now on. Call it before the engine is closed.
    pub fn end(&self) {
        self.shared.notifier.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Builder;
    use crate::store::MemoryStore;
    use crate::workflow::Rules;

    #[test]
    fn nobody_waits_for_what_has_happened_or_on_an_engine_that_goes() {
        let engine = Builder::new(MemoryStore::new(), Rules::default()).open().unwrap();
        let watch = Watch::of(&engine);
        assert_eq!(watch.wait(Revision::ZERO, Duration::from_millis(1)), Revision::ZERO, "the time was over");
        let waiting = std::thread::spawn({
            let watch = watch.clone();
            move || watch.wait(Revision::ZERO, Duration::from_secs(3_600))
        });
        watch.end();
        assert_eq!(waiting.join().unwrap(), Revision::ZERO, "woken");
        assert_eq!(watch.wait(Revision::ZERO, Duration::from_secs(3_600)), Revision::ZERO, "and never again asleep");
    }
}
