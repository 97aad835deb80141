//! Conditions checked at every use of a grant, besides its window.

use core::net::IpAddr;
use derive_setters::Setters;
use std::num::NonZeroU32;
use std::sync::Arc;

use ipnet::IpNet;

use super::{EmptyPart, Invalid, Principal, SessionId, SignIn, ToolCall, Ttl, UseDetails};

/// Conditions checked at every use of a grant. `None` = no constraint.
///
/// ```
/// use jit_access::model::{Conditions, EmptyPart};
///
/// let asked = Conditions::default().session(Some("task-42".parse()?));
/// let cut = Conditions::default().max_uses(std::num::NonZeroU32::new(3));
/// let both = asked.and(&cut).map_err(|nothing| format!("{nothing:?}"))?;
/// assert!(both.is_within(&asked) && !asked.is_within(&both));
/// let other = Conditions::default().session(Some("task-43".parse()?));
/// assert_eq!(asked.and(&other), Err(EmptyPart::Session));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Setters)]
#[non_exhaustive]
pub struct Conditions {
    /// The holder has signed in with a second factor no longer ago than this.
    pub mfa_within: Option<Ttl>,
    /// The call comes from one of these networks.
    pub networks: Option<Networks>,
    /// The use belongs to this session or task.
    pub session: Option<SessionId>,
    /// No more uses than this, in all processes together.
    pub max_uses: Option<NonZeroU32>,
    /// The use is this exact call of a tool.
    pub call: Option<ToolCall>,
}

impl Conditions {
    /// These conditions, as operators and requesters write them: minutes, networks, the id of a session, a number.
    ///
    /// # Errors
    /// Of the field that is out of range: `mfa_within_minutes` 1 to 1440, `max_uses` 1 to 4294967295; see [`Networks::new`] and
    /// [`SessionId::new`].
    pub fn new<'a>(
        mfa_within_minutes: Option<u64>,
        networks: Option<&'a [String]>,
        session: Option<&'a str>,
        max_uses: Option<u64>,
    ) -> Result<Self, Invalid> {
        let minutes = |count: u64| {
            let millis =
                i64::try_from(count).ok().filter(|count| (1..=1_440).contains(count)).map(|count| count * 60_000);
            let wrong = || Invalid::new("mfa_within_minutes", format!("is {count}"), "a whole number from 1 to 1440");
            Ttl::from_millis(millis.ok_or_else(wrong)?)
        };
        let uses = |count: u64| {
            let wrong = || Invalid::new("max_uses", format!("is {count}"), "a whole number of 1 or more");
            u32::try_from(count).ok().and_then(NonZeroU32::new).ok_or_else(wrong)
        };
        Ok(Self {
            mfa_within: mfa_within_minutes.map(minutes).transpose()?,
            networks: networks.map(|all| Networks::new(all.iter().map(String::as_str))).transpose()?,
            session: session.map(SessionId::new).transpose()?,
            max_uses: max_uses.map(uses).transpose()?,
            call: None,
        })
    }

    /// Whether there is no condition.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// All of these conditions and all of the other ones. Commutes, and only ever restricts.
    ///
    /// # Errors
    /// When both together cannot be met, with the part that has nothing in common.
    pub fn and(&self, other: &Self) -> Result<Self, EmptyPart> {
        Ok(Self {
            mfa_within: both(self.mfa_within, other.mfa_within, Ord::min),
            networks: match (&self.networks, &other.networks) {
                (Some(one), Some(two)) => Some(one.intersection(two).ok_or(EmptyPart::Networks)?),
                (one, two) => one.as_ref().or(two.as_ref()).cloned(),
            },
            session: match (&self.session, &other.session) {
                (Some(one), Some(two)) if one != two => return Err(EmptyPart::Session),
                (one, two) => one.as_ref().or(two.as_ref()).cloned(),
            },
            max_uses: both(self.max_uses, other.max_uses, Ord::min),
            call: match (&self.call, &other.call) {
                (Some(one), Some(two)) if one != two => return Err(EmptyPart::Call),
                (one, two) => one.as_ref().or(two.as_ref()).cloned(),
            },
        })
    }

    /// Whether every use that meets these conditions also meets the other ones.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.and(other).as_ref() == Ok(self)
    }
}

fn both<T>(one: Option<T>, two: Option<T>, join: fn(T, T) -> T) -> Option<T> {
    match (one, two) {
        (Some(one), Some(two)) => Some(join(one, two)),
        (one, two) => one.or(two),
    }
}

