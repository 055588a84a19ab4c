//! The client's address. It exists from the socket to the end of [`super::enrich`], for the country and nothing else: the type shows
//! itself to no formatter, no serialiser and no one outside of this folder.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

/// Most entries of `X-Forwarded-For` that are walked; a longer list is cut at its left, far, end.
const FORWARDED_MAX: usize = 32;

/// Whose request it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(IpAddr);

impl ClientAddress {
    /// The address; within this folder only.
    pub(super) fn reveal(self) -> IpAddr {
        self.0
    }

    /// The network that it is in, for who counts by networks: the first 24 bits of an IPv4 address, 48 of an IPv6 one. To be hashed, not kept.
    pub fn network(self) -> ([u8; 6], usize) {
        let mut network = [0; 6];
        let length = match self.0 {
            IpAddr::V4(address) => {
                network[..3].copy_from_slice(&address.octets()[..3]);
                3
            }
            IpAddr::V6(address) => {
                network.copy_from_slice(&address.octets()[..6]);
                6
            }
        };
        (network, length)
    }

    /// The client behind `peer`. `forwarded` are the values of the `X-Forwarded-For` headers in their order; they count only when the
    /// peer is a trusted proxy, and then are read from the right: the first address that is no trusted proxy is the client. An entry that
    /// is no address ends the walk, at the last address that was one: what stands left of it was written by who knows whom.
    pub fn find<'a>(peer: IpAddr, forwarded: impl DoubleEndedIterator<Item = &'a str>, trusted: &[IpNet]) -> Self {
        let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
        let mut client = peer.to_canonical();
        let entries = forwarded.rev().flat_map(|value| value.rsplit(',')).take(FORWARDED_MAX);
        for entry in entries {
            if !is_trusted(client) {
                break;
            }
            match parse(entry) {
                Some(address) => client = address,
                None => break,
            }
        }
        Self(client)
    }
}

/// An address, or one with a port as some proxies write it.
fn parse(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    let address = bare.parse().ok().or_else(|| entry.parse::<SocketAddr>().ok().map(|socket| socket.ip()))?;
    Some(IpAddr::to_canonical(&address))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn find(peer: &str, forwarded: &[&str]) -> String {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        ClientAddress::find(peer.parse().unwrap(), forwarded.iter().copied(), &trusted).reveal().to_string()
    }

    #[test]
    fn a_network_is_the_front_of_an_address() {
        let network = |peer: &str| {
            let (network, length) = ClientAddress::find(peer.parse().unwrap(), [].into_iter(), &[]).network();
            network[..length].to_vec()
        };
        assert_eq!(network("192.0.2.7"), [192, 0, 2]);
        assert_eq!(network("::ffff:192.0.2.9"), [192, 0, 2]);
        assert_eq!(network("2001:db8:1:2::3"), [0x20, 1, 0xD, 0xB8, 0, 1]);
    }

    #[test]
    fn a_peer_that_is_not_trusted_is_the_client_whatever_it_writes() {
        assert_eq!(find("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
    }

    #[test]
    fn the_first_address_from_the_right_that_is_no_proxy_is_the_client() {
        assert_eq!(find("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(find("10.0.0.1", &["6.6.6.6, 198.51.100.1, 10.0.0.2"]), "198.51.100.1");
        assert_eq!(find("10.0.0.1", &["6.6.6.6", "198.51.100.1", "10.0.0.2 , 10.0.0.3"]), "198.51.100.1");
    }

    #[test]
    fn without_a_client_in_the_list_the_farthest_proxy_stands_for_it() {
        assert_eq!(find("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(find("10.0.0.1", &["10.0.0.3,10.0.0.2"]), "10.0.0.3");
    }

    #[test]
    fn an_entry_that_is_no_address_ends_the_walk() {
        assert_eq!(find("10.0.0.1", &["198.51.100.1, unknown, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(find("10.0.0.1", &["198.51.100.1, "]), "10.0.0.1");
    }

    #[test]
    fn ports_brackets_and_mapped_addresses_are_understood() {
        assert_eq!(find("10.0.0.1", &["198.51.100.1:4711"]), "198.51.100.1");
        assert_eq!(find("10.0.0.1", &["[2001:db8::7]:443"]), "2001:db8::7");
        assert_eq!(find("10.0.0.1", &["[2001:db8::7]"]), "2001:db8::7");
        assert_eq!(find("::ffff:10.0.0.1", &["::ffff:198.51.100.1"]), "198.51.100.1");
    }

    #[test]
    fn the_walk_is_bounded() {
        let long = "10.0.0.2,".repeat(10_000) + "10.0.0.3";
        assert_eq!(find("10.0.0.1", &[&long]), "10.0.0.2");
    }

    proptest! {
        #[test]
        fn no_header_makes_an_untrusted_peer_anyone_else(headers in prop::collection::vec(".{0,80}", 0..4), last in any::<u8>()) {
            let peer = format!("203.0.113.{last}");
            let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
            prop_assert_eq!(find(&peer, &headers), peer);
        }

        #[test]
        fn what_a_client_writes_left_of_a_proxys_entry_changes_nothing(forged in ".{0,200}", client in any::<u32>()) {
            let client = std::net::Ipv4Addr::from(client);
            prop_assume!(client.octets()[0] != 10);
            let header = format!("{forged}, {client}, 10.1.1.1");
            prop_assert_eq!(find("10.0.0.1", &[&header]), client.to_string());
        }
    }
}
