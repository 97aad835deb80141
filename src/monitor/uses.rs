//! What is unusual about a use.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::familiar::Familiar;
use super::history::{DAY, HOUR, Hours, MINUTE, Recent, chance, span};
use super::kept::{Finding, Kept};
use super::settings::MonitorSettings;
use crate::model::{
    Action, AlertKind, Grant, GrantId, Principal, PrincipalKind, Resource, ResourceId, RoleName, Scope, Timestamp,
    UseDetails,
};
use crate::workflow::WorkingHours;

/// The number of hours with uses from which on a person's own history defines what is normal.
const OWN_HOURS: usize = 20;
/// The number of hours from which on a history is used at all.
const SOME_HOURS: usize = 5;
/// How many different calls of an agent under one grant are counted.
const CALLS: usize = 16;
/// How many things that a request names are remembered.
const NAMED: usize = 16;
/// How many different destructive permissions of one person are remembered.
const SEEN: usize = 256;
const SHORT: i64 = 2 * MINUTE;
/// After a pause of this length, an agent's next calls are another run.
const RUN: i64 = 10 * MINUTE;

/// What is remembered of uses.
#[derive(Debug, Default)]
pub(super) struct Uses {
    people: HashMap<Principal, Person>,
    roles: HashMap<RoleName, Hours>,
}

#[derive(Debug, Default)]
struct Person {
    recent: Recent<60>,
    hours: Hours,
    familiar: Familiar,
    /// When each destructive permission was last used.
    destructive: BTreeMap<String, Timestamp>,
    /// The most equal calls in a minute, of earlier runs that were no loop.
    most_equal: u64,
    /// The length of the current run, and the instant of its last call.
    run: (u64, Option<Timestamp>),
}

/// A grant that is watched.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) holder: Principal,
    pub(super) role: RoleName,
    pub(super) drill: bool,
    /// When it begins to be in force.
    pub(super) starts: Timestamp,
    pub(super) used: u64,
    last: Option<Timestamp>,
    /// The things that the request names in its reason.
    named: Vec<ResourceId>,
    /// How often each call was made recently, by its hash: an agent can make many.
    calls: HashMap<u64, Recent<1>>,
}

impl Watched {
    pub(super) fn new(grant: &Grant) -> Self {
        Self {
            holder: grant.holder.clone(),
            role: grant.role.clone(),
            drill: grant.break_glass.as_ref().is_some_and(|owed| owed.drill),
            starts: grant.window.start(),
            used: grant.uses,
            last: None,
            named: grant.details.justification.as_ref().map_or_else(Vec::new, |reason| named(reason.as_str())),
            calls: HashMap::new(),
        }
    }

    /// The instant of the last use.
    pub(super) const fn last(&self) -> Option<Timestamp> {
        self.last
    }

    /// How long it was in force when it ends at this instant; `None` if it never was.
    pub(super) fn was_held(&self, ended: Timestamp) -> Option<String> {
        let millis = ended.millis().saturating_sub(self.starts.millis());
        (millis > 0).then(|| span(millis))
    }

    /// Its role and its holder.
    pub(super) fn role_and_holder(&self) -> (&RoleName, &Principal) {
        (&self.role, &self.holder)
    }
}

/// One use.
pub(super) struct Use<'a> {
    pub(super) grant: GrantId,
    pub(super) action: &'a Action,
    pub(super) resource: &'a Resource,
    pub(super) at: Timestamp,
    /// The host's details of the call, if they are recorded.
    pub(super) details: Option<&'a UseDetails>,
}

/// The workflow's rules that are needed here.
#[derive(Debug, Default)]
pub(super) struct Around {
    pub(super) production: Vec<Scope>,
    pub(super) hours: Option<WorkingHours>,
}

