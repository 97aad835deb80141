//! What Python can ask of an engine.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use jit_access::Error;
use jit_access::check::Check;
use jit_access::clock::Clock;
use jit_access::command::{
    AcceptStore, Answer, Approve, Ask, BreakGlass, Command, CompleteReview, Definition, Delegate, Deny, Extend, Fields,
    ListDelegations, ListGrants, ListRecords, ListRequests, Release, ReportStanding, Resume, Revoke, RevokeMany,
    Submit, Suspend, Undelegate, WaiveReview, Withdraw,
};
use jit_access::config::{Config, StoreConfig};
use jit_access::host::{BackgroundWork, Host, HostBuilder, environment, log};
use jit_access::model::{
    self, Cut, Invalid, Justification, Permission, PermissionSet, Principal, PrincipalKind, RoleName, Scope, TicketUrl,
    Ttl,
};
use jit_access::service::{IdempotencyKey, Listing, Receipt};
use jit_access::wire::{self, DelegationDocument, GrantDocument, PageDocument, RecordDocument, RequestDocument};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::PyTuple;

use crate::clock::{ManualClock, when};
use crate::directory::PyDirectory;
use crate::errors::raise;
use crate::live::Live;
use crate::shortcut::Shortcut;
use crate::values::{AccessRequest, Caller, Conditions, Context, Decision, Delegation, Grant, Honoured, Page, Record};

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
            _ => "memory".to_owned(),
        };
        let shortcut = Arc::clone(&live.shortcut);
        Ok(Self { live: ArcSwapOption::from_pointee(live), shortcut, store })
    }

    /// The engine of this process. After a fork it is opened anew.
    fn with<R>(&self, ask: impl FnOnce(&Live) -> Result<R, Error>) -> Result<R, Error> {
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
        Python::attach(|py| {
            py.detach(|| {
                let fresh = Arc::new(inherited.reopen()?);
                // Another thread of this child may have been first, or has closed the engine.
                let before = self.live.compare_and_swap(inherited, Some(Arc::clone(&fresh)));
                if before.as_ref().is_some_and(|before| Arc::ptr_eq(before, inherited)) {
                    self.shortcut.lead_to(&fresh.shortcut);
                }
                Ok(())
            })
        })
    }

    /// The same without the interpreter lock, for calls that may wait for a disk.
    fn detached<R: Send>(&self, py: Python<'_>, ask: impl FnOnce(&Live) -> Result<R, Error> + Send) -> PyResult<R> {
        let answer = py.detach(|| self.with(ask));
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
        let opened = py.detach(|| Self::start(builder(read()?, reserved, directory, clock)?));
        log::deliver();
        opened.map_err(raise)
    }

    fn execute<C: Into<Command>>(
        &self,
        py: Python<'_>,
        caller: &Caller,
        key: Option<&str>,
        command: impl FnOnce() -> Result<C, Error>,
    ) -> PyResult<Receipt> {
        let key = key.map(IdempotencyKey::new).transpose().map_err(raise)?;
        let caller = &caller.0;
        let command = command().map_err(raise)?.into();
        self.detached(py, move |live| live.host.workflow().execute(caller, command, key.as_ref()))
    }

    /// The same for a command that the host may give itself. Keys belong to callers.
    fn execute_for_caller_or_host<C: Into<Command> + Send>(
        &self,
        py: Python<'_>,
        caller: Option<&Caller>,
        key: Option<&str>,
        command: C,
    ) -> PyResult<Page> {
        let receipt = match (caller, key) {
            (Some(caller), key) => self.execute(py, caller, key, || Ok(command))?,
            (None, None) => self.detached(py, |live| live.host.workflow().execute_for_host(command))?,
            (None, Some(_)) => {
                let wrong = Invalid::new("idempotency_key", "is given without `caller`", "a caller, whose key it is");
                return Err(raise(wrong));
            }
        };
        ended(py, receipt)
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

fn who(principal: &str, agent: bool) -> (PrincipalKind, &str) {
    (if agent { PrincipalKind::Agent } else { PrincipalKind::User }, principal)
}

fn asked(conditions: Option<&Conditions>) -> model::Conditions {
    conditions.map(|conditions| conditions.0.clone()).unwrap_or_default()
}

/// The variables to read: those given, or the process's.
fn variables(environ: Option<HashMap<String, String>>) -> Vec<(String, String)> {
    environ.map_or_else(|| environment().collect(), |given| given.into_iter().collect())
}

/// What is opened, by a configuration and what came with it.
fn builder(
    mut config: Config,
    reserved: &[String],
    directory: Option<PyDirectory>,
    clock: Option<Arc<dyn Clock>>,
) -> Result<HostBuilder, Error> {
    for permission in reserved {
        let permission = model::Permission::new(permission)?;
        // What the host itself reserves, break-glass does not give either.
        if let Some(reserved) = &mut config.rules.break_glass.reserved_permissions {
            reserved.push(permission.clone());
        }
        config.rules.reserved_permissions.push(permission);
    }
    let builder = Host::builder(config).background(match clock {
        Some(_) => BackgroundWork::Off,
        None => BackgroundWork::AtFirstUse,
    });
    let builder = match clock {
        Some(clock) => builder.clock(clock),
        None => builder,
    };
    Ok(match directory {
        Some(directory) => builder.directory(directory),
        None => builder,
    })
}

/// The id in this text. `field` is what errors name.
fn id<T: std::str::FromStr<Err = Invalid>>(text: &str, field: &'static str) -> Result<T, Error> {
    Ok(text.parse().map_err(|error: Invalid| error.for_field(field))?)
}

/// All that ended by a command.
fn reason(text: &str) -> Result<Justification, Error> {
    Ok(Justification::new(text)?)
}

fn grant_page(py: Python<'_>, listing: Listing<model::Grant>) -> PyResult<Page> {
    page_of(py, listing, true)
}

/// The grants that a command ended.
fn ended(py: Python<'_>, receipt: Receipt) -> PyResult<Page> {
    let durable = receipt.durable;
    page_of(py, Listing { items: receipt.ended, next: None, now: receipt.now }, durable)
}

fn page_of(py: Python<'_>, listing: Listing<model::Grant>, durable: bool) -> PyResult<Page> {
    let items = listing.items.iter().map(|grant| Grant::new(grant.clone(), listing.now));
    Ok(Page {
        items: PyTuple::new(py, items.collect::<Vec<_>>())?.unbind(),
        next: listing.next.map(wire::cursor),
        durable,
        render: Box::new(move |base| {
            wire::to_json(&PageDocument::new(&listing, |grant| GrantDocument::new(grant, listing.now, base)))
        }),
    })
}

/// A text that may be left out; one of which a reader would see nothing is left out.
fn optional(text: Option<&str>, field: &'static str) -> Result<Option<Justification>, Error> {
    let text = text.map_or(Ok(None), Justification::optional);
    Ok(text.map_err(|error| error.for_field(field))?)
}

fn words(text: &str, field: &'static str) -> Result<Justification, Error> {
    Ok(Justification::new(text).map_err(|error| error.for_field(field))?)
}

fn length(hours: f64) -> Result<Ttl, Error> {
    Ok(Ttl::from_hours(hours).map_err(|error| error.for_field("duration_hours"))?)
}

fn permission_set(names: &[String]) -> Result<PermissionSet, Error> {
    let each = names.iter().map(|name| Permission::new(name).map_err(|error| error.for_field("permissions")));
    Ok(PermissionSet::new(each.collect::<Result<Vec<_>, _>>()?)?)
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
        principal: &str,
        action: &str,
        resource: Option<&str>,
        parent: Option<&str>,
        agent: bool,
        context: Option<&Context>,
        current: bool,
        record: bool,
    ) -> PyResult<Py<Decision>> {
        let check = Check::text(who(principal, agent), action, resource, parent);
        self.decide(py, &how(check, context, current, record), current)
    }

    #[pyo3(signature = (principal, action, resources, *, parent = None, agent = false, context = None, current = false, record = true))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords on the other side")]
    fn check_many(
        &self,
        py: Python<'_>,
        principal: &str,
        action: &str,
        resources: Vec<PyBackedStr>,
        parent: Option<&str>,
        agent: bool,
        context: Option<&Context>,
        current: bool,
        record: bool,
    ) -> PyResult<Vec<Py<Decision>>> {
        let check = |resource| Check::text(who(principal, agent), action, Some(resource), parent);
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
        principal: &str,
        action: &str,
        resource: Option<&str>,
        parent: Option<&str>,
        agent: bool,
        context: Option<&Context>,
    ) -> PyResult<Option<Py<Decision>>> {
        let check = how(Check::text(who(principal, agent), action, resource, parent), context, true, false);
        let decision = match self.shortcut.decider() {
            Some(decider) => decider.peek_in_memory(&check).map_err(raise)?,
            None => self.with(|live| Ok(live.host.decider().peek_in_memory(&check)?)).map_err(raise)?,
        };
        decision.map(|decision| Decision::held(py, decision)).transpose()
    }

    #[doc = words_of!("submit")]
    #[pyo3(signature = (caller, *, role, duration_hours = None, reason = None, ticket_url = None, resource = None, starts_at = None, conditions = None, dry_run = false, idempotency_key = None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords on the other side")]
    fn submit(
        &self,
        py: Python<'_>,
        caller: &Caller,
        role: &str,
        duration_hours: Option<f64>,
        reason: Option<&str>,
        ticket_url: Option<&str>,
        resource: Option<&str>,
        starts_at: Option<&Bound<'_, PyAny>>,
        conditions: Option<&Conditions>,
        dry_run: bool,
        idempotency_key: Option<&str>,
    ) -> PyResult<AccessRequest> {
        let starts_at = starts_at.map(|at| when(at, "starts_at")).transpose()?;
        let conditions = asked(conditions);
        let command = || {
            Ok(Submit::new(RoleName::new(role)?)
                .duration(duration_hours.map(length).transpose()?)
                .resource(resource.map_or(Ok(Scope::ANY), str::parse)?)
                .starts_at(starts_at)
                .conditions(conditions.clone())
                .reason(optional(reason, "reason")?)
                .ticket_url(ticket_url.map(TicketUrl::new).transpose()?))
        };
        AccessRequest::of(if dry_run {
            let command = command().map_err(raise)?;
            self.detached(py, |live| live.host.workflow().preview(&caller.0, command))?
        } else {
            self.execute(py, caller, idempotency_key, command)?
        })
    }

    #[doc = words_of!("extend")]
    #[pyo3(signature = (caller, grant_id, *, duration_hours = None, reason = None, idempotency_key = None))]
    fn extend(
        &self,
        py: Python<'_>,
        caller: &Caller,
        grant_id: &str,
        duration_hours: Option<f64>,
        reason: Option<&str>,
        idempotency_key: Option<&str>,
    ) -> PyResult<AccessRequest> {
        let receipt = self.execute(py, caller, idempotency_key, || {
            Ok(Extend::new(id(grant_id, "grant")?)
                .duration(duration_hours.map(length).transpose()?)
                .reason(optional(reason, "reason")?))
        })?;
        AccessRequest::of(receipt)
    }

    #[doc = words_of!("break_glass")]
    #[pyo3(signature = (caller, *, role, reason = None, duration_hours = None, ticket_url = None, resource = None, drill = false, idempotency_key = None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords on the other side")]
    fn break_glass(
        &self,
        py: Python<'_>,
        caller: &Caller,
        role: &str,
        reason: Option<&str>,
        duration_hours: Option<f64>,
        ticket_url: Option<&str>,
        resource: Option<&str>,
        drill: bool,
        idempotency_key: Option<&str>,
    ) -> PyResult<AccessRequest> {
        let command = || {
            Ok(BreakGlass::new(RoleName::new(role)?)
                .duration(duration_hours.map(length).transpose()?)
                .resource(resource.map_or(Ok(Scope::ANY), str::parse)?)
                .reason(optional(reason, "reason")?)
                .ticket_url(ticket_url.map(TicketUrl::new).transpose()?)
                .drill(drill))
        };
        AccessRequest::of(self.execute(py, caller, idempotency_key, command)?)
    }

    #[doc = words_of!("complete_review")]
    #[pyo3(signature = (caller, grant_id, *, justified, finding, idempotency_key = None))]
    fn complete_review(
        &self,
        py: Python<'_>,
        caller: &Caller,
        grant_id: &str,
        justified: bool,
        finding: &str,
        idempotency_key: Option<&str>,
    ) -> PyResult<Grant> {
        let receipt = self.execute(py, caller, idempotency_key, || {
            Ok(CompleteReview::new(id(grant_id, "grant")?, justified, words(finding, "finding")?))
        })?;
        Grant::of(receipt)
    }

    #[doc = words_of!("waive_review")]
    #[pyo3(signature = (caller, grant_id, *, reason, idempotency_key = None))]
    fn waive_review(
        &self,
        py: Python<'_>,
        caller: &Caller,
        grant_id: &str,
        reason: &str,
        idempotency_key: Option<&str>,
    ) -> PyResult<Grant> {
        let receipt = self.execute(py, caller, idempotency_key, || {
            Ok(WaiveReview::new(id(grant_id, "grant")?, self::reason(reason)?))
        })?;
        Grant::of(receipt)
    }

    #[doc = words_of!("unreviewed")]
    fn unreviewed(&self, py: Python<'_>, caller: &Caller) -> PyResult<Page> {
        grant_page(py, self.detached(py, |live| live.host.workflow().unreviewed(&caller.0))?)
    }

    #[doc = words_of!("approve")]
    #[pyo3(signature = (caller, request_id, *, version = None, permissions = None, resource = None, duration_hours = None, conditions = None, comment = None, idempotency_key = None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords on the other side")]
    fn approve(
        &self,
        py: Python<'_>,
        caller: &Caller,
        request_id: &str,
        version: Option<u32>,
        permissions: Option<Vec<String>>,
        resource: Option<&str>,
        duration_hours: Option<f64>,
        conditions: Option<&Conditions>,
        comment: Option<&str>,
        idempotency_key: Option<&str>,
    ) -> PyResult<AccessRequest> {
        let conditions = asked(conditions);
        let receipt = self.execute(py, caller, idempotency_key, || {
            Ok(Approve::new(id(request_id, "request")?)
                .version(version)
                .at_most(Cut {
                    permissions: permissions.as_deref().map(permission_set).transpose()?,
                    scope: resource.map(str::parse).transpose()?,
                    duration: duration_hours.map(length).transpose()?,
                    conditions,
                })
                .comment(optional(comment, "comment")?))
        })?;
        AccessRequest::of(receipt)
    }

    #[doc = words_of!("deny")]
    #[pyo3(signature = (caller, request_id, *, reason, idempotency_key = None))]
    fn deny(
        &self,
        py: Python<'_>,
        caller: &Caller,
        request_id: &str,
        reason: &str,
        idempotency_key: Option<&str>,
    ) -> PyResult<AccessRequest> {
        let receipt = self.execute(py, caller, idempotency_key, || {
            Ok(Deny::new(id(request_id, "request")?, self::reason(reason)?))
        })?;
        AccessRequest::of(receipt)
    }

    #[doc = words_of!("ask")]
    #[pyo3(signature = (caller, request_id, *, question, idempotency_key = None))]
    fn ask(
        &self,
        py: Python<'_>,
        caller: &Caller,
        request_id: &str,
        question: &str,
        idempotency_key: Option<&str>,
    ) -> PyResult<AccessRequest> {
        let receipt = self.execute(py, caller, idempotency_key, || {
            Ok(Ask::new(id(request_id, "request")?, words(question, "question")?))
        })?;
        AccessRequest::of(receipt)
    }

    #[doc = words_of!("answer")]
    #[pyo3(signature = (caller, request_id, *, answer, duration_hours = None, resource = None, idempotency_key = None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords on the other side")]
    fn answer(
        &self,
        py: Python<'_>,
        caller: &Caller,
        request_id: &str,
        answer: &str,
        duration_hours: Option<f64>,
        resource: Option<&str>,
        idempotency_key: Option<&str>,
    ) -> PyResult<AccessRequest> {
        let receipt = self.execute(py, caller, idempotency_key, || {
            Ok(Answer::new(id(request_id, "request")?, words(answer, "answer")?)
                .duration(duration_hours.map(length).transpose()?)
                .resource(resource.map(str::parse).transpose()?))
        })?;
        AccessRequest::of(receipt)
    }

    #[doc = words_of!("withdraw")]
    #[pyo3(signature = (caller, request_id, *, idempotency_key = None))]
    fn withdraw(
        &self,
        py: Python<'_>,
        caller: &Caller,
        request_id: &str,
        idempotency_key: Option<&str>,
    ) -> PyResult<AccessRequest> {
        let receipt = self.execute(py, caller, idempotency_key, || Ok(Withdraw::new(id(request_id, "request")?)))?;
        AccessRequest::of(receipt)
    }

    #[doc = words_of!("revoke")]
    #[pyo3(signature = (caller, grant_id, *, reason, idempotency_key = None))]
    fn revoke(
        &self,
        py: Python<'_>,
        caller: &Caller,
        grant_id: &str,
        reason: &str,
        idempotency_key: Option<&str>,
    ) -> PyResult<Grant> {
        let receipt = self
            .execute(py, caller, idempotency_key, || Ok(Revoke::new(id(grant_id, "grant")?, self::reason(reason)?)))?;
        Grant::of(receipt)
    }

    #[doc = words_of!("revoke_many")]
    #[pyo3(signature = (caller, *, reason, request_id = None, holder = None, agent = false, role = None, resource = None, everything = false, idempotency_key = None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords on the other side")]
    fn revoke_many(
        &self,
        py: Python<'_>,
        caller: &Caller,
        reason: &str,
        request_id: Option<&str>,
        holder: Option<&str>,
        agent: bool,
        role: Option<&str>,
        resource: Option<&str>,
        everything: bool,
        idempotency_key: Option<&str>,
    ) -> PyResult<Page> {
        let mut fields = serde_json::Map::new();
        for (name, text) in [("request", request_id), ("holder", holder), ("role", role), ("resource", resource)] {
            fields.extend(text.map(|text| (name.to_owned(), text.into())));
        }
        fields.insert("reason".to_owned(), reason.into());
        fields.insert("agent".to_owned(), agent.into());
        fields.insert("everything".to_owned(), everything.into());
        let many = RevokeMany::read(&mut Fields::of("revoke_many", &[], fields)).map_err(raise)?;
        let receipt = self.execute(py, caller, idempotency_key, || Ok(many))?;
        ended(py, receipt)
    }

    #[doc = words_of!("release")]
    #[pyo3(signature = (caller, grant_id, *, idempotency_key = None))]
    fn release(
        &self,
        py: Python<'_>,
        caller: &Caller,
        grant_id: &str,
        idempotency_key: Option<&str>,
    ) -> PyResult<Grant> {
        let receipt = self.execute(py, caller, idempotency_key, || Ok(Release::new(id(grant_id, "grant")?)))?;
        Grant::of(receipt)
    }

    #[doc = words_of!("suspend")]
    #[pyo3(signature = (caller, grant_id, *, reason, idempotency_key = None))]
    fn suspend(
        &self,
        py: Python<'_>,
        caller: &Caller,
        grant_id: &str,
        reason: &str,
        idempotency_key: Option<&str>,
    ) -> PyResult<Grant> {
        let receipt = self
            .execute(py, caller, idempotency_key, || Ok(Suspend::new(id(grant_id, "grant")?, self::reason(reason)?)))?;
        Grant::of(receipt)
    }

    #[doc = words_of!("resume")]
    #[pyo3(signature = (caller, grant_id, *, idempotency_key = None))]
    fn resume(
        &self,
        py: Python<'_>,
        caller: &Caller,
        grant_id: &str,
        idempotency_key: Option<&str>,
    ) -> PyResult<Grant> {
        let receipt = self.execute(py, caller, idempotency_key, || Ok(Resume::new(id(grant_id, "grant")?)))?;
        Grant::of(receipt)
    }

    #[doc = words_of!("standing")]
    #[pyo3(signature = (principal, *, enabled, roles = Vec::new(), agent = false, caller = None, idempotency_key = None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords on the other side")]
    fn standing(
        &self,
        py: Python<'_>,
        principal: &str,
        enabled: bool,
        roles: Vec<String>,
        agent: bool,
        caller: Option<&Caller>,
        idempotency_key: Option<&str>,
    ) -> PyResult<Page> {
        let of = if agent { model::Principal::agent(principal) } else { model::Principal::user(principal) };
        let of = of.map_err(raise)?;
        let roles = roles.iter().map(|role| RoleName::new(role)).collect::<Result<Vec<_>, _>>().map_err(raise)?;
        let report = ReportStanding::new(of, enabled).roles(roles);
        self.execute_for_caller_or_host(py, caller, idempotency_key, report)
    }

    #[doc = words_of!("accept_store")]
    #[pyo3(signature = (*, reason, caller = None, idempotency_key = None))]
    fn accept_store(
        &self,
        py: Python<'_>,
        reason: &str,
        caller: Option<&Caller>,
        idempotency_key: Option<&str>,
    ) -> PyResult<Page> {
        let accept = AcceptStore::new(reason.parse().map_err(raise)?);
        self.execute_for_caller_or_host(py, caller, idempotency_key, accept)
    }

    #[doc = words_of!("request")]
    fn request(&self, py: Python<'_>, caller: &Caller, request_id: &str) -> PyResult<AccessRequest> {
        let id = self::id(request_id, "id").map_err(raise)?;
        AccessRequest::of(self.detached(py, |live| live.host.workflow().request(&caller.0, id))?)
    }

    #[doc = words_of!("grant")]
    fn grant(&self, py: Python<'_>, caller: &Caller, grant_id: &str) -> PyResult<Grant> {
        let id = self::id(grant_id, "id").map_err(raise)?;
        Grant::of(self.detached(py, |live| live.host.workflow().grant(&caller.0, id))?)
    }

    #[doc = words_of!("requests")]
    #[pyo3(signature = (caller, *, status = None, limit = 50, cursor = None))]
    fn requests(
        &self,
        py: Python<'_>,
        caller: &Caller,
        status: Option<&str>,
        limit: usize,
        cursor: Option<&str>,
    ) -> PyResult<Page> {
        let status = status.map(wire::parse_request_status).transpose().map_err(raise)?;
        let before = cursor.map(wire::parse_cursor).transpose().map_err(raise)?;
        let (listing, grants) = self.detached(py, |live| {
            let listing = live
                .host
                .workflow()
                .requests(&caller.0, &ListRequests::default().status(status).cursor(before).limit(limit))?;
            let grants = listing
                .items
                .iter()
                .map(|request| Ok(live.host.workflow().request(&caller.0, request.id)?.grant))
                .collect::<Result<Vec<_>, Error>>()?;
            Ok((listing, grants))
        })?;
        let items = listing.items.iter().zip(&grants).map(|(request, grant)| {
            let (request, grant) = (Some(request.clone()), grant.clone());
            AccessRequest::of(Receipt {
                request,
                grant,
                delegation: None,
                now: listing.now,
                replayed: false,
                already: false,
                durable: true,
                ended: Vec::new(),
            })
        });
        Ok(Page {
            durable: true,
            items: PyTuple::new(py, items.collect::<PyResult<Vec<_>>>()?)?.unbind(),
            next: listing.next.map(wire::cursor),
            render: Box::new(move |base| {
                let items = listing.items.iter().zip(&grants);
                let items =
                    items.map(|(request, grant)| RequestDocument::new(request, grant.as_ref(), listing.now, base));
                wire::to_json(&PageDocument { items: items.collect(), next_cursor: listing.next.map(wire::cursor) })
            }),
        })
    }

    #[doc = words_of!("grants")]
    #[pyo3(signature = (caller, *, status = None, limit = 50, cursor = None))]
    fn grants(
        &self,
        py: Python<'_>,
        caller: &Caller,
        status: Option<&str>,
        limit: usize,
        cursor: Option<&str>,
    ) -> PyResult<Page> {
        let status = status.map(wire::parse_grant_status).transpose().map_err(raise)?;
        let before = cursor.map(wire::parse_cursor).transpose().map_err(raise)?;
        let listing = self.detached(py, |live| {
            live.host.workflow().grants(&caller.0, &ListGrants::default().status(status).cursor(before).limit(limit))
        })?;
        grant_page(py, listing)
    }

    #[doc = words_of!("delegate")]
    #[pyo3(signature = (caller, *, to, until, reason, roles = None, start = None, idempotency_key = None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords on the other side")]
    fn delegate(
        &self,
        py: Python<'_>,
        caller: &Caller,
        to: &str,
        until: &Bound<'_, PyAny>,
        reason: &str,
        roles: Option<Vec<String>>,
        start: Option<&Bound<'_, PyAny>>,
        idempotency_key: Option<&str>,
    ) -> PyResult<Delegation> {
        let (from, until) = (start.map(|at| when(at, "from")).transpose()?, when(until, "until")?);
        let receipt = self.execute(py, caller, idempotency_key, || {
            let roles = roles.map(|all| all.iter().map(|role| RoleName::new(role)).collect::<Result<Vec<_>, _>>());
            Ok(Delegate::new(Principal::user(to).map_err(|error| error.for_field("to"))?, until, self::reason(reason)?)
                .roles(roles.transpose()?)
                .starts_at(from))
        })?;
        Delegation::of(receipt)
    }

    #[doc = words_of!("undelegate")]
    #[pyo3(signature = (caller, delegation_id, *, idempotency_key = None))]
    fn undelegate(
        &self,
        py: Python<'_>,
        caller: &Caller,
        delegation_id: &str,
        idempotency_key: Option<&str>,
    ) -> PyResult<Delegation> {
        let receipt =
            self.execute(py, caller, idempotency_key, || Ok(Undelegate::new(id(delegation_id, "delegation")?)))?;
        Delegation::of(receipt)
    }

    #[doc = words_of!("delegations")]
    #[pyo3(signature = (caller, *, status = None, limit = 50, cursor = None))]
    fn delegations(
        &self,
        py: Python<'_>,
        caller: &Caller,
        status: Option<&str>,
        limit: usize,
        cursor: Option<&str>,
    ) -> PyResult<Page> {
        let status = status.map(wire::parse_delegation_status).transpose().map_err(raise)?;
        let before = cursor.map(wire::parse_cursor).transpose().map_err(raise)?;
        let listing = self.detached(py, |live| {
            live.host
                .workflow()
                .delegations(&caller.0, &ListDelegations::default().status(status).cursor(before).limit(limit))
        })?;
        let items = listing.items.iter().map(|one| Delegation::new(one.clone(), listing.now));
        Ok(Page {
            durable: true,
            items: PyTuple::new(py, items.collect::<Vec<_>>())?.unbind(),
            next: listing.next.map(wire::cursor),
            render: Box::new(move |base| {
                wire::to_json(&PageDocument::new(&listing, |one| DelegationDocument::new(one, listing.now, base)))
            }),
        })
    }

    #[doc = words_of!("audit")]
    #[pyo3(signature = (caller, *, limit = 50, cursor = None))]
    fn audit(&self, py: Python<'_>, caller: &Caller, limit: usize, cursor: Option<&str>) -> PyResult<Page> {
        let after = cursor.map(wire::parse_cursor).transpose().map_err(raise)?.unwrap_or_default();
        let listing = self.detached(py, |live| {
            live.host.workflow().journal(&caller.0, &ListRecords::default().cursor(after).limit(limit))
        })?;
        Ok(Page {
            durable: true,
            items: PyTuple::new(py, listing.items.iter().cloned().map(Record).collect::<Vec<_>>())?.unbind(),
            next: listing.next.map(wire::cursor),
            render: Box::new(move |_| {
                wire::to_json(&PageDocument::new(&listing, |record| RecordDocument::from(record)))
            }),
        })
    }

    #[doc = words_of!("policies")]
    fn policies(&self, py: Python<'_>, caller: &Caller) -> PyResult<String> {
        self.detached(py, |live| live.host.workflow().policies(&caller.0))
    }

    fn honoured(&self, py: Python<'_>) -> PyResult<Honoured> {
        self.detached(py, |live| live.host.engine().honoured()).map(Honoured)
    }

    #[doc = words_of!("live_grants")]
    fn live_grants(&self, py: Python<'_>) -> PyResult<Vec<Grant>> {
        let (_, grants, now) = self.detached(py, |live| live.host.workflow().live_grants())?;
        Ok(grants.into_iter().map(|grant| Grant::new(grant, now)).collect())
    }

    #[doc = words_of!("verify")]
    fn verify(&self, py: Python<'_>) -> PyResult<u64> {
        self.detached(py, |live| live.host.workflow().verify())
    }

    fn sync(&self, py: Python<'_>) -> PyResult<u64> {
        self.detached(py, |live| Ok(live.host.engine().sync()?.0))
    }

    fn tick(&self, py: Python<'_>) -> PyResult<()> {
        self.detached(py, |live| live.host.reconciler().tick().map(drop))
    }

    #[getter]
    fn revision(&self) -> PyResult<u64> {
        self.with(|live| Ok(live.host.engine().revision().0)).map_err(raise)
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let Some(live) = self.live.swap(None) else { return Ok(()) };
        live.shortcut.close();
        let finished = py.detach(move || live.host.finish());
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