/// Networks, at least one, in a form that depends only on which addresses they contain.
///
/// ```
/// use jit_access::model::Networks;
///
/// let networks = Networks::new(["10.1.2.3/16", "10.1.0.0/24", "::ffff:192.0.2.1"])?;
/// assert_eq!(networks.texts().collect::<Vec<_>>(), ["10.1.0.0/16", "192.0.2.1/32"]);
/// assert!(networks.hold("10.1.255.255".parse()?) && !networks.hold("10.2.0.0".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

/// More is a slip of the pen, and too deep a policy.
const MAX_NETWORKS: usize = 32;
const EXPECTED_NETWORK: &str = "an address or a network, such as 10.0.0.0/8 or 2001:db8::/32";

impl Networks {
    /// These networks; an address is the network that holds it alone.
    ///
    /// # Errors
    /// When there are none or more than 32, or when one is neither an address nor a network.
    pub fn new<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, Invalid> {
        let all = texts.into_iter().take(MAX_NETWORKS + 1).map(network).collect::<Result<Vec<_>, _>>()?;
        if all.is_empty() || all.len() > MAX_NETWORKS {
            let problem =
                if all.is_empty() { "is empty".to_owned() } else { format!("has more than {MAX_NETWORKS} items") };
            return Err(Invalid::new("networks", problem, format!("1 to {MAX_NETWORKS} networks")));
        }
        Ok(Self::joined(&all))
    }

    fn joined(all: &Vec<IpNet>) -> Self {
        let mut joined = IpNet::aggregate(all);
        joined.sort_unstable();
        Self(joined)
    }

    /// Whether the address is in one of them. An IPv4 address is the same one when it is written as IPv6.
    #[must_use]
    pub fn hold(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The addresses that both hold, if there are any.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let narrower = |one: &IpNet, two: &IpNet| match (one.contains(two), two.contains(one)) {
            (true, _) => Some(*two),
            (_, true) => Some(*one),
            _ => None,
        };
        let common: Vec<_> =
            self.0.iter().flat_map(|one| other.0.iter().filter_map(move |two| narrower(one, two))).collect();
        (!common.is_empty()).then(|| Self::joined(&common))
    }

    /// Each as text: `10.0.0.0/8`.
    pub fn texts(&self) -> impl ExactSizeIterator<Item = String> {
        self.0.iter().map(ToString::to_string)
    }
}

/// Reads a network; an IPv4-mapped IPv6 network becomes the IPv4 network.
fn network(text: &str) -> Result<IpNet, Invalid> {
    let refuse = || Invalid::new("networks", format!("holds {}", Invalid::quote(text)), EXPECTED_NETWORK);
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address.to_canonical()),
        Err(_) => {
            // Some parsers read `010.0.0.0` as octal, and `/08` as invalid: leading zeros are refused in both.
            let length = text.rsplit_once('/').map_or("", |(_, length)| length);
            if length.len() > 1 && length.starts_with('0') {
                return Err(refuse());
            }
            let (address, _) = text.split_once('/').ok_or_else(refuse)?;
            address.parse::<IpAddr>().map_err(|_| refuse())?;
            text.parse::<IpNet>().map_err(|_| refuse())?.trunc()
        }
    };
    match network {
        IpNet::V6(six) if six.prefix_len() >= 96 => match six.addr().to_ipv4_mapped() {
            Some(four) => IpNet::new(four.into(), six.prefix_len() - 96).map_err(|_| refuse()),
            None => Ok(network),
        },
        _ => Ok(network),
    }
}

/// What the host knows of a check besides principal, action and resource. A missing value meets no condition.
///
/// ```
/// use jit_access::model::Context;
///
/// let context = Context::default().address(Some("10.1.2.3".parse()?));
/// assert!(context.session.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Setters)]
#[non_exhaustive]
pub struct Context {
    /// How the principal signed in.
    pub sign_in: Option<SignIn>,
    /// The address of the caller.
    pub address: Option<IpAddr>,
    /// The session or task it belongs to.
    pub session: Option<SessionId>,
    /// The exact call of a tool that it is about.
    pub call: Option<ToolCall>,
    /// The person that an agent acts for. Then only grants that the agent holds for this person count, and only while
    /// both may hold them, as far as the host has reported.
    pub acts_for: Option<Principal>,
    /// Additional data for the record of a use, if configured. No condition uses it.
    pub details: Option<Arc<UseDetails>>,
}