impl Uses {
    pub(super) fn add(
        &mut self,
        used: &Use<'_>,
        grant: &mut Watched,
        around: &Around,
        settings: &MonitorSettings,
        kept: &mut Kept,
    ) {
        let Use { grant: id, action, resource, at, details } = *used;
        let from = at.millis() - i64::from(settings.history_days) * DAY;
        let holder = grant.holder.clone();
        let find = |kind, key: String, text: String| Finding {
            kind,
            key,
            grant: Some(id),
            who: Some(&holder),
            since: at,
            text,
        };
        let person = self.people.entry(holder.clone()).or_default();
        let role = self.roles.entry(grant.role.clone()).or_default();
        person.hours.forget_before(from);

        // The hours before this one define what is normal.
        if let Some(text) = outside(person, around, used) {
            kept.find(find(AlertKind::OutsideHours, id.to_string(), text));
        }
        if let Some(closed) = person.hours.add(at) {
            role.forget_before(from);
            role.push(closed);
        }
        person.recent.add(at);
        if let Some(text) = burst(person, role, settings) {
            kept.find(find(AlertKind::Burst, id.to_string(), text));
        }
        if let Some(text) = first_destructive(person, action, resource, (from, at), settings) {
            kept.find(find(AlertKind::FirstDestructive, format!("{id} {action}"), text));
        }
        for (kind, what, text) in
            details.map_or_else(Vec::new, |details| person.familiar.add(details, at, settings.history_days))
        {
            kept.find(find(kind, format!("{id} {what}"), text));
        }
        if let Some(names) = unnamed(&grant.named, resource) {
            let text = format!("{action} on {resource}, and the request names only {names}");
            kept.find(find(AlertKind::OutsideTicket, format!("{id} {resource}"), text));
        }
        if grant.holder.kind() == PrincipalKind::Agent
            && let Some(text) = looping(person, grant, (action, resource), at, settings)
        {
            kept.find(find(AlertKind::AgentLoop, id.to_string(), text));
        }
        if grant.drill && around.production.iter().any(|scope| scope.covers(resource)) {
            let text = format!("a drill used {action} on {resource}, which counts as production");
            kept.find(find(AlertKind::DrillInProduction, id.to_string(), text));
        }
        match grant.last {
            None if grant.used == 0 => {
                let text = format!("{} was used for the first time: {action} on {resource}", grant.role);
                kept.find(find(AlertKind::FirstUse, id.to_string(), text));
            }
            Some(last) if at.millis().saturating_sub(last.millis()) >= settings.pause.millis() => {
                let pause = span(at.millis() - last.millis());
                let text = format!("{} was used again after {pause}: {action} on {resource}", grant.role);
                kept.find(find(AlertKind::UseAfterPause, format!("{id} {at}"), text));
            }
            _ => {}
        }
        grant.used += 1;
        grant.last = Some(grant.last.map_or(at, |last| last.max(at)));
    }
}

/// Far more uses than normal: as many in two minutes, or in an hour, as hardly ever occur in an hour.
fn burst(person: &Person, role: &Hours, settings: &MonitorSettings) -> Option<String> {
    let (short, long) = (person.recent.within(SHORT), person.recent.total());
    if long < settings.burst_uses {
        return None;
    }
    let own = person.hours.len();
    let days = settings.history_days;
    let (usual, of) = match (own, role.len()) {
        (OWN_HOURS.., _) => (person.hours.usual(), "usual"),
        (SOME_HOURS.., SOME_HOURS..) => (person.hours.usual().max(role.usual()), "usual for the person or the role"),
        (SOME_HOURS.., _) => (person.hours.usual(), "usual"),
        (_, SOME_HOURS..) => (role.usual(), "usual for the role"),
        _ => {
            let limit = settings.burst_without_history;
            return (short >= limit).then(|| {
                format!("{short} calls in {}, without a history to compare with; the limit is {limit}", span(SHORT))
            });
        }
    };
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let is_rare = |count: u64| chance(count, usual as f64) * (settings.burst_one_in as f64) < 1.0;
    // Hours vary more than by chance. Three times the normal hourly count is much for two minutes, and five times for
    // an hour.
    let is_far = |count: u64, times: u64| count >= settings.burst_uses && count > times * usual && is_rare(count);
    let all = [(short, SHORT, 3), (long, HOUR, 5)];
    let (count, window, _) = all.into_iter().find(|(count, _, times)| is_far(*count, *times))?;
    Some(format!("{count} calls in {}, {of} at most {usual} an hour over {days} days", span(window)))
}

fn first_destructive(
    person: &mut Person,
    action: &Action,
    resource: &Resource,
    (from, at): (i64, Timestamp),
    settings: &MonitorSettings,
) -> Option<String> {
    let name = action.name();
    let last = name.rsplit(['.', ':']).next().unwrap_or(name);
    if !settings.destructive.contains(last) {
        return None;
    }
    let known = person.destructive.get(name).is_some_and(|before| before.millis() >= from);
    if person.destructive.len() < SEEN || person.destructive.contains_key(name) {
        person.destructive.insert(name.to_owned(), at);
    }
    let hours = person.hours.len();
    let span = if hours == 1 { "hour" } else { "hours" };
    (!known).then(|| {
        format!("the first {name} in {} days, on {resource}; {hours} {span} with uses before", settings.history_days)
    })
}

