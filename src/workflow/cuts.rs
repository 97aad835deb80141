//! Which parts of a request were reduced, and by whom.

use crate::model::{AccessRequest, Actor, Conditions, Cut, PermissionSet};

/// One part of a request that was made less.
///
/// ```
/// use jit_access::workflow::CutLine;
///
/// let line = CutLine { what: "duration", from: Some("4h".into()), to: "2h".into(), by: "lead@example.com".into() };
/// assert_eq!(line.to_string(), "duration: 4h to 2h by lead@example.com");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutLine {
    /// The part: `permissions`, `resource`, `duration`, `conditions`.
    pub what: &'static str,
    /// The requested value; `None` for conditions, which are not requested.
    pub from: Option<String>,
    /// The remaining value.
    pub to: String,
    /// Who reduced it: an approver, or `rule:<key>` of the configuration.
    pub by: String,
}

impl std::fmt::Display for CutLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { what, from, to, by } = self;
        match from {
            Some(from) => write!(f, "{what}: {from} to {to} by {by}"),
            None => write!(f, "{what}: {to} by {by}"),
        }
    }
}

/// Everything that was reduced: by a limit of the configuration, and by each approval that counts.
#[must_use]
pub fn cuts_of(request: &AccessRequest) -> Vec<CutLine> {
    let mut cuts = Vec::new();
    if let Some(cut) = &request.duration_cut {
        let by = format!("rule:{}", cut.limit);
        cuts.push(CutLine {
            what: "duration",
            from: Some(cut.asked.to_string()),
            to: request.duration.to_string(),
            by,
        });
    }
    for review in request.approvals() {
        cuts.extend(cuts_by(request, &review.cut, &review.by));
    }
    cuts
}

/// What one approval removes from the request.
#[must_use]
pub fn cuts_by(request: &AccessRequest, cut: &Cut, by: &Actor) -> Vec<CutLine> {
    let line = |what, from: Option<String>, to: String| CutLine { what, from, to, by: by.to_string() };
    let mut lines = Vec::new();
    if let Some(limit) = &cut.permissions
        && let Some(left) = request.permissions.intersection(limit)
        && left != request.permissions
    {
        lines.push(line("permissions", Some(written(&request.permissions)), written(&left)));
    }
    if let Some(limit) = &cut.scope
        && let Some(left) = request.scope.intersection(limit)
        && left != request.scope
    {
        lines.push(line("resource", Some(request.scope.to_string()), left.to_string()));
    }
    if let Some(limit) = cut.duration.filter(|limit| *limit < request.duration) {
        lines.push(line("duration", Some(request.duration.to_string()), limit.to_string()));
    }
    if !cut.conditions.is_none() {
        lines.push(line("conditions", None, conditions(&cut.conditions)));
    }
    lines
}

fn conditions(all: &Conditions) -> String {
    let mut parts = Vec::new();
    parts.extend(all.mfa_within.map(|ttl| format!("second factor within {} minutes", ttl.millis() / 60_000)));
    let networks = all.networks.as_ref().map(|networks| networks.texts().collect::<Vec<_>>().join(", "));
    parts.extend(networks.map(|networks| format!("from {networks}")));
    parts.extend(all.session.as_ref().map(|session| format!("in session {session}")));
    parts.extend(all.max_uses.map(|uses| format!("{uses} uses at most")));
    parts.extend(all.call.as_ref().map(|call| format!("exactly the call {call}")));
    parts.join("; ")
}

fn written(set: &PermissionSet) -> String {
    let list = |all: &[crate::model::Permission]| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let without = if set.excepted().is_empty() { String::new() } else { format!(" without {}", list(set.excepted())) };
    format!("{}{without}", list(set.allowed()))
}
