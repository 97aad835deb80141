//! Which addresses a message may be sent to: no inside address, unless the operator allows it.
//!
//! The checked address is the one that is connected to: the HTTP client uses only this resolver, follows no redirect,
//! and uses no proxy. So a name with another address at the second look-up gains nothing.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// What kind of address this is if it is not on the public Internet, or `None`.
fn inside(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => inside_v4(address),
        IpAddr::V6(address) => inside_v6(address),
    }
}

fn inside_v4(address: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = address.octets();
    Some(match (a, b, c) {
        (0, ..) => "an address of this host",
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => "a private address",
        (100, 64..=127, _) => "an address inside a provider's network",
        (127, ..) => "a loopback address",
        (169, 254, _) => "a link-local address, such as that of a cloud's metadata",
        (192, 0, 0) => "an address for protocols",
        (192, 0, 2) | (198, 51, 100) | (203, 0, 113) => "an address for documentation",
        (192, 88, 99) => "an address of an old tunnel",
        (198, 18..=19, _) => "an address for measurements",
        (224..=239, ..) => "a multicast address",
        (240..=255, ..) => "a reserved address",
        _ => return None,
    })
}

fn inside_v6(address: Ipv6Addr) -> Option<&'static str> {
    let parts = address.segments();
    let [.., high, low] = parts;
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        inside_v4(Ipv4Addr::new(a, b, c, d))
    };
    Some(match parts {
        [0, 0, 0, 0, 0, 0, 0, 0] => "an address of this host",
        [0, 0, 0, 0, 0, 0, 0, 1] => "a loopback address",
        // Addresses of IPv4 in another dress: written so, carried in IPv6, or translated by a gateway (NAT64, 6to4).
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] => return embedded(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => return embedded(high, low),
        [0x64, 0xff9b, ..] => "an address of a translator inside",
        [0x2002, high, low, ..] => return embedded(high, low),
        [0x2001, 0..=0x1ff, ..] => "an address for protocols",
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => "an address for documentation",
        [0x5f00, ..] => "an address for routing",
        [0x100, 0, 0, 0, ..] => "an address that leads nowhere",
        [0xfc00..=0xfdff, ..] => "a private address",
        [0xfe80..=0xfebf, ..] => "a link-local address",
        [0xfec0..=0xfeff, ..] => "a private address",
        [0xff00..=0xffff, ..] => "a multicast address",
        [0x2000..=0x3fff, ..] => return None,
        _ => "a reserved address",
    })
}

/// Resolves names, and keeps the addresses that may be connected to.
#[derive(Debug)]
pub(super) struct Guard<R = DefaultResolver> {
    allow_private: bool,
    names: R,
}

impl Guard {
    /// Allows outside addresses only, or all.
    pub(super) fn new(allow_private: bool) -> Self {
        Self::over(DefaultResolver::default(), allow_private)
    }
}

impl<R> Guard<R> {
    /// The same for the answers of this resolver.
    pub(super) const fn over(names: R, allow_private: bool) -> Self {
        Self { allow_private, names }
    }

    /// Why this address is refused, if it is.
    pub(super) fn refusal(&self, address: IpAddr) -> Option<&'static str> {
        if self.allow_private { None } else { inside(address) }
    }
}

impl<R: Resolver> Resolver for Guard<R> {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let found = self.names.resolve(uri, config, timeout)?;
        let mut kept = self.empty();
        let mut refused = None;
        for address in found.iter() {
            match self.refusal(address.ip()) {
                None => kept.push(*address),
                Some(what) => refused = Some((address.ip(), what)),
            }
        }
        match refused {
            Some((address, what)) if kept.is_empty() => {
                let why = format!("{address} is {what}; it is refused unless `allow_private` is true");
                Err(Error::Io(io::Error::new(io::ErrorKind::PermissionDenied, why)))
            }
            _ => Ok(kept),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(address: &str) -> bool {
        Guard::new(false).refusal(address.parse().unwrap()).is_some()
    }

    #[test]
    fn what_is_inside_is_refused_in_every_dress() {
        for address in [
            "127.0.0.1",
            "127.255.255.254",
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "::ffff:0:127.0.0.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "2001::1",
            "2001:db8::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "100::1",
            "4000::1",
        ] {
            assert!(is_refused(address), "{address}");
        }
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "169.253.0.1",
            "198.17.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
            "2a00::1",
        ] {
            assert!(!is_refused(address), "{address}");
        }
    }

    #[test]
    fn what_is_allowed_is_let_through() {
        assert_eq!(Guard::new(true).refusal("127.0.0.1".parse().unwrap()), None);
    }
}
