//! A person's familiar networks, clients and tokens: those of earlier uses.
//!
//! A new value means little for a person with new values every week. So a new value is reported only when that is rare
//! for the person: on one of so many days with uses.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{IpAddr, Ipv6Addr};

use super::history::{DAY, small};
use crate::model::{AlertKind, Timestamp, UseDetails};

/// How many different values of one kind are remembered of one person.
const KNOWN: usize = 64;
/// For networks and clients: a new value on at most one of this many days.
const RARE: u32 = 4;
/// For tokens, which many sign-ins replace each day or each week.
const RARE_TOKEN: u32 = 10;

/// The familiar values of one person.
#[derive(Debug, Default)]
pub(super) struct Familiar {
    networks: Seen,
    clients: Seen,
    tokens: Seen,
}

/// An unfamiliar value: the kind of alert, the value as reported, and the text.
pub(super) type Unfamiliar = (AlertKind, String, String);

impl Familiar {
    /// Takes in the details of a use; returns what is unfamiliar.
    pub(super) fn add(&mut self, details: &UseDetails, at: Timestamp, history_days: u32) -> Vec<Unfamiliar> {
        let mut found = Vec::new();
        let mut look = |seen: &mut Seen, kind, key: &str, (place, how, what): (&str, &str, &str), rare| {
            if let Some((known, days)) = seen.add(key, at, history_days, rare) {
                let many = |count: u32| if count == 1 { "" } else { "s" };
                let text = format!(
                    "the first use {how} {place} in {history_days} days; {known} {what}{} on {days} day{} with uses before",
                    many(known),
                    many(days)
                );
                found.push((kind, key.to_owned(), text));
            }
        };
        if let Some(address) = details.address {
            let network = network(address);
            look(&mut self.networks, AlertKind::NewNetwork, &network, (&network, "from", "network"), RARE);
        }
        if let Some(agent) = &details.user_agent {
            let client = client(agent.as_str());
            look(&mut self.clients, AlertKind::NewClient, &client, (agent.as_str(), "by", "client"), RARE);
        }
        if let Some(token) = &details.token_id {
            let token = token.as_str();
            look(&mut self.tokens, AlertKind::NewToken, token, (token, "with the token", "token"), RARE_TOKEN);
        }
        found
    }
}

/// The values of one kind. A value is kept as a hash: there are many people.
#[derive(Debug, Default)]
struct Seen {
    /// Each value, and the day on which it was last seen.
    known: Vec<(u64, u32)>,
    /// Each day with a value, and how many were new on it.
    days: VecDeque<(u32, u32)>,
}

impl Seen {
    /// Takes in a value. When it is unfamiliar and that is rare: how many were new on how many earlier days.
    fn add(&mut self, value: &str, at: Timestamp, history_days: u32, rare: u32) -> Option<(u32, u32)> {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        let (hash, day) = (hasher.finish(), small(at.millis().div_euclid(DAY)));
        let from = day.saturating_sub(history_days);
        self.known.retain(|(_, last)| *last >= from);
        while self.days.front().is_some_and(|(first, _)| *first < from) {
            self.days.pop_front();
        }
        let before = small(i64::try_from(self.days.iter().filter(|(of, _)| *of < day).count()).unwrap_or(0));
        let new: u32 = self.days.iter().map(|(_, new)| new).sum();
        if self.days.back().is_none_or(|(last, _)| *last < day) {
            self.days.push_back((day, 0));
        }
        if let Some((_, last)) = self.known.iter_mut().find(|(known, _)| *known == hash) {
            *last = (*last).max(day);
            return None;
        }
        if self.known.len() >= KNOWN
            && let Some(oldest) = (0..self.known.len()).min_by_key(|at| self.known.get(*at).map(|(_, last)| *last))
        {
            self.known.swap_remove(oldest);
        }
        self.known.push((hash, day));
        if let Some((_, new)) = self.days.back_mut() {
            *new += 1;
        }
        (before >= rare && new.saturating_mul(rare) <= before).then_some((new, before))
    }
}

/// The network of an address: 24 bits of an IPv4 address, 48 of another one.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

/// The program without its versions, which change every week.
fn client(agent: &str) -> String {
    agent.chars().filter(|c| !c.is_ascii_digit() && *c != '.').collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::DetailText;

    fn on(day: i64, details: &UseDetails, familiar: &mut Familiar) -> Vec<(AlertKind, String)> {
        let at = Timestamp::from_millis(day * DAY + 9 * 3_600_000).unwrap();
        familiar.add(details, at, 30).into_iter().map(|(kind, _, text)| (kind, text)).collect()
    }

    fn from(address: &str) -> UseDetails {
        UseDetails::default().address(Some(address.parse().unwrap()))
    }

    #[test]
    fn a_new_network_is_told_of_somebody_whose_networks_seldom_change() {
        let mut familiar = Familiar::default();
        for day in 0..6 {
            assert_eq!(on(day, &from(&format!("10.1.2.{day}")), &mut familiar), []);
        }
        assert_eq!(
            on(6, &from("203.0.113.9"), &mut familiar),
            [(
                AlertKind::NewNetwork,
                "the first use from 203.0.113.0/24 in 30 days; 1 network on 6 days with uses before".to_owned()
            )]
        );
        assert_eq!(on(6, &from("203.0.113.10"), &mut familiar), [], "it is known now");
        assert_eq!(on(7, &from("2001:db8:1::1"), &mut familiar), [], "two new ones in a week: nothing is rare");
    }

    #[test]
    fn nothing_is_told_of_somebody_without_a_history_or_with_a_new_one_every_day() {
        let mut familiar = Familiar::default();
        let token = |name: String| UseDetails::default().token_id(Some(DetailText::new(&name)));
        for day in 0..200 {
            assert_eq!(on(day, &token(format!("t{day}")), &mut familiar), []);
            assert_eq!(on(day, &from(&format!("10.{day}.1.1")), &mut familiar), []);
        }
        let mut weekly = Familiar::default();
        for day in 0..200 {
            assert_eq!(on(day, &token(format!("t{}", day / 7)), &mut weekly), []);
        }
        let mut lasting = Familiar::default();
        assert!((0..20).all(|day| on(day, &token("ci".to_owned()), &mut lasting).is_empty()));
        assert_eq!(on(20, &token("other".to_owned()), &mut lasting)[0].0, AlertKind::NewToken);
    }

    #[test]
    fn another_version_is_the_same_client() {
        let mut familiar = Familiar::default();
        let agent = |text: &str| UseDetails::default().user_agent(Some(DetailText::new(text)));
        for day in 0..10 {
            assert_eq!(on(day, &agent(&format!("Mozilla/5.0 (X11) Chrome/12{day}.0.0.0")), &mut familiar), []);
        }
        let found = on(10, &agent("curl/8.9"), &mut familiar);
        assert_eq!(
            found,
            [(
                AlertKind::NewClient,
                "the first use by curl/8.9 in 30 days; 1 client on 10 days with uses before".to_owned()
            )]
        );
    }

    #[test]
    fn what_was_last_seen_before_the_history_is_new_again() {
        let mut familiar = Familiar::default();
        on(0, &from("203.0.113.1"), &mut familiar);
        for day in 1..40 {
            on(day, &from("10.1.2.3"), &mut familiar);
        }
        assert_eq!(on(40, &from("203.0.113.1"), &mut familiar).len(), 1);
    }
}
