//! AuthZEN for Python: what came over HTTP in, what is answered out. The host's part are functions of Python.

use std::sync::{Arc, Mutex, PoisonError};

use jit_access::authzen::{
    DecisionPoint, Entity, Host, HostError, HttpRequest, Pep as RustPep, Peps as RustPeps, Question, Rights, Settings,
    SpeaksFor, Wanted,
};
use jit_access::model::{self, Principal, PrincipalKind, Secret};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyList};
use serde_json::{Map, Value};

use crate::engine::Engine;
use crate::errors::raise;
use crate::interpreter::{attached, detached};
use crate::principal::shown;
use crate::values::Caller;

/// A policy enforcement point, as the host has authenticated it.
#[pyclass(frozen, module = "jit_access.authzen")]
pub struct Pep(pub RustPep);

#[pymethods]
impl Pep {
    #[new]
    #[pyo3(signature = (id, *, speaks_for = None, may = None))]
    fn new(id: &str, speaks_for: Option<Vec<String>>, may: Option<Vec<String>>) -> PyResult<Self> {
        let speaks_for = match &speaks_for {
            None => SpeaksFor::Everybody,
            Some(only) => SpeaksFor::only(only.iter().map(String::as_str)).map_err(raise)?,
        };
        let may = match &may {
            None => Rights::ALL,
            Some(may) => Rights::of(may.iter().map(String::as_str)).map_err(raise)?,
        };
        RustPep::new(id, speaks_for, may).map(Self).map_err(raise)
    }

    #[getter]
    fn id(&self) -> &str {
        self.0.id()
    }

    /// Whether it may ask what is permitted to this subject, a pair of type and id; to anybody at all when `None`.
    #[pyo3(signature = (subject, /))]
    fn may_evaluate(&self, subject: Option<(String, String)>) -> bool {
        let speaks = |(kind, id): (String, String)| self.0.speaks_for(&Entity::new(&kind, &id));
        self.0.may().evaluate && subject.is_none_or(speaks)
    }

    fn __repr__(&self) -> String {
        format!("Pep({:?})", self.0.id())
    }
}

/// The callers that are known by a bearer token.
#[pyclass(frozen, module = "jit_access.authzen")]
pub struct Peps(RustPeps);

#[pymethods]
impl Peps {
    #[new]
    fn new(peps: Vec<(Py<Pep>, String)>) -> PyResult<Self> {
        let known = peps.iter().map(|(pep, token)| (pep.get().0.clone(), Secret::new(token.as_str())));
        RustPeps::new(known).map(Self).map_err(raise)
    }

    /// The caller with the token of this `Authorization` header.
    fn authenticate(&self, authorization: Option<&str>) -> Option<Pep> {
        self.0.authenticate(authorization).cloned().map(Pep)
    }

    fn __repr__(&self) -> String {
        format!("{:?}", self.0)
    }
}

/// The decision point of an engine, opened anew in each process.
#[pyclass(frozen, module = "jit_access")]
pub struct _AuthZen {
    engine: Py<Engine>,
    settings: Settings,
    functions: Functions,
    point: Mutex<Option<(OpenedIn, Arc<DecisionPoint>)>>,
}

/// The number of a process, and the place of what its decision point was opened from.
type OpenedIn = (u32, usize);

struct Functions {
    standing: Py<PyAny>,
    base: Option<Py<PyAny>>,
    candidates: Option<Py<PyAny>>,
}

