//! What Python can ask of an engine.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use chrono::{DateTime, Utc};
use jit_access::Error;
use jit_access::check::Check;
use jit_access::clock::Clock;
use jit_access::config::{Config, Effective, StoreConfig};
use jit_access::host::{HostBuilder, log};
use jit_access::internal::monitor::Counts;
use jit_access::internal::wire::command::{execute, execute_watched};
use jit_access::model::{GrantId, Invalid, Timestamp};
use jit_access::service::within_trace;
use jit_access::store::{VerifyProgress, Verifying};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyBool, PyDict, PyTuple};

use crate::channel::PyChannel;
use crate::clock::ManualClock;
use crate::directory::PyDirectory;
use crate::errors::raise;
use crate::interpreter::{attached, detached};
use crate::live::Live;
use crate::open::{builder, variables};
use crate::principal::Named;
use crate::run::{call, shown, traceparent};
use crate::shortcut::Shortcut;
use crate::values::{Caller, Context, Decision, Honoured, SignedLink};

/// The last use of a grant, its uses a minute, and how many calls of its holder were refused.
type Used = (Option<DateTime<Utc>>, f64, u64);

#[pyclass(frozen, module = "jit_access")]
pub struct Engine {
    /// Nothing once it is closed.
    live: ArcSwapOption<Live>,
    shortcut: Arc<Shortcut>,
    store: String,
}

impl Engine {
    fn start(builder: HostBuilder) -> Result<Self, Error> {
        let live = Live::open(builder)?;
        let store = match &live.host.config().store {
            StoreConfig::Sqlite { path, .. } => format!("{:?}", path.display().to_string()),
            StoreConfig::Postgres { url, .. } => format!("{:?}", url.to_string()),
            _ => "memory".to_owned(),
        };
        let shortcut = Arc::clone(&live.shortcut);
        Ok(Self { live: ArcSwapOption::from_pointee(live), shortcut, store })
    }

    /// The engine of this process. After a fork it is opened anew.
    pub fn with<R>(&self, ask: impl FnOnce(&Live) -> Result<R, Error>) -> Result<R, Error> {
        let mut live = self.live.load();
        while let Some(inherited) = live.as_ref().filter(|live| !live.host.is_of_this_process()) {
            self.reopen(inherited)?;
            live = self.live.load();
        }
        let live = live.as_ref().ok_or(Error::Closed)?;
        live.ensure_background()?;
        ask(live)
    }

    #[cold]
    fn reopen(&self, inherited: &Arc<Live>) -> Result<(), Error> {
        let reopened = attached(|py| {
            detached(py, || {
                let fresh = Arc::new(inherited.reopen()?);
                // Another thread of this child may have been first, or has closed the engine.
                let before = self.live.compare_and_swap(inherited, Some(Arc::clone(&fresh)));
                if before.as_ref().is_some_and(|before| Arc::ptr_eq(before, inherited)) {
                    self.shortcut.lead_to(&fresh.shortcut);
                }
                Ok(())
            })
        });
        reopened.unwrap_or(Err(Error::Closed))
    }

    /// The same without the interpreter lock, for calls that may wait for a disk.
    fn detached<R: Send>(&self, py: Python<'_>, ask: impl FnOnce(&Live) -> Result<R, Error> + Send) -> PyResult<R> {
        let answer = detached(py, || self.with(ask));
        log::deliver();
        answer.map_err(raise)
    }

    fn opened(
        py: Python<'_>,
        read: impl FnOnce() -> Result<Config, Invalid> + Send,
        reserved: &[String],
        directory: Option<Py<PyAny>>,
        clock: Option<&ManualClock>,
    ) -> PyResult<Self> {
        let directory = directory.map(PyDirectory::new);
        let clock = clock.map(|clock| Arc::clone(&clock.0) as Arc<dyn Clock>);
        let opened = detached(py, || Self::start(builder(read()?, reserved, directory, clock)?));
        log::deliver();
        opened.map_err(raise)
    }

    /// Answers on this thread. With the interpreter lock held, unless the check may read the store's file.
    #[inline]
    fn decide(&self, py: Python<'_>, check: &Check<'_>, is_current: bool) -> PyResult<Py<Decision>> {
        let decision = match self.shortcut.decider() {
            Some(decider) if !is_current => decider.check(check).map_err(raise)?,
            _ if is_current => self.detached(py, |live| Ok(live.host.decider().check(check)?))?,
            _ => self.with(|live| Ok(live.host.decider().check(check)?)).map_err(raise)?,
        };
        log::deliver();
        Decision::held(py, decision)
    }
}

