//! What Python gets to hold: frozen values, and their JSON.

use std::cell::Cell;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use jit_access::internal::wire::{self, Circumstances, Item};
use jit_access::model::{self, Permission, Principal, RoleName, SignIn, Timestamp};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyInt, PyTuple};

use crate::clock::{instant, when};
use crate::errors::raise;
use crate::principal::{Named, shown};

/// `Name(field=value)`, with each value as Python shows it.
macro_rules! repr {
    ($py:expr, $class:literal, $($field:ident = $value:expr),+ $(,)?) => {{
        let parts = [$(format!(concat!(stringify!($field), "={}"), $value.into_pyobject($py)?.into_any().repr()?)),+];
        Ok(format!("{}({})", $class, parts.join(", ")))
    }};
}

#[pyclass(frozen, module = "jit_access")]
pub struct Caller(pub model::Caller);

#[pymethods]
impl Caller {
    #[new]
    #[pyo3(signature = (principal, *, roles = Vec::new(), permissions = None, agent = false, acts_for = None, amr = Vec::new(), acr = None, auth_time = None, mfa = None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords on the other side")]
    fn new(
        principal: Named<'_>,
        roles: Vec<String>,
        permissions: Option<Vec<String>>,
        agent: bool,
        acts_for: Option<&str>,
        amr: Vec<String>,
        acr: Option<&str>,
        auth_time: Option<&Bound<'_, PyAny>>,
        mfa: Option<bool>,
    ) -> PyResult<Self> {
        let principal = principal.read(agent)?;
        let roles = roles.iter().map(|role| RoleName::new(role)).collect::<Result<_, _>>().map_err(raise)?;
        // What the host calls a permission and the library cannot name takes nothing off what a grant newly permits.
        let permissions =
            permissions.map(|all| all.iter().filter_map(|name| Permission::new(name).ok()).collect::<Vec<_>>());
        let acts_for = acts_for.map(|name| Principal::user(name).map_err(|error| error.for_field("acts_for")));
        let acts_for = acts_for.transpose().map_err(raise)?;
        let sign_in = sign_in(&amr, acr, auth_time, mfa)?;
        Ok(Self(model::Caller::new(principal, roles).permissions(permissions).acts_for(acts_for).sign_in(sign_in)))
    }

    #[getter]
    fn principal<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        shown(py, &self.0.principal)
    }

    #[getter]
    fn roles<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.0.roles.iter().map(RoleName::as_str))
    }

    #[getter]
    fn permissions<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        self.0.permissions.as_ref().map(|all| PyTuple::new(py, all.iter().map(Permission::as_str))).transpose()
    }

    #[getter]
    fn acts_for<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.0.acts_for.as_ref().map(|person| shown(py, person)).transpose()
    }

    #[getter]
    fn amr<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.0.sign_in.iter().flat_map(SignIn::methods).collect::<Vec<_>>())
    }

    #[getter]
    fn acr(&self) -> Option<&str> {
        self.0.sign_in.as_ref()?.context()
    }

    #[getter]
    fn auth_time(&self) -> Option<DateTime<Utc>> {
        self.0.sign_in.as_ref()?.at().map(instant)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let roles: Vec<_> = self.0.roles.iter().map(RoleName::as_str).collect();
        repr!(py, "Caller", principal = self.0.principal.to_string(), roles = roles)
    }
}

/// How somebody signed in, as far as any of it is told.
fn sign_in(
    amr: &[String],
    acr: Option<&str>,
    auth_time: Option<&Bound<'_, PyAny>>,
    mfa: Option<bool>,
) -> PyResult<Option<SignIn>> {
    let at = auth_time.map(sign_in_time).transpose()?;
    SignIn::optional(amr.iter().map(String::as_str), acr, at, mfa).map_err(raise)
}

/// What a host tells of a call, by way of the one reader that there is.
fn use_details(py: Python<'_>, told: &Bound<'_, PyDict>) -> PyResult<model::UseDetails> {
    let json: String = py.import("json")?.call_method1("dumps", (told,))?.extract()?;
    wire::use_details(&json).map_err(raise)
}

#[pyclass(frozen, module = "jit_access")]
pub struct Context(pub model::Context);

#[pymethods]
impl Context {
    #[new]
    #[pyo3(signature = (*, amr = Vec::new(), acr = None, auth_time = None, mfa = None, address = None, session = None, call = None, acts_for = None, details = None))]
    #[expect(clippy::too_many_arguments, reason = "keywords")]
    fn new(
        py: Python<'_>,
        amr: Vec<String>,
        acr: Option<&str>,
        auth_time: Option<&Bound<'_, PyAny>>,
        mfa: Option<bool>,
        address: Option<&str>,
        session: Option<&str>,
        call: Option<&Bound<'_, PyAny>>,
        acts_for: Option<&str>,
        details: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let sign_in = sign_in(&amr, acr, auth_time, mfa)?;
        let call = call.map(tool_call).transpose()?;
        let acts_for =
            acts_for.map(|person| model::Principal::user(person).map_err(|error| raise(error.for_field("acts_for"))));
        let details = details.map(|told| use_details(py, told)).transpose()?;
        let known = model::Context::new(sign_in, address, session).map_err(raise)?;
        Ok(Self(known.call(call).acts_for(acts_for.transpose()?).details(details.map(Arc::new))))
    }

