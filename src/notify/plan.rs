//! Recipients, channels and times of a notice: routing, quiet hours, digests.

use std::collections::{BTreeMap, BTreeSet};

use super::{AddressKind, Audience, Notice, NoticeSettings, Reach, Route};
use crate::model::{Principal, Recipient, Timestamp};

/// How a person is reached, by the host's directory.
///
/// ```
/// use jit_access::model::Principal;
/// use jit_access::notify::Contact;
///
/// let contact = Contact::of(&Principal::user("ann@example.com")?);
/// assert_eq!(contact.email.as_deref(), Some("ann@example.com"));
/// assert_eq!(Contact::of(&Principal::agent("bot")?), Contact::default());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contact {
    /// The e-mail address.
    pub email: Option<String>,
    /// The Slack member id.
    pub slack: Option<String>,
    /// Their time zone, an IANA name such as `Europe/Berlin`.
    pub zone: Option<String>,
    /// Whether they want non-urgent notices as a digest.
    pub digest: bool,
}

impl Contact {
    /// The contact that follows from the name alone: an e-mail address is used as such.
    #[must_use]
    pub fn of(principal: &Principal) -> Self {
        let is_address = principal.kind() == crate::model::PrincipalKind::User && principal.id().contains('@');
        Self { email: is_address.then(|| principal.id().to_owned()), ..Self::default() }
    }

    fn address(&self, kind: AddressKind) -> Option<&str> {
        match kind {
            AddressKind::Email => self.email.as_deref(),
            AddressKind::Slack => self.slack.as_deref(),
        }
    }
}

/// A recipient, and how they are reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressee {
    /// The person.
    pub person: Principal,
    /// How they are reached.
    pub contact: Contact,
    /// Whether they get the notice because they can act on it, and not because it is about them.
    pub as_approver: bool,
}

/// One delivery as it is planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The channel.
    pub channel: String,
    /// The recipient.
    pub recipient: Recipient,
    /// Whether it waits for others of the same channel and recipient.
    pub digest: bool,
    /// When it is tried first.
    pub next_at: Timestamp,
    /// Why it can never be sent, if it cannot.
    pub failed: Option<String>,
}

/// The deliveries of a notice at `now`, over channels of this reach, to these people.
///
/// A channel that reaches people delivers it to each of them, unless it is only for security. A channel with a fixed
/// target delivers it there when it is for approvers or for security, and everything when the notice reaches nobody
/// else. Recipients that no channel reaches are listed as failed, so that operators can see them.
///
/// ```
/// use std::collections::BTreeMap;
/// use jit_access::notify::{Notice, NoticeKind, NoticeSettings, Reach, plan};
///
/// let now = "2026-12-01T09:00:00Z".parse()?;
/// let notice = Notice::new(NoticeKind::GrantExpired, now);
/// let hook = BTreeMap::from([("hook".to_owned(), Reach::TARGET)]);
/// let planned = plan(&notice, &NoticeSettings::default(), &hook, &[], now);
/// assert_eq!(planned.iter().map(|one| one.channel.as_str()).collect::<Vec<_>>(), ["hook"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn plan(
    notice: &Notice,
    settings: &NoticeSettings,
    reach: &BTreeMap<String, Reach>,
    people: &[Addressee],
    now: Timestamp,
) -> Vec<Planned> {
    let mut planned: Vec<_> = notice.audience.iter().filter_map(|one| to_program(one, reach, now)).collect();
    if !planned.is_empty() && planned.len() == notice.audience.len() {
        return planned;
    }
    let routed = routed(notice, settings, reach);
    let (mut reached, mut any_target) = (BTreeSet::new(), false);
    for (channel, how) in &routed {
        if how.target && wants_target(notice, settings, channel, *how) {
            any_target = true;
            let next_at = not_before(notice, settings, now);
            let recipient = Recipient { zone: settings.zone.clone(), ..Recipient::default() };
            planned.push(Planned { channel: (*channel).clone(), recipient, digest: false, next_at, failed: None });
        }
        let Some(kind) = how.people else { continue };
        for one in people {
            let Some(address) = one.contact.address(kind) else { continue };
            reached.insert(&one.person);
            let (digest, next_at) = when(notice, settings, one, now);
            let recipient = Recipient {
                address: Some(address.to_owned()),
                zone: one.contact.zone.clone().or_else(|| settings.zone.clone()),
                ..Recipient::person(one.person.clone())
            };
            planned.push(Planned { channel: (*channel).clone(), recipient, digest, next_at, failed: None });
        }
    }
    planned.extend(unreachable(notice, &routed, people, &reached, any_target, now));
    planned
}

/// To the program that made the request, or to a channel that gets the record: at once, and only by that channel.
fn to_program(audience: &Audience, reach: &BTreeMap<String, Reach>, now: Timestamp) -> Option<Planned> {
    let (Audience::Callback { channel, .. } | Audience::Channel { channel }) = audience else { return None };
    let failed = (!reach.contains_key(channel)).then(|| "there is no channel of this name".to_owned());
    Some(Planned { channel: channel.clone(), recipient: Recipient::default(), digest: false, next_at: now, failed })
}