/// How a check is answered: `current` and `record` of Python.
fn how<'a>(check: Check<'a>, context: Option<&'a Context>, current: bool, record: bool) -> Check<'a> {
    let check = context.map_or(check, |context| check.context(&context.0));
    let check = if current { check.current() } else { check };
    if record { check } else { check.peek() }
}

#[pymethods]
impl Engine {
    #[staticmethod]
    #[pyo3(signature = (path, *, environ = None, reserved_permissions = Vec::new(), directory = None, clock = None))]
    fn open(
        py: Python<'_>,
        path: PathBuf,
        environ: Option<HashMap<String, String>>,
        reserved_permissions: Vec<String>,
        directory: Option<Py<PyAny>>,
        clock: Option<&ManualClock>,
    ) -> PyResult<Self> {
        let read = || Config::from_file(path, variables(environ));
        Self::opened(py, read, &reserved_permissions, directory, clock)
    }

    #[staticmethod]
    #[pyo3(signature = (text, *, environ = None, reserved_permissions = Vec::new(), directory = None, clock = None))]
    fn from_yaml(
        py: Python<'_>,
        text: &str,
        environ: Option<HashMap<String, String>>,
        reserved_permissions: Vec<String>,
        directory: Option<Py<PyAny>>,
        clock: Option<&ManualClock>,
    ) -> PyResult<Self> {
        let read = || Config::parse(text, variables(environ));
        Self::opened(py, read, &reserved_permissions, directory, clock)
    }

    #[pyo3(signature = (principal, action, resource = None, *, parent = None, agent = false, context = None, current = false, record = true))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords on the other side")]
    fn check(
        &self,
        py: Python<'_>,
        principal: Named<'_>,
        action: &str,
        resource: Option<&str>,
        parent: Option<&str>,
        agent: bool,
        context: Option<&Context>,
        current: bool,
        record: bool,
    ) -> PyResult<Py<Decision>> {
        let check = Check::text(principal.with(agent), action, resource, parent);
        self.decide(py, &how(check, context, current, record), current)
    }

    #[pyo3(signature = (principal, action, resources, *, parent = None, agent = false, context = None, current = false, record = true))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords on the other side")]
    fn check_many(
        &self,
        py: Python<'_>,
        principal: Named<'_>,
        action: &str,
        resources: Vec<PyBackedStr>,
        parent: Option<&str>,
        agent: bool,
        context: Option<&Context>,
        current: bool,
        record: bool,
    ) -> PyResult<Vec<Py<Decision>>> {
        let check = |resource| Check::text(principal.with(agent), action, Some(resource), parent);
        let checks = resources.iter().map(|resource| how(check(&**resource), context, current, record));
        let decisions = if current {
            self.detached(py, |live| Ok(live.host.decider().check_many(checks)?))?
        } else {
            self.with(|live| Ok(live.host.decider().check_many(checks)?)).map_err(raise)?
        };
        decisions.into_iter().map(|decision| Decision::held(py, decision)).collect()
    }

    #[pyo3(signature = (principal, action, resource = None, *, parent = None, agent = false, context = None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords on the other side")]
    fn peek_in_memory(
        &self,
        py: Python<'_>,
        principal: Named<'_>,
        action: &str,
        resource: Option<&str>,
        parent: Option<&str>,
        agent: bool,
        context: Option<&Context>,
    ) -> PyResult<Option<Py<Decision>>> {
        let check = how(Check::text(principal.with(agent), action, resource, parent), context, true, false);
        let decision = match self.shortcut.decider() {
            Some(decider) => decider.peek_in_memory(&check).map_err(raise)?,
            None => self.with(|live| Ok(live.host.decider().peek_in_memory(&check)?)).map_err(raise)?,
        };
        decision.map(|decision| Decision::held(py, decision)).transpose()
    }

    /// Gives the command or read of this name. The typed methods of Python do nothing else.
    fn _run(
        &self,
        py: Python<'_>,
        name: &str,
        caller: Option<&Caller>,
        fields: &Bound<'_, PyDict>,
    ) -> PyResult<Py<PyAny>> {
        let (spec, fields) = call(name, caller, fields)?;
        let caller = caller.map(|caller| &caller.0);
        let trace = if spec.writes { traceparent(py)? } else { None };
        let answer = self.detached(py, move |live| {
            within_trace(trace.as_deref(), || execute(live.host.workflow(), spec, caller, fields))
        })?;
        shown(py, answer)
    }

