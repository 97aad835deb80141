//! How every command and every read is given from Python: by its name and its fields, as the catalogue has them.

use std::sync::Arc;

use jit_access::command::{CallerKind, CommandSpec, Field, FieldKind, FieldSpec, Fields, spec_of};
use jit_access::internal::wire::command::fields_of;
use jit_access::internal::wire::{Answer, Body};
use jit_access::model::{Invalid, PrincipalKind};
use pyo3::exceptions::{PyTypeError, PyUnicodeEncodeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyString};
use serde_json::{Map, Value};

use crate::clock::when;
use crate::errors::raise;
use crate::principal::Named;
use crate::values::{Caller, Conditions, Document, page, value};

/// What the command or read of this name is given: its entry in the catalogue, and the fields. `given` has the fields by
/// their names in the catalogue; `None` is a field left out.
pub fn call(
    name: &str,
    caller: Option<&Caller>,
    given: &Bound<'_, PyDict>,
) -> PyResult<(&'static CommandSpec, Fields)> {
    let spec = spec_of(name).ok_or_else(|| PyValueError::new_err(format!("there is no command {name}")))?;
    if caller.is_none() && spec.caller == CallerKind::Caller {
        return Err(PyTypeError::new_err("caller must be Caller, not None"));
    }
    let fields = Fields::of(spec.name, &fields_of(spec), read(spec, given)?);
    fields.refuse_unknown().map_err(raise)?;
    Ok((spec, fields))
}

/// The fields as JSON, of which the library makes its values. Of what Python has another type for, that type is required.
fn read(spec: &CommandSpec, given: &Bound<'_, PyDict>) -> PyResult<Map<String, Value>> {
    let mut map = Map::new();
    let mut is_principal = false;
    for (name, value) in given {
        let name: String = name.extract()?;
        let Some(field) = spec.all_fields().find(|field| field.name == name) else {
            // `dry_run` and `idempotency_key`, which are no fields of the command itself.
            let value = if value.is_none() { Value::Null } else { flag_or_text(&name, &value)? };
            map.insert(name, value);
            continue;
        };
        if value.is_none() && !field.required && field.kind != FieldKind::Limit {
            continue;
        }
        if field.kind == FieldKind::Principal {
            is_principal = read_principal(&mut map, field, &value)?;
            continue;
        }
        let written = written(field, &value).map_err(|error| of_field(value.py(), error, field))?;
        if field.kind != FieldKind::AgentFlag || !is_principal {
            map.insert(name, written);
        }
    }
    Ok(map)
}

/// A `Principal` says itself whether it is an agent's.
fn read_principal(map: &mut Map<String, Value>, field: &FieldSpec, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    let named: Named<'_> = value.extract().map_err(|error| of_field(value.py(), error, field))?;
    let (kind, name) = named.with(false);
    map.insert(field.name.to_owned(), name.into());
    if named.is_principal() {
        map.insert("agent".to_owned(), (kind == PrincipalKind::Agent).into());
    }
    Ok(named.is_principal())
}

fn flag_or_text(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Value> {
    if let Ok(flag) = value.cast::<PyBool>() {
        return Ok(flag.is_true().into());
    }
    Ok(text(value).map_err(|error| named(value.py(), error, name))?.into())
}

fn text(value: &Bound<'_, PyAny>) -> PyResult<String> {
    Ok(value.cast::<PyString>()?.to_str()?.to_owned())
}

/// One field as JSON.
fn written(field: &FieldSpec, value: &Bound<'_, PyAny>) -> PyResult<Value> {
    Ok(match field.kind {
        FieldKind::Roles | FieldKind::Permissions => value.extract::<Vec<String>>()?.into(),
        FieldKind::Flag | FieldKind::AgentFlag => value.cast::<PyBool>()?.is_true().into(),
        FieldKind::Number | FieldKind::Limit => value.extract::<u64>()?.into(),
        FieldKind::Hours => {
            let hours: f64 = value.extract()?;
            if !hours.is_finite() {
                let wrong = Invalid::new(field.name, format!("is {hours}"), field.kind.expected());
                return Err(raise(wrong));
            }
            hours.into()
        }
        FieldKind::Instant => when(value, field.name)?.to_string().into(),
        FieldKind::Conditions => value.cast::<Conditions>()?.get().0.write(),
        _ => text(value)?.into(),
    })
}

/// The same error, which names the field, as those of a method of the interpreter do.
fn of_field(py: Python<'_>, error: PyErr, field: &FieldSpec) -> PyErr {
    named(py, error, field.name)
}

fn named(py: Python<'_>, error: PyErr, name: &str) -> PyErr {
    if error.is_instance_of::<PyUnicodeEncodeError>(py) {
        // A text of Python may hold half of a character (a lone surrogate), which no other text can.
        return raise(Invalid::new(
            name.to_owned(),
            "holds half of a character (a lone surrogate)",
            "whole Unicode text",
        ));
    }
    if error.is_instance_of::<PyTypeError>(py) && !error.value(py).to_string().starts_with(name) {
        return PyTypeError::new_err(format!("argument '{name}': {}", error.value(py)));
    }
    error
}

/// The answer as Python has it.
pub fn shown(py: Python<'_>, answer: Answer) -> PyResult<Py<PyAny>> {
    let Answer { body, now, replayed, durable, removed_until } = answer;
    Ok(match body {
        Body::One(item) => value(py, &Arc::new(item), now, replayed, durable)?.unbind(),
        Body::Page(items, next_cursor) => {
            let items: Vec<_> = items.into_iter().map(Arc::new).collect();
            let shown = items.iter().map(|item| value(py, item, now, false, true)).collect::<PyResult<Vec<_>>>()?;
            page(py, Document::of_page(items, (next_cursor, removed_until), now, replayed, durable), shown)?.unbind()
        }
        Body::List(items) => {
            let items = items.into_iter().map(|item| value(py, &Arc::new(item), now, false, true));
            items.collect::<PyResult<Vec<_>>>()?.into_pyobject(py)?.unbind()
        }
        Body::Text(text) => text.into_pyobject(py)?.into_any().unbind(),
        Body::Number(number) => number.into_pyobject(py)?.into_any().unbind(),
    })
}

/// The header of the trace that this thread is within, where the host traces with OpenTelemetry.
pub fn traceparent(py: Python<'_>) -> PyResult<Option<String>> {
    let modules = py.import("sys")?.getattr("modules")?;
    let api = modules.call_method1("get", ("opentelemetry.trace",))?;
    if api.is_none() {
        return Ok(None);
    }
    let span = api.call_method0("get_current_span")?.call_method0("get_span_context")?;
    let (trace, parent): (u128, u64) = (span.getattr("trace_id")?.extract()?, span.getattr("span_id")?.extract()?);
    Ok(Some(format!("00-{trace:032x}-{parent:016x}-01")))
}