/// The channels that this notice goes to, with their reach. A channel only for security delivers it to nobody else.
fn routed<'a>(
    notice: &Notice,
    settings: &NoticeSettings,
    reach: &'a BTreeMap<String, Reach>,
) -> Vec<(&'a String, Reach)> {
    let taking = settings.routes.iter().filter(|route| takes(route, notice));
    let named: BTreeSet<&String> = taking.flat_map(|route| &route.channels).collect();
    let secures = |name| is_for_security(notice) && settings.security_channels.contains(name);
    let how = |(name, reach): (&'a String, &Reach)| {
        if settings.routes.is_empty() || named.contains(name) {
            Some((name, *reach))
        } else {
            secures(name).then_some((name, Reach { people: None, ..*reach }))
        }
    };
    // A channel that reaches nobody is for callbacks.
    reach.iter().filter(|(_, reach)| **reach != Reach::NOBODY).filter_map(how).collect()
}

/// Whether the route is one for this notice.
fn takes(route: &Route, notice: &Notice) -> bool {
    let level = notice.risk.as_ref().map(|risk| risk.level.as_str());
    let asked = |roles: &[crate::model::RoleName]| {
        notice.audience.iter().any(|one| match one {
            Audience::Approvers { roles: asked, .. } => asked.iter().any(|role| roles.contains(role)),
            _ => false,
        })
    };
    route.events.as_ref().is_none_or(|kinds| kinds.contains(&notice.kind))
        && route
            .roles
            .as_ref()
            .is_none_or(|roles| roles.iter().any(|role| notice.role.as_deref() == Some(role.as_str())))
        && route.risk_levels.as_ref().is_none_or(|levels| levels.iter().any(|one| level == Some(one.name())))
        && route.approver_roles.as_ref().is_none_or(|roles| asked(roles))
}

fn is_for_security(notice: &Notice) -> bool {
    notice.audience.contains(&Audience::Security)
}

fn wants_target(notice: &Notice, settings: &NoticeSettings, channel: &String, reach: Reach) -> bool {
    let security = is_for_security(notice)
        && (settings.security_channels.is_empty() || settings.security_channels.contains(channel));
    let asked = notice.audience.iter().any(|one| matches!(one, Audience::Approvers { .. }));
    let only_security = notice.audience.iter().all(|one| *one == Audience::Security) && is_for_security(notice);
    security || asked || (reach.people.is_none() && !only_security)
}

/// The recipients that no channel reaches, and an audience without people.
fn unreachable(
    notice: &Notice,
    routed: &[(&String, Reach)],
    people: &[Addressee],
    reached: &BTreeSet<&Principal>,
    any_target: bool,
    now: Timestamp,
) -> Vec<Planned> {
    let fail = |channel: &str, recipient: Recipient, why: String| Planned {
        channel: channel.to_owned(),
        recipient,
        digest: false,
        next_at: now,
        failed: Some(why),
    };
    let personal = routed.iter().find_map(|(name, reach)| Some((*name, reach.people?)));
    if let Some((channel, kind)) = personal {
        // An agent is notified by its operator.
        let is_person = |one: &&Addressee| one.person.kind() == crate::model::PrincipalKind::User;
        let missed = people.iter().filter(is_person).filter(|one| !reached.contains(&one.person));
        let missed: Vec<Planned> = missed
            .map(|one| {
                let why = format!("no {} address of {} is known", kind.name(), one.person);
                fail(channel, Recipient::person(one.person.clone()), why)
            })
            .collect();
        if !missed.is_empty() {
            return missed;
        }
    }
    let asked = notice.audience.iter().find_map(|one| match one {
        Audience::Approvers { roles, .. } => Some(roles.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        _ => None,
    });
    match (asked, routed.first()) {
        (Some(roles), Some((channel, _))) if !any_target && !people.iter().any(|one| one.as_approver) => {
            vec![fail(channel, Recipient::default(), format!("nobody is known who holds {roles}"))]
        }
        _ => Vec::new(),
    }
}

/// When a delivery is tried first, and whether it waits for others.
fn when(notice: &Notice, settings: &NoticeSettings, to: &Addressee, now: Timestamp) -> (bool, Timestamp) {
    let wants = to.as_approver && (to.contact.digest || settings.digest.people.contains(&to.person));
    let every = settings.digest.every.millis().max(1);
    let next = now.millis().div_euclid(every).saturating_add(1).saturating_mul(every);
    let next = Timestamp::from_millis(next).unwrap_or(Timestamp::MAX);
    if wants && !notice.urgent && is_in_time(notice, next) {
        (true, not_before(notice, settings, next))
    } else {
        (false, not_before(notice, settings, now))
    }
}

/// The first instant from `at` on at which it may be sent: quiet hours delay what is not urgent and can wait.
fn not_before(notice: &Notice, settings: &NoticeSettings, at: Timestamp) -> Timestamp {
    let quiet = settings.quiet_hours.filter(|hours| !notice.urgent && hours.include(at));
    quiet.map(|hours| hours.end_after(at)).filter(|end| is_in_time(notice, *end)).unwrap_or(at)
}

/// Whether a recipient at this instant can still act in time.
fn is_in_time(notice: &Notice, at: Timestamp) -> bool {
    let deadline = notice.deadline.as_ref().and_then(|deadline| deadline.parse::<Timestamp>().ok());
    deadline.is_none_or(|deadline| at < deadline)
}