    #[pyo3(signature = (name, caller, progress, **fields))]
    fn run_watched(
        &self,
        py: Python<'_>,
        name: &str,
        caller: Option<&Caller>,
        progress: Py<PyAny>,
        fields: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Py<PyAny>> {
        if !progress.bind(py).is_callable() {
            return Err(PyTypeError::new_err("argument 'progress': a function of two numbers is expected"));
        }
        let none = PyDict::new(py);
        let (spec, fields) = call(name, caller, fields.unwrap_or(&none))?;
        let caller = caller.map(|caller| &caller.0);
        let mut watch = Progress { function: progress, raised: None };
        let answer = self.detached(py, |live| execute_watched(live.host.workflow(), spec, caller, fields, &mut watch));
        match watch.raised {
            Some(raised) => Err(raised),
            None => shown(py, answer?),
        }
    }

    fn add_channel(&self, py: Python<'_>, name: String, send: Py<PyAny>) -> PyResult<()> {
        if !send.bind(py).is_callable() {
            return Err(PyTypeError::new_err("argument 'send': a function of one message is expected"));
        }
        self.detached(py, |live| live.host.add_channel(name, PyChannel::new(send)))
    }

    fn verify_link(&self, py: Python<'_>, link: &str) -> PyResult<SignedLink> {
        self.detached(py, |live| live.host.verify_link(link)).map(SignedLink)
    }

    fn authorize(&self, py: Python<'_>, question: &str) -> PyResult<String> {
        self.detached(py, |live| jit_access::internal::wire::authorize(live.host.engine(), question))
    }

    #[pyo3(signature = (entities, *, at = None))]
    fn set_entities(&self, py: Python<'_>, entities: &str, at: Option<DateTime<Utc>>) -> PyResult<usize> {
        let at = at.map(|at| Timestamp::from_millis(at.timestamp_millis())).transpose().map_err(raise)?;
        self.detached(py, |live| live.host.engine().set_entities(entities, at))
    }

    fn honoured(&self, py: Python<'_>) -> PyResult<Honoured> {
        self.detached(py, |live| live.host.engine().honoured()).map(Honoured)
    }

    fn configuration(&self) -> PyResult<Vec<(String, String, String)>> {
        let shown = |one: &Effective| (one.path.clone(), one.value.to_string(), one.origin.clone());
        self.with(|live| Ok(live.host.config().values.iter().map(shown).collect())).map_err(raise)
    }

    fn sync(&self, py: Python<'_>) -> PyResult<u64> {
        self.detached(py, |live| Ok(live.host.engine().sync()?.0))
    }

    fn activity(&self, py: Python<'_>, grants: Vec<String>) -> PyResult<(u64, Vec<Option<Used>>)> {
        let ids: Result<Vec<GrantId>, _> = grants.iter().map(|id| id.parse()).collect();
        let ids = ids.map_err(raise)?;
        let (refusals, counts) = self.detached(py, |live| live.host.engine().workflow().activity(ids))?;
        let used = |counts: Counts| {
            (counts.last_use.and_then(|at| DateTime::from_timestamp_millis(at.millis())), counts.rate, counts.refusals)
        };
        Ok((refusals, counts.into_iter().map(|counts| counts.map(used)).collect()))
    }

    fn oversees(&self, py: Python<'_>, caller: &Caller) -> PyResult<bool> {
        let caller = &caller.0;
        self.detached(py, |live| Ok(live.host.engine().workflow().oversees(caller)))
    }

    fn tick(&self, py: Python<'_>) -> PyResult<()> {
        self.detached(py, |live| live.host.reconciler().tick().map(drop))
    }

    #[getter]
    fn enhanced_audit(&self) -> PyResult<bool> {
        self.with(|live| Ok(live.host.engine().settings().enhanced_audit)).map_err(raise)
    }

    #[getter]
    fn revision(&self) -> PyResult<u64> {
        self.with(|live| Ok(live.host.engine().revision().0)).map_err(raise)
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let Some(live) = self.live.swap(None) else { return Ok(()) };
        live.shortcut.close();
        let finished = detached(py, move || live.host.finish());
        log::deliver();
        finished.map_err(raise)
    }

    fn __enter__(this: Py<Self>) -> Py<Self> {
        this
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.close(py)
    }

    fn __repr__(&self) -> String {
        format!("Engine(store={})", self.store)
    }
}

/// Who follows a call in Python.
struct Progress {
    function: Py<PyAny>,
    raised: Option<PyErr>,
}

impl Verifying for Progress {
    fn progress(&mut self, so_far: VerifyProgress) -> ControlFlow<()> {
        let told = attached(|py| {
            let answer = self.function.call1(py, (so_far.verified.0, so_far.last.0))?;
            Ok::<_, PyErr>(answer.is(&*PyBool::new(py, false)))
        });
        match told {
            Some(Ok(false)) => ControlFlow::Continue(()),
            Some(Ok(true)) | None => ControlFlow::Break(()),
            Some(Err(raised)) => {
                self.raised = Some(raised);
                ControlFlow::Break(())
            }
        }
    }
}