    #[getter]
    fn call(&self) -> Option<String> {
        self.0.call.as_ref().map(ToString::to_string)
    }

    #[getter]
    fn address(&self) -> Option<String> {
        self.0.address.map(|address| address.to_string())
    }

    #[getter]
    fn session(&self) -> Option<String> {
        self.0.session.as_ref().map(ToString::to_string)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        repr!(py, "Context", address = self.address(), session = self.session(), call = self.call())
    }
}

#[pyclass(frozen, module = "jit_access")]
pub struct Conditions(pub model::Conditions);

#[pymethods]
impl Conditions {
    #[new]
    #[pyo3(signature = (*, mfa_within_minutes = None, networks = None, session = None, max_uses = None, call = None, call_digest = None))]
    fn new(
        mfa_within_minutes: Option<u64>,
        networks: Option<Vec<String>>,
        session: Option<&str>,
        max_uses: Option<u64>,
        call: Option<&Bound<'_, PyAny>>,
        call_digest: Option<&str>,
    ) -> PyResult<Self> {
        let call = call.map(tool_call).transpose()?;
        let conditions = model::Conditions::new(mfa_within_minutes, networks.as_deref(), session, max_uses);
        let made = conditions.map(|conditions| Self(conditions.call(call))).map_err(raise)?;
        if call_digest.is_some() && call_digest != made.call_digest().as_deref() {
            let expected = "left out: it follows from `call`";
            return Err(raise(model::Invalid::new("call_digest", "is not that of `call`", expected)));
        }
        Ok(made)
    }

    #[getter]
    fn call<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let read = |call: &model::ToolCall| py.import("json")?.call_method1("loads", (call.as_str(),));
        self.0.call.as_ref().map(read).transpose()
    }

    #[getter]
    fn call_digest(&self) -> Option<String> {
        self.0.call.as_ref().map(|call| format!("sha256:{}", jit_access::internal::journal::digest(call.as_str())))
    }

    #[getter]
    fn mfa_within_minutes(&self) -> Option<i64> {
        self.0.mfa_within.map(|within| within.millis() / 60_000)
    }

    #[getter]
    fn networks<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        self.0.networks.as_ref().map(|all| PyTuple::new(py, all.texts())).transpose()
    }

    #[getter]
    fn session(&self) -> Option<String> {
        self.0.session.as_ref().map(ToString::to_string)
    }

    #[getter]
    fn max_uses(&self) -> Option<u32> {
        self.0.max_uses.map(std::num::NonZeroU32::get)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        repr!(
            py,
            "Conditions",
            mfa_within_minutes = self.mfa_within_minutes(),
            networks = self.0.networks.as_ref().map(|all| all.texts().collect::<Vec<_>>()),
            session = self.session(),
            max_uses = self.max_uses(),
            call = self.0.call.as_ref().map(ToString::to_string)
        )
    }
}

/// The exact call of a tool: JSON text, or what `json.dumps` writes as such.
fn tool_call(value: &Bound<'_, PyAny>) -> PyResult<model::ToolCall> {
    if let Ok(text) = value.extract::<std::borrow::Cow<'_, str>>() {
        return jit_access::command::tool_call(&text).map_err(raise);
    }
    let text = value.py().import("json")?.call_method1("dumps", (value,))?;
    jit_access::command::tool_call(&text.extract::<std::borrow::Cow<'_, str>>()?).map_err(raise)
}

/// The claim as a token has it (seconds since 1970), or an instant as everywhere else.
fn sign_in_time(value: &Bound<'_, PyAny>) -> PyResult<Timestamp> {
    if value.is_instance_of::<PyBool>() || !value.is_instance_of::<PyInt>() {
        return when(value, "auth_time");
    }
    let seconds: i64 = value.extract().unwrap_or(i64::MAX);
    SignIn::instant(seconds).map_err(raise)
}

#[pyclass(frozen, eq, hash, module = "jit_access")]
#[derive(PartialEq, Eq, Hash)]
pub struct Decision(pub model::Decision);

thread_local! {
    /// The last decision that was not by a grant. A value, so it is of no engine, and a child may go on with it after a fork.
    static LAST: Cell<Option<Py<Decision>>> = const { Cell::new(None) };
}

impl Decision {
    /// The decision as an object. Nearly every one is that no grant gives it, as the one before; then both are one object,
    /// because making another takes longer than deciding.
    #[inline]
    pub fn held(py: Python<'_>, decision: model::Decision) -> PyResult<Py<Self>> {
        let same = LAST.with(|cell| {
            let last = cell.take();
            let same = last.as_ref().filter(|last| last.get().0 == decision).map(|last| last.clone_ref(py));
            cell.set(last);
            same
        });
        same.map_or_else(|| Self::made(py, decision), Ok)
    }

    fn made(py: Python<'_>, decision: model::Decision) -> PyResult<Py<Self>> {
        let made = Py::new(py, Self(decision))?;
        if decision.basis.grant.is_none() {
            LAST.set(Some(made.clone_ref(py)));
        }
        Ok(made)
    }
}