fn outside(person: &Person, around: &Around, used: &Use<'_>) -> Option<String> {
    let hours = around.hours.as_ref()?;
    let Use { action, resource, at, .. } = *used;
    if hours.include(at) || person.hours.knows_hour_of_day(at) {
        return None;
    }
    let before = person.hours.len();
    let span = if before == 1 { "hour" } else { "hours" };
    let at = at.for_people();
    Some(format!(
        "{action} on {resource} at {at}, outside of the working hours {hours}; never at this hour of the day in {before} {span} with uses before"
    ))
}

/// The resources that a text names, such as `server:shop`.
fn named(text: &str) -> Vec<ResourceId> {
    let is_edge = |c: char| c.is_whitespace() || ",;()[]{}<>\"'`".contains(c);
    let words = text.split(is_edge).map(|word| word.trim_end_matches(['.', ':', '!', '?']));
    words.filter(|word| !word.contains("://")).filter_map(|word| word.parse().ok()).take(NAMED).collect()
}

/// The resources of this kind that a request names, when this is not one of them.
fn unnamed(named: &[ResourceId], resource: &Resource) -> Option<String> {
    let parent = resource.parent();
    let is_it = |one: &ResourceId| one.kind() == resource.kind() && one.id() == resource.id();
    let alike: Vec<_> = named
        .iter()
        .filter(|one| one.kind() == resource.kind() || parent.is_some_and(|of| of.kind() == one.kind()))
        .collect();
    if alike.is_empty() || alike.iter().any(|one| is_it(one) || parent == Some(*one)) {
        return None;
    }
    let names: Vec<_> = alike.iter().map(ToString::to_string).collect();
    Some(names.join(", "))
}

/// The same call of an agent again and again.
fn looping(
    person: &mut Person,
    grant: &mut Watched,
    (action, resource): (&Action, &Resource),
    at: Timestamp,
    settings: &MonitorSettings,
) -> Option<String> {
    let mut hasher = DefaultHasher::new();
    (action, resource).hash(&mut hasher);
    let key = hasher.finish();
    if grant.calls.len() >= CALLS && !grant.calls.contains_key(&key) {
        grant.calls.retain(|_, recent| recent.within(MINUTE) > 1);
    }
    if grant.calls.len() >= CALLS {
        return None;
    }
    let recent = grant.calls.entry(key).or_default();
    recent.add(at);
    let equal = recent.within(MINUTE);
    let (run, last) = person.run;
    let goes_on = last.is_some_and(|last| at.millis().saturating_sub(last.millis()) <= RUN);
    if !goes_on && run < settings.loop_calls {
        person.most_equal = person.most_equal.max(run);
    }
    person.run = (if goes_on { run.max(equal) } else { equal }, Some(at));
    let most = person.most_equal;
    let limit = settings.loop_calls;
    (equal >= limit && equal > 3 * most).then(|| {
        let usual = match most {
            0 => format!("without a history to compare with; the limit is {limit}"),
            most => format!("usual at most {most}"),
        };
        format!("the same call {equal} times in {}, {usual}: {action} on {resource}", span(MINUTE))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_request_names_otherwise_is_outside_of_it() {
        let said = named("INC-7: restart server:web1, see https://tracker.example.com/7 (and tool:deploy).");
        assert_eq!(said.iter().map(ToString::to_string).collect::<Vec<_>>(), ["server:web1", "tool:deploy"]);
        let outside = |resource: &str, parent: Option<&str>| {
            let mut resource: Resource = resource.parse().unwrap();
            if let Some(parent) = parent {
                resource = resource.with_parent(parent.parse().unwrap()).unwrap();
            }
            unnamed(&said, &resource)
        };
        assert_eq!(outside("server:web2", None).as_deref(), Some("server:web1"));
        assert_eq!(outside("server:web1", None), None);
        assert_eq!(outside("prompt:p1", None), None, "no prompt is named");
        assert_eq!(outside("tool:t1", Some("server:web1")), None, "a tool of the server that is named");
        assert_eq!(outside("tool:t1", Some("server:db")).as_deref(), Some("server:web1, tool:deploy"));
        assert_eq!(unnamed(&named("INC-7"), &"server:db".parse().unwrap()), None);
    }
}