type Said = (u16, Vec<(&'static str, String)>, String, bool);

#[pymethods]
impl _AuthZen {
    #[new]
    #[pyo3(signature = (engine, public_url, standing, *, base = None, candidates = None, denial_ttl_seconds = 600.0, subject_types = None, actions = None, pages_url = None, searches = true))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords on the other side")]
    fn new(
        engine: Py<Engine>,
        public_url: &str,
        standing: Py<PyAny>,
        base: Option<Py<PyAny>>,
        candidates: Option<Py<PyAny>>,
        denial_ttl_seconds: f64,
        subject_types: Option<Vec<(String, String)>>,
        actions: Option<Vec<(String, String)>>,
        pages_url: Option<String>,
        searches: bool,
    ) -> PyResult<Self> {
        let mut settings = Settings::new(public_url).map_err(raise)?;
        let wrong = |what: &'static str, right: &'static str| raise(model::Invalid::new(what, "is not right", right));
        if !(1.0..=86_400.0).contains(&denial_ttl_seconds) {
            return Err(wrong("denial_ttl_seconds", "a number of seconds from 1 to 86,400"));
        }
        #[expect(clippy::cast_possible_truncation, reason = "it is within a day")]
        let millis = (denial_ttl_seconds * 1_000.0) as i64;
        settings.denial_ttl_millis = millis;
        settings.pages_url = pages_url;
        settings.searches = searches;
        for (name, kind) in subject_types.into_iter().flatten() {
            let kind = match kind.as_str() {
                "user" => PrincipalKind::User,
                "agent" => PrincipalKind::Agent,
                _ => return Err(wrong("subject_types", "`user` or `agent` for each type")),
            };
            settings.subject_types.insert(name, kind);
        }
        settings.actions.extend(actions.into_iter().flatten());
        let functions = Functions { standing, base, candidates };
        Ok(Self { engine, settings, functions, point: Mutex::new(None) })
    }

    /// The metadata document.
    fn metadata(&self, py: Python<'_>) -> PyResult<Said> {
        let point = self.point(py)?;
        let reply = point.metadata();
        Ok((reply.status, reply.headers, reply.body, false))
    }

    /// Answers a call. It may wait for the store and for the host's functions.
    fn serve(
        &self,
        py: Python<'_>,
        pep: Option<&Pep>,
        method: &str,
        path: &str,
        headers: Vec<(String, String)>,
        body: &[u8],
    ) -> PyResult<Said> {
        let point = self.point(py)?;
        let reply = detached(py, || {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let call = HttpRequest { method, path, headers: &headers, body };
            point.serve(pep.map(|pep| &pep.0), &self.functions, &call)
        });
        jit_access::host::log::deliver();
        Ok((reply.status, reply.headers, reply.body, reply.is_waiting))
    }
}

impl _AuthZen {
    fn point(&self, py: Python<'_>) -> PyResult<Arc<DecisionPoint>> {
        let made = detached(py, || {
            self.engine.get().with(|live| {
                let here = (std::process::id(), std::ptr::from_ref(live) as usize);
                let mut point = self.point.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some((known, point)) = &*point
                    && *known == here
                {
                    return Ok(Arc::clone(point));
                }
                let fresh = Arc::new(DecisionPoint::new(live.host.engine(), self.settings.clone())?);
                if let Some((_, inherited)) = point.replace((here, Arc::clone(&fresh))) {
                    // What a parent has opened must not be closed by its child.
                    std::mem::forget(inherited);
                }
                Ok(fresh)
            })
        });
        made.map_err(raise)
    }
}

impl Functions {
    fn asked<T>(of: &str, ask: impl FnOnce(Python<'_>) -> PyResult<T>) -> Result<T, HostError> {
        let asked = attached(|py| {
            ask(py).map_err(|error| {
                // The caller learns that it failed, and the operator how.
                let told = py.import("logging").and_then(|logging| {
                    let logger = logging.call_method1("getLogger", ("jit_access.authzen",))?;
                    logger.call_method1("error", (format!("the host's function `{of}` failed: {error}"),))
                });
                drop(told);
                HostError(format!("its function `{of}` failed"))
            })
        });
        asked.unwrap_or_else(|| Err(HostError(format!("its function `{of}` cannot be called: the interpreter ends"))))
    }
}

impl Functions {
    fn standing_of(
        &self,
        py: Python<'_>,
        principal: &Principal,
        person: Option<&Principal>,
    ) -> PyResult<Option<model::Caller>> {
        let person = person.map(|person| shown(py, person)).transpose()?;
        let said = self.standing.bind(py).call1((shown(py, principal)?, person))?;
        if said.is_none() {
            return Ok(None);
        }
        let caller = said.cast::<Caller>().map_err(|_| PyTypeError::new_err("a Caller or None is expected"))?;
        Ok(Some(caller.get().0.clone()))
    }
}

impl Host for Functions {
    fn caller(&self, principal: &Principal, person: Option<&Principal>) -> Result<Option<model::Caller>, HostError> {
        Self::asked("standing", |py| self.standing_of(py, principal, person))
    }

    fn callers(&self, who: &[(&Principal, Option<&Principal>)]) -> Result<Vec<Option<model::Caller>>, HostError> {
        // The interpreter is entered once for all of them, as for the base.
        Self::asked("standing", |py| {
            who.iter().map(|(principal, person)| self.standing_of(py, principal, *person)).collect()
        })
    }

    fn base(&self, question: &Question) -> Result<Option<bool>, HostError> {
        let Some(base) = &self.base else { return Ok(None) };
        Self::asked("base", |py| yes_or_no(&base.bind(py).call1((asked(py, question)?,))?))
    }

    fn bases(&self, questions: &[&Question]) -> Result<Vec<Option<bool>>, HostError> {
        let Some(base) = &self.base else { return Ok(vec![None; questions.len()]) };
        // The interpreter is entered once for all of them: each time there is another thread to wait for.
        Self::asked("base", |py| {
            let base = base.bind(py);
            questions.iter().map(|question| yes_or_no(&base.call1((asked(py, question)?,))?)).collect()
        })
    }

    fn candidates(&self, question: &Question, wanted: Wanted) -> Result<Vec<Entity>, HostError> {
        let Some(candidates) = &self.candidates else { return Ok(Vec::new()) };
        let what = match wanted {
            Wanted::Subject => "subject",
            Wanted::Resource => "resource",
            Wanted::Action => "action",
            Wanted::Everything => return Ok(Vec::new()),
        };
        Self::asked("candidates", |py| {
            let said = candidates.bind(py).call1((what, asked(py, question)?))?;
            let mut found = Vec::new();
            for one in said.try_iter()? {
                let one = one?;
                found.push(match wanted {
                    Wanted::Action => Entity::new("", &one.extract::<String>()?),
                    _ => {
                        let (kind, id): (String, String) = one.extract()?;
                        Entity::new(&kind, &id)
                    }
                });
            }
            Ok(found)
        })
    }
}

/// Nothing but a plain yes is one.
fn yes_or_no(said: &Bound<'_, PyAny>) -> PyResult<Option<bool>> {
    if said.is_none() {
        return Ok(None);
    }
    let said = said.cast::<PyBool>().map_err(|_| PyTypeError::new_err("a bool or None is expected"))?;
    Ok(Some(said.is_true()))
}

/// The question as the host's functions get it: as it was sent.
fn asked<'py>(py: Python<'py>, question: &Question) -> PyResult<Bound<'py, PyDict>> {
    let asked = PyDict::new(py);
    asked.set_item("subject", object(py, question.subject.whole())?)?;
    asked.set_item("action", object(py, &question.action)?)?;
    asked.set_item("resource", object(py, question.resource.whole())?)?;
    asked.set_item("context", object(py, &question.context)?)?;
    Ok(asked)
}

fn object<'py>(py: Python<'py>, map: &Map<String, Value>) -> PyResult<Bound<'py, PyDict>> {
    let made = PyDict::new(py);
    for (name, value) in map {
        made.set_item(name, python(py, value)?)?;
    }
    Ok(made)
}

fn python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(flag) => flag.into_pyobject(py)?.to_owned().into_any(),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => number.into_pyobject(py)?.into_any(),
            (None, Some(number)) => number.into_pyobject(py)?.into_any(),
            (None, None) => number.as_f64().unwrap_or(f64::NAN).into_pyobject(py)?.into_any(),
        },
        Value::String(text) => text.into_pyobject(py)?.into_any(),
        Value::Array(list) => {
            let items = list.iter().map(|one| python(py, one)).collect::<PyResult<Vec<_>>>()?;
            PyList::new(py, items)?.into_any()
        }
        Value::Object(map) => object(py, map)?.into_any(),
    })
}