#[pymethods]
impl Decision {
    #[getter]
    fn outcome(&self) -> &'static str {
        self.0.outcome.name()
    }

    #[getter]
    fn allowed(&self) -> bool {
        self.0.outcome == model::Outcome::Allow
    }

    #[getter]
    fn reason(&self) -> &'static str {
        self.0.basis.reason.name()
    }

    #[getter]
    fn obligations<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.0.obligations.names().collect::<Vec<_>>())
    }

    #[getter]
    fn grant_id(&self) -> Option<String> {
        self.0.basis.grant.map(|id| id.to_string())
    }

    #[getter]
    fn valid_until(&self) -> Option<DateTime<Utc>> {
        self.0.valid_until.map(instant)
    }

    #[getter]
    fn revision(&self) -> u64 {
        self.0.revision.0
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        repr!(py, "Decision", outcome = self.outcome(), reason = self.reason(), grant_id = self.grant_id())
    }
}

/// What is honoured now.
#[pyclass(frozen, module = "jit_access")]
pub struct Honoured(pub jit_access::service::Honoured);

#[pymethods]
impl Honoured {
    #[getter]
    fn grants<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let grant =
            |grant: &model::Grant| Arc::new(Item::Grant(Box::new(grant.clone()), None, Circumstances::default()));
        let grants = self.0.grants.iter().map(|one| value(py, &grant(one), self.0.now, false, true));
        PyTuple::new(py, grants.collect::<PyResult<Vec<_>>>()?)
    }

    #[getter]
    fn valid_until(&self) -> Option<DateTime<Utc>> {
        self.0.valid_until.map(instant)
    }

    #[getter]
    fn now(&self) -> DateTime<Utc> {
        instant(self.0.now)
    }

    #[getter]
    fn revision(&self) -> u64 {
        self.0.revision.0
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        repr!(py, "Honoured", grants = self.0.grants.len(), revision = self.0.revision.0)
    }
}

/// What the link of a message says.
#[pyclass(frozen, module = "jit_access")]
pub struct SignedLink(pub jit_access::internal::deliver::SignedLink);

#[pymethods]
impl SignedLink {
    #[getter]
    fn request_id(&self) -> String {
        self.0.request.to_string()
    }

    #[getter]
    fn version(&self) -> u32 {
        self.0.version
    }

    #[getter]
    fn reader(&self) -> &str {
        &self.0.reader
    }

    #[getter]
    fn until(&self) -> DateTime<Utc> {
        instant(self.0.until)
    }

    #[pyo3(signature = (principal, *, agent = false))]
    fn is_for(&self, principal: Named<'_>, agent: bool) -> PyResult<bool> {
        Ok(self.0.is_for(&principal.read(agent)?))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        repr!(py, "SignedLink", request_id = self.request_id(), version = self.0.version, reader = self.reader())
    }
}

/// Makes the JSON of a document whose links start with this base.
pub type Render = Box<dyn Fn(&str) -> Result<String, jit_access::Error> + Send + Sync>;

/// The document that a value of `jit_access.values` reads, and what is known of it besides.
#[pyclass(frozen, module = "jit_access", name = "_Document")]
pub struct Document {
    render: Render,
    next_cursor: Option<String>,
    removed_until: Option<Timestamp>,
    replayed: bool,
    durable: bool,
}

#[pymethods]
impl Document {
    #[getter]
    fn removed_until(&self) -> Option<DateTime<Utc>> {
        self.removed_until.map(instant)
    }

    #[getter]
    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }

    #[getter]
    const fn replayed(&self) -> bool {
        self.replayed
    }

    #[getter]
    const fn durable(&self) -> bool {
        self.durable
    }

    fn to_json(&self, base: &str) -> PyResult<String> {
        (self.render)(base).map_err(raise)
    }
}

impl Document {
    /// The document of a page. The items are shared with the values of the page.
    pub fn of_page(
        items: Vec<Arc<Item>>,
        (next_cursor, removed): (Option<String>, Option<Timestamp>),
        now: Timestamp,
        replayed: bool,
        durable: bool,
    ) -> Self {
        let next = next_cursor.clone();
        let render: Render = Box::new(move |base| wire::page_of(&items, (next.clone(), removed), now, base));
        Self { render, next_cursor, removed_until: removed, replayed, durable }
    }
}

/// The value of this document, of the class of its name in `jit_access.values`.
pub fn value<'py>(
    py: Python<'py>,
    item: &Arc<Item>,
    now: Timestamp,
    replayed: bool,
    durable: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let class = py.import("jit_access.values")?.getattr(item.name())?;
    let item = Arc::clone(item);
    let render: Render = Box::new(move |base| item.to_json(now, base));
    class.call1((Document { render, next_cursor: None, removed_until: None, replayed, durable },))
}

/// A page: its items as Python objects, and its JSON as text that is made only when it is read.
pub fn page<'py>(py: Python<'py>, document: Document, items: Vec<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
    py.import("jit_access.answers")?.getattr("Page")?.call1((document, PyTuple::new(py, items)?))
}