impl Context {
    /// A context with the address and the session id as text.
    ///
    /// # Errors
    /// When `address` is not an IP address; see [`SessionId::new`].
    pub fn new(sign_in: Option<SignIn>, address: Option<&str>, session: Option<&str>) -> Result<Self, Invalid> {
        let parsed = |text: &str| {
            let wrong = |_| {
                let expected = "an IP address, such as 192.0.2.1 or 2001:db8::1";
                Invalid::new("address", format!("is {}", Invalid::quote(text)), expected)
            };
            text.parse().map_err(wrong)
        };
        let session = session.map(SessionId::new).transpose()?;
        Ok(Self { sign_in, address: address.map(parsed).transpose()?, session, ..Self::default() })
    }

    /// Whether the host reports that the principal's standing rights do not allow it.
    pub(crate) fn is_refused_by_standing(&self) -> bool {
        self.details.as_ref().is_some_and(|details| details.by_standing == Some(false))
    }

    /// Additional data for the record of a use in this context; `None` when there is none.
    #[must_use]
    pub fn use_details(&self) -> Option<Arc<UseDetails>> {
        let mut details = self.details.clone().unwrap_or_default();
        if details.address != self.address || details.session != self.session {
            let details = Arc::make_mut(&mut details);
            (details.address, details.session) = (self.address, self.session.clone());
        }
        (!details.is_empty()).then_some(details)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn networks() -> impl Strategy<Value = Networks> {
        let one = (any::<u32>(), 0_u8..=32, any::<bool>()).prop_map(|(bits, prefix, six)| {
            // Few bits vary, so that networks overlap.
            let four = core::net::Ipv4Addr::from(bits & 0xE000_0003);
            if six { format!("2001:db8::{:x}/{}", bits & 3, 96 + prefix) } else { format!("{four}/{prefix}") }
        });
        prop::collection::vec(one, 1..5)
            .prop_map(|texts| Networks::new(texts.iter().map(String::as_str)).expect("networks"))
    }

    fn conditions() -> impl Strategy<Value = Conditions> {
        let ttl = prop::option::of((1_i64..4).prop_map(|minutes| Ttl::from_millis(minutes * 60_000).unwrap()));
        let session = prop::option::of((0..2_u8).prop_map(|n| SessionId::new(&format!("s{n}")).unwrap()));
        let uses = prop::option::of((1_u32..4).prop_map(|n| NonZeroU32::new(n).unwrap()));
        let call = prop::option::of((0..2_u8).prop_map(|n| ToolCall::from_canonical(&format!("{{{n}}}")).unwrap()));
        (ttl, prop::option::of(networks()), session, uses, call).prop_map(
            |(mfa_within, networks, session, max_uses, call)| Conditions {
                mfa_within,
                networks,
                session,
                max_uses,
                call,
            },
        )
    }

    proptest! {
        #[test]
        fn conditions_only_ever_ask_for_more(a in conditions(), b in conditions(), c in conditions()) {
            prop_assert_eq!(a.and(&b), b.and(&a));
            let left = a.and(&b).and_then(|ab| ab.and(&c));
            let right = b.and(&c).and_then(|bc| a.and(&bc));
            prop_assert_eq!(left.clone().ok(), right.ok());
            if let Ok(all) = left {
                prop_assert!(all.is_within(&a) && all.is_within(&b) && all.is_within(&c));
            }
            prop_assert_eq!(a.and(&a), Ok(a));
        }

        #[test]
        fn what_two_hold_their_intersection_holds(a in networks(), b in networks(), bits in any::<u32>(), six: bool) {
            let four = core::net::Ipv4Addr::from(bits & 0xE000_0003);
            let address: IpAddr = if six { four.to_ipv6_mapped().into() } else { four.into() };
            let both = a.intersection(&b).is_some_and(|both| both.hold(address));
            prop_assert_eq!(both, a.hold(address) && b.hold(address));
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "10.0.0.0/33",
            "ten",
            "10.0.0",
            "10.0.0.0/8 ",
            "::/129",
            "010.0.0.0/8",
            "10.00.0.0/8",
            "10.0.0.0/08",
            "::/064",
            "10.0.0.0/+8",
        ] {
            let error = Networks::new([text]).unwrap_err().to_string();
            assert!(error.starts_with("`networks` holds") && error.contains("10.0.0.0/8"), "{error}");
        }
        assert!(Networks::new([]).is_err() && Networks::new(["::1"; 33]).is_err());
    }
}
